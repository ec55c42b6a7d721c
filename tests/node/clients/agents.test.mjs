// `@openai/agents-realtime` unchanged, on an emulator that speaks at the pace of speech.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebSocket } from '@openai/agents-realtime';
import { hostedMcpTool, tool } from '@openai/agents-core';
import { z } from 'zod';
import { LONG, silence, tone } from './audio.mjs';

/** Connects an agent, and gathers the events of its transport and the errors of its session. */
async function connected(agent, config = {}) {
  const url = `${process.env.EMULATOR_WS_URL}/realtime?model=gpt-realtime`;
  const transport = new OpenAIRealtimeWebSocket({ url });
  const session = new RealtimeSession(new RealtimeAgent(agent), {
    transport,
    model: 'gpt-realtime',
    config,
  });
  const [events, errors] = [[], []];
  session.on('transport_event', (event) => events.push(event));
  session.on('error', (error) => errors.push(error));
  await session.connect({ apiKey: 'sk-test' });
  return { session, events, errors };
}

/** Waits for the next event of the transport of this type that fits. */
function next(session, type, fits = () => true) {
  return new Promise((resolve) => {
    const look = (event) => {
      if (event.type === type && fits(event)) {
        session.off('transport_event', look);
        resolve(event);
      }
    };
    session.on('transport_event', look);
  });
}

const done = (session, status = 'completed') =>
  next(session, 'response.done', (event) => event.response.status === status);

/** Role and words of each message of the history. */
function said(session) {
  return session.history
    .filter((item) => item.type === 'message')
    .map(({ role, status, content }) => [role, status, content[0].text ?? content[0].transcript]);
}

test('an agent answers a text', async () => {
  const { session, errors } = await connected(
    { name: 'agent', instructions: 'Answer.' },
    { outputModalities: ['text'] },
  );
  const answered = done(session);
  session.sendMessage('Hi there');
  const { response } = await answered;
  assert.equal(response.output[0].content[0].text, 'You said: Hi there');
  assert.deepEqual(said(session), [
    ['user', 'completed', 'Hi there'],
    ['assistant', 'completed', 'You said: Hi there'],
  ]);
  assert.equal(session.usage.outputTokens, response.usage.output_tokens);
  session.close();
  assert.deepEqual(errors, []);
});

test('an agent calls its tool, and tells its result', async () => {
  const asked = [];
  const weather = tool({
    name: 'weather',
    description: 'Weather of a city',
    parameters: z.object({ city: z.string() }),
    execute: async ({ city }) => {
      asked.push(city);
      return 'sunny';
    },
  });
  const { session, errors } = await connected(
    { name: 'agent', tools: [weather] },
    { outputModalities: ['text'] },
  );
  const answered = next(session, 'response.output_text.done');
  const finished = done(session);
  session.sendMessage('How is the weather?');
  assert.equal((await answered).text, 'The function answered: sunny');
  await finished;
  assert.deepEqual(asked, ['city']);
  const call = session.history.find((item) => item.type === 'function_call');
  assert.deepEqual([call.name, call.status, call.output], ['weather', 'completed', 'sunny']);
  session.close();
  assert.deepEqual(errors, []);
});

test('an agent approves the call of an MCP tool, and tells its result', async () => {
  const docs = hostedMcpTool({
    serverLabel: 'docs',
    serverUrl: 'https://mcp.example.com',
    requireApproval: { always: { toolNames: ['search'] } },
  });
  const agent = { name: 'agent', tools: [docs] };
  const { session, errors } = await connected(agent, { outputModalities: ['text'] });
  if (session.availableMcpTools.length === 0) {
    await once(session, 'mcp_tools_changed');
  }
  assert.deepEqual(
    session.availableMcpTools.map(({ name }) => name),
    ['search'],
  );

  const asked = once(session, 'tool_approval_requested');
  const called = once(session, 'mcp_tool_call_completed');
  session.sendMessage('Please search.');
  const [, , request] = await asked;
  assert.equal(request.type, 'mcp_approval_request');
  const answered = next(session, 'response.output_text.done');
  await session.approve(request.approvalItem);
  const [, , { name, status, output }] = await called;
  assert.deepEqual([name, status, output], ['search', 'completed', '{"text":"text"}']);
  assert.equal((await answered).text, 'The tool answered: {"text":"text"}');
  session.close();
  assert.deepEqual(errors, []);
});

test('an agent is interrupted in the middle of a spoken reply, and goes on', async () => {
  const { session, events, errors } = await connected({ name: 'agent' });
  const heard = [];
  session.on('audio', (audio) => heard.push(audio.data.byteLength));
  const firstAudio = once(session, 'audio');
  session.sendAudio(tone(LONG));
  session.sendAudio(silence(1));
  await firstAudio;
  await next(session, 'response.output_audio.delta');

  const interrupted = once(session, 'audio_interrupted');
  const cancelled = done(session, 'cancelled');
  const truncated = next(session, 'conversation.item.truncated');
  const read = next(
    session,
    'conversation.item.retrieved',
    ({ item }) => item.role === 'assistant',
  );
  session.sendAudio(tone(1));
  await interrupted;
  const { response } = await cancelled;
  assert.deepEqual(
    [response.status_details.type, response.status_details.reason],
    ['cancelled', 'turn_detected'],
  );
  const { item_id, audio_end_ms } = await truncated;
  assert.equal(item_id, response.output[0].id);
  const sentMs = heard.reduce((sum, length) => sum + length, 0) / 48;
  assert.ok(audio_end_ms <= sentMs && sentMs < 1000 * LONG, `${audio_end_ms} of ${sentMs} ms`);
  assert.equal((await read).item.status, 'incomplete');

  const finished = done(session);
  session.sendAudio(silence(1));
  const after = (await finished).response.output[0];
  assert.match(after.content[0].transcript, /^You spoke for 1\.\d seconds\.$/);
  assert.deepEqual(
    session.history.map(({ role, status }) => [role, status]),
    [
      ['user', 'completed'],
      ['assistant', 'incomplete'],
      ['user', 'completed'],
      ['assistant', 'completed'],
    ],
  );
  assert.deepEqual(
    events.filter(({ type }) => type === 'error'),
    [],
  );
  session.close();
  assert.deepEqual(errors, []);
});

test('an application interrupts its agent, and changes the history', async () => {
  const { session, errors } = await connected(
    { name: 'agent' },
    { audio: { input: { turnDetection: null } } },
  );
  const heard = once(session, 'audio');
  session.sendAudio(tone(LONG), { commit: true });
  session.transport.requestResponse();
  await heard;
  const cancelled = done(session, 'cancelled');
  session.interrupt();
  assert.equal((await cancelled).response.status_details.reason, 'client_cancelled');

  const finished = done(session);
  session.sendMessage('And now?');
  assert.equal((await finished).response.output[0].content[0].transcript, 'You said: And now?');

  const removed = next(session, 'conversation.item.deleted');
  const [speech] = session.history;
  session.updateHistory((history) => history.filter(({ itemId }) => itemId !== speech.itemId));
  assert.equal((await removed).item_id, speech.itemId);
  assert.deepEqual(
    session.history.map(({ role }) => role),
    ['assistant', 'user', 'assistant'],
  );
  session.close();
  assert.deepEqual(errors, []);
});
