// The conversation layer: what a voice product needs above a session. The entry
// `openai-realtime-ws/conversation`.

export { fromBase64, toBase64, toPcm16, toSamples } from './audio.js';
export { ToolCalls } from './calls.js';
export { Conversation } from './conversation.js';
export { HistoryEntry } from './entry.js';
export { errorKind, RequestError } from './errors.js';
export { History } from './history.js';
export { Playback } from './playback.js';
export { Resampler } from './resampler.js';
export { Responses } from './responses.js';
export { backgroundResult, tool } from './tools.js';
export { Turns } from './turns.js';
export { Usage } from './usage.js';
