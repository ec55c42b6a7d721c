// An agent with two tools that the model calls at once, in text: one reply, to both outputs.
// OPENAI_API_KEY=sk-… node agent.js

import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';
import { Conversation, tool } from 'openai-realtime-ws/conversation';

const parameters = {
  type: 'object',
  properties: { city: { type: 'string', examples: ['Ulm'] } },
  required: ['city'],
};
const tools = [
  tool({
    name: 'weather',
    description: 'Current weather in a city',
    parameters,
    execute: async ({ city }) => ({ city, celsius: 21 }),
  }),
  tool({
    name: 'time',
    description: 'Local time in a city',
    parameters,
    execute: ({ city }) => `It is noon in ${city}.`,
  }),
];

const rt = new OpenAIRealtimeWebSocket({ model: 'gpt-realtime-2.1' });
const conversation = new Conversation(rt, { session: { output_modalities: ['text'] }, tools });
conversation.on('tool_end', (call, { output }) => console.log(`[${call.name}] ${output}`));
conversation.on('error', (error) => {
  // Nothing here should go wrong: end with a stack trace.
  throw error;
});
conversation.on('response', ({ text }) => {
  if (text) {
    console.log(text);
    console.log(`${conversation.usage.total.responses} responses`);
    conversation.close();
  }
});

conversation.say('How is the weather in Ulm, and what is the time there?');
