// The official SDK's REST calls, and the sockets that come of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { OpenAIRealtimeTranslationWS } from 'openai/realtime/translations/ws';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { emulatorClient } from './emulator.mjs';

/** An offer as a browser makes it, down to what the answer has to mirror. */
const OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  '',
].join('\r\n');

const client = emulatorClient();

test('a client secret begins the session that it was made for', async () => {
  const before = Date.now() / 1000;
  const secret = await client.realtime.clientSecrets.create({
    expires_after: { anchor: 'created_at', seconds: 60 },
    session: { type: 'realtime', model: 'gpt-realtime-mini', instructions: 'Speak Latin.' },
  });
  assert.match(secret.value, /^ek_/);
  assert.ok(secret.expires_at >= Math.floor(before) + 60 && secret.expires_at <= before + 70);
  assert.equal(secret.session.instructions, 'Speak Latin.');

  const realtime = new OpenAIRealtimeWS(
    { model: 'gpt-realtime-mini' },
    emulatorClient(secret.value),
  );
  const { session } = await realtime.emitted('session.created');
  assert.equal(session.model, 'gpt-realtime-mini');
  assert.equal(session.instructions, 'Speak Latin.');
  await closed(realtime, () => realtime.close());
});

test('a client secret without a word is one for ten minutes', async () => {
  const secret = await client.realtime.clientSecrets.create({});
  assert.ok(Math.abs(secret.expires_at - Date.now() / 1000 - 600) < 10);
  assert.equal(secret.session.type, 'realtime');
});

test('a translation secret begins a translation', async () => {
  const secret = await client.realtime.translations.clientSecrets.create({
    session: { model: 'gpt-realtime-translate', audio: { output: { language: 'es' } } },
  });
  assert.equal(secret.session.type, 'translation');
  assert.equal(secret.session.audio.output.language, 'es');

  const translation = await OpenAIRealtimeTranslationWS.create(emulatorClient(secret.value), {
    model: 'gpt-realtime-translate',
  });
  const audio = [];
  translation.on('session.output_audio.delta', (event) => audio.push(event.delta));
  const created = new Promise((resolve) => translation.on('session.created', resolve));
  const { session } = await created;
  assert.equal(session.audio.output.language, 'es');
  const speech = Buffer.from(
    Int16Array.from({ length: 12_000 }, (_, n) => 9_000 * Math.sin(n / 10)).buffer,
  );
  translation.send({ type: 'session.input_audio_buffer.append', audio: speech.toString('base64') });
  await translation.finish({ timeoutMs: 10_000 });
  assert.ok(Buffer.concat(audio.map((piece) => Buffer.from(piece, 'base64'))).equals(speech));
});

test('a call is created, steered over sockets, referred and hung up', async () => {
  const answer = await client.realtime.calls.create({
    sdp: OFFER,
    session: { type: 'realtime', model: 'gpt-realtime', instructions: 'Be brief.' },
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get('content-type'), 'application/sdp');
  assert.match(answer.headers.get('x-request-id'), /^req_/);
  const media = (await answer.text()).split('\r\n').filter((line) => line.startsWith('m='));
  assert.deepEqual(media, [
    'm=audio 0 UDP/TLS/RTP/SAVPF 111',
    'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
  ]);
  const callID = answer.headers.get('location').split('/').at(-1);
  assert.match(callID, /^rtc_/);

  const sockets = [sideband(callID), sideband(callID)];
  const [one, two] = await Promise.all(sockets.map((socket) => socket.emitted('session.created')));
  assert.equal(one.session.id, two.session.id);
  assert.equal(one.session.instructions, 'Be brief.');
  const updated = sockets[1].emitted('session.updated');
  sockets[0].send({
    type: 'session.update',
    session: { type: 'realtime', instructions: 'Be long.' },
  });
  assert.equal((await updated).session.instructions, 'Be long.');

  await client.realtime.calls.refer(callID, { target_uri: 'tel:+14155550123' });
  const ends = sockets.map((socket) => closed(socket, () => {}));
  await client.realtime.calls.hangup(callID);
  assert.deepEqual(
    (await Promise.all(ends)).map((end) => end.code),
    [1000, 1000],
  );
  await assert.rejects(client.realtime.calls.hangup(callID), OpenAI.NotFoundError);
});

test('calls that nobody made are not found', async () => {
  const { calls } = client.realtime;
  for (const call of [
    () => calls.accept('rtc_none', { type: 'realtime', model: 'gpt-realtime' }),
    () => calls.reject('rtc_none'),
    () => calls.reject('rtc_none', { status_code: 486 }),
    () => calls.refer('rtc_none', { target_uri: 'sip:agent@example.com' }),
    () => calls.hangup('rtc_none'),
  ]) {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof OpenAI.NotFoundError, String(error));
      assert.equal(error.code, 'call_not_found');
      assert.match(error.requestID, /^req_/);
      return true;
    });
  }
});

test('what the service would refuse is refused', async () => {
  const { clientSecrets } = client.realtime;
  for (const [body, param] of [
    [{ expires_after: { anchor: 'created_at', seconds: 9 } }, 'expires_after.seconds'],
    [{ expires_after: { anchor: 'created_at', seconds: 7201 } }, 'expires_after.seconds'],
    [{ session: { type: 'realtime', modalities: ['text'] } }, 'session.modalities'],
    [{ session: { type: 'dictation' } }, 'session.type'],
  ]) {
    await assert.rejects(clientSecrets.create(body), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError, String(error));
      assert.equal(error.param, param);
      return true;
    });
  }
});

/** A socket on the session of a call. */
function sideband(callID) {
  return new OpenAIRealtimeWS({ callID }, client);
}

/** The close event that comes of something. */
async function closed(realtime, act) {
  const end = new Promise((resolve) => {
    realtime.socket.addEventListener('close', resolve);
  });
  act();
  return end;
}
