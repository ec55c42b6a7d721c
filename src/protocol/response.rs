//! Responses: what is asked for, what came of it, and what it cost.

use std::collections::BTreeMap;

use super::record::record;
use super::union::union;
use super::words::open_enum;
use super::{
    AudioFormat, FunctionCall, Item, MaxOutputTokens, Prompt, Reasoning, Tool, ToolChoice, Voice,
};

// Entry of OpenAI's reference that shows the types up to the next definition.
macro_rules! reference {
    () => {
        "https://developers.openai.com/api/reference/resources/realtime/client-events#response.create"
    };
}

record! {
    /// Settings of a response, where they differ from the session's.
    pub struct ResponseParams {
        /// Form of the replies: one of text and audio.
        output_modalities?: Vec<Modality>,
        /// Instructions for the model.
        instructions?: String,
        /// Output audio.
        audio?: ResponseAudio,
        /// Conversation that the response becomes part of, if any.
        conversation?: ResponseConversation,
        /// Input of the response, in place of the conversation.
        input?: Vec<Item>,
        /// Tools that the model may call.
        tools?: Vec<Tool>,
        /// Choice of tools: whether the model calls one, and which.
        tool_choice?: ToolChoice,
        /// True if the model may call several tools at once.
        parallel_tool_calls?: bool,
        /// Limit of the output, in tokens.
        max_output_tokens?: MaxOutputTokens,
        /// Reasoning of the model.
        reasoning?: Reasoning,
        /// Stored prompt.
        prompt?: Prompt,
        /// Up to 16 names and values of the client's own; they come back in the response.
        metadata?: BTreeMap<String, String>,
    }
}

open_enum! {
    /// Form of a reply.
    pub enum Modality {
        Text = "text",
        /// Speech, with its transcript.
        Audio = "audio",
    }
}

open_enum! {
    /// Conversation that a response becomes part of.
    pub enum ResponseConversation {
        /// The session's conversation.
        Auto = "auto",
        /// The response stands beside the conversation.
        None = "none",
    }
}

record! {
    /// Audio of a response.
    pub struct ResponseAudio {
        /// Output audio.
        output?: ResponseAudioOutput,
    }
}

record! {
    /// Output audio of a response.
    pub struct ResponseAudioOutput {
        /// Format.
        format?: AudioFormat,
        /// Voice.
        voice?: Voice,
    }
}

// From here on, another entry of the reference.
macro_rules! reference {
    () => {
        "https://developers.openai.com/api/reference/resources/realtime/server-events#response.done"
    };
}

record! {
    /// Response, under way or done.
    pub struct Response {
        /// ID.
        id: String,
        /// Kind of object: `realtime.response`.
        object?: String,
        /// Status.
        status?: ResponseStatus,
        /// Reason why it is not complete.
        status_details?: StatusDetails,
        /// Items of the model's reply.
        output: Vec<Item>,
        /// ID of the conversation that it is part of.
        conversation_id?: String,
        /// Form of the reply.
        output_modalities?: Vec<Modality>,
        /// Limit of the output, in tokens.
        max_output_tokens?: MaxOutputTokens,
        /// Output audio.
        audio?: ResponseAudio,
        /// Tokens used.
        usage?: Usage,
        /// Names and values that the client gave.
        metadata?: BTreeMap<String, String>,
    }
}

impl Response {
    /// Returns the model's words: the text of each message.
    #[must_use]
    pub fn text(&self) -> String {
        let messages = self.output.iter().filter_map(|item| match item {
            Item::Message(message) => Some(message.text()),
            _ => None,
        });
        messages.collect()
    }

    /// Returns the functions that the model called. Each wants a
    /// [`function_output`](super::ConversationItemCreate::function_output).
    pub fn function_calls(&self) -> impl Iterator<Item = &FunctionCall> {
        self.output.iter().filter_map(|item| match item {
            Item::FunctionCall(call) => Some(call),
            _ => None,
        })
    }
}

open_enum! {
    /// Status of a response.
    pub enum ResponseStatus {
        InProgress = "in_progress",
        Completed = "completed",
        Cancelled = "cancelled",
        Failed = "failed",
        Incomplete = "incomplete",
    }
}

record! {
    /// Reason why a response is not complete.
    pub struct StatusDetails {
        /// Status of the response, again.
        kind as "type"?: ResponseStatus,
        /// Reason of a cancelled or incomplete response.
        reason?: StatusReason,
        /// Error of a failed response.
        error?: StatusError,
    }
}

open_enum! {
    /// Reason of an early end of a response.
    pub enum StatusReason {
        /// The user began to speak.
        TurnDetected = "turn_detected",
        /// The client cancelled it.
        ClientCancelled = "client_cancelled",
        /// The response reached its limit.
        MaxOutputTokens = "max_output_tokens",
        /// The provider's content filter stepped in.
        ContentFilter = "content_filter",
    }
}

record! {
    /// Error of a failed response.
    pub struct StatusError {
        /// Class of the error, such as `server_error`.
        error_type as "type"?: String,
        /// Name of the error.
        code?: String,
        /// Description for a person.
        message?: String,
    }
}

record! {
    /// Tokens that a response used.
    pub struct Usage {
        /// Input plus output tokens.
        total_tokens?: u64,
        /// Tokens that the model read.
        input_tokens?: u64,
        /// Tokens that the model wrote.
        output_tokens?: u64,
        /// Input tokens by kind.
        input_token_details?: InputTokenDetails,
        /// Output tokens by kind.
        output_token_details?: OutputTokenDetails,
    }
}

record! {
    /// Input tokens by kind.
    pub struct InputTokenDetails {
        /// Tokens of text.
        text_tokens?: u64,
        /// Tokens of audio.
        audio_tokens?: u64,
        /// Tokens of images.
        image_tokens?: u64,
        /// Cached tokens, which are part of the input.
        cached_tokens?: u64,
        /// Cached tokens by kind.
        cached_tokens_details?: CachedTokenDetails,
    }
}

record! {
    /// Cached tokens by kind.
    pub struct CachedTokenDetails {
        /// Tokens of text.
        text_tokens?: u64,
        /// Tokens of audio.
        audio_tokens?: u64,
        /// Tokens of images.
        image_tokens?: u64,
    }
}

record! {
    /// Output tokens by kind.
    pub struct OutputTokenDetails {
        /// Tokens of text.
        text_tokens?: u64,
        /// Tokens of audio.
        audio_tokens?: u64,
        /// Tokens of the model's reasoning, which are part of the text tokens.
        reasoning_tokens?: u64,
    }
}

// From here on, another entry.
macro_rules! reference {
    () => {
        "https://developers.openai.com/api/reference/resources/realtime/server-events#conversation.item.input_audio_transcription.completed"
    };
}

union! {
    /// Usage of a transcription.
    pub enum TranscriptionUsage {
        /// Usage in tokens.
        "tokens" => Tokens(TokenUsage) {
            /// Input plus output tokens.
            total_tokens: u64,
            /// Tokens that the model read.
            input_tokens: u64,
            /// Tokens that the model wrote.
            output_tokens: u64,
            /// Input tokens by kind.
            input_token_details?: InputTokenDetails,
        }

        /// Usage by length.
        "duration" => Duration(DurationUsage) {
            /// Length of the audio, in seconds.
            seconds: f64,
        }
    }
}

// From here on, another entry.
macro_rules! reference {
    () => {
        "https://developers.openai.com/api/reference/resources/realtime/server-events#rate_limits.updated"
    };
}

record! {
    /// Rate limit.
    pub struct RateLimit {
        /// Name of the limit.
        name?: RateLimitName,
        /// Highest value.
        limit?: u64,
        /// Remaining value.
        remaining?: u64,
        /// Time until the limit is full again, in seconds.
        reset_seconds?: f64,
    }
}

open_enum! {
    /// Name of the limit.
    pub enum RateLimitName {
        Requests = "requests",
        Tokens = "tokens",
    }
}
