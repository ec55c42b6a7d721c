// The suite in a Cloudflare Worker. A request carries the environment, the response the lines.

import * as pack from 'openai-realtime-ws';
import * as layer from 'openai-realtime-ws/conversation';
import { FetchWebSocket } from 'openai-realtime-ws/workerd';
import { fetched } from './suite/fetched.mjs';
import { suite } from './suite/index.mjs';

/** The next promise whose rejection nobody handles. */
const unhandledRejection = () =>
  new Promise((resolve) => {
    addEventListener('unhandledrejection', ({ reason }) => resolve(reason), { once: true });
  });

export default {
  async fetch(request) {
    const environment = await request.json();
    const lines = [];
    await suite(
      { ...pack, ...layer },
      environment,
      unhandledRejection,
      (line) => lines.push(line),
      fetched(FetchWebSocket),
    );
    return new Response(lines.join('\n'));
  },
};
