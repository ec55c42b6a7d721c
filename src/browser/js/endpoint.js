// From the caller's options to the arguments of `new WebSocket`. The rules of URLs and credentials
// are the core's; this file handles JavaScript's values.

import * as core from './core.js';
import { isAzure, routes } from './client.js';
import { refusal } from './errors.js';
import { makeSocket } from './socket.js';

/** Asks the core. Throws its reason to refuse as an error. */
function ask(client, question, ...values) {
  try {
    return question(...values);
  } catch (reason) {
    throw typeof reason === 'string' ? refusal(reason, client) : reason;
  }
}

/**
 * Refuses a key in a page and its workers, unless it is ephemeral or the caller allowed it
 * (contracts 35 to 37).
 */
export function guard(client, key, consent, reason) {
  if (!core.may_use(typeof key === 'string' ? key : '', consent)) {
    throw refusal(reason, client);
  }
}

/**
 * Returns the URL for the target in `config`, from the caller's own builder if there is one
 * (contracts 1 to 13).
 */
export function buildURL(client, config) {
  const target = chosenTarget(config);
  const cleartext = config.insecureCleartextURL !== undefined;
  if (config.buildRealtimeURL) {
    const url = new URL(config.buildRealtimeURL(client, config));
    if (url.protocol !== 'wss:' && !(cleartext && url.protocol === 'ws:')) {
      throw refusal('custom url', client);
    }
    return url;
  }
  const base = `${cleartext ? config.insecureCleartextURL : client.baseURL}`;
  return new URL(ask(client, core.socket_url, base, cleartext, isAzure(client), ...target));
}

/** Returns kind and name of the one target (contract 8). */
function chosenTarget({ model, callID, intent }) {
  const targets = { model, call: callID, transcription: intent };
  const named = Object.entries(targets).filter(([, value]) => value !== undefined);
  const [[kind, value] = []] = named;
  if (named.length !== 1 || !value || (kind === 'transcription' && value !== 'transcription')) {
    throw refusal('target');
  }
  return [kind, `${value}`];
}

/** The advice after a failed open where the base URL asked for a connection without TLS. */
const CLEARTEXT_HINT = 'a server without TLS needs the option `insecureCleartextURL`';

/**
 * Opens a socket. Returns it with the URL to show, which has no credential (contracts 12, 22, 23
 * and 30).
 */
export function openSocket(props, client, url, key, isToken, consent) {
  const azure = isAzure(client);
  const { organization, project } = azure ? {} : routes(client, key);
  const headers = Boolean(props.WebSocket);
  const cleartext = props.insecureCleartextURL !== undefined;
  const plan = {
    azure,
    url: url.href,
    key: `${key ?? ''}`,
    isToken,
    organization,
    project,
    consent,
    headers,
    cleartext,
  };
  const [publicURL, ...endpoint] = ask(client, core.handshake, plan);
  const WebSocket = props.WebSocket || globalThis.WebSocket;
  if (typeof WebSocket !== 'function') {
    throw refusal('no WebSocket', client);
  }
  const hint = !cleartext && /^(http|ws):/i.test(client.baseURL) ? CLEARTEXT_HINT : undefined;
  try {
    return { socket: makeSocket(WebSocket, endpoint, hint), publicURL: new URL(publicURL) };
  } catch (error) {
    // Browsers quote a subprotocol that is not valid, and the key with it.
    throw plan.key !== '' && String(error?.message).includes(plan.key)
      ? refusal('malformed key', client)
      : error;
  }
}

/** Returns a connection's options from those of `azure()` (contracts 14 to 16). */
export function azureConfig(client, options) {
  const { deploymentName, callID, intent, buildRealtimeURL, WebSocket, insecureCleartextURL } =
    options;
  const named = [deploymentName, callID, intent].filter((value) => value !== undefined);
  if (named.length > 1 || (intent !== undefined && intent !== 'transcription')) {
    throw refusal('azure target');
  }
  const config = {
    ...(buildRealtimeURL ? { buildRealtimeURL } : {}),
    ...(WebSocket ? { WebSocket } : {}),
    ...(insecureCleartextURL === undefined ? {} : { insecureCleartextURL }),
    reconnect: options.reconnect,
    maxReconnectAttempts: options.maxReconnectAttempts,
    reconnectInitialDelay: options.reconnectInitialDelay,
    reconnectMaxDelay: options.reconnectMaxDelay,
    maxQueueBytes: options.maxQueueBytes,
  };
  if (callID !== undefined) {
    return { ...config, callID };
  }
  if (intent !== undefined) {
    return { ...config, intent };
  }
  const model = deploymentName ?? client.deploymentName;
  if (!model) {
    throw refusal('deployment');
  }
  return { ...config, model };
}
