//! Frames that a tolerant client accepts: rules that hold for every server, and what single ones
//! are known to send. Frames are cut to what the case is about.

use std::cell::Cell;
use std::fmt::Debug;

use openai_realtime_ws::protocol::*;
use openai_realtime_ws::{ClientEvent, RawEvent, ServerEvent};
use serde_json::{Value, json};

use super::fixtures::{CLIENT, SERVER, TRANSLATION_CLIENT, TRANSLATION_SERVER};

/// The typed event of type `T` in a frame.
fn read<T: Event + Clone + Debug>(frame: &str) -> T {
    let event = T::Events::parse(frame).unwrap();
    T::from_events(&event)
        .unwrap_or_else(|| panic!("{frame}: {event:?}"))
        .clone()
}

fn raw(frame: &str) -> RawEvent {
    match ServerEvent::parse(frame).unwrap() {
        ServerEvent::Other(raw) => raw,
        event => panic!("{frame}: {event:?}"),
    }
}

/// Returns `value` with `change` made to it, or to any one part of it; `None` where the part is
/// gone.
fn variations(value: &Value, change: &dyn Fn() -> Option<Value>) -> Vec<Option<Value>> {
    let mut variations = vec![change()];
    match value {
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                for changed in self::variations(value, change) {
                    let mut values = values.clone();
                    values.splice(index..=index, changed);
                    variations.push(Some(values.into()));
                }
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                for changed in self::variations(value, change) {
                    let mut members = members.clone();
                    members.remove(key);
                    members.extend(changed.map(|value| (key.clone(), value)));
                    variations.push(Some(members.into()));
                }
            }
        }
        _ => {}
    }
    variations
}

/// Checks every event that a fixture becomes, but those of another type; returns how many there
/// were.
fn for_each_variation<E: Events>(
    lines: &str,
    change: impl Fn() -> Option<Value>,
    check: impl Fn(&Value, &E),
) -> usize {
    let mut count = 0;
    for line in lines.lines() {
        let frame: Value = serde_json::from_str(line).unwrap();
        let variations = variations(&frame, &change).into_iter().flatten();
        for varied in variations.filter(|varied| varied["type"] == frame["type"]) {
            let event = E::parse(varied.to_string()).unwrap();
            assert_eq!(event.event_type(), frame["type"]);
            check(&varied, &event);
            count += 1;
        }
    }
    count
}

/// Reads as a typed event, and what that is written as reads as the same.
fn expect_typed<E: Events>(varied: &Value, event: &E) {
    assert!(E::TYPES.contains(&event.event_type()));
    assert_eq!(event.unread(), [], "{varied}");
    let written = event.encode();
    assert_eq!(
        &E::parse(written.text().clone()).unwrap(),
        event,
        "{varied}"
    );
}

#[test]
fn rule_1_what_is_not_known_is_kept_as_text() {
    let frame = r#"{"type":"response.video.delta","event_id":"event_1","frames":[1,2]}"#;
    let event = raw(frame);
    assert_eq!(event.event_type(), "response.video.delta");
    assert_eq!(event.text(), frame);
    assert_eq!(ServerEvent::Other(event.clone()).encode(), event);
}

#[test]
fn rule_1_text_never_shows_where_it_is_not_asked_for() {
    for secret in [
        json!("s3cret"),
        json!(["s3cret"]),
        json!({"s3cret": "s3cret", "type": "s3cret"}),
    ] {
        let misfits = Cell::new(0);
        for_each_variation::<ServerEvent>(
            SERVER,
            || Some(secret.clone()),
            |varied, event| {
                let text = varied.to_string();
                let error = ServerEvent::parse(&text[..text.len() - 1]).unwrap_err();
                assert_eq!(error.text(), &text[..text.len() - 1]);
                let shown = format!("{:?} {error} {error:?}", event.encode());
                assert!(!shown.contains("s3cret"), "{varied}: {shown}");
                let unread = event.unread();
                misfits.update(|count| count + unread.iter().filter(|u| u.misfit).count());
            },
        );
        assert!(misfits.get() > 50, "{misfits:?}");
    }
}

fn for_each_event(change: impl Fn() -> Option<Value> + Copy) -> usize {
    for_each_variation(SERVER, change, expect_typed::<ServerEvent>)
        + for_each_variation(CLIENT, change, expect_typed::<ClientEvent>)
        + for_each_variation(
            TRANSLATION_SERVER,
            change,
            expect_typed::<TranslationServerEvent>,
        )
        + for_each_variation(
            TRANSLATION_CLIENT,
            change,
            expect_typed::<TranslationClientEvent>,
        )
}

#[test]
fn rule_2_any_field_may_be_absent() {
    assert!(for_each_event(|| None) > 600);
}

#[test]
fn rule_2_any_field_may_be_null() {
    assert!(for_each_event(|| Some(Value::Null)) > 600);
}

#[test]
fn rule_2_an_event_may_be_its_type_alone() {
    fn check<E: Events>() {
        for name in E::TYPES {
            let event = E::parse(format!(r#"{{"type":"{name}"}}"#)).unwrap();
            expect_typed(&json!(name), &event);
            assert_eq!(event.event_id(), None);
        }
    }
    check::<ServerEvent>();
    check::<ClientEvent>();
    check::<TranslationServerEvent>();
    check::<TranslationClientEvent>();
    let delta: ResponseOutputTextDelta = read(r#"{"type":"response.output_text.delta"}"#);
    assert_eq!(delta, ResponseOutputTextDelta::default());
}

#[test]
fn rule_3_names_that_are_not_known_are_kept() {
    let frame = json!({
        "type": "response.done",
        "response": {
            "id": "resp_1",
            "status": "paused",
            "status_details": {"type": "paused", "reason": "phase_of_the_moon"},
            "output": [
                {"type": "message", "role": "narrator", "status": "half", "phase": "aside",
                 "content": [{"type": "output_scent", "detail": "vivid"}]},
                {"type": "message", "role": "", "content": []},
            ],
            "output_modalities": ["scent"],
        },
    });
    let event: ResponseDone = read(&frame.to_string());
    assert_eq!(event.response.status, Some(ResponseStatus::from("paused")));
    assert_eq!(event.response.output_modalities, Some(vec!["scent".into()]));
    let Item::Message(message) = &event.response.output[0] else {
        panic!("no message")
    };
    assert_eq!(
        (message.role.as_str(), message.content[0].kind.to_string()),
        ("narrator", "output_scent".to_owned())
    );
    assert_eq!(serde_json::to_value(&event).unwrap(), frame);
}

#[test]
fn rule_3_objects_that_are_not_known_are_kept() {
    let frame = json!({
        "type": "session.updated",
        "session": {
            "type": "realtime",
            "audio": {
                "input": {
                    "format": {"type": "audio/opus", "rate": 48000},
                    "turn_detection": {"type": "client_vad", "threshold": 0.5},
                },
                "output": {"format": "pcm24", "voice": 7},
            },
            "tools": [{"type": "web_search"}, {"name": "of no type"}, "a word"],
            "tool_choice": "sometimes",
            "max_output_tokens": "many",
            "truncation": {"type": "summary"},
            "tracing": ["on"],
        },
    });
    let event: SessionUpdated = read(&frame.to_string());
    let SessionConfig::Realtime(session) = event.session.as_ref() else {
        panic!("no session")
    };
    let audio = session.audio.as_ref().unwrap();
    let input = audio.input.as_ref().unwrap();
    assert_eq!(
        input.format,
        Some(AudioFormat::Other(
            json!({"type": "audio/opus", "rate": 48000})
        ))
    );
    assert!(
        matches!(input.turn_detection.as_set(), Some(TurnDetection::Other(vad)) if vad["threshold"] == 0.5)
    );
    let output = audio.output.as_ref().unwrap();
    assert_eq!(output.format, Some(AudioFormat::Other(json!("pcm24"))));
    assert_eq!(output.voice, Some(Voice::Other(json!(7))));
    assert_eq!(
        session.tools.as_ref().unwrap()[2],
        Tool::Other(json!("a word"))
    );
    assert_eq!(
        session.tool_choice,
        Some(ToolChoice::Other(json!("sometimes")))
    );
    assert_eq!(
        session.max_output_tokens,
        Some(MaxOutputTokens::Other(json!("many")))
    );
    assert_eq!(
        session.truncation,
        Some(Truncation::Rule(TruncationRule::Other(
            json!({"type": "summary"})
        )))
    );
    assert_eq!(
        session.tracing.as_set(),
        Some(&Tracing::Other(json!(["on"])))
    );
    assert_eq!(serde_json::to_value(&event).unwrap(), frame);

    let frame = json!({"type": "session.updated", "session": {"type": "karaoke", "songs": 3}});
    let event: SessionUpdated = read(&frame.to_string());
    assert!(
        matches!(event.session.as_ref(), SessionConfig::Other(session) if session["songs"] == 3)
    );
    assert_eq!(serde_json::to_value(&event).unwrap(), frame);

    let frame = json!({"type": "conversation.item.added", "item": {"id": "item_9", "type": "reasoning", "summary": []}});
    let event: ConversationItemAdded = read(&frame.to_string());
    assert_eq!(event.item.id(), Some("item_9"));
    assert_eq!(serde_json::to_value(&event).unwrap(), frame);
}

#[test]
fn rule_3_a_value_that_is_no_item_costs_no_event() {
    for item in [
        json!("item_9"),
        json!("item\n9"),
        json!(9),
        json!(-0.5),
        json!([]),
        json!(true),
    ] {
        let frame = json!({"type": "response.output_item.done", "output_index": 2, "item": item});
        let event: ResponseOutputItemDone = read(&frame.to_string());
        assert_eq!((event.output_index, event.item), (2, Item::Other(item)));
    }
}

#[test]
fn rule_4_pcm_of_any_rate() {
    for rate in [8_000, 16_000, 22_050, 44_100, 48_000] {
        let format: AudioFormat =
            serde_json::from_value(json!({"type": "audio/pcm", "rate": rate})).unwrap();
        assert_eq!(format, AudioFormat::pcm(rate));
    }
    let format: AudioFormat = serde_json::from_value(json!({"type": "audio/pcm"})).unwrap();
    assert_eq!(format, AudioFormat::Pcm(PcmFormat::default()));
}

#[test]
fn numbers_are_read_as_json_means_them() {
    let frame = r#"{"type":"input_audio_buffer.speech_started","audio_start_ms":1.28e3}"#;
    assert_eq!(
        read::<InputAudioBufferSpeechStarted>(frame).audio_start_ms,
        1280
    );
    let frame = r#"{"type":"input_audio_buffer.speech_started","audio_start_ms":1279.6}"#;
    assert_eq!(
        read::<InputAudioBufferSpeechStarted>(frame).audio_start_ms,
        1280
    );
    let frame = r#"{"type":"input_audio_buffer.dtmf_event_received","event":"5","received_at":18446744073709551615}"#;
    assert_eq!(
        read::<InputAudioBufferDtmfEventReceived>(frame).received_at,
        u64::MAX
    );
    let frame =
        r#"{"type":"response.output_text.delta","output_index":-0,"content_index":123456789}"#;
    let delta = read::<ResponseOutputTextDelta>(frame);
    assert_eq!((delta.output_index, delta.content_index), (0, 123_456_789));
    let frame =
        r#"{"type":"conversation.item.input_audio_transcription.segment","start":3,"end":1e-3}"#;
    let segment = read::<ConversationItemInputAudioTranscriptionSegment>(frame);
    assert_eq!(
        (segment.start.to_bits(), segment.end.to_bits()),
        (3.0_f64.to_bits(), 0.001_f64.to_bits())
    );
    // A code may be a number.
    let frame = r#"{"type":"error","error":{"code":429,"message":"slow down"}}"#;
    assert_eq!(read::<ErrorEvent>(frame).error.code.as_deref(), Some("429"));
}

#[test]
fn undeclared_fields_are_no_obstacle() {
    let frame =
        r#"{"type":"response.output_text.delta","delta":"Hi","obfuscation":"x9","logprobs":[]}"#;
    assert_eq!(
        read::<ResponseOutputTextDelta>(frame),
        ResponseOutputTextDelta::default().delta("Hi")
    );
    let frame = r#"{"type":"session.closed","reason":{"type":"idle"}}"#;
    let closed = read::<SessionClosed>(frame);
    assert_eq!(closed.unknown("reason"), Some(&json!({"type": "idle"})));
}

#[test]
fn a_transcription_costs_tokens_or_time() {
    let frame = json!({
        "type": "conversation.item.input_audio_transcription.completed",
        "transcript": "Hi",
        "usage": {"type": "duration", "seconds": 2.5},
        "logprobs": null,
    });
    let event: ConversationItemInputAudioTranscriptionCompleted = read(&frame.to_string());
    assert_eq!(
        event.usage.as_deref(),
        Some(&DurationUsage::default().seconds(2.5).into())
    );
    assert_eq!(event.logprobs, None);
}

#[test]
fn azure_preview_sends_the_flat_session() {
    let session = json!({
        "id": "sess_1", "object": "realtime.session", "model": "gpt-4o-realtime-preview", "modalities": ["text", "audio"],
        "voice": "alloy", "turn_detection": {"type": "server_vad"}, "input_audio_transcription": null,
    });
    let frame = json!({"type": "session.created", "session": session});
    assert_eq!(
        *read::<SessionCreated>(&frame.to_string()).session,
        SessionConfig::Other(session)
    );
}

#[test]
fn xai_begins_with_the_conversation_and_pings() {
    let frame = r#"{"type":"conversation.created","event_id":"e1","conversation":{"id":"conv_1","object":"realtime.conversation"}}"#;
    assert_eq!(read::<ConversationCreated>(frame).conversation.id, "conv_1");
    assert_eq!(
        raw(r#"{"type":"ping","event_id":"e2","timestamp":1700000000000}"#).event_type(),
        "ping"
    );
    let frame = json!({
        "type": "session.updated",
        "session": {
            "type": "realtime", "voice": "Ara", "turn_detection": {"type": "server_vad"},
            "audio": {"input": {"format": {"type": "audio/pcm", "rate": 48000}}},
        },
    });
    let event: SessionUpdated = read(&frame.to_string());
    let SessionConfig::Realtime(session) = *event.session else {
        panic!("no session")
    };
    assert_eq!(
        session.audio.unwrap().input.unwrap().format,
        Some(AudioFormat::pcm(48_000))
    );
    let frame = r#"{"type":"response.done","response":{"id":"resp_1","status":"completed"},"usage":{"total_tokens":5}}"#;
    assert_eq!(
        read::<ResponseDone>(frame).response.status,
        Some(ResponseStatus::Completed)
    );
}

#[test]
fn inworld_speaks_and_writes_at_once() {
    let frame = r#"{"type":"session.updated","session":{"type":"realtime","output_modalities":["audio","text"],"provider_data":{"a":1}}}"#;
    let SessionConfig::Realtime(session) = *read::<SessionUpdated>(frame).session else {
        panic!("no session")
    };
    assert_eq!(
        session.output_modalities,
        Some(vec![Modality::Audio, Modality::Text])
    );
}

#[test]
fn qwen_sends_flat_sessions_and_errors_of_no_type() {
    let frame = r#"{"type":"session.created","session":{"object":"realtime.session","modalities":["text","audio"],"output_audio_format":"pcm24"}}"#;
    let SessionConfig::Other(session) = *read::<SessionCreated>(frame).session else {
        panic!("it has no type")
    };
    assert_eq!(session["output_audio_format"], "pcm24");
    let frame = r#"{"type":"error","error":{"code":"invalid_value","message":"No such voice.","param":"session.voice"}}"#;
    let error = read::<ErrorEvent>(frame);
    assert_eq!(
        error.to_string(),
        "No such voice. code=invalid_value param=session.voice"
    );
}

#[test]
fn glm_keeps_the_beta_names_and_its_own() {
    // Beta names are events of their own type, never rewritten.
    for name in [
        "response.text.delta",
        "response.audio.delta",
        "response.audio_transcript.delta",
        "heartbeat",
    ] {
        let frame = format!(r#"{{"type":"{name}","client_timestamp":1,"delta":"x"}}"#);
        assert_eq!(raw(&frame).event_type(), name);
    }
    // Indexes are missing.
    let frame =
        r#"{"type":"response.function_call_arguments.done","name":"weather","arguments":"{}"}"#;
    let call = read::<ResponseFunctionCallArgumentsDone>(frame);
    assert_eq!(
        (call.output_index, call.name.as_str(), call.call_id.as_str()),
        (0, "weather", "")
    );
    let frame = r#"{"type":"response.content_part.done","part":{"type":"audio","audio":"/+8="}}"#;
    assert_eq!(
        read::<ResponseContentPartDone>(frame)
            .part
            .audio
            .unwrap()
            .bytes(),
        Ok(vec![0xff, 0xef])
    );
}

#[test]
fn vllm_transcribes_in_events_of_its_own() {
    assert_eq!(
        raw(r#"{"type":"transcription.delta","delta":"Hi"}"#).event_type(),
        "transcription.delta"
    );
    assert_eq!(
        raw(r#"{"type":"transcription.done","text":"Hi","usage":null}"#).event_type(),
        "transcription.done"
    );
    let frame = r#"{"type":"error","error":"Model not found","code":"model_not_found"}"#;
    assert_eq!(read::<ErrorEvent>(frame).error.message, "Model not found");
    // What it wants to be sent goes out as it is.
    let commit = RawEvent::parse(r#"{"type":"input_audio_buffer.commit","final":true}"#).unwrap();
    assert_eq!(ClientEvent::from(commit.clone()).encode(), commit);
}

#[test]
fn aimock_leaves_out_and_adds() {
    let frame =
        r#"{"type":"input_audio_buffer.committed","event_id":"e1","previous_item_id":null}"#;
    assert_eq!(read::<InputAudioBufferCommitted>(frame).item_id, "");
    let frame =
        r#"{"type":"response.function_call_arguments.done","call_id":"call_1","arguments":"{}"}"#;
    assert_eq!(read::<ResponseFunctionCallArgumentsDone>(frame).name, "");
    assert_eq!(
        raw(r#"{"type":"response.cancelled","response":{"id":"resp_1"}}"#).event_type(),
        "response.cancelled"
    );
    let frame = r#"{"type":"conversation.item.added","item":{"id":"item_1","type":"message","role":"assistant","phase":"commentary","content":[]}}"#;
    let Item::Message(message) = read::<ConversationItemAdded>(frame).item else {
        panic!("no message")
    };
    assert_eq!(message.phase, Some(Phase::Commentary));
}

#[test]
fn other_serializations_than_json_text_work_too() {
    // A configuration may come from a file of any format: what serde can visit, can be read.
    let value = json!({"type": "server_vad", "threshold": 0.5, "idle_timeout_ms": null});
    let vad: TurnDetection = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(
        vad,
        ServerVad::default()
            .threshold(0.5)
            .idle_timeout_ms(Patch::Clear)
            .into()
    );
    assert_eq!(serde_json::to_value(&vad).unwrap(), value);
    let event: ServerEvent =
        serde_json::from_str(r#"{"delta":"Hi","type":"response.output_text.delta"}"#).unwrap();
    assert_eq!(event, ResponseOutputTextDelta::default().delta("Hi").into());
    assert!(
        serde_json::from_str::<ServerEvent>("[]")
            .unwrap_err()
            .to_string()
            .starts_with("Realtime WebSocket event")
    );
}

#[test]
fn the_front_of_the_conversation_differs_from_a_place_left_out() {
    let place = |member: &str| {
        let frame = format!(
            r#"{{"type":"conversation.item.added"{member},"item":{{"type":"message","id":"a"}}}}"#
        );
        read::<ConversationItemAdded>(&frame).previous_item_id
    };
    assert_eq!(place(""), Patch::Keep);
    assert_eq!(place(r#","previous_item_id":null"#), Patch::Clear);
    assert_eq!(place(r#","previous_item_id":"b""#), Patch::from("b"));
}
