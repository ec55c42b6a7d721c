// A relay on Node, with the sockets of the package `ws`:
// OPENAI_API_KEY=sk-… ORIGINS=https://example.com node relay.js

import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';
import { WebSocketServer } from 'ws';
import { isAllowed, relay } from '../relay.js';

const { PORT = 8080, ORIGINS } = process.env;
const verifyClient = ({ origin }) => isAllowed(origin, ORIGINS);
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(PORT), verifyClient });

server.on('listening', () => console.log(`relay at ws://127.0.0.1:${server.address().port}`));

server.on('connection', (socket) => {
  // Without this listener, one malformed frame would end the process.
  socket.on('error', (error) => console.error(error.message));
  const page = relay(new OpenAIRealtimeWebSocket({ model: 'gpt-realtime-2.1' }), socket);
  socket.on('message', (data) => page.message(data.toString()));
  socket.on('close', () => page.close());
});
