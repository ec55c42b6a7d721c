//! Members that were not read into a field: unknown ones, and values that do not fit. They stay
//! with their record, are listed, and are written again.

use openai_realtime_ws::protocol::*;
use openai_realtime_ws::{ClientEvent, RawEvent, ServerEvent};
use serde_json::{Value, json};

/// Every member of `sent` is in `written`, which has the fields that were left out as well.
fn check_kept(sent: &Value, written: &Value) {
    match (sent, written) {
        (Value::Object(sent), Value::Object(written)) => {
            for (key, value) in sent {
                check_kept(value, &written[key]);
            }
        }
        (Value::Array(sent), Value::Array(written)) => {
            assert_eq!(sent.len(), written.len());
            sent.iter()
                .zip(written)
                .for_each(|(sent, written)| check_kept(sent, written));
        }
        _ => assert_eq!(sent, written),
    }
}

/// Reads a frame, checks that it is written as it came, and returns the event with its unread
/// members: the path, and whether it is a known field.
fn read(frame: &Value) -> (ServerEvent, Vec<(String, bool)>) {
    let event = ServerEvent::parse(frame.to_string()).unwrap();
    assert_eq!(
        RawEvent::parse(frame.to_string()).unwrap().decode(),
        event,
        "{frame}"
    );
    let written: Value = serde_json::from_str(event.encode().text()).unwrap();
    check_kept(frame, &written);
    assert_eq!(serde_json::to_value(&event).unwrap(), written);
    let unread = event.unread().into_iter();
    (
        event.clone(),
        unread.map(|member| (member.path, member.misfit)).collect(),
    )
}

#[test]
fn unknown_members_of_records_are_kept() {
    let (event, unread) = read(&json!({
        "type": "response.done",
        "usage": {"total_tokens": 5},
        "response": {
            "id": "resp_1",
            "voice": "marin",
            "status_details": {"error": {"code": "server_error", "retry_after": 1.5}},
            "output": [{
                "type": "message",
                "role": "assistant",
                "model_version": "2026-11",
                "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
            }],
            "usage": {
                "total_tokens": 5,
                "video_tokens": null,
                "output_token_details": {"reasoning_tokens": 3, "video_tokens": 2},
            },
        },
    }));
    let paths = [
        "usage",
        "response.voice",
        "response.status_details.error.retry_after",
        "response.output[0].model_version",
        "response.output[0].content[0].annotations",
        "response.usage.video_tokens",
        "response.usage.output_token_details.video_tokens",
    ];
    assert_eq!(unread, paths.map(|path| (path.to_owned(), false)));
    let ServerEvent::ResponseDone(event) = event else {
        panic!("not read")
    };
    assert_eq!(event.unknown("usage").unwrap()["total_tokens"], 5);
    assert_eq!(event.response.unknown("voice"), Some(&json!("marin")));
    let details = event.response.usage.as_ref().unwrap();
    let details = details.output_token_details.as_ref().unwrap();
    assert_eq!(details.reasoning_tokens, Some(3));
    // Errors, sessions and what a client sends keep theirs as well.
    let (_, unread) = read(&json!({"type": "error", "error": {"message": "m", "trace": "t"}}));
    assert_eq!(unread, [("error.trace".to_owned(), false)]);
    let session = json!({"type": "realtime", "provider_data": {"a": [1]}, "audio": {"echo": true}});
    let (_, unread) = read(&json!({"type": "session.updated", "session": session.clone()}));
    assert_eq!(
        unread,
        [
            ("session.provider_data".to_owned(), false),
            ("session.audio.echo".to_owned(), false)
        ]
    );
    let update = json!({"type": "session.update", "session": session}).to_string();
    let event = ClientEvent::parse(update.as_str()).unwrap();
    let sent = event.encode();
    assert_eq!(
        serde_json::from_str::<Value>(sent.text()).unwrap(),
        serde_json::from_str::<Value>(&update).unwrap()
    );
}

#[test]
fn deltas_drop_unknown_members_on_purpose() {
    let frame = r#"{"type":"response.output_text.delta","delta":"Hi","obfuscation":"x9","n":{}}"#;
    let event = ServerEvent::parse(frame).unwrap();
    assert_eq!(event, ResponseOutputTextDelta::default().delta("Hi").into());
    assert_eq!(event.unread(), []);
}

#[test]
fn a_member_that_does_not_fit_costs_no_event() {
    for (frame, paths) in [
        (
            json!({"type": "response.done", "response": {
                "id": "resp_1", "metadata": {"k": {"a": 1}}, "usage": "none", "status": "completed",
            }}),
            vec!["response.metadata", "response.usage"],
        ),
        (
            json!({"type": "response.done", "response": []}),
            vec!["response"],
        ),
        (
            json!({"type": "response.done", "response": {"usage": {"total_tokens": "many", "input_tokens": 4}}}),
            vec!["response.usage.total_tokens"],
        ),
        (
            json!({"type": "rate_limits.updated", "rate_limits": [{"name": "tokens"}, {"remaining": -3, "limit": 9}]}),
            vec!["rate_limits[1].remaining"],
        ),
        (
            json!({"type": "rate_limits.updated", "rate_limits": {}}),
            vec!["rate_limits"],
        ),
        (
            json!({"type": "input_audio_buffer.speech_started", "item_id": "item_1", "audio_start_ms": -5}),
            vec!["audio_start_ms"],
        ),
        (
            json!({"type": "response.output_item.done", "output_index": 2, "item": {
                "type": "function_call", "call_id": "call_9", "arguments": {"place": "Oslo"},
            }}),
            vec!["item.arguments"],
        ),
        (
            json!({"type": "error", "error": {"message": "m", "code": {"a": 1}}}),
            vec!["error.code"],
        ),
        (json!({"type": "error", "error": 7}), vec!["error"]),
    ] {
        let (event, unread) = read(&frame);
        assert!(!matches!(event, ServerEvent::Other(_)), "{frame}");
        let paths: Vec<_> = paths
            .into_iter()
            .map(|path| (path.to_owned(), true))
            .collect();
        assert_eq!(unread, paths, "{frame}");
    }
    let frame =
        r#"{"type":"response.done","response":{"id":"resp_1","usage":"none","status":"failed"}}"#;
    let Ok(ServerEvent::ResponseDone(event)) = ServerEvent::parse(frame) else {
        panic!("not read")
    };
    assert_eq!(event.response.status, Some(ResponseStatus::Failed));
    assert_eq!(event.response.usage, None);
    assert_eq!(event.response.unknown("usage"), Some(&json!("none")));
}

#[test]
fn a_delta_that_does_not_fit_is_one_with_a_default() {
    for (frame, path) in [
        (
            r#"{"type":"response.output_text.delta","delta":["Hi"]}"#,
            "delta",
        ),
        (
            r#"{"type":"response.output_text.delta","content_index":"first"}"#,
            "content_index",
        ),
        (
            r#"{"type":"response.output_text.delta","output_index":4294967296}"#,
            "output_index",
        ),
        (
            r#"{"type":"response.output_audio.delta","delta":7}"#,
            "delta",
        ),
    ] {
        let event = ServerEvent::parse(frame).unwrap();
        let unread = event.unread();
        assert_eq!(
            (unread[0].path.as_str(), unread[0].misfit, unread.len()),
            (path, true, 1)
        );
        let frame = serde_json::from_str(frame).unwrap();
        check_kept(&frame, &serde_json::to_value(&event).unwrap());
    }
}

#[test]
fn a_value_that_is_set_later_takes_the_place_of_the_one_that_did_not_fit() {
    let details: ErrorDetails = match ServerEvent::parse(r#"{"type":"error","error":{"code":[]}}"#)
    {
        Ok(ServerEvent::Error(event)) => event.error,
        other => panic!("{other:?}"),
    };
    assert_eq!(serde_json::to_value(&details).unwrap()["code"], json!([]));
    let details = details.code("mine");
    assert_eq!(serde_json::to_value(&details).unwrap()["code"], "mine");
}

#[test]
fn members_that_this_version_does_not_know_can_be_sent() {
    let event =
        SessionUpdate::new(RealtimeSession::new().with_unknown("provider_data", json!({"a": 1})));
    assert_eq!(
        serde_json::to_value(&event).unwrap(),
        json!({"type": "session.update", "session": {"type": "realtime", "provider_data": {"a": 1}}})
    );
}

#[test]
fn a_union_reads_a_value_as_serde_does() {
    for value in [
        json!({"type": "message", "role": "user", "content": [], "x": 1}),
        json!({"type": "message", "content": 7}),
        json!({"type": "dream"}),
        json!({"id": "item_1"}),
        json!("item_1"),
        Value::Null,
    ] {
        let item = Item::from(value.clone());
        let read: Item = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(read, item);
        assert_eq!(matches!(item, Item::Message(_)), value["type"] == "message");
        check_kept(&value, &serde_json::to_value(&item).unwrap());
    }
    for word in ["auto", "none", "required", "sometimes"] {
        assert_eq!(
            ToolChoice::from(word),
            serde_json::from_value(json!(word)).unwrap()
        );
    }
    assert_eq!(ToolChoice::from("auto"), ToolChoice::Auto);
    assert_eq!(Voice::from("marin"), Voice::Name("marin".to_owned()));
}

#[test]
fn a_session_of_no_type_says_when_it_ends() {
    let frame = r#"{"type":"session.created","session":{"id":"sess_1","expires_at":1893456000}}"#;
    let event = ServerEvent::parse(frame).unwrap();
    assert_eq!(Realtime::expires_at(&event), Some(1_893_456_000));
    let event = TranslationServerEvent::parse(frame).unwrap();
    assert_eq!(Translation::expires_at(&event), Some(1_893_456_000));
}

#[test]
fn older_names_are_read_where_they_are_asked_for() {
    for (older, present) in [
        ("response.audio.delta", "response.output_audio.delta"),
        ("response.audio.done", "response.output_audio.done"),
        ("response.text.delta", "response.output_text.delta"),
        ("response.text.done", "response.output_text.done"),
        (
            "response.audio_transcript.delta",
            "response.output_audio_transcript.delta",
        ),
        (
            "response.audio_transcript.done",
            "response.output_audio_transcript.done",
        ),
        ("conversation.item.created", "conversation.item.added"),
    ] {
        assert_eq!(ServerEvent::present_name(older), Some(present));
        assert!(ServerEvent::TYPES.contains(&present));
        for frame in [
            format!(r#"{{"type":"{older}","event_id":"e1"}}"#),
            format!(r#"{{"event_id":"e1","type":"{older}"}}"#),
        ] {
            let frame = ByteString::from(frame);
            let event = ServerEvent::parse_text(&frame, EventNames::Older).unwrap();
            assert_eq!(
                (event.event_type(), event.event_id()),
                (present, Some("e1"))
            );
            // Without being asked for, they are what they say.
            let event = ServerEvent::parse_text(&frame, EventNames::Present).unwrap();
            assert_eq!(event, ServerEvent::parse(frame).unwrap());
            assert_eq!(event.event_type(), older);
        }
    }
    let frame =
        ByteString::from(r#"{"type":"response.text.delta","delta":"Hi","output_index":{}}"#);
    let event = ServerEvent::parse_text(&frame, EventNames::Older).unwrap();
    assert_eq!(event.unread()[0].path, "output_index");
    assert!(matches!(event, ServerEvent::ResponseOutputTextDelta(event) if event.delta == "Hi"));
    assert_eq!(ServerEvent::present_name("response.done"), None);
}

#[test]
fn a_frame_that_is_no_event_keeps_its_text() {
    let error = ServerEvent::parse("overloaded").unwrap_err();
    assert_eq!(error.text(), "overloaded");
    assert!(!format!("{error} {error:?}").contains("overloaded"));
    assert_eq!(RawEvent::parse("overloaded"), Err(error));
}

#[test]
fn errors_have_a_kind() {
    for (code, kind) in [
        ("response_cancel_not_active", ErrorKind::Harmless),
        ("input_audio_buffer_commit_empty", ErrorKind::Harmless),
        (
            "conversation_already_has_active_response",
            ErrorKind::Deferred,
        ),
        ("insufficient_quota", ErrorKind::Fatal),
        ("credit_balance_exhausted", ErrorKind::Fatal),
        ("billing_hard_limit_reached", ErrorKind::Fatal),
        ("billing_not_active", ErrorKind::Fatal),
        ("invalid_api_key", ErrorKind::Fatal),
        ("account_deactivated", ErrorKind::Fatal),
        ("organization_deactivated", ErrorKind::Fatal),
        ("beta_api_shape_disabled", ErrorKind::Fatal),
        ("invalid_value", ErrorKind::Request),
        ("rate_limit_exceeded", ErrorKind::Request),
        ("unsupported_content_type", ErrorKind::Request),
        ("session_expired", ErrorKind::Request),
        ("", ErrorKind::Request),
    ] {
        assert_eq!(ErrorDetails::default().code(code).kind(), kind, "{code}");
        assert_eq!(StatusError::default().code(code).kind(), kind, "{code}");
    }
    let message = |message: &str| {
        ErrorDetails::default()
            .code("invalid_value")
            .message(message)
    };
    let beyond = message("Audio content of 9840ms is already shorter than 11579ms");
    assert_eq!(beyond.kind(), ErrorKind::Harmless);
    assert_eq!(message("No such voice.").kind(), ErrorKind::Request);
    let quota = ErrorDetails::default().error_type("insufficient_quota");
    assert_eq!(quota.kind(), ErrorKind::Fatal);
    assert_eq!(ErrorDetails::default().kind(), ErrorKind::Request);
}
