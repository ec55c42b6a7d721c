// The protocol's events, written by the crate's tests from its tables: do not edit. After a change of a table,
// `UPDATE_TYPES=1 cargo test --lib typescript` writes them again.

/** A piece of the reply's text. */
export interface ResponseOutputTextDelta {
  type: 'response.output_text.delta';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response that it is part of. */
  response_id: string;
  /** The message item that it is part of. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
  /** The content part's place in the item. */
  content_index: number;
  /** The text that comes next. */
  delta: string;
}

/** A piece of the reply's audio. */
export interface ResponseOutputAudioDelta {
  type: 'response.output_audio.delta';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response that it is part of. */
  response_id: string;
  /** The message item that it is part of. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
  /** The content part's place in the item. */
  content_index: number;
  /** The audio that comes next, in the session's output format. */
  delta: string;
}

/** A piece of what the reply's audio says. */
export interface ResponseOutputAudioTranscriptDelta {
  type: 'response.output_audio_transcript.delta';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response that it is part of. */
  response_id: string;
  /** The message item that it is part of. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
  /** The content part's place in the item. */
  content_index: number;
  /** The text that comes next. */
  delta: string;
}

/** A piece of a function call's arguments. */
export interface ResponseFunctionCallArgumentsDelta {
  type: 'response.function_call_arguments.delta';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response that it is part of. */
  response_id: string;
  /** The function call item that it is part of. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
  /** The call's id. */
  call_id: string;
  /** The JSON text that comes next. */
  delta: string;
}

/** How sure the model is of a token. */
export interface LogProb {
  /** The token. */
  token: string;
  /** Its bytes, as UTF-8. */
  bytes: Array<number>;
  /** The natural logarithm of its probability. */
  logprob: number;
}

/** A piece of what the user said. */
export interface ConversationItemInputAudioTranscriptionDelta {
  type: 'conversation.item.input_audio_transcription.delta';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The user's message item. */
  item_id: string;
  /** The content part's place in the item. */
  content_index?: number;
  /** The text that comes next. */
  delta?: string;
  /** How sure the model is of each token; only if the session includes it. */
  logprobs?: Array<LogProb> | null;
}

/** Details of an `error` event. */
export interface ErrorDetails {
  /** Class of the error, such as `invalid_request_error`. */
  type: string;
  /** Name of the error, such as `invalid_value`. */
  code?: string | null;
  /** Description for a person. */
  message: string;
  /** Path of the field at fault. */
  param?: string | null;
  /** `event_id` of the client event that caused the error. Some errors name none although the event had one. */
  event_id?: string | null;
}

/** The server could not do what was asked, or failed. The session goes on. */
export interface ErrorEvent {
  type: 'error';
  /** ID that the sender gave the event. */
  event_id: string;
  /** What went wrong. */
  error: ErrorDetails;
}

/** A form of reply. */
export type Modality =
  | 'text'
  | 'audio';

/** PCM16: 16 bits per sample, little-endian, one channel. */
export interface PcmFormat {
  type?: 'audio/pcm';
  /** Sample rate in Hz. OpenAI's service takes 24,000. */
  rate?: 24000;
}

/** G.711 μ-law: 8 bits per sample, 8,000 Hz. */
export interface PcmuFormat {
  type?: 'audio/pcmu';
}

/** G.711 A-law: 8 bits per sample, 8,000 Hz. */
export interface PcmaFormat {
  type?: 'audio/pcma';
}

/** Format of audio. */
export type AudioFormat =
  | PcmFormat
  | PcmuFormat
  | PcmaFormat;

/** By silence. */
export interface ServerVad {
  type: 'server_vad';
  /** How loud speech must be, from 0 to 1; 0.5 if absent. */
  threshold?: number;
  /** How much audio before the speech is kept, in milliseconds; 300 if absent. */
  prefix_padding_ms?: number;
  /** How long a silence ends the turn, in milliseconds; 500 if absent. */
  silence_duration_ms?: number;
  /** After how long a silence the model speaks up by itself, in milliseconds. */
  idle_timeout_ms?: number | null;
  /** Whether the end of a turn brings a response. */
  create_response?: boolean;
  /** Whether speech interrupts the response under way. */
  interrupt_response?: boolean;
}

/** How soon the model takes a turn to be over. */
export type Eagerness =
  | 'low'
  | 'medium'
  | 'high'
  | 'auto';

/** By what is said. */
export interface SemanticVad {
  type: 'semantic_vad';
  /** How soon the model replies. */
  eagerness?: Eagerness;
  /** Whether the end of a turn brings a response. */
  create_response?: boolean;
  /** Whether speech interrupts the response under way. */
  interrupt_response?: boolean;
}

/** How the end of the user's turn is found. */
export type TurnDetection =
  | ServerVad
  | SemanticVad;

/** How long a transcription waits before it writes. */
export type TranscriptionDelay =
  | 'minimal'
  | 'low'
  | 'medium'
  | 'high'
  | 'xhigh';

/** How speech is transcribed. */
export interface TranscriptionConfig {
  /** The model. */
  model?: string;
  /** The language spoken, as ISO 639-1. */
  language?: string;
  /** The languages that may be spoken, as ISO 639-1. */
  languages?: Array<string>;
  /** Guidance in free text. */
  prompt?: string;
  /** Words to expect. */
  keywords?: Array<string>;
  /** How long the model waits for more before it writes: more delay, fewer mistakes. */
  delay?: TranscriptionDelay;
}

/** A kind of microphone. */
export type NoiseReductionType =
  | 'near_field'
  | 'far_field';

/** The suppression of noise in input audio. */
export interface NoiseReduction {
  /** For which kind of microphone. */
  type?: NoiseReductionType;
  /** How strong it is; 1 if absent. */
  strength?: number;
}

/** Input audio. */
export interface AudioInput {
  /** Its format. */
  format?: AudioFormat;
  /**
   * When the server takes the user's turn to be over. Null: when the client says so, by
   * `input_audio_buffer.commit`.
   */
  turn_detection?: TurnDetection | null;
  /** The transcription of what the user says. */
  transcription?: TranscriptionConfig;
  /** The suppression of noise. */
  noise_reduction?: NoiseReduction;
}

/** A voice of one's own. */
export interface CustomVoice {
  /** Its id. */
  id: string;
}

/** A voice: one of the provider's by name, such as `marin`, or one of one's own by id. */
export type Voice =
  | string
  | CustomVoice;

/** Output audio. */
export interface AudioOutput {
  /** Its format. */
  format?: AudioFormat;
  /** The voice; it cannot change once the model has spoken. */
  voice?: Voice;
  /** The pace, as a multiple of the usual one: 0.25 to 1.5. */
  speed?: number;
}

/** Input and output audio. */
export interface AudioConfig {
  /** Input audio. */
  input?: AudioInput;
  /** Output audio. */
  output?: AudioOutput;
}

/**
 * A function of the client's own. The model's calls come as `function_call` items, and the client answers with
 * `function_call_output`.
 */
export interface FunctionTool {
  type?: 'function';
  /** The name by which the model calls it. */
  name?: string;
  /** What it does, and when to call it. */
  description?: string;
  /** The JSON Schema of its arguments. */
  parameters?: unknown;
}

/** An MCP server that the service runs itself. */
export type McpConnector =
  | 'connector_dropbox'
  | 'connector_gmail'
  | 'connector_googlecalendar'
  | 'connector_googledrive'
  | 'connector_microsoftteams'
  | 'connector_outlookcalendar'
  | 'connector_outlookemail'
  | 'connector_sharepoint';

/** Tools, by name or by what they do. */
export interface ToolFilter {
  /** Only tools that change nothing, by their own account. */
  read_only?: boolean;
  /** Only the tools of these names. */
  tool_names?: Array<string>;
}

/** Which of an MCP server's tools the model may call. */
export type AllowedTools =
  | Array<string>
  | ToolFilter;

/** From where a tool is called. */
export type ToolCaller =
  | 'direct'
  | 'programmatic';

/** Which calls wait for approval, tool by tool. */
export interface ApprovalFilter {
  /** Those that wait. */
  always?: ToolFilter;
  /** Those that do not. */
  never?: ToolFilter;
}

/** Which calls of an MCP server's tools wait for the client's approval. */
export type RequireApproval =
  | 'always'
  | 'never'
  | ApprovalFilter;

/**
 * The tools of an MCP server, which the service itself calls. One of `server_url`,
 * `connector_id` and `tunnel_id` says where it is.
 */
export interface McpTool {
  type: 'mcp';
  /** The name by which tool calls speak of this server. */
  server_label: string;
  /** What the server is for. */
  server_description?: string;
  /** The server's address. */
  server_url?: string;
  /** A server that the service runs itself. */
  connector_id?: McpConnector;
  /** A secure tunnel to the server. */
  tunnel_id?: string;
  /** An OAuth access token for the server. */
  authorization?: string;
  /** Further HTTP headers for the server. */
  headers?: Record<string, string> | null;
  /** Which of its tools the model may call; all if absent. */
  allowed_tools?: AllowedTools | null;
  /** From where the tools may be called. */
  allowed_callers?: Array<ToolCaller> | null;
  /** Which calls wait for an `mcp_approval_response` of the client. */
  require_approval?: RequireApproval | null;
  /** Whether the tools are found by tool search only when needed. */
  defer_loading?: boolean;
}

/** A tool that the model may call. */
export type Tool =
  | FunctionTool
  | McpTool;

/** A function. */
export interface ChosenFunction {
  type: 'function';
  /** Its name. */
  name: string;
}

/** A tool of an MCP server. */
export interface ChosenMcpTool {
  type: 'mcp';
  /** The server. */
  server_label: string;
  /** The tool's name; any of the server's if absent. */
  name?: string | null;
}

/** The tool that the model must call. */
export type ChosenTool =
  | ChosenFunction
  | ChosenMcpTool;

/** Whether the model calls a tool, and which. */
export type ToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | ChosenTool;

/** A limit in tokens. */
export type MaxOutputTokens =
  | 'inf'
  | number;

/** An effort. */
export type ReasoningEffort =
  | 'minimal'
  | 'low'
  | 'medium'
  | 'high'
  | 'xhigh';

/** How much a reasoning model thinks. */
export interface Reasoning {
  /** The effort. */
  effort?: ReasoningEffort;
}

/** Limits of a conversation. */
export interface TokenLimits {
  /** Of what stands behind the instructions and tools, in tokens. */
  post_instructions?: number;
}

/** More is dropped at once than needs to be, so that the next turns find a cached beginning. */
export interface RetentionRatio {
  type: 'retention_ratio';
  /** Which part of the conversation stays, from 0 to 1. */
  retention_ratio: number;
  /** Limits below the model's own. */
  token_limits?: TokenLimits;
}

/** A rule of what is dropped. */
export type TruncationRule =
  | RetentionRatio;

/** What happens when the conversation outgrows the model's input. */
export type Truncation =
  | 'auto'
  | 'disabled'
  | TruncationRule;

/** How a cache breakpoint is found. */
export type CacheBreakpointMode =
  | 'explicit';

/** For how long a prompt's beginning stays cached. */
export type CacheTtl =
  | '30m'
  | '12h';

/** The end of a beginning that many prompts share. */
export interface CacheBreakpoint {
  /** How it is found. */
  mode: CacheBreakpointMode;
  /** For how long it is kept at least. */
  ttl?: CacheTtl;
}

/** Text. */
export interface PromptText {
  type: 'input_text';
  /** The text. */
  text: string;
  /** The prompt up to here is worth caching. */
  prompt_cache_breakpoint?: CacheBreakpoint;
}

/** How closely an image is looked at. */
export type ImageDetail =
  | 'auto'
  | 'low'
  | 'high'
  | 'original';

/** An image, by one of its id and its address. */
export interface PromptImage {
  type: 'input_image';
  /** How closely it is looked at. */
  detail: 'auto' | 'low' | 'high' | 'original';
  /** An uploaded file's id. */
  file_id?: string | null;
  /** An address, or the image itself as a data URI. */
  image_url?: string | null;
  /** The prompt up to here is worth caching. */
  prompt_cache_breakpoint?: CacheBreakpoint;
}

/** A file, by one of its id, its address and its content. */
export interface PromptFile {
  type: 'input_file';
  /** How closely it is looked at. */
  detail?: 'auto' | 'low' | 'high';
  /** An uploaded file's id. */
  file_id?: string | null;
  /** An address. */
  file_url?: string;
  /** The content. */
  file_data?: string;
  /** The file's name. */
  filename?: string;
  /** The prompt up to here is worth caching. */
  prompt_cache_breakpoint?: CacheBreakpoint;
}

/** An input of a stored prompt. */
export type PromptInput =
  | PromptText
  | PromptImage
  | PromptFile;

/** What a placeholder of a stored prompt stands for. */
export type PromptVariable =
  | string
  | PromptInput;

/** A stored prompt. */
export interface Prompt {
  /** Its id. */
  id: string;
  /** Its version; the current one if absent. */
  version?: string | null;
  /** What its placeholders stand for. */
  variables?: Record<string, PromptVariable> | null;
}

/** How a trace is filed. */
export interface TracingConfig {
  /** The trace's name. */
  workflow_name?: string;
  /** The group that it belongs to. */
  group_id?: string;
  /** Anything to find it by. */
  metadata?: unknown;
}

/** Traces of a session in the provider's dashboard. */
export type Tracing =
  | 'auto'
  | TracingConfig;

/** What events contain only when asked to. */
export type Include =
  | 'item.input_audio_transcription.logprobs';

/** A conversation with the model. */
export interface RealtimeSession {
  type: 'realtime';
  /** The model; it cannot change once the session is open. */
  model?: string;
  /** In which form the model replies: text or audio, one of them. */
  output_modalities?: Array<Modality>;
  /** What the model is told beforehand; the empty string clears it. */
  instructions?: string;
  /** Input and output audio. */
  audio?: AudioConfig;
  /** The tools that the model may call; an empty list clears them. */
  tools?: Array<Tool>;
  /** Whether the model calls a tool, and which. */
  tool_choice?: ToolChoice;
  /** Whether the model may call several tools at once. */
  parallel_tool_calls?: boolean;
  /** The limit of a response, in tokens. */
  max_output_tokens?: MaxOutputTokens;
  /** How much the model thinks. */
  reasoning?: Reasoning;
  /** What is dropped when the conversation outgrows the model. */
  truncation?: Truncation;
  /** A stored prompt. */
  prompt?: Prompt | null;
  /** Traces of the session in the provider's dashboard. */
  tracing?: Tracing | null;
  /** What else events are to contain. */
  include?: Array<Include>;
  /** The session's id; the server's. */
  id?: string;
  /** The kind of object, `realtime.session`; the server's. */
  object?: 'realtime.session';
  /** When the session ends, in seconds of Unix time; the server's. */
  expires_at?: number;
}

/** Input audio of a transcription session. */
export interface TranscriptionAudio {
  /** Input audio. */
  input?: AudioInput;
}

/** The transcription of speech, without replies. */
export interface TranscriptionSession {
  type: 'transcription';
  /** Input audio. */
  audio?: TranscriptionAudio;
  /** What else events are to contain. */
  include?: Array<Include>;
  /** The session's id; the server's. */
  id?: string;
  /** The kind of object, `realtime.transcription_session`; the server's. */
  object?: string;
  /** When the session ends, in seconds of Unix time; the server's. */
  expires_at?: number;
}

/** A session's configuration. In `session.update`, what is absent stays as it is. */
export type SessionConfig =
  | RealtimeSession
  | TranscriptionSession;

/** The session is open; sent first. */
export interface SessionCreated {
  type: 'session.created';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The session's configuration. */
  session: SessionConfig;
}

/** The session's configuration changed, as `session.update` asked. */
export interface SessionUpdated {
  type: 'session.updated';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The session's configuration, whole. */
  session: SessionConfig;
}

/** A conversation. */
export interface Conversation {
  /** Its id. */
  id?: string;
  /** The kind of object, `realtime.conversation`. */
  object?: 'realtime.conversation';
}

/** A conversation began; sent after `session.created`. */
export interface ConversationCreated {
  type: 'conversation.created';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The conversation. */
  conversation: Conversation;
}

/** How far an item is. */
export type ItemStatus =
  | 'completed'
  | 'incomplete'
  | 'in_progress';

/** Who speaks. */
export type Role =
  | 'user'
  | 'assistant'
  | 'system';

/** What a message of the model is. */
export type Phase =
  | 'commentary'
  | 'final_answer';

/** The kind of a content part. */
export type ContentType =
  | 'input_text'
  | 'input_audio'
  | 'input_image'
  | 'output_text'
  | 'output_audio'
  | 'text'
  | 'audio';

/** A part of a message. */
export interface ResponsePart {
  type?: 'text' | 'audio';
  text?: string;
  /** Audio in base64. */
  audio?: string;
  transcript?: string;
}

/** What a person, the model or the system said. */
export type Message = SystemMessage | UserMessage | AssistantMessage;

interface AnyMessage {
  type: 'message';
  /** ID of the item. */
  id?: string;
  object?: 'realtime.item';
  status?: ItemStatus;
}

/** A message of the system. */
export interface SystemMessage extends AnyMessage {
  role: 'system';
  content: Array<{ type?: 'input_text'; text?: string }>;
}

/** A message of the user. */
export interface UserMessage extends AnyMessage {
  role: 'user';
  content: Array<UserPart>;
}

/** A part of a user's message. */
export interface UserPart {
  type?: 'input_text' | 'input_audio' | 'input_image';
  text?: string;
  /** Audio in base64. */
  audio?: string;
  transcript?: string;
  /** URL of the image; `data:` URLs are allowed. */
  image_url?: string;
  detail?: 'auto' | 'low' | 'high';
}

/** A message of the model. */
export interface AssistantMessage extends AnyMessage {
  role: 'assistant';
  phase?: Phase;
  content: Array<AssistantPart>;
}

/** A part of the model's message. */
export interface AssistantPart {
  type?: 'output_text' | 'output_audio';
  text?: string;
  /** Audio in base64. */
  audio?: string;
  transcript?: string;
}

/** The model calls a function of the client's. */
export interface FunctionCall {
  type: 'function_call';
  /** The item's id; the server makes one if it is absent. */
  id?: string;
  /** The kind of object, `realtime.item`. */
  object?: 'realtime.item';
  /** How far it is. */
  status?: ItemStatus;
  /** The call's id, which the answer names. */
  call_id?: string;
  /** The function's name. */
  name: string;
  /** The arguments: JSON, in text. */
  arguments: string;
}

/** The answer to a function call. */
export interface FunctionCallOutput {
  type: 'function_call_output';
  /** The item's id; the server makes one if it is absent. */
  id?: string;
  /** The kind of object, `realtime.item`. */
  object?: 'realtime.item';
  /** How far it is. */
  status?: ItemStatus;
  /** The id of the call that it answers. */
  call_id: string;
  /** What the function gave, in free text. */
  output: string;
}

/** An MCP server's tool is to be called, if the client approves. */
export interface McpApprovalRequest {
  type: 'mcp_approval_request';
  /** The item's id, which the approval names. */
  id: string;
  /** The server. */
  server_label: string;
  /** The tool's name. */
  name: string;
  /** The arguments: JSON, in text. */
  arguments: string;
}

/** The client approves of a tool call, or does not. */
export interface McpApprovalResponse {
  type: 'mcp_approval_response';
  /** The item's id. */
  id: string;
  /** The id of the request that it answers. */
  approval_request_id: string;
  /** Whether the tool may be called. */
  approve: boolean;
  /** Why. */
  reason?: string | null;
}

/** A tool of an MCP server. */
export interface ListedTool {
  /** Its name. */
  name: string;
  /** What it does. */
  description?: string | null;
  /** The JSON Schema of its arguments. */
  input_schema: unknown;
  /** What else the server says of it. */
  annotations?: unknown | null;
}

/** The tools that an MCP server has. */
export interface McpListTools {
  type: 'mcp_list_tools';
  /** The item's id. */
  id?: string;
  /** The server. */
  server_label: string;
  /** Its tools. */
  tools: Array<ListedTool>;
}

/** The server did not keep to the protocol. */
export interface McpProtocolError {
  type: 'protocol_error';
  /** The JSON-RPC error's code. */
  code: number;
  /** What happened. */
  message: string;
}

/** The tool failed. */
export interface McpToolExecutionError {
  type: 'tool_execution_error';
  /** What happened. */
  message: string;
}

/** The server's HTTP did. */
export interface McpHttpError {
  type: 'http_error';
  /** The HTTP status. */
  code: number;
  /** What happened. */
  message: string;
}

/** Why a call of an MCP server's tool failed. */
export type McpError =
  | McpProtocolError
  | McpToolExecutionError
  | McpHttpError;

/** A call of an MCP server's tool, and what came of it. */
export interface McpCall {
  type: 'mcp_call';
  /** The item's id. */
  id: string;
  /** The server. */
  server_label: string;
  /** The tool's name. */
  name: string;
  /** The arguments: JSON, in text. */
  arguments: string;
  /** The id of the approval request that went before. */
  approval_request_id?: string | null;
  /** What the tool gave. */
  output?: string | null;
  /** What went wrong. */
  error?: McpError | null;
}

/** An item of the conversation, by its id, as input of a response. */
export interface ItemReference {
  type: 'item_reference';
  /** The item's id. */
  id: string;
}

/** One entry of the conversation. */
export type Item =
  | Message
  | FunctionCall
  | FunctionCallOutput
  | McpApprovalRequest
  | McpApprovalResponse
  | McpListTools
  | McpCall;

/** An item was added to the conversation; its content may still be growing. */
export interface ConversationItemAdded {
  type: 'conversation.item.added';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The item that it stands behind. */
  previous_item_id?: string | null;
  /** The item. */
  item: Item;
}

/** An item of the conversation is complete. */
export interface ConversationItemDone {
  type: 'conversation.item.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The item that it stands behind. */
  previous_item_id?: string | null;
  /** The item, without its audio, for which `conversation.item.retrieve` asks. */
  item: Item;
}

/** An item was added to the conversation; the older name of `conversation.item.added`. */
export interface ConversationItemCreated {
  type: 'conversation.item.created';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The item that it stands behind. */
  previous_item_id?: string | null;
  /** The item. */
  item: Item;
}

/** An item as the server has it, as `conversation.item.retrieve` asked. */
export interface ConversationItemRetrieved {
  type: 'conversation.item.retrieved';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The item, with its audio. */
  item: Item;
}

/** A spoken reply was cut off, as `conversation.item.truncate` asked. */
export interface ConversationItemTruncated {
  type: 'conversation.item.truncated';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The id of the model's message. */
  item_id: string;
  /** The content part's place in the item. */
  content_index: number;
  /** How much of the audio stays, in milliseconds. */
  audio_end_ms: number;
}

/** An item was removed, as `conversation.item.delete` asked. */
export interface ConversationItemDeleted {
  type: 'conversation.item.deleted';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The item's id. */
  item_id: string;
}

/** The tokens that were cached, by kind. */
export interface CachedTokenDetails {
  /** Of text. */
  text_tokens?: number;
  /** Of audio. */
  audio_tokens?: number;
  /** Of images. */
  image_tokens?: number;
}

/** The tokens read, by kind. */
export interface InputTokenDetails {
  /** Of text. */
  text_tokens?: number;
  /** Of audio. */
  audio_tokens?: number;
  /** Of images. */
  image_tokens?: number;
  /** Those that were cached. */
  cached_tokens?: number;
  /** Those that were cached, by kind. */
  cached_tokens_details?: CachedTokenDetails;
}

/** In tokens. */
export interface TokenUsage {
  type: 'tokens';
  /** All. */
  total_tokens: number;
  /** Those read. */
  input_tokens: number;
  /** Those written. */
  output_tokens: number;
  /** Those read, by kind. */
  input_token_details?: InputTokenDetails;
}

/** By length. */
export interface DurationUsage {
  type: 'duration';
  /** The audio's length, in seconds. */
  seconds: number;
}

/** What a transcription cost. */
export type TranscriptionUsage =
  | TokenUsage
  | DurationUsage;

/** A language that was heard. */
export interface DetectedLanguage {
  /** Its code. */
  code: string;
}

/** What the user said, whole. */
export interface ConversationItemInputAudioTranscriptionCompleted {
  type: 'conversation.item.input_audio_transcription.completed';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The user's message item. */
  item_id: string;
  /** The content part's place in the item. */
  content_index: number;
  /** The text. */
  transcript: string;
  /** What the transcription cost. */
  usage: TranscriptionUsage;
  /** The languages heard. */
  languages?: Array<DetectedLanguage>;
  /** How sure the model is of each token; only if the session includes it. */
  logprobs?: Array<LogProb> | null;
}

/** A stretch of speech of one speaker. */
export interface ConversationItemInputAudioTranscriptionSegment {
  type: 'conversation.item.input_audio_transcription.segment';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The user's message item. */
  item_id: string;
  /** The content part's place in the item. */
  content_index: number;
  /** The segment's id. */
  id: string;
  /** Who speaks, as a label. */
  speaker: string;
  /** The text. */
  text: string;
  /** Where it begins, in seconds. */
  start: number;
  /** Where it ends, in seconds. */
  end: number;
}

/** Reason why speech could not be transcribed. */
export interface TranscriptionError {
  /** Class of the error. */
  type?: string;
  /** Name of the error. */
  code?: string;
  /** Description for a person. */
  message?: string;
  /** Path of the field at fault. */
  param?: string;
}

/** What the user said could not be transcribed. */
export interface ConversationItemInputAudioTranscriptionFailed {
  type: 'conversation.item.input_audio_transcription.failed';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The user's message item. */
  item_id: string;
  /** The content part's place in the item. */
  content_index: number;
  /** Why. */
  error: TranscriptionError;
}

/** The user began to speak. */
export interface InputAudioBufferSpeechStarted {
  type: 'input_audio_buffer.speech_started';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The message item that it will become. */
  item_id: string;
  /** When, in milliseconds of all audio sent in this session, the prefix padding included. */
  audio_start_ms: number;
}

/** The user stopped speaking. */
export interface InputAudioBufferSpeechStopped {
  type: 'input_audio_buffer.speech_stopped';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The message item that it will become. */
  item_id: string;
  /** When, in milliseconds of all audio sent in this session, the silence included. */
  audio_end_ms: number;
}

/** The input buffer became a user message. */
export interface InputAudioBufferCommitted {
  type: 'input_audio_buffer.committed';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The item that it stands behind. */
  previous_item_id?: string | null;
  /** The message item. */
  item_id: string;
}

/** The input buffer was emptied, as `input_audio_buffer.clear` asked. */
export interface InputAudioBufferCleared {
  type: 'input_audio_buffer.cleared';
  /** ID that the sender gave the event. */
  event_id: string;
}

/** The user was silent for the turn detection's `idle_timeout_ms`. */
export interface InputAudioBufferTimeoutTriggered {
  type: 'input_audio_buffer.timeout_triggered';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The item of the silence. */
  item_id: string;
  /** Where the silence began, in milliseconds of all audio sent in this session. */
  audio_start_ms: number;
  /** Where it ended, in milliseconds of all audio sent in this session. */
  audio_end_ms: number;
}

/** A caller pressed a key; over SIP. */
export interface InputAudioBufferDtmfEventReceived {
  type: 'input_audio_buffer.dtmf_event_received';
  /** The key: 0 to 9, `*`, `#`, A to D. */
  event: string;
  /** When, in seconds of Unix time. */
  received_at: number;
}

/** How far a response is. */
export type ResponseStatus =
  | 'in_progress'
  | 'completed'
  | 'cancelled'
  | 'failed'
  | 'incomplete';

/** Why a response ended early. */
export type StatusReason =
  | 'turn_detected'
  | 'client_cancelled'
  | 'max_output_tokens'
  | 'content_filter';

/** Why a response failed. */
export interface StatusError {
  /** Class of the error, such as `server_error`. */
  type?: string;
  /** The failure's name. */
  code?: string;
  /** What happened. */
  message?: string;
}

/** Why a response is not complete. */
export interface StatusDetails {
  /** The status again. */
  type?: 'completed' | 'cancelled' | 'failed' | 'incomplete';
  /** The reason of a cancelled or incomplete one. */
  reason?: StatusReason;
  /** The error of a failed one. */
  error?: StatusError;
}

/** Output audio of a response. */
export interface ResponseAudioOutput {
  /** Its format. */
  format?: AudioFormat;
  /** The voice. */
  voice?: string;
}

/** Audio of a response. */
export interface ResponseAudio {
  /** Output audio. */
  output?: ResponseAudioOutput;
}

/** The tokens written, by kind. */
export interface OutputTokenDetails {
  /** Of text. */
  text_tokens?: number;
  /** Of audio. */
  audio_tokens?: number;
  /** Tokens of the model's thinking, a part of the text. */
  reasoning_tokens?: number;
}

/** What a response cost, in tokens. */
export interface Usage {
  /** All. */
  total_tokens?: number;
  /** Those read. */
  input_tokens?: number;
  /** Those written. */
  output_tokens?: number;
  /** Those read, by kind. */
  input_token_details?: InputTokenDetails;
  /** Those written, by kind. */
  output_token_details?: OutputTokenDetails;
}

/** A response, under way or done. */
export interface Response {
  /** Its id. */
  id?: string;
  /** The kind of object, `realtime.response`. */
  object?: 'realtime.response';
  /** How far it is. */
  status?: ResponseStatus;
  /** Why it is not complete. */
  status_details?: StatusDetails;
  /** What the model replied. */
  output?: Array<Item>;
  /** The conversation that it is part of. */
  conversation_id?: string;
  /** In which form the model replies. */
  output_modalities?: Array<Modality>;
  /** The limit, in tokens. */
  max_output_tokens?: MaxOutputTokens;
  /** Output audio. */
  audio?: ResponseAudio;
  /** What it cost. */
  usage?: Usage;
  /** The names and values that the client gave. */
  metadata?: Record<string, string> | null;
}

/** A response began. */
export interface ResponseCreated {
  type: 'response.created';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response, empty so far. */
  response: Response;
}

/** A response ended, whether complete or not. */
export interface ResponseDone {
  type: 'response.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response, without its audio. */
  response: Response;
}

/** An item was added to a response. */
export interface ResponseOutputItemAdded {
  type: 'response.output_item.added';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response. */
  response_id: string;
  /** The item's place in the response. */
  output_index: number;
  /** The item, empty so far. */
  item: Item;
}

/** An item of a response ended, whether complete or not. */
export interface ResponseOutputItemDone {
  type: 'response.output_item.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response. */
  response_id: string;
  /** The item's place in the response. */
  output_index: number;
  /** The item. */
  item: Item;
}

/** A content part was added to an item of a response. */
export interface ResponseContentPartAdded {
  type: 'response.content_part.added';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response. */
  response_id: string;
  /** The message item. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
  /** The content part's place in the item. */
  content_index: number;
  /** The part, empty so far. */
  part: ResponsePart;
}

/** A content part of a response ended, whether complete or not. */
export interface ResponseContentPartDone {
  type: 'response.content_part.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response. */
  response_id: string;
  /** The message item. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
  /** The content part's place in the item. */
  content_index: number;
  /** The part. */
  part: ResponsePart;
}

/** The reply's text ended, whether complete or not. */
export interface ResponseOutputTextDone {
  type: 'response.output_text.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response. */
  response_id: string;
  /** The message item. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
  /** The content part's place in the item. */
  content_index: number;
  /** The text, whole. */
  text: string;
}

/** The reply's audio ended, whether complete or not. */
export interface ResponseOutputAudioDone {
  type: 'response.output_audio.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response. */
  response_id: string;
  /** The message item. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
  /** The content part's place in the item. */
  content_index: number;
}

/** The transcript of the reply's audio ended, whether complete or not. */
export interface ResponseOutputAudioTranscriptDone {
  type: 'response.output_audio_transcript.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response. */
  response_id: string;
  /** The message item. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
  /** The content part's place in the item. */
  content_index: number;
  /** The text, whole. */
  transcript: string;
}

/** A function call's arguments ended, whether complete or not. */
export interface ResponseFunctionCallArgumentsDone {
  type: 'response.function_call_arguments.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response. */
  response_id: string;
  /** The function call item. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
  /** The call's id, which the answer names. */
  call_id: string;
  /** The function's name. */
  name: string;
  /** The arguments, whole: JSON, in text. */
  arguments: string;
}

/** A piece of the arguments of an MCP tool call. */
export interface ResponseMcpCallArgumentsDelta {
  type: 'response.mcp_call_arguments.delta';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response. */
  response_id: string;
  /** The MCP call item. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
  /** The JSON text that comes next. */
  delta: string;
  /** Filling, which hides the length of the text. */
  obfuscation?: string | null;
}

/** The arguments of an MCP tool call ended. */
export interface ResponseMcpCallArgumentsDone {
  type: 'response.mcp_call_arguments.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response. */
  response_id: string;
  /** The MCP call item. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
  /** The arguments, whole: JSON, in text. */
  arguments: string;
}

/** An MCP tool is being called. */
export interface ResponseMcpCallInProgress {
  type: 'response.mcp_call.in_progress';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The MCP call item. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
}

/** The call of an MCP tool succeeded. */
export interface ResponseMcpCallCompleted {
  type: 'response.mcp_call.completed';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The MCP call item. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
}

/** The call of an MCP tool failed. */
export interface ResponseMcpCallFailed {
  type: 'response.mcp_call.failed';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The MCP call item. */
  item_id: string;
  /** The item's place in the response. */
  output_index: number;
}

/** An MCP server is being asked for its tools. */
export interface McpListToolsInProgress {
  type: 'mcp_list_tools.in_progress';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The item that will list them. */
  item_id: string;
}

/** An MCP server said which tools it has. */
export interface McpListToolsCompleted {
  type: 'mcp_list_tools.completed';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The item that lists them. */
  item_id: string;
}

/** An MCP server did not say which tools it has. */
export interface McpListToolsFailed {
  type: 'mcp_list_tools.failed';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The item that would have listed them. */
  item_id: string;
}

/** What is limited. */
export type RateLimitName =
  | 'requests'
  | 'tokens';

/** A limit of use. */
export interface RateLimit {
  /** What is limited. */
  name?: RateLimitName;
  /** How much there may be. */
  limit?: number;
  /** How much is left. */
  remaining?: number;
  /** In how many seconds all of it is there again. */
  reset_seconds?: number;
}

/** What is left of the limits; sent when a response begins. */
export interface RateLimitsUpdated {
  type: 'rate_limits.updated';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The limits. */
  rate_limits: Array<RateLimit>;
}

/** The server began to play a reply; over WebRTC and SIP. */
export interface OutputAudioBufferStarted {
  type: 'output_audio_buffer.started';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response. */
  response_id: string;
}

/** The server has played a reply to its end; over WebRTC and SIP. */
export interface OutputAudioBufferStopped {
  type: 'output_audio_buffer.stopped';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response. */
  response_id: string;
}

/** The server stopped playing a reply early; over WebRTC and SIP. */
export interface OutputAudioBufferCleared {
  type: 'output_audio_buffer.cleared';
  /** ID that the sender gave the event. */
  event_id: string;
  /** The response. */
  response_id: string;
}

/**
 * An event from the server.
 *
 * The variants are named after the `type`; new ones may come, so a `match` needs a `_` arm. Ids and indexes that the
 * server left out are empty and 0.
 */
export type ServerEvent =
  | ResponseOutputTextDelta
  | ResponseOutputAudioDelta
  | ResponseOutputAudioTranscriptDelta
  | ResponseFunctionCallArgumentsDelta
  | ConversationItemInputAudioTranscriptionDelta
  | ErrorEvent
  | SessionCreated
  | SessionUpdated
  | ConversationCreated
  | ConversationItemAdded
  | ConversationItemDone
  | ConversationItemCreated
  | ConversationItemRetrieved
  | ConversationItemTruncated
  | ConversationItemDeleted
  | ConversationItemInputAudioTranscriptionCompleted
  | ConversationItemInputAudioTranscriptionSegment
  | ConversationItemInputAudioTranscriptionFailed
  | InputAudioBufferSpeechStarted
  | InputAudioBufferSpeechStopped
  | InputAudioBufferCommitted
  | InputAudioBufferCleared
  | InputAudioBufferTimeoutTriggered
  | InputAudioBufferDtmfEventReceived
  | ResponseCreated
  | ResponseDone
  | ResponseOutputItemAdded
  | ResponseOutputItemDone
  | ResponseContentPartAdded
  | ResponseContentPartDone
  | ResponseOutputTextDone
  | ResponseOutputAudioDone
  | ResponseOutputAudioTranscriptDone
  | ResponseFunctionCallArgumentsDone
  | ResponseMcpCallArgumentsDelta
  | ResponseMcpCallArgumentsDone
  | ResponseMcpCallInProgress
  | ResponseMcpCallCompleted
  | ResponseMcpCallFailed
  | McpListToolsInProgress
  | McpListToolsCompleted
  | McpListToolsFailed
  | RateLimitsUpdated
  | OutputAudioBufferStarted
  | OutputAudioBufferStopped
  | OutputAudioBufferCleared;

/** Adds audio to the input buffer. The server does not answer. */
export interface InputAudioBufferAppend {
  type: 'input_audio_buffer.append';
  /** ID that the sender gave the event. */
  event_id?: string;
  /** The audio, in the session's input format; at most 15 MiB an event. */
  audio: string;
}

/** Makes a user message of the input buffer and empties it. With turn detection the server does this by itself. */
export interface InputAudioBufferCommit {
  type: 'input_audio_buffer.commit';
  /** ID that the sender gave the event. */
  event_id?: string;
}

/** Empties the input buffer. */
export interface InputAudioBufferClear {
  type: 'input_audio_buffer.clear';
  /** ID that the sender gave the event. */
  event_id?: string;
}

/** Adds an item to the conversation. */
export interface ConversationItemCreate {
  type: 'conversation.item.create';
  /** ID that the sender gave the event. */
  event_id?: string;
  /** The item that it goes behind: `root` for the beginning; the end if absent. */
  previous_item_id?: string;
  /** The item. */
  item: Item;
}

/** Asks for an item as the server has it; `conversation.item.retrieved` is the answer. */
export interface ConversationItemRetrieve {
  type: 'conversation.item.retrieve';
  /** ID that the sender gave the event. */
  event_id?: string;
  /** The item's id. */
  item_id: string;
}

/** Cuts a spoken reply off where the user stopped listening, so that the model knows what was heard. */
export interface ConversationItemTruncate {
  type: 'conversation.item.truncate';
  /** ID that the sender gave the event. */
  event_id?: string;
  /** The id of the model's message. */
  item_id: string;
  /** The content part's place in the item, which is 0. */
  content_index: number;
  /** How much of the audio stays, in milliseconds; not more than there is. */
  audio_end_ms: number;
}

/** Removes an item from the conversation. */
export interface ConversationItemDelete {
  type: 'conversation.item.delete';
  /** ID that the sender gave the event. */
  event_id?: string;
  /** The item's id. */
  item_id: string;
}

/** Whether a response becomes part of the conversation. */
export type ResponseConversation =
  | 'auto'
  | 'none';

/** What a response is to be like, where it differs from the session. */
export interface ResponseParams {
  /** In which form the model replies: text or audio, one of them. */
  output_modalities?: Array<Modality>;
  /** What the model is told beforehand. */
  instructions?: string;
  /** Output audio. */
  audio?: { output?: { format?: AudioFormat; voice?: Voice } };
  /** Whether the response becomes part of the conversation. */
  conversation?: 'auto' | 'none' | (string & {});
  /** What the model replies to, in place of the conversation. */
  input?: Array<Item>;
  /** The tools that the model may call. */
  tools?: Array<Tool>;
  /** Whether the model calls a tool, and which. */
  tool_choice?: ToolChoice;
  /** Whether the model may call several tools at once. */
  parallel_tool_calls?: boolean;
  /** The limit, in tokens. */
  max_output_tokens?: MaxOutputTokens;
  /** How much the model thinks. */
  reasoning?: Reasoning;
  /** A stored prompt. */
  prompt?: Prompt | null;
  /** Up to 16 names and values of the client's own; they come back in the response. */
  metadata?: Record<string, string> | null;
}

/** Asks for a response. With turn detection the server begins one by itself. */
export interface ResponseCreate {
  type: 'response.create';
  /** ID that the sender gave the event. */
  event_id?: string;
  /** What it is to be like, where it differs from the session. */
  response?: ResponseParams;
}

/** Ends a response early; `response.done` is the answer. */
export interface ResponseCancel {
  type: 'response.cancel';
  /** ID that the sender gave the event. */
  event_id?: string;
  /** The response's id; the one under way in the conversation if absent. */
  response_id?: string;
}

/** Changes the session's configuration: what is absent stays as it is. */
export interface SessionUpdate {
  type: 'session.update';
  /** ID that the sender gave the event. */
  event_id?: string;
  /** The changes. */
  session: SessionConfig;
}

/** Stops the playing of a reply over WebRTC or SIP; after `response.cancel`. */
export interface OutputAudioBufferClear {
  type: 'output_audio_buffer.clear';
  /** ID that the sender gave the event. */
  event_id?: string;
}

/** An event from the client. */
export type ClientEvent =
  | InputAudioBufferAppend
  | InputAudioBufferCommit
  | InputAudioBufferClear
  | ConversationItemCreate
  | ConversationItemRetrieve
  | ConversationItemTruncate
  | ConversationItemDelete
  | ResponseCreate
  | ResponseCancel
  | SessionUpdate
  | OutputAudioBufferClear;
