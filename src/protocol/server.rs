//! What the server sends: a row an event, the frequent ones first.

use super::raw::{RawEvent, ReadEvents};
use super::table::events;
use super::{
    Audio, ContentPart, ErrorDetails, Item, RateLimit, Response, SessionConfig, TranscriptionUsage,
};
use super::{Conversation, DetectedLanguage, LogProb, TranscriptionError};

events! {
    /// An event from the server.
    ///
    /// The variants are named after the `type`; new ones may come, so a `match` needs a `_` arm. Ids and indexes that the
    /// server left out are empty and 0.
    pub enum ServerEvent;
    reference "https://developers.openai.com/api/reference/resources/realtime/server-events";
    older {
        "conversation.item.created" => "conversation.item.added",
        "response.audio.delta" => "response.output_audio.delta",
        "response.audio.done" => "response.output_audio.done",
        "response.audio_transcript.delta" => "response.output_audio_transcript.delta",
        "response.audio_transcript.done" => "response.output_audio_transcript.done",
        "response.text.delta" => "response.output_text.delta",
        "response.text.done" => "response.output_text.done",
    }
    rows {
        /// A piece of the reply's text.
        "response.output_text.delta" => ResponseOutputTextDelta {
            /// The response that it is part of.
            response_id: String,
            /// The message item that it is part of.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The content part's place in the item.
            content_index: u32,
            /// The text that comes next.
            delta: String,
        }

        /// A piece of the reply's audio.
        "response.output_audio.delta" => ResponseOutputAudioDelta {
            /// The response that it is part of.
            response_id: String,
            /// The message item that it is part of.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The content part's place in the item.
            content_index: u32,
            /// The audio that comes next, in the session's output format.
            delta: Audio,
        }

        /// A piece of what the reply's audio says.
        "response.output_audio_transcript.delta" => ResponseOutputAudioTranscriptDelta {
            /// The response that it is part of.
            response_id: String,
            /// The message item that it is part of.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The content part's place in the item.
            content_index: u32,
            /// The text that comes next.
            delta: String,
        }

        /// A piece of a function call's arguments.
        "response.function_call_arguments.delta" => ResponseFunctionCallArgumentsDelta {
            /// The response that it is part of.
            response_id: String,
            /// The function call item that it is part of.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The call's id.
            call_id: String,
            /// The JSON text that comes next.
            delta: String,
        }

        /// A piece of what the user said.
        "conversation.item.input_audio_transcription.delta" => ConversationItemInputAudioTranscriptionDelta {
            /// The user's message item.
            item_id: String,
            /// The content part's place in the item.
            content_index: u32,
            /// The text that comes next.
            delta: String,
            /// How sure the model is of each token; only if the session includes it.
            logprobs?: Vec<LogProb>,
        }

        /// The server could not do what was asked, or failed. The session goes on.
        "error" => Error(ErrorEvent) {
            /// What went wrong.
            error: ErrorDetails,
        }

        /// The session is open; sent first.
        "session.created" => SessionCreated {
            /// The session's configuration.
            session: Box<SessionConfig>,
        }

        /// The session's configuration changed, as `session.update` asked.
        "session.updated" => SessionUpdated {
            /// The session's configuration, whole.
            session: Box<SessionConfig>,
        }

        /// A conversation began; sent after `session.created`.
        "conversation.created" => ConversationCreated {
            /// The conversation.
            conversation: Conversation,
        }

        /// An item was added to the conversation; its content may still be growing.
        "conversation.item.added" => ConversationItemAdded {
            /// The item that it stands behind.
            previous_item_id?null: String,
            /// The item.
            item: Item,
        }

        /// An item of the conversation is complete.
        "conversation.item.done" => ConversationItemDone {
            /// The item that it stands behind.
            previous_item_id?null: String,
            /// The item, without its audio, for which `conversation.item.retrieve` asks.
            item: Item,
        }

        /// An item was added to the conversation; the older name of `conversation.item.added`.
        "conversation.item.created" => ConversationItemCreated {
            /// The item that it stands behind.
            previous_item_id?null: String,
            /// The item.
            item: Item,
        }

        /// An item as the server has it, as `conversation.item.retrieve` asked.
        "conversation.item.retrieved" => ConversationItemRetrieved {
            /// The item, with its audio.
            item: Item,
        }

        /// A spoken reply was cut off, as `conversation.item.truncate` asked.
        "conversation.item.truncated" => ConversationItemTruncated {
            /// The id of the model's message.
            item_id: String,
            /// The content part's place in the item.
            content_index: u32,
            /// How much of the audio stays, in milliseconds.
            audio_end_ms: u64,
        }

        /// An item was removed, as `conversation.item.delete` asked.
        "conversation.item.deleted" => ConversationItemDeleted {
            /// The item's id.
            item_id: String,
        }

        /// What the user said, whole.
        "conversation.item.input_audio_transcription.completed" => ConversationItemInputAudioTranscriptionCompleted {
            /// The user's message item.
            item_id: String,
            /// The content part's place in the item.
            content_index: u32,
            /// The text.
            transcript: String,
            /// What the transcription cost.
            usage?: Box<TranscriptionUsage>,
            /// The languages heard.
            languages?: Vec<DetectedLanguage>,
            /// How sure the model is of each token; only if the session includes it.
            logprobs?: Vec<LogProb>,
        }

        /// A stretch of speech of one speaker.
        "conversation.item.input_audio_transcription.segment" => ConversationItemInputAudioTranscriptionSegment {
            /// The user's message item.
            item_id: String,
            /// The content part's place in the item.
            content_index: u32,
            /// The segment's id.
            id: String,
            /// Who speaks, as a label.
            speaker: String,
            /// The text.
            text: String,
            /// Where it begins, in seconds.
            start: f64,
            /// Where it ends, in seconds.
            end: f64,
        }

        /// What the user said could not be transcribed.
        "conversation.item.input_audio_transcription.failed" => ConversationItemInputAudioTranscriptionFailed {
            /// The user's message item.
            item_id: String,
            /// The content part's place in the item.
            content_index: u32,
            /// Why.
            error: TranscriptionError,
        }

        /// The user began to speak.
        "input_audio_buffer.speech_started" => InputAudioBufferSpeechStarted {
            /// The message item that it will become.
            item_id: String,
            /// When, in milliseconds of all audio sent in this session, the prefix padding included.
            audio_start_ms: u64,
        }

        /// The user stopped speaking.
        "input_audio_buffer.speech_stopped" => InputAudioBufferSpeechStopped {
            /// The message item that it will become.
            item_id: String,
            /// When, in milliseconds of all audio sent in this session, the silence included.
            audio_end_ms: u64,
        }

        /// The input buffer became a user message.
        "input_audio_buffer.committed" => InputAudioBufferCommitted {
            /// The item that it stands behind.
            previous_item_id?null: String,
            /// The message item.
            item_id: String,
        }

        /// The input buffer was emptied, as `input_audio_buffer.clear` asked.
        "input_audio_buffer.cleared" => InputAudioBufferCleared {
        }

        /// The user was silent for the turn detection's `idle_timeout_ms`.
        "input_audio_buffer.timeout_triggered" => InputAudioBufferTimeoutTriggered {
            /// The item of the silence.
            item_id: String,
            /// Where the silence began, in milliseconds of all audio sent in this session.
            audio_start_ms: u64,
            /// Where it ended, in milliseconds of all audio sent in this session.
            audio_end_ms: u64,
        }

        /// A caller pressed a key; over SIP.
        "input_audio_buffer.dtmf_event_received" => InputAudioBufferDtmfEventReceived {
            /// The key: 0 to 9, `*`, `#`, A to D.
            event: String,
            /// When, in seconds of Unix time.
            received_at: u64,
        }

        /// A response began.
        "response.created" => ResponseCreated {
            /// The response, empty so far.
            response: Box<Response>,
        }

        /// A response ended, whether complete or not.
        "response.done" => ResponseDone {
            /// The response, without its audio.
            response: Box<Response>,
        }

        /// An item was added to a response.
        "response.output_item.added" => ResponseOutputItemAdded {
            /// The response.
            response_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The item, empty so far.
            item: Item,
        }

        /// An item of a response ended, whether complete or not.
        "response.output_item.done" => ResponseOutputItemDone {
            /// The response.
            response_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The item.
            item: Item,
        }

        /// A content part was added to an item of a response.
        "response.content_part.added" => ResponseContentPartAdded {
            /// The response.
            response_id: String,
            /// The message item.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The content part's place in the item.
            content_index: u32,
            /// The part, empty so far.
            part: Box<ContentPart>,
        }

        /// A content part of a response ended, whether complete or not.
        "response.content_part.done" => ResponseContentPartDone {
            /// The response.
            response_id: String,
            /// The message item.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The content part's place in the item.
            content_index: u32,
            /// The part.
            part: Box<ContentPart>,
        }

        /// The reply's text ended, whether complete or not.
        "response.output_text.done" => ResponseOutputTextDone {
            /// The response.
            response_id: String,
            /// The message item.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The content part's place in the item.
            content_index: u32,
            /// The text, whole.
            text: String,
        }

        /// The reply's audio ended, whether complete or not.
        "response.output_audio.done" => ResponseOutputAudioDone {
            /// The response.
            response_id: String,
            /// The message item.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The content part's place in the item.
            content_index: u32,
        }

        /// The transcript of the reply's audio ended, whether complete or not.
        "response.output_audio_transcript.done" => ResponseOutputAudioTranscriptDone {
            /// The response.
            response_id: String,
            /// The message item.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The content part's place in the item.
            content_index: u32,
            /// The text, whole.
            transcript: String,
        }

        /// A function call's arguments ended, whether complete or not.
        "response.function_call_arguments.done" => ResponseFunctionCallArgumentsDone {
            /// The response.
            response_id: String,
            /// The function call item.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The call's id, which the answer names.
            call_id: String,
            /// The function's name.
            name: String,
            /// The arguments, whole: JSON, in text.
            arguments: String,
        }

        /// A piece of the arguments of an MCP tool call.
        "response.mcp_call_arguments.delta" => ResponseMcpCallArgumentsDelta {
            /// The response.
            response_id: String,
            /// The MCP call item.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The JSON text that comes next.
            delta: String,
            /// Filling, which hides the length of the text.
            obfuscation?: String,
        }

        /// The arguments of an MCP tool call ended.
        "response.mcp_call_arguments.done" => ResponseMcpCallArgumentsDone {
            /// The response.
            response_id: String,
            /// The MCP call item.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The arguments, whole: JSON, in text.
            arguments: String,
        }

        /// An MCP tool is being called.
        "response.mcp_call.in_progress" => ResponseMcpCallInProgress {
            /// The MCP call item.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
        }

        /// The call of an MCP tool succeeded.
        "response.mcp_call.completed" => ResponseMcpCallCompleted {
            /// The MCP call item.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
        }

        /// The call of an MCP tool failed.
        "response.mcp_call.failed" => ResponseMcpCallFailed {
            /// The MCP call item.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
        }

        /// An MCP server is being asked for its tools.
        "mcp_list_tools.in_progress" => McpListToolsInProgress {
            /// The item that will list them.
            item_id: String,
        }

        /// An MCP server said which tools it has.
        "mcp_list_tools.completed" => McpListToolsCompleted {
            /// The item that lists them.
            item_id: String,
        }

        /// An MCP server did not say which tools it has.
        "mcp_list_tools.failed" => McpListToolsFailed {
            /// The item that would have listed them.
            item_id: String,
        }

        /// What is left of the limits; sent when a response begins.
        "rate_limits.updated" => RateLimitsUpdated {
            /// The limits.
            rate_limits: Vec<RateLimit>,
        }

        /// The server began to play a reply; over WebRTC and SIP.
        "output_audio_buffer.started" => OutputAudioBufferStarted {
            /// The response.
            response_id: String,
        }

        /// The server has played a reply to its end; over WebRTC and SIP.
        "output_audio_buffer.stopped" => OutputAudioBufferStopped {
            /// The response.
            response_id: String,
        }

        /// The server stopped playing a reply early; over WebRTC and SIP.
        "output_audio_buffer.cleared" => OutputAudioBufferCleared {
            /// The response.
            response_id: String,
        }
    }
}

impl RawEvent {
    /// Reads the typed event of the main protocol. Never fails: see [`decode_as`](Self::decode_as).
    #[must_use]
    pub fn decode(self) -> ServerEvent {
        self.decode_as()
    }
}

impl ServerEvent {
    /// Returns the item that the event carries.
    #[must_use]
    pub fn item(&self) -> Option<&Item> {
        match self {
            Self::ConversationItemAdded(event) => Some(&event.item),
            Self::ConversationItemCreated(event) => Some(&event.item),
            Self::ConversationItemDone(event) => Some(&event.item),
            Self::ConversationItemRetrieved(event) => Some(&event.item),
            Self::ResponseOutputItemAdded(event) => Some(&event.item),
            Self::ResponseOutputItemDone(event) => Some(&event.item),
            _ => None,
        }
    }

    /// Returns the response that the event carries: in `response.created` and `response.done`.
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        match self {
            Self::ResponseCreated(event) => Some(&event.response),
            Self::ResponseDone(event) => Some(&event.response),
            _ => None,
        }
    }

    /// Returns the ID of the item that the event is about: the one that it names, or the one that it carries.
    ///
    /// ```
    /// use openai_realtime_ws::ServerEvent;
    /// use openai_realtime_ws::protocol::Events;
    ///
    /// let added = r#"{"type":"response.output_item.added","response_id":"resp_1","item":{"type":"message","id":"item_1"}}"#;
    /// let event = ServerEvent::parse(added)?;
    /// assert_eq!((event.response_id(), event.item_id()), (Some("resp_1"), Some("item_1")));
    /// # Ok::<(), openai_realtime_ws::ParseError>(())
    /// ```
    #[must_use]
    pub fn item_id(&self) -> Option<&str> {
        self.text_of("item_id")
            .or_else(|| self.item().and_then(Item::id))
    }

    /// Returns the ID of the response that the event is about or part of: the one that it names, or the one that it
    /// carries.
    #[must_use]
    pub fn response_id(&self) -> Option<&str> {
        let own = || Some(self.response()?.id.as_str()).filter(|id| !id.is_empty());
        self.text_of("response_id").or_else(own)
    }
}
