// Faults on a real connection, over Node's own WebSocket: the emulator misbehaves as the model's
// name says. Both classes tell the same.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatorClient } from '../node/emulator.mjs';
import { officialClass, ourPackage } from './classes.mjs';

const CLASSES = [
  ['official', officialClass],
  ['ours', ourPackage.OpenAIRealtimeWebSocket],
];

/** A fault's name on the wire, with a count of its own for each class. */
let last = 0;
function faults(connections) {
  return `faults:${process.pid}-${(last += 1)}/${connections}`;
}

/** Logs the events of a session. */
function journal(rt) {
  const log = [];
  rt.on('event', ({ type }) => log.push(type));
  rt.on('error', ({ message }) => log.push(`error: ${message}`));
  rt.on('reconnecting', ({ attempt, maxAttempts, closeCode }) =>
    log.push(`attempt ${attempt} of ${maxAttempts} after ${closeCode}`),
  );
  rt.on('reconnected', () => log.push('reconnected'));
  rt.on('close', (code, reason, unsent) => log.push(`close ${code} ${reason} ${unsent.length}`));
  return log;
}

function each(name, body) {
  for (const [whose, Class] of CLASSES) {
    test(`${name} (${whose})`, { timeout: 60_000 }, () => body(Class));
  }
}

function recovering(Class, connections, options = {}) {
  const quick = {
    reconnect: true,
    reconnectInitialDelay: 1,
    reconnectMaxDelay: 4,
    maxQueueBytes: 10_000,
  };
  const rt = new Class({ model: faults(connections), ...quick, ...options }, emulatorClient());
  return { rt, log: journal(rt), ended: new Promise((resolve) => rt.on('close', resolve)) };
}

each(
  'a connection that drops is made anew, and what waited is answered (contracts 78, 81 and 90)',
  async (Class) => {
    const { rt, log, ended } = recovering(Class, 'drop@1/ok');
    rt.on('reconnecting', () => {
      rt.send({
        type: 'conversation.item.create',
        item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello.' }] },
      });
      rt.send({ type: 'response.create' });
    });
    rt.on('reconnected', () => {
      rt.send({
        type: 'session.update',
        session: { type: 'realtime', output_modalities: ['text'] },
      });
      rt.flushPending();
    });
    const answer = await new Promise((resolve) =>
      rt.on('response.output_text.done', ({ text }) => resolve(text)),
    );
    assert.match(answer, /\S/);
    rt.close();
    await ended;
    assert.deepEqual(log.slice(0, 5), [
      'session.created',
      'error: WebSocket error',
      'attempt 1 of 5 after 1006',
      'reconnected',
      'session.created',
    ]);
    assert.equal(log.at(-1), 'close 1000 OK 0');
    assert.equal(log.filter((line) => line.startsWith('error')).length, 1);
  },
);

each('a service that restarts, closes and refuses is waited for (contract 73)', async (Class) => {
  const { rt, log, ended } = recovering(Class, 'close=1012@1/refuse=503/close=1001@1/ok');
  const sessions = new Promise((resolve) => {
    let count = 0;
    rt.on('session.created', () => (count += 1) === 3 && resolve());
  });
  await sessions;
  rt.close();
  await ended;
  assert.deepEqual(
    log.filter((line) => line !== 'session.created'),
    [
      'attempt 1 of 5 after 1012',
      'attempt 2 of 5 after 1006',
      'reconnected',
      'attempt 3 of 5 after 1001',
      'reconnected',
      'close 1000 OK 0',
    ],
  );
});

each('a service that is gone is given up (contract 80)', async (Class) => {
  const { rt, log, ended } = recovering(Class, 'drop@1/refuse=503*', { maxReconnectAttempts: 2 });
  rt.on('reconnecting', () => rt.send({ type: 'response.create' }));
  await ended;
  assert.deepEqual(log, [
    'session.created',
    'error: WebSocket error',
    'attempt 1 of 2 after 1006',
    'attempt 2 of 2 after 1006',
    'error: WebSocket reconnect failed after 2 attempts (close code: 1006)',
    'close 1006 reconnect failed after 2 attempts 2',
  ]);
});

each('a close that means it is final (contract 73)', async (Class) => {
  const { log, ended } = recovering(Class, 'close=4001@1');
  await ended;
  assert.deepEqual(log, ['session.created', 'close 4001 as requested 0']);
});

each(
  'without recovery the socket alone tells of its end, and a bad message breaks nothing (contracts 46 and 64)',
  async (Class) => {
    const rt = new Class({ model: faults('bad@1,close=1011@3') }, emulatorClient());
    const log = journal(rt);
    rt.once('session.created', () =>
      rt.send({ type: 'session.update', session: { type: 'realtime' } }),
    );
    const { code, reason } = await new Promise((resolve) =>
      rt.socket.addEventListener('close', resolve),
    );
    assert.deepEqual([code, reason], [1011, 'as requested']);
    assert.deepEqual(log, [
      'session.created',
      'error: could not parse websocket event',
      'session.updated',
    ]);
  },
);

each('a refusal is an error, and the socket closes (contracts 53 and 54)', async (Class) => {
  const rt = new Class({ model: faults('refuse=403') }, emulatorClient());
  let errors = 0;
  rt.on('error', () => (errors += 1));
  const { code } = await new Promise((resolve) => rt.socket.addEventListener('close', resolve));
  assert.equal(code, 1006);
  assert.equal(errors, 1);
});
