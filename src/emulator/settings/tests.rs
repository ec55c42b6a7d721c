//! Defaults of a configuration, its changes, and those that are refused.

use super::*;
use serde_json::json;

fn conversation() -> SessionSettings {
    SessionSettings::new(
        &RealtimeSession::new().model("m").into(),
        false,
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
                "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500,
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
    assert_eq!(settings.transcription(), Some(TranscriptionUnit::Seconds));
    assert_eq!(
        settings.turns().unwrap().thresholds.threshold.to_bits(),
        0.9f64.to_bits()
    );
    assert_eq!(
        settings.turns().unwrap().thresholds.silence_duration_ms,
        500
    );

    update(
        &mut settings,
        json!({"type": "realtime", "audio": {"input": {"turn_detection": null}}}),
    )
    .unwrap();
    assert_eq!(settings.turns(), None);
    assert_eq!(settings.transcription(), Some(TranscriptionUnit::Seconds));
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
            "session.audio.input.format.rate",
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

#[test]
fn a_rate_other_than_24000_is_out_of_range() {
    for (rate, code) in [
        (16_000, "integer_below_min_value"),
        (48_000, "integer_above_max_value"),
    ] {
        let format = AudioFormat::pcm(rate);
        let error = check_format("session.audio.output.format", Some(&format)).unwrap_err();
        assert_eq!(error.code.as_deref(), Some(code));
        assert_eq!(
            error.param.as_deref(),
            Some("session.audio.output.format.rate")
        );
    }
}

#[test]
fn semantic_vad_has_its_defaults_filled_in() {
    let mut settings = conversation();
    let change = json!({"type": "realtime", "audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}});
    update(&mut settings, change).unwrap();
    let shown = serde_json::to_value(settings.config()).unwrap();
    assert_eq!(
        shown["audio"]["input"]["turn_detection"],
        json!({"type": "semantic_vad", "eagerness": "auto", "create_response": true, "interrupt_response": true})
    );
}

#[test]
fn a_transcription_begins_without_a_model() {
    let wanted = TranscriptionSession::new().into();
    let settings = SessionSettings::new(&wanted, false, "sess_1".to_owned(), 7).unwrap();
    let shown = serde_json::to_value(settings.config()).unwrap();
    assert_eq!(
        shown["audio"],
        json!({"input": {
            "format": {"type": "audio/pcm", "rate": 24_000},
            "turn_detection": {
                "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500
            },
            "transcription": null,
            "noise_reduction": null
        }})
    );
    assert_eq!(settings.transcription(), None);
}

#[test]
fn transcripts_are_billed_by_their_model() {
    for (model, unit) in [
        ("gpt-4o-transcribe", TranscriptionUnit::Tokens),
        (
            "gpt-4o-mini-transcribe-2025-12-15",
            TranscriptionUnit::Tokens,
        ),
        ("whisper-1", TranscriptionUnit::Seconds),
        ("gpt-4o-transcribe-diarize", TranscriptionUnit::Seconds),
    ] {
        let mut settings = conversation();
        let change =
            json!({"type": "realtime", "audio": {"input": {"transcription": {"model": model}}}});
        update(&mut settings, change).unwrap();
        assert_eq!(settings.transcription(), Some(unit), "{model}");
    }
}

#[test]
fn a_deployment_may_name_its_model() {
    let wanted = RealtimeSession::new().model("my-deployment").into();
    let mut settings = SessionSettings::new(&wanted, true, "sess_1".to_owned(), 7).unwrap();
    let change = json!({"type": "realtime", "model": "gpt-realtime-2.1", "instructions": "Hi"});
    update(&mut settings, change).unwrap();
    let shown = serde_json::to_value(settings.config()).unwrap();
    assert_eq!(
        (&shown["model"], &shown["instructions"]),
        (&json!("gpt-realtime-2.1"), &json!("Hi"))
    );
}
