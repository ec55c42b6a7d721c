// A turn in text with the emulator, in CommonJS.

const { OpenAIRealtimeWebSocket } = require('openai-realtime-ws');
const { Conversation } = require('openai-realtime-ws/conversation');
const { FetchWebSocket } = require('openai-realtime-ws/workerd');

if (typeof FetchWebSocket !== 'function') {
  throw new Error('no FetchWebSocket');
}
import('./turn.js').then(async ({ talk, turn }) => {
  console.log(await turn(OpenAIRealtimeWebSocket));
  console.log(await talk(OpenAIRealtimeWebSocket, Conversation));
  process.exit();
});
