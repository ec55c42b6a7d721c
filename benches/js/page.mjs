// The contest in a page; `location.hash` says against which server, and how many runs.

import { OpenAIRealtimeWebSocket as Official } from 'openai/realtime/websocket';
import { OpenAIRealtimeWebSocket as Ours } from 'openai-realtime-ws';
import init, { count_events } from 'typed';
import { byClass, contest, EVENTS } from './contest.mjs';

const { baseURL, runs } = JSON.parse(decodeURIComponent(location.hash.slice(1)));

await init({ module_or_path: new URL('typed_bg.wasm', location.href) });
const contestants = {
  official: byClass(Official, baseURL),
  ours: byClass(Ours, baseURL),
  typed: (bench, millis) => count_events(baseURL, bench, millis),
};
for (const bench of Object.keys(EVENTS)) {
  const figures = await contest(contestants, bench, runs, () => performance.now());
  await fetch('/figures', { method: 'POST', body: JSON.stringify({ bench, figures }) });
}
await fetch('/figures', { method: 'POST', body: 'null' });
