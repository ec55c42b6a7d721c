// `OpenAIRealtimeWS` of the official SDK, over the npm package `ws`.

import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { testConversations } from './conversation.mjs';

testConversations(OpenAIRealtimeWS);
