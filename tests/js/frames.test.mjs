// From frames to events and errors (contracts 41 to 57).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { both, client, heard, opened, ourClass, seen, unhandled } from './both.mjs';
import { latest } from './fake.mjs';

const NOT_AN_EVENT = 'TypeError: Realtime WebSocket event must be an object with a string type.';
const NOT_JSON = 'SyntaxError: Could not parse Realtime WebSocket event data as JSON.';

/** Visible properties of a client-side failure. */
function failure(message, cause, more = {}) {
  return {
    name: 'OpenAIRealtimeError',
    message,
    error: undefined,
    event_id: undefined,
    cause,
    ...more,
  };
}

const UNPARSED = 'could not parse websocket event';

for (const [name, frame, expected] of [
  ['no body', '{"type":"error"}', failure('unknown error', undefined)],
  [
    'part of a body',
    '{"type":"error","error":{"message":"m"}}',
    failure('m code=undefined param=undefined type=undefined event_id=undefined', undefined, {
      error: { message: 'm' },
    }),
  ],
  [
    'a whole body',
    '{"type":"error","event_id":"evt","error":{"type":"t","code":"c","message":"m","param":null,"event_id":"cli"}}',
    failure('m code=c param=null type=t event_id=cli', undefined, {
      event_id: 'evt',
      error: { type: 't', code: 'c', message: 'm', param: null, event_id: 'cli' },
    }),
  ],
  [
    'null as its body',
    '{"type":"error","event_id":"e","error":null}',
    failure('unknown error', undefined, { error: null, event_id: 'e' }),
  ],
  [
    'odd metadata',
    '{"type":"error","error":{"message":null,"code":429,"param":{"a":1},"type":[1,2],"event_id":true}}',
    failure('null code=429 param=[object Object] type=1,2 event_id=true', undefined, {
      error: { message: null, code: 429, param: { a: 1 }, type: [1, 2], event_id: true },
    }),
  ],
]) {
  both(
    `the server's error with ${name}: event, then error (contracts 41 and 50 to 53)`,
    (Class) => {
      const { rt, socket } = opened(Class);
      const log = heard(rt, ['event', 'error']);
      socket.receives(frame);
      assert.deepEqual(log, [
        ['event', JSON.parse(frame)],
        ['error', expected],
      ]);
    },
  );
}

test("the server's error with a string as its body reads as the string (contract 52)", () => {
  const { rt, socket } = opened(ourClass);
  const log = heard(rt, ['error']);
  socket.receives({ type: 'error', error: 'boom' });
  assert.deepEqual(log, [['error', failure('boom', undefined, { error: 'boom' })]]);
});

both('metadata that does not print is said so (contract 51)', (Class) => {
  const { rt } = opened(Class);
  const log = heard(rt, ['error']);
  const error = {
    message: Object.create(null),
    code: {
      toString: () => {
        throw new Error('no');
      },
    },
  };
  rt._onError({ type: 'error', error });
  assert.equal(
    log[0][1].message,
    '[unserializable error value] code=[unserializable error value] param=undefined type=undefined event_id=undefined',
  );
});

for (const frame of ['{bad', '', '\ufeff{"type":"a"}', '{"type":"a","x":NaN}', 'undefined']) {
  both(
    `what is no JSON is an error without a word of it: ${JSON.stringify(frame)} (contracts 43 and 47)`,
    (Class) => {
      const { rt, socket } = opened(Class);
      let error;
      rt.on('event', assert.fail).on('error', (failed) => (error = failed));
      socket.receives(frame);
      assert.deepEqual(seen(error), failure(UNPARSED, NOT_JSON));
      assert.equal(error.cause.cause, undefined);
      assert.ok(Object.hasOwn(error, 'cause'));
    },
  );
}

for (const frame of [
  '{"no":1}',
  '{"type":1}',
  '{"type":null}',
  '{"type":{}}',
  '{"type":["a"]}',
  '[]',
  '[{"type":"a"}]',
  'null',
  '"text"',
  '0',
  'false',
  '""',
  'true',
  '7',
  '{"__proto__":{"type":"x"}}',
]) {
  both(`what is no event is an error: ${frame} (contract 42)`, (Class) => {
    const { rt, socket } = opened(Class);
    const log = heard(rt, ['event', 'error', 'x', 'a']);
    socket.receives(frame);
    assert.deepEqual(log, [['error', failure(UNPARSED, NOT_AN_EVENT)]]);
  });
}

for (const frame of [
  '{"type":""}',
  '{"type":"future.unknown"}',
  '{"type":"__proto__"}',
  '{"type":"constructor"}',
  '{"type":"toString"}',
  '{"type":"hasOwnProperty"}',
  '{"type":"valueOf"}',
  '{"type":"z","__proto__":{"a":1}}',
  ' \n{"type":"a"}\t ',
  '{"type":"a","x":1e400}',
  '{"type":"a","x":"\\ud800"}',
  '{"type":"first","type":"last"}',
  '{"type":"close"}',
  '{"type":"reconnecting"}',
]) {
  both(
    `an event of any type is told, first to all: ${frame} (contracts 41, 45 and 47)`,
    (Class) => {
      const { rt, socket } = opened(Class);
      const event = JSON.parse(frame);
      const log = heard(rt, [event.type, 'event', 'error']);
      socket.receives(frame);
      socket.receives('{"type":"b"}');
      assert.deepEqual(log, [
        ['event', event],
        [event.type, event],
        ['event', { type: 'b' }],
      ]);
      assert.deepEqual(Object.keys(log[0][1]), Object.keys(event));
    },
  );
}

both('an event called `event` is told twice (contract 48)', (Class) => {
  const { rt, socket } = opened(Class);
  const log = heard(rt, ['event']);
  socket.receives({ type: 'event' });
  assert.deepEqual(log, [
    ['event', { type: 'event' }],
    ['event', { type: 'event' }],
  ]);
});

both('a bad frame breaks nothing (contracts 46 and 57)', (Class) => {
  const { rt, socket } = opened(Class);
  const log = heard(rt, ['event', 'error']);
  socket.receives('{');
  socket.receives({ type: 'error', error: { message: 'm' } });
  socket.receives({ type: 'a' });
  assert.deepEqual(
    log.map(([name]) => name),
    ['error', 'event', 'error', 'event'],
  );
  assert.deepEqual(socket.closes, []);
});

both('a frame that does not become text fails with the very same cause (contract 44)', (Class) => {
  for (const cause of [new SyntaxError('its own'), new Error('broken'), 'a string', undefined]) {
    const { rt, socket } = opened(Class);
    let error;
    rt.on('error', (failed) => (error = failed));
    socket.receivesValue({
      toString: () => {
        throw cause;
      },
    });
    assert.equal(error.message, UNPARSED);
    assert.equal(error.cause, cause);
  }
});

both('a frame of an unreadable kind is an error (contract 42)', (Class) => {
  for (const data of [new Blob(['{"type":"a"}']), {}, 5, null, undefined, Symbol('s')]) {
    const { rt, socket } = opened(Class);
    const log = heard(rt, ['event', 'error']);
    socket.receivesValue(data);
    assert.deepEqual(
      log.map(([name, value]) => [name, value.message]),
      [['error', UNPARSED]],
    );
  }
});

test('a binary frame is text, too, in every runtime (contract 41)', () => {
  const { rt, socket } = opened(ourClass);
  assert.equal(socket.binaryType, 'arraybuffer');
  const log = heard(rt, ['event', 'error']);
  const bytes = new TextEncoder().encode('{"type":"a","x":"é"}');
  socket.receivesValue(bytes.buffer);
  socket.receivesValue(bytes);
  assert.deepEqual(log, [
    ['event', { type: 'a', x: 'é' }],
    ['event', { type: 'a', x: 'é' }],
  ]);
});

for (const [name, event, message, cause] of [
  ['nothing', {}, 'unknown error', null],
  ['a message', { message: 'down' }, 'down', null],
  ['an empty message and an error', { message: '', error: new Error('why') }, 'why', 'Error: why'],
  [
    'a message and an error',
    { message: 'down', error: new TypeError('why') },
    'down',
    'TypeError: why',
  ],
  ['odd values', { message: 5, error: 'text' }, 'unknown error', 'text'],
]) {
  both(`the socket's error with ${name} (contract 53)`, (Class) => {
    const { rt, socket } = opened(Class);
    const log = heard(rt, ['error']);
    socket.fails(event);
    assert.deepEqual(log, [['error', failure(message, cause)]]);
  });
}

both(
  'an error that nobody hears is a rejection that nobody handles (contracts 43 and 55)',
  async (Class) => {
    const rejected = await unhandled(() => {
      const { socket } = opened(Class);
      socket.receives({ type: 'error', event_id: 'u', error: { message: 'm', type: 't' } });
      socket.receives('secret{');
    });
    const hint =
      "\n\nTo resolve these unhandled rejection errors you should bind an `error` callback, e.g. `rt.on('error', (error) => ...)` ";
    assert.deepEqual(rejected.map(seen), [
      failure(`m code=undefined param=undefined type=t event_id=undefined${hint}`, undefined, {
        event_id: 'u',
        error: { message: 'm', type: 't' },
      }),
      failure(UNPARSED + hint, NOT_JSON),
    ]);
    assert.ok(!rejected.some((error) => `${error.stack}${error.cause?.stack}`.includes('secret')));
  },
);

both('a pending `emitted` hears errors (contracts 56 and 61)', async (Class) => {
  const { rt, socket } = opened(Class);
  const pending = rt.emitted('session.created');
  socket.receives({ type: 'error', error: { message: 'm' } });
  await assert.rejects(pending, { name: 'OpenAIRealtimeError', error: { message: 'm' } });
});

both('events of a socket that is not open any more are told all the same', (Class) => {
  const rt = new Class({ model: 'm' }, client());
  const log = heard(rt, ['event']);
  latest().receives({ type: 'early' });
  latest().ends(1000);
  latest().receives({ type: 'late' });
  assert.deepEqual(
    log.map(([, event]) => event.type),
    ['early', 'late'],
  );
});
