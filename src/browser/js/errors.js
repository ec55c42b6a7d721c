// The errors of the class, and its exact words where it refuses to begin.

/** What this package throws and reports. */
export class OpenAIError extends Error {}

/** What the server reports, and what goes wrong on a connection (contracts 50 to 53). */
export class OpenAIRealtimeError extends OpenAIError {
  constructor(message, event) {
    super(message);
    this.name = 'OpenAIRealtimeError';
    /** The server's own words: the `error` of its event. */
    this.error = event?.error;
    /** The id of the server's event. */
    this.event_id = event?.event_id;
  }
}

/** What an error that nobody listens to says further (contract 55). */
export const UNHEARD =
  "\n\nTo resolve these unhandled rejection errors you should bind an `error` callback, e.g. `rt.on('error', (error) => ...)` ";

/** A server's error in one line, as JavaScript prints values (contract 51). */
export function describe(error) {
  const fields = ['code', 'param', 'type', 'event_id'].map((name) => ` ${name}=${print(error[name])}`);
  return print(error.message) + fields.join('');
}

function print(value) {
  try {
    return String(value);
  } catch {
    return '[unserializable error value]';
  }
}

/** Why the core refused, in the words of the official class: by the name that the core gives the reason. */
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
  deployment: [Error, 'No deployment name provided'],
  url: [TypeError, 'Invalid URL'],
  'no key': [
    OpenAIError,
    'Missing credentials. Please pass an `apiKey`, `workloadIdentity`, `adminAPIKey`, or set the `OPENAI_API_KEY` or `OPENAI_ADMIN_KEY` environment variable.',
  ],
  'malformed key': [
    OpenAIError,
    'The API key has a space, a line break or another character that does not belong in it.',
  ],
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
};

/** The error to throw for a reason. */
export function refusal(reason) {
  const [Kind, words] = REFUSALS[reason];
  return new Kind(words);
}
