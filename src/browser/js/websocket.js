// The class. It stands on the runtime's own `WebSocket` and `JSON`; the core is asked where to connect and with what,
// and what to do when a connection breaks.

import { hasProvider, environmentClient, resolveKey } from './client.js';
import { azureConfig, buildURL, guard, handshake } from './endpoint.js';
import { Emitter } from './emitter.js';
import { describe, OpenAIRealtimeError, refusal, UNHEARD } from './errors.js';
import { parseEvent } from './parse.js';

/** From here on a socket takes nothing more: `WebSocket.CLOSING`, then `CLOSED`. */
const CLOSING = 2;

/** A session over the runtime's own `WebSocket`. */
export class OpenAIRealtimeWebSocket extends Emitter {
  /** The URL to show. */
  url;
  /** The runtime's own `WebSocket`. */
  socket;

  /** Opens a session at once. `resolved` is the factories': a key that was asked for. */
  constructor(props, client, resolved) {
    super();
    const key = resolved?.key === undefined ? client?.apiKey : resolved.key;
    const allowed = props.dangerouslyAllowBrowser ?? client?._options?.dangerouslyAllowBrowser;
    guard(typeof key === 'string' ? key : '', allowed, 'browser');
    const known = client ?? environmentClient();
    if (hasProvider(client) && !resolved?.isToken) {
      throw refusal('unresolved key');
    }
    this.#open(props, known, { key: key === undefined ? known.apiKey : key, isToken: false, ...resolved }, allowed);
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

  #open(props, client, { key, isToken }, allowed) {
    const url = buildURL(client, props);
    const [publicURL, ...endpoint] = handshake(client, url, key, isToken, allowed);
    this.url = new URL(publicURL);
    this.socket = new WebSocket(...endpoint);
    this.socket.addEventListener('message', ({ data }) => this.#received(data));
    this.socket.addEventListener('error', (event) => this.#failed(event));
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
    if (event.type === 'error') {
      this._onError(event);
    } else {
      this._emit(event.type, event);
    }
  }

  /** Runtimes differ in what they tell: an error, a message, or nothing (contract 53). */
  #failed({ error = null, message }) {
    const words = [message, error?.message].find((text) => typeof text === 'string' && text !== '');
    this._onError(null, words, error);
  }

  /** Sends an event, now. What goes wrong is an `error` event (contracts 65 and 66). */
  send(event) {
    try {
      const text = JSON.stringify(event);
      // Every runtime but one drops what comes now; that one throws.
      if (!(this.socket.readyState >= CLOSING)) {
        this.socket.send(text);
      }
    } catch (cause) {
      this._onError(null, 'could not send data', cause);
    }
  }

  /** Closes the connection (contract 67). */
  close(props) {
    try {
      this.socket.close(props?.code ?? 1000, props?.reason ?? 'OK');
    } catch (cause) {
      this._onError(null, 'could not close the connection', cause);
    }
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
