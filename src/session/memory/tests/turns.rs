//! The moments between two turns, in which a session can be renewed.

use super::*;

fn session(turn_detection: &Value, transcription: &Value) -> Value {
    json!({"type": "session.updated", "session": {"type": "realtime", "audio": {
        "input": {"turn_detection": turn_detection, "transcription": transcription},
    }}})
}

/// An event with no member but its type, and ids where the type has them.
fn of_type(event_type: &str) -> Value {
    match event_type {
        "response.created" | "response.done" => {
            json!({"type": event_type, "response": {"id": "r", "conversation_id": "c"}})
        }
        "input_audio_buffer.append" => json!({"type": event_type, "audio": "AAAA"}),
        _ => {
            json!({"type": event_type, "item_id": "item", "transcript": "Hi.", "content_index": 0})
        }
    }
}

/// True between turns, after these events.
fn after(first: Option<Value>, events: &[&str]) -> bool {
    let mut memory = Memory::new(PLENTY);
    tell(&mut memory, first);
    tell(&mut memory, events.iter().map(|name| of_type(name)));
    memory.is_between_turns()
}

#[test]
fn a_turn_is_over_when_nobody_speaks_and_no_response_is_expected() {
    let (create, created, done) = ("response.create", "response.created", "response.done");
    let (append, committed) = ("input_audio_buffer.append", "input_audio_buffer.committed");
    for (events, over) in [
        (&[][..], true),
        (&[create], false),
        (&[create, created], false),
        (&[create, created, done], true),
        (&[done, created, done], true),
        (&[append], false),
        (&[append, committed], true),
        (&[append, "input_audio_buffer.cleared"], true),
        (&[append, "input_audio_buffer.clear"], true),
    ] {
        assert_eq!(after(None, events), over, "{events:?}");
    }
}

#[test]
fn where_the_server_detects_speech_silence_is_no_turn() {
    let vad = || Some(session(&json!({"type": "server_vad"}), &Value::Null));
    let append = "input_audio_buffer.append";
    let mut events = vec![append];
    assert!(after(vad(), &events), "a microphone stays on");
    for (event, over) in [
        ("input_audio_buffer.speech_started", false),
        ("input_audio_buffer.speech_stopped", false),
        // The server responds on its own.
        ("input_audio_buffer.committed", false),
        ("response.created", false),
        (append, false),
        ("response.done", true),
    ] {
        events.push(event);
        assert_eq!(after(vad(), &events), over, "{events:?}");
    }
}

#[test]
fn a_server_that_creates_no_responses_is_not_waited_for() {
    let spoken = [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.committed",
    ];
    for (create_response, over) in [
        (Value::Null, false),
        (true.into(), false),
        (false.into(), true),
    ] {
        for kind in ["server_vad", "semantic_vad"] {
            let vad = json!({"type": kind, "create_response": create_response});
            assert_eq!(
                after(Some(session(&vad, &Value::Null)), &spoken),
                over,
                "{kind}"
            );
        }
    }
}

#[test]
fn outstanding_transcripts_are_waited_for() {
    let vad = json!({"type": "server_vad", "create_response": false});
    let transcribes = || Some(session(&vad, &json!({"model": "gpt-realtime-whisper"})));
    let mut events = vec![
        "input_audio_buffer.speech_started",
        "input_audio_buffer.committed",
    ];
    assert!(!after(transcribes(), &events));
    for last in [
        "conversation.item.input_audio_transcription.completed",
        "conversation.item.input_audio_transcription.failed",
        "conversation.item.deleted",
        "conversation.item.delete",
    ] {
        events.push(last);
        assert!(after(transcribes(), &events), "{last}");
        events.pop();
    }
}

#[test]
fn only_errors_about_responses_settle_them() {
    let create = |id: Option<&str>| json!({"type": "response.create", "event_id": id});
    let failed = |id: Option<&str>, code: &str, param: Option<&str>| json!({"type": "error", "error": {"type": "invalid_request_error", "code": code, "event_id": id, "param": param}});
    let busy = "conversation_already_has_active_response";
    for (asked, error, settled) in [
        (Some("a"), failed(Some("a"), "invalid_value", None), true),
        (Some("a"), failed(Some("b"), busy, None), false),
        // The service leaves the id out, even if the request had one.
        (Some("a"), failed(None, busy, None), true),
        (None, failed(None, busy, None), true),
        (
            None,
            failed(None, "invalid_value", Some("response.tools")),
            true,
        ),
        (
            None,
            failed(None, "response_cancel_not_active", None),
            false,
        ),
        (
            None,
            failed(None, "input_audio_buffer_commit_empty", None),
            false,
        ),
        (
            Some("a"),
            failed(None, "invalid_value", Some("audio_end_ms")),
            false,
        ),
    ] {
        let mut memory = Memory::new(PLENTY);
        tell(&mut memory, [create(asked), error.clone()]);
        assert_eq!(memory.is_between_turns(), settled, "{error}");
        let lost = memory.restore().lost;
        assert_eq!(lost.is_empty(), settled, "{error}: {lost:?}");
    }
}

#[test]
fn an_outage_ends_every_turn() {
    let mut memory = Memory::new(PLENTY);
    let events = [
        "response.create",
        "response.created",
        "input_audio_buffer.append",
        "input_audio_buffer.speech_started",
    ];
    tell(&mut memory, events.map(of_type));
    assert!(!memory.is_between_turns());
    memory.restore();
    assert!(memory.is_between_turns());
}

#[test]
fn an_update_that_is_refused_without_an_id_is_not_restored() {
    let mut memory = Memory::new(PLENTY);
    tell(
        &mut memory,
        [
            update(Some("mine"), json!({"instructions": "refused"})),
            error(None, Some("session.instructions")),
        ],
    );
    assert_eq!(memory.restore(), Restoration::default());
}

#[test]
fn the_newest_items_are_kept_however_many_came_before() {
    const BOUND: usize = 256 * 1024;
    for items in [792, 1650, 10_000] {
        let mut memory = Memory::new(BOUND);
        tell(
            &mut memory,
            (0..items).map(|n| added(user(&format!("item_{n}"), &"x".repeat(100)))),
        );
        let restoration = memory.restore();
        let (_, kept) = parts(&restoration);
        let bytes: usize = restoration
            .events
            .iter()
            .map(|event| event.text().len())
            .sum();
        assert!(kept.len() > 700, "{items}: {}", kept.len());
        assert!(bytes > BOUND / 2, "{items}: {bytes}");
        assert_eq!(kept.last().unwrap()["id"], format!("item_{}", items - 1));
    }
}
