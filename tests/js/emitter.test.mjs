// Listeners, sending and closing (contracts 49, and 58 to 67).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { both, client, heard, opened, ourClass, seen } from './both.mjs';
import { latest } from './fake.mjs';

/** Tells the session an event of a type. */
function tell(socket, type, more = {}) {
  socket.receives({ type, ...more });
}

both('listeners run in order, each as often as it was added (contract 58)', (Class) => {
  const { rt, socket } = opened(Class);
  const log = [];
  const a = () => log.push('a');
  const b = () => log.push('b');
  assert.equal(rt.on('x', a), rt);
  assert.equal(rt.on('x', b).on('x', a).once('x', b), rt);
  tell(socket, 'x');
  assert.deepEqual(log.splice(0), ['a', 'b', 'a', 'b']);
  tell(socket, 'x');
  assert.deepEqual(log, ['a', 'b', 'a']);
});

both('off takes one registration back (contract 59)', (Class) => {
  const { rt, socket } = opened(Class);
  let calls = 0;
  const count = () => (calls += 1);
  rt.on('x', count).on('x', count).once('x', count);
  assert.equal(rt.off('x', count), rt);
  assert.equal(rt.off('x', () => {}).off('never', count), rt);
  tell(socket, 'x');
  assert.equal(calls, 2);
  rt.off('x', count).off('x', count);
  tell(socket, 'x');
  assert.equal(calls, 2);
});

both('once is gone before it runs (contract 60)', (Class) => {
  const { rt, socket } = opened(Class);
  const log = [];
  rt.once('x', () => {
    log.push('once');
    tell(socket, 'x');
  });
  rt.on('x', () => log.push('on'));
  tell(socket, 'x');
  assert.deepEqual(log, ['once', 'on', 'on']);
});

both(
  'emitted resolves with the argument, once, and leaves nothing behind (contract 61)',
  async (Class) => {
    const { rt, socket } = opened(Class);
    const pending = rt.emitted('x');
    tell(socket, 'x', { n: 1 });
    tell(socket, 'x', { n: 2 });
    assert.deepEqual(await pending, { type: 'x', n: 1 });
    assert.ok(!rt._hasListener('error'));
    assert.ok(!rt._hasListener('x'));
  },
);

both(
  'emitted rejects with an error that comes first, and leaves nothing behind (contract 61)',
  async (Class) => {
    const { rt, socket } = opened(Class);
    const pending = rt.emitted('x');
    socket.receives('{');
    await assert.rejects(pending, { message: 'could not parse websocket event' });
    assert.ok(!rt._hasListener('x'));
  },
);

both('emitted of error resolves with it (contract 61)', async (Class) => {
  const { rt, socket } = opened(Class);
  const pending = rt.emitted('error');
  socket.receives('{');
  assert.equal((await pending).message, 'could not parse websocket event');
});

both('emitted gives no argument as undefined, several as an array (contract 61)', async (Class) => {
  const { rt } = opened(Class);
  const [none, several] = [rt.emitted('none'), rt.emitted('several')];
  rt._emit('none');
  rt._emit('several', 1, 'two');
  assert.equal(await none, undefined);
  assert.deepEqual(await several, [1, 'two']);
});

both('a dispatch keeps the listeners that it began with (contract 62)', (Class) => {
  const { rt, socket } = opened(Class);
  const log = [];
  const late = () => log.push('late');
  const removed = () => log.push('removed');
  rt.on('x', () => {
    log.push('f');
    rt.off('x', removed);
    if (log.length === 1) {
      rt.on('x', late);
    }
  });
  rt.once('x', () => log.push('once'));
  rt.on('x', removed);
  tell(socket, 'x');
  assert.deepEqual(log.splice(0), ['f', 'once', 'removed']);
  tell(socket, 'x');
  assert.deepEqual(log.includes('late'), true);
  assert.deepEqual(log.includes('removed'), false);
});

both('names from the prototype of objects are names (contract 63)', (Class) => {
  const { rt, socket } = opened(Class);
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    assert.ok(!rt._hasListener(name));
    let calls = 0;
    rt.on(name, () => (calls += 1));
    tell(socket, 'z');
    socket.receives(`{"type":"${name}"}`);
    assert.equal(calls, 1);
    assert.ok(rt._hasListener(name));
  }
});

both(
  'what a listener throws goes on, once all listeners of the event ran (contract 49)',
  (Class) => {
    const { rt, socket } = opened(Class);
    const log = [];
    const first = new Error('first');
    rt.on('error', () => log.push('error'));
    rt.on('x', () => {
      throw first;
    })
      .on('x', () => {
        throw new Error('second');
      })
      .on('x', () => log.push('third'));
    assert.throws(
      () => tell(socket, 'x'),
      (error) => error === first,
    );
    assert.deepEqual(log, ['third']);
    // A listener of all events that throws stops those of the type; a falsy value is thrown, too.
    rt.on('event', () => {
      throw undefined;
    });
    assert.throws(
      () => tell(socket, 'x'),
      (error) => error === undefined,
    );
    assert.deepEqual(log, ['third']);
  },
);

both('a listener may send, close, add and remove, in the call', (Class) => {
  const { rt, socket } = opened(Class);
  const log = [];
  const again = () => log.push('again');
  rt.on('x', () => {
    rt.send({ type: 'a' });
    rt.on('y', again);
    tell(socket, 'y');
    rt.off('y', again);
    rt.close({ code: 4000, reason: 'enough' });
    log.push(socket.sent.length, socket.closes.length);
  });
  tell(socket, 'x');
  tell(socket, 'y');
  assert.deepEqual(log, ['again', 1, 1]);
  assert.deepEqual([socket.sent, socket.closes], [['{"type":"a"}'], [[4000, 'enough']]]);
});

both(
  'the socket and the URL are there, and nothing of the socket is forwarded (contract 64)',
  (Class) => {
    const rt = new Class({ model: 'm' }, client());
    assert.equal(rt.socket, latest());
    assert.ok(rt.url instanceof URL);
    const log = heard(rt, ['open', 'close', 'error', 'event', 'reconnecting']);
    rt.socket.opens();
    rt.socket.ends(4000, 'bye');
    assert.deepEqual(log, []);
  },
);

both('send writes JSON in the call, in any state of the socket (contracts 65 and 66)', (Class) => {
  const rt = new Class({ model: 'm' }, client());
  const log = heard(rt, ['error']);
  rt.send({ type: 'a', absent: undefined, list: [undefined], date: new Date(0) });
  rt.send('text');
  rt.send(undefined);
  rt.sendResponseCreate({
    type: 'response.create',
    response: { input: [{ type: 'item_reference', id: 'i' }] },
  });
  assert.deepEqual(latest().sent, [
    '{"type":"a","list":[null],"date":"1970-01-01T00:00:00.000Z"}',
    '"text"',
    undefined,
    '{"type":"response.create","response":{"input":[{"type":"item_reference","id":"i"}]}}',
  ]);
  assert.deepEqual(log, []);
});

both(
  'what cannot be sent is an error with its cause, and nothing is thrown (contracts 65 and 66)',
  (Class) => {
    const { rt, socket } = opened(Class);
    const causes = [];
    rt.on('error', (error) => causes.push([error.message, error.cause]));
    const circular = {};
    circular.self = circular;
    const thrown = new Error('mine');
    for (const method of ['send', 'sendResponseCreate']) {
      rt[method](circular);
      rt[method](1n);
      rt[method]({
        toJSON: () => {
          throw thrown;
        },
      });
      rt[method]({
        get type() {
          throw thrown;
        },
      });
      rt[method](
        new Proxy(
          {},
          {
            ownKeys: () => {
              throw thrown;
            },
          },
        ),
      );
      socket.send = () => {
        throw thrown;
      };
      rt[method]({ type: 'a' });
      delete socket.send;
      assert.ok(causes.every(([message]) => message === 'could not send data'));
      assert.deepEqual(
        causes.splice(0).map(([, cause]) => (cause === thrown ? 'mine' : cause.constructor)),
        [TypeError, TypeError, 'mine', 'mine', 'mine', 'mine'],
      );
    }
    assert.deepEqual(socket.sent, []);
  },
);

test('a socket that has closed takes nothing, and that is no error in any runtime (contract 66)', () => {
  const { rt, socket } = opened(ourClass);
  const log = heard(rt, ['error']);
  socket.send = () => {
    throw new TypeError("Can't call WebSocket send() after close().");
  };
  socket.readyState = 2;
  rt.send({ type: 'a' });
  socket.ends(1000);
  rt.send({ type: 'a' });
  assert.deepEqual(log, []);
});

both('close has a code and a reason, and says what the runtime refuses (contract 67)', (Class) => {
  const { rt, socket } = opened(Class);
  const log = heard(rt, ['error']);
  rt.close();
  rt.close({ code: 1001, reason: 'done' });
  rt.close({ code: 3000 });
  assert.deepEqual(socket.closes, [
    [1000, 'OK'],
    [1001, 'done'],
    [3000, 'OK'],
  ]);
  socket.close = () => {
    throw new RangeError('too long');
  };
  rt.close({ code: 5, reason: 'x' });
  assert.equal(log.length, 1);
  assert.deepEqual(log[0][1], {
    name: 'OpenAIRealtimeError',
    message: 'could not close the connection',
    error: undefined,
    event_id: undefined,
    cause: 'RangeError: too long',
  });
});

both('what is not meant to be given may be anything', (Class) => {
  const { rt, socket } = opened(Class);
  const log = heard(rt, ['error']);
  const mine = new Error('mine');
  const fail = () => {
    throw mine;
  };
  const hostile = new Proxy({}, { get: fail });
  const deep = {};
  for (let level = deep, n = 0; n < 100_000; n += 1) {
    level = level.deeper = {};
  }
  rt.close(hostile);
  rt.send(hostile);
  rt.send(deep);
  rt.sendResponseCreate(deep);
  const causes = log.splice(0).map(([, { message, cause }]) => [message, cause.split(':')[0]]);
  assert.deepEqual(causes, [
    ['could not close the connection', 'Error'],
    ['could not send data', 'Error'],
    ['could not send data', 'RangeError'],
    ['could not send data', 'RangeError'],
  ]);
  assert.throws(
    () => rt.on({ toString: fail }, () => {}),
    (error) => error === mine,
  );
  rt.on('x', 'no function');
  assert.throws(() => tell(socket, 'x'), TypeError);
  rt.send('x'.repeat(10_000_000));
  assert.equal(socket.sent[0].length, 10_000_002);
  const nested = '{"type":"y","x":' + '['.repeat(50_000) + ']'.repeat(50_000) + '}';
  let depth = 0;
  rt.on('y', (event) => {
    for (let level = event.x; level; level = level[0]) {
      depth += 1;
    }
  });
  socket.receives(nested);
  assert.equal(depth, 50_000);
  assert.deepEqual(log, []);
});

both('an error is a plain one to look at', (Class) => {
  const { rt, socket } = opened(Class);
  let error;
  rt.on('error', (failed) => (error = failed));
  socket.receives({ type: 'error', event_id: 'e', error: { message: 'm' } });
  assert.deepEqual(Object.keys(error), ['name', 'error', 'event_id', 'cause']);
  assert.ok(error instanceof Error);
  assert.equal(
    Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf(error))),
    Error.prototype,
  );
  assert.equal(seen(error).name, 'OpenAIRealtimeError');
});

both('without recovery nothing is held back', (Class) => {
  const { rt } = opened(Class);
  const log = heard(rt, ['error']);
  assert.equal(rt.flushPending(), undefined);
  assert.deepEqual(rt.takePending(), []);
  assert.deepEqual(log, []);
});
