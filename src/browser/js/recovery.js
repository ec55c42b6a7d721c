// Reconnecting, for those who ask for it (contracts 73, 77 to 82, 89 and 90). The core decides; here its decisions are
// carried out, inside the callbacks of sockets and timers.

import * as core from './core.js';
import { refusal } from './errors.js';
import { closeSocket } from './socket.js';

const [CONNECTING, OPEN] = [0, 1];

const LONGEST_DELAY = 2 ** 31 - 1;
const LARGEST = 2 ** 32 - 1;

/** Refuses settings that cannot be meant (contract 89); `url` is the connection's, once it is known. */
export function checkRecovery(options, url) {
  if (options.reconnect && (url?.searchParams.has('intent') || url?.searchParams.has('call_id'))) {
    throw refusal('recovery');
  }
  const delays = [options.reconnectInitialDelay, options.reconnectMaxDelay];
  const limits = [options.maxReconnectAttempts, ...delays, options.maxQueueBytes];
  if (limits.some((limit) => limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0))) {
    throw refusal('limits');
  }
  if (delays.some((delay) => delay > LONGEST_DELAY)) {
    throw refusal('delays');
  }
}

/** What keeps a session connected. */
export class Recovery {
  #core;
  #session;
  #socket;
  #timer;
  /** What the caller closed with. */
  #closing;
  /** Why the latest attempt failed. */
  #cause;

  /** Whether `close` was emitted: nothing comes after it. */
  isClosed = false;

  /**
   * `session` does what is to be done: `buildURL()`, `prepare()` that resolves to what opens a socket for a URL,
   * `tell(name, ...values)`, and `fail(message, cause)`.
   */
  constructor(options, session) {
    const { maxReconnectAttempts = 5, reconnectInitialDelay = 500, reconnectMaxDelay = 8000, maxQueueBytes = 0 } = options;
    this.#core = new core.Recovery(
      Math.min(maxReconnectAttempts, LARGEST),
      reconnectInitialDelay,
      reconnectMaxDelay,
      Math.min(maxQueueBytes, LARGEST),
      Math.random() * LARGEST,
    );
    this.#session = session;
  }

  get isReconnecting() {
    return !this.isClosed && this.#core.is_reconnecting();
  }

  /** Takes a socket over, in the place of the one before. */
  watch(socket) {
    this.#socket = socket;
    const isCurrent = () => socket === this.#socket && !this.isClosed;
    socket.addEventListener('open', () => {
      // Whoever listens to the socket itself hears of it first.
      queueMicrotask(() => {
        if (isCurrent() && !this.#closing && socket.readyState === OPEN) {
          this.#core.opened();
          this.#run();
        }
      });
    });
    socket.addEventListener('error', ({ message, error }) => {
      if (isCurrent()) {
        const words = message || error?.message || 'WebSocket error';
        const cause = error ? new Error(words, { cause: error }) : new Error(words);
        if (this.isReconnecting) {
          this.#cause = cause;
        } else {
          this.#session.fail(words, cause);
        }
      }
    });
    socket.addEventListener('close', ({ code, reason }) => {
      if (!isCurrent()) {
        return;
      }
      if (this.#closing) {
        const closing = this.isReconnecting ? this.#closing : { code, reason };
        this.#end(closing.code, closing.reason);
        return;
      }
      this.#cause ??= new Error('socket closed before open');
      // Deno's word for a connection that broke off is 0.
      this.#core.closed(code || 1006, reason);
      this.#run();
    });
  }

  /** Does what the core has decided. */
  #run() {
    let notice;
    while (!this.isClosed && (notice = this.#core.poll())) {
      const [name, ...values] = notice;
      switch (name) {
        case 'connect':
          this.#connect();
          break;
        case 'reconnecting':
          this.#reconnecting(...values);
          break;
        case 'reconnected':
          this.#cause = undefined;
          this.#session.tell('reconnected');
          break;
        case 'failed':
          this.#fail('WebSocket reconnect failed after {} attempts (close code: {})', values);
          break;
        case 'aborted':
          this.#fail('WebSocket reconnect aborted: non-recoverable close code {}', values);
          break;
        case 'closed':
          this.#closed(...values);
          break;
      }
    }
  }

  #reconnecting(attempt, maxAttempts, delay, closeCode) {
    try {
      this.#session.tell('reconnecting', { attempt, maxAttempts, delay, closeCode, parameters: undefined });
    } catch (error) {
      const words = 'onReconnecting callback threw';
      try {
        this.#session.fail(words, error);
      } finally {
        this.#end(closeCode, words);
      }
      return;
    }
    if (this.#closing) {
      this.#end(this.#closing.code, this.#closing.reason);
      return;
    }
    this.#timer = setTimeout(() => {
      this.#core.time_is_up();
      this.#run();
    }, delay);
  }

  async #connect() {
    this.#cause = undefined;
    let socket;
    try {
      const url = this.#session.buildURL();
      const open = await this.#session.prepare();
      if (this.isClosed) {
        return;
      }
      socket = open(url);
    } catch (error) {
      if (!this.isClosed) {
        this.#cause = error;
        this.#core.not_made();
        this.#run();
      }
      return;
    }
    this.watch(socket);
  }

  /** The end follows, whatever a listener throws. */
  #fail(words, values) {
    try {
      this.#session.fail(values.reduce((text, value) => text.replace('{}', value), words), this.#cause);
    } finally {
      this.#run();
    }
  }

  #end(code, reason) {
    if (!this.isClosed) {
      this.#closed(code, reason, this.#core.finish());
    }
  }

  #closed(code, reason, unsent) {
    this.isClosed = true;
    clearTimeout(this.#timer);
    this.#core.free();
    this.#session.tell('close', code, reason, unsent.map(unpack));
  }

  /** Sends what makes `text()`, or holds it back in an outage. */
  send(text, raw) {
    if (this.isClosed || this.#closing) {
      this.#session.fail('cannot send on a closed WebSocket');
      return;
    }
    const holds = this.isReconnecting;
    if (!holds && this.#socket.readyState === CONNECTING) {
      this.#session.fail('cannot send before the WebSocket is open');
      return;
    }
    if (!holds && this.#socket.readyState !== OPEN) {
      this.#session.fail('cannot send on a closed WebSocket');
      return;
    }
    let held = true;
    try {
      if (holds) {
        held = this.#hold(text(), raw);
      } else {
        this.#socket.send(text());
      }
    } catch (cause) {
      this.#session.fail('could not send data', cause);
    }
    if (!held) {
      this.#session.fail('send queue is full, message discarded');
    }
  }

  #hold(text, raw) {
    if (text === undefined) {
      throw new TypeError('WebSocket event could not be serialized as JSON');
    }
    return this.#core.hold(text, raw);
  }

  flushPending() {
    const isOpen = () => !this.isClosed && !this.#closing && !this.isReconnecting && this.#socket.readyState === OPEN;
    if (!isOpen()) {
      this.#session.fail('cannot flush before the WebSocket is open');
      return;
    }
    let text;
    while (isOpen() && (text = this.#core.next_pending()) !== undefined) {
      try {
        this.#socket.send(text);
      } catch (cause) {
        this.#session.fail('could not send queued data', cause);
        return;
      }
    }
  }

  takePending() {
    return this.isClosed ? [] : this.#core.take_pending().map(unpack);
  }

  close(code, reason) {
    this.#closing = { code, reason };
    try {
      closeSocket(this.#socket, code, reason);
    } catch (cause) {
      try {
        this.#session.fail('could not close the connection', cause);
      } finally {
        try {
          this.#socket.close();
        } finally {
          this.#end(code, reason);
        }
      }
      return;
    }
    if (this.isReconnecting && this.#socket.readyState > OPEN) {
      // There is no socket whose end would tell.
      queueMicrotask(() => this.#end(code, reason));
    }
  }
}

/** An event that was not sent, as the caller had it. */
function unpack([raw, text]) {
  return raw ? { type: 'raw', data: text } : { type: 'message', message: JSON.parse(text) };
}
