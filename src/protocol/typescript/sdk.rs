//! Differences between the tables and the official SDK's TypeScript, whose types are stricter or
//! looser than what Rust reads. `tests/js/types/events.ts` holds each event against the SDK's, both
//! ways.

/// Fields that the SDK declares with another type, by struct and key. An empty text leaves the
/// field out.
const FIELDS: &[(&str, &str, &str)] = &[
    ("PcmFormat", "rate", "?: 24000"),
    ("Conversation", "id", "?: string"),
    ("Conversation", "object", "?: 'realtime.conversation'"),
    ("RealtimeSession", "object", "?: 'realtime.session'"),
    ("FunctionCall", "object", "?: 'realtime.item'"),
    ("FunctionCallOutput", "object", "?: 'realtime.item'"),
    ("FunctionTool", "name", "?: string"),
    (
        "PromptImage",
        "detail",
        ": 'auto' | 'low' | 'high' | 'original'",
    ),
    ("PromptFile", "detail", "?: 'auto' | 'low' | 'high'"),
    ("Response", "id", "?: string"),
    ("Response", "object", "?: 'realtime.response'"),
    ("Response", "output", "?: Array<Item>"),
    (
        "StatusDetails",
        "type",
        "?: 'completed' | 'cancelled' | 'failed' | 'incomplete'",
    ),
    ("ResponseAudioOutput", "voice", "?: string"),
    (
        "ResponseParams",
        "audio",
        "?: { output?: { format?: AudioFormat; voice?: Voice } }",
    ),
    (
        "ResponseParams",
        "conversation",
        "?: 'auto' | 'none' | (string & {})",
    ),
    ("ResponseContentPartAdded", "part", ": ResponsePart"),
    ("ResponseContentPartDone", "part", ": ResponsePart"),
    (
        "ConversationItemInputAudioTranscriptionDelta",
        "content_index",
        "?: number",
    ),
    (
        "ConversationItemInputAudioTranscriptionDelta",
        "delta",
        "?: string",
    ),
    (
        "ConversationItemInputAudioTranscriptionCompleted",
        "usage",
        ": TranscriptionUsage",
    ),
    ("InputAudioBufferDtmfEventReceived", "event_id", ""),
];

/// Fields that the SDK declares as nullable.
const NULLABLE: &[(&str, &[&str])] = &[
    ("ErrorDetails", &["code", "param", "event_id"]),
    ("ConversationItemAdded", &["previous_item_id"]),
    ("ConversationItemDone", &["previous_item_id"]),
    ("ConversationItemCreated", &["previous_item_id"]),
    ("InputAudioBufferCommitted", &["previous_item_id"]),
    (
        "ConversationItemInputAudioTranscriptionDelta",
        &["logprobs"],
    ),
    (
        "ConversationItemInputAudioTranscriptionCompleted",
        &["logprobs"],
    ),
    ("ServerVad", &["idle_timeout_ms"]),
    ("AudioInput", &["turn_detection"]),
    ("RealtimeSession", &["tracing", "prompt"]),
    ("Prompt", &["variables", "version"]),
    ("PromptImage", &["file_id", "image_url"]),
    ("PromptFile", &["file_id"]),
    (
        "McpTool",
        &[
            "allowed_tools",
            "allowed_callers",
            "require_approval",
            "headers",
        ],
    ),
    ("ChosenMcpTool", &["name"]),
    ("ListedTool", &["annotations", "description"]),
    ("McpApprovalResponse", &["reason"]),
    ("McpCall", &["approval_request_id", "output", "error"]),
    ("Response", &["metadata"]),
    ("ResponseParams", &["prompt", "metadata"]),
    ("ResponseMcpCallArgumentsDelta", &["obfuscation"]),
];

/// Structs whose `type` the SDK declares as optional.
const OPTIONAL_TAGS: &[&str] = &["PcmFormat", "PcmuFormat", "PcmaFormat", "FunctionTool"];

/// Structs that the SDK declares as several types, by role.
const DECLARATIONS: &[(&str, &str)] = &[
    (
        "Message",
        "export type Message = SystemMessage | UserMessage | AssistantMessage;

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
}",
    ),
    (
        "ContentPart",
        "export interface ResponsePart {
  type?: 'text' | 'audio';
  text?: string;
  /** Audio in base64. */
  audio?: string;
  transcript?: string;
}",
    ),
];

/// Returns a field's declaration in place of the tables' own, or `None` for no such field.
pub(super) fn field(name: &str, key: &str, own: &str) -> Option<String> {
    let other = FIELDS
        .iter()
        .find(|(of, field, _)| (*of, *field) == (name, key));
    let is_nullable = NULLABLE
        .iter()
        .any(|(of, fields)| *of == name && fields.contains(&key));
    match other {
        Some((_, _, "")) => None,
        Some((_, _, text)) => Some((*text).to_owned()),
        None if is_nullable => Some(format!("{} | null", own.trim_end_matches(" | null"))),
        None => Some(own.trim_end_matches(" | null").to_owned()),
    }
}

/// Returns true if the SDK lets a caller leave the `type` out.
pub(super) fn has_optional_tag(name: &str) -> bool {
    OPTIONAL_TAGS.contains(&name)
}

/// Returns a struct's declaration in place of the tables' own.
pub(super) fn declaration(name: &str) -> Option<&'static str> {
    let found = DECLARATIONS.iter().find(|(of, _)| *of == name);
    found.map(|(_, declaration)| *declaration)
}

/// Returns false for a member of a union that the SDK does not have in it.
pub(super) fn has_member(union: &str, member: &str) -> bool {
    (union, member) != ("Item", "ItemReference")
}
