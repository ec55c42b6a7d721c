// A connection that breaks, for those who ask for its recovery (contracts 73, 77 to 82, and 89 to
// 93).

import assert from 'node:assert/strict';
import { afterEach, mock } from 'node:test';
import { azureClient, both, client, heard, thrownBy } from './both.mjs';
import { latest, sockets } from './fake.mjs';

const NAMES = ['event', 'error', 'reconnecting', 'reconnected', 'close', 'x'];

afterEach(() => {
  mock.timers.reset();
  sockets.splice(0);
});

/** Lets pending promises go on; timers stand still. */
async function turn() {
  for (let n = 0; n < 20; n += 1) {
    await null;
  }
}

/** Lets time pass. */
async function pass(millis) {
  mock.timers.tick(millis);
  await turn();
}

function recovering(Class, options = {}, known = client()) {
  mock.timers.enable({ apis: ['setTimeout'] });
  const props = { model: 'm', reconnect: true, ...options };
  const rt = new Class(props, known);
  return { rt, socket: latest(), log: heard(rt, NAMES) };
}

/** A session that was open, and lost its connection. */
async function broken(Class, options, code = 1006) {
  const session = recovering(Class, options);
  session.socket.opens();
  await turn();
  session.socket.ends(code, 'why');
  return session;
}

/** The log without the delays, which are random. */
function told(log) {
  return log.splice(0).map(([name, ...values]) => {
    if (name === 'reconnecting') {
      const [{ delay, ...rest }] = values;
      return [name, rest];
    }
    return [
      name,
      ...values.map((value) =>
        value?.name === 'OpenAIRealtimeError' ? [value.message, value.cause] : value,
      ),
    ];
  });
}

function reconnecting(attempt, closeCode, maxAttempts = 5) {
  return ['reconnecting', { attempt, maxAttempts, closeCode, parameters: undefined }];
}

for (const [options, message] of [
  [{ callID: 'c' }, 'Automatic Realtime recovery requires a model session'],
  [{ intent: 'transcription' }, 'Automatic Realtime recovery requires a model session'],
  [
    { model: 'm', buildRealtimeURL: () => new URL('wss://a.b/?call_id=1') },
    'Automatic Realtime recovery requires a model session',
  ],
  ...[-1, 1.5, NaN, Infinity, '5', null, 2 ** 53].flatMap((value) =>
    ['maxReconnectAttempts', 'reconnectInitialDelay', 'reconnectMaxDelay', 'maxQueueBytes'].map(
      (name) => [
        { model: 'm', [name]: value },
        'Realtime recovery limits must be nonnegative safe integers',
      ],
    ),
  ),
  [
    { model: 'm', reconnectMaxDelay: 2 ** 31 },
    'Realtime reconnect delays must not exceed 2147483647 ms',
  ],
]) {
  both(
    `what cannot be meant is refused: ${JSON.stringify(options)} (contract 89)`,
    async (Class) => {
      assert.deepEqual(await thrownBy(() => new Class({ reconnect: true, ...options }, client())), {
        name: 'Error',
        message,
      });
      assert.deepEqual(sockets, []);
    },
  );
}

both('the bounds are large (contract 89)', (Class) => {
  const most = Number.MAX_SAFE_INTEGER;
  recovering(Class, {
    maxReconnectAttempts: most,
    reconnectInitialDelay: 2 ** 31 - 1,
    reconnectMaxDelay: 2 ** 31 - 1,
    maxQueueBytes: most,
  });
  assert.equal(sockets.length, 1);
});

for (const code of [1001, 1005, 1006, 1011, 1012, 1013]) {
  both(
    `a connection that ends with ${code} is made anew, after a while (contracts 73, 78 and 90)`,
    async (Class) => {
      const { rt, socket, log } = await broken(Class, {}, code);
      assert.equal(log.length, 1);
      const { delay } = log[0][1];
      assert.ok(Number.isInteger(delay) && delay >= 375 && delay <= 500, `${delay}`);
      assert.deepEqual(told(log), [reconnecting(1, code)]);
      await pass(delay - 1);
      assert.equal(latest(), socket);
      await pass(1);
      assert.notEqual(latest(), socket);
      assert.equal(latest().url, socket.url);
      assert.deepEqual(latest().argument, socket.argument);
      assert.equal(rt.socket, latest());
      latest().opens();
      await turn();
      assert.deepEqual(told(log), [['reconnected']]);
      latest().receives({ type: 'x' });
      assert.deepEqual(told(log), [
        ['event', { type: 'x' }],
        ['x', { type: 'x' }],
      ]);
    },
  );
}

for (const code of [1000, 1002, 1003, 1007, 1008, 1009, 1010, 1015, 3000, 4000]) {
  both(`a connection that ends with ${code} is over (contracts 73 and 82)`, async (Class) => {
    const { log } = await broken(Class, {}, code);
    assert.deepEqual(told(log), [['close', code, 'why', []]]);
    await pass(10_000);
    assert.equal(sockets.length, 1);
  });
}

both('no attempts allowed, no attempt (contract 77)', async (Class) => {
  const { log } = await broken(Class, { maxReconnectAttempts: 0 });
  assert.deepEqual(told(log), [['close', 1006, 'why', []]]);
});

both(
  'the waits double up to the longest, the attempts count for life (contracts 78 and 89)',
  async (Class) => {
    const { log } = await broken(Class, { reconnectInitialDelay: 100, reconnectMaxDelay: 300 });
    const delays = [];
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      delays.push(log.at(-1)[1].delay);
      await pass(300);
      latest().ends(1006);
      await turn();
    }
    delays.push(log.at(-1)[1].delay);
    const most = [100, 200, 300, 300];
    assert.ok(
      delays.every((delay, index) => delay >= most[index] * 0.75 && delay <= most[index]),
      `${delays}`,
    );
    await pass(300);
    latest().opens();
    await turn();
    latest().ends(1012);
    assert.ok(log.at(-1)[1].delay <= 100, 'an outage begins anew');
    assert.deepEqual(told(log), [
      reconnecting(1, 1006),
      reconnecting(2, 1006),
      reconnecting(3, 1006),
      reconnecting(4, 1006),
      ['reconnected'],
      reconnecting(5, 1012),
    ]);
  },
);

both('when the attempts are used up: an error, then the end (contract 80)', async (Class) => {
  const { rt, log } = await broken(Class, { maxReconnectAttempts: 2, maxQueueBytes: 100 });
  rt.send({ type: 'a' });
  await pass(500);
  latest().fails({ message: 'no network' });
  latest().ends(1006);
  await turn();
  await pass(1000);
  latest().ends(1013, 'later');
  await turn();
  assert.deepEqual(told(log), [
    reconnecting(1, 1006, 2),
    reconnecting(2, 1006, 2),
    [
      'error',
      [
        'WebSocket reconnect failed after 2 attempts (close code: 1013)',
        'Error: socket closed before open',
      ],
    ],
    [
      'close',
      1013,
      'reconnect failed after 2 attempts',
      [{ type: 'message', message: { type: 'a' } }],
    ],
  ]);
  await pass(100_000);
  assert.equal(sockets.length, 3);
});

both('an attempt that the server refuses for good ends it (contracts 80 and 91)', async (Class) => {
  const { log } = await broken(Class);
  await pass(500);
  latest().fails({ message: 'refused' });
  latest().ends(4001, 'no');
  await turn();
  assert.deepEqual(told(log), [
    reconnecting(1, 1006),
    ['error', ['WebSocket reconnect aborted: non-recoverable close code 4001', 'Error: refused']],
    ['close', 4001, 'reconnect aborted', []],
  ]);
});

both('a first connection that does not come about is tried again, too', async (Class) => {
  const { socket, log } = recovering(Class);
  socket.fails({ message: 'no network' });
  socket.ends(1006);
  assert.deepEqual(told(log), [
    ['error', ['no network', 'Error: no network']],
    reconnecting(1, 1006),
  ]);
  await pass(500);
  latest().opens();
  await turn();
  assert.deepEqual(told(log), [['reconnected']]);
});

both(
  "an open socket's errors are told, and end nothing; an attempt's are not (contract 81)",
  async (Class) => {
    const { socket, log } = recovering(Class);
    socket.opens();
    await turn();
    socket.fails();
    socket.fails({ message: 'a' });
    socket.fails({ error: new Error('b') });
    assert.deepEqual(told(log), [
      ['error', ['WebSocket error', 'Error: WebSocket error']],
      ['error', ['a', 'Error: a']],
      ['error', ['b', 'Error: b']],
    ]);
  },
);

both('the socket before is not heard any more (contract 81)', async (Class) => {
  const { socket, log } = await broken(Class);
  await pass(500);
  latest().opens();
  await turn();
  told(log);
  socket.receives({ type: 'x' });
  socket.fails();
  socket.ends(1006);
  assert.deepEqual(told(log), []);
});

both(
  'what is sent in an outage waits, in order, within its bound, for flushPending (contracts 72 and 90)',
  async (Class) => {
    const { rt, log } = await broken(Class, { maxQueueBytes: 40 });
    const event = { type: 'a', text: 'é' };
    rt.send(event);
    event.text = 'changed';
    rt.sendResponseCreate({ type: 'b' });
    rt.send({ type: 'too large' });
    told(log);
    await pass(500);
    const socket = latest();
    rt.flushPending();
    assert.deepEqual(told(log), [
      ['error', ['cannot flush before the WebSocket is open', undefined]],
    ]);
    socket.opens();
    await turn();
    assert.deepEqual(socket.sent, []);
    rt.send({ type: 'first' });
    rt.flushPending();
    rt.flushPending();
    assert.deepEqual(socket.sent, ['{"type":"first"}', '{"type":"a","text":"é"}', '{"type":"b"}']);
    assert.deepEqual(told(log), [['reconnected']]);
  },
);

for (const [bytes, kept] of [
  [0, 0],
  [12, 0],
  [13, 1],
  [25, 1],
  [26, 2],
]) {
  both(`${bytes} bytes hold ${kept} events of 13 (contract 90)`, async (Class) => {
    const { rt, log } = await broken(Class, { maxQueueBytes: bytes });
    told(log);
    rt.send({ type: 'é' });
    rt.send({ type: 'é' });
    const full = ['error', ['send queue is full, message discarded', undefined]];
    assert.deepEqual(told(log), Array(2 - kept).fill(full));
    assert.equal(rt.takePending().length, kept);
    assert.deepEqual(rt.takePending(), []);
  });
}

both('takePending gives back what waits, as it was given (contracts 71 and 90)', async (Class) => {
  const { rt } = await broken(Class, { maxQueueBytes: 1000 });
  rt.send({ type: 'a' });
  rt.sendResponseCreate({ type: 'b' });
  assert.deepEqual(rt.takePending(), [
    { type: 'message', message: { type: 'a' } },
    { type: 'raw', data: '{"type":"b"}' },
  ]);
  assert.deepEqual(rt.takePending(), []);
});

both(
  'a write that fails in a flush is told, what follows it stays (contracts 75 and 90)',
  async (Class) => {
    const { rt, log } = await broken(Class, { maxQueueBytes: 1000 });
    ['a', 'b', 'c'].forEach((type) => rt.send({ type }));
    await pass(500);
    const socket = latest();
    socket.opens();
    await turn();
    told(log);
    socket.send = (text) => {
      socket.sent.push(text);
      if (text.includes('"b"')) {
        throw new Error('broken pipe');
      }
    };
    rt.flushPending();
    assert.deepEqual(told(log), [['error', ['could not send queued data', 'Error: broken pipe']]]);
    assert.deepEqual(rt.takePending(), [{ type: 'message', message: { type: 'c' } }]);
  },
);

both('what cannot be written in an outage is told (contract 90)', async (Class) => {
  const { rt, log } = await broken(Class, { maxQueueBytes: 1000 });
  told(log);
  rt.send(1n);
  rt.send(undefined);
  rt.send({
    toJSON: () => {
      throw new Error('mine');
    },
  });
  assert.deepEqual(
    told(log).map(([, [message, cause]]) => [message, cause.split(':')[0]]),
    [
      ['could not send data', 'TypeError'],
      ['could not send data', 'TypeError'],
      ['could not send data', 'Error'],
    ],
  );
  assert.deepEqual(rt.takePending(), []);
});

both(
  'nothing is sent before the first connection is open, nor after the end (contract 90)',
  async (Class) => {
    const { rt, socket, log } = recovering(Class, { maxQueueBytes: 1000 });
    const early = ['error', ['cannot send before the WebSocket is open', undefined]];
    const late = ['error', ['cannot send on a closed WebSocket', undefined]];
    rt.send({ type: 'a' });
    rt.sendResponseCreate({ type: 'b' });
    rt.flushPending();
    assert.deepEqual(told(log), [
      early,
      early,
      ['error', ['cannot flush before the WebSocket is open', undefined]],
    ]);
    socket.opens();
    socket.readyState = 2;
    rt.send({ type: 'c' });
    rt.flushPending();
    assert.deepEqual(told(log), [
      late,
      ['error', ['cannot flush before the WebSocket is open', undefined]],
    ]);
    socket.ends(1000, 'bye');
    rt.send({ type: 'd' });
    rt.sendResponseCreate({ type: 'e' });
    assert.deepEqual(told(log), [['close', 1000, 'bye', []], late, late]);
    assert.deepEqual(socket.sent, []);
    assert.deepEqual(rt.takePending(), []);
  },
);

both('close ends it, with what the peer answers (contracts 67 and 82)', async (Class) => {
  const { rt, socket, log } = recovering(Class);
  socket.opens();
  await turn();
  rt.close();
  assert.deepEqual(socket.closes, [[1000, 'OK']]);
  rt.send({ type: 'a' });
  assert.deepEqual(told(log), [['error', ['cannot send on a closed WebSocket', undefined]]]);
  socket.receives({ type: 'x' });
  socket.ends(1006, '');
  assert.deepEqual(told(log), [
    ['event', { type: 'x' }],
    ['x', { type: 'x' }],
    ['close', 1006, '', []],
  ]);
  socket.receives({ type: 'x' });
  socket.ends(1000);
  assert.deepEqual(told(log), []);
});

both('close before the first connection is open (contract 68)', async (Class) => {
  const { rt, socket, log } = recovering(Class);
  rt.close({ code: 4000, reason: 'done' });
  socket.fails({ message: 'closed too early' });
  socket.ends(1006, '');
  await turn();
  assert.deepEqual(told(log), [
    ['error', ['closed too early', 'Error: closed too early']],
    ['close', 1006, '', []],
  ]);
});

both(
  'close between two attempts: its own code and reason, and what waited (contract 80)',
  async (Class) => {
    const { rt, log } = await broken(Class, { maxQueueBytes: 100 });
    rt.send({ type: 'a' });
    rt.close({ code: 4000, reason: 'done' });
    assert.deepEqual(told(log), [reconnecting(1, 1006)], 'not in the call');
    await turn();
    assert.deepEqual(told(log), [
      ['close', 4000, 'done', [{ type: 'message', message: { type: 'a' } }]],
    ]);
    await pass(100_000);
    assert.equal(sockets.length, 1);
  },
);

both('close in an attempt (contract 80)', async (Class) => {
  const { rt, log } = await broken(Class);
  await pass(500);
  rt.close({ code: 4000, reason: 'done' });
  assert.deepEqual(latest().closes, [[4000, 'done']]);
  latest().fails();
  latest().ends(1006);
  await turn();
  assert.deepEqual(told(log), [reconnecting(1, 1006), ['close', 4000, 'done', []]]);
});

both('close while the key is asked for (contract 80)', async (Class) => {
  const known = client();
  const { rt, socket, log } = recovering(Class, {}, known);
  let give;
  known._callApiKey = (capture) =>
    new Promise((resolve) => {
      give = () => {
        capture('sk-late');
        resolve(false);
      };
    });
  socket.opens();
  await turn();
  socket.ends(1006);
  await pass(500);
  rt.close({ code: 4000, reason: 'done' });
  await turn();
  give();
  await turn();
  assert.deepEqual(told(log), [reconnecting(1, 1006), ['close', 4000, 'done', []]]);
  assert.equal(sockets.length, 1);
});

both('a close that the runtime refuses ends it all the same (contract 75)', async (Class) => {
  const { rt, socket, log } = recovering(Class);
  socket.opens();
  await turn();
  const closes = [];
  socket.close = (code, reason) => {
    closes.push([code, reason]);
    if (code !== undefined) {
      throw new RangeError('bad code');
    }
  };
  rt.close({ code: 5, reason: 'x' });
  assert.deepEqual(closes, [
    [5, 'x'],
    [undefined, undefined],
  ]);
  assert.deepEqual(told(log), [
    ['error', ['could not close the connection', 'RangeError: bad code']],
    ['close', 5, 'x', []],
  ]);
});

both('each attempt asks for the key, and builds the URL, anew (contract 91)', async (Class) => {
  let keys = 0;
  let urls = 0;
  mock.timers.enable({ apis: ['setTimeout'] });
  const known = client({ apiKey: async () => `key-${(keys += 1)}` });
  const rt = await Class.create(known, {
    model: 'm',
    reconnect: true,
    buildRealtimeURL: () => new URL(`wss://example.com/${(urls += 1)}`),
  });
  latest().opens();
  await turn();
  latest().ends(1006);
  await pass(500);
  assert.deepEqual(
    sockets.map(({ url, argument }) => [url, argument[1]]),
    [
      ['wss://example.com/1', 'openai-insecure-api-key.key-1'],
      ['wss://example.com/2', 'openai-insecure-api-key.key-2'],
    ],
  );
  assert.equal(String(rt.url), 'wss://example.com/2');
});

both('Azure reconnects with its header, and shows no credential', async (Class) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let tokens = 0;
  const rt = await Class.azure(
    azureClient({ azureADTokenProvider: async () => `t${(tokens += 1)}` }),
    { reconnect: true },
  );
  latest().opens();
  await turn();
  latest().ends(1006);
  await pass(500);
  assert.deepEqual(latest().argument, {
    protocols: ['realtime'],
    headers: { Authorization: 'Bearer t2' },
  });
  assert.equal(
    String(rt.url),
    'wss://example.com/openai/v1/realtime?model=dep&Authorization=%3CREDACTED%3E',
  );
});

both('what fails in making an attempt counts as one (contract 91)', async (Class) => {
  let urls = 0;
  mock.timers.enable({ apis: ['setTimeout'] });
  const mine = new Error('mine');
  const props = {
    model: 'm',
    reconnect: true,
    maxReconnectAttempts: 2,
    buildRealtimeURL: () => {
      if ((urls += 1) > 1) {
        throw mine;
      }
      return new URL('wss://example.com/');
    },
  };
  const rt = new Class(props, client());
  const log = heard(rt, NAMES);
  latest().opens();
  await turn();
  latest().ends(1006);
  await pass(500);
  await pass(1000);
  assert.deepEqual(told(log), [
    reconnecting(1, 1006, 2),
    reconnecting(2, 1006, 2),
    ['error', ['WebSocket reconnect failed after 2 attempts (close code: 1006)', 'Error: mine']],
    ['close', 1006, 'reconnect failed after 2 attempts', []],
  ]);
});

both('in a page an attempt wants an ephemeral key, too (contract 93)', async (Class) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  globalThis.window = { document: {} };
  try {
    const plain = { apiKey: 'ek_1', baseURL: 'https://example.com' };
    const rt = new Class({ model: 'm', reconnect: true, maxReconnectAttempts: 1 }, plain);
    const log = heard(rt, NAMES);
    latest().opens();
    await turn();
    plain.apiKey = 'sk-secret';
    latest().ends(1006);
    await pass(500);
    assert.deepEqual(told(log).at(-2), [
      'error',
      [
        'WebSocket reconnect failed after 1 attempts (close code: 1006)',
        'Error: Realtime browser connections require an ephemeral credential.',
      ],
    ]);
    assert.equal(sockets.length, 1);
  } finally {
    delete globalThis.window;
  }
});

both('a listener of `reconnecting` that throws ends it (contract 79)', async (Class) => {
  const session = recovering(Class);
  session.rt.on('reconnecting', () => {
    throw new Error('mine');
  });
  session.socket.opens();
  await turn();
  session.socket.ends(1012);
  await turn();
  assert.deepEqual(told(session.log), [
    reconnecting(1, 1012),
    ['error', ['onReconnecting callback threw', 'Error: mine']],
    ['close', 1012, 'onReconnecting callback threw', []],
  ]);
  await pass(100_000);
  assert.equal(sockets.length, 1);
});

both('a listener of `reconnecting` may close', async (Class) => {
  const session = recovering(Class);
  session.rt.on('reconnecting', () => session.rt.close({ code: 4000, reason: 'done' }));
  session.socket.opens();
  await turn();
  session.socket.ends(1012);
  await turn();
  assert.deepEqual(told(session.log), [reconnecting(1, 1012), ['close', 4000, 'done', []]]);
});

both('a listener of `reconnected` may restore, flush and close', async (Class) => {
  const { rt, log } = await broken(Class, { maxQueueBytes: 100 });
  rt.on('reconnected', () => {
    rt.send({ type: 'session.update' });
    rt.flushPending();
    rt.close();
  });
  rt.send({ type: 'a' });
  await pass(500);
  latest().opens();
  await turn();
  assert.deepEqual(latest().sent, ['{"type":"session.update"}', '{"type":"a"}']);
  latest().ends(1000, 'OK');
  assert.deepEqual(told(log).slice(1), [['reconnected'], ['close', 1000, 'OK', []]]);
});

for (const [name, act] of [
  ['closes', (rt) => rt.close({ code: 4000, reason: 'done' })],
  ['sends', (rt) => rt.send({ type: 'inner' })],
  ['flushes', (rt) => rt.flushPending()],
]) {
  both(`an event that ${name} while it is written`, async (Class) => {
    const { rt, log } = await broken(Class, { maxQueueBytes: 1000 });
    told(log);
    rt.send({ toJSON: () => (act(rt), { type: 'outer' }) });
    await turn();
    const unsent = log.flatMap(([event, , , waiting]) => (event === 'close' ? waiting : []));
    const waiting = [...unsent, ...rt.takePending()].map(({ message }) => message.type);
    assert.deepEqual(waiting, name === 'sends' ? ['inner', 'outer'] : ['outer']);
  });
}

both(
  "the server's events by the names of the connection's are told to all only (contract 48)",
  async (Class) => {
    const { socket, log } = recovering(Class);
    socket.opens();
    await turn();
    for (const type of ['close', 'reconnecting', 'reconnected']) {
      socket.receives({ type });
    }
    assert.deepEqual(log.splice(0), [
      ['event', { type: 'close' }],
      ['event', { type: 'reconnecting' }],
      ['event', { type: 'reconnected' }],
    ]);
  },
);

both('an opening that is over at once is no opening', async (Class) => {
  const { log } = await broken(Class);
  await pass(500);
  latest().opens();
  latest().ends(1006);
  await turn();
  assert.deepEqual(told(log), [reconnecting(1, 1006), reconnecting(2, 1006)]);
});
