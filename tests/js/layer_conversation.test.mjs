// `Conversation` of the entry `openai-realtime-ws/conversation`, over a session that the test
// moves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unhandled } from './both.mjs';
import { layer } from './classes.mjs';
import {
  added,
  audio,
  called,
  created,
  done,
  FakeSession,
  speech,
  staged,
  until,
} from './layer_stage.mjs';

const { RequestError } = layer;

test('events wait until the socket is open, and the configuration goes first', () => {
  const { rt, conversation } = staged({ session: { instructions: 'Be brief.' } }, 0);
  conversation.say('Hello.');
  assert.deepEqual(rt.took(), []);
  rt.socket.opens();
  const [{ event_id, ...update }, item, create] = rt.sent.splice(0);
  assert.deepEqual(update, {
    type: 'session.update',
    session: { type: 'realtime', instructions: 'Be brief.' },
  });
  const content = [{ type: 'input_text', text: 'Hello.' }];
  assert.deepEqual(item, {
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content },
  });
  assert.equal(create.type, 'response.create');
});

test('a session without a socket is open, and one that speaks is, too', () => {
  const sent = [];
  const listeners = {};
  const rt = {
    send: (event) => sent.push(event.type),
    on: (name, listener) => (listeners[name] = listener),
  };
  new layer.Conversation(rt).say('Hello.');
  assert.deepEqual(sent, ['conversation.item.create', 'response.create']);
  const { rt: slow, conversation } = staged({}, 0);
  conversation.cancel();
  conversation.say('Hello.');
  slow.receives({ type: 'session.created', session: { type: 'realtime' } });
  assert.deepEqual(slow.took(), ['conversation.item.create', 'response.create']);
});

test('say resolves to the reply, and requests are answered in order', async () => {
  const { rt, conversation } = staged();
  const [one, two] = [conversation.say('One?'), conversation.respond({ instructions: 'Two.' })];
  const [, first] = rt.sent.splice(0);
  rt.receives(created('resp_1', first), done('resp_1', 'One!'));
  const [second] = rt.sent.splice(0);
  assert.equal(second.response.instructions, 'Two.');
  rt.receives(created('resp_2', second), done('resp_2', 'Two!'));
  const answers = await Promise.all([one, two]);
  assert.deepEqual(
    answers.map(({ text, response_id }) => [text, response_id]),
    [
      ['One!', 'resp_1'],
      ['Two!', 'resp_2'],
    ],
  );
  assert.deepEqual(answers[0].outcome, { status: 'completed' });
});

test('a request is refused, cancelled, or ends with the session', async () => {
  const { rt, conversation, of } = staged();
  const refused = conversation.respond();
  const [{ event_id }] = rt.sent.splice(0);
  const error = {
    type: 'invalid_request_error',
    code: 'invalid_value',
    message: 'No such voice.',
    event_id,
  };
  rt.receives({ type: 'error', error });
  rt.emit('error', Object.assign(new Error('No such voice.'), { error }));
  await assert.rejects(
    refused,
    (reason) =>
      reason instanceof RequestError && reason.reason === 'refused' && reason.error === error,
  );
  assert.deepEqual(
    of('error').map(({ message }) => message),
    ['No such voice.'],
  );
  const [asked, waiting] = [conversation.respond(), conversation.respond()];
  assert.equal(waiting.cancel(), true);
  await assert.rejects(waiting, { reason: 'withdrawn' });
  assert.equal(waiting.cancel(), false);
  conversation.close();
  assert.equal(rt.closes, 1);
  await assert.rejects(asked, { reason: 'closed' });
  await assert.rejects(conversation.say('Too late.'), { reason: 'closed' });
  assert.deepEqual(of('close'), [1000]);
  assert.ok(conversation.isClosed);
});

test('a request that nobody awaits is no unhandled rejection, and an error that nobody hears is', async () => {
  const rejected = await unhandled(() => {
    const rt = new FakeSession();
    const conversation = new layer.Conversation(rt);
    conversation.say('Hello?');
    rt.emit('error', new Error('a fault'));
    conversation.close();
  });
  assert.deepEqual(
    rejected.map(({ message }) => message),
    ['a fault'],
  );
});

test('errors that the conversation deals with are not told', () => {
  const { rt, conversation, of } = staged();
  conversation.respond();
  rt.took();
  for (const code of ['conversation_already_has_active_response', 'response_cancel_not_active']) {
    const error = { type: 'invalid_request_error', code, message: 'No.', event_id: null };
    rt.receives({ type: 'error', error });
    rt.emit('error', Object.assign(new Error('No.'), { error }));
  }
  assert.deepEqual(of('error'), []);
  rt.receives(created('vad_1'), done('vad_1'));
  assert.deepEqual(rt.took(), ['response.create'], 'asked for again');
  conversation.close();
});

test('a collision with a response that is never seen is tried again in time', async () => {
  const { rt, conversation } = staged();
  conversation.respond();
  rt.took();
  rt.receives({
    type: 'error',
    error: { code: 'conversation_already_has_active_response', event_id: null },
  });
  await until(() => rt.sent.length > 0);
  assert.deepEqual(rt.took(), ['response.create']);
  conversation.close();
});

test('views get a new history for each change', () => {
  const { rt, conversation, told } = staged();
  const before = conversation.history;
  rt.receives(
    added(
      { type: 'message', id: 'u', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
      null,
    ),
  );
  rt.receives(
    added({ type: 'message', id: 'a', role: 'assistant', status: 'in_progress', content: [] }, 'u'),
  );
  const between = conversation.history;
  rt.receives({
    type: 'response.output_text.delta',
    response_id: 'r',
    item_id: 'a',
    content_index: 0,
    delta: 'Hello',
  });
  assert.deepEqual(
    [before, between, conversation.history].map(({ length }) => length),
    [0, 2, 2],
  );
  assert.deepEqual([between[1].text, conversation.history[1].text], ['', 'Hello']);
  assert.equal(between[0], conversation.history[0], 'an entry that did not change is the same');
  assert.deepEqual(
    told.map(([name, , change]) => [name, change]),
    [
      ['history_added', undefined],
      ['history_updated', { type: 'added', at: 0 }],
      ['history_added', undefined],
      ['history_updated', { type: 'added', at: 1 }],
      ['history_updated', { type: 'grew', at: 1 }],
      ['text', undefined],
    ],
  );
});

test('a listener that throws stops neither the others nor the conversation', async () => {
  const { rt, conversation, of } = staged();
  conversation.once('history_updated', () => {
    throw new Error('a fault of the application');
  });
  const rejected = await unhandled(() => {
    rt.receives(
      added({ type: 'message', id: 'a', role: 'assistant', status: 'in_progress', content: [] }),
    );
    rt.receives({
      type: 'response.output_text.delta',
      response_id: 'r',
      item_id: 'a',
      content_index: 0,
      delta: 'Hi',
    });
  });
  assert.deepEqual(
    rejected.map(({ message }) => message),
    ['a fault of the application'],
  );
  assert.deepEqual([of('history_updated').length, of('text').length], [2, 1]);
});

test('speech cuts what is queued, and late audio is not told', () => {
  const { rt, conversation, of } = staged({ playback: true });
  rt.receives(created('resp_1'), audio('resp_1', 'a', 300), audio('resp_1', 'b', 200));
  assert.deepEqual(
    of('audio').map(({ item_id, data, position }) => [item_id, data.byteLength, position]),
    [
      ['a', 14_400, 7200],
      ['b', 9600, 12_000],
    ],
  );
  conversation.playedMs('a', 0, 100);
  rt.receives(speech, audio('resp_1', 'b', 100));
  assert.equal(of('audio').length, 2);
  assert.deepEqual(
    rt.took(({ type, item_id, audio_end_ms }) => [type, item_id, audio_end_ms]),
    [
      ['conversation.item.truncate', 'a', 100],
      ['conversation.item.delete', 'b', undefined],
    ],
  );
  assert.deepEqual(
    of('interrupted')[0].heard.map(({ item_id, played_ms }) => [item_id, played_ms]),
    [
      ['a', 100],
      ['b', 0],
    ],
  );
});

test('a player that counts samples says the same', () => {
  const { rt, conversation } = staged({ playback: true });
  rt.receives(created('resp_1'), audio('resp_1', 'a', 300), audio('resp_1', 'b', 200));
  conversation.playedSamples((300 + 50) * 24);
  rt.receives(speech);
  assert.deepEqual(
    rt.took(({ item_id, audio_end_ms }) => [item_id, audio_end_ms]),
    [
      ['a', 300],
      ['b', 50],
    ],
  );
  // The samples that were cut count as passed.
  rt.receives(created('resp_2'), audio('resp_2', 'c', 200));
  conversation.playedSamples((500 + 80) * 24);
  rt.receives(speech);
  assert.deepEqual(
    rt.took(({ item_id, audio_end_ms }) => [item_id, audio_end_ms]),
    [['c', 80]],
  );
});

test('a button cancels the response, and its audio is not told, with a playback and without', () => {
  for (const playback of [true, false]) {
    const { rt, conversation, of } = staged({ playback });
    rt.receives(created('resp_1'), audio('resp_1', 'a', 300));
    conversation.playedMs('a', 0, 100);
    conversation.interrupt();
    rt.receives(audio('resp_1', 'a', 100));
    assert.equal(of('audio').length, 1);
    assert.equal(of('interrupted').length, 1);
    const truncate = playback ? ['conversation.item.truncate'] : [];
    assert.deepEqual(rt.took(), ['response.cancel', ...truncate]);
    conversation.close();
  }
});

test('without a playback, the interruption is told at the end of the response', () => {
  const { rt, of } = staged();
  rt.receives(
    created('resp_1'),
    speech,
    done('resp_1', undefined, 'cancelled', { reason: 'turn_detected' }),
  );
  assert.deepEqual(of('interrupted'), [{ events: [], heard: [] }]);
});

test('each event has its own acknowledgement, or its refusal', async () => {
  const { rt, conversation } = staged();
  const update = (instructions) => ({
    type: 'session.update',
    session: { type: 'realtime', instructions },
  });
  // Nobody waits for the first update, whose acknowledgement is not the second's.
  conversation.send(update('one'));
  const second = conversation.request(update('two'));
  const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] };
  const said = conversation.request({ type: 'conversation.item.create', item });
  const unknown = conversation.request({ type: 'conversation.item.retrieve', item_id: 'nobody' });
  const empty = conversation.request({ type: 'input_audio_buffer.commit' });
  const cut = conversation.request({
    type: 'conversation.item.truncate',
    item_id: 'a',
    content_index: 0,
    audio_end_ms: 900,
  });
  const [, , create, retrieve, , truncate] = rt.sent.splice(0);
  assert.ok(create.item.id.length > 0 && create.item.id.length <= 32, create.item.id);
  const refuse = (error) =>
    rt.receives({ type: 'error', error: { message: 'No.', event_id: null, ...error } });
  rt.receives({ type: 'session.updated', session: { instructions: 'one' } });
  rt.receives(added(create.item));
  refuse({ event_id: retrieve.event_id, code: 'item_not_found' });
  refuse({ code: 'input_audio_buffer_commit_empty' });
  refuse({
    event_id: truncate.event_id,
    message: 'Audio content of 800ms is already shorter than 900ms',
  });
  rt.receives({ type: 'session.updated', session: { instructions: 'two' } });
  rt.receives({
    type: 'conversation.item.truncated',
    item_id: 'a',
    content_index: 0,
    audio_end_ms: 800,
  });
  assert.equal((await second).session.instructions, 'two');
  assert.equal((await said).item.id, create.item.id);
  await assert.rejects(unknown, { reason: 'refused' });
  await assert.rejects(empty, { reason: 'refused' });
  assert.equal((await cut).audio_end_ms, 800);
  await assert.rejects(
    conversation.request({ type: 'input_audio_buffer.append', audio: '' }),
    TypeError,
  );
  const open = conversation.request(update('three'));
  conversation.close();
  await assert.rejects(open, { reason: 'closed' });
  await assert.rejects(conversation.request(update('four')), { reason: 'closed' });
});

test('requests that an outage found on the way are lost, and those of the outage are answered after it', async () => {
  const { rt, conversation } = staged({ session: { instructions: 'one' } });
  const update = { type: 'session.update', session: { type: 'realtime', instructions: 'two' } };
  const under = conversation.request(update);
  rt.took();
  rt.breaks();
  await assert.rejects(under, { reason: 'connection_lost' });
  const meanwhile = conversation.request({
    ...update,
    session: { type: 'realtime', instructions: 'three' },
  });
  rt.comesBack();
  assert.deepEqual(
    rt.took(({ session }) => session.instructions),
    ['three', 'three'],
  );
  // The first is the one that restores the session.
  rt.receives(
    { type: 'session.updated', event_id: 'a', session: {} },
    { type: 'session.updated', event_id: 'b', session: {} },
  );
  assert.equal((await meanwhile).event_id, 'b');
  conversation.close();
});

test('audio is sent while there is a connection that takes it', () => {
  const { rt, conversation } = staged({}, 0);
  assert.equal(
    conversation.sendAudio('AAAA', { longest: 500 }),
    false,
    'a microphone does not wait',
  );
  assert.equal(conversation.sendAudio('CCCC'), true, 'a recording does');
  assert.deepEqual(rt.took(), []);
  rt.socket.opens();
  assert.deepEqual(
    rt.took(({ audio: sent }) => sent),
    ['CCCC'],
  );
  assert.equal(conversation.sendAudio(Int16Array.of(1, -2)), true);
  assert.equal(conversation.sendAudio(Uint8Array.of(1, 2, 3).subarray(1), { commit: true }), true);
  rt.socket.bufferedAmount = 64 * 500 + 1;
  assert.equal(conversation.sendAudio('AAAA', { longest: 500 }), false, 'too much is waiting');
  assert.equal(conversation.sendAudio('BBBB'), true);
  assert.deepEqual(
    rt.took(({ type, audio: sent }) => [type, sent]),
    [
      ['input_audio_buffer.append', 'AQD+/w=='],
      ['input_audio_buffer.append', 'AgM='],
      ['input_audio_buffer.commit', undefined],
      ['input_audio_buffer.append', 'BBBB'],
    ],
  );
  rt.breaks();
  assert.equal(conversation.sendAudio('DDDD'), false, 'an outage');
  conversation.close();
});

test('a saved conversation goes on in a new session', () => {
  const { rt, conversation } = staged();
  rt.receives(
    added(
      { type: 'message', id: 'u', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
      null,
    ),
  );
  rt.receives({
    type: 'response.done',
    response: { id: 'r', usage: { input_tokens: 10, output_tokens: 5 } },
  });
  const saved = JSON.parse(JSON.stringify(conversation));
  const { rt: next, conversation: restored } = staged(saved);
  assert.deepEqual(
    restored.history.map(({ text }) => text),
    ['Hi'],
  );
  assert.equal(restored.usage.total.input.total, 10);
  assert.deepEqual(
    next.took(({ type, previous_item_id, item }) => [type, previous_item_id, item.id]),
    [['conversation.item.create', 'root', 'u']],
  );
});

test('after an outage, configuration, history and open calls are put back, and requests are sent again', async () => {
  const hang = layer.tool({
    name: 'hang',
    execute: (_, { signal }) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve('stopped'))),
  });
  let answer;
  const slow = layer.tool({
    name: 'slow',
    execute: () => new Promise((resolve) => (answer = resolve)),
  });
  const { rt, conversation, of } = staged({
    session: { instructions: 'Be brief.' },
    tools: [hang, slow],
  });
  rt.took();
  conversation.send({
    type: 'session.update',
    session: { type: 'realtime', audio: { output: { voice: 'marin' } } },
  });
  conversation.respond();
  const [, first] = rt.sent.splice(0);
  rt.receives(created('resp_1', first));
  rt.receives(
    added({ ...called('resp_1', 'call_1', 'slow').item, status: 'in_progress' }, null),
    called('resp_1', 'call_1', 'slow'),
  );
  rt.receives(done('resp_1'));
  await until(() => answer);
  // A response is under way, another request waits for it, and a call was made that the server
  // forgets.
  const [under, waiting] = [conversation.respond(), conversation.respond()];
  const [second] = rt.sent.splice(0);
  rt.receives(created('resp_2', second), called('resp_2', 'call_2', 'hang'));
  rt.breaks();
  await assert.rejects(under, { reason: 'connection_lost' });
  rt.pending = [
    { type: 'message', message: { type: 'response.create' } },
    { type: 'message', message: { type: 'input_audio_buffer.clear' } },
  ];
  conversation.say('Are you there?');
  assert.deepEqual(rt.took(), []);
  rt.comesBack();
  const sent = rt.sent.splice(0);
  assert.deepEqual(
    sent.map(({ type, item }) => item?.id ?? type),
    [
      'session.update',
      'item_call_1',
      'input_audio_buffer.clear',
      'conversation.item.create',
      'response.create',
    ],
  );
  const { instructions, audio: configured, tools } = sent[0].session;
  assert.deepEqual(
    [instructions, configured, tools.length],
    ['Be brief.', { output: { voice: 'marin' } }, 2],
  );
  assert.deepEqual(
    of('tool_lost').map(({ call_id }) => call_id),
    ['call_2'],
  );
  assert.deepEqual(
    [of('reconnecting').length, of('reconnected').length, of('close').length],
    [1, 1, 0],
  );
  answer('finally');
  await until(() => rt.sent.length > 0);
  assert.deepEqual(
    rt.took(({ item }) => [item.call_id, item.output]),
    [['call_1', 'finally']],
  );
  rt.receives(created('resp_3', sent.at(-1)), done('resp_3', 'Here I am.'));
  assert.equal((await waiting).text, 'Here I am.');
  conversation.close();
});
