// `OpenAIRealtimeWebSocket` of the official SDK, over Node's own global `WebSocket`.

import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import { testConversations } from './conversation.mjs';

testConversations(OpenAIRealtimeWebSocket);
