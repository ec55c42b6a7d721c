// The AI SDK's realtime session and its OpenAI provider, unchanged, on an emulator that speaks at
// the pace of speech.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { Experimental_AbstractRealtimeSession as AbstractRealtimeSession } from 'ai';
import { base64, LONG, silence, tone } from './audio.mjs';

const openai = createOpenAI({
  apiKey: 'sk-test',
  baseURL: process.env.EMULATOR_WS_URL.replace('ws:', 'http:'),
});

/** The session as an application without a framework has it: its state is in plain members. */
class Session extends AbstractRealtimeSession {
  setState(key, value) {
    this[key] = value;
  }
}

/** A browser's loudspeaker, on which sounds never end. */
globalThis.AudioContext = class {
  state = 'running';
  get currentTime() {
    return performance.now() / 1000;
  }
  createBuffer(channels, length, rate) {
    return { duration: length / rate, getChannelData: () => new Float32Array(length) };
  }
  createBufferSource() {
    return { connect() {}, disconnect() {}, start() {}, stop() {} };
  }
  async close() {}
};

/** An application's own endpoint, which gives its pages a client secret. */
async function tokens(context) {
  const server = createServer(async (request, response) => {
    const { sessionConfig } = JSON.parse((await request.toArray()).join(''));
    const token = await openai.experimental_realtime.getToken({
      model: 'gpt-realtime',
      sessionConfig,
    });
    response.end(JSON.stringify(token));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** Connects a session, and gathers its events and errors. */
async function connected(context, sessionConfig, options = {}) {
  const session = new Session({
    model: openai.experimental_realtime('gpt-realtime'),
    api: { token: await tokens(context) },
    sessionConfig,
    ...options,
  });
  const listeners = new Set();
  const [events, errors] = [[], []];
  session.onError = (error) => errors.push(error.message);
  session.onEvent = (event) => {
    events.push(event);
    listeners.forEach((listener) => listener(event));
  };
  const next = (fits) =>
    new Promise((resolve) => {
      const listener = (event) => {
        if (fits(event)) {
          listeners.delete(listener);
          resolve(event);
        }
      };
      listeners.add(listener);
    });
  const ready = next(({ type }) => type === 'session-updated');
  await session.connect();
  await ready;
  assert.equal(session.status, 'connected');
  return { session, errors, next };
}

const isDone = (event) => event.type === 'response-done' && event.status === 'completed';

test('a session answers a text', async (context) => {
  const { session, errors, next } = await connected(context, { outputModalities: ['text'] });
  const done = next(isDone);
  session.sendTextMessage('Hi there');
  assert.ok((await done).usage.outputTextTokens > 0);
  assert.deepEqual(
    session.messages.map(({ role, parts }) => [role, parts.map(({ text }) => text)]),
    [
      ['user', ['Hi there']],
      ['assistant', ['You said: Hi there']],
    ],
  );
  session.disconnect();
  assert.deepEqual(errors, []);
});

test('a session calls a tool, and tells its result', async (context) => {
  const parameters = { type: 'object', properties: { city: { type: 'string' } } };
  const asked = [];
  const { session, errors, next } = await connected(
    context,
    {
      outputModalities: ['text'],
      tools: [{ type: 'function', name: 'weather', description: 'Weather of a city', parameters }],
    },
    {
      onToolCall: ({ toolCall }) => {
        asked.push([toolCall.toolName, toolCall.args]);
        return { sky: 'blue' };
      },
    },
  );
  const told = next(({ type }) => type === 'text-done');
  session.sendTextMessage('How is the weather?');
  assert.equal((await told).text, 'The function answered: {"sky":"blue"}');
  assert.deepEqual(asked, [['weather', { city: 'city' }]]);
  session.disconnect();
  assert.deepEqual(errors, []);
});

test('a session is interrupted in the middle of a spoken reply, and goes on', async (context) => {
  const { session, errors, next } = await connected(context, {
    turnDetection: { type: 'server-vad' },
  });
  const heard = next(({ type }) => type === 'audio-delta');
  session.sendAudio(base64(tone(LONG)));
  session.sendAudio(base64(silence(1)));
  const { itemId } = await heard;
  assert.equal(session.isPlaying, true);

  const cancelled = next(({ type }) => type === 'response-done');
  const truncated = next(({ raw }) => raw?.type === 'conversation.item.truncated');
  session.sendAudio(base64(tone(1)));
  assert.equal((await cancelled).status, 'cancelled');
  assert.equal((await truncated).raw.item_id, itemId);
  assert.equal(session.isPlaying, false);

  const said = next(({ type }) => type === 'audio-transcript-done');
  session.sendAudio(base64(silence(1)));
  assert.match((await said).transcript, /^You spoke for 1\.\d seconds\.$/);
  session.disconnect();
  assert.deepEqual(errors, []);
});
