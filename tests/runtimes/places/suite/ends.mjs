// Sessions that are closed, break, and reconnect.

import { assert, equal, next, thrown } from './harness.mjs';
import { say } from './session.mjs';

export const ends = {
  /** Contract 66: nothing is thrown, in no runtime. */
  async sending_too_early_is_an_error({ open }) {
    const rt = open();
    const failed = rt.emitted('error');
    rt.send({ type: 'response.create' });
    equal((await failed).message, 'could not send data');
    await rt.emitted('session.created');
  },

  /** Contract 66: what comes too late is dropped, in silence. */
  async sending_too_late_is_nothing({ open }) {
    const rt = open();
    await rt.emitted('session.created');
    const errors = [];
    rt.on('error', (error) => errors.push(error.message));
    const closed = next(rt.socket, 'close');
    rt.close();
    rt.send({ type: 'response.create' });
    await closed;
    rt.send({ type: 'response.create' });
    equal(errors, []);
  },

  /**
   * Contract 65: whatever the value, an error is told and nothing is thrown; and the session goes
   * on.
   */
  async what_json_cannot_say_is_an_error({ open }) {
    const rt = open();
    await rt.emitted('session.created');
    const cyclic = { type: 'response.create' };
    cyclic.self = cyclic;
    const getter = Object.defineProperty({}, 'type', {
      enumerable: true,
      get: () => JSON.parse('{'),
    });
    const proxy = new Proxy({}, { ownKeys: () => JSON.parse('{') });
    const hostile = [
      cyclic,
      { type: 'x', n: 1n },
      getter,
      proxy,
      { toJSON: () => JSON.parse('{') },
    ];
    const errors = [];
    rt.on('error', (error) => errors.push([error.message, error.cause instanceof Error]));
    hostile.forEach((event) => rt.send(event));
    equal(
      errors,
      hostile.map(() => ['could not send data', true]),
    );
    rt.off('error', errors.push);
    const updated = rt.emitted('session.updated');
    rt.send({ type: 'session.update', session: { type: 'realtime' } });
    await updated;
  },

  /** Contract 67. */
  async closing_says_so({ open }) {
    const rt = open();
    await rt.emitted('session.created');
    const closed = next(rt.socket, 'close');
    rt.close();
    const { code, reason } = await closed;
    equal([code, reason], [1000, 'OK']);
    rt.close();
    equal(rt.socket.readyState, 3, 'the state');
  },

  async closing_with_a_code_of_ones_own({ open }) {
    const rt = open();
    await rt.emitted('session.created');
    const closed = next(rt.socket, 'close');
    rt.close({ code: 4001, reason: 'that is all — danke' });
    const { code, reason } = await closed;
    equal([code, reason], [4001, 'that is all — danke']);
  },

  /** Contract 67: a runtime that refuses has its own reason for it. */
  async closing_as_one_may_not_is_an_error({ open }) {
    for (const bad of [
      { code: 1005 },
      { code: 2999 },
      { code: 5000 },
      { reason: 'ü'.repeat(62) },
    ]) {
      const rt = open();
      await rt.emitted('session.created');
      const failed = rt.emitted('error');
      rt.close(bad);
      const error = await failed;
      equal(error.message, 'could not close the connection', JSON.stringify(bad));
      assert(error.cause instanceof Error, `${error.cause}`);
      rt.close();
    }
  },

  /** Contract 68. */
  async closing_before_it_is_open({ open }) {
    const rt = open();
    rt.on('error', () => {});
    const closed = next(rt.socket, 'close');
    rt.close();
    await closed;
  },

  async the_servers_close_is_reported({ open }) {
    const rt = open('close=4000@1');
    const { code, reason } = await next(rt.socket, 'close');
    equal([code, reason], [4000, 'as requested']);
  },

  /** Contract 53: with whatever words the runtime has. */
  async a_refused_handshake_is_an_error({ open, OpenAIRealtimeError }) {
    // Node asks a second time.
    const rt = open('refuse=401*');
    const closed = next(rt.socket, 'close');
    const error = await rt.emitted('error');
    assert(error instanceof OpenAIRealtimeError && error.message !== '', `${error}`);
    assert(!error.message.includes('ek_test'), 'the key is in no error');
    await closed;
  },

  /** Contract 55: the hint, to whoever hears of rejections that nobody handles. */
  async an_error_that_nobody_hears({ open, unhandledRejection }) {
    const rt = open();
    await rt.emitted('session.created');
    const rejection = unhandledRejection();
    rt.send(1n);
    const { name, message } = await rejection;
    equal(
      [name, message],
      [
        'OpenAIRealtimeError',
        "could not send data\n\nTo resolve these unhandled rejection errors you should bind an `error` callback, e.g. `rt.on('error', (error) => ...)` ",
      ],
    );
  },

  /**
   * Contracts 81, 89 and 90: a connection that the network broke is made anew, and what waited is
   * flushed.
   */
  async a_broken_connection_comes_back({ open, told }) {
    const rt = open('drop@3/refuse=503/ok', {
      reconnect: true,
      reconnectInitialDelay: 20,
      maxQueueBytes: 10_000,
    });
    // Some runtimes report the break itself.
    rt.on('error', () => {});
    const outages = [];
    rt.on('reconnecting', ({ attempt, maxAttempts, closeCode }) => {
      outages.push([attempt, maxAttempts, closeCode]);
      if (attempt === 1) {
        say(rt, 'Still there?');
      }
    });
    await told(rt, 'session.created');
    const before = rt.socket;
    rt.send({ type: 'session.update', session: { type: 'realtime' } });
    rt.send({ type: 'session.update', session: { type: 'realtime' } });
    await told(rt, 'reconnected');
    equal(outages, [
      [1, 5, 1006],
      [2, 5, 1006],
    ]);
    assert(rt.socket !== before && rt.socket.readyState === 1, 'a new socket');
    const updated = told(rt, 'session.updated');
    rt.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
    await updated;
    const reply = told(rt, 'response.output_text.done');
    rt.flushPending();
    equal((await reply)[0].text, 'You said: Still there?');
  },

  /** Contract 82: what was not sent comes back with the one and only `close`. */
  async closing_in_an_outage_gives_back_what_waited({ open, told }) {
    const rt = open('drop@1/refuse=503*', {
      reconnect: true,
      reconnectInitialDelay: 60_000,
      maxQueueBytes: 1000,
    });
    rt.on('error', () => {});
    await told(rt, 'reconnecting');
    rt.send({ type: 'response.create' });
    const closed = told(rt, 'close');
    rt.close({ code: 4002, reason: 'enough' });
    equal(await closed, [
      4002,
      'enough',
      [{ type: 'message', message: { type: 'response.create' } }],
    ]);
  },
};

export const guards = {
  /** Contracts 35 to 37: what is in a page, everybody can read. */
  async an_api_key_is_refused_in_browsers({
    OpenAIRealtimeWebSocket,
    OpenAIError,
    client,
    keep,
    isBrowser,
  }) {
    const make = (props) =>
      keep(new OpenAIRealtimeWebSocket({ model: 'gpt-realtime', ...props }, client('sk-test')));
    if (isBrowser) {
      const error = await thrown(() => make());
      assert(error instanceof OpenAIError, `${error}`);
      equal(
        error.message,
        "It looks like you're running in a browser-like environment.\n\nThis is disabled by default, as it risks exposing your secret API credentials to attackers.\n\nYou can avoid this error by creating an ephemeral session token:\nhttps://platform.openai.com/docs/api-reference/realtime-sessions\n",
      );
    }
    const rt = make(isBrowser ? { dangerouslyAllowBrowser: true } : {});
    await rt.emitted('session.created');
  },

  /** Contracts 23, 30 and 31: Azure's key is a header, or nothing is opened. */
  async an_azure_key_is_a_header({
    OpenAIRealtimeWebSocket,
    OpenAIError,
    client,
    emulator,
    keep,
    takesHeaders,
    isBrowser,
  }) {
    const azure = {
      ...client('sk-test'),
      deploymentName: 'my-deployment',
      apiVersion: '2026-01-01',
    };
    const open = () =>
      OpenAIRealtimeWebSocket.azure(azure, isBrowser ? { dangerouslyAllowBrowser: true } : {});
    if (!takesHeaders) {
      const error = await thrown(open);
      assert(error instanceof OpenAIError, `${error}`);
      assert(
        error.message.startsWith('Azure OpenAI Realtime credentials require a WebSocket transport'),
        error.message,
      );
      return;
    }
    const rt = keep(await open());
    equal(rt.url.href, `${emulator}/realtime?model=my-deployment&api-key=%3CREDACTED%3E`);
    await rt.emitted('session.created');
  },
};
