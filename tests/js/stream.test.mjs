// A session as an asynchronous iterator (contract 83). The official class has none; those of its
// other sockets are the model.

import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { client, opened, ourClass, settled } from './both.mjs';
import { latest } from './fake.mjs';

afterEach(() => mock.timers.reset());

/** Takes what a stream has by now. */
async function taken(stream, count) {
  const records = [];
  while (records.length < count) {
    records.push((await stream.next()).value);
  }
  return records;
}

test('it begins with how things stand, and tells what comes, to the close', async () => {
  const rt = new ourClass({ model: 'm' }, client());
  const stream = rt.stream();
  const socket = latest();
  socket.opens();
  socket.receives({ type: 'a' });
  socket.receives({ type: 'error', error: { message: 'm' } });
  socket.receives('{');
  socket.ends(4000, 'bye');
  const records = [];
  for await (const record of stream) {
    records.push(record);
  }
  const errors = records.filter(({ type }) => type === 'error').map(({ error }) => error.message);
  assert.deepEqual(
    records.map(({ type }) => type),
    ['connecting', 'open', 'message', 'error', 'error', 'close'],
  );
  assert.deepEqual(records[2], { type: 'message', message: { type: 'a' } });
  assert.match(errors[0], /^m code=/);
  assert.equal(errors[1], 'could not parse websocket event');
  assert.deepEqual(records[5], { type: 'close', code: 4000, reason: 'bye', unsent: [] });
  assert.deepEqual(await stream.next(), { value: undefined, done: true });
  assert.deepEqual(await taken(rt.stream(), 2), [
    { type: 'close', code: 4000, reason: 'bye', unsent: [] },
    undefined,
  ]);
});

test('it can be waited for before anything comes', async () => {
  const { rt, socket } = opened(ourClass);
  const stream = rt[Symbol.asyncIterator]();
  assert.equal(stream[Symbol.asyncIterator](), stream);
  const [first, second, third] = [stream.next(), stream.next(), stream.next()];
  assert.deepEqual((await first).value, { type: 'open' });
  socket.receives({ type: 'a' });
  socket.receives({ type: 'b' });
  assert.deepEqual(
    [(await second).value.message.type, (await third).value.message.type],
    ['a', 'b'],
  );
});

test('to end it wakes who waits, and leaves the session as it was', async () => {
  const { rt, socket } = opened(ourClass);
  const stream = rt.stream();
  await stream.next();
  const waiting = stream.next();
  assert.deepEqual(await stream.return(), { value: undefined, done: true });
  assert.deepEqual(await waiting, { value: undefined, done: true });
  assert.deepEqual(await stream.next(), { value: undefined, done: true });
  assert.deepEqual(socket.closes, []);
  assert.ok(!rt._hasListener('event') && !rt._hasListener('error'));
  for await (const record of rt) {
    assert.deepEqual(record, { type: 'open' });
    break;
  }
  assert.ok(!rt._hasListener('event'));
});

test('a bound on what waits: beyond it the stream fails, and it alone', async () => {
  const { rt, socket } = opened(ourClass);
  for (const maxBufferedEvents of [0, -1, 1.5, NaN, Infinity, '5', null]) {
    assert.throws(() => rt.stream({ maxBufferedEvents }), {
      message: 'maxBufferedEvents must be a positive safe integer',
    });
  }
  const [bounded, other] = [rt.stream({ maxBufferedEvents: 2 }), rt.stream()];
  socket.receives({ type: 'a' });
  assert.deepEqual((await bounded.next()).value, { type: 'open' });
  socket.receives({ type: 'b' });
  socket.receives({ type: 'c' });
  for (let n = 0; n < 2; n += 1) {
    await assert.rejects(bounded.next(), {
      message: 'WebSocket stream exceeded maxBufferedEvents (2)',
    });
  }
  assert.equal((await taken(other, 4)).length, 4);
  await bounded.return();
  await other.return();
});

test('it goes on over a reconnect, and ends before `close` is told', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const rt = new ourClass({ model: 'm', reconnect: true, maxQueueBytes: 100 }, client());
  const stream = rt.stream();
  latest().opens();
  await settled();
  latest().ends(1006);
  const late = rt.stream();
  mock.timers.tick(500);
  await settled();
  latest().opens();
  await settled();
  rt.on('close', () => {
    throw new Error('a listener');
  });
  rt.on('error', () => {});
  assert.throws(() => latest().ends(1000, 'OK'), { message: 'a listener' });
  const records = await taken(stream, 6);
  assert.deepEqual(
    records.map((record) => record?.type),
    ['connecting', 'open', 'reconnecting', 'open', 'reconnected', 'close'],
  );
  assert.equal(records[2].reconnect.attempt, 1);
  assert.deepEqual((await taken(late, 1))[0], {
    type: 'reconnecting',
    reconnect: { attempt: 0, maxAttempts: 0, delay: 0, closeCode: 0, parameters: undefined },
  });
  assert.deepEqual(await stream.next(), { value: undefined, done: true });
});

test('a hundred thousand events wait in order', async () => {
  const { rt, socket } = opened(ourClass);
  const stream = rt.stream();
  for (let n = 0; n < 100_000; n += 1) {
    socket.receives(`{"type":"a","n":${n}}`);
  }
  socket.ends(1000);
  let next = -1;
  for await (const record of stream) {
    if (record.type === 'message') {
      assert.equal(record.message.n, (next += 1));
    }
  }
  assert.equal(next, 99_999);
});

test('a connection that could not be opened ends the stream with 1006, on Deno, too', async () => {
  const rt = new ourClass({ model: 'm' }, client());
  rt.on('error', () => {});
  const stream = rt.stream();
  latest().fails();
  latest().ends(0);
  const records = await taken(stream, 4);
  assert.deepEqual(
    records.map((record) => record?.type),
    ['connecting', 'error', 'close', undefined],
  );
  assert.equal(records[2].code, 1006);
  assert.deepEqual(await taken(rt.stream(), 1), [
    { type: 'close', code: 1006, reason: '', unsent: [] },
  ]);
});
