//! Frames that count as events: contracts 41 to 47, and what the Node SDK did with the same frames.
//! (44 and 46 are about connections.) Errors: contracts 50 to 52.

use bytestring::ByteString;
use openai_realtime_ws::protocol::{
    Events, ParseErrorKind, Protocol, Realtime, Translation, Unread,
};
use openai_realtime_ws::{RawEvent, ServerEvent};

fn accepted(text: &str) -> RawEvent {
    let raw = RawEvent::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(raw.text(), text);
    raw
}

fn rejected(text: &str) -> ParseErrorKind {
    let error = RawEvent::parse(text).expect_err(text);
    assert_eq!(ServerEvent::parse(text), Err(error.clone()));
    assert_eq!(error.text(), text);
    error.kind().clone()
}

/// Paths of the members that did not fit.
fn misfits(event: &ServerEvent) -> Vec<String> {
    let unread = event.unread().into_iter().filter(|member| member.misfit);
    unread.map(|Unread { path, .. }| path).collect()
}

/// The message of an `error` event, as a listener sees it.
fn message(text: &str) -> String {
    Realtime::error(&ServerEvent::parse(text).unwrap())
        .unwrap()
        .to_string()
}

#[test]
fn contract_41_an_object_with_its_own_string_type_is_an_event() {
    let text = r#"{"type":"response.output_text.delta","delta":"Hi","undeclared":[1,{"a":null}]}"#;
    assert_eq!(accepted(text).event_type(), "response.output_text.delta");
    assert!(
        matches!(accepted(text).decode(), ServerEvent::ResponseOutputTextDelta(event) if event.delta == "Hi")
    );
    // Where among the members it stands makes no difference.
    let text = r#"{"delta":"Hi","type":"response.output_text.delta"}"#;
    assert!(matches!(
        ServerEvent::parse(text),
        Ok(ServerEvent::ResponseOutputTextDelta(_))
    ));
}

#[test]
fn contract_42_anything_else_is_none() {
    for frame in [
        r#"{"type":{}}"#,
        r#"{"type":[]}"#,
        r#"{"type":["error"]}"#,
        r#"{"type":null}"#,
        r#"{"type":1}"#,
        r#"{"type":true}"#,
        "{}",
        r#"{"event_id":"event_1"}"#,
        r#"{"nested":{"type":"error"}}"#,
        "null",
        "[]",
        r#"[{"type":"error"}]"#,
        r#""error""#,
        r#""""#,
        "0",
        "-12.5",
        "false",
        "true",
    ] {
        assert_eq!(rejected(frame), ParseErrorKind::NotAnEvent, "{frame}");
    }
    assert_eq!(
        ParseErrorKind::NotAnEvent.to_string(),
        "Realtime WebSocket event must be an object with a string type."
    );
}

#[test]
fn contract_43_what_is_no_json_is_told_without_its_content() {
    for frame in [
        "",
        "secret",
        r#"{"type":"error""#,
        r#"{"type":"error","secret":}"#,
        r#"{"type":"error",}"#,
        r#"{"type":"error"}secret"#,
        r#"{"type":"error"}{"type":"error"}"#,
        r#"{"type":"error" "secret":1}"#,
        r#"{"type" "error"}"#,
        r#"{"type":"error","secret":01}"#,
        r#"{"type":"error","secret":"\x"}"#,
        r#"{type:"error"}"#,
        r"{'type':'error'}",
        "{\"type\":\"error\",\"secret\":\"line\nbreak\"}",
        "{\"type\":\"error\"\u{c}}",
        "{\"type\":\"error\"}\0",
    ] {
        let error = rejected(frame);
        let shown = format!("{error} {error:?}");
        assert!(
            shown.starts_with("Could not parse Realtime WebSocket event data as JSON"),
            "{shown}"
        );
        assert!(!shown.contains("secret"), "{shown}");
    }
    let kind = rejected("{\n\"type\":secret}");
    let ParseErrorKind::NotJson { line, column, .. } = kind else {
        panic!("{kind:?}");
    };
    assert_eq!((line, column), (2, 8));
}

#[test]
fn contract_45_any_string_is_a_type() {
    for name in [
        "",
        "future.unknown",
        "__proto__",
        "constructor",
        "toString",
        "hasOwnProperty",
        "valueOf",
        "Ünïcode ☃",
    ] {
        let raw = accepted(&format!(r#"{{"type":"{name}"}}"#));
        assert_eq!(raw.event_type(), name);
        let ServerEvent::Other(event) = raw.clone().decode() else {
            panic!("{name} is not in the table")
        };
        assert_eq!(event, raw);
    }
}

#[test]
fn contract_47_byte_order_mark_and_nan_are_errors() {
    for frame in [
        "\u{feff}{\"type\":\"a\"}",
        r#"{"type":"a","x":NaN}"#,
        r#"{"type":"a","x":-Infinity}"#,
    ] {
        assert!(matches!(rejected(frame), ParseErrorKind::NotJson { .. }));
    }
}

#[test]
fn contract_47_white_space_around_is_ignored() {
    let frame = " \r\n\t{ \"type\" :\n\"response.output_text.delta\" , \"delta\" : \"Hi\" ,\"output_index\":\t7 } \n";
    assert_eq!(accepted(frame).event_type(), "response.output_text.delta");
    let Ok(ServerEvent::ResponseOutputTextDelta(event)) = ServerEvent::parse(frame) else {
        panic!("not read")
    };
    assert_eq!((event.delta.as_str(), event.output_index), ("Hi", 7));
}

#[test]
fn contract_47_of_two_keys_the_last_one_counts() {
    assert_eq!(accepted(r#"{"type":"a","type":"b"}"#).event_type(), "b");
    assert_eq!(accepted(r#"{"type":1,"type":"b"}"#).event_type(), "b");
    assert_eq!(
        rejected(r#"{"type":"a","type":1}"#),
        ParseErrorKind::NotAnEvent
    );
    // Written with an escape it is the same key.
    assert_eq!(
        accepted(r#"{"type":"a","t\u0079pe":"b"}"#).event_type(),
        "b"
    );

    for frame in [
        r#"{"type":"error","type":"response.output_text.delta","delta":"a","delta":"Hi"}"#,
        r#"{"type":{},"type":"response.output_text.delta","delta":null,"delta":"Hi"}"#,
        r#"{"type":"response.output_text.delta","delta":"a","d\u0065lta":"Hi","type":"response.output_text.delta"}"#,
    ] {
        let Ok(ServerEvent::ResponseOutputTextDelta(event)) = ServerEvent::parse(frame) else {
            panic!("{frame}")
        };
        assert_eq!(event.delta, "Hi");
    }
    let frame = r#"{"type":"response.output_text.delta","delta":"Hi","type":"response.cancelled"}"#;
    assert!(matches!(
        ServerEvent::parse(frame),
        Ok(ServerEvent::Other(_))
    ));
    let item = r#"{"type":"conversation.item.added","item":{"type":"mcp_call","type":"message","role":"user"}}"#;
    let Ok(ServerEvent::ConversationItemAdded(event)) = ServerEvent::parse(item) else {
        panic!("not read")
    };
    assert!(matches!(
        event.item,
        openai_realtime_ws::protocol::Item::Message(_)
    ));
}

#[test]
fn contract_47_a_type_must_be_the_objects_own() {
    assert_eq!(
        rejected(r#"{"__proto__":{"type":"x"}}"#),
        ParseErrorKind::NotAnEvent
    );
}

#[test]
fn contract_47_numbers_beyond_a_double_are_accepted() {
    assert_eq!(accepted(r#"{"type":"a","x":1e400}"#).event_type(), "a");
    // Where nothing declared is that large, the event is typed as ever.
    let frame = r#"{"type":"response.output_text.delta","x":-1e999,"delta":"Hi"}"#;
    assert!(
        matches!(ServerEvent::parse(frame), Ok(ServerEvent::ResponseOutputTextDelta(e)) if e.delta == "Hi")
    );
    let frame =
        r#"{"type":"conversation.item.added","item":{"type":"message","role":"user","x":1e400}}"#;
    assert!(matches!(
        ServerEvent::parse(frame),
        Ok(ServerEvent::ConversationItemAdded(_))
    ));
    // Where something is, its text is kept beside the field.
    for (frame, path) in [
        (
            r#"{"type":"response.output_text.delta","output_index":1e400}"#,
            "output_index",
        ),
        (
            r#"{"type":"conversation.item.input_audio_transcription.segment","start":1e400}"#,
            "start",
        ),
        (
            r#"{"type":"conversation.item.added","item":{"type":"unheard_of","x":1e400}}"#,
            "item",
        ),
    ] {
        let event = ServerEvent::parse(frame).unwrap();
        assert_eq!(misfits(&event), [path]);
        assert!(event.encode().text().contains("1e400"), "{frame}");
    }
}

#[test]
fn contract_47_lone_surrogates_are_accepted() {
    let frame = r#"{"type":"a","x":"\ud800","\uDFFF":1}"#;
    assert_eq!(accepted(frame).event_type(), "a");
    assert_eq!(accepted(r#"{"type":"\ud800!"}"#).event_type(), "\u{fffd}!");
    // In a value that is read they are U+FFFD; pairs are characters, and an escaped backslash
    // begins no escape.
    for (escaped, read) in [
        (r"a\ud83d b\ud83d\ude00", "a\u{fffd} b😀"),
        (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
        (r"\ud83d\n\\ud83d\u00e9", "\u{fffd}\n\\ud83dé"),
    ] {
        let frame = format!(r#"{{"type":"response.output_text.delta","delta":"{escaped}"}}"#);
        let Ok(ServerEvent::ResponseOutputTextDelta(event)) = ServerEvent::parse(frame.as_str())
        else {
            panic!("{frame}")
        };
        assert_eq!(event.delta, read);
        let item = format!(
            r#"{{"type":"conversation.item.added","item":{{"type":"mcp_call","arguments":"{escaped}","x":"{escaped}"}}}}"#
        );
        let Ok(ServerEvent::ConversationItemAdded(event)) = ServerEvent::parse(item.as_str())
        else {
            panic!("{item}")
        };
        let openai_realtime_ws::protocol::Item::McpCall(call) = event.item else {
            panic!("{item}")
        };
        assert_eq!(call.arguments, read);
    }
    // Half an escape is none.
    for frame in [r#"{"type":"a","x":"\ud8"}"#, r#"{"type":"a","x":"\ud80g"}"#] {
        assert!(matches!(rejected(frame), ParseErrorKind::NotJson { .. }));
    }
}

#[test]
fn depth_is_no_danger() {
    for depth in [100, 120, 130, 1_000, 100_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let frame = format!(r#"{{"type":"a","x":{deep}}}"#);
        assert_eq!(accepted(&frame).event_type(), "a");
        let frame = format!(r#"{{"type":"response.output_text.delta","x":{deep},"delta":"Hi"}}"#);
        assert!(matches!(
            ServerEvent::parse(frame),
            Ok(ServerEvent::ResponseOutputTextDelta(_))
        ));
        let frame = format!(
            r#"{{"type":"conversation.item.added","item":{{"type":"message","x":{deep}}}}}"#
        );
        assert!(matches!(
            ServerEvent::parse(frame),
            Ok(ServerEvent::ConversationItemAdded(_))
        ));
        // Where a value of any kind may stand, serde_json's own limit holds, and the text is kept
        // beside the field.
        let frame = format!(
            r#"{{"type":"conversation.item.added","item":{{"type":"mcp_list_tools","tools":[{{"input_schema":{deep}}}]}}}}"#
        );
        let event = ServerEvent::parse(frame.as_str()).unwrap();
        assert_eq!(event.event_type(), "conversation.item.added");
        let misfit = (depth > 127).then(|| "item.tools[0].input_schema".to_owned());
        assert_eq!(misfits(&event), Vec::from_iter(misfit), "{depth}");
        assert!(event.encode().text().contains(&deep), "{depth}");
    }
    let open = "[".repeat(100_000);
    assert!(matches!(rejected(&open), ParseErrorKind::NotJson { .. }));
    assert!(matches!(
        rejected(&format!(r#"{{"type":"a","x":{open}"#)),
        ParseErrorKind::NotJson { .. }
    ));
}

#[test]
fn strings_of_every_length_are_read_to_their_end() {
    let awkward = ["é", "☃", "\\\"", "\\\\", "\\u0001", "\\n", "/", "}", ","];
    for length in 0..150 {
        for piece in awkward {
            let written = format!("{}{piece}{}", "x".repeat(length), "y".repeat(length % 7));
            let expected: String = serde_json::from_str(&format!("\"{written}\"")).unwrap();
            let frame = format!(
                r#"{{"type":"response.output_text.delta","delta":"{written}","item_id":"next"}}"#
            );
            let Ok(ServerEvent::ResponseOutputTextDelta(event)) = ServerEvent::parse(frame) else {
                panic!("{written}")
            };
            assert_eq!((event.delta, event.item_id.as_str()), (expected, "next"));
        }
        for control in ['\0', '\t', '\n', '\u{1f}'] {
            let frame = format!(
                r#"{{"type":"response.output_text.delta","delta":"{}{control}"}}"#,
                "x".repeat(length)
            );
            assert!(
                matches!(rejected(&frame), ParseErrorKind::NotJson { .. }),
                "{length}"
            );
        }
    }
}

#[test]
fn audio_lies_in_its_frame() {
    let frames = [
        r#"{"type":"response.output_audio.delta","delta":"AAD//wEA"}"#,
        r#"{"delta":"AAD//wEA","type":"response.output_audio.delta"}"#,
    ];
    for frame in frames {
        let frame = ByteString::from(frame);
        let ServerEvent::ResponseOutputAudioDelta(event) =
            ServerEvent::parse(frame.clone()).unwrap()
        else {
            panic!("not audio")
        };
        assert!(
            frame
                .as_bytes()
                .as_ptr_range()
                .contains(&event.delta.base64().as_ptr())
        );
        assert_eq!(event.delta.to_pcm16(), Ok(vec![0, -1, 1]));
    }
    // In an item, too; and with an escape it is a copy of its own.
    for (base64, lies_in_frame) in [("AAD//wEA", true), (r"AAD\/\/wEA", false)] {
        let frame = ByteString::from(format!(
            r#"{{"type":"conversation.item.retrieved","item":{{"type":"message","content":[{{"audio":"{base64}"}}]}}}}"#
        ));
        let ServerEvent::ConversationItemRetrieved(event) =
            ServerEvent::parse(frame.clone()).unwrap()
        else {
            panic!("no item")
        };
        let openai_realtime_ws::protocol::Item::Message(message) = event.item else {
            panic!("no message")
        };
        let audio = message.content[0].audio.as_ref().unwrap();
        assert_eq!(
            frame
                .as_bytes()
                .as_ptr_range()
                .contains(&audio.base64().as_ptr()),
            lies_in_frame
        );
        assert_eq!(audio.to_pcm16(), Ok(vec![0, -1, 1]));
    }
}

#[test]
fn golden_frame_error_no_body_contract_52() {
    let frame = r#"{"type":"error"}"#;
    assert_eq!(accepted(frame).event_type(), "error");
    assert_eq!(message(frame), "unknown error");
    assert_eq!(message(r#"{"type":"error","error":null}"#), "unknown error");
}

#[test]
fn golden_frame_error_partial() {
    // Where the SDK prints `undefined`, nothing is printed.
    assert_eq!(message(r#"{"type":"error","error":{"message":"m"}}"#), "m");
}

#[test]
fn golden_frame_error_full_contract_50() {
    let frame = concat!(
        r#"{"type":"error","event_id":"evt","#,
        r#""error":{"type":"t","code":"c","message":"m","param":"p","event_id":"cli"}}"#
    );
    assert_eq!(message(frame), "m code=c param=p type=t event_id=cli");
    let error = Realtime::error(&ServerEvent::parse(frame).unwrap()).unwrap();
    assert_eq!(error.event_id.as_deref(), Some("evt"));
    assert_eq!(error.error.event_id.as_deref(), Some("cli"));
}

#[test]
fn golden_frame_bad_json() {
    assert!(matches!(rejected("{nope"), ParseErrorKind::NotJson { .. }));
}

#[test]
fn golden_frame_no_type() {
    assert_eq!(rejected(r#"{"event_id":"e"}"#), ParseErrorKind::NotAnEvent);
}

#[test]
fn golden_frame_proto_type() {
    assert_eq!(
        accepted(r#"{"__proto__":{"a":1},"type":"z"}"#).event_type(),
        "z"
    );
}

#[test]
fn golden_frame_empty_type() {
    assert_eq!(accepted(r#"{"type":""}"#).event_type(), "");
}

#[test]
fn golden_frame_ws_pad() {
    assert_eq!(accepted(" \n{\"type\":\"a\"}\t").event_type(), "a");
}

#[test]
fn golden_frame_big() {
    assert_eq!(accepted(r#"{"type":"a","x":1e400}"#).event_type(), "a");
}

#[test]
fn golden_frame_lone() {
    assert_eq!(accepted(r#"{"type":"a","x":"\ud800"}"#).event_type(), "a");
}

#[test]
fn contract_51_an_error_of_any_shape_is_an_error() {
    for (error, expected) in [
        (r#"{"message":"m","code":429,"param":null}"#, "m code=429"),
        (
            r#"{"message":"m","code":true,"type":1.5}"#,
            "m code=true type=1.5",
        ),
        (r#""boom""#, "boom"),
        (r#"{"message":"m","code":{"a":1}}"#, "m"),
        ("[]", "unknown error"),
        ("7", "unknown error"),
    ] {
        let frame = format!(r#"{{"type":"error","error":{error}}}"#);
        assert_eq!(message(&frame), expected, "{frame}");
        let translated = Translation::error(&Events::parse(frame.as_str()).unwrap()).unwrap();
        assert_eq!(translated.to_string(), expected, "{frame}");
    }
    assert!(
        Realtime::error(&ServerEvent::parse(r#"{"type":"session.created"}"#).unwrap()).is_none()
    );
    assert!(Realtime::error(&ServerEvent::parse(r#"{"type":"errors"}"#).unwrap()).is_none());
}

#[test]
fn nested_values_read_the_same_in_any_layout() {
    for text in [
        // Spaces, nulls behind spaces, a `type` that comes late, empty and nested lists.
        r#"{"type":"session.created","session": {"type": "realtime","tools" : null,"audio":{ } } }"#,
        r#"{"type":"session.created","session":{"type":"realtime","tools": [ ] ,"model": null}}"#,
        r#"{"type":"session.created","session":{"tools":[{"name":"a","type":"function"},null]}}"#,
        r#"{"type":"session.created","session":{"tools":[{"type":"function","type":"mcp"}]}}"#,
        r#"{"type":"session.created","session":{"tools":[{"type":"function","parameters":[{}, 1]}]}}"#,
        r#"{"type":"session.created","session":{"tools":[{"type":"new","x":1}],"tracing":"auto"}}"#,
        r#"{"type":"session.created","session":{"output_modalities":["text","n\u0065w"]}}"#,
        r#"{"type":"session.created","session":{"audio":{"input":{"turn_detection": null}}}}"#,
        r#"{"type":"response.done","response":{"output":[{"id":"a","content":[{"text":"b\n"}]}]}}"#,
        r#"{"type":"response.done","response":{"id":1,"id":"two","usage":{"total_tokens":1.5}}}"#,
        r#"{"type":"response.done","response":{},"response":{"id":"last"}}"#,
        r#"{"type":"response.done","response":"text"}"#,
        r#"{"type":"response.done","response":{"metadata":{"a":"b"},"output":{}}}"#,
        // Texts that are no JSON.
        r#"{"type":"response.done","response":{"output":[]]}}"#,
        r#"{"type":"response.done","response":{"output":[{},]}}"#,
        r#"{"type":"response.done","response":{"output":[,]}}"#,
        r#"{"type":"response.done","response":{"id":"a",}}"#,
        r#"{"type":"response.done","response":{"id":nullx}}"#,
        r#"{"type":"response.done","response":{"id":"a"}"#,
        r#"{"type":"response.done","response":{"id":"a"}}}"#,
        r#"{"type":"session.created","session":{"tools":[{"type":"function","parameters":{]}]}}"#,
    ] {
        super::agreement::check_all(text);
    }
}
