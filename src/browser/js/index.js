// What the package exports, once its core is loaded.

export { OpenAIError, OpenAIRealtimeError } from './errors.js';
export { OpenAIRealtimeWebSocket } from './websocket.js';
