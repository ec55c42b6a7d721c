// The suite in a page or a worker, unbundled. The environment comes from the server that this
// script came from, and the lines go back to it.

import * as layer from './node_modules/openai-realtime-ws/conversation.js';
import * as pack from './node_modules/openai-realtime-ws/index.js';
import { suite } from './suite/index.mjs';

/** The next promise whose rejection nobody handles. */
const unhandledRejection = () =>
  new Promise((resolve) => {
    addEventListener('unhandledrejection', ({ reason }) => resolve(reason), { once: true });
  });

const tell = (line) => fetch('/lines', { method: 'POST', body: line });

async function main() {
  const environment = await (await fetch('/environment')).json();
  await suite({ ...pack, ...layer }, environment, unhandledRejection, tell);
}

if ('registration' in globalThis) {
  // A service worker lives as long as the event that it handles.
  addEventListener('install', (event) => event.waitUntil(main()));
} else {
  main();
}
