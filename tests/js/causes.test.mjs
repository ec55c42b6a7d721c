// Causes of a failed open on Node, over its own WebSocket, whose error event does not have them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { emulatorClient } from '../node/emulator.mjs';
import { ourPackage } from './classes.mjs';

const { OpenAIRealtimeError, OpenAIRealtimeWebSocket } = ourPackage;

/** A server without TLS. */
const server = createServer();
before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => server.close());

/** The error of a session that cannot be opened. */
async function failure(client, props = { model: 'm' }) {
  const rt = new OpenAIRealtimeWebSocket(props, client);
  const error = await rt.emitted('error');
  assert.ok(error instanceof OpenAIRealtimeError);
  assert.ok(!`${error.stack}${error.cause?.stack}`.includes('sk-test'), 'no credential');
  return error;
}

const plain = (baseURL) => ({ apiKey: 'sk-test', baseURL });

test('a refused handshake has its status (contract 54)', async () => {
  const { message, cause } = await failure(emulatorClient(), {
    model: `faults:${process.pid}-causes/refuse=401*`,
  });
  assert.equal(message, 'Unexpected server response: 401');
  assert.equal(cause.message, message);
});

test('a host without an address is named', async () => {
  const { message, cause } = await failure(plain('https://nowhere.invalid/v1'));
  assert.match(message, /ENOTFOUND nowhere\.invalid/);
  assert.equal(cause.code, 'ENOTFOUND');
});

test('a server without TLS is a failure of TLS', async () => {
  const { message } = await failure(plain(`https://127.0.0.1:${server.address().port}/v1`));
  assert.match(message, /wrong version number/);
  assert.doesNotMatch(message, /insecureCleartextURL/);
});

test('a base URL without TLS fails with advice (contract 5)', async () => {
  for (const scheme of ['http', 'ws']) {
    const { message } = await failure(plain(`${scheme}://127.0.0.1:${server.address().port}/v1`));
    assert.match(message, /wrong version number.*`insecureCleartextURL`/s);
  }
});

test('nothing listens to Node any more once the sockets have failed or opened', async () => {
  const { channel } = await import('node:diagnostics_channel');
  const rt = new OpenAIRealtimeWebSocket({ model: 'gpt-realtime' }, emulatorClient());
  assert.ok(channel('undici:request:error').hasSubscribers);
  await rt.emitted('session.created');
  assert.ok(!channel('undici:request:error').hasSubscribers);
  rt.close();
});
