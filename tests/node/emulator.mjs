// The emulator as the official SDK reaches it.

import assert from 'node:assert/strict';
import OpenAI from 'openai';

/** An SDK client whose base URL is the emulator's. */
export function emulatorClient(apiKey = 'sk-test') {
  const url = process.env.EMULATOR_WSS_URL;
  assert.ok(url, 'EMULATOR_WSS_URL names the emulator; `cargo xtask test sdk` sets it');
  return new OpenAI({ apiKey, baseURL: url.replace(/^wss:/, 'https:') });
}
