// The class. It stands on the runtime's own `WebSocket` and `JSON`; the core is asked where to connect and with what,
// and what to do when a connection breaks.

import { environmentClient, hasProvider, resolveKey } from './client.js';
import { Emitter } from './emitter.js';
import { azureConfig, buildURL, guard, openSocket } from './endpoint.js';
import { describe, OpenAIRealtimeError, refusal, UNHEARD } from './errors.js';
import { parseEvent } from './parse.js';
import { checkRecovery, Recovery } from './recovery.js';
import { closeSocket } from './socket.js';
import { stream } from './stream.js';

/** Where a socket stands, by its `readyState`. */
const STATES = ['connecting', 'open', 'closing'];
const CLOSING = STATES.indexOf('closing');

/** What a session that reconnects tells by these names is not the server's. */
const LIFECYCLE = ['close', 'reconnecting', 'reconnected'];

/** A session over the runtime's own `WebSocket`. */
export class OpenAIRealtimeWebSocket extends Emitter {
  /** The URL to show: it never holds a credential. */
  url;
  /** The runtime's own `WebSocket`. */
  socket;

  #recovery;
  /** What becomes of the connection, for streams. */
  #lifecycle = new Emitter();
  #end = { code: 1006, reason: '' };

  /** Opens a session at once. `resolved` is a factory's: the key that it asked for. */
  constructor(props, client, resolved) {
    super();
    checkRecovery(props);
    if (props.reconnect && !props.model) {
      throw refusal('recovery');
    }
    let { key, isToken = false } = resolved ?? {};
    key = key === undefined ? client?.apiKey : key;
    const consent = props.dangerouslyAllowBrowser ?? client?._options?.dangerouslyAllowBrowser;
    guard(key, consent, 'browser');
    const known = client ?? environmentClient();
    if (hasProvider(client) && !isToken) {
      throw refusal('unresolved key');
    }
    this.#open(props, known, consent, key === undefined ? known.apiKey : key, isToken, buildURL(known, props));
    if (props.reconnect) {
      this.#recovery = this.#recover(props, known, consent);
      this.#recovery.watch(this.socket);
    }
  }

  /** Opens a session once the client's key is known: for clients whose key is a function (contract 27). */
  static async create(client, props) {
    return new OpenAIRealtimeWebSocket(props, client, await resolveKey(client));
  }

  /** Opens a session on a deployment of Azure's service (contract 29). */
  static async azure(client, options = {}) {
    const config = azureConfig(client, options);
    const resolved = await resolveKey(client);
    if (!resolved.key) {
      throw refusal('azure key');
    }
    const { dangerouslyAllowBrowser } = options;
    const props = dangerouslyAllowBrowser === undefined ? config : { ...config, dangerouslyAllowBrowser };
    return new OpenAIRealtimeWebSocket(props, client, resolved);
  }

  #open(props, client, consent, key, isToken, url) {
    guard(key, consent, 'ephemeral key');
    props.onURL?.(url);
    checkRecovery(props, url);
    const { socket, publicURL } = openSocket(props, client, url, key, isToken, consent);
    this.url = publicURL;
    this.socket = socket;
    const isCurrent = () => socket === this.socket && !this.#recovery?.isClosed;
    socket.addEventListener('message', ({ data }) => isCurrent() && this.#received(data));
    socket.addEventListener('error', (event) => {
      if (!this.#recovery) {
        this.#failed(event);
      }
    });
    socket.addEventListener('open', () => this.#lifecycle._emit('open'));
    socket.addEventListener('close', ({ code, reason }) => {
      if (!this.#recovery) {
        this.#end = { code, reason };
        this.#lifecycle._emit('close', code, reason, []);
      }
    });
    return socket;
  }

  #recover(props, client, consent) {
    return new Recovery(props, {
      buildURL: () => buildURL(client, props),
      prepare: async () => {
        const { key, isToken } = await resolveKey(client);
        return (url) => this.#open(props, client, consent, key, isToken, url);
      },
      tell: (name, ...values) => {
        if (name === 'close') {
          [this.#end.code, this.#end.reason] = values;
          // First, so that streams end whatever a listener throws.
          this.#lifecycle._emit(name, ...values);
        }
        this._emit(name, ...values);
        if (name !== 'close') {
          this.#lifecycle._emit(name, ...values);
        }
      },
      fail: (message, cause) => this._onError(null, message, cause),
    });
  }

  #received(data) {
    let event;
    try {
      event = parseEvent(data);
    } catch (cause) {
      this._onError(null, 'could not parse websocket event', cause);
      return;
    }
    this._emit('event', event);
    if (this.#recovery?.isClosed) {
      return;
    }
    if (event.type === 'error') {
      this._onError(event);
    } else if (!this.#recovery || !LIFECYCLE.includes(event.type)) {
      this._emit(event.type, event);
    }
  }

  /** Runtimes differ in what they tell: an error, a message, or nothing (contract 53). */
  #failed({ error, message }) {
    const words = [message, error?.message].find((text) => typeof text === 'string' && text !== '');
    this._onError(null, words, error ?? null);
  }

  /** Sends an event, now. What goes wrong is an `error` event (contracts 65 and 66). */
  send(event) {
    this.#send(() => JSON.stringify(event), false);
  }

  /** Sends a `response.create` whose input may refer to items of the conversation (contract 92). */
  sendResponseCreate(event) {
    let text;
    try {
      text = JSON.stringify(event);
    } catch (cause) {
      this._onError(null, 'could not send data', cause);
      return;
    }
    this.#send(() => text, true);
  }

  #send(makeText, raw) {
    if (this.#recovery) {
      this.#recovery.send(makeText, raw);
      return;
    }
    try {
      const text = makeText();
      // Every runtime but one drops what comes now; that one throws.
      if (!(this.socket.readyState >= CLOSING)) {
        this.socket.send(text);
      }
    } catch (cause) {
      this._onError(null, 'could not send data', cause);
    }
  }

  /** Sends what an outage held back: when the new session is as the one before (contract 90). */
  flushPending() {
    this.#recovery?.flushPending();
  }

  /** Takes away what an outage held back (contract 90). */
  takePending() {
    return this.#recovery?.takePending() ?? [];
  }

  /** Closes the connection (contract 67). */
  close(props) {
    if (this.#recovery) {
      this.#recovery.close(props?.code ?? 1000, props?.reason ?? 'OK');
      return;
    }
    try {
      closeSocket(this.socket, props?.code ?? 1000, props?.reason ?? 'OK');
    } catch (cause) {
      this._onError(null, 'could not close the connection', cause);
    }
  }

  /** What the session tells from now on, to be read with `for await` (contract 83). */
  stream(options) {
    return stream(this, this.#lifecycle, this.#standing(), options);
  }

  [Symbol.asyncIterator](options) {
    return this.stream(options);
  }

  #standing() {
    if (this.#recovery?.isReconnecting) {
      const reconnect = { attempt: 0, maxAttempts: 0, delay: 0, closeCode: 0, parameters: undefined };
      return { type: 'reconnecting', reconnect };
    }
    const type = STATES[this.socket.readyState];
    return type ? { type } : { type: 'close', ...this.#end, unsent: this.takePending() };
  }

  _onError(event, message, cause) {
    const words = event?.error ? describe(event.error) : (message ?? 'unknown error');
    const heard = this._hasListener('error');
    const error = new OpenAIRealtimeError(heard ? words : words + UNHEARD, event);
    error.cause = cause;
    if (heard) {
      this._emit('error', error);
    } else {
      // As a rejection that nobody handles it comes to light (contract 55).
      Promise.reject(error);
    }
  }
}
