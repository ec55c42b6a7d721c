import type { ClientEvent, ErrorDetails, ResponseCreate, ServerEvent } from './events.js';

export type * from './events.js';

/** What this package throws and reports. */
export declare class OpenAIError extends Error {}

/** What the server reports, and what goes wrong on a connection. */
export declare class OpenAIRealtimeError extends OpenAIError {
  name: string;
  /** The server's own words: the `error` of its event. */
  error?: ErrorDetails | undefined;
  /** The id of the server's event. */
  event_id?: string | undefined;
  /** What lies behind it, such as the runtime's own exception. */
  cause?: unknown;

  constructor(message: string, event: { error?: ErrorDetails; event_id?: string } | null);
}

/**
 * Who connects, and where to: a client of the official SDK, or any object of this shape. A key that is a function wants
 * {@link OpenAIRealtimeWebSocket.create}.
 */
export interface RealtimeClient {
  /** The key; in a page an ephemeral one, `ek_…`, which your server mints. */
  apiKey?: string | (() => string | Promise<string>) | null;
  /** Where the service is, such as `https://api.openai.com/v1`. */
  baseURL: string;
  /** Who pays. */
  organization?: string | null;
  project?: string | null;
}

/** A client of Azure's service, such as the official SDK's. It is known by its `deploymentName` or `apiVersion`. */
export interface AzureRealtimeClient extends RealtimeClient {
  /** The deployment to use where the options name none. */
  deploymentName?: string | undefined;
  /** Its presence tells Azure; the Realtime API has no use for it. */
  apiVersion?: string | undefined;
}

/** What becomes of a connection that breaks. */
export interface RealtimeRecoveryOptions {
  /** Whether it is made anew. The new session is blank: restore it, then call `flushPending`. By default it is not. */
  reconnect?: boolean | undefined;
  /** How many attempts there may be in all; 5 by default. */
  maxReconnectAttempts?: number | undefined;
  /** The first wait, in milliseconds; 500 by default. It doubles from attempt to attempt. */
  reconnectInitialDelay?: number | undefined;
  /** The longest wait, in milliseconds; 8000 by default. */
  reconnectMaxDelay?: number | undefined;
  /** How many bytes of events may wait for a connection; by default none. */
  maxQueueBytes?: number | undefined;
}

interface ConnectionOptions extends RealtimeRecoveryOptions {
  /** Makes the URL, in place of the class: a `wss:` one, which is used as it is, with the client's credential. */
  buildRealtimeURL?: (client: RealtimeClient, connection: RealtimeConnectionConfig) => URL;
  /**
   * What to open sockets with, in the place of the runtime's own class: one that takes headers, such as `FetchWebSocket`
   * of `openai-realtime-ws/workerd`.
   */
  WebSocket?: SocketClass | undefined;
}

/** A class like `WebSocket`, which sends headers with the handshake. */
export interface SocketClass {
  new (url: string, endpoint?: string[] | { protocols?: string[]; headers?: Record<string, string> }): any;
}

/** What to attach to: a model, a call that is under way, or a transcription. One of them. */
export type RealtimeConnectionConfig = ConnectionOptions &
  (
    | { model: string; callID?: undefined; intent?: undefined }
    | { callID: string; model?: undefined; intent?: undefined }
    | { intent: 'transcription'; model?: undefined; callID?: undefined }
  );

/** What to attach to with Azure; by default the client's own deployment. */
export type AzureRealtimeConnectionConfig = ConnectionOptions &
  (
    | { deploymentName?: string; callID?: undefined; intent?: undefined }
    | { callID: string; deploymentName?: undefined; intent?: undefined }
    | { intent: 'transcription'; deploymentName?: undefined; callID?: undefined }
  );

/** Consent to a key that is not ephemeral where everybody can read it. */
export interface BrowserConsent {
  /** Whether any key is allowed in a page and its workers. By default only an ephemeral one is. */
  dangerouslyAllowBrowser?: boolean;
}

/** An attempt to make a connection anew. */
export interface ReconnectingEvent {
  /** Its number in the session's life, from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** How long it waits before it begins, in milliseconds. */
  readonly delay: number;
  /** How the connection ended, or the attempt before this one. */
  readonly closeCode: number;
  readonly parameters: undefined;
}

/** An event that was never sent; one of `sendResponseCreate` as JSON. */
export type UnsentMessage = { type: 'message'; message: ClientEvent } | { type: 'raw'; data: string };

/** What can be listened to, by its name. */
export type RealtimeEvents = {
  /** Every event of the server's, before those who listen to its type. */
  event: (event: ServerEvent) => void;
  /** The server's errors, and all that goes wrong on the connection. Listen to it: unheard errors are rejections. */
  error: (error: OpenAIRealtimeError) => void;
  /** With `reconnect`: an attempt follows. */
  reconnecting: (event: ReconnectingEvent) => void;
  /** With `reconnect`: the connection is open again. */
  reconnected: () => void;
  /** With `reconnect`: the end, and what was never sent. */
  close: (code: number, reason: string, unsent: UnsentMessage[]) => void;
} & {
  [Type in Exclude<ServerEvent['type'], 'error'>]: (event: Extract<ServerEvent, { type: Type }>) => unknown;
};

/** What `emitted` resolves with. */
export type Emitted<Arguments extends unknown[]> = Arguments extends []
  ? void
  : Arguments extends [infer Only]
    ? Only
    : Arguments;

/** What a stream tells. */
export type RealtimeStreamMessage =
  | { type: 'connecting' | 'open' | 'closing' | 'reconnected' }
  | { type: 'message'; message: Exclude<ServerEvent, { type: 'error' }> }
  | { type: 'error'; error: OpenAIRealtimeError }
  | { type: 'reconnecting'; reconnect: ReconnectingEvent }
  | { type: 'close'; code: number; reason: string; unsent: UnsentMessage[] };

export interface RealtimeStreamOptions {
  /** How much may wait to be read: beyond it, the stream fails. By default there is no limit. */
  maxBufferedEvents?: number | undefined;
}

/** The runtime's own `WebSocket`, as its types have it. */
type Socket = typeof globalThis extends { WebSocket: { prototype: infer Instance } } ? Instance : any;

/**
 * A session with the OpenAI Realtime API over the runtime's own `WebSocket`.
 *
 * ```ts
 * const rt = new OpenAIRealtimeWebSocket({ model: 'gpt-realtime' }, { apiKey: 'ek_…', baseURL: 'https://api.openai.com/v1' });
 * rt.on('error', console.error);
 * rt.on('response.output_text.delta', (event) => console.log(event.delta));
 * rt.socket.addEventListener('open', () => rt.send({ type: 'response.create' }));
 * ```
 */
export declare class OpenAIRealtimeWebSocket {
  /** The URL to show: it never holds a credential. */
  url: URL;
  /** The runtime's own `WebSocket`; after a reconnect it is another. */
  socket: Socket;

  /**
   * Opens a session at once.
   *
   * @param client Left out, the environment has the key: `OPENAI_API_KEY`, with `OPENAI_BASE_URL` and who pays.
   * @throws {OpenAIError} For a key that must not be in a page.
   */
  constructor(props: RealtimeConnectionConfig & BrowserConsent, client?: RealtimeClient);

  /** Opens a session once the client's key is known. Returns before the socket is open. */
  static create(client: RealtimeClient, props: RealtimeConnectionConfig & BrowserConsent): Promise<OpenAIRealtimeWebSocket>;

  /**
   * Opens a session on Azure's service, in runtimes whose `WebSocket` takes headers: Node, Bun, and Deno from 2.5; or
   * over a class of your own that does.
   */
  static azure(
    client: AzureRealtimeClient,
    options?: AzureRealtimeConnectionConfig & BrowserConsent,
  ): Promise<OpenAIRealtimeWebSocket>;

  /** Adds a listener; the same one may be there several times. */
  on<Name extends keyof RealtimeEvents>(name: Name, listener: RealtimeEvents[Name]): this;
  /** Takes one registration of a listener back. */
  off<Name extends keyof RealtimeEvents>(name: Name, listener: RealtimeEvents[Name]): this;
  /** Adds a listener for a single event. */
  once<Name extends keyof RealtimeEvents>(name: Name, listener: RealtimeEvents[Name]): this;
  /** The next event of a name. Rejects with the error if one comes first. */
  emitted<Name extends keyof RealtimeEvents>(name: Name): Promise<Emitted<Parameters<RealtimeEvents[Name]>>>;

  /** Sends an event, now: wait for the socket to be open. What goes wrong is an `error` event. */
  send(event: ClientEvent): void;
  /** Sends a `response.create` whose input may refer to items of the conversation. */
  sendResponseCreate(event: ResponseCreate): void;
  /** Sends what an outage held back. */
  flushPending(): void;
  /** Takes away what an outage held back. */
  takePending(): UnsentMessage[];
  /** Closes the connection, by default with 1000 and `OK`. */
  close(props?: { code: number; reason: string }): void;

  /** What the session tells from now on. Ending it does not close the connection. */
  stream(options?: RealtimeStreamOptions): AsyncIterableIterator<RealtimeStreamMessage>;
  [Symbol.asyncIterator](options?: RealtimeStreamOptions): AsyncIterableIterator<RealtimeStreamMessage>;
}
