import type {
  AudioFormat,
  ClientEvent,
  ConversationItemInputAudioTranscriptionCompleted,
  ErrorDetails,
  FunctionTool,
  Item,
  OpenAIRealtimeError,
  RealtimeSession,
  ReconnectingEvent,
  Response,
  ResponseCreate,
  ResponseOutputAudioDelta,
  ResponseOutputAudioTranscriptDelta,
  ResponseOutputTextDelta,
  ResponseParams,
  Role,
  ServerEvent,
} from 'openai-realtime-ws';

/**
 * A session to converse over: `OpenAIRealtimeWebSocket`, the official SDK's classes of that kind,
 * or anything like them.
 */
export interface ConversationSession {
  send(event: any): void;
  /**
   * Calls the listener with every event of the server under the name `event`, and with failures
   * under `error`.
   */
  on(name: any, listener: any): unknown;
  close?(): void;
  takePending?(): unknown[];
  /** Events wait until this socket is open. Without one, they are sent at once. */
  readonly socket?: any;
}

export interface ConversationOptions {
  /**
   * Configuration to send in a `session.update`, in addition to the tools. It is sent again after a
   * reconnect.
   */
  session?: Partial<Omit<RealtimeSession, 'type' | 'tools'>> & { tools?: RealtimeSession['tools'] };
  /** Functions that the model can call. */
  tools?: Tool[];
  /**
   * Decides on calls of tools with `needsApproval` and of MCP servers: true, or the reason why not.
   * By default, no.
   */
  approve?: (call: ToolCall) => boolean | string | Promise<boolean | string>;
  /**
   * Tracks what is heard of the model's speech, so that the server is told of it. The player must
   * then report.
   */
  playback?: boolean | Playback;
  /** A saved history to go on with. It is put into the session, in text. */
  history?: History | SavedHistory;
  /** A saved count of tokens to go on with. */
  usage?: Usage | SavedUsage;
  /** Puts configuration and history into the new session after a reconnect; true by default. */
  restore?: boolean;
  /** Longest time of a call in milliseconds, approval included; 60,000 by default. */
  toolTimeout?: number;
  /** Number of calls that run at a time; 8 by default. Further ones wait. */
  toolConcurrency?: number;
  /** Number of replies to outputs that may follow each other without the user; 10 by default. */
  maxSteps?: number;
  limits?: ResponseLimits;
}

/** Listeners by the name of their event. */
export interface ConversationEvents {
  /** The history changed. A change replaces the array, and the entries that changed. */
  history_updated: (history: readonly HistoryEntry[], change: HistoryChange) => void;
  /** There is a new entry. */
  history_added: (entry: HistoryEntry) => void;
  /** Piece of a reply's text. */
  text: (event: ResponseOutputTextDelta) => void;
  /** Piece of a reply's transcript: what its audio says. */
  transcript: (event: ResponseOutputAudioTranscriptDelta) => void;
  /** Piece of a reply's audio, to be played. Audio of an interrupted response is left out. */
  audio: (event: ConversationAudio) => void;
  /** Transcript of something that the user said. */
  user_transcript: (event: ConversationItemInputAudioTranscriptionCompleted) => void;
  /**
   * The model was interrupted: the player must fall silent at once. The server has been told how
   * much was heard.
   */
  interrupted: (interruption: Interruption) => void;
  /** A response, or a request for one, has ended. */
  response: (end: ResponseEnd) => void;
  tool_start: (call: ToolCall) => void;
  tool_end: (call: ToolCall, result: ToolResult) => void;
  /** A call cannot be answered: the connection broke, and the new session does not know it. */
  tool_lost: (call: ToolCall) => void;
  speech_started: (turn: TurnEventOf<'speech_started'>) => void;
  speech_stopped: (turn: TurnEventOf<'speech_stopped'>) => void;
  turn_started: (turn: TurnEventOf<'turn_started'>) => void;
  first_audio: (turn: TurnEventOf<'first_audio'>) => void;
  turn_done: (turn: TurnEventOf<'turn_done'>) => void;
  /**
   * An error of the server or of the connection. Those that the conversation deals with are left
   * out.
   */
  error: (error: OpenAIRealtimeError) => void;
  reconnecting: (event: ReconnectingEvent) => void;
  /** The connection is open again, and the conversation is put back on it. */
  reconnected: () => void;
  /** The session has ended. */
  close: (code?: number, reason?: string) => void;
  /** Every event of the server, after the pieces have seen it. */
  event: (event: ServerEvent) => void;
}

/** Piece of a reply's audio. */
export interface ConversationAudio extends ResponseOutputAudioDelta {
  /** The audio's bytes, in the session's output format. */
  data: ArrayBuffer;
  /** With `playback`: number of the stream's samples up to the end of this piece. */
  position?: number;
}

/**
 * A conversation with the model: history, one response at a time, tools, turns and usage over a
 * session.
 *
 * ```ts const rt = new OpenAIRealtimeWebSocket({ model: 'gpt-realtime-2.1' }, { apiKey: 'ek_…',
 * baseURL: 'https://api.openai.com/v1' }); const conversation = new Conversation(rt, { session: {
 * instructions: 'Be brief.' }, tools: [weather] }); conversation.on('history_updated', (history) =>
 * show(history.map((entry) => `${entry.role}: ${entry.text}`))); const { text } = await
 * conversation.say('Is it warmer in Ulm or in Bern?'); ```
 */
export declare class Conversation {
  constructor(rt: ConversationSession, options?: ConversationOptions);

  /** The session. */
  readonly rt: ConversationSession;
  /** The entries of the history, in the server's order. */
  readonly history: readonly HistoryEntry[];
  readonly usage: Usage;
  readonly turns: Turns;
  readonly playback: Playback | undefined;
  /** Id of the response under way. */
  readonly activeResponse: string | undefined;
  readonly isClosed: boolean;

  on<Name extends keyof ConversationEvents>(name: Name, listener: ConversationEvents[Name]): this;
  once<Name extends keyof ConversationEvents>(name: Name, listener: ConversationEvents[Name]): this;
  off<Name extends keyof ConversationEvents>(name: Name, listener: ConversationEvents[Name]): this;

  /** Says something as the user, in text, and asks for a response. It waits for its turn. */
  say(text: string): PendingResponse;
  /** Asks for a response, in its turn. */
  respond(response?: ResponseParams): PendingResponse;
  /** Sends any other event. A `response.create` waits for its turn. */
  send(event: ClientEvent): void;
  /**
   * Sends an event that the server acknowledges, and returns the promise of the acknowledgement. It
   * rejects with a {@link RequestError} if the server refuses the event, or does not answer within
   * 10 seconds.
   */
  request<Type extends keyof Acknowledgements>(
    event: Extract<ClientEvent, { type: Type }>,
  ): Promise<Extract<ServerEvent, { type: Acknowledgements[Type] }>>;
  /**
   * Adds audio in the session's input format to the input buffer: base64, or bytes, or samples of
   * 16 bits. Returns false if it was dropped: in an outage, or because more than `longest`
   * milliseconds wait to be sent. Set that for a microphone, whose audio must not fall behind; by
   * default, nothing is dropped.
   */
  sendAudio(
    audio: string | ArrayBuffer | ArrayBufferView,
    options?: { longest?: number; commit?: boolean },
  ): boolean;
  /** Cancels the response under way. Returns false if there is none. */
  cancel(): boolean;
  /**
   * Interrupts the model, as for a button: cancels the response under way, and tells the server how
   * much was heard.
   */
  interrupt(): void;
  /** Tells how much of a content part was played, in milliseconds. */
  playedMs(itemId: string, contentIndex: number, ms: number): void;
  /**
   * Tells how many samples of the stream of all audio were played, those that an interruption cut
   * included.
   */
  playedSamples(position: number): void;
  /** Tells that a telephone line has played everything up to a mark. */
  playedMark(name: string): boolean;
  /** Closes the session. */
  close(): void;
  /** The form to save: its members are options of a new conversation. */
  toJSON(): { history: History; usage: Usage };
}

/** Acknowledgement of each event that has one. */
export interface Acknowledgements {
  'session.update': 'session.updated';
  'conversation.item.create': 'conversation.item.added';
  'conversation.item.delete': 'conversation.item.deleted';
  'conversation.item.retrieve': 'conversation.item.retrieved';
  'conversation.item.truncate': 'conversation.item.truncated';
  'input_audio_buffer.commit': 'input_audio_buffer.committed';
  'input_audio_buffer.clear': 'input_audio_buffer.cleared';
}

/**
 * Promise of a response's end. It need not be awaited, and rejects with a {@link RequestError} if
 * no response answers the request.
 */
export interface PendingResponse extends Promise<FinishedResponse> {
  /** Cancels the response, or withdraws the request. Returns false if it has ended. */
  cancel(): boolean;
}

/** A response that has ended, whether complete or not. */
export interface FinishedResponse {
  response: Response;
  response_id: string;
  outcome: Outcome;
  /** What the model wrote or said. */
  text: string;
}

/** End of a response, or of a request that no response answers. */
export type ResponseEnd = { response_id?: string } & (
  | (FinishedResponse & { error?: undefined })
  | { error: RequestError; response?: undefined; outcome?: undefined; text?: undefined }
);

/** Outcome of a response. */
export type Outcome =
  | { status: 'completed' }
  | { status: 'cancelled'; by: 'speech' | 'client' | (string & {}) }
  | { status: 'incomplete'; reason: 'max_output_tokens' | 'content_filter' | (string & {}) }
  | {
      status: 'failed';
      code: string;
      message: string;
      advice: 'retry' | 'wait' | 'give_up';
      wait_ms?: number;
    };

/** Reason why a request is not answered, or why the end of its response is not known. */
export declare class RequestError extends Error {
  readonly reason: 'refused' | 'busy' | 'timed_out' | 'withdrawn' | 'connection_lost' | 'closed';
  /** The server's own words, if it refused the request. */
  readonly error?: ErrorDetails;
}

/** Meaning of an error of the server for the session. */
export declare function errorKind(
  error: Partial<ErrorDetails>,
): 'harmless' | 'deferred' | 'request' | 'fatal';

export interface ResponseLimits {
  /**
   * Longest time in milliseconds from a request to its response, and from a cancellation to its
   * end; 10,000 by default.
   */
  begin?: number;
  /** Longest time in milliseconds that a request waits for its turn; 120,000 by default. */
  wait?: number;
  /** Number of times that a request is sent if it collides; 8 by default. */
  attempts?: number;
}

/**
 * Arbiter of responses, without I/O and without a clock: decides when each `response.create` is
 * sent. Times are in milliseconds.
 */
export declare class Responses {
  constructor(options?: ResponseLimits & { eventIds?: string });
  readonly active: string | undefined;
  readonly isIdle: boolean;
  readonly wakeAt: number | undefined;
  request(now: number, event?: ResponseCreate): number;
  requestFollowUp(now: number, event?: ResponseCreate, callIds?: string[]): number;
  cancel(now: number): boolean;
  cancelRequest(now: number, ticket: number): boolean;
  responseOf(ticket: number): string | undefined;
  isAside(responseId: string): boolean;
  received(now: number, event: ServerEvent): void;
  tick(now: number): void;
  poll(): ClientEvent | undefined;
  pollEnd():
    | {
        ticket?: number;
        response_id?: string;
        response?: Response;
        outcome?: Outcome;
        error?: RequestError;
      }
    | undefined;
  connectionLost(): void;
  connected(now: number): void;
  close(): void;
}

/** A call that the model makes. */
export interface ToolCall {
  /** `mcp_approval` is a call that an MCP server makes itself once it is approved. */
  type: 'function' | 'mcp_approval';
  call_id: string;
  item_id: string;
  response_id: string;
  name: string;
  /** JSON, as the model wrote it. */
  arguments: string;
  /** Label of the MCP server. */
  server_label?: string;
}

/** Result of a call, as the model is told. */
export interface ToolResult {
  output: string;
  failed?: boolean;
  /** Set if no reply shall follow the output. */
  background?: boolean;
  /** Set if the call was not approved. */
  denied?: boolean;
}

/** A function that the model can call. */
export interface Tool {
  readonly name: string;
  readonly definition: FunctionTool;
}

/** A schema of a library that follows Standard Schema, such as Zod. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

export interface ToolContext {
  call: ToolCall;
  /** Aborted when the call takes too long, or cannot be answered any more. */
  signal: AbortSignal;
}

interface ToolOptions {
  name: string;
  description?: string;
  /** Asks {@link ConversationOptions.approve} before a call. */
  needsApproval?: boolean | ((call: ToolCall) => boolean | Promise<boolean>);
  /** Longest time of a call in milliseconds. */
  timeout?: number;
}

/**
 * Returns a tool. The model is told what `execute` returns: text as it is, other values as JSON. It
 * is told of errors, too.
 *
 * ```ts
 * const weather = tool({
 *   name: 'weather',
 *   description: 'Current weather in a city',
 *   parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
 *   execute: async ({ city }) => ({ city, celsius: 21 }),
 * });
 * ```
 */
export declare function tool<Output>(
  options: ToolOptions & {
    /**
     * A schema of Zod (4.2 or later), Valibot, ArkType or another library that writes itself as
     * JSON Schema.
     */
    parameters: StandardSchema<Output>;
    execute: (args: Output, context: ToolContext) => unknown;
  },
): Tool;
export declare function tool<Args = any>(
  options: ToolOptions & {
    /** JSON Schema of an object. */
    parameters?: Record<string, unknown>;
    execute: (args: Args, context: ToolContext) => unknown;
  },
): Tool;

/** Marks a tool's result that the model shall know, and need not speak about. */
export declare function backgroundResult(output?: unknown): unknown;

/** Record of the calls that the model makes, and of their outputs. It runs nothing. */
export declare class ToolCalls {
  constructor(maxSteps?: number);
  /** The calls that are not answered. */
  readonly open: ToolCall[];
  received(event: ServerEvent): ToolCall[];
  answer(callId: string, result: ToolResult): ClientEvent | undefined;
  pollFollowUp(): { event: ResponseCreate; callIds: string[] } | undefined;
  connectionLost(isLost: (call: ToolCall) => boolean): ToolCall[];
}

/** One item of the conversation, as far as it is known. */
export declare class HistoryEntry {
  private constructor();
  readonly id: string;
  readonly type: Item['type'];
  /** Author of a message. */
  readonly role: Role | undefined;
  /**
   * Text so far: of a message what was written or said, of a call its arguments, of an output the
   * output.
   */
  readonly text: string;
  /**
   * Text that the user heard: all of it, unless it was truncated. Then it is cut by the share of
   * its audio that was played.
   */
  readonly heard: string;
  readonly status: 'in_progress' | 'completed' | 'incomplete';
  /** The item, without audio. */
  readonly item: Item;
  /** Response that made it. */
  readonly response_id?: string;
  /** Set if it was truncated: the audio that stays, in milliseconds. */
  readonly truncated_ms?: number;
  /** Length of the audio that was received, in milliseconds. */
  readonly audio_ms: number | undefined;
  /** Set if the user's speech could not be transcribed. */
  readonly transcription_failed: boolean;
  /** Set while the server has the item. */
  readonly on_server: boolean;
}

/** Change of a history. Indexes are those after the change. */
export type HistoryChange =
  | { type: 'added' | 'grew' | 'updated' | 'removed'; at: number }
  | { type: 'moved'; from: number; at: number };

/** A history as it was saved, also by the Rust crate. */
export interface SavedHistory {
  entries: unknown[];
}

/** Record of a conversation: its items in the server's order. */
export declare class History {
  constructor(saved?: SavedHistory);
  readonly entries: readonly HistoryEntry[];
  get(itemId: string): HistoryEntry | undefined;
  position(itemId: string): number;
  apply(event: ServerEvent): HistoryChange | undefined;
  connectionLost(): void;
  /**
   * Returns the events that put the conversation into a new session, in text, behind an item or at
   * the top.
   */
  seed(behind?: string): ClientEvent[];
  toJSON(): SavedHistory;
}

/** Heard part of a content part of the model's speech. */
export interface Heard {
  response_id: string;
  item_id: string;
  content_index: number;
  played_ms: number;
  received_ms: number;
  /** Set when the server has sent the part to its end. */
  is_complete: boolean;
}

/** Result of an interruption. */
export interface Interruption {
  /** A `conversation.item.truncate` or `.delete` for each item that was not heard to its end. */
  events: ClientEvent[];
  heard: Heard[];
}

/** Tracker of the model's speech: which audio was received, and which was heard. */
export declare class Playback {
  readonly isPlaying: boolean;
  readonly nowPlaying: Heard | undefined;
  /** Number of samples of all audio so far that was to be played. */
  readonly samples: number;
  received(event: ServerEvent): Interruption | undefined;
  plays(event: ResponseOutputAudioDelta): boolean;
  formatOf(responseId: string): AudioFormat;
  playedMs(itemId: string, contentIndex: number, ms: number): void;
  playedSamples(position: number): void;
  /**
   * Cuts a piece of audio into pieces of about this length, each with the name of a mark for the
   * place behind it.
   */
  pieces(event: ResponseOutputAudioDelta, ms?: number): { audio: string; mark: string }[];
  playedMark(name: string): boolean;
  interrupt(): Interruption & { cancel?: ClientEvent };
  reconnected(): void;
}

/** Beginning or end of a turn. Times are in milliseconds. */
export type TurnEvent =
  | { type: 'speech_started'; item_id: string; audio_start_ms: number }
  | { type: 'speech_stopped'; item_id: string; audio_end_ms: number }
  | { type: 'turn_started'; response_id: string }
  | { type: 'first_audio'; response_id: string; latency?: number }
  | ({ type: 'turn_done'; outcome: Outcome } & ModelTurn);

export type TurnEventOf<Type> = Extract<TurnEvent, { type: Type }>;

/** Turn of the model: one response. Times are in milliseconds of `performance.now()`. */
export interface ModelTurn {
  response_id: string;
  started: number;
  user_ended?: number;
  first_audio?: number;
  /** Time from the end of the user's speech to the first audio. */
  latency?: number;
}

/** Observer of turns. */
export declare class Turns {
  readonly isUserSpeaking: boolean;
  readonly underWay: readonly ModelTurn[];
  received(now: number, event: ServerEvent): TurnEvent | undefined;
  connectionLost(): void;
}

/** Numbers of tokens, by kind. */
export interface Tokens {
  /** Number of responses that were counted. */
  responses: number;
  /** Tokens that the model read. Cached ones are a part of the total and of each kind. */
  input: {
    total: number;
    text: number;
    audio: number;
    image: number;
    cached: number;
    cached_text: number;
    cached_audio: number;
    cached_image: number;
  };
  /** Tokens that the model wrote. Reasoning is a part of the text. */
  output: { total: number; text: number; audio: number; reasoning: number };
  /**
   * Transcriptions of the user's speech, in tokens or seconds. They run beside the model, and are
   * billed apart.
   */
  transcription: {
    total: number;
    input: number;
    input_audio: number;
    output: number;
    seconds: number;
  };
}

/** A count of tokens as it was saved, also by the Rust crate. */
export interface SavedUsage {
  total: Tokens;
  session: Tokens;
  counted: string[];
}

/** Meter of the tokens that a conversation used. */
export declare class Usage {
  constructor(saved?: SavedUsage);
  /** Tokens of the whole conversation, across reconnects. */
  readonly total: Tokens;
  /** Tokens since the last `session.created`. */
  readonly session: Tokens;
  received(event: ServerEvent): Tokens | undefined;
  toJSON(): SavedUsage;
}

/** Decodes base64 to bytes. */
export declare function fromBase64(base64: string): Uint8Array;
/** Encodes bytes, or the bytes of samples, as base64. */
export declare function toBase64(audio: ArrayBuffer | ArrayBufferView): string;
/** Decodes audio of a format, by default PCM of 16 bits, to samples from -1 to 1. */
export declare function toSamples(base64: string, format?: AudioFormat): Float32Array;
/** Converts samples from -1 to 1 to 16-bit ones. */
export declare function toPcm16(samples: Float32Array): Int16Array;
/** Resampler of a stream, for microphones whose rate in Hz is not the service's 24,000. */
export declare class Resampler {
  constructor(from: number, to?: number);
  /** Takes samples, and returns those that they complete at the other rate. */
  push(samples: Float32Array): Float32Array;
}
