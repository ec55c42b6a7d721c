// A text turn and an audio turn with the emulator, as the SDK's own classes hold them.

import { testConversations } from '../node/conversation.mjs';
import { ourPackage } from './classes.mjs';

testConversations(ourPackage.OpenAIRealtimeWebSocket);
