// Code written for the official SDK, with our class in place of the SDK's: clients, events,
// listeners.

import OpenAI, { AzureOpenAI } from 'openai';
import type { OpenAIRealtimeWebSocket as OfficialClass } from 'openai/realtime/websocket';
import type {
  ConversationItem,
  RealtimeClientEvent,
  RealtimeFunctionTool,
  RealtimeResponse,
  RealtimeResponseUsage,
  RealtimeServerEvent,
  ResponseDoneEvent,
  ResponseTextDeltaEvent,
  SessionUpdateEvent,
} from 'openai/resources/realtime/realtime';
import { type ClientEvent, OpenAIRealtimeWebSocket, type ServerEvent } from 'openai-realtime-ws';

/** A turn in text, from the first event to the last. */
export async function turn(): Promise<void> {
  const rt = new OpenAIRealtimeWebSocket(
    { model: 'gpt-realtime-2.1' },
    new OpenAI({ apiKey: 'ek_1' }),
  );
  rt.socket.addEventListener('open', () => {
    rt.send({
      type: 'session.update',
      session: { type: 'realtime', model: 'gpt-realtime-2.1', output_modalities: ['text'] },
    });
    rt.send({
      type: 'conversation.item.create',
      item: {
        type: 'message',
        role: 'user',
        content: [{ type: 'input_text', text: 'Say a couple paragraphs!' }],
      },
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
  const azure = new AzureOpenAI({
    azureADTokenProvider: async () => 'token',
    apiVersion: '2025-08-28',
    endpoint: 'https://example.com',
  });
  await OpenAIRealtimeWebSocket.azure(azure, { deploymentName: 'gpt-realtime-2.1' });
  await OpenAIRealtimeWebSocket.create(new OpenAI({ apiKey: async () => 'ek_1' }), {
    model: 'gpt-realtime-2.1',
  });
}

/** Listeners with the SDK's own types. */
export function hears(rt: OpenAIRealtimeWebSocket): void {
  rt.on('response.output_text.delta', (event: ResponseTextDeltaEvent) => console.log(event.delta));
  rt.on('response.done', (event: ResponseDoneEvent) => console.log(event.response.status));
  rt.on('event', (event: RealtimeServerEvent) => {
    if (event.type === 'error') {
      console.log(event.error.code?.length, event.error.message);
    }
  });
  rt.on('response.done', ({ response }) => {
    const total: number | undefined = response.usage?.total_tokens;
    const usage: RealtimeResponseUsage | undefined = response.usage;
    const whole: RealtimeResponse = response;
    console.log(total, usage, whole);
  });
  rt.on('conversation.item.done', ({ item }) => {
    const theirs: ConversationItem = item;
    if (item.type === 'message' && item.role === 'assistant') {
      console.log(theirs, item.content[0]?.transcript?.length);
    }
  });
}

/** Events with the SDK's own types. */
export function sends(
  rt: OpenAIRealtimeWebSocket,
  event: RealtimeClientEvent,
  update: SessionUpdateEvent,
): void {
  const tools: RealtimeFunctionTool[] = [
    { type: 'function', name: 'weather', description: 'Weather', parameters: {} },
  ];
  const item: ConversationItem = {
    type: 'message',
    role: 'user',
    content: [{ type: 'input_text', text: 'Hi' }],
  };
  rt.send(event);
  rt.send(update);
  rt.send({ type: 'session.update', session: { type: 'realtime', tools } });
  rt.send({ type: 'conversation.item.create', item });
  for (const unsent of rt.takePending()) {
    const message: RealtimeClientEvent | undefined =
      unsent.type === 'message' ? unsent.message : undefined;
    console.log(message);
  }
}

/** A class of the caller's own, with a method of the SDK's type. */
export class Logged extends OpenAIRealtimeWebSocket {
  override send(event: RealtimeClientEvent): void {
    console.log(event.type);
    super.send(event);
  }
}

/** A stream, into variables of the SDK's types. */
export async function reads(rt: OpenAIRealtimeWebSocket): Promise<void> {
  for await (const record of rt.stream()) {
    if (record.type === 'message') {
      const event: RealtimeServerEvent = record.message;
      console.log(event.type);
    }
  }
}

/** Each event that the SDK has. */
export const heard: Exclude<RealtimeServerEvent['type'], ServerEvent['type']> extends never
  ? true
  : false = true;
export const sent: Exclude<RealtimeClientEvent['type'], ClientEvent['type']> extends never
  ? true
  : false = true;

/** Each method that the SDK's class has. */
export const methods: Exclude<keyof OfficialClass, keyof OpenAIRealtimeWebSocket> extends never
  ? true
  : false = true;
export const factories: Exclude<
  keyof typeof OfficialClass,
  keyof typeof OpenAIRealtimeWebSocket
> extends never
  ? true
  : false = true;
