// The classes under test: ours, from the package that JS_PACKAGE names, and the official SDK's,
// whose judgement it is.

import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';

const directory = process.env.JS_PACKAGE;
assert.ok(directory, 'JS_PACKAGE names the directory of the built package');
const official = new URL('../node/node_modules/openai/', import.meta.url);

export const ourPackage = await import(pathToFileURL(`${directory}/index.js`));
export const layer = await import(pathToFileURL(`${directory}/conversation.js`));
export const officialClass = (await import(new URL('realtime/websocket.mjs', official)))
  .OpenAIRealtimeWebSocket;
export const { OpenAI, AzureOpenAI } = await import(new URL('index.mjs', official));
