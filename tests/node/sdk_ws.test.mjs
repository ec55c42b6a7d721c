// `OpenAIRealtimeWS` of the official SDK, over the npm package `ws`.

import { once } from 'node:events';
import { test } from 'node:test';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { audioTurn, close, emulatorClient, textTurn } from './conversation.mjs';

async function connect() {
  const realtime = new OpenAIRealtimeWS({ model: 'gpt-realtime' }, emulatorClient());
  const created = realtime.emitted('session.created');
  await once(realtime.socket, 'open');
  await created;
  return realtime;
}

test('OpenAIRealtimeWS holds a text turn', async () => {
  const realtime = await connect();
  await textTurn(realtime);
  await close(realtime);
});

test('OpenAIRealtimeWS holds an audio turn', async () => {
  const realtime = await connect();
  await audioTurn(realtime);
  await close(realtime);
});
