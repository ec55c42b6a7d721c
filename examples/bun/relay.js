// A relay on Bun:  OPENAI_API_KEY=sk-… ORIGINS=https://example.com bun relay.js

import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';
import { isAllowed, relay } from '../relay.js';

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env.PORT ?? 8080),
  fetch(request, server) {
    if (!isAllowed(request.headers.get('origin'), process.env.ORIGINS)) {
      return new Response('This page may not connect.', { status: 403 });
    }
    if (!server.upgrade(request, { data: {} })) {
      return new Response('This is a WebSocket.', { status: 426 });
    }
  },
  websocket: {
    open(socket) {
      socket.data.page = relay(new OpenAIRealtimeWebSocket({ model: 'gpt-realtime-2.1' }), socket);
    },
    message: (socket, data) => socket.data.page.message(String(data)),
    close: (socket) => socket.data.page.close(),
  },
});

console.log(`relay at ws://127.0.0.1:${server.port}`);
