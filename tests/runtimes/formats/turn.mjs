// A turn in text with the emulator, as an ES module. With an argument: over the class of the
// package `ws`.

import process from 'node:process';
import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';
import { Conversation } from 'openai-realtime-ws/conversation';
import { talk, turn } from './turn.js';

const WebSocket = process.argv[2] && (await import(process.argv[2])).WebSocket;
console.log(await turn(OpenAIRealtimeWebSocket, { WebSocket }));
console.log(await talk(OpenAIRealtimeWebSocket, Conversation, { WebSocket }));
process.exit();
