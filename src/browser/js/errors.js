// The errors of the class. Where it refuses to connect, the words are the official class's.

/** Marks the errors of this package, whichever copy or module format of it made them. */
const MARK = Symbol.for('openai-realtime-ws.error');

const hasInstance = Function.prototype[Symbol.hasInstance];

/**
 * Makes `instanceof Class` true for errors with a mark, too: they may be made with the client's own
 * `OpenAIError`.
 */
function recognize(Class, isMark) {
  Object.defineProperty(Class, Symbol.hasInstance, {
    value(error) {
      return hasInstance.call(this, error) || (this === Class && isMark(error?.[MARK]));
    },
  });
}

/** Base class of every error that this package throws or reports. */
export class OpenAIError extends Error {}

recognize(OpenAIError, (mark) => mark !== undefined);

/**
 * Returns the class of errors on a connection, below the `OpenAIError` of an SDK or of this
 * package.
 */
function realtimeErrorBelow(Base) {
  class RealtimeError extends Base {
    constructor(message, event) {
      super(message);
      this.name = 'OpenAIRealtimeError';
      /** The server's own words: the `error` of its event. */
      this.error = event?.error;
      /** The id of the server's event. */
      this.event_id = event?.event_id;
    }
  }
  Object.defineProperty(RealtimeError, 'name', { value: 'OpenAIRealtimeError' });
  Object.defineProperty(RealtimeError.prototype, MARK, { value: 'realtime' });
  return RealtimeError;
}

/** An error event of the server, or a failure on the connection (contracts 50 to 53). */
export const OpenAIRealtimeError = realtimeErrorBelow(OpenAIError);

recognize(OpenAIRealtimeError, (mark) => mark === 'realtime');

/** For each SDK's `OpenAIError`, the class below it: a page may load two versions of the SDK. */
const classes = new WeakMap();

/** The `OpenAIError` of the SDK that made the client, so that its users' `instanceof` holds. */
function baseOf(client) {
  const Base = client?.constructor?.OpenAIError;
  return typeof Base === 'function' && Base.prototype instanceof Error ? Base : OpenAIError;
}

/** The class of errors on a connection of this client. */
export function realtimeErrorOf(client) {
  const Base = baseOf(client);
  if (Base === OpenAIError) {
    return OpenAIRealtimeError;
  }
  if (!classes.has(Base)) {
    classes.set(Base, realtimeErrorBelow(Base));
  }
  return classes.get(Base);
}

/** Ends the message of an error that has no listener (contract 55). */
export const UNHEARD =
  "\n\nTo resolve these unhandled rejection errors you should bind an `error` callback, e.g. `rt.on('error', (error) => ...)` ";

/** Returns a server's error in one line, with values as JavaScript prints them (contract 51). */
export function describe(error) {
  if (typeof error === 'string') {
    return error;
  }
  const fields = ['code', 'param', 'type', 'event_id'].map(
    (name) => ` ${name}=${print(error[name])}`,
  );
  return print(error.message) + fields.join('');
}

function print(value) {
  try {
    return String(value);
  } catch {
    return '[unserializable error value]';
  }
}

/** Reasons to refuse a connection, by the names that the core gives them. */
const REFUSALS = {
  browser: [
    OpenAIError,
    "It looks like you're running in a browser-like environment.\n\nThis is disabled by default, as it risks exposing your secret API credentials to attackers.\n\nYou can avoid this error by creating an ephemeral session token:\nhttps://platform.openai.com/docs/api-reference/realtime-sessions\n",
  ],
  target: [
    Error,
    'Pass exactly one of `model`, `callID`, or transcription `intent` when opening a Realtime WebSocket.',
  ],
  'azure target': [
    Error,
    'Pass exactly one of `deploymentName`, `callID`, or transcription `intent` when opening an Azure Realtime WebSocket.',
  ],
  'custom url': [Error, 'Custom Realtime WebSocket URLs must use the wss: protocol.'],
  scheme: [OpenAIError, 'Realtime WebSocket URLs must use the wss: protocol.'],
  cleartext: [OpenAIError, 'A page cannot use `insecureCleartextURL`: connect with TLS.'],
  deployment: [Error, 'No deployment name provided'],
  url: [TypeError, 'Invalid URL'],
  'no key': [
    OpenAIError,
    'Missing credentials. Please pass an `apiKey`, `workloadIdentity`, `adminAPIKey`, or set the `OPENAI_API_KEY` or `OPENAI_ADMIN_KEY` environment variable.',
  ],
  'malformed key': [OpenAIError, 'The API key contains a character that an API key cannot have.'],
  'azure key': [Error, 'Azure OpenAI Realtime requires an API key'],
  'azure headers': [
    OpenAIError,
    'Azure OpenAI Realtime credentials require a WebSocket transport that supports request headers; use openai/realtime/ws or a server-side authentication proxy.',
  ],
  'unresolved key': [
    Error,
    'Cannot open Realtime WebSocket with a function-based apiKey.\nUse the .create() method so that the key is resolved before connecting.',
  ],
  'ephemeral key': [OpenAIError, 'Realtime browser connections require an ephemeral credential.'],
  recovery: [Error, 'Automatic Realtime recovery requires a model session'],
  limits: [Error, 'Realtime recovery limits must be nonnegative safe integers'],
  delays: [Error, 'Realtime reconnect delays must not exceed 2147483647 ms'],
  'no WebSocket': [
    OpenAIError,
    'this runtime has no WebSocket: use Node 22 or later, or pass a class like it as the option `WebSocket`',
  ],
};

/** Returns the error to throw for a reason. */
export function refusal(reason, client) {
  const [Kind, words] = REFUSALS[reason];
  const error = new (Kind === OpenAIError ? baseOf(client) : Kind)(words);
  if (Kind === OpenAIError) {
    Object.defineProperty(error, MARK, { value: 'refusal' });
  }
  return error;
}
