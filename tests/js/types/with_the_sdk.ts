// Code as it is written with the official SDK, whose class is replaced by ours: its clients, its events, its listeners.

import OpenAI, { AzureOpenAI } from 'openai';
import type { OpenAIRealtimeWebSocket as OfficialClass } from 'openai/realtime/websocket';
import type {
  RealtimeClientEvent,
  RealtimeServerEvent,
  ResponseTextDeltaEvent,
} from 'openai/resources/realtime/realtime';
import { type ClientEvent, OpenAIRealtimeWebSocket, type ServerEvent } from 'openai-realtime-ws';

/** A turn in text, from the first event to the last. */
export async function turn(): Promise<void> {
  const rt = new OpenAIRealtimeWebSocket({ model: 'gpt-realtime-2.1' }, new OpenAI({ apiKey: 'ek_1' }));
  rt.socket.addEventListener('open', () => {
    rt.send({
      type: 'session.update',
      session: { type: 'realtime', model: 'gpt-realtime-2.1', output_modalities: ['text'] },
    });
    rt.send({
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Say a couple paragraphs!' }] },
    });
    rt.send({ type: 'response.create' });
  });
  rt.on('error', (err) => {
    throw err;
  });
  rt.on('session.created', (event) => console.log('session created!', event.session));
  rt.on('response.output_text.delta', (event) => console.log(event.delta));
  rt.on('response.output_text.done', () => console.log());
  rt.on('response.done', () => rt.close());
  rt.socket.addEventListener('close', () => console.log('\nConnection closed!'));
}

/** Azure, and keys that are functions. */
export async function clients(): Promise<void> {
  const azure = new AzureOpenAI({ azureADTokenProvider: async () => 'token', apiVersion: '2025-08-28', endpoint: 'https://example.com' });
  await OpenAIRealtimeWebSocket.azure(azure, { deploymentName: 'gpt-realtime-2.1' });
  await OpenAIRealtimeWebSocket.create(new OpenAI({ apiKey: async () => 'ek_1' }), { model: 'gpt-realtime-2.1' });
}

/** Listeners that were typed with the SDK's own types listen. */
export function hears(rt: OpenAIRealtimeWebSocket): void {
  rt.on('response.output_text.delta', (event: ResponseTextDeltaEvent) => console.log(event.delta));
}

/** Each event that the SDK has. */
export const heard: Exclude<RealtimeServerEvent['type'], ServerEvent['type']> extends never ? true : false = true;
export const sent: Exclude<RealtimeClientEvent['type'], ClientEvent['type']> extends never ? true : false = true;

/** Each method that the SDK's class has. */
export const methods: Exclude<keyof OfficialClass, keyof OpenAIRealtimeWebSocket> extends never ? true : false = true;
export const factories: Exclude<keyof typeof OfficialClass, keyof typeof OpenAIRealtimeWebSocket> extends never ? true : false = true;
