//! Responses: what is asked for, what came of it, and what it cost.

use std::collections::BTreeMap;

use super::record::record;
use super::union::union;
use super::words::open_enum;
use super::{
    AudioFormat, FunctionCall, Item, MaxOutputTokens, Prompt, Reasoning, Tool, ToolChoice, Voice,
};

record! {
    /// What a response is to be like, where it differs from the session.
    pub struct ResponseParams {
        /// In which form the model replies: text or audio, one of them.
        output_modalities?: Vec<Modality>,
        /// What the model is told beforehand.
        instructions?: String,
        /// Output audio.
        audio?: ResponseAudio,
        /// Whether the response becomes part of the conversation.
        conversation?: ResponseConversation,
        /// What the model replies to, in place of the conversation.
        input?: Vec<Item>,
        /// The tools that the model may call.
        tools?: Vec<Tool>,
        /// Whether the model calls a tool, and which.
        tool_choice?: ToolChoice,
        /// Whether the model may call several tools at once.
        parallel_tool_calls?: bool,
        /// The limit, in tokens.
        max_output_tokens?: MaxOutputTokens,
        /// How much the model thinks.
        reasoning?: Reasoning,
        /// A stored prompt.
        prompt?: Prompt,
        /// Up to 16 names and values of the client's own; they come back in the response.
        metadata?: BTreeMap<String, String>,
    }
}

open_enum! {
    /// A form of reply.
    pub enum Modality {
        Text = "text",
        /// Speech, with its transcript.
        Audio = "audio",
    }
}

open_enum! {
    /// Whether a response becomes part of the conversation.
    pub enum ResponseConversation {
        /// It does.
        Auto = "auto",
        /// It stands by itself.
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
        /// Its format.
        format?: AudioFormat,
        /// The voice.
        voice?: Voice,
    }
}

record! {
    /// A response, under way or done.
    pub struct Response {
        /// Its id.
        id: String,
        /// The kind of object, `realtime.response`.
        object?: String,
        /// How far it is.
        status?: ResponseStatus,
        /// Why it is not complete.
        status_details?: StatusDetails,
        /// What the model replied.
        output: Vec<Item>,
        /// The conversation that it is part of.
        conversation_id?: String,
        /// In which form the model replies.
        output_modalities?: Vec<Modality>,
        /// The limit, in tokens.
        max_output_tokens?: MaxOutputTokens,
        /// Output audio.
        audio?: ResponseAudio,
        /// What it cost.
        usage?: Usage,
        /// The names and values that the client gave.
        metadata?: BTreeMap<String, String>,
    }
}

impl Response {
    /// What the model wrote or said: the text of each message.
    pub fn text(&self) -> String {
        let messages = self.output.iter().filter_map(|item| match item {
            Item::Message(message) => Some(message.text()),
            _ => None,
        });
        messages.collect()
    }

    /// The functions that the model called; each wants a
    /// [`function_output`](super::ConversationItemCreate::function_output).
    pub fn function_calls(&self) -> impl Iterator<Item = &FunctionCall> {
        self.output.iter().filter_map(|item| match item {
            Item::FunctionCall(call) => Some(call),
            _ => None,
        })
    }
}

open_enum! {
    /// How far a response is.
    pub enum ResponseStatus {
        InProgress = "in_progress",
        Completed = "completed",
        Cancelled = "cancelled",
        Failed = "failed",
        Incomplete = "incomplete",
    }
}

record! {
    /// Why a response is not complete.
    pub struct StatusDetails {
        /// The status again.
        kind as "type"?: ResponseStatus,
        /// The reason of a cancelled or incomplete one.
        reason?: StatusReason,
        /// The error of a failed one.
        error?: StatusError,
    }
}

open_enum! {
    /// Why a response ended early.
    pub enum StatusReason {
        /// The user spoke.
        TurnDetected = "turn_detected",
        /// The client asked for it.
        ClientCancelled = "client_cancelled",
        /// It reached the limit.
        MaxOutputTokens = "max_output_tokens",
        /// The provider's filter stepped in.
        ContentFilter = "content_filter",
    }
}

record! {
    /// Why a response failed.
    pub struct StatusError {
        /// Class of the error, such as `server_error`.
        error_type as "type"?: String,
        /// The failure's name.
        code?: String,
        /// What happened.
        message?: String,
    }
}

record! {
    /// What a response cost, in tokens.
    pub struct Usage {
        /// All.
        total_tokens?: u64,
        /// Those read.
        input_tokens?: u64,
        /// Those written.
        output_tokens?: u64,
        /// Those read, by kind.
        input_token_details?: InputTokenDetails,
        /// Those written, by kind.
        output_token_details?: OutputTokenDetails,
    }
}

record! {
    /// The tokens read, by kind.
    pub struct InputTokenDetails {
        /// Of text.
        text_tokens?: u64,
        /// Of audio.
        audio_tokens?: u64,
        /// Of images.
        image_tokens?: u64,
        /// Those that were cached.
        cached_tokens?: u64,
        /// Those that were cached, by kind.
        cached_tokens_details?: CachedTokenDetails,
    }
}

record! {
    /// The tokens that were cached, by kind.
    pub struct CachedTokenDetails {
        /// Of text.
        text_tokens?: u64,
        /// Of audio.
        audio_tokens?: u64,
        /// Of images.
        image_tokens?: u64,
    }
}

record! {
    /// The tokens written, by kind.
    pub struct OutputTokenDetails {
        /// Of text.
        text_tokens?: u64,
        /// Of audio.
        audio_tokens?: u64,
        /// Tokens of the model's thinking, a part of the text.
        reasoning_tokens?: u64,
    }
}

union! {
    /// What a transcription cost.
    pub enum TranscriptionUsage {
        /// In tokens.
        "tokens" => Tokens(TokenUsage) {
            /// All.
            total_tokens: u64,
            /// Those read.
            input_tokens: u64,
            /// Those written.
            output_tokens: u64,
            /// Those read, by kind.
            input_token_details?: InputTokenDetails,
        }

        /// By length.
        "duration" => Duration(DurationUsage) {
            /// The audio's length, in seconds.
            seconds: f64,
        }
    }
}

record! {
    /// A limit of use.
    pub struct RateLimit {
        /// What is limited.
        name?: RateLimitName,
        /// How much there may be.
        limit?: u64,
        /// How much is left.
        remaining?: u64,
        /// In how many seconds all of it is there again.
        reset_seconds?: f64,
    }
}

open_enum! {
    /// What is limited.
    pub enum RateLimitName {
        Requests = "requests",
        Tokens = "tokens",
    }
}
