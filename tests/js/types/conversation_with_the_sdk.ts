// The conversation layer over the official SDK's own classes, with a schema of Zod.

import OpenAI from 'openai';
import { OpenAIRealtimeWebSocket as OfficialClass } from 'openai/realtime/websocket';
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

export function over(): Conversation {
  const rt = new OfficialClass({ model: 'gpt-realtime-2.1' }, new OpenAI({ apiKey: 'ek_1' }));
  return new Conversation(rt, { tools: [weather] });
}
