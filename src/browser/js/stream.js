// A session as an asynchronous iterator (contract 83).

import { OpenAIError } from './errors.js';

/**
 * Returns an iterator of the session's events from now on. `session` is its emitter and
 * `RealtimeError` its error class; `lifecycle` emits the events of the connection, its `close`
 * ahead of the session's own. `first` is the current state; after a `close` nothing follows.
 */
export function stream(session, lifecycle, first, options, RealtimeError) {
  const limit = options?.maxBufferedEvents;
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    throw new OpenAIError('maxBufferedEvents must be a positive safe integer');
  }
  const records = new Queue();
  const waiting = new Queue();
  let done = false;
  let failure;

  const push = (record) => {
    if (done) {
      return;
    }
    if (waiting.length > 0) {
      waiting.shift().resolve({ value: record, done: false });
    } else if (records.length >= limit) {
      failure = new RealtimeError(`WebSocket stream exceeded maxBufferedEvents (${limit})`, null);
      records.clear();
      finish();
    } else {
      records.push(record);
    }
    if (record.type === 'close') {
      finish();
    }
  };
  const finish = () => {
    done = true;
    for (const [emitter, name, listener] of listeners) {
      emitter.off(name, listener);
    }
    while (waiting.length > 0) {
      waiting.shift().resolve({ value: undefined, done: true });
    }
  };
  const listeners = [
    // An `error` event of the server arrives as an error only.
    [session, 'event', (message) => message.type === 'error' || push({ type: 'message', message })],
    [session, 'error', (error) => push({ type: 'error', error })],
    [lifecycle, 'open', () => push({ type: 'open' })],
    [lifecycle, 'reconnecting', (reconnect) => push({ type: 'reconnecting', reconnect })],
    [lifecycle, 'reconnected', () => push({ type: 'reconnected' })],
    [lifecycle, 'close', (code, reason, unsent) => push({ type: 'close', code, reason, unsent })],
  ];
  for (const [emitter, name, listener] of listeners) {
    emitter.on(name, listener);
  }
  push(first);

  return {
    next() {
      if (failure) {
        return Promise.reject(failure);
      }
      if (records.length > 0) {
        return Promise.resolve({ value: records.shift(), done: false });
      }
      if (done) {
        return Promise.resolve({ value: undefined, done: true });
      }
      return new Promise((resolve) => waiting.push({ resolve }));
    },
    return() {
      records.clear();
      finish();
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** First in, first out. Removing the first element does not move the others. */
class Queue {
  #items = [];
  #head = 0;

  get length() {
    return this.#items.length - this.#head;
  }

  push(item) {
    this.#items.push(item);
  }

  shift() {
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear() {
    this.#items = [];
    this.#head = 0;
  }
}
