// Reconnecting, where the caller asked for it (contracts 73, 77 to 82, 89 and 90). The core
// decides; this file carries its decisions out, inside the callbacks of sockets and timers.

import * as core from './core.js';
import { refusal } from './errors.js';
import { closeSocket, explain } from './socket.js';

const [CONNECTING, OPEN] = [0, 1];

const LONGEST_DELAY = 2 ** 31 - 1;
const LARGEST = 2 ** 32 - 1;

/** Refuses invalid settings (contract 89). `url` is the connection's, once it is known. */
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

/** Keeps a session connected. */
export class Recovery {
  #core;
  #session;
  #socket;
  #timer;
  /** Code and reason that the caller closed with. */
  #closing;
  /** Reason why the latest attempt failed. */
  #cause;

  /** Set when `close` was emitted. Nothing is emitted after it. */
  isClosed = false;

  /**
   * `session` has `buildURL()`; `prepare()`, which resolves to a function from a URL to an open
   * socket; `tell(name, ...values)`, which emits an event; and `fail(message, cause)`, which emits
   * an error.
   */
  constructor(options, session) {
    const {
      maxReconnectAttempts = 5,
      reconnectInitialDelay = 500,
      reconnectMaxDelay = 8000,
      maxQueueBytes = 0,
    } = options;
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

  /** Watches a socket in place of the one before. */
  watch(socket) {
    this.#socket = socket;
    const isCurrent = () => socket === this.#socket && !this.isClosed;
    socket.addEventListener('open', () => {
      // Listeners of the socket itself run first.
      queueMicrotask(() => {
        if (isCurrent() && !this.#closing && socket.readyState === OPEN) {
          this.#core.opened();
          this.#run();
        }
      });
    });
    socket.addEventListener('error', (event) => {
      if (isCurrent()) {
        const { words = 'WebSocket error', cause: reason } = explain(socket, event);
        const cause = reason ? new Error(words, { cause: reason }) : new Error(words);
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
      // Deno reports a broken connection with code 0.
      this.#core.closed(code || 1006, reason);
      this.#run();
    });
  }

  /** Carries out the core's decisions. */
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
      this.#session.tell('reconnecting', {
        attempt,
        maxAttempts,
        delay,
        closeCode,
        parameters: undefined,
      });
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

  /** Emits an error, then goes on even if a listener throws. */
  #fail(words, values) {
    try {
      this.#session.fail(
        values.reduce((text, value) => text.replace('{}', value), words),
        this.#cause,
      );
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

  /** Sends the text that `text()` returns, or queues it in an outage. */
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
    const isOpen = () =>
      !this.isClosed && !this.#closing && !this.isReconnecting && this.#socket.readyState === OPEN;
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
      // No socket is open whose end could be awaited.
      queueMicrotask(() => this.#end(code, reason));
    }
  }
}

/** Returns an unsent event in the form in which the caller passed it. */
function unpack([raw, text]) {
  return raw ? { type: 'raw', data: text } : { type: 'message', message: JSON.parse(text) };
}
