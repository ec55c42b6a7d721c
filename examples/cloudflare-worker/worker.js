// A relay on Cloudflare Workers:  wrangler secret put OPENAI_API_KEY && wrangler deploy --var
// ORIGINS:https://example.com

import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';
import { isAllowed, relay } from '../relay.js';

export default {
  fetch(
    request,
    { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL = 'https://api.openai.com/v1', ORIGINS },
  ) {
    if (!isAllowed(request.headers.get('origin'), ORIGINS)) {
      return new Response('This page may not connect.', { status: 403 });
    }
    if (request.headers.get('upgrade') !== 'websocket') {
      return new Response('This is a WebSocket.', { status: 426 });
    }
    const { 0: client, 1: socket } = new WebSocketPair();
    socket.accept();
    const page = relay(
      new OpenAIRealtimeWebSocket({ model: 'gpt-realtime-2.1' }, { apiKey, baseURL }),
      {
        send: (text) => socket.readyState === WebSocket.OPEN && socket.send(text),
        close: (code, reason) => socket.readyState === WebSocket.OPEN && socket.close(code, reason),
      },
    );
    socket.addEventListener('message', ({ data }) => page.message(data));
    socket.addEventListener('error', ({ message }) => console.error(message));
    socket.addEventListener('close', () => {
      socket.close();
      page.close();
    });
    return new Response(null, { status: 101, webSocket: client });
  },
};
