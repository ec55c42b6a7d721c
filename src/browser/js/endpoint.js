// From the caller's words to the arguments of `new WebSocket`. The rules of URLs and credentials are the core's; here is
// what concerns JavaScript's values.

import * as core from './core.js';
import { isAzure, routes } from './client.js';
import { refusal } from './errors.js';
import { makeSocket } from './socket.js';

/** Asks the core, and throws its reason to refuse as an error. */
function ask(question, ...values) {
  try {
    return question(...values);
  } catch (reason) {
    throw typeof reason === 'string' ? refusal(reason) : reason;
  }
}

/** Refuses a key in a page and its workers, unless it is ephemeral or the caller consented (contracts 35 to 37). */
export function guard(key, consent, reason) {
  if (!core.may_use(typeof key === 'string' ? key : '', consent)) {
    throw refusal(reason);
  }
}

/** The URL for what `config` names, by the caller's own builder if there is one (contracts 1 to 13). */
export function buildURL(client, config) {
  const target = chosenTarget(config);
  if (config.buildRealtimeURL) {
    const url = new URL(config.buildRealtimeURL(client, config));
    if (url.protocol !== 'wss:') {
      throw refusal('custom url');
    }
    return url;
  }
  return new URL(ask(core.socket_url, `${client.baseURL}`, isAzure(client), ...target));
}

/** The one target (contract 8): its kind, and its name where it has one. */
function chosenTarget({ model, callID, intent }) {
  const targets = { model, call: callID, transcription: intent };
  const named = Object.entries(targets).filter(([, value]) => value !== undefined);
  const [[kind, value] = []] = named;
  if (named.length !== 1 || !value || (kind === 'transcription' && value !== 'transcription')) {
    throw refusal('target');
  }
  return [kind, `${value}`];
}

/** Opens a socket, and gives the URL to show, which never holds a credential (contracts 12, 22, 23 and 30). */
export function openSocket({ WebSocket }, client, url, key, isToken, consent) {
  const azure = isAzure(client);
  const { organization, project } = azure ? {} : routes(client, key);
  const headers = Boolean(WebSocket);
  const plan = { azure, url: url.href, key: `${key ?? ''}`, isToken, organization, project, consent, headers };
  const [publicURL, ...endpoint] = ask(core.handshake, plan);
  try {
    return { socket: makeSocket(WebSocket || globalThis.WebSocket, endpoint), publicURL: new URL(publicURL) };
  } catch (error) {
    // Browsers quote a subprotocol that cannot be one, and with it the key.
    throw plan.key !== '' && String(error?.message).includes(plan.key) ? refusal('malformed key') : error;
  }
}

/** A connection's options from those of `azure()` (contracts 14 to 16). */
export function azureConfig(client, options) {
  const { deploymentName, callID, intent, buildRealtimeURL, WebSocket } = options;
  const named = [deploymentName, callID, intent].filter((value) => value !== undefined);
  if (named.length > 1 || (intent !== undefined && intent !== 'transcription')) {
    throw refusal('azure target');
  }
  const config = {
    ...(buildRealtimeURL ? { buildRealtimeURL } : {}),
    ...(WebSocket ? { WebSocket } : {}),
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
