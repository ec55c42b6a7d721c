// What the class shows and reports has no credential, of the client or in a URL.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { emulatorClient } from '../node/emulator.mjs';
import { OpenAI, ourPackage } from './classes.mjs';

const { OpenAIRealtimeWebSocket } = ourPackage;

const SECRETS = {
  key: 'sk-hunter1',
  user: 'hunter2',
  query: 'hunter3',
  azure: 'hunter4',
  token: 'hunter5',
};
const QUERY = `api-key=${SECRETS.query}&sig=${SECRETS.query}&${SECRETS.query}`;

/** A server that hangs up on every connection. */
const server = createServer();
server.on('upgrade', (_, socket) => socket.destroy());
before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => server.close());

const gateway = (scheme) =>
  `${scheme}://${SECRETS.user}:${SECRETS.user}@127.0.0.1:${server.address().port}/v1?${QUERY}`;

/** Everything that a session shows until it fails. */
async function output(open) {
  const shown = [];
  const report = (error) =>
    shown.push(inspect(error, { depth: 9 }), `${error.stack}`, `${error.cause?.stack}`);
  try {
    const rt = await open();
    shown.push(String(rt.url), inspect(rt, { depth: 0 }), JSON.stringify(rt.url));
    rt.on('reconnecting', (next) => shown.push(inspect(next)));
    await new Promise((resolve) => {
      rt.on('error', (error) => {
        report(error);
        resolve();
      });
    });
    rt.close();
  } catch (error) {
    report(error);
  }
  return shown.join('\n');
}

const ways = {
  'a gateway without TLS': () =>
    new OpenAIRealtimeWebSocket(
      { model: 'm', insecureCleartextURL: gateway('http') },
      { apiKey: SECRETS.key, baseURL: 'https://a.b' },
    ),
  'a gateway that does not speak TLS': () =>
    new OpenAIRealtimeWebSocket({ model: 'm' }, { apiKey: SECRETS.key, baseURL: gateway('https') }),
  'a URL of its own': () => {
    const buildRealtimeURL = () => new URL(`${gateway('wss')}#${SECRETS.query}`);
    return new OpenAIRealtimeWebSocket(
      { model: 'm', buildRealtimeURL },
      { apiKey: SECRETS.key, baseURL: 'https://a.b' },
    );
  },
  'a key that is none': () =>
    new OpenAIRealtimeWebSocket(
      { model: 'm' },
      { apiKey: `${SECRETS.key} x`, baseURL: 'https://a.b' },
    ),
  'a subprotocol that is none': () =>
    new OpenAIRealtimeWebSocket(
      { model: 'm' },
      { apiKey: `(${SECRETS.key})`, baseURL: gateway('https') },
    ),
  'a base URL that is none': () =>
    new OpenAIRealtimeWebSocket(
      { model: 'm' },
      { apiKey: SECRETS.key, baseURL: `none ${SECRETS.query}` },
    ),
  'a function for a key': () =>
    OpenAIRealtimeWebSocket.create(
      { apiKey: async () => SECRETS.token, baseURL: gateway('https') },
      { model: 'm' },
    ),
  "the SDK's client": () =>
    new OpenAIRealtimeWebSocket(
      { model: 'm' },
      new OpenAI({ apiKey: SECRETS.key, baseURL: gateway('https') }),
    ),
  Azure: () => {
    const client = {
      apiKey: SECRETS.azure,
      apiVersion: 'v',
      deploymentName: 'dep',
      baseURL: gateway('https'),
    };
    return OpenAIRealtimeWebSocket.azure(client);
  },
  'a refusal': () => {
    const client = emulatorClient();
    return new OpenAIRealtimeWebSocket(
      { model: `faults:${process.pid}-secrets/refuse=401*` },
      { apiKey: SECRETS.key, baseURL: client.baseURL },
    );
  },
};

for (const [name, open] of Object.entries(ways)) {
  test(`no credential is shown: ${name}`, { timeout: 60_000 }, async () => {
    const shown = await output(open);
    assert.match(shown, /Error/);
    for (const [whose, secret] of Object.entries(SECRETS)) {
      assert.ok(!shown.includes(secret), `${whose}: ${shown}`);
    }
  });
}
