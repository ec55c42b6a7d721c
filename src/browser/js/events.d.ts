// The protocol's events, written by the crate's tests from its tables: do not edit. After a change of a table,
// `UPDATE_TYPES=1 cargo test --lib typescript` writes them again.

/** Piece of the reply's text. */
export interface ResponseOutputTextDelta {
  type: 'response.output_text.delta';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response that the piece belongs to. */
  response_id: string;
  /** ID of the message item that the piece belongs to. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
  /** Index of the content part in the item's content. */
  content_index: number;
  /** Next piece of the text. */
  delta: string;
}

/** Piece of the reply's audio. */
export interface ResponseOutputAudioDelta {
  type: 'response.output_audio.delta';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response that the piece belongs to. */
  response_id: string;
  /** ID of the message item that the piece belongs to. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
  /** Index of the content part in the item's content. */
  content_index: number;
  /** Next piece of the audio, in the session's output format. */
  delta: string;
}

/** Piece of the transcript of the reply's audio. */
export interface ResponseOutputAudioTranscriptDelta {
  type: 'response.output_audio_transcript.delta';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response that the piece belongs to. */
  response_id: string;
  /** ID of the message item that the piece belongs to. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
  /** Index of the content part in the item's content. */
  content_index: number;
  /** Next piece of the text. */
  delta: string;
}

/** Piece of a function call's arguments. */
export interface ResponseFunctionCallArgumentsDelta {
  type: 'response.function_call_arguments.delta';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response that the piece belongs to. */
  response_id: string;
  /** ID of the function call item that the piece belongs to. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
  /** ID of the call. */
  call_id: string;
  /** Next piece of the JSON text. */
  delta: string;
}

/** Log probability of a token. */
export interface LogProb {
  /** Token. */
  token: string;
  /** UTF-8 bytes of the token. */
  bytes: Array<number>;
  /** Natural logarithm of the token's probability. */
  logprob: number;
}

/** Piece of the transcript of the user's speech. */
export interface ConversationItemInputAudioTranscriptionDelta {
  type: 'conversation.item.input_audio_transcription.delta';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the user's message item. */
  item_id: string;
  /** Index of the content part in the item's content. */
  content_index?: number;
  /** Next piece of the text. */
  delta?: string;
  /** Log probability of each token, if the session's `include` asks for them. */
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
  /**
   * `event_id` of the client event that caused the error. Some errors name none although the
   * event had one.
   */
  event_id?: string | null;
}

/** Error: a request could not be carried out, or the server failed. The session goes on. */
export interface ErrorEvent {
  type: 'error';
  /** ID that the sender gave the event. */
  event_id: string;
  /** Details of the error. */
  error: ErrorDetails;
}

/** Form of a reply. */
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

/** Detection by silence. */
export interface ServerVad {
  type: 'server_vad';
  /** Loudness from which audio is speech, from 0 to 1. If absent, 0.5. */
  threshold?: number;
  /** Audio before the speech that is kept, in milliseconds. If absent, 300. */
  prefix_padding_ms?: number;
  /** Silence that ends the turn, in milliseconds. If absent, 500. */
  silence_duration_ms?: number;
  /** Silence after which the model speaks on its own, in milliseconds. */
  idle_timeout_ms?: number | null;
  /** True if the end of a turn starts a response. */
  create_response?: boolean;
  /** True if speech interrupts the response under way. */
  interrupt_response?: boolean;
}

/** Eagerness of the model to take a turn as over. */
export type Eagerness =
  | 'low'
  | 'medium'
  | 'high'
  | 'auto';

/** Detection by the meaning of the words. */
export interface SemanticVad {
  type: 'semantic_vad';
  /** Eagerness of the model to reply. */
  eagerness?: Eagerness;
  /** True if the end of a turn starts a response. */
  create_response?: boolean;
  /** True if speech interrupts the response under way. */
  interrupt_response?: boolean;
}

/** Detection of the end of the user's turn. */
export type TurnDetection =
  | ServerVad
  | SemanticVad;

/** Delay of a transcription. */
export type TranscriptionDelay =
  | 'minimal'
  | 'low'
  | 'medium'
  | 'high'
  | 'xhigh';

/** Settings of a transcription. */
export interface TranscriptionConfig {
  /** Name of the model. */
  model?: string;
  /** Spoken language, as an ISO 639-1 code. */
  language?: string;
  /** Languages that may be spoken, as ISO 639-1 codes. */
  languages?: Array<string>;
  /** Guidance for the model, as free text. */
  prompt?: string;
  /** Words to expect. */
  keywords?: Array<string>;
  /** Delay of the transcription: more delay, fewer mistakes. */
  delay?: TranscriptionDelay;
}

/** Kind of microphone. */
export type NoiseReductionType =
  | 'near_field'
  | 'far_field';

/** Noise reduction of input audio. */
export interface NoiseReduction {
  /** Kind of microphone. */
  type?: NoiseReductionType;
  /** Strength. If absent, 1. */
  strength?: number;
}

/** Input audio. */
export interface AudioInput {
  /** Format. */
  format?: AudioFormat;
  /**
   * Detection of the end of the user's turn. Null: the client ends it, by
   * `input_audio_buffer.commit`.
   */
  turn_detection?: TurnDetection | null;
  /** Transcription of the user's speech. */
  transcription?: TranscriptionConfig;
  /** Noise reduction. */
  noise_reduction?: NoiseReduction;
}

/** Custom voice. */
export interface CustomVoice {
  /** ID. */
  id: string;
}

/** Voice: one of the provider's by name, such as `marin`, or a custom one by ID. */
export type Voice =
  | string
  | CustomVoice;

/** Output audio. */
export interface AudioOutput {
  /** Format. */
  format?: AudioFormat;
  /** Voice. It cannot change once the model has spoken. */
  voice?: Voice;
  /** Speed of speech, as a multiple of the usual one: 0.25 to 1.5. */
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
 * Function of the client. The model calls it by `function_call` items, and the client
 * answers with `function_call_output`.
 */
export interface FunctionTool {
  type?: 'function';
  /** Name that the model calls it by. */
  name?: string;
  /** Description of its purpose, and of the time to call it. */
  description?: string;
  /** JSON Schema of the arguments. */
  parameters?: unknown;
}

/** MCP server that the service runs itself. */
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

/** Tools of an MCP server that the model may call. */
export type AllowedTools =
  | Array<string>
  | ToolFilter;

/** Caller of a tool. */
export type ToolCaller =
  | 'direct'
  | 'programmatic';

/** Calls that wait for approval, tool by tool. */
export interface ApprovalFilter {
  /** Calls that wait. */
  always?: ToolFilter;
  /** Calls that do not wait. */
  never?: ToolFilter;
}

/** Calls of an MCP server's tools that wait for the client's approval. */
export type RequireApproval =
  | 'always'
  | 'never'
  | ApprovalFilter;

/**
 * Tools of an MCP server, which the service itself calls. One of
 * `server_url`, `connector_id` and
 * `tunnel_id` says where it is.
 */
export interface McpTool {
  type: 'mcp';
  /** Name of the server in tool calls. */
  server_label: string;
  /** Purpose of the server. */
  server_description?: string;
  /** URL of the server. */
  server_url?: string;
  /** Server that the service runs itself. */
  connector_id?: McpConnector;
  /** Secure tunnel to the server. */
  tunnel_id?: string;
  /** OAuth access token for the server. */
  authorization?: string;
  /** Further HTTP headers for the server. */
  headers?: Record<string, string> | null;
  /** Tools that the model may call. If absent, all. */
  allowed_tools?: AllowedTools | null;
  /** Callers that may call the tools. */
  allowed_callers?: Array<ToolCaller> | null;
  /** Calls that wait for an `mcp_approval_response` of the client. */
  require_approval?: RequireApproval | null;
  /** True if tool search finds the tools only when they are needed. */
  defer_loading?: boolean;
}

/** Tool that the model may call. */
export type Tool =
  | FunctionTool
  | McpTool;

/** Function. */
export interface ChosenFunction {
  type: 'function';
  /** Name. */
  name: string;
}

/** Tool of an MCP server. */
export interface ChosenMcpTool {
  type: 'mcp';
  /** Label of the server. */
  server_label: string;
  /** Name of the tool. If absent, any tool of the server. */
  name?: string | null;
}

/** Tool that the model must call. */
export type ChosenTool =
  | ChosenFunction
  | ChosenMcpTool;

/** Choice of tools: whether the model calls one, and which. */
export type ToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | ChosenTool;

/** Limit in tokens. */
export type MaxOutputTokens =
  | 'inf'
  | number;

/** Effort of a reasoning model. */
export type ReasoningEffort =
  | 'minimal'
  | 'low'
  | 'medium'
  | 'high'
  | 'xhigh';

/** Settings of a reasoning model. */
export interface Reasoning {
  /** Effort of the reasoning. */
  effort?: ReasoningEffort;
}

/** Limits of a conversation. */
export interface TokenLimits {
  /** Limit of everything after the instructions and tools, in tokens. */
  post_instructions?: number;
}

/** Drops more at once than needed, so that the next turns find a cached beginning. */
export interface RetentionRatio {
  type: 'retention_ratio';
  /** Part of the conversation that stays, from 0 to 1. */
  retention_ratio: number;
  /** Limits below the model's own. */
  token_limits?: TokenLimits;
}

/** Rule of truncation. */
export type TruncationRule =
  | RetentionRatio;

/** Truncation of a conversation that outgrows the model's input. */
export type Truncation =
  | 'auto'
  | 'disabled'
  | TruncationRule;

/** Mode of a cache breakpoint. */
export type CacheBreakpointMode =
  | 'explicit';

/** Time that the beginning of a prompt stays cached. */
export type CacheTtl =
  | '30m'
  | '12h';

/** End of a beginning that many prompts share. */
export interface CacheBreakpoint {
  /** Mode of the breakpoint. */
  mode: CacheBreakpointMode;
  /** Shortest time that it is kept. */
  ttl?: CacheTtl;
}

/** Text. */
export interface PromptText {
  type: 'input_text';
  /** Text. */
  text: string;
  /** End of a part of the prompt that is worth caching. */
  prompt_cache_breakpoint?: CacheBreakpoint;
}

/** Detail in which the model looks at an image. */
export type ImageDetail =
  | 'auto'
  | 'low'
  | 'high'
  | 'original';

/** Image, by its ID or its URL. */
export interface PromptImage {
  type: 'input_image';
  /** Detail in which the model looks at it. */
  detail: 'auto' | 'low' | 'high' | 'original';
  /** ID of an uploaded file. */
  file_id?: string | null;
  /** URL, or the image itself as a data URI. */
  image_url?: string | null;
  /** End of a part of the prompt that is worth caching. */
  prompt_cache_breakpoint?: CacheBreakpoint;
}

/** File, by its ID, its URL or its content. */
export interface PromptFile {
  type: 'input_file';
  /** Detail in which the model looks at it. */
  detail?: 'auto' | 'low' | 'high';
  /** ID of an uploaded file. */
  file_id?: string | null;
  /** URL. */
  file_url?: string;
  /** Content of the file. */
  file_data?: string;
  /** Name of the file. */
  filename?: string;
  /** End of a part of the prompt that is worth caching. */
  prompt_cache_breakpoint?: CacheBreakpoint;
}

/** Input of a stored prompt. */
export type PromptInput =
  | PromptText
  | PromptImage
  | PromptFile;

/** Value of a placeholder in a stored prompt. */
export type PromptVariable =
  | string
  | PromptInput;

/** Stored prompt. */
export interface Prompt {
  /** ID. */
  id: string;
  /** Version. If absent, the current one. */
  version?: string | null;
  /** Values of its placeholders. */
  variables?: Record<string, PromptVariable> | null;
}

/** Names of a trace. */
export interface TracingConfig {
  /** Name of the trace. */
  workflow_name?: string;
  /** Group of the trace. */
  group_id?: string;
  /** Further data of the trace. */
  metadata?: unknown;
}

/** Traces of a session in the provider's dashboard. */
export type Tracing =
  | 'auto'
  | TracingConfig;

/** Content of events that is optional. */
export type Include =
  | 'item.input_audio_transcription.logprobs';

/** Conversation with the model. */
export interface RealtimeSession {
  type: 'realtime';
  /** Name of the model. It cannot change once the session is open. */
  model?: string;
  /** Form of the replies: one of text and audio. */
  output_modalities?: Array<Modality>;
  /** Instructions for the model. The empty string clears them. */
  instructions?: string;
  /** Input and output audio. */
  audio?: AudioConfig;
  /** Tools that the model may call. An empty list clears them. */
  tools?: Array<Tool>;
  /** Choice of tools: whether the model calls one, and which. */
  tool_choice?: ToolChoice;
  /** True if the model may call several tools at once. */
  parallel_tool_calls?: boolean;
  /** Limit of a response, in tokens. */
  max_output_tokens?: MaxOutputTokens;
  /** Reasoning of the model. */
  reasoning?: Reasoning;
  /** Truncation of a conversation that outgrows the model's input. */
  truncation?: Truncation;
  /** Stored prompt. */
  prompt?: Prompt | null;
  /** Traces of the session in the provider's dashboard. */
  tracing?: Tracing | null;
  /** Optional content of events. */
  include?: Array<Include>;
  /** ID of the session. Set by the server. */
  id?: string;
  /** Kind of object: `realtime.session`. Set by the server. */
  object?: 'realtime.session';
  /** End of the session, in seconds of Unix time. Set by the server. */
  expires_at?: number;
}

/** Input audio of a transcription session. */
export interface TranscriptionAudio {
  /** Input audio. */
  input?: AudioInput;
}

/** Transcription of speech, without replies. */
export interface TranscriptionSession {
  type: 'transcription';
  /** Input audio. */
  audio?: TranscriptionAudio;
  /** Optional content of events. */
  include?: Array<Include>;
  /** ID of the session. Set by the server. */
  id?: string;
  /** Kind of object: `realtime.transcription_session`. Set by the server. */
  object?: string;
  /** End of the session, in seconds of Unix time. Set by the server. */
  expires_at?: number;
}

/** Configuration of a session. In `session.update`, absent fields stay as they are. */
export type SessionConfig =
  | RealtimeSession
  | TranscriptionSession;

/** First event of a session: it is open. */
export interface SessionCreated {
  type: 'session.created';
  /** ID that the sender gave the event. */
  event_id: string;
  /** Configuration of the session. */
  session: SessionConfig;
}

/** Confirmation of `session.update`: the session's configuration has changed. */
export interface SessionUpdated {
  type: 'session.updated';
  /** ID that the sender gave the event. */
  event_id: string;
  /** Whole configuration of the session. */
  session: SessionConfig;
}

/** Conversation. */
export interface Conversation {
  /** ID. */
  id?: string;
  /** Kind of object: `realtime.conversation`. */
  object?: 'realtime.conversation';
}

/** Start of a conversation, after `session.created`. */
export interface ConversationCreated {
  type: 'conversation.created';
  /** ID that the sender gave the event. */
  event_id: string;
  /** Conversation. */
  conversation: Conversation;
}

/** Status of an item. */
export type ItemStatus =
  | 'completed'
  | 'incomplete'
  | 'in_progress';

/** Role of the speaker. */
export type Role =
  | 'user'
  | 'assistant'
  | 'system';

/** Phase of a message of the model. */
export type Phase =
  | 'commentary'
  | 'final_answer';

/** Kind of a content part. */
export type ContentType =
  | 'input_text'
  | 'input_audio'
  | 'input_image'
  | 'output_text'
  | 'output_audio'
  | 'text'
  | 'audio';

/** Part of a message. */
export interface ResponsePart {
  type?: 'text' | 'audio';
  text?: string;
  /** Audio in base64. */
  audio?: string;
  transcript?: string;
}

/** Message of a person, the model or the system. */
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

/** Call of a function of the client. */
export interface FunctionCall {
  type: 'function_call';
  /** ID of the item. If absent, the server makes one. */
  id?: string;
  /** Kind of object: `realtime.item`. */
  object?: 'realtime.item';
  /** Status. */
  status?: ItemStatus;
  /** ID of the call, which the output names. */
  call_id?: string;
  /** Name of the function. */
  name: string;
  /** Arguments, as JSON text. */
  arguments: string;
}

/** Output of a function call. */
export interface FunctionCallOutput {
  type: 'function_call_output';
  /** ID of the item. If absent, the server makes one. */
  id?: string;
  /** Kind of object: `realtime.item`. */
  object?: 'realtime.item';
  /** Status. */
  status?: ItemStatus;
  /** ID of the call that it answers. */
  call_id: string;
  /** Output of the function, as free text. */
  output: string;
}

/** Request for the client's approval of an MCP tool call. */
export interface McpApprovalRequest {
  type: 'mcp_approval_request';
  /** ID of the item, which the approval names. */
  id: string;
  /** Label of the server. */
  server_label: string;
  /** Name of the tool. */
  name: string;
  /** Arguments, as JSON text. */
  arguments: string;
}

/** Approval or refusal of an MCP tool call by the client. */
export interface McpApprovalResponse {
  type: 'mcp_approval_response';
  /** ID of the item. */
  id: string;
  /** ID of the request that it answers. */
  approval_request_id: string;
  /** True if the tool may be called. */
  approve: boolean;
  /** Reason. */
  reason?: string | null;
}

/** Tool of an MCP server. */
export interface ListedTool {
  /** Name. */
  name: string;
  /** Description of its purpose. */
  description?: string | null;
  /** JSON Schema of the arguments. */
  input_schema: unknown;
  /** Annotations of the server. */
  annotations?: unknown | null;
}

/** Tools that an MCP server has. */
export interface McpListTools {
  type: 'mcp_list_tools';
  /** ID of the item. */
  id?: string;
  /** Label of the server. */
  server_label: string;
  /** Tools of the server. */
  tools: Array<ListedTool>;
}

/** Violation of the protocol by the server. */
export interface McpProtocolError {
  type: 'protocol_error';
  /** Code of the JSON-RPC error. */
  code: number;
  /** Description for a person. */
  message: string;
}

/** Failure of the tool. */
export interface McpToolExecutionError {
  type: 'tool_execution_error';
  /** Description for a person. */
  message: string;
}

/** Failure of the server's HTTP. */
export interface McpHttpError {
  type: 'http_error';
  /** HTTP status. */
  code: number;
  /** Description for a person. */
  message: string;
}

/** Error of a failed MCP tool call. */
export type McpError =
  | McpProtocolError
  | McpToolExecutionError
  | McpHttpError;

/** Call of an MCP server's tool, with its outcome. */
export interface McpCall {
  type: 'mcp_call';
  /** ID of the item. */
  id: string;
  /** Label of the server. */
  server_label: string;
  /** Name of the tool. */
  name: string;
  /** Arguments, as JSON text. */
  arguments: string;
  /** ID of the approval request that went before. */
  approval_request_id?: string | null;
  /** Output of the tool. */
  output?: string | null;
  /** Details of the error. */
  error?: McpError | null;
}

/** Reference to an item of the conversation, as input of a response. */
export interface ItemReference {
  type: 'item_reference';
  /** ID of the item. */
  id: string;
}

/** Item of the conversation. */
export type Item =
  | Message
  | FunctionCall
  | FunctionCallOutput
  | McpApprovalRequest
  | McpApprovalResponse
  | McpListTools
  | McpCall;

/** New item of the conversation. Its content may still grow. */
export interface ConversationItemAdded {
  type: 'conversation.item.added';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the item before it. Null at the front of the conversation. */
  previous_item_id?: string | null;
  /** Item. */
  item: Item;
}

/** Complete item of the conversation. */
export interface ConversationItemDone {
  type: 'conversation.item.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the item before it. Null at the front of the conversation. */
  previous_item_id?: string | null;
  /** Item without its audio, which `conversation.item.retrieve` asks for. */
  item: Item;
}

/** New item of the conversation. Older name of `conversation.item.added`. */
export interface ConversationItemCreated {
  type: 'conversation.item.created';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the item before it. Null at the front of the conversation. */
  previous_item_id?: string | null;
  /** Item. */
  item: Item;
}

/** Answer to `conversation.item.retrieve`: the item as the server has it. */
export interface ConversationItemRetrieved {
  type: 'conversation.item.retrieved';
  /** ID that the sender gave the event. */
  event_id: string;
  /** Item with its audio. */
  item: Item;
}

/** Confirmation of `conversation.item.truncate`: the spoken reply is cut off. */
export interface ConversationItemTruncated {
  type: 'conversation.item.truncated';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the model's message. */
  item_id: string;
  /** Index of the content part in the item's content. */
  content_index: number;
  /** Length of the audio that stays, in milliseconds. */
  audio_end_ms: number;
}

/** Confirmation of `conversation.item.delete`: the item is removed. */
export interface ConversationItemDeleted {
  type: 'conversation.item.deleted';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the item. */
  item_id: string;
}

/** Cached tokens by kind. */
export interface CachedTokenDetails {
  /** Tokens of text. */
  text_tokens?: number;
  /** Tokens of audio. */
  audio_tokens?: number;
  /** Tokens of images. */
  image_tokens?: number;
}

/** Input tokens by kind. */
export interface InputTokenDetails {
  /** Tokens of text. */
  text_tokens?: number;
  /** Tokens of audio. */
  audio_tokens?: number;
  /** Tokens of images. */
  image_tokens?: number;
  /** Cached tokens, which are part of the input. */
  cached_tokens?: number;
  /** Cached tokens by kind. */
  cached_tokens_details?: CachedTokenDetails;
}

/** Usage in tokens. */
export interface TokenUsage {
  type: 'tokens';
  /** Input plus output tokens. */
  total_tokens: number;
  /** Tokens that the model read. */
  input_tokens: number;
  /** Tokens that the model wrote. */
  output_tokens: number;
  /** Input tokens by kind. */
  input_token_details?: InputTokenDetails;
}

/** Usage by length. */
export interface DurationUsage {
  type: 'duration';
  /** Length of the audio, in seconds. */
  seconds: number;
}

/** Usage of a transcription. */
export type TranscriptionUsage =
  | TokenUsage
  | DurationUsage;

/** Language that was heard. */
export interface DetectedLanguage {
  /** Code of the language. */
  code: string;
}

/** Whole transcript of a user's message. */
export interface ConversationItemInputAudioTranscriptionCompleted {
  type: 'conversation.item.input_audio_transcription.completed';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the user's message item. */
  item_id: string;
  /** Index of the content part in the item's content. */
  content_index: number;
  /** Text of the segment. */
  transcript: string;
  /** Usage of the transcription. */
  usage: TranscriptionUsage;
  /** Languages that were heard. */
  languages?: Array<DetectedLanguage>;
  /** Log probability of each token, if the session's `include` asks for them. */
  logprobs?: Array<LogProb> | null;
}

/** Stretch of speech of one speaker. */
export interface ConversationItemInputAudioTranscriptionSegment {
  type: 'conversation.item.input_audio_transcription.segment';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the user's message item. */
  item_id: string;
  /** Index of the content part in the item's content. */
  content_index: number;
  /** ID of the segment. */
  id: string;
  /** Label of the speaker. */
  speaker: string;
  /** Text of the segment. */
  text: string;
  /** Start of the segment, in seconds. */
  start: number;
  /** End of the segment, in seconds. */
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

/** Failed transcription of a user's message. */
export interface ConversationItemInputAudioTranscriptionFailed {
  type: 'conversation.item.input_audio_transcription.failed';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the user's message item. */
  item_id: string;
  /** Index of the content part in the item's content. */
  content_index: number;
  /** Reason. */
  error: TranscriptionError;
}

/** Start of the user's speech. */
export interface InputAudioBufferSpeechStarted {
  type: 'input_audio_buffer.speech_started';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the message item that the speech will become. */
  item_id: string;
  /**
   * Start of the speech, in milliseconds of all audio sent in this session. The prefix
   * padding is included.
   */
  audio_start_ms: number;
}

/** End of the user's speech. */
export interface InputAudioBufferSpeechStopped {
  type: 'input_audio_buffer.speech_stopped';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the message item that the speech will become. */
  item_id: string;
  /**
   * End of the speech, in milliseconds of all audio sent in this session. The silence is
   * included.
   */
  audio_end_ms: number;
}

/** The input buffer became a message of the user. */
export interface InputAudioBufferCommitted {
  type: 'input_audio_buffer.committed';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the item before it. Null at the front of the conversation. */
  previous_item_id?: string | null;
  /** ID of the message item. */
  item_id: string;
}

/** Confirmation of `input_audio_buffer.clear`: the input buffer is empty. */
export interface InputAudioBufferCleared {
  type: 'input_audio_buffer.cleared';
  /** ID that the sender gave the event. */
  event_id: string;
}

/** Silence of the user for the turn detection's `idle_timeout_ms`. */
export interface InputAudioBufferTimeoutTriggered {
  type: 'input_audio_buffer.timeout_triggered';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the item made of the silence. */
  item_id: string;
  /** Start of the silence, in milliseconds of all audio sent in this session. */
  audio_start_ms: number;
  /** End of the silence, in milliseconds of all audio sent in this session. */
  audio_end_ms: number;
}

/** Key that a caller pressed. Over SIP only. */
export interface InputAudioBufferDtmfEventReceived {
  type: 'input_audio_buffer.dtmf_event_received';
  /** Key: 0 to 9, `*`, `#`, A to D. */
  event: string;
  /** Time of the key press, in seconds of Unix time. */
  received_at: number;
}

/** Status of a response. */
export type ResponseStatus =
  | 'in_progress'
  | 'completed'
  | 'cancelled'
  | 'failed'
  | 'incomplete';

/** Reason of an early end of a response. */
export type StatusReason =
  | 'turn_detected'
  | 'client_cancelled'
  | 'max_output_tokens'
  | 'content_filter';

/** Error of a failed response. */
export interface StatusError {
  /** Class of the error, such as `server_error`. */
  type?: string;
  /** Name of the error. */
  code?: string;
  /** Description for a person. */
  message?: string;
}

/** Reason why a response is not complete. */
export interface StatusDetails {
  /** Status of the response, again. */
  type?: 'completed' | 'cancelled' | 'failed' | 'incomplete';
  /** Reason of a cancelled or incomplete response. */
  reason?: StatusReason;
  /** Error of a failed response. */
  error?: StatusError;
}

/** Output audio of a response. */
export interface ResponseAudioOutput {
  /** Format. */
  format?: AudioFormat;
  /** Voice. */
  voice?: string;
}

/** Audio of a response. */
export interface ResponseAudio {
  /** Output audio. */
  output?: ResponseAudioOutput;
}

/** Output tokens by kind. */
export interface OutputTokenDetails {
  /** Tokens of text. */
  text_tokens?: number;
  /** Tokens of audio. */
  audio_tokens?: number;
  /** Tokens of the model's reasoning, which are part of the text tokens. */
  reasoning_tokens?: number;
}

/** Tokens that a response used. */
export interface Usage {
  /** Input plus output tokens. */
  total_tokens?: number;
  /** Tokens that the model read. */
  input_tokens?: number;
  /** Tokens that the model wrote. */
  output_tokens?: number;
  /** Input tokens by kind. */
  input_token_details?: InputTokenDetails;
  /** Output tokens by kind. */
  output_token_details?: OutputTokenDetails;
}

/** Response, under way or done. */
export interface Response {
  /** ID. */
  id?: string;
  /** Kind of object: `realtime.response`. */
  object?: 'realtime.response';
  /** Status. */
  status?: ResponseStatus;
  /** Reason why it is not complete. */
  status_details?: StatusDetails;
  /** Items of the model's reply. */
  output?: Array<Item>;
  /** ID of the conversation that it is part of. */
  conversation_id?: string;
  /** Form of the reply. */
  output_modalities?: Array<Modality>;
  /** Limit of the output, in tokens. */
  max_output_tokens?: MaxOutputTokens;
  /** Output audio. */
  audio?: ResponseAudio;
  /** Tokens used. */
  usage?: Usage;
  /** Names and values that the client gave. */
  metadata?: Record<string, string> | null;
}

/** Start of a response. */
export interface ResponseCreated {
  type: 'response.created';
  /** ID that the sender gave the event. */
  event_id: string;
  /** Response, still empty. */
  response: Response;
}

/** End of a response, complete or not. */
export interface ResponseDone {
  type: 'response.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** Response, without its audio. */
  response: Response;
}

/** New item of a response. */
export interface ResponseOutputItemAdded {
  type: 'response.output_item.added';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response. */
  response_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
  /** Item, still empty. */
  item: Item;
}

/** End of an item of a response, complete or not. */
export interface ResponseOutputItemDone {
  type: 'response.output_item.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response. */
  response_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
  /** Item. */
  item: Item;
}

/** New content part of an item of a response. */
export interface ResponseContentPartAdded {
  type: 'response.content_part.added';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response. */
  response_id: string;
  /** ID of the message item. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
  /** Index of the content part in the item's content. */
  content_index: number;
  /** Content part, still empty. */
  part: ResponsePart;
}

/** End of a content part of a response, complete or not. */
export interface ResponseContentPartDone {
  type: 'response.content_part.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response. */
  response_id: string;
  /** ID of the message item. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
  /** Index of the content part in the item's content. */
  content_index: number;
  /** Content part. */
  part: ResponsePart;
}

/** End of the reply's text, complete or not. */
export interface ResponseOutputTextDone {
  type: 'response.output_text.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response. */
  response_id: string;
  /** ID of the message item. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
  /** Index of the content part in the item's content. */
  content_index: number;
  /** Whole text. */
  text: string;
}

/** End of the reply's audio, complete or not. */
export interface ResponseOutputAudioDone {
  type: 'response.output_audio.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response. */
  response_id: string;
  /** ID of the message item. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
  /** Index of the content part in the item's content. */
  content_index: number;
}

/** End of the transcript of the reply's audio, complete or not. */
export interface ResponseOutputAudioTranscriptDone {
  type: 'response.output_audio_transcript.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response. */
  response_id: string;
  /** ID of the message item. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
  /** Index of the content part in the item's content. */
  content_index: number;
  /** Whole text. */
  transcript: string;
}

/** End of a function call's arguments, complete or not. */
export interface ResponseFunctionCallArgumentsDone {
  type: 'response.function_call_arguments.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response. */
  response_id: string;
  /** ID of the function call item. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
  /** ID of the call, which the output names. */
  call_id: string;
  /** Name of the function. */
  name: string;
  /** Whole arguments, as JSON text. */
  arguments: string;
}

/** Piece of the arguments of an MCP tool call. */
export interface ResponseMcpCallArgumentsDelta {
  type: 'response.mcp_call_arguments.delta';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response. */
  response_id: string;
  /** ID of the MCP call item. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
  /** Next piece of the JSON text. */
  delta: string;
  /** Random filling that hides the length of the text. */
  obfuscation?: string | null;
}

/** End of the arguments of an MCP tool call. */
export interface ResponseMcpCallArgumentsDone {
  type: 'response.mcp_call_arguments.done';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response. */
  response_id: string;
  /** ID of the MCP call item. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
  /** Whole arguments, as JSON text. */
  arguments: string;
}

/** Start of an MCP tool call. */
export interface ResponseMcpCallInProgress {
  type: 'response.mcp_call.in_progress';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the MCP call item. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
}

/** Success of an MCP tool call. */
export interface ResponseMcpCallCompleted {
  type: 'response.mcp_call.completed';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the MCP call item. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
}

/** Failure of an MCP tool call. */
export interface ResponseMcpCallFailed {
  type: 'response.mcp_call.failed';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the MCP call item. */
  item_id: string;
  /** Index of the item in the response's output. */
  output_index: number;
}

/** An MCP server is asked for its tools. */
export interface McpListToolsInProgress {
  type: 'mcp_list_tools.in_progress';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the item that will list the tools. */
  item_id: string;
}

/** An MCP server has listed its tools. */
export interface McpListToolsCompleted {
  type: 'mcp_list_tools.completed';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the item that lists the tools. */
  item_id: string;
}

/** An MCP server failed to list its tools. */
export interface McpListToolsFailed {
  type: 'mcp_list_tools.failed';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the item that would have listed the tools. */
  item_id: string;
}

/** Name of the limit. */
export type RateLimitName =
  | 'requests'
  | 'tokens';

/** Rate limit. */
export interface RateLimit {
  /** Name of the limit. */
  name?: RateLimitName;
  /** Highest value. */
  limit?: number;
  /** Remaining value. */
  remaining?: number;
  /** Time until the limit is full again, in seconds. */
  reset_seconds?: number;
}

/** Remaining rate limits, sent when a response begins. */
export interface RateLimitsUpdated {
  type: 'rate_limits.updated';
  /** ID that the sender gave the event. */
  event_id: string;
  /** Rate limits. */
  rate_limits: Array<RateLimit>;
}

/** Playback of a reply began. Over WebRTC and SIP only. */
export interface OutputAudioBufferStarted {
  type: 'output_audio_buffer.started';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response. */
  response_id: string;
}

/** Playback of a reply ended. Over WebRTC and SIP only. */
export interface OutputAudioBufferStopped {
  type: 'output_audio_buffer.stopped';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response. */
  response_id: string;
}

/** Playback of a reply was cut off. Over WebRTC and SIP only. */
export interface OutputAudioBufferCleared {
  type: 'output_audio_buffer.cleared';
  /** ID that the sender gave the event. */
  event_id: string;
  /** ID of the response. */
  response_id: string;
}

/**
 * Event from the server.
 *
 * Variants are named after the `type`. Later versions may add some, so a `match` needs a `_`
 * arm. IDs and indexes that the server left out are empty and 0.
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
  /** Audio in the session's input format, at most 15 MiB per event. */
  audio: string;
}

/**
 * Makes a message of the user from the input buffer, and empties it. With turn detection,
 * the server does this on its own.
 */
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
  /**
   * ID of the item to insert it after: `root` for the front of the conversation. If
   * absent, the end.
   */
  previous_item_id?: string;
  /** Item. */
  item: Item;
}

/**
 * Asks for an item as the server has it. The server answers with
 * `conversation.item.retrieved`.
 */
export interface ConversationItemRetrieve {
  type: 'conversation.item.retrieve';
  /** ID that the sender gave the event. */
  event_id?: string;
  /** ID of the item. */
  item_id: string;
}

/**
 * Cuts a spoken reply off where the user stopped listening, so that the model knows which
 * part was heard.
 */
export interface ConversationItemTruncate {
  type: 'conversation.item.truncate';
  /** ID that the sender gave the event. */
  event_id?: string;
  /** ID of the model's message. */
  item_id: string;
  /** Index of the content part in the item's content: 0. */
  content_index: number;
  /** Length of the audio that stays, in milliseconds: at most all of it. */
  audio_end_ms: number;
}

/** Removes an item from the conversation. */
export interface ConversationItemDelete {
  type: 'conversation.item.delete';
  /** ID that the sender gave the event. */
  event_id?: string;
  /** ID of the item. */
  item_id: string;
}

/** Conversation that a response becomes part of. */
export type ResponseConversation =
  | 'auto'
  | 'none';

/** Settings of a response, where they differ from the session's. */
export interface ResponseParams {
  /** Form of the replies: one of text and audio. */
  output_modalities?: Array<Modality>;
  /** Instructions for the model. */
  instructions?: string;
  /** Output audio. */
  audio?: { output?: { format?: AudioFormat; voice?: Voice } };
  /** Conversation that the response becomes part of, if any. */
  conversation?: 'auto' | 'none' | (string & {});
  /** Input of the response, in place of the conversation. */
  input?: Array<Item>;
  /** Tools that the model may call. */
  tools?: Array<Tool>;
  /** Choice of tools: whether the model calls one, and which. */
  tool_choice?: ToolChoice;
  /** True if the model may call several tools at once. */
  parallel_tool_calls?: boolean;
  /** Limit of the output, in tokens. */
  max_output_tokens?: MaxOutputTokens;
  /** Reasoning of the model. */
  reasoning?: Reasoning;
  /** Stored prompt. */
  prompt?: Prompt | null;
  /** Up to 16 names and values of the client's own; they come back in the response. */
  metadata?: Record<string, string> | null;
}

/** Asks for a response. With turn detection, the server begins one on its own. */
export interface ResponseCreate {
  type: 'response.create';
  /** ID that the sender gave the event. */
  event_id?: string;
  /** Settings of the response, where they differ from the session's. */
  response?: ResponseParams;
}

/** Ends a response early. The server answers with `response.done`. */
export interface ResponseCancel {
  type: 'response.cancel';
  /** ID that the sender gave the event. */
  event_id?: string;
  /** ID of the response. If absent, the conversation's response that is under way. */
  response_id?: string;
}

/** Changes the session's configuration. Absent fields stay as they are. */
export interface SessionUpdate {
  type: 'session.update';
  /** ID that the sender gave the event. */
  event_id?: string;
  /** Changes of the configuration. */
  session: SessionConfig;
}

/** Stops the playback of a reply over WebRTC or SIP. Send it after `response.cancel`. */
export interface OutputAudioBufferClear {
  type: 'output_audio_buffer.clear';
  /** ID that the sender gave the event. */
  event_id?: string;
}

/** Event from the client. */
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
