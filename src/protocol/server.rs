//! Events of the server: a row an event, the frequent ones first.

use super::raw::{RawEvent, ReadEvents};
use super::table::events;
use super::{
    Audio, ContentPart, ErrorDetails, Item, RateLimit, Response, SessionConfig, TranscriptionUsage,
};
use super::{Conversation, DetectedLanguage, LogProb, TranscriptionError};

events! {
    /// Event from the server.
    ///
    /// Variants are named after the `type`. Later versions may add some, so a `match` needs a `_`
    /// arm. IDs and indexes that the server left out are empty and 0.
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
        /// Piece of the reply's text.
        "response.output_text.delta" => ResponseOutputTextDelta {
            /// ID of the response that the piece belongs to.
            response_id: String,
            /// ID of the message item that the piece belongs to.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
            /// Index of the content part in the item's content.
            content_index: u32,
            /// Next piece of the text.
            delta: String,
        }

        /// Piece of the reply's audio.
        "response.output_audio.delta" => ResponseOutputAudioDelta {
            /// ID of the response that the piece belongs to.
            response_id: String,
            /// ID of the message item that the piece belongs to.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
            /// Index of the content part in the item's content.
            content_index: u32,
            /// Next piece of the audio, in the session's output format.
            delta: Audio,
        }

        /// Piece of the transcript of the reply's audio.
        "response.output_audio_transcript.delta" => ResponseOutputAudioTranscriptDelta {
            /// ID of the response that the piece belongs to.
            response_id: String,
            /// ID of the message item that the piece belongs to.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
            /// Index of the content part in the item's content.
            content_index: u32,
            /// Next piece of the text.
            delta: String,
        }

        /// Piece of a function call's arguments.
        "response.function_call_arguments.delta" => ResponseFunctionCallArgumentsDelta {
            /// ID of the response that the piece belongs to.
            response_id: String,
            /// ID of the function call item that the piece belongs to.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
            /// ID of the call.
            call_id: String,
            /// Next piece of the JSON text.
            delta: String,
        }

        /// Piece of the transcript of the user's speech.
        "conversation.item.input_audio_transcription.delta" => ConversationItemInputAudioTranscriptionDelta {
            /// ID of the user's message item.
            item_id: String,
            /// Index of the content part in the item's content.
            content_index: u32,
            /// Next piece of the text.
            delta: String,
            /// Log probability of each token, if the session's `include` asks for them.
            logprobs?: Vec<LogProb>,
        }

        /// Error: a request could not be carried out, or the server failed. The session goes on.
        "error" => Error(ErrorEvent) {
            /// Details of the error.
            error: ErrorDetails,
        }

        /// First event of a session: it is open.
        "session.created" => SessionCreated {
            /// Configuration of the session.
            session: Box<SessionConfig>,
        }

        /// Confirmation of `session.update`: the session's configuration has changed.
        "session.updated" => SessionUpdated {
            /// Whole configuration of the session.
            session: Box<SessionConfig>,
        }

        /// Start of a conversation, after `session.created`.
        "conversation.created" => ConversationCreated {
            /// Conversation.
            conversation: Conversation,
        }

        /// New item of the conversation. Its content may still grow.
        "conversation.item.added" => ConversationItemAdded {
            /// ID of the item before it. Null at the front of the conversation.
            previous_item_id?null: String,
            /// Item.
            item: Item,
        }

        /// Complete item of the conversation.
        "conversation.item.done" => ConversationItemDone {
            /// ID of the item before it. Null at the front of the conversation.
            previous_item_id?null: String,
            /// Item without its audio, which `conversation.item.retrieve` asks for.
            item: Item,
        }

        /// New item of the conversation. Older name of `conversation.item.added`.
        "conversation.item.created" => ConversationItemCreated {
            /// ID of the item before it. Null at the front of the conversation.
            previous_item_id?null: String,
            /// Item.
            item: Item,
        }

        /// Answer to `conversation.item.retrieve`: the item as the server has it.
        "conversation.item.retrieved" => ConversationItemRetrieved {
            /// Item with its audio.
            item: Item,
        }

        /// Confirmation of `conversation.item.truncate`: the spoken reply is cut off.
        "conversation.item.truncated" => ConversationItemTruncated {
            /// ID of the model's message.
            item_id: String,
            /// Index of the content part in the item's content.
            content_index: u32,
            /// Length of the audio that stays, in milliseconds.
            audio_end_ms: u64,
        }

        /// Confirmation of `conversation.item.delete`: the item is removed.
        "conversation.item.deleted" => ConversationItemDeleted {
            /// ID of the item.
            item_id: String,
        }

        /// Whole transcript of a user's message.
        "conversation.item.input_audio_transcription.completed" => ConversationItemInputAudioTranscriptionCompleted {
            /// ID of the user's message item.
            item_id: String,
            /// Index of the content part in the item's content.
            content_index: u32,
            /// Text of the segment.
            transcript: String,
            /// Usage of the transcription.
            usage?: Box<TranscriptionUsage>,
            /// Languages that were heard.
            languages?: Vec<DetectedLanguage>,
            /// Log probability of each token, if the session's `include` asks for them.
            logprobs?: Vec<LogProb>,
        }

        /// Stretch of speech of one speaker.
        "conversation.item.input_audio_transcription.segment" => ConversationItemInputAudioTranscriptionSegment {
            /// ID of the user's message item.
            item_id: String,
            /// Index of the content part in the item's content.
            content_index: u32,
            /// ID of the segment.
            id: String,
            /// Label of the speaker.
            speaker: String,
            /// Text of the segment.
            text: String,
            /// Start of the segment, in seconds.
            start: f64,
            /// End of the segment, in seconds.
            end: f64,
        }

        /// Failed transcription of a user's message.
        "conversation.item.input_audio_transcription.failed" => ConversationItemInputAudioTranscriptionFailed {
            /// ID of the user's message item.
            item_id: String,
            /// Index of the content part in the item's content.
            content_index: u32,
            /// Reason.
            error: TranscriptionError,
        }

        /// Start of the user's speech.
        "input_audio_buffer.speech_started" => InputAudioBufferSpeechStarted {
            /// ID of the message item that the speech will become.
            item_id: String,
            /// Start of the speech, in milliseconds of all audio sent in this session. The prefix
            /// padding is included.
            audio_start_ms: u64,
        }

        /// End of the user's speech.
        "input_audio_buffer.speech_stopped" => InputAudioBufferSpeechStopped {
            /// ID of the message item that the speech will become.
            item_id: String,
            /// End of the speech, in milliseconds of all audio sent in this session. The silence is
            /// included.
            audio_end_ms: u64,
        }

        /// The input buffer became a message of the user.
        "input_audio_buffer.committed" => InputAudioBufferCommitted {
            /// ID of the item before it. Null at the front of the conversation.
            previous_item_id?null: String,
            /// ID of the message item.
            item_id: String,
        }

        /// Confirmation of `input_audio_buffer.clear`: the input buffer is empty.
        "input_audio_buffer.cleared" => InputAudioBufferCleared {
        }

        /// Silence of the user for the turn detection's `idle_timeout_ms`.
        "input_audio_buffer.timeout_triggered" => InputAudioBufferTimeoutTriggered {
            /// ID of the item made of the silence.
            item_id: String,
            /// Start of the silence, in milliseconds of all audio sent in this session.
            audio_start_ms: u64,
            /// End of the silence, in milliseconds of all audio sent in this session.
            audio_end_ms: u64,
        }

        /// Key that a caller pressed. Over SIP only.
        "input_audio_buffer.dtmf_event_received" => InputAudioBufferDtmfEventReceived {
            /// Key: 0 to 9, `*`, `#`, A to D.
            event: String,
            /// Time of the key press, in seconds of Unix time.
            received_at: u64,
        }

        /// Start of a response.
        "response.created" => ResponseCreated {
            /// Response, still empty.
            response: Box<Response>,
        }

        /// End of a response, complete or not.
        "response.done" => ResponseDone {
            /// Response, without its audio.
            response: Box<Response>,
        }

        /// New item of a response.
        "response.output_item.added" => ResponseOutputItemAdded {
            /// ID of the response.
            response_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
            /// Item, still empty.
            item: Item,
        }

        /// End of an item of a response, complete or not.
        "response.output_item.done" => ResponseOutputItemDone {
            /// ID of the response.
            response_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
            /// Item.
            item: Item,
        }

        /// New content part of an item of a response.
        "response.content_part.added" => ResponseContentPartAdded {
            /// ID of the response.
            response_id: String,
            /// ID of the message item.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
            /// Index of the content part in the item's content.
            content_index: u32,
            /// Content part, still empty.
            part: Box<ContentPart>,
        }

        /// End of a content part of a response, complete or not.
        "response.content_part.done" => ResponseContentPartDone {
            /// ID of the response.
            response_id: String,
            /// ID of the message item.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
            /// Index of the content part in the item's content.
            content_index: u32,
            /// Content part.
            part: Box<ContentPart>,
        }

        /// End of the reply's text, complete or not.
        "response.output_text.done" => ResponseOutputTextDone {
            /// ID of the response.
            response_id: String,
            /// ID of the message item.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
            /// Index of the content part in the item's content.
            content_index: u32,
            /// Whole text.
            text: String,
        }

        /// End of the reply's audio, complete or not.
        "response.output_audio.done" => ResponseOutputAudioDone {
            /// ID of the response.
            response_id: String,
            /// ID of the message item.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
            /// Index of the content part in the item's content.
            content_index: u32,
        }

        /// End of the transcript of the reply's audio, complete or not.
        "response.output_audio_transcript.done" => ResponseOutputAudioTranscriptDone {
            /// ID of the response.
            response_id: String,
            /// ID of the message item.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
            /// Index of the content part in the item's content.
            content_index: u32,
            /// Whole text.
            transcript: String,
        }

        /// End of a function call's arguments, complete or not.
        "response.function_call_arguments.done" => ResponseFunctionCallArgumentsDone {
            /// ID of the response.
            response_id: String,
            /// ID of the function call item.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
            /// ID of the call, which the output names.
            call_id: String,
            /// Name of the function.
            name: String,
            /// Whole arguments, as JSON text.
            arguments: String,
        }

        /// Piece of the arguments of an MCP tool call.
        "response.mcp_call_arguments.delta" => ResponseMcpCallArgumentsDelta {
            /// ID of the response.
            response_id: String,
            /// ID of the MCP call item.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
            /// Next piece of the JSON text.
            delta: String,
            /// Random filling that hides the length of the text.
            obfuscation?: String,
        }

        /// End of the arguments of an MCP tool call.
        "response.mcp_call_arguments.done" => ResponseMcpCallArgumentsDone {
            /// ID of the response.
            response_id: String,
            /// ID of the MCP call item.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
            /// Whole arguments, as JSON text.
            arguments: String,
        }

        /// Start of an MCP tool call.
        "response.mcp_call.in_progress" => ResponseMcpCallInProgress {
            /// ID of the MCP call item.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
        }

        /// Success of an MCP tool call.
        "response.mcp_call.completed" => ResponseMcpCallCompleted {
            /// ID of the MCP call item.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
        }

        /// Failure of an MCP tool call.
        "response.mcp_call.failed" => ResponseMcpCallFailed {
            /// ID of the MCP call item.
            item_id: String,
            /// Index of the item in the response's output.
            output_index: u32,
        }

        /// An MCP server is asked for its tools.
        "mcp_list_tools.in_progress" => McpListToolsInProgress {
            /// ID of the item that will list the tools.
            item_id: String,
        }

        /// An MCP server has listed its tools.
        "mcp_list_tools.completed" => McpListToolsCompleted {
            /// ID of the item that lists the tools.
            item_id: String,
        }

        /// An MCP server failed to list its tools.
        "mcp_list_tools.failed" => McpListToolsFailed {
            /// ID of the item that would have listed the tools.
            item_id: String,
        }

        /// Remaining rate limits, sent when a response begins.
        "rate_limits.updated" => RateLimitsUpdated {
            /// Rate limits.
            rate_limits: Vec<RateLimit>,
        }

        /// Playback of a reply began. Over WebRTC and SIP only.
        "output_audio_buffer.started" => OutputAudioBufferStarted {
            /// ID of the response.
            response_id: String,
        }

        /// Playback of a reply ended. Over WebRTC and SIP only.
        "output_audio_buffer.stopped" => OutputAudioBufferStopped {
            /// ID of the response.
            response_id: String,
        }

        /// Playback of a reply was cut off. Over WebRTC and SIP only.
        "output_audio_buffer.cleared" => OutputAudioBufferCleared {
            /// ID of the response.
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

    /// Returns the ID of the item that the event is about: the one that it names, or the one that
    /// it carries.
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

    /// Returns the ID of the response that the event is about or part of: the one that it names, or
    /// the one that it carries.
    #[must_use]
    pub fn response_id(&self) -> Option<&str> {
        let own = || Some(self.response()?.id.as_str()).filter(|id| !id.is_empty());
        self.text_of("response_id").or_else(own)
    }
}
