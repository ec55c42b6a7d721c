// A relay on Node, with the sockets of the package `ws`:  OPENAI_API_KEY=sk-… node relay.js

import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';
import { WebSocketServer } from 'ws';
import { relay } from '../relay.js';

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.env.PORT ?? 8080) });

server.on('listening', () => console.log(`relay at ws://127.0.0.1:${server.address().port}`));

server.on('connection', (socket) => {
  const person = relay(new OpenAIRealtimeWebSocket({ model: 'gpt-realtime-2.1' }), socket);
  socket.on('message', (data) => person.message(data.toString()));
  socket.on('close', () => person.close());
});
