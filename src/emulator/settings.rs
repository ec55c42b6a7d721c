//! The session's configuration: what it is at first, how it changes, and what follows from it.

use serde_json::Value;

use super::audio::SampleFormat;
use super::request::{missing, refuse};
use super::vad::VadThresholds;
use crate::protocol::{
    AudioConfig, AudioFormat, AudioInput, AudioOutput, Eagerness, ErrorDetails, MaxOutputTokens,
    Modality, Patch, RealtimeSession, ResponseAudio, ResponseAudioOutput, ResponseParams,
    ServerVad, SessionConfig, ToolChoice, TranscriptionAudio, TranscriptionConfig,
    TranscriptionSession, TurnDetection, Voice, merge_settings,
};

/// The model where none is named.
const MODEL: &str = "gpt-realtime";

/// The configuration of one session.
#[derive(Debug)]
pub(super) struct SessionSettings {
    config: SessionConfig,
}

/// How turns are found, and what they bring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TurnSettings {
    pub(super) thresholds: VadThresholds,
    pub(super) idle_timeout_ms: Option<u64>,
    pub(super) create_response: bool,
    pub(super) interrupt_response: bool,
}

impl SessionSettings {
    /// The service's defaults, and on them what a client wants from the beginning.
    pub(super) fn new(
        wanted: &SessionConfig,
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
        let mut settings = Self { config };
        settings.update(wanted, false)?;
        Ok(settings)
    }

    /// The whole of it, as `session.created` and `session.updated` show it.
    pub(super) fn config(&self) -> &SessionConfig {
        &self.config
    }

    /// Takes a client's changes. `spoke` says that the model has, and the voice can no longer change.
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
        merge_settings(&mut whole, &change);
        let mut config = serde_json::from_value(whole).unwrap_or_default();
        check(&self.config, &config, spoke)?;
        if let Some(input) = input_mut(&mut config)
            && let Patch::Set(TurnDetection::ServerVad(vad)) = &mut input.turn_detection
        {
            complete_vad(vad);
        }
        self.config = config;
        Ok(())
    }

    /// Whether the model replies in this session.
    pub(super) fn has_replies(&self) -> bool {
        matches!(self.config, SessionConfig::Realtime(_))
    }

    pub(super) fn input_format(&self) -> SampleFormat {
        self.input()
            .and_then(|input| input.format.as_ref())
            .map(SampleFormat::from)
            .unwrap_or_default()
    }

    /// Whether the user's speech is transcribed.
    pub(super) fn transcribes(&self) -> bool {
        self.input()
            .is_some_and(|input| input.transcription.is_set())
    }

    /// How turns are found, if the server does that.
    pub(super) fn turns(&self) -> Option<TurnSettings> {
        Some(match self.input()?.turn_detection.as_set()? {
            TurnDetection::ServerVad(vad) => TurnSettings {
                thresholds: VadThresholds {
                    threshold: vad.threshold.unwrap_or(0.5),
                    prefix_padding_ms: vad.prefix_padding_ms.unwrap_or(300),
                    silence_duration_ms: vad.silence_duration_ms.unwrap_or(200),
                },
                idle_timeout_ms: vad.idle_timeout_ms.as_set().copied(),
                create_response: vad.create_response.unwrap_or(true),
                interrupt_response: vad.interrupt_response.unwrap_or(true),
            },
            // By energy, too: the more eager, the shorter the silence that it waits for.
            TurnDetection::SemanticVad(vad) => TurnSettings {
                thresholds: VadThresholds {
                    threshold: 0.5,
                    prefix_padding_ms: 300,
                    silence_duration_ms: match vad.eagerness {
                        Some(Eagerness::Low) => 1000,
                        Some(Eagerness::High) => 200,
                        _ => 500,
                    },
                },
                idle_timeout_ms: None,
                create_response: vad.create_response.unwrap_or(true),
                interrupt_response: vad.interrupt_response.unwrap_or(true),
            },
            _ => return None,
        })
    }

    /// What a response is to be like: what was asked for, and otherwise what the session says.
    pub(super) fn response_params(&self, asked: Option<&ResponseParams>) -> ResponseParams {
        let mut params = asked.cloned().unwrap_or_default();
        let SessionConfig::Realtime(session) = &self.config else {
            return params;
        };
        let output = session
            .audio
            .as_ref()
            .and_then(|audio| audio.output.as_ref());
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

    fn input(&self) -> Option<&AudioInput> {
        match &self.config {
            SessionConfig::Realtime(session) => session.audio.as_ref()?.input.as_ref(),
            SessionConfig::Transcription(session) => session.audio.as_ref()?.input.as_ref(),
            _ => None,
        }
    }
}

/// A conversation as the service has it by default.
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
        .audio(AudioConfig::default().input(input()).output(output))
        .tools([])
        .tool_choice(ToolChoice::Auto)
        .max_output_tokens(MaxOutputTokens::Infinite)
        .prompt(Patch::Clear)
        .tracing(Patch::Clear)
}

/// A transcription as the service has it by default.
fn transcription() -> TranscriptionSession {
    let input = input().transcription(TranscriptionConfig::default().model("gpt-4o-transcribe"));
    TranscriptionSession::new()
        .object("realtime.transcription_session")
        .audio(TranscriptionAudio::default().input(input))
}

fn input() -> AudioInput {
    let mut vad = ServerVad::default();
    complete_vad(&mut vad);
    AudioInput::default()
        .format(AudioFormat::pcm(24_000))
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

/// The service's defaults for what a `server_vad` leaves out.
fn complete_vad(vad: &mut ServerVad) {
    vad.threshold.get_or_insert(0.5);
    vad.prefix_padding_ms.get_or_insert(300);
    vad.silence_duration_ms.get_or_insert(200);
    vad.create_response.get_or_insert(true);
    vad.interrupt_response.get_or_insert(true);
    if vad.idle_timeout_ms == Patch::Keep {
        vad.idle_timeout_ms = Patch::Clear;
    }
}

fn to_value(config: &SessionConfig) -> Value {
    serde_json::to_value(config).unwrap_or_default()
}

fn invalid(param: &str, message: &str) -> ErrorDetails {
    refuse("invalid_value", message).param(param)
}

/// Whether the session may become what the client wants it to be.
fn check(old: &SessionConfig, new: &SessionConfig, spoke: bool) -> Result<(), ErrorDetails> {
    if let (SessionConfig::Realtime(old), SessionConfig::Realtime(new)) = (old, new) {
        if old.model != new.model {
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
        Some(AudioFormat::Pcm(pcm)) if pcm.rate.is_some_and(|rate| rate != 24_000) => {
            Err(invalid(param, "The rate of audio/pcm is 24000."))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn conversation() -> SessionSettings {
        SessionSettings::new(
            &RealtimeSession::new().model("m").into(),
            "sess_1".to_owned(),
            7,
        )
        .unwrap()
    }

    fn update(settings: &mut SessionSettings, change: Value) -> Result<(), String> {
        let change = serde_json::from_value(change).unwrap();
        settings
            .update(&change, false)
            .map_err(|error| error.param.unwrap_or_default())
    }

    #[test]
    fn defaults() {
        let shown = serde_json::to_value(conversation().config()).unwrap();
        assert_eq!(shown["type"], "realtime");
        assert_eq!(
            (&shown["id"], &shown["model"], &shown["expires_at"]),
            (&json!("sess_1"), &json!("m"), &json!(7))
        );
        assert_eq!(shown["output_modalities"], json!(["audio"]));
        assert_eq!(
            shown["audio"]["input"],
            json!({
                "format": {"type": "audio/pcm", "rate": 24_000},
                "turn_detection": {
                    "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 200,
                    "idle_timeout_ms": null, "create_response": true, "interrupt_response": true
                },
                "transcription": null,
                "noise_reduction": null
            })
        );
    }

    #[test]
    fn absent_null_and_value_are_three_things() {
        let mut settings = conversation();
        let change = json!({"type": "realtime", "instructions": "Be brief.", "audio": {
            "input": {"transcription": {"model": "whisper-1"}, "turn_detection": {"type": "server_vad", "threshold": 0.9}}}});
        update(&mut settings, change).unwrap();
        assert!(settings.transcribes());
        assert_eq!(
            settings.turns().unwrap().thresholds.threshold.to_bits(),
            0.9f64.to_bits()
        );
        assert_eq!(
            settings.turns().unwrap().thresholds.silence_duration_ms,
            200
        );

        update(
            &mut settings,
            json!({"type": "realtime", "audio": {"input": {"turn_detection": null}}}),
        )
        .unwrap();
        assert_eq!(settings.turns(), None);
        assert!(settings.transcribes());
        let shown = serde_json::to_value(settings.config()).unwrap();
        assert_eq!(shown["instructions"], "Be brief.");
        assert_eq!(shown["audio"]["input"]["turn_detection"], Value::Null);
        assert_eq!(shown["audio"]["output"]["voice"], "marin");
    }

    #[test]
    fn what_cannot_change() {
        let mut settings = conversation();
        for (change, param) in [
            (json!({"instructions": "x"}), "session.type"),
            (json!({"type": "transcription"}), "session.type"),
            (
                json!({"type": "realtime", "model": "other"}),
                "session.model",
            ),
            (
                json!({"type": "realtime", "output_modalities": ["text", "audio"]}),
                "session.output_modalities",
            ),
            (
                json!({"type": "realtime", "audio": {"output": {"speed": 9.0}}}),
                "session.audio.output.speed",
            ),
            (
                json!({"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}}),
                "session.audio.input.format",
            ),
            (
                json!({"type": "realtime", "audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 2.0}}}}),
                "session.audio.input.turn_detection.threshold",
            ),
        ] {
            assert_eq!(update(&mut settings, change), Err(param.to_owned()));
        }
        assert_eq!(settings.config(), conversation().config());

        let voice = serde_json::from_value(
            json!({"type": "realtime", "audio": {"output": {"voice": "cedar"}}}),
        )
        .unwrap();
        assert_eq!(
            settings.update(&voice, true).unwrap_err().code.as_deref(),
            Some("cannot_update_voice")
        );
        assert_eq!(settings.update(&voice, false), Ok(()));
    }

    #[test]
    fn a_response_is_as_asked_and_otherwise_as_the_session() {
        let mut settings = conversation();
        update(
            &mut settings,
            json!({"type": "realtime", "instructions": "session", "tool_choice": "none"}),
        )
        .unwrap();
        let asked = ResponseParams::default()
            .instructions("asked")
            .output_modalities([Modality::Text]);
        let params = settings.response_params(Some(&asked));
        assert_eq!(params.instructions.as_deref(), Some("asked"));
        assert_eq!(params.output_modalities, Some(vec![Modality::Text]));
        assert_eq!(params.tool_choice, Some(ToolChoice::None));
        let voice = params.audio.unwrap().output.unwrap().voice;
        assert_eq!(voice, Some(Voice::Name("marin".to_owned())));
    }
}
