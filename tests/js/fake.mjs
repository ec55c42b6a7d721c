// A `WebSocket` that a test moves: it opens, receives and closes when it is told to, in the call.

/** The sockets that were made, in order. */
export const sockets = [];

export class FakeWebSocket extends EventTarget {
  readyState = 0;
  sent = [];
  closes = [];

  constructor(...endpoint) {
    super();
    [this.url, this.argument] = endpoint;
    sockets.push(this);
  }

  send(data) {
    this.sent.push(data);
  }

  /** A real one asks its peer; this one waits for `serverCloses`. */
  close(code, reason) {
    this.closes.push([code, reason]);
    this.readyState = Math.max(this.readyState, 2);
  }

  opens() {
    this.readyState = 1;
    this.#tell(new Event('open'));
  }

  receives(data) {
    this.#tell(new MessageEvent('message', { data: typeof data === 'string' ? data : JSON.stringify(data) }));
  }

  /** A message whose data is any value. */
  receivesValue(data) {
    this.#tell(Object.assign(new Event('message'), { data }));
  }

  fails(properties = {}) {
    this.#tell(Object.assign(new Event('error'), properties));
  }

  serverCloses(code, reason = '') {
    this.readyState = 3;
    this.#tell(Object.assign(new Event('close'), { code, reason }));
  }

  /** As a real one: what a listener throws is reported, and stops nothing. The test finds it in `thrown`. */
  #tell(event) {
    this.dispatchEvent(event);
  }
}

globalThis.WebSocket = FakeWebSocket;

/** The latest socket. */
export function latest() {
  return sockets.at(-1);
}
