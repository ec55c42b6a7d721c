// A relay on Deno:  OPENAI_API_KEY=sk-… ORIGINS=https://example.com deno run --allow-env
// --allow-net relay.js

import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';
import { isAllowed, relay } from '../relay.js';

const port = Number(Deno.env.get('PORT') ?? 8080);
const onListen = (address) => console.log(`relay at ws://127.0.0.1:${address.port}`);

Deno.serve({ hostname: '127.0.0.1', port, onListen }, (request) => {
  if (!isAllowed(request.headers.get('origin'), Deno.env.get('ORIGINS'))) {
    return new Response('This page may not connect.', { status: 403 });
  }
  if (request.headers.get('upgrade') !== 'websocket') {
    return new Response('This is a WebSocket.', { status: 426 });
  }
  const { socket, response } = Deno.upgradeWebSocket(request);
  // A malformed frame is an error of this socket alone.
  socket.addEventListener('error', ({ message }) => console.error(message));
  const page = relay(new OpenAIRealtimeWebSocket({ model: 'gpt-realtime-2.1' }), {
    send: (text) => socket.readyState === WebSocket.OPEN && socket.send(text),
    close: (code, reason) => socket.close(code, reason),
  });
  socket.addEventListener('message', ({ data }) => page.message(data));
  socket.addEventListener('close', () => page.close());
  return response;
});
