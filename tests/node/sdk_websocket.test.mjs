// `OpenAIRealtimeWebSocket` of the official SDK, over Node's own global `WebSocket`.

import { once } from 'node:events';
import { test } from 'node:test';
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import { audioTurn, close, emulatorClient, textTurn } from './conversation.mjs';

async function connect() {
  const realtime = new OpenAIRealtimeWebSocket({ model: 'gpt-realtime' }, emulatorClient());
  const created = realtime.emitted('session.created');
  await once(realtime.socket, 'open');
  await created;
  return realtime;
}

test('OpenAIRealtimeWebSocket holds a text turn', async () => {
  const realtime = await connect();
  await textTurn(realtime);
  await close(realtime);
});

test('OpenAIRealtimeWebSocket holds an audio turn', async () => {
  const realtime = await connect();
  await audioTurn(realtime);
  await close(realtime);
});
