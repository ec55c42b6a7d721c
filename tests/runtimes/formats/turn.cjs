// A turn in text with the emulator, in CommonJS.

const { OpenAIRealtimeWebSocket } = require('openai-realtime-ws');
const { FetchWebSocket } = require('openai-realtime-ws/workerd');

if (typeof FetchWebSocket !== 'function') {
  throw new Error('no FetchWebSocket');
}
import('./turn.js').then(async ({ turn }) => {
  console.log(await turn(OpenAIRealtimeWebSocket));
  process.exit();
});
