// The conversation that each of the SDK's classes holds with the emulator.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatorClient } from './emulator.mjs';

/** Samples in a second of the protocol's default audio format. */
const RATE = 24_000;

/** Declares the tests of one class of the SDK: a text turn and an audio turn, in a session each. */
export function testConversations(RealtimeClass) {
  for (const [name, turn] of [
    ['a text turn', textTurn],
    ['an audio turn', audioTurn],
  ]) {
    test(`${RealtimeClass.name} holds ${name}`, async () => {
      const realtime = new RealtimeClass({ model: 'gpt-realtime' }, emulatorClient());
      await realtime.emitted('session.created');
      await turn(realtime);
      await close(realtime);
    });
  }
}

/** Asks in text, and checks the answer that streams back in text. */
async function textTurn(realtime) {
  await configure(realtime, { output_modalities: ['text'] });
  const deltas = gather(realtime, 'response.output_text.delta');
  const whole = realtime.emitted('response.output_text.done');
  const done = realtime.emitted('response.done');
  realtime.send({
    type: 'conversation.item.create',
    item: {
      type: 'message',
      role: 'user',
      content: [{ type: 'input_text', text: 'Say a few words.' }],
    },
  });
  realtime.send({ type: 'response.create' });

  const { response } = await done;
  assert.equal(response.status, 'completed');
  assert.ok(deltas.length > 1, 'the text comes in pieces');
  const text = deltas.map((event) => event.delta).join('');
  assert.notEqual(text.trim(), '');
  assert.equal((await whole).text, text);
  assert.deepEqual(parts(response), [{ type: 'output_text', text }]);
}

/**
 * Speaks, and checks that the answer is the same speech and a transcript that says how long it was.
 */
async function audioTurn(realtime) {
  const speech = sweep(1.5);
  await configure(realtime, {
    output_modalities: ['audio'],
    audio: { input: { format: { type: 'audio/pcm', rate: RATE }, turn_detection: null } },
  });
  const audio = gather(realtime, 'response.output_audio.delta');
  const words = gather(realtime, 'response.output_audio_transcript.delta');
  const committed = realtime.emitted('input_audio_buffer.committed');
  const done = realtime.emitted('response.done');
  const tenthOfSecond = RATE / 10;
  for (let start = 0; start < speech.length; start += tenthOfSecond) {
    const chunk = Buffer.from(speech.slice(start, start + tenthOfSecond).buffer);
    realtime.send({ type: 'input_audio_buffer.append', audio: chunk.toString('base64') });
  }
  realtime.send({ type: 'input_audio_buffer.commit' });
  realtime.send({ type: 'response.create' });

  assert.match((await committed).item_id, /./);
  const { response } = await done;
  assert.equal(response.status, 'completed');
  assert.ok(audio.length > 1, 'the audio comes in pieces');
  const reply = samples(Buffer.concat(audio.map((event) => Buffer.from(event.delta, 'base64'))));
  assert.equal(reply.length, speech.length);
  assert.ok(correlation(reply, speech) > 0.99, 'the reply is what was said');
  const transcript = words.map((event) => event.delta).join('');
  assert.match(transcript, /\b1\.5/);
  assert.deepEqual(parts(response), [{ type: 'output_audio', transcript }]);
}

/** Closes the session and waits for the emulator's answer to it. */
async function close(realtime) {
  const closed = new Promise((resolve) => {
    realtime.socket.addEventListener('close', resolve);
  });
  realtime.close();
  assert.equal((await closed).code, 1000);
}

async function configure(realtime, session) {
  const updated = realtime.emitted('session.updated');
  realtime.send({ type: 'session.update', session: { type: 'realtime', ...session } });
  assert.deepEqual((await updated).session.output_modalities, session.output_modalities);
}

/** The events of one type from now on, in a list that grows. */
function gather(realtime, type) {
  const events = [];
  realtime.on(type, (event) => events.push(event));
  return events;
}

/** Returns the parts of the response, each with its type and its text only. */
function parts(response) {
  return response.output
    .flatMap((item) => item.content)
    .map(({ type, text, transcript }) =>
      type === 'output_text' ? { type, text } : { type, transcript },
    );
}

/** A tone that glides upwards, so that no part of it resembles another. */
function sweep(seconds) {
  return Int16Array.from({ length: seconds * RATE }, (_, index) => {
    const time = index / RATE;
    return 12_000 * Math.sin(2 * Math.PI * (200 + 300 * time) * time);
  });
}

function samples(bytes) {
  return Int16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(2 * index));
}

/** 1 for the same shape at any loudness, near 0 for unrelated ones. */
function correlation(one, other) {
  const product = (left, right) =>
    left.reduce((sum, value, index) => sum + value * right[index], 0);
  const [a, b] = [Float64Array.from(one), Float64Array.from(other)];
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}
