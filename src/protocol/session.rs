//! The session's configuration, as it is asked for and as the server reports it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::record::record;
use super::union::union;
use super::words::{choice, open_enum};
use super::{AudioFormat, ImageDetail, Modality, Tool, ToolChoice};

union! {
    /// A session's configuration. In `session.update`, what is absent stays as it is.
    pub enum SessionConfig {
        /// A conversation with the model.
        "realtime" => Realtime(RealtimeSession) {
            /// The model; it cannot change once the session is open.
            model?: String,
            /// In which form the model replies: text or audio, one of them.
            output_modalities?: Vec<Modality>,
            /// What the model is told beforehand; the empty string clears it.
            instructions?: String,
            /// Input and output audio.
            audio?: AudioConfig,
            /// The tools that the model may call; an empty list clears them.
            tools?: Vec<Tool>,
            /// Whether the model calls a tool, and which.
            tool_choice?: ToolChoice,
            /// Whether the model may call several tools at once.
            parallel_tool_calls?: bool,
            /// The limit of a response, in tokens.
            max_output_tokens?: MaxOutputTokens,
            /// How much the model thinks.
            reasoning?: Reasoning,
            /// What is dropped when the conversation outgrows the model.
            truncation?: Truncation,
            /// A stored prompt.
            prompt?null: Prompt,
            /// Traces of the session in the provider's dashboard.
            tracing?null: Tracing,
            /// What else events are to contain.
            include?: Vec<Include>,
            /// The session's id; the server's.
            id?: String,
            /// The kind of object, `realtime.session`; the server's.
            object?: String,
            /// When the session ends, in seconds of Unix time; the server's.
            expires_at?: u64,
        }

        /// The transcription of speech, without replies.
        "transcription" => Transcription(TranscriptionSession) {
            /// Input audio.
            audio?: TranscriptionAudio,
            /// What else events are to contain.
            include?: Vec<Include>,
            /// The session's id; the server's.
            id?: String,
            /// The kind of object, `realtime.transcription_session`; the server's.
            object?: String,
            /// When the session ends, in seconds of Unix time; the server's.
            expires_at?: u64,
        }
    }
}

/// Applies a `session.update` to the settings so far. Absent keys stay, null clears, a value replaces; only the levels of
/// `audio` and `noise_reduction`, whose strength stays if it is left out, are merged key by key.
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
    /// A configuration in which nothing is set.
    pub fn new() -> Self {
        Self::default()
    }
}

impl TranscriptionSession {
    /// A configuration in which nothing is set.
    pub fn new() -> Self {
        Self::default()
    }
}

open_enum! {
    /// What events contain only when asked to.
    pub enum Include {
        /// The log probabilities of a transcript's tokens.
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
        /// Its format.
        format?: AudioFormat,
        /// When the server takes the user's turn to be over. Null: when the client says so, by
        /// `input_audio_buffer.commit`.
        turn_detection?null: TurnDetection,
        /// The transcription of what the user says.
        transcription?null: TranscriptionConfig,
        /// The suppression of noise.
        noise_reduction?null: NoiseReduction,
    }
}

record! {
    /// Output audio.
    pub struct AudioOutput {
        /// Its format.
        format?: AudioFormat,
        /// The voice; it cannot change once the model has spoken.
        voice?: Voice,
        /// The pace, as a multiple of the usual one: 0.25 to 1.5.
        speed?: f64,
    }
}

union! {
    /// How the end of the user's turn is found.
    pub enum TurnDetection {
        /// By silence.
        "server_vad" => ServerVad {
            /// How loud speech must be, from 0 to 1; 0.5 if absent.
            threshold?: f64,
            /// How much audio before the speech is kept, in milliseconds; 300 if absent.
            prefix_padding_ms?: u64,
            /// How long a silence ends the turn, in milliseconds; 500 if absent.
            silence_duration_ms?: u64,
            /// After how long a silence the model speaks up by itself, in milliseconds.
            idle_timeout_ms?null: u64,
            /// Whether the end of a turn brings a response.
            create_response?: bool,
            /// Whether speech interrupts the response under way.
            interrupt_response?: bool,
        }

        /// By what is said.
        "semantic_vad" => SemanticVad {
            /// How soon the model replies.
            eagerness?: Eagerness,
            /// Whether the end of a turn brings a response.
            create_response?: bool,
            /// Whether speech interrupts the response under way.
            interrupt_response?: bool,
        }
    }
}

open_enum! {
    /// How soon the model takes a turn to be over.
    pub enum Eagerness {
        Low = "low",
        Medium = "medium",
        High = "high",
        /// As `medium`.
        Auto = "auto",
    }
}

record! {
    /// How speech is transcribed.
    pub struct TranscriptionConfig {
        /// The model.
        model?: String,
        /// The language spoken, as ISO 639-1.
        language?: String,
        /// The languages that may be spoken, as ISO 639-1.
        languages?: Vec<String>,
        /// Guidance in free text.
        prompt?: String,
        /// Words to expect.
        keywords?: Vec<String>,
        /// How long the model waits for more before it writes: more delay, fewer mistakes.
        delay?: TranscriptionDelay,
    }
}

open_enum! {
    /// How long a transcription waits before it writes.
    pub enum TranscriptionDelay {
        Minimal = "minimal",
        Low = "low",
        Medium = "medium",
        High = "high",
        XHigh = "xhigh",
    }
}

record! {
    /// The suppression of noise in input audio.
    pub struct NoiseReduction {
        /// For which kind of microphone.
        kind as "type"?: NoiseReductionType,
        /// How strong it is; 1 if absent.
        strength?: f64,
    }
}

open_enum! {
    /// A kind of microphone.
    pub enum NoiseReductionType {
        /// Close to the mouth, such as headphones.
        NearField = "near_field",
        /// At some distance, such as a laptop's.
        FarField = "far_field",
    }
}

impl NoiseReduction {
    /// For a microphone close to the mouth.
    pub fn near_field() -> Self {
        Self::default().kind(NoiseReductionType::NearField)
    }

    /// For a microphone at some distance.
    pub fn far_field() -> Self {
        Self::default().kind(NoiseReductionType::FarField)
    }
}

choice! {
    /// A voice: one of the provider's by name, such as `marin`, or one of one's own by id.
    pub enum Voice {
        /// By name.
        Name(String) = String,
        /// One's own.
        Custom(CustomVoice) = Object,
    }
}

record! {
    /// A voice of one's own.
    pub struct CustomVoice {
        /// Its id.
        id: String,
    }
}

choice! {
    /// A limit in tokens.
    pub enum MaxOutputTokens {
        /// The model's own.
        Infinite = "inf",
        /// So many.
        Limit(u32) = Number,
    }
}

choice! {
    /// Traces of a session in the provider's dashboard.
    pub enum Tracing {
        /// With default names.
        Auto = "auto",
        /// With these names.
        Config(TracingConfig) = Object,
    }
}

record! {
    /// How a trace is filed.
    pub struct TracingConfig {
        /// The trace's name.
        workflow_name?: String,
        /// The group that it belongs to.
        group_id?: String,
        /// Anything to find it by.
        metadata?: Value,
    }
}

choice! {
    /// What happens when the conversation outgrows the model's input.
    pub enum Truncation {
        /// The oldest messages are dropped.
        Auto = "auto",
        /// The response fails.
        Disabled = "disabled",
        /// By a rule.
        Rule(TruncationRule) = Object,
    }
}

union! {
    /// A rule of what is dropped.
    pub enum TruncationRule {
        /// More is dropped at once than needs to be, so that the next turns find a cached beginning.
        "retention_ratio" => RetentionRatio {
            /// Which part of the conversation stays, from 0 to 1.
            retention_ratio: f64,
            /// Limits below the model's own.
            token_limits?: TokenLimits,
        }
    }
}

record! {
    /// Limits of a conversation.
    pub struct TokenLimits {
        /// Of what stands behind the instructions and tools, in tokens.
        post_instructions?: u64,
    }
}

impl Truncation {
    /// Keeps this part of the conversation, from 0 to 1.
    pub fn retention_ratio(ratio: f64) -> Self {
        Self::Rule(RetentionRatio::default().retention_ratio(ratio).into())
    }
}

record! {
    /// How much a reasoning model thinks.
    pub struct Reasoning {
        /// The effort.
        effort?: ReasoningEffort,
    }
}

impl From<ReasoningEffort> for Reasoning {
    fn from(effort: ReasoningEffort) -> Self {
        Self::default().effort(effort)
    }
}

open_enum! {
    /// An effort.
    pub enum ReasoningEffort {
        Minimal = "minimal",
        Low = "low",
        Medium = "medium",
        High = "high",
        XHigh = "xhigh",
    }
}

record! {
    /// A stored prompt.
    pub struct Prompt {
        /// Its id.
        id: String,
        /// Its version; the current one if absent.
        version?: String,
        /// What its placeholders stand for.
        variables?: BTreeMap<String, PromptVariable>,
    }
}

choice! {
    /// What a placeholder of a stored prompt stands for.
    pub enum PromptVariable {
        /// Plain text.
        Text(String) = String,
        /// A text, an image or a file.
        Input(PromptInput) = Object,
    }
}

union! {
    /// An input of a stored prompt.
    pub enum PromptInput {
        /// Text.
        "input_text" => Text(PromptText) {
            /// The text.
            text: String,
            /// The prompt up to here is worth caching.
            prompt_cache_breakpoint?: CacheBreakpoint,
        }

        /// An image, by one of its id and its address.
        "input_image" => Image(PromptImage) {
            /// How closely it is looked at.
            detail?: ImageDetail,
            /// An uploaded file's id.
            file_id?: String,
            /// An address, or the image itself as a data URI.
            image_url?: String,
            /// The prompt up to here is worth caching.
            prompt_cache_breakpoint?: CacheBreakpoint,
        }

        /// A file, by one of its id, its address and its content.
        "input_file" => File(PromptFile) {
            /// How closely it is looked at.
            detail?: ImageDetail,
            /// An uploaded file's id.
            file_id?: String,
            /// An address.
            file_url?: String,
            /// The content.
            file_data?: String,
            /// The file's name.
            filename?: String,
            /// The prompt up to here is worth caching.
            prompt_cache_breakpoint?: CacheBreakpoint,
        }
    }
}

record! {
    /// The end of a beginning that many prompts share.
    pub struct CacheBreakpoint {
        /// How it is found.
        mode: CacheBreakpointMode,
        /// For how long it is kept at least.
        ttl?: CacheTtl,
    }
}

open_enum! {
    /// How a cache breakpoint is found.
    pub enum CacheBreakpointMode {
        /// It is where it is said to be.
        Explicit = "explicit",
    }
}

open_enum! {
    /// For how long a prompt's beginning stays cached.
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
