// The classes under test: ours, from the package that JS_PACKAGE names, and the official SDK's, whose judgement it is.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

const directory = process.env.JS_PACKAGE;
assert.ok(directory, 'JS_PACKAGE names the directory of the built package');
const ours = pathToFileURL(`${directory}/`);
const official = new URL('../node/node_modules/openai/', import.meta.url);

const core = await import(new URL('core.js', ours));
core.initSync({ module: await readFile(new URL('core_bg.wasm', ours)) });

export const ourPackage = await import(new URL('index.js', ours));
export const officialClass = (await import(new URL('realtime/websocket.mjs', official))).OpenAIRealtimeWebSocket;
export const { OpenAI, AzureOpenAI } = await import(new URL('index.mjs', official));
