// A relay on Deno:  OPENAI_API_KEY=sk-… deno run --allow-env --allow-net relay.js

import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';
import { relay } from '../relay.js';

const port = Number(Deno.env.get('PORT') ?? 8080);
const onListen = (address) => console.log(`relay at ws://127.0.0.1:${address.port}`);

Deno.serve({ hostname: '127.0.0.1', port, onListen }, (request) => {
  if (request.headers.get('upgrade') !== 'websocket') {
    return new Response('This is a WebSocket.', { status: 426 });
  }
  const { socket, response } = Deno.upgradeWebSocket(request);
  const person = relay(new OpenAIRealtimeWebSocket({ model: 'gpt-realtime-2.1' }), {
    send: (text) => socket.readyState === WebSocket.OPEN && socket.send(text),
    close: (code, reason) => socket.close(code, reason),
  });
  socket.addEventListener('message', ({ data }) => person.message(data));
  socket.addEventListener('close', () => person.close());
  return response;
});
