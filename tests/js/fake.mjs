// A `WebSocket` that a test moves: it opens, receives and closes when it is told to, within the
// call.

/** The sockets that were made, in order. */
export const sockets = [];

export class FakeWebSocket {
  readyState = 0;
  /** Sent data, and the arguments of each close. */
  sent = [];
  closes = [];
  #listeners = [];

  constructor(url, argument) {
    Object.assign(this, { url, argument });
    sockets.push(this);
  }

  addEventListener(type, listener) {
    this.#listeners.push({ type, listener });
  }

  removeEventListener(type, listener) {
    this.#listeners = this.#listeners.filter(
      (entry) => entry.type !== type || entry.listener !== listener,
    );
  }

  send(data) {
    this.sent.push(data);
  }

  /** A real one asks its peer; this one waits for `ends`. */
  close(code, reason) {
    this.closes.push([code, reason]);
    this.readyState = Math.max(this.readyState, 2);
  }

  opens() {
    this.readyState = 1;
    this.#tell('open', {});
  }

  /** A frame: text as it is, other values as JSON. */
  receives(data) {
    this.receivesValue(typeof data === 'string' ? data : JSON.stringify(data));
  }

  /** A frame of any kind. */
  receivesValue(data) {
    this.#tell('message', { data });
  }

  fails(event = {}) {
    this.#tell('error', event);
  }

  ends(code, reason = '') {
    this.readyState = 3;
    this.#tell('close', { code, reason });
  }

  dispatchEvent(event) {
    this.#tell(event.type, event);
  }

  /** Calls who listens; what one throws reaches the test, where a real socket would report it. */
  #tell(type, event) {
    const thrown = [];
    for (const entry of [...this.#listeners]) {
      if (entry.type === type) {
        try {
          entry.listener(event);
        } catch (error) {
          thrown.push(error);
        }
      }
    }
    if (thrown.length > 0) {
      throw thrown[0];
    }
  }
}

globalThis.WebSocket = FakeWebSocket;

/** The latest socket. */
export function latest() {
  return sockets.at(-1);
}
