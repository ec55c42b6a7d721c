// Exports of the package.

export { OpenAIError, OpenAIRealtimeError } from './errors.js';
export { OpenAIRealtimeWebSocket } from './websocket.js';
