// A question and its answer, in text. With the official SDK only the import differs: it would be
// from 'openai/realtime/websocket'.  OPENAI_API_KEY=sk-… node conversation.js

import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';

const rt = new OpenAIRealtimeWebSocket({ model: 'gpt-realtime-2.1' });

rt.socket.addEventListener('open', () => {
  console.log('connected');
  rt.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
  rt.send({
    type: 'conversation.item.create',
    item: {
      type: 'message',
      role: 'user',
      content: [{ type: 'input_text', text: 'Tell me of the sea.' }],
    },
  });
  rt.send({ type: 'response.create' });
});

rt.on('error', (error) => {
  // Nothing here should go wrong: end with a stack trace.
  throw error;
});
rt.on('session.created', ({ session }) => console.log(`a session of type ${session.type}`));
rt.on('response.output_text.delta', ({ delta }) => console.log(`+ ${delta}`));
rt.on('response.output_text.done', ({ text }) => console.log(`= ${text}`));
rt.on('response.done', () => rt.close());
rt.socket.addEventListener('close', ({ code }) => console.log(`closed: ${code}`));
