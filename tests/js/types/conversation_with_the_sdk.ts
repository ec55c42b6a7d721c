// The conversation layer over the official SDK's own classes, with a schema of Zod.

import OpenAI from 'openai';
import { OpenAIRealtimeWebSocket as OfficialClass } from 'openai/realtime/websocket';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { Conversation, tool } from 'openai-realtime-ws/conversation';
import { z } from 'zod';

const weather = tool({
  name: 'weather',
  parameters: z.object({ city: z.string(), days: z.number().default(1) }),
  execute: ({ city, days }) => {
    const text: string = city;
    const number: number = days;
    return { text, number };
  },
});

export function over(): Conversation[] {
  const client = new OpenAI({ apiKey: 'ek_1' });
  const sessions = [
    new OfficialClass({ model: 'gpt-realtime-2.1' }, client),
    new OpenAIRealtimeWS({ model: 'gpt-realtime-2.1' }, client),
  ];
  return sessions.map((rt) => new Conversation(rt, { tools: [weather] }));
}
