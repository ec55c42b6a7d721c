// Conversations with the emulator, and what listeners hear of them.

import { assert, equal } from './harness.mjs';

/** Samples in a second of the protocol's default audio format. */
const RATE = 24_000;

export const session = {
  /** The class works right after `import`, and opens its socket at once. */
  async it_connects_in_the_constructor({ open }) {
    const rt = open();
    equal(rt.socket.readyState, 0, 'the state');
    assert(rt.url instanceof URL && rt.url.protocol === 'wss:', `${rt.url}`);
    equal([...rt.url.searchParams], [['model', 'gpt-realtime']]);
    const { session } = await rt.emitted('session.created');
    equal(session.type, 'realtime');
    equal(rt.socket.readyState, 1, 'the state');
  },

  async a_text_turn({ open }) {
    const rt = await configured(open(), { output_modalities: ['text'] });
    let text = '';
    rt.on('response.output_text.delta', (event) => (text += event.delta));
    const done = rt.emitted('response.done');
    say(rt, 'Schöne Grüße, 世界 👋');
    const { response } = await done;
    equal(response.status, 'completed');
    equal(text, 'You said: Schöne Grüße, 世界 👋');
  },

  async an_audio_turn({ open }) {
    const rt = await configured(open(), {
      output_modalities: ['audio'],
      audio: { input: { turn_detection: null } },
    });
    const heard = [];
    rt.on('response.output_audio.delta', (event) => heard.push(...samples(event.delta)));
    let transcript = '';
    rt.on('response.output_audio_transcript.delta', (event) => (transcript += event.delta));
    // Every value differs from its neighbours.
    const spoken = Int16Array.from({ length: RATE / 2 }, (_, index) => (index * 7919) % 32_749);
    for (let start = 0; start < spoken.length; start += 1700) {
      rt.send({
        type: 'input_audio_buffer.append',
        audio: base64(spoken.slice(start, start + 1700)),
      });
    }
    rt.send({ type: 'input_audio_buffer.commit' });
    rt.send({ type: 'response.create' });
    await rt.emitted('response.done');
    equal(transcript, 'You spoke for 0.5 seconds.');
    equal(heard, [...spoken], 'the reply');
  },

  /** Contracts 41, 58 and 60. */
  async listeners_hear_in_order({ open }) {
    const rt = open();
    const heard = [];
    const note = (what) => () => heard.push(what);
    const gone = note('never');
    rt.on('session.created', note('first'))
      .on('session.created', gone)
      .once('session.created', note('once'));
    rt.off('session.created', gone).on('event', (event) => heard.push(event.type));
    await rt.emitted('session.created');
    equal(heard, ['session.created', 'first', 'once']);
  },

  /** Contracts 50 and 57: with the server's own words, and the connection goes on. */
  async an_error_of_the_server({ open, OpenAIRealtimeError }) {
    const rt = open();
    await rt.emitted('session.created');
    const first = rt.emitted('error');
    rt.send({ type: 'conversation.item.delete', item_id: 'item_unknown', event_id: 'evt_mine' });
    const error = await first;
    assert(error instanceof OpenAIRealtimeError && error instanceof Error, `${error}`);
    equal(error.name, 'OpenAIRealtimeError');
    equal([error.error.type, error.error.event_id], ['invalid_request_error', 'evt_mine']);
    const { message, code, param, type, event_id } = error.error;
    equal(
      error.message,
      `${message} code=${code} param=${param} type=${type} event_id=${event_id}`,
    );
    const updated = rt.emitted('session.updated');
    rt.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Go on.' } });
    equal((await updated).session.instructions, 'Go on.');
  },

  /** Contracts 43 and 46. */
  async a_bad_frame_ends_nothing({ open }) {
    const rt = open('bad@1');
    const failed = rt.emitted('error');
    await rt.emitted('session.created');
    const error = await failed;
    equal(error.message, 'could not parse websocket event');
    equal(error.cause.message, 'Could not parse Realtime WebSocket event data as JSON.');
    assert(
      error.cause instanceof SyntaxError &&
        !`${error.stack}${error.cause.stack}`.includes('no event'),
      error.stack,
    );
    const updated = rt.emitted('session.updated');
    rt.send({ type: 'session.update', session: { type: 'realtime' } });
    await updated;
  },

  /** Contract 41: whatever a runtime's `binaryType` is by itself. */
  async a_binary_frame_is_text_too({ open }) {
    const text = '{"type":"binary.news","n":7}';
    const frame = [0x82, text.length, ...new TextEncoder().encode(text)];
    const rt = open(`bytes=${frame.map((byte) => byte.toString(16).padStart(2, '0')).join('')}@1`);
    equal(await rt.emitted('binary.news'), { type: 'binary.news', n: 7 });
  },

  /** Contract 83. */
  async a_session_is_a_stream({ open }) {
    const rt = open('close=4001@1');
    const records = [];
    for await (const record of rt.stream()) {
      records.push(record.type === 'message' ? record.message.type : record);
    }
    equal(records, [
      { type: 'connecting' },
      { type: 'open' },
      'session.created',
      { type: 'close', code: 4001, reason: 'as requested', unsent: [] },
    ]);
  },
};

async function configured(rt, session) {
  await rt.emitted('session.created');
  const updated = rt.emitted('session.updated');
  rt.send({ type: 'session.update', session: { type: 'realtime', ...session } });
  await updated;
  return rt;
}

/** Says something, and asks for a reply. */
export function say(rt, text) {
  rt.send({
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
  });
  rt.send({ type: 'response.create' });
}

function base64(samples) {
  return btoa(String.fromCharCode(...new Uint8Array(samples.buffer)));
}

function samples(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Int16Array(bytes.buffer);
}
