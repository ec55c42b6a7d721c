// The class. It uses the runtime's own `WebSocket` and `JSON`. The core decides about the URL, the
// credentials, and what happens when a connection breaks.

import { environmentClient, hasProvider, resolveKey } from './client.js';
import { Emitter } from './emitter.js';
import { azureConfig, buildURL, guard, openSocket } from './endpoint.js';
import { describe, realtimeErrorOf, refusal, UNHEARD } from './errors.js';
import { parseEvent } from './parse.js';
import { checkRecovery, Recovery } from './recovery.js';
import { closeSocket, explain } from './socket.js';
import { stream } from './stream.js';

/** Names of the values of a socket's `readyState`. */
const STATES = ['connecting', 'open', 'closing'];
const CLOSING = STATES.indexOf('closing');

/**
 * Events of a session that reconnects. Events of the server with these types have no listeners of
 * their own.
 */
const LIFECYCLE = ['close', 'reconnecting', 'reconnected'];

/** A session over the runtime's own `WebSocket`. */
export class OpenAIRealtimeWebSocket extends Emitter {
  /** The URL without credentials. */
  url;
  /** The runtime's own `WebSocket`. */
  socket;

  #recovery;
  #RealtimeError;
  /** Events of the connection, for streams. */
  #lifecycle = new Emitter();
  #end = { code: 1006, reason: '' };

  /**
   * Opens a session at once. `resolved` is the key that one of the factories got from the client.
   */
  constructor(props, client, resolved) {
    super();
    checkRecovery(props);
    if (props.reconnect && !props.model) {
      throw refusal('recovery');
    }
    let { key, isToken = false } = resolved ?? {};
    key = key === undefined ? client?.apiKey : key;
    const consent = props.dangerouslyAllowBrowser ?? client?._options?.dangerouslyAllowBrowser;
    guard(client, key, consent, 'browser');
    const known = client ?? environmentClient();
    if (hasProvider(client) && !isToken) {
      throw refusal('unresolved key');
    }
    this.#RealtimeError = realtimeErrorOf(client);
    this.#open(
      props,
      known,
      consent,
      key === undefined ? known.apiKey : key,
      isToken,
      buildURL(known, props),
    );
    if (props.reconnect) {
      this.#recovery = this.#recover(props, known, consent);
      this.#recovery.watch(this.socket);
    }
  }

  /**
   * Opens a session once the client's key is known. For clients whose key is a function (contract
   * 27).
   */
  static async create(client, props) {
    return open(props, client, await resolveKey(client));
  }

  /** Opens a session on a deployment of Azure's service (contract 29). */
  static async azure(client, options = {}) {
    const config = azureConfig(client, options);
    const resolved = await resolveKey(client);
    if (!resolved.key) {
      throw refusal('azure key');
    }
    const { dangerouslyAllowBrowser } = options;
    const props =
      dangerouslyAllowBrowser === undefined ? config : { ...config, dangerouslyAllowBrowser };
    return open(props, client, resolved);
  }

  #open(props, client, consent, key, isToken, url) {
    guard(client, key, consent, 'ephemeral key');
    props.onURL?.(url);
    checkRecovery(props, url);
    const { socket, publicURL } = openSocket(props, client, url, key, isToken, consent);
    this.url = publicURL;
    this.socket = socket;
    const isCurrent = () => socket === this.socket && !this.#recovery?.isClosed;
    socket.addEventListener('message', ({ data }) => isCurrent() && this.#received(data));
    socket.addEventListener('error', (event) => {
      if (!this.#recovery) {
        const { words, cause } = explain(socket, event);
        this._onError(null, words, cause ?? null);
      }
    });
    socket.addEventListener('open', () => this.#lifecycle._emit('open'));
    socket.addEventListener('close', ({ code, reason }) => {
      if (!this.#recovery) {
        // Deno reports a broken connection with code 0.
        this.#end = { code: code || 1006, reason };
        this.#lifecycle._emit('close', this.#end.code, reason, []);
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
          // First, so that streams end even if a listener throws.
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

  /** Sends an event at once. Failures are `error` events (contracts 65 and 66). */
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
      // Cloudflare's socket throws once it is closing; those of other runtimes drop the event.
      if (!(this.socket.readyState >= CLOSING)) {
        this.socket.send(text);
      }
    } catch (cause) {
      this._onError(null, 'could not send data', cause);
    }
  }

  /** Sends the events that an outage held back. Restore the new session first (contract 90). */
  flushPending() {
    this.#recovery?.flushPending();
  }

  /** Removes and returns the events that an outage held back (contract 90). */
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

  /** Returns the session's events from now on, for `for await` (contract 83). */
  stream(options) {
    return stream(this, this.#lifecycle, this.#state(), options, this.#RealtimeError);
  }

  [Symbol.asyncIterator](options) {
    return this.stream(options);
  }

  #state() {
    if (this.#recovery?.isReconnecting) {
      const reconnect = {
        attempt: 0,
        maxAttempts: 0,
        delay: 0,
        closeCode: 0,
        parameters: undefined,
      };
      return { type: 'reconnecting', reconnect };
    }
    const type = STATES[this.socket.readyState];
    return type ? { type } : { type: 'close', ...this.#end, unsent: this.takePending() };
  }

  _onError(event, message, cause) {
    const words = event?.error ? describe(event.error) : (message ?? 'unknown error');
    const heard = this._hasListener('error');
    const error = new this.#RealtimeError(heard ? words : words + UNHEARD, event);
    error.cause = cause;
    if (heard) {
      this._emit('error', error);
    } else {
      // The runtime reports an unhandled rejection (contract 55).
      Promise.reject(error);
    }
  }
}

/** Outside the class: bundlers rename a class that names itself. */
function open(...parameters) {
  return new OpenAIRealtimeWebSocket(...parameters);
}
