// A relay on Cloudflare Workers:  wrangler secret put OPENAI_API_KEY && wrangler deploy

import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';
import { relay } from '../relay.js';

export default {
  fetch(request, { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL = 'https://api.openai.com/v1' }) {
    if (request.headers.get('upgrade') !== 'websocket') {
      return new Response('This is a WebSocket.', { status: 426 });
    }
    const { 0: page, 1: socket } = new WebSocketPair();
    socket.accept();
    const person = relay(new OpenAIRealtimeWebSocket({ model: 'gpt-realtime-2.1' }, { apiKey, baseURL }), {
      send: (text) => socket.readyState === WebSocket.OPEN && socket.send(text),
      close: (code, reason) => socket.readyState === WebSocket.OPEN && socket.close(code, reason),
    });
    socket.addEventListener('message', ({ data }) => person.message(data));
    socket.addEventListener('close', () => {
      socket.close();
      person.close();
    });
    return new Response(null, { status: 101, webSocket: page });
  },
};
