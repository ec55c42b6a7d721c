//! Every event that the emulator sends against the protocol's own description: what is required,
//! what may be null, and which values there are. `schema.json` has the description: `name?` may be
//! left out, every value fits one of the listed types, `=text` is that text, `@Name` that type, and
//! a list in a list an array.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use openai_realtime_ws::emulator::{Emulator, Reply, Script};
use openai_realtime_ws::protocol::ListedTool;
use serde_json::{Map, Value, json};

use crate::client::{Client, append, pcm};

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("schema.json")).unwrap());

/// Checks an object against its fields, and names the first one that does not fit.
fn check_fields(object: &Map<String, Value>, fields: &Value, path: &str) -> Result<(), String> {
    for (name, types) in fields.as_object().unwrap() {
        let (name, optional) = match name.strip_suffix('?') {
            Some(name) => (name, true),
            None => (name.as_str(), false),
        };
        let path = format!("{path}.{name}");
        match object.get(name) {
            Some(value) => check(value, types, &path)?,
            None if optional => {}
            None => return Err(format!("{path} is missing")),
        }
    }
    Ok(())
}

/// Checks a value against the types that it may have.
fn check(value: &Value, types: &Value, path: &str) -> Result<(), String> {
    let mut why = format!("{path} is {value}, and none of {types}");
    for kind in types.as_array().unwrap() {
        let fits = match kind {
            Value::Array(items) => value.as_array().map(|values| {
                values.iter().enumerate().try_for_each(|(index, value)| {
                    check(value, &items[0], &format!("{path}[{index}]"))
                })
            }),
            Value::String(kind) => match kind.split_at(1) {
                ("=", text) => (value == text).then_some(Ok(())),
                ("#", number) => {
                    let same = value
                        .as_u64()
                        .is_some_and(|value| value.to_string() == number);
                    same.then_some(Ok(()))
                }
                ("@", name) => value
                    .as_object()
                    .map(|object| check_fields(object, &SCHEMA["types"][name], path)),
                _ => match kind.as_str() {
                    "string" => value.is_string(),
                    "number" => value.is_number(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    _ => !value.is_null(),
                }
                .then_some(Ok(())),
            },
            other => panic!("{other}"),
        };
        match fits {
            Some(Ok(())) => return Ok(()),
            // The reason of the type that it is meant to be is told, not that of the others.
            Some(Err(other)) if !other.contains(".type is") && !other.contains(".role is") => {
                why = other;
            }
            _ => {}
        }
    }
    Err(why)
}

/// Checks an event of this protocol, `events` or `translation_events`.
fn check_event(protocol: &str, event: &Value) -> Result<(), String> {
    let event_type = event["type"].as_str().unwrap();
    let fields = &SCHEMA[protocol][event_type];
    if fields.is_null() {
        return Err(format!("{event_type} is not in the description"));
    }
    check_fields(event.as_object().unwrap(), fields, event_type)
}

/// Checks events of a conversation or a transcription, and notes their types.
fn note(events: &[Value], seen: &mut BTreeSet<String>) {
    note_of("events", events, seen);
}

fn note_of(protocol: &str, events: &[Value], seen: &mut BTreeSet<String>) {
    for event in events {
        assert_eq!(check_event(protocol, event), Ok(()), "{event}");
        seen.insert(event["type"].as_str().unwrap().to_owned());
    }
}

/// Returns the events of a protocol that were not seen.
fn unseen<'s>(protocol: &str, seen: &BTreeSet<String>) -> Vec<&'s String> {
    let all = SCHEMA[protocol].as_object().unwrap().keys();
    all.filter(|name| !seen.contains(*name)).collect()
}

#[test]
fn the_check_finds_what_is_missing_null_or_unknown() {
    let event = json!({"type": "error", "event_id": "e", "error": {"type": "t", "message": "m",
        "code": null, "param": null, "event_id": null}});
    assert_eq!(check_event("events", &event), Ok(()));
    for (path, value, why) in [
        ("/error/message", Value::Null, "error.error.message is null"),
        ("/error/code", json!(1), "error.error.code is 1"),
        ("/event_id", Value::Null, "error.event_id is null"),
    ] {
        let mut wrong = event.clone();
        *wrong.pointer_mut(path).unwrap() = value;
        let found = check_event("events", &wrong).unwrap_err();
        assert!(found.starts_with(why), "{found}");
    }
    let mut missing = event;
    missing["error"].as_object_mut().unwrap().remove("param");
    assert_eq!(
        check_event("events", &missing),
        Err("error.error.param is missing".to_owned())
    );
    let done = json!({"type": "response.done", "event_id": "e", "response": {"id": "r",
        "object": "realtime.response", "output": [], "conversation_id": null, "metadata": null,
        "status": "finished", "status_details": null, "usage": null}});
    let found = check_event("events", &done).unwrap_err();
    assert!(
        found.starts_with("response.done.response.status is"),
        "{found}"
    );
}

fn script() -> Script {
    let tool = |name: &str| {
        ListedTool::default()
            .name(name)
            .input_schema(json!({"type": "object"}))
    };
    Script::new()
        .mcp_server("docs", [tool("search"), tool("write")])
        .on_response(|turn| {
            let reply = Reply::new();
            Some(match turn.user_text().as_str() {
                "everything" => reply
                    .text("Text")
                    .audio(vec![0; 4_800], "Audio")
                    .call("f", "{}")
                    .call("g", "{}")
                    .mcp_call("docs", "search", "{}", "found")
                    .mcp_call_failed("docs", "search", "{}", "lost")
                    .mcp_call("docs", "write", "{}", "written"),
                "fail" => reply.text("Oh").fail("server_error", "no"),
                "stop" => reply.text("So").incomplete("content_filter"),
                "wait" => reply.audio(vec![0; 48_000], "Wait").stall(),
                _ => return None,
            })
        })
}

/// Approves the call that a response asks for, if it asks for one.
async fn approve(client: &mut Client, said: &[Value], seen: &mut BTreeSet<String>) {
    let is_request = |event: &&Value| event["item"]["type"] == "mcp_approval_request";
    if let Some(request) = said.iter().find(is_request) {
        let answer = json!({"type": "mcp_approval_response", "id": "answer", "approve": true,
            "approval_request_id": request["item"]["id"]});
        client
            .send(json!({"type": "conversation.item.create", "item": answer}))
            .await;
        note(&client.until("response.mcp_call.completed").await, seen);
        note(&client.until("conversation.item.done").await, seen);
    }
}

#[tokio::test]
async fn every_event_is_as_the_protocol_describes_it() {
    let emulator = Emulator::builder().script(script()).start().await.unwrap();
    let mut seen = BTreeSet::new();
    let (mut client, _) = Client::open(&emulator, "/realtime?model=m", &[])
        .await
        .unwrap();
    note(&client.until("session.created").await, &mut seen);
    for (turn_detection, transcription) in [
        (Value::Null, Value::Null),
        (
            json!({"type": "semantic_vad"}),
            json!({"model": "gpt-4o-transcribe"}),
        ),
        (
            json!({"type": "server_vad", "idle_timeout_ms": 5_000}),
            json!({"model": "gpt-realtime-whisper"}),
        ),
    ] {
        let input = json!({"turn_detection": turn_detection, "transcription": transcription});
        let tools = json!([{"type": "mcp", "server_label": "docs", "server_url": "https://example.com",
                "require_approval": {"never": {"tool_names": ["search"]}}},
            {"type": "mcp", "server_label": "lost", "server_url": "https://example.com"},
            {"type": "function", "name": "f", "parameters": {}}]);
        let session = json!({"type": "realtime", "audio": {"input": input}, "tools": tools});
        client
            .send(json!({"type": "session.update", "session": session}))
            .await;
        note(&client.until("session.updated").await, &mut seen);
        if turn_detection.is_null() {
            note(&client.until("mcp_list_tools.failed").await, &mut seen);
            note(&client.until("conversation.item.done").await, &mut seen);
        }
        // A turn of speech; without turn detection it is committed by the client.
        client.send(append(&pcm(9_000, 1_000))).await;
        client.send(append(&pcm(0, 1_000))).await;
        if turn_detection.is_null() {
            client
                .send(json!({"type": "input_audio_buffer.commit"}))
                .await;
            client.send(json!({"type": "response.create"})).await;
        }
        note(&client.until("rate_limits.updated").await, &mut seen);
    }
    client.send(append(&pcm(0, 9_000))).await;
    note(&client.until("rate_limits.updated").await, &mut seen);

    for text in ["everything", "fail", "stop"] {
        let content = json!([{"type": "input_text", "text": text}]);
        client
            .send(json!({"type": "conversation.item.create",
                "item": {"type": "message", "role": "user", "content": content}}))
            .await;
        client
            .send(json!({"type": "response.create", "response": {"metadata": {"a": "b"}}}))
            .await;
        let said = client.until("rate_limits.updated").await;
        note(&said, &mut seen);
        approve(&mut client, &said, &mut seen).await;
    }
    client.say("wait").await;
    client.send(json!({"type": "response.create"})).await;
    let mut spoken = client.until("response.output_audio.delta").await;
    let item_id = spoken.pop().unwrap()["item_id"].clone();
    note(&spoken, &mut seen);
    // A second request, and a cancellation; then the audio is cut beyond its end, read back, and
    // deleted.
    client.send(json!({"type": "response.create"})).await;
    client.send(json!({"type": "response.cancel"})).await;
    note(&client.until("rate_limits.updated").await, &mut seen);
    for request in [
        json!({"type": "conversation.item.truncate", "content_index": 0, "audio_end_ms": 99_999}),
        json!({"type": "conversation.item.retrieve"}),
        json!({"type": "conversation.item.delete"}),
    ] {
        let mut request = request;
        request["item_id"] = item_id.clone();
        client.send(request).await;
    }
    client
        .send(json!({"type": "input_audio_buffer.clear"}))
        .await;
    note(&client.until("input_audio_buffer.cleared").await, &mut seen);

    let (mut client, _) = Client::open(&emulator, "/realtime?intent=transcription", &[])
        .await
        .unwrap();
    note(&client.until("session.created").await, &mut seen);

    // These belong to other transports, to older names, or to what the emulator has no script for.
    let never = [
        "conversation.created",
        "conversation.item.created",
        "conversation.item.input_audio_transcription.failed",
        "conversation.item.input_audio_transcription.segment",
        "input_audio_buffer.dtmf_event_received",
        "output_audio_buffer.cleared",
        "output_audio_buffer.started",
        "output_audio_buffer.stopped",
    ];
    assert_eq!(unseen("events", &seen), never);
}

#[tokio::test]
async fn every_event_of_a_translation_is_as_the_protocol_describes_it() {
    let emulator = Emulator::start().await.unwrap();
    let target = "/realtime/translations?model=gpt-realtime-translate";
    let (mut client, _) = Client::open(&emulator, target, &[]).await.unwrap();
    let transcription = json!({"model": "gpt-realtime-whisper"});
    let noise_reduction = json!({"type": "far_field"});
    let audio = pcm(9_000, 1_000);
    for event in [
        json!({"type": "session.update", "session": {"audio": {"output": {"language": "es"}}}}),
        json!({"type": "session.update", "session": {"audio": {"input":
            {"transcription": transcription, "noise_reduction": noise_reduction}}}}),
        json!({"type": "session.input_audio_buffer.append", "audio": "?"}),
        json!({"type": "session.input_audio_buffer.append",
            "audio": base64_simd::STANDARD.encode_to_string(audio)}),
        json!({"type": "session.close"}),
    ] {
        client.send(event).await;
    }
    let mut seen = BTreeSet::new();
    let events = client.until("session.closed").await;
    note_of("translation_events", &events, &mut seen);
    assert_eq!(unseen("translation_events", &seen), [""; 0]);
}
