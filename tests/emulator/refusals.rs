//! Refusals of the service: an `error` event, and the session goes on.

use openai_realtime_ws::emulator::Emulator;
use serde_json::{Value, json};

use crate::client::{Client, append, pcm};

/// Events that the service refuses, with the code and the parameter of its error.
fn mistakes() -> Vec<(Value, &'static str, &'static str)> {
    let mut mistakes = items();
    mistakes.extend(settings());
    mistakes
}

/// Mistakes in items, audio and types.
fn items() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (
            json!({"type": "conversation.item.retrieve", "item_id": "x"}),
            "item_retrieve_invalid_item_id",
            "item_id",
        ),
        (
            json!({"type": "conversation.item.delete", "item_id": "x"}),
            "item_delete_invalid_item_id",
            "item_id",
        ),
        (
            json!({"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": 0}),
            "item_truncate_invalid_item_id",
            "item_id",
        ),
        (
            json!({"type": "conversation.item.create", "previous_item_id": "x",
                "item": {"type": "message", "role": "user", "content": []}}),
            "item_create_invalid_previous_item_id",
            "previous_item_id",
        ),
        (
            json!({"type": "conversation.item.create",
                "item": {"type": "function_call_output", "call_id": "x", "output": ""}}),
            "invalid_tool_call_id",
            "item.call_id",
        ),
        (
            json!({"type": "conversation.item.create",
                "item": {"type": "function_call_output", "call_id": "call/1", "output": ""}}),
            "invalid_value",
            "item.call_id",
        ),
        (
            json!({"type": "conversation.item.create",
                "item": {"type": "mcp_approval_response", "id": "a", "approval_request_id": "x", "approve": true}}),
            "invalid_value",
            "item.approval_request_id",
        ),
        (
            json!({"type": "conversation.item.create"}),
            "missing_required_parameter",
            "item",
        ),
        (
            json!({"type": "input_audio_buffer.append", "audio": "?"}),
            "invalid_value",
            "audio",
        ),
        (
            json!({"type": "response.text.delta"}),
            "invalid_value",
            "type",
        ),
        (
            json!({"type": "output_audio_buffer.clear"}),
            "invalid_value",
            "type",
        ),
    ]
}

/// Mistakes in the settings of sessions and responses.
fn settings() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (
            json!({"type": "session.update", "session": {"type": "realtime", "voice": "marin"}}),
            "unknown_parameter",
            "session.voice",
        ),
        (
            json!({"type": "session.update", "session": {"type": "realtime", "modalities": ["text"]}}),
            "unknown_parameter",
            "session.modalities",
        ),
        (
            json!({"type": "session.update", "session": {"type": "realtime", "turn_detection": {"type": "server_vad"}}}),
            "unknown_parameter",
            "session.turn_detection",
        ),
        (
            json!({"type": "session.update", "session": {"type": "realtime", "tools": [
                {"type": "function", "name": "f", "meta": {"a": 1}}]}}),
            "unknown_parameter",
            "session.tools[0].meta",
        ),
        (
            json!({"type": "response.create", "response": {"modalities": ["text"]}}),
            "unknown_parameter",
            "response.modalities",
        ),
        (
            json!({"type": "session.update", "session": {"type": "realtime",
                "audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}}}),
            "integer_below_min_value",
            "session.audio.input.format.rate",
        ),
        (
            json!({"type": "session.update", "session": {}}),
            "missing_required_parameter",
            "session.type",
        ),
        (
            json!({"type": "response.create", "response": {"output_modalities": ["text", "audio"]}}),
            "invalid_value",
            "response.output_modalities",
        ),
    ]
}

#[tokio::test]
async fn errors_name_what_is_wrong_and_who_caused_it() {
    let emulator = Emulator::start().await.unwrap();
    let mut client = Client::text_session(&emulator).await;
    for (event, code, param) in mistakes() {
        let mut event = event;
        event["event_id"] = json!("mine");
        let error = client.refused(event).await;
        assert_eq!(error["type"], "invalid_request_error");
        assert_eq!(
            (&error["code"], &error["param"]),
            (&json!(code), &json!(param))
        );
        assert_eq!(error["event_id"], "mine");
    }
    assert_eq!(
        client.refused(json!({"type": "response.cancel"})).await["code"],
        "response_cancel_not_active"
    );
    client.send_text("{".to_owned()).await;
    assert_eq!(client.next().await["error"]["code"], "invalid_json");
    client.send_binary(br#"{"type":"response.create"}"#).await;
    assert_eq!(client.next().await["error"]["code"], "invalid_event");

    // None of it did any harm.
    client.say("Hi").await;
    assert_eq!(
        client.respond(json!({})).await.last().unwrap()["type"],
        "rate_limits.updated"
    );
}

#[tokio::test]
async fn less_than_100_ms_cannot_be_committed() {
    let emulator = Emulator::start().await.unwrap();
    let mut client = Client::conversation(&emulator).await;
    let commit = json!({"type": "input_audio_buffer.commit"});
    assert_eq!(
        client.refused(commit.clone()).await["code"],
        "input_audio_buffer_commit_empty"
    );
    client.send(append(&pcm(0, 99))).await;
    assert_eq!(
        client.refused(commit.clone()).await["code"],
        "input_audio_buffer_commit_empty"
    );
    client.send(append(&pcm(0, 1))).await;
    client.send(commit.clone()).await;
    assert_eq!(
        client.until("conversation.item.done").await[0]["type"],
        "input_audio_buffer.committed"
    );

    client.send(append(&pcm(0, 500))).await;
    client
        .send(json!({"type": "input_audio_buffer.clear"}))
        .await;
    assert_eq!(client.next().await["type"], "input_audio_buffer.cleared");
    assert_eq!(
        client.refused(commit).await["code"],
        "input_audio_buffer_commit_empty"
    );
}
