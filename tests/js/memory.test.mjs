// Nothing is left of a session that is over, nor of one that nobody holds any more.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// The runtime's own, before a fake takes its place.
const RealWebSocket = globalThis.WebSocket;
const { ourPackage } = await import('./classes.mjs');
const { FakeWebSocket } = await import('./fake.mjs');
const { OpenAIRealtimeWebSocket } = ourPackage;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

const CLIENT = { apiKey: 'ek_1', baseURL: 'https://example.com/v1' };
const ROUNDS = 10_000;

/** Lets the collector and the registries that it tells do their work. */
async function collected() {
  for (let n = 0; n < 5; n += 1) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function used() {
  await collected();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

/**
 * Resolves to the bytes that a session leaves behind. The collector runs every thousand rounds: the
 * core's memory grows until then.
 */
async function left(round) {
  const thousand = async () => {
    for (let n = 0; n < 1000; n += 1) {
      await round(n);
    }
    return used();
  };
  const before = await thousand();
  let after;
  for (let n = 0; n < ROUNDS; n += 1000) {
    after = await thousand();
  }
  return (after - before) / ROUNDS;
}

/** Less than any object that a session consists of. */
const NOTHING = 32;

for (const [name, options, ending] of [
  ['closed', {}, (rt) => rt.socket.ends(1000, 'OK')],
  ['abandoned while open', {}, () => {}],
  ['closed, with recovery', { reconnect: true }, (rt) => rt.socket.ends(1000, 'OK')],
  ['abandoned while open, with recovery', { reconnect: true }, () => {}],
]) {
  test(`ten thousand sessions that are ${name} leave nothing`, { timeout: 120_000 }, async () => {
    globalThis.WebSocket = class extends FakeWebSocket {};
    const { sockets } = await import('./fake.mjs');
    const bytes = await left(async (n) => {
      const rt = new OpenAIRealtimeWebSocket({ model: 'm', ...options }, CLIENT);
      rt.on('event', () => rt.send({ type: 'a' })).on('error', () => {});
      const waiting = rt.emitted('session.created');
      rt.socket.opens();
      rt.socket.receives({ type: 'session.created', n });
      await waiting;
      ending(rt);
      sockets.length = 0;
    });
    assert.ok(bytes < NOTHING, `${bytes} bytes a session`);
  });
}

test(
  'ten thousand connections of the real WebSocket leave nothing',
  { timeout: 300_000 },
  async () => {
    const server = createServer();
    server.on('upgrade', (request, socket) => accept(request, socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${server.address().port}`;
    // The class opens secure connections only; the socket below it is told to leave that out.
    globalThis.WebSocket = class {
      constructor(_, protocols) {
        return new RealWebSocket(url, protocols);
      }
    };
    const bytes = await left(async () => {
      const rt = new OpenAIRealtimeWebSocket({ model: 'm' }, CLIENT);
      rt.on('error', (error) => assert.fail(error));
      const closed = new Promise((resolve) => rt.socket.addEventListener('close', resolve));
      rt.once('session.created', () => rt.close());
      await closed;
    });
    server.close();
    assert.ok(bytes < 100, `${bytes} bytes a connection`);
  },
);

/** A handshake, one event, and the answer to a close frame. */
async function accept(request, socket) {
  const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const digest = Buffer.from(await crypto.subtle.digest('SHA-1', Buffer.from(key))).toString(
    'base64',
  );
  const event = Buffer.from('{"type":"session.created"}');
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${digest}\r\nSec-WebSocket-Protocol: realtime\r\n\r\n`,
  );
  socket.write(Buffer.concat([Buffer.from([0x81, event.length]), event]));
  socket.on('error', () => {});
  socket.once('data', () => socket.end(Buffer.from([0x88, 2, 0x03, 0xe8])));
}
