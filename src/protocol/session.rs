//! The session's configuration, as it is asked for and as the server reports it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::record::record;
use super::union::union;
use super::words::{choice, open_enum};
use super::{AudioFormat, ImageDetail, Modality, Tool, ToolChoice};

/// Entry of OpenAI's reference that shows the types of this file.
macro_rules! reference {
    () => {
        "https://developers.openai.com/api/reference/resources/realtime/client-events#session.update"
    };
}

union! {
    /// Configuration of a session. In `session.update`, absent fields stay as they are.
    pub enum SessionConfig {
        /// Conversation with the model.
        "realtime" => Realtime(RealtimeSession) {
            /// Name of the model. It cannot change once the session is open.
            model?: String,
            /// Form of the replies: one of text and audio.
            output_modalities?: Vec<Modality>,
            /// Instructions for the model. The empty string clears them.
            instructions?: String,
            /// Input and output audio.
            audio?: AudioConfig,
            /// Tools that the model may call. An empty list clears them.
            tools?: Vec<Tool>,
            /// Choice of tools: whether the model calls one, and which.
            tool_choice?: ToolChoice,
            /// True if the model may call several tools at once.
            parallel_tool_calls?: bool,
            /// Limit of a response, in tokens.
            max_output_tokens?: MaxOutputTokens,
            /// Reasoning of the model.
            reasoning?: Reasoning,
            /// Truncation of a conversation that outgrows the model's input.
            truncation?: Truncation,
            /// Stored prompt.
            prompt?null: Prompt,
            /// Traces of the session in the provider's dashboard.
            tracing?null: Tracing,
            /// Optional content of events.
            include?: Vec<Include>,
            /// ID of the session. Set by the server.
            id?: String,
            /// Kind of object: `realtime.session`. Set by the server.
            object?: String,
            /// End of the session, in seconds of Unix time. Set by the server.
            expires_at?: u64,
        }

        /// Transcription of speech, without replies.
        "transcription" => Transcription(TranscriptionSession) {
            /// Input audio.
            audio?: TranscriptionAudio,
            /// Optional content of events.
            include?: Vec<Include>,
            /// ID of the session. Set by the server.
            id?: String,
            /// Kind of object: `realtime.transcription_session`. Set by the server.
            object?: String,
            /// End of the session, in seconds of Unix time. Set by the server.
            expires_at?: u64,
        }
    }
}

/// Applies a `session.update` to the settings so far. Absent keys stay, null clears, a value
/// replaces; only the levels of `audio` and `noise_reduction`, whose strength stays if it is left
/// out, are merged key by key.
pub(crate) fn merge_settings(whole: &mut Value, change: &Value) {
    let (Value::Object(whole), Value::Object(change)) = (whole, change) else {
        return;
    };
    for (key, value) in change {
        match whole.get_mut(key) {
            Some(old)
                if old.is_object()
                    && value.is_object()
                    && matches!(
                        key.as_str(),
                        "audio" | "input" | "output" | "noise_reduction"
                    ) =>
            {
                merge_settings(old, value);
            }
            _ => {
                whole.insert(key.clone(), value.clone());
            }
        }
    }
}

impl RealtimeSession {
    /// Returns a configuration in which nothing is set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl TranscriptionSession {
    /// Returns a configuration in which nothing is set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

open_enum! {
    /// Content of events that is optional.
    pub enum Include {
        /// Log probabilities of a transcript's tokens.
        InputAudioTranscriptionLogprobs = "item.input_audio_transcription.logprobs",
    }
}

record! {
    /// Input and output audio.
    pub struct AudioConfig {
        /// Input audio.
        input?: AudioInput,
        /// Output audio.
        output?: AudioOutput,
    }
}

record! {
    /// Input audio of a transcription session.
    pub struct TranscriptionAudio {
        /// Input audio.
        input?: AudioInput,
    }
}

record! {
    /// Input audio.
    pub struct AudioInput {
        /// Format.
        format?: AudioFormat,
        /// Detection of the end of the user's turn. Null: the client ends it, by
        /// `input_audio_buffer.commit`.
        turn_detection?null: TurnDetection,
        /// Transcription of the user's speech.
        transcription?null: TranscriptionConfig,
        /// Noise reduction.
        noise_reduction?null: NoiseReduction,
    }
}

record! {
    /// Output audio.
    pub struct AudioOutput {
        /// Format.
        format?: AudioFormat,
        /// Voice. It cannot change once the model has spoken.
        voice?: Voice,
        /// Speed of speech, as a multiple of the usual one: 0.25 to 1.5.
        speed?: f64,
    }
}

union! {
    /// Detection of the end of the user's turn.
    pub enum TurnDetection {
        /// Detection by silence.
        "server_vad" => ServerVad {
            /// Loudness from which audio is speech, from 0 to 1. If absent, 0.5.
            threshold?: f64,
            /// Audio before the speech that is kept, in milliseconds. If absent, 300.
            prefix_padding_ms?: u64,
            /// Silence that ends the turn, in milliseconds. If absent, 500.
            silence_duration_ms?: u64,
            /// Silence after which the model speaks on its own, in milliseconds.
            idle_timeout_ms?null: u64,
            /// True if the end of a turn starts a response.
            create_response?: bool,
            /// True if speech interrupts the response under way.
            interrupt_response?: bool,
        }

        /// Detection by the meaning of the words.
        "semantic_vad" => SemanticVad {
            /// Eagerness of the model to reply.
            eagerness?: Eagerness,
            /// True if the end of a turn starts a response.
            create_response?: bool,
            /// True if speech interrupts the response under way.
            interrupt_response?: bool,
        }
    }
}

impl TurnDetection {
    /// Returns true if the end of a turn starts a response.
    pub(crate) fn responds(&self) -> bool {
        let create = match self {
            Self::ServerVad(vad) => vad.create_response,
            Self::SemanticVad(vad) => vad.create_response,
            Self::Other(_) => None,
        };
        create != Some(false)
    }
}

open_enum! {
    /// Eagerness of the model to take a turn as over.
    pub enum Eagerness {
        Low = "low",
        Medium = "medium",
        High = "high",
        /// Same as `medium`.
        Auto = "auto",
    }
}

record! {
    /// Settings of a transcription.
    pub struct TranscriptionConfig {
        /// Name of the model.
        model?: String,
        /// Spoken language, as an ISO 639-1 code.
        language?: String,
        /// Languages that may be spoken, as ISO 639-1 codes.
        languages?: Vec<String>,
        /// Guidance for the model, as free text.
        prompt?: String,
        /// Words to expect.
        keywords?: Vec<String>,
        /// Delay of the transcription: more delay, fewer mistakes.
        delay?: TranscriptionDelay,
    }
}

open_enum! {
    /// Delay of a transcription.
    pub enum TranscriptionDelay {
        Minimal = "minimal",
        Low = "low",
        Medium = "medium",
        High = "high",
        XHigh = "xhigh",
    }
}

record! {
    /// Noise reduction of input audio.
    pub struct NoiseReduction {
        /// Kind of microphone.
        kind as "type"?: NoiseReductionType,
        /// Strength. If absent, 1.
        strength?: f64,
    }
}

open_enum! {
    /// Kind of microphone.
    pub enum NoiseReductionType {
        /// Microphone close to the mouth, such as headphones.
        NearField = "near_field",
        /// Microphone at some distance, such as a laptop's.
        FarField = "far_field",
    }
}

impl NoiseReduction {
    /// Returns the noise reduction for a microphone close to the mouth.
    #[must_use]
    pub fn near_field() -> Self {
        Self::default().kind(NoiseReductionType::NearField)
    }

    /// Returns the noise reduction for a microphone at some distance.
    #[must_use]
    pub fn far_field() -> Self {
        Self::default().kind(NoiseReductionType::FarField)
    }
}

choice! {
    /// Voice: one of the provider's by name, such as `marin`, or a custom one by ID.
    pub enum Voice {
        /// Name of a voice.
        Name(String) = String,
        /// Custom voice.
        Custom(CustomVoice) = Object,
    }
}

record! {
    /// Custom voice.
    pub struct CustomVoice {
        /// ID.
        id: String,
    }
}

choice! {
    /// Limit in tokens.
    pub enum MaxOutputTokens {
        /// Limit of the model.
        Infinite = "inf",
        /// Number of tokens.
        Limit(u32) = Number,
    }
}

choice! {
    /// Traces of a session in the provider's dashboard.
    pub enum Tracing {
        /// Traces with default names.
        Auto = "auto",
        /// Traces with these names.
        Config(TracingConfig) = Object,
    }
}

record! {
    /// Names of a trace.
    pub struct TracingConfig {
        /// Name of the trace.
        workflow_name?: String,
        /// Group of the trace.
        group_id?: String,
        /// Further data of the trace.
        metadata?: Value,
    }
}

choice! {
    /// Truncation of a conversation that outgrows the model's input.
    pub enum Truncation {
        /// The oldest messages are dropped.
        Auto = "auto",
        /// The response fails.
        Disabled = "disabled",
        /// Messages are dropped by a rule.
        Rule(TruncationRule) = Object,
    }
}

union! {
    /// Rule of truncation.
    pub enum TruncationRule {
        /// Drops more at once than needed, so that the next turns find a cached beginning.
        "retention_ratio" => RetentionRatio {
            /// Part of the conversation that stays, from 0 to 1.
            retention_ratio: f64,
            /// Limits below the model's own.
            token_limits?: TokenLimits,
        }
    }
}

record! {
    /// Limits of a conversation.
    pub struct TokenLimits {
        /// Limit of everything after the instructions and tools, in tokens.
        post_instructions?: u64,
    }
}

impl Truncation {
    /// Returns the rule that keeps this part of the conversation, from 0 to 1.
    #[must_use]
    pub fn retention_ratio(ratio: f64) -> Self {
        Self::Rule(RetentionRatio::default().retention_ratio(ratio).into())
    }
}

record! {
    /// Settings of a reasoning model.
    pub struct Reasoning {
        /// Effort of the reasoning.
        effort?: ReasoningEffort,
    }
}

impl From<ReasoningEffort> for Reasoning {
    fn from(effort: ReasoningEffort) -> Self {
        Self::default().effort(effort)
    }
}

open_enum! {
    /// Effort of a reasoning model.
    pub enum ReasoningEffort {
        Minimal = "minimal",
        Low = "low",
        Medium = "medium",
        High = "high",
        XHigh = "xhigh",
    }
}

record! {
    /// Stored prompt.
    pub struct Prompt {
        /// ID.
        id: String,
        /// Version. If absent, the current one.
        version?: String,
        /// Values of its placeholders.
        variables?: BTreeMap<String, PromptVariable>,
    }
}

choice! {
    /// Value of a placeholder in a stored prompt.
    pub enum PromptVariable {
        /// Plain text.
        Text(String) = String,
        /// Text, image or file.
        Input(PromptInput) = Object,
    }
}

union! {
    /// Input of a stored prompt.
    pub enum PromptInput {
        /// Text.
        "input_text" => Text(PromptText) {
            /// Text.
            text: String,
            /// End of a part of the prompt that is worth caching.
            prompt_cache_breakpoint?: CacheBreakpoint,
        }

        /// Image, by its ID or its URL.
        "input_image" => Image(PromptImage) {
            /// Detail in which the model looks at it.
            detail?: ImageDetail,
            /// ID of an uploaded file.
            file_id?: String,
            /// URL, or the image itself as a data URI.
            image_url?: String,
            /// End of a part of the prompt that is worth caching.
            prompt_cache_breakpoint?: CacheBreakpoint,
        }

        /// File, by its ID, its URL or its content.
        "input_file" => File(PromptFile) {
            /// Detail in which the model looks at it.
            detail?: ImageDetail,
            /// ID of an uploaded file.
            file_id?: String,
            /// URL.
            file_url?: String,
            /// Content of the file.
            file_data?: String,
            /// Name of the file.
            filename?: String,
            /// End of a part of the prompt that is worth caching.
            prompt_cache_breakpoint?: CacheBreakpoint,
        }
    }
}

record! {
    /// End of a beginning that many prompts share.
    pub struct CacheBreakpoint {
        /// Mode of the breakpoint.
        mode: CacheBreakpointMode,
        /// Shortest time that it is kept.
        ttl?: CacheTtl,
    }
}

open_enum! {
    /// Mode of a cache breakpoint.
    pub enum CacheBreakpointMode {
        /// The breakpoint is where it is set.
        Explicit = "explicit",
    }
}

open_enum! {
    /// Time that the beginning of a prompt stays cached.
    pub enum CacheTtl {
        /// Half an hour.
        HalfHour = "30m",
        /// Twelve hours.
        TwelveHours = "12h",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_omitted_strength_stays() {
        let mut whole = json!({
            "audio": {"input": {
                "noise_reduction": {"type": "near_field", "strength": 0.5},
                "turn_detection": {"type": "server_vad", "threshold": 0.25},
            }},
        });
        let change = json!({
            "audio": {"input": {
                "noise_reduction": {"type": "far_field"},
                "turn_detection": {"type": "server_vad"},
            }},
        });
        merge_settings(&mut whole, &change);
        let input = &whole["audio"]["input"];
        assert_eq!(
            input["noise_reduction"],
            json!({"type": "far_field", "strength": 0.5})
        );
        assert_eq!(input["turn_detection"], json!({"type": "server_vad"}));
        merge_settings(
            &mut whole,
            &json!({"audio": {"input": {"noise_reduction": null}}}),
        );
        assert_eq!(whole["audio"]["input"]["noise_reduction"], Value::Null);
    }
}
