import type {
  AudioConfig,
  AudioInput,
  ClientEvent,
  ErrorDetails,
  Item,
  ItemReference,
  RealtimeSession,
  ResponseCreate,
  ResponseParams,
  ServerEvent,
  SessionUpdate,
} from './events.js';

export type * from './events.js';

/** Base class of every error that this package throws or reports. */
export declare class OpenAIError extends Error {}

/**
 * An error event of the server, or a failure on the connection. With a client of the official SDK
 * it is also an instance of that SDK's `OpenAIError`.
 */
export declare class OpenAIRealtimeError extends OpenAIError {
  name: string;
  /** The server's own words: the `error` of its event. */
  error?: ErrorDetails | undefined;
  /** The id of the server's event. */
  event_id?: string | undefined;
  /** The reason, such as the runtime's own exception. */
  cause?: unknown;

  constructor(message: string, event: { error?: ErrorDetails; event_id?: string } | null);
}

/**
 * Address and credential of the service: a client of the official SDK, or any object of this shape.
 * A key that is a function needs {@link OpenAIRealtimeWebSocket.create}.
 */
export interface RealtimeClient {
  /** The API key. In a page use an ephemeral one, `ek_…`, which your server mints. */
  apiKey?: string | (() => string | Promise<string>) | null;
  /**
   * Base URL of the service, such as `https://api.openai.com/v1`. Connections use TLS, whatever its
   * scheme.
   */
  baseURL: string;
  /** Id of the organization to bill, `org-…`. */
  organization?: string | null;
  /** Id of the project to bill, `proj_…`. */
  project?: string | null;
}

/**
 * A client of Azure OpenAI, such as the official SDK's. It is recognized by its `deploymentName` or
 * `apiVersion`.
 */
export interface AzureRealtimeClient extends RealtimeClient {
  /** The deployment to use if the options name none. */
  deploymentName?: string | undefined;
  /** Marks a client of Azure. The Realtime API does not use the value. */
  apiVersion?: string | undefined;
}

/** Handling of a connection that breaks. */
export interface RealtimeRecoveryOptions {
  /**
   * Reconnects after a lost connection; off by default. The new session is blank: restore it, then
   * call `flushPending`.
   */
  reconnect?: boolean | undefined;
  /** The most attempts in the session's life; 5 by default. */
  maxReconnectAttempts?: number | undefined;
  /** The first wait in milliseconds; 500 by default. It doubles from attempt to attempt. */
  reconnectInitialDelay?: number | undefined;
  /** The longest wait in milliseconds; 8000 by default. */
  reconnectMaxDelay?: number | undefined;
  /** The most bytes of events to hold back in an outage; 0 by default. */
  maxQueueBytes?: number | undefined;
}

interface ConnectionOptions extends RealtimeRecoveryOptions {
  /**
   * Builds the URL in place of the class. It must be a `wss:` URL, and is used unchanged, with the
   * client's credential.
   */
  buildRealtimeURL?: (client: RealtimeClient, connection: RealtimeConnectionConfig) => URL;
  /**
   * Base URL of a server without TLS, such as `http://litellm:4000/v1`, in place of the client's.
   * The credential and the conversation cross the network unencrypted. Pages and their workers
   * refuse it.
   */
  insecureCleartextURL?: string | undefined;
  /**
   * Class of the socket in place of the runtime's own. It has to accept headers, as
   * `FetchWebSocket` of `openai-realtime-ws/workerd` does.
   */
  WebSocket?: SocketClass | undefined;
}

/** A class like `WebSocket` that sends headers with the handshake. */
export interface SocketClass {
  new (
    url: string,
    endpoint?: string[] | { protocols?: string[]; headers?: Record<string, string> },
  ): any;
}

/** The target: exactly one of a model, a call that is under way, or a transcription. */
export type RealtimeConnectionConfig = ConnectionOptions &
  (
    | { model: string; callID?: undefined; intent?: undefined }
    | { callID: string; model?: undefined; intent?: undefined }
    | { intent: 'transcription'; model?: undefined; callID?: undefined }
  );

/** The target on Azure: by default the client's own deployment. */
export type AzureRealtimeConnectionConfig = ConnectionOptions &
  (
    | { deploymentName?: string; callID?: undefined; intent?: undefined }
    | { callID: string; deploymentName?: undefined; intent?: undefined }
    | { intent: 'transcription'; deploymentName?: undefined; callID?: undefined }
  );

/** Permission to use a key that is not ephemeral in a page, where everybody can read it. */
export interface BrowserConsent {
  /** Allows any key in a page and its workers. By default only an ephemeral one is allowed. */
  dangerouslyAllowBrowser?: boolean;
}

/** An attempt to reconnect. */
export interface ReconnectingEvent {
  /** Number of the attempt in the session's life, from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Milliseconds until the attempt begins. */
  readonly delay: number;
  /** Close code of the connection, or of the attempt before this one. */
  readonly closeCode: number;
  readonly parameters: undefined;
}

/** A `response.create` whose input may refer to items of the conversation. */
export type ResponseCreateWithReferences = Omit<ResponseCreate, 'response'> & {
  response?: Omit<ResponseParams, 'input'> & { input?: Array<Item | ItemReference> };
};

/** A `session.update` that turns transcription or noise reduction off, by null. */
export type SessionUpdateOff = Omit<SessionUpdate, 'session'> & {
  session: Omit<RealtimeSession, 'audio'> & {
    audio?: Omit<AudioConfig, 'input'> & {
      input?: Omit<AudioInput, 'transcription' | 'noise_reduction'> & {
        [Feature in 'transcription' | 'noise_reduction']?: AudioInput[Feature] | null;
      };
    };
  };
};

/** An unsent event; one passed to `sendResponseCreate` comes back as JSON. */
export type UnsentMessage =
  { type: 'message'; message: ClientEvent } | { type: 'raw'; data: string };

/** Listeners by the name of their event. */
export type RealtimeEvents = {
  /** Every event of the server. Runs before the listeners of its type. */
  event: (event: ServerEvent) => void;
  /**
   * Errors of the server and of the connection. Without a listener, an error becomes an unhandled
   * rejection.
   */
  error: (error: OpenAIRealtimeError) => void;
  /** With `reconnect`: an attempt to reconnect follows. */
  reconnecting: (event: ReconnectingEvent) => void;
  /** With `reconnect`: the connection is open again. */
  reconnected: () => void;
  /** With `reconnect`: the session ended; `unsent` has the events that were never sent. */
  close: (code: number, reason: string, unsent: UnsentMessage[]) => void;
} & {
  [Type in Exclude<ServerEvent['type'], 'error'>]: (
    event: Extract<ServerEvent, { type: Type }>,
  ) => unknown;
};

/** The value that `emitted` resolves to. */
export type Emitted<Arguments extends unknown[]> = Arguments extends []
  ? void
  : Arguments extends [infer Only]
    ? Only
    : Arguments;

/** An element of a stream. */
export type RealtimeStreamMessage =
  | { type: 'connecting' | 'open' | 'closing' | 'reconnected' }
  | { type: 'message'; message: Exclude<ServerEvent, { type: 'error' }> }
  | { type: 'error'; error: OpenAIRealtimeError }
  | { type: 'reconnecting'; reconnect: ReconnectingEvent }
  | { type: 'close'; code: number; reason: string; unsent: UnsentMessage[] };

export interface RealtimeStreamOptions {
  /**
   * The most elements to keep for the reader; with more, the stream fails. By default there is no
   * limit.
   */
  maxBufferedEvents?: number | undefined;
}

/** The runtime's own `WebSocket`, as its types have it. */
type Socket = typeof globalThis extends { WebSocket: { prototype: infer Instance } }
  ? Instance
  : any;

/**
 * A session with the OpenAI Realtime API over the runtime's own `WebSocket`.
 *
 * ```ts const rt = new OpenAIRealtimeWebSocket({ model: 'gpt-realtime-2.1' }, { apiKey: 'ek_…',
 * baseURL: 'https://api.openai.com/v1' }); rt.on('error', console.error);
 * rt.on('response.output_text.delta', (event) => console.log(event.delta));
 * rt.socket.addEventListener('open', () => rt.send({ type: 'response.create' })); ```
 */
export declare class OpenAIRealtimeWebSocket {
  /** The URL without credentials. */
  url: URL;
  /** The runtime's own `WebSocket`. A reconnect replaces it. */
  socket: Socket;

  /**
   * Opens a session at once.
   *
   * @param client By default the environment: `OPENAI_API_KEY`, and if they are set
   * `OPENAI_BASE_URL`, `OPENAI_ORG_ID` and
   * `OPENAI_PROJECT_ID`.
   * @throws {OpenAIError} If the key must not be in a page, or is missing.
   */
  constructor(props: RealtimeConnectionConfig & BrowserConsent, client?: RealtimeClient);

  /** Opens a session once the client's key is known. Returns before the socket is open. */
  static create(
    client: RealtimeClient,
    props: RealtimeConnectionConfig & BrowserConsent,
  ): Promise<OpenAIRealtimeWebSocket>;

  /**
   * Opens a session on Azure OpenAI. The runtime's `WebSocket` has to accept headers, as those of
   * Node, Bun, and Deno from 2.5 do; or pass a class that does.
   */
  static azure(
    client: AzureRealtimeClient,
    options?: AzureRealtimeConnectionConfig & BrowserConsent,
  ): Promise<OpenAIRealtimeWebSocket>;

  /** Adds a listener. The same function may be added several times. */
  on<Name extends keyof RealtimeEvents>(name: Name, listener: RealtimeEvents[Name]): this;
  /** Removes one registration of a listener. */
  off<Name extends keyof RealtimeEvents>(name: Name, listener: RealtimeEvents[Name]): this;
  /** Adds a listener for a single event. */
  once<Name extends keyof RealtimeEvents>(name: Name, listener: RealtimeEvents[Name]): this;
  /** Resolves to the next event of a name. Rejects with the error if an error comes first. */
  emitted<Name extends keyof RealtimeEvents>(
    name: Name,
  ): Promise<Emitted<Parameters<RealtimeEvents[Name]>>>;

  /** Sends an event at once: wait until the socket is open. Failures are `error` events. */
  send(event: ClientEvent | SessionUpdateOff): void;
  /** Sends a `response.create` whose input may refer to items of the conversation. */
  sendResponseCreate(event: ResponseCreateWithReferences): void;
  /** Sends the events that an outage held back. */
  flushPending(): void;
  /** Removes and returns the events that an outage held back. */
  takePending(): UnsentMessage[];
  /** Closes the connection, by default with 1000 and `OK`. */
  close(props?: { code: number; reason: string }): void;

  /**
   * Returns the session's events from now on. The end of the iteration does not close the
   * connection.
   */
  stream(options?: RealtimeStreamOptions): AsyncIterableIterator<RealtimeStreamMessage>;
  [Symbol.asyncIterator](
    options?: RealtimeStreamOptions,
  ): AsyncIterableIterator<RealtimeStreamMessage>;
}
