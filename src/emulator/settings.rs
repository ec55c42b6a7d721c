//! Configuration of a session: the service's defaults, a client's changes, and the settings that
//! follow from them.

use serde_json::Value;

use super::audio::SampleFormat;
use super::request::{missing, refuse};
use super::vad::VadThresholds;
use crate::protocol::{
    AudioConfig, AudioFormat, AudioInput, AudioOutput, Eagerness, ErrorDetails, MaxOutputTokens,
    Modality, Patch, RealtimeSession, ResponseAudio, ResponseAudioOutput, ResponseParams,
    SemanticVad, ServerVad, SessionConfig, ToolChoice, TranscriptionAudio, TranscriptionSession,
    Truncation, TurnDetection, Voice, merge_settings,
};

/// Model of a session that names none.
const MODEL: &str = "gpt-realtime-2.1";
/// The only sample rate of PCM16, in Hz.
const PCM_RATE: u32 = 24_000;
/// Transcription models that are billed by the token; the others are billed by the second.
const TOKEN_MODELS: &[&str] = &[
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-transcribe",
];

/// Configuration of one session.
#[derive(Debug)]
pub(super) struct SessionSettings {
    config: SessionConfig,
    /// Set for an Azure deployment, whose name need not be its model's.
    is_deployment: bool,
}

/// Unit in which a transcription is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TranscriptionUnit {
    Tokens,
    Seconds,
}

/// Turn detection by the server, and its consequences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TurnSettings {
    pub(super) thresholds: VadThresholds,
    pub(super) idle_timeout_ms: Option<u64>,
    pub(super) create_response: bool,
    pub(super) interrupt_response: bool,
}

impl SessionSettings {
    /// Returns the service's defaults with a client's first wishes. `is_deployment` lets the client
    /// name a model other than the one in the URL.
    ///
    /// # Errors
    /// The service's error for a configuration that it refuses.
    pub(super) fn new(
        wanted: &SessionConfig,
        is_deployment: bool,
        id: String,
        expires_at: u64,
    ) -> Result<Self, ErrorDetails> {
        let config = match wanted {
            SessionConfig::Realtime(wanted) => conversation(wanted.model.as_deref())
                .id(id)
                .expires_at(expires_at)
                .into(),
            SessionConfig::Transcription(_) => transcription().id(id).expires_at(expires_at).into(),
            SessionConfig::Other(_) => {
                return Err(match to_value(wanted).get("type") {
                    None => missing("session.type"),
                    Some(_) => invalid(
                        "session.type",
                        "The type is none of realtime and transcription.",
                    ),
                });
            }
        };
        let mut settings = Self {
            config,
            is_deployment,
        };
        settings.update(wanted, false)?;
        Ok(settings)
    }

    /// Returns the whole configuration, as `session.created` and `session.updated` show it.
    pub(super) fn config(&self) -> &SessionConfig {
        &self.config
    }

    /// Applies a client's changes. With `spoke` the model has spoken, and its voice cannot change
    /// any more.
    ///
    /// # Errors
    /// The service's error for a change that it refuses; the configuration is as before.
    pub(super) fn update(
        &mut self,
        change: &SessionConfig,
        spoke: bool,
    ) -> Result<(), ErrorDetails> {
        let (mut whole, change) = (to_value(&self.config), to_value(change));
        match change.get("type").and_then(Value::as_str) {
            None => return Err(missing("session.type")),
            kind if kind != whole.get("type").and_then(Value::as_str) => {
                return Err(invalid("session.type", "The session's type cannot change."));
            }
            Some(_) => {}
        }
        // Checked as a whole, so that a change is refused for what it leads to.
        merge_settings(&mut whole, &change);
        let mut config = serde_json::from_value(whole).unwrap_or_default();
        self.check(&config, spoke)?;
        // Transcription sessions have turns and no responses.
        let answers = matches!(config, SessionConfig::Realtime(_));
        match input_mut(&mut config).map(|input| &mut input.turn_detection) {
            Some(Patch::Set(TurnDetection::ServerVad(vad))) => complete_server_vad(vad, answers),
            Some(Patch::Set(TurnDetection::SemanticVad(vad))) => {
                complete_semantic_vad(vad, answers);
            }
            _ => {}
        }
        self.config = config;
        Ok(())
    }

    /// Returns true if the model replies in this session.
    pub(super) fn has_replies(&self) -> bool {
        matches!(self.config, SessionConfig::Realtime(_))
    }

    pub(super) fn input_format(&self) -> SampleFormat {
        self.input()
            .and_then(|input| input.format.as_ref())
            .map(SampleFormat::from)
            .unwrap_or_default()
    }

    /// Returns the unit in which transcripts of the user's speech are billed; `None` if there are
    /// none.
    pub(super) fn transcription(&self) -> Option<TranscriptionUnit> {
        let model = self.input()?.transcription.as_set()?.model.as_deref();
        // Also with a date behind the name: the snapshots of a model count alike.
        let by_token = model.is_some_and(|model| {
            let mut models = TOKEN_MODELS.iter();
            models
                .any(|known| model == *known || model.strip_prefix(known).is_some_and(is_snapshot))
        });
        Some(if by_token {
            TranscriptionUnit::Tokens
        } else {
            TranscriptionUnit::Seconds
        })
    }

    /// Returns the turn detection; `None` if it is the client's.
    pub(super) fn turns(&self) -> Option<TurnSettings> {
        Some(match self.input()?.turn_detection.as_set()? {
            TurnDetection::ServerVad(vad) => TurnSettings {
                thresholds: VadThresholds::of(vad),
                idle_timeout_ms: vad.idle_timeout_ms.as_set().copied(),
                create_response: vad.create_response.unwrap_or(true),
                interrupt_response: vad.interrupt_response.unwrap_or(true),
            },
            // By energy, too: the more eager, the shorter the silence that it waits for.
            TurnDetection::SemanticVad(vad) => TurnSettings {
                thresholds: VadThresholds {
                    silence_duration_ms: match vad.eagerness {
                        Some(Eagerness::Low) => 1000,
                        Some(Eagerness::High) => 200,
                        _ => VadThresholds::DEFAULT.silence_duration_ms,
                    },
                    ..VadThresholds::DEFAULT
                },
                idle_timeout_ms: None,
                create_response: vad.create_response.unwrap_or(true),
                interrupt_response: vad.interrupt_response.unwrap_or(true),
            },
            _ => return None,
        })
    }

    /// Returns the parameters of a response: those of the request, and otherwise those of the
    /// session.
    pub(super) fn response_params(&self, asked: Option<&ResponseParams>) -> ResponseParams {
        let mut params = asked.cloned().unwrap_or_default();
        let SessionConfig::Realtime(session) = &self.config else {
            return params;
        };
        let output = session
            .audio
            .as_ref()
            .and_then(|audio| audio.output.as_ref());
        // Member by member: a response may change the voice and keep the session's format.
        let asked_output = params
            .audio
            .take()
            .and_then(|audio| audio.output)
            .unwrap_or_default();
        params.audio = Some(ResponseAudio::default().output(ResponseAudioOutput {
            format: asked_output.format.or_else(|| output?.format.clone()),
            voice: asked_output.voice.or_else(|| output?.voice.clone()),
            ..ResponseAudioOutput::default()
        }));
        params.output_modalities = params
            .output_modalities
            .or_else(|| session.output_modalities.clone());
        params.instructions = params.instructions.or_else(|| session.instructions.clone());
        params.tools = params.tools.or_else(|| session.tools.clone());
        params.tool_choice = params.tool_choice.or_else(|| session.tool_choice.clone());
        params.max_output_tokens = params
            .max_output_tokens
            .or_else(|| session.max_output_tokens.clone());
        params
    }

    /// Checks that the session may become what a client wants it to be.
    fn check(&self, new: &SessionConfig, spoke: bool) -> Result<(), ErrorDetails> {
        if let (SessionConfig::Realtime(old), SessionConfig::Realtime(new)) = (&self.config, new) {
            if old.model != new.model && !self.is_deployment {
                return Err(invalid(
                    "session.model",
                    "The model of an open session cannot change.",
                ));
            }
            check_modalities(
                "session.output_modalities",
                new.output_modalities.as_deref(),
            )?;
            let output = |session: &RealtimeSession| {
                session
                    .audio
                    .clone()
                    .and_then(|audio| audio.output)
                    .unwrap_or_default()
            };
            let (old, new) = (output(old), output(new));
            if spoke && old.voice != new.voice {
                return Err(refuse(
                    "cannot_update_voice",
                    "The voice cannot change once the model has spoken.",
                )
                .param("session.audio.output.voice"));
            }
            check_range("session.audio.output.speed", new.speed, 0.25, 1.5)?;
            check_format("session.audio.output.format", new.format.as_ref())?;
        }
        let mut new = new.clone();
        let input = input_mut(&mut new).map(std::mem::take).unwrap_or_default();
        check_format("session.audio.input.format", input.format.as_ref())?;
        match &input.turn_detection {
            Patch::Set(TurnDetection::ServerVad(vad)) => check_range(
                "session.audio.input.turn_detection.threshold",
                vad.threshold,
                0.0,
                1.0,
            ),
            Patch::Set(TurnDetection::Other(_)) => Err(invalid(
                "session.audio.input.turn_detection.type",
                "The type is none of server_vad and semantic_vad.",
            )),
            _ => Ok(()),
        }
    }

    fn input(&self) -> Option<&AudioInput> {
        match &self.config {
            SessionConfig::Realtime(session) => session.audio.as_ref()?.input.as_ref(),
            SessionConfig::Transcription(session) => session.audio.as_ref()?.input.as_ref(),
            _ => None,
        }
    }
}

/// Returns the service's defaults of a conversation.
fn conversation(model: Option<&str>) -> RealtimeSession {
    let output = AudioOutput::default()
        .format(AudioFormat::pcm(24_000))
        .voice(Voice::Name("marin".to_owned()))
        .speed(1.0);
    RealtimeSession::new()
        .object("realtime.session")
        .model(model.unwrap_or(MODEL))
        .output_modalities([Modality::Audio])
        .instructions("")
        .audio(AudioConfig::default().input(input(true)).output(output))
        .tools([])
        .tool_choice(ToolChoice::Auto)
        .max_output_tokens(MaxOutputTokens::Infinite)
        .prompt(Patch::Clear)
        .tracing(Patch::Clear)
        .truncation(Truncation::Auto)
}

/// Returns the service's defaults of a transcription.
fn transcription() -> TranscriptionSession {
    TranscriptionSession::new()
        .object("realtime.transcription_session")
        .audio(TranscriptionAudio::default().input(input(false)))
}

/// Returns the service's defaults of input audio; `answers` if the model answers it.
fn input(answers: bool) -> AudioInput {
    let mut vad = ServerVad::default();
    complete_server_vad(&mut vad, answers);
    AudioInput::default()
        .format(AudioFormat::pcm(PCM_RATE))
        .turn_detection(TurnDetection::from(vad))
        .transcription(Patch::Clear)
        .noise_reduction(Patch::Clear)
}

fn input_mut(config: &mut SessionConfig) -> Option<&mut AudioInput> {
    match config {
        SessionConfig::Realtime(session) => session.audio.as_mut()?.input.as_mut(),
        SessionConfig::Transcription(session) => session.audio.as_mut()?.input.as_mut(),
        _ => None,
    }
}

/// Fills in the service's defaults of a `server_vad`. Only a session that answers has those about
/// responses.
fn complete_server_vad(vad: &mut ServerVad, answers: bool) {
    let defaults = VadThresholds::DEFAULT;
    vad.threshold.get_or_insert(defaults.threshold);
    vad.prefix_padding_ms
        .get_or_insert(defaults.prefix_padding_ms);
    vad.silence_duration_ms
        .get_or_insert(defaults.silence_duration_ms);
    if answers {
        vad.create_response.get_or_insert(true);
        vad.interrupt_response.get_or_insert(true);
        if vad.idle_timeout_ms == Patch::Keep {
            vad.idle_timeout_ms = Patch::Clear;
        }
    }
}

/// Fills in the service's defaults of a `semantic_vad`.
fn complete_semantic_vad(vad: &mut SemanticVad, answers: bool) {
    vad.eagerness.get_or_insert(Eagerness::Auto);
    if answers {
        vad.create_response.get_or_insert(true);
        vad.interrupt_response.get_or_insert(true);
    }
}

/// Returns true for the part of a model's name that dates it, such as `-2025-12-15`.
fn is_snapshot(suffix: &str) -> bool {
    suffix
        .strip_prefix('-')
        .is_some_and(|date| date.starts_with(|first: char| first.is_ascii_digit()))
}

fn to_value(config: &SessionConfig) -> Value {
    serde_json::to_value(config).unwrap_or_default()
}

fn invalid(param: &str, message: &str) -> ErrorDetails {
    refuse("invalid_value", message).param(param)
}

/// A reply is in one form: text or audio.
pub(super) fn check_modalities(
    param: &str,
    modalities: Option<&[Modality]>,
) -> Result<(), ErrorDetails> {
    match modalities {
        None | Some([Modality::Text | Modality::Audio]) => Ok(()),
        _ => Err(invalid(
            param,
            "The output modalities are ['text'] or ['audio'].",
        )),
    }
}

fn check_range(
    param: &str,
    value: Option<f64>,
    lowest: f64,
    highest: f64,
) -> Result<(), ErrorDetails> {
    match value {
        Some(value) if !(lowest..=highest).contains(&value) => Err(invalid(
            param,
            &format!("The value must be from {lowest} to {highest}."),
        )),
        _ => Ok(()),
    }
}

fn check_format(param: &str, format: Option<&AudioFormat>) -> Result<(), ErrorDetails> {
    match format {
        Some(AudioFormat::Other(_)) => Err(invalid(
            param,
            "The format is none of audio/pcm, audio/pcmu and audio/pcma.",
        )),
        Some(AudioFormat::Pcm(pcm)) => {
            let param = format!("{param}.rate");
            match pcm.rate {
                Some(rate @ ..PCM_RATE) => Err(refuse(
                    "integer_below_min_value",
                    format!(
                        "Invalid '{param}': integer below minimum value. \
                        Expected a value >= {PCM_RATE}, but got {rate} instead."
                    ),
                )
                .param(param)),
                Some(rate) if rate > PCM_RATE => Err(refuse(
                    "integer_above_max_value",
                    format!(
                        "Invalid '{param}': integer above maximum value. \
                        Expected a value <= {PCM_RATE}, but got {rate} instead."
                    ),
                )
                .param(param)),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
