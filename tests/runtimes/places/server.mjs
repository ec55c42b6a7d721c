// The suite in a server's runtime: Node, Deno or Bun. The environment is the variable
// `ENVIRONMENT`.

import process from 'node:process';
import * as pack from 'openai-realtime-ws';
import * as layer from 'openai-realtime-ws/conversation';
import { suite } from './suite/index.mjs';

/** The next promise whose rejection nobody handles. */
const unhandledRejection = () =>
  new Promise((resolve) => process.once('unhandledRejection', resolve));

await suite(
  { ...pack, ...layer },
  JSON.parse(process.env.ENVIRONMENT),
  unhandledRejection,
  console.log,
);
// Sockets that a failed test left open must not keep the process alive.
process.exit();
