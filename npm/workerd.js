// A socket for Cloudflare Workers, whose own `WebSocket` cannot send headers; `fetch` can.

const [CONNECTING, OPEN, CLOSING, CLOSED] = [0, 1, 2, 3];

/**
 * A `WebSocket` that sends headers with its handshake. Its error event says why the server refused.
 */
export class FetchWebSocket extends EventTarget {
  url;
  protocol = '';
  binaryType = 'arraybuffer';
  readyState = CONNECTING;

  #socket;
  #abort = new AbortController();

  /** `endpoint` is the subprotocols, or `{ protocols, headers }`. */
  constructor(url, endpoint = []) {
    super();
    this.url = String(url);
    const { protocols = [], headers } = Array.isArray(endpoint)
      ? { protocols: endpoint }
      : endpoint;
    const all = new Headers(headers);
    all.set('Upgrade', 'websocket');
    if (protocols.length > 0) {
      all.set('Sec-WebSocket-Protocol', protocols.join(', '));
    }
    this.#open(all);
  }

  async #open(headers) {
    try {
      const { signal } = this.#abort;
      // A credential must not follow a redirect.
      const response = await fetch(this.url.replace(/^ws/, 'http'), {
        headers,
        signal,
        redirect: 'manual',
      });
      if (!response.webSocket) {
        await response.body?.cancel();
        throw new Error(`Unexpected server response: ${response.status}`);
      }
      this.protocol = response.headers.get('Sec-WebSocket-Protocol') ?? '';
      this.#begin(response.webSocket);
    } catch (error) {
      this.#tell('error', { error, message: error.message });
      this.#end(1006, '', false);
    }
  }

  #begin(socket) {
    this.#socket = socket;
    socket.binaryType = this.binaryType;
    socket.addEventListener('message', ({ data }) => this.#tell('message', { data }));
    socket.addEventListener('error', ({ error, message }) =>
      this.#tell('error', { error, message }),
    );
    socket.addEventListener('close', ({ code, reason, wasClean }) =>
      this.#end(code, reason, wasClean),
    );
    socket.accept();
    this.readyState = OPEN;
    this.#tell('open');
  }

  #end(code, reason, wasClean) {
    if (this.readyState !== CLOSED) {
      this.readyState = CLOSED;
      this.#tell('close', { code, reason, wasClean });
    }
  }

  #tell(name, properties) {
    this.dispatchEvent(Object.assign(new Event(name), properties));
  }

  /** Sends text or bytes; throws before the socket is open. */
  send(data) {
    if (this.readyState === CONNECTING) {
      throw new DOMException('The WebSocket is not open yet.', 'InvalidStateError');
    }
    if (this.readyState === OPEN) {
      this.#socket.send(data);
    }
  }

  /** Closes the connection, or stops opening it. */
  close(code, reason) {
    if (this.readyState === CONNECTING) {
      this.readyState = CLOSING;
      this.#abort.abort(new Error('WebSocket was closed before the connection was established'));
    } else if (this.readyState === OPEN) {
      this.#socket.close(code, reason);
      this.readyState = CLOSING;
    }
  }
}
