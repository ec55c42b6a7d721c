//! Use of a session: turns in text and in speech, functions, the conversation's items.

use std::time::Duration;

use openai_realtime_ws::emulator::{Emulator, Reply, Script};
use serde_json::{Value, json};

use crate::client::{Client, append, audio, joined, pcm, types};

#[tokio::test]
async fn a_session_begins_with_its_defaults() {
    let emulator = Emulator::start().await.unwrap();
    let (mut client, _) = Client::open(&emulator, "/realtime?model=my%20model", &[])
        .await
        .unwrap();
    let created = client.next().await;
    assert_eq!(created["type"], "session.created");
    assert!(created["event_id"].as_str().unwrap().starts_with("event_"));
    let session = &created["session"];
    assert_eq!(
        (&session["object"], &session["model"]),
        (&json!("realtime.session"), &json!("my model"))
    );
    assert!(session["id"].as_str().unwrap().starts_with("sess_"));
    assert!(session["expires_at"].as_u64().unwrap() > 1_700_000_000);
}

#[tokio::test]
async fn a_text_turn() {
    let emulator = Emulator::start().await.unwrap();
    let mut client = Client::text_session(&emulator).await;
    client
        .send(
            json!({"type": "conversation.item.create", "item": {"type": "message", "role": "user",
            "content": [{"type": "input_text", "text": "Good morning"}]}}),
        )
        .await;
    let added = client.until("conversation.item.done").await;
    assert_eq!(
        types(&added),
        ["conversation.item.added", "conversation.item.done"]
    );
    let user_item = &added[0]["item"];

    let events = client
        .respond(json!({"metadata": {"topic": "greeting"}}))
        .await;
    assert_eq!(
        types(&events),
        [
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
            "rate_limits.updated",
        ]
    );
    assert_eq!(
        joined(&events, "response.output_text.delta", "delta"),
        "You said: Good morning"
    );
    assert_eq!(events[8]["text"], "You said: Good morning");
    assert_eq!(events[2]["previous_item_id"], user_item["id"]);
    assert_eq!(events[0]["response"]["status"], "in_progress");

    let response = &events[12]["response"];
    assert_eq!(response["id"], events[0]["response"]["id"]);
    assert_eq!(
        (&response["status"], &response["metadata"]),
        (&json!("completed"), &json!({"topic": "greeting"}))
    );
    assert_eq!(
        response["output"][0]["content"],
        json!([{"type": "output_text", "text": "You said: Good morning"}])
    );
    let usage = &response["usage"];
    assert_eq!(usage["input_tokens"], 3);
    assert_eq!(
        usage["total_tokens"].as_u64().unwrap(),
        usage["input_tokens"].as_u64().unwrap() + usage["output_tokens"].as_u64().unwrap()
    );
    assert_eq!(events[13]["rate_limits"][0]["name"], "requests");

    let ids: Vec<_> = events
        .iter()
        .filter_map(|event| event["event_id"].as_str())
        .collect();
    let mut distinct = ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!((ids.len(), distinct.len()), (14, 14));
}

#[tokio::test]
async fn speech_is_played_back_byte_for_byte() {
    let emulator = Emulator::start().await.unwrap();
    let mut client = Client::conversation(&emulator).await;
    client
        .update(json!({"type": "realtime", "audio": {"input": {"turn_detection": null}}}))
        .await;
    let speech: Vec<u8> = (0..=250).cycle().take(48 * 1_430).collect();
    for piece in speech.chunks(4_801) {
        client.send(append(piece)).await;
    }
    client
        .send(json!({"type": "input_audio_buffer.commit"}))
        .await;
    let committed = client.until("conversation.item.done").await;
    assert_eq!(
        types(&committed),
        [
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done"
        ]
    );
    let item_id = &committed[0]["item_id"];
    assert_eq!(
        committed[1]["item"]["content"],
        json!([{"type": "input_audio", "transcript": null}])
    );

    let events = client.respond(json!({})).await;
    assert_eq!(audio(&events), speech);
    let deltas: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "response.output_audio.delta")
        .collect();
    assert_eq!(deltas.len(), 8);
    assert_eq!(
        joined(&events, "response.output_audio_transcript.delta", "delta"),
        "You spoke for 1.4 seconds."
    );
    assert_eq!(
        joined(
            &events,
            "response.output_audio_transcript.done",
            "transcript"
        ),
        "You spoke for 1.4 seconds."
    );
    let done = events
        .iter()
        .find(|event| event["type"] == "response.done")
        .unwrap();
    assert_eq!(
        done["response"]["output"][0]["content"],
        json!([{"type": "output_audio", "transcript": "You spoke for 1.4 seconds."}])
    );
    assert_eq!(
        done["response"]["usage"]["input_token_details"]["audio_tokens"],
        15
    );

    // The service's own representation has the audio.
    client
        .send(json!({"type": "conversation.item.retrieve", "item_id": item_id}))
        .await;
    let retrieved = client.next().await;
    let kept: &Value = &retrieved["item"]["content"][0]["audio"];
    assert_eq!(
        base64_simd::STANDARD
            .decode_to_vec(kept.as_str().unwrap())
            .unwrap(),
        speech
    );
}

#[tokio::test]
async fn server_vad_finds_a_turn_and_answers_it() {
    let emulator = Emulator::start().await.unwrap();
    let mut client = Client::conversation(&emulator).await;
    client
        .update(json!({"type": "realtime", "audio": {"input": {"transcription": {"model": "whisper-1"},
            "turn_detection": {"type": "server_vad", "prefix_padding_ms": 100, "silence_duration_ms": 300}}}}))
        .await;
    let stream = [pcm(0, 500), pcm(8_000, 1_000), pcm(0, 500)].concat();
    for piece in stream.chunks(4_800) {
        client.send(append(piece)).await;
    }
    let events = client.until("rate_limits.updated").await;
    assert_eq!(
        types(&events)[..10],
        [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "conversation.item.input_audio_transcription.delta",
            "conversation.item.input_audio_transcription.delta",
            "conversation.item.input_audio_transcription.delta",
            "conversation.item.input_audio_transcription.delta",
            "conversation.item.input_audio_transcription.completed",
        ]
    );
    assert_eq!(
        (&events[0]["audio_start_ms"], &events[1]["audio_end_ms"]),
        (&json!(400), &json!(1_800))
    );
    for event in &events[..3] {
        assert_eq!(event["item_id"], events[3]["item"]["id"]);
    }
    assert_eq!(
        (&events[9]["transcript"], &events[9]["usage"]["seconds"]),
        (&json!("1.4 seconds of speech"), &json!(1.4))
    );
    assert_eq!(audio(&events), stream[48 * 400..48 * 1_800]);
}

#[tokio::test]
async fn text_is_answered_in_sound_where_that_is_the_modality() {
    let emulator = Emulator::start().await.unwrap();
    let mut client = Client::conversation(&emulator).await;
    client.say("Hi").await;
    let events = client.respond(json!({})).await;
    // A quarter of a second.
    assert_eq!(audio(&events).len(), 12_000);
    assert_eq!(
        joined(&events, "response.output_audio_transcript.delta", "delta"),
        "You said: Hi"
    );
}

#[tokio::test]
async fn a_function_is_called_and_its_output_told() {
    let emulator = Emulator::start().await.unwrap();
    let mut client = Client::text_session(&emulator).await;
    client
        .update(
            json!({"type": "realtime", "tools": [{"type": "function", "name": "get_weather",
            "description": "The weather", "parameters": {"type": "object", "required": ["city"],
            "properties": {"city": {"type": "string", "enum": ["Berlin", "Paris"]}}}}]}),
        )
        .await;
    client.say("Please use get_weather").await;
    let events = client.respond(json!({})).await;
    assert_eq!(
        types(&events),
        [
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
            "rate_limits.updated",
        ]
    );
    let call = &events[4];
    assert_eq!(
        (&call["name"], &call["arguments"]),
        (&json!("get_weather"), &json!(r#"{"city":"Berlin"}"#))
    );
    let item = &events[7]["response"]["output"][0];
    assert_eq!(
        (&item["type"], &item["call_id"]),
        (&json!("function_call"), &call["call_id"])
    );

    client
        .send(json!({"type": "conversation.item.create",
            "item": {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}}))
        .await;
    client.until("conversation.item.done").await;
    let events = client.respond(json!({})).await;
    assert_eq!(
        joined(&events, "response.output_text.delta", "delta"),
        "The function answered: sunny"
    );
}

#[tokio::test]
async fn items_are_ordered_retrieved_and_deleted() {
    let emulator = Emulator::start().await.unwrap();
    let mut client = Client::conversation(&emulator).await;
    let create = |id: &str, previous: Option<&str>| {
        let item = json!({"id": id, "type": "message", "role": "user", "content": [{"type": "input_text", "text": id}]});
        let mut event = json!({"type": "conversation.item.create", "item": item});
        if let Some(previous) = previous {
            event["previous_item_id"] = json!(previous);
        }
        event
    };
    for (id, previous, expected) in [
        ("b", None, Value::Null),
        ("a", Some("root"), Value::Null),
        ("d", None, json!("b")),
        ("c", Some("b"), json!("b")),
    ] {
        client.send(create(id, previous)).await;
        let events = client.until("conversation.item.done").await;
        assert_eq!(events[0]["previous_item_id"], expected, "{id}");
        assert_eq!(events[1]["item"]["status"], "completed");
    }
    client
        .send(json!({"type": "conversation.item.delete", "item_id": "c"}))
        .await;
    let deleted = client.next().await;
    assert_eq!(
        (&deleted["type"], &deleted["item_id"]),
        (&json!("conversation.item.deleted"), &json!("c"))
    );
    client
        .send(json!({"type": "conversation.item.retrieve", "item_id": "d"}))
        .await;
    assert_eq!(
        client.next().await["item"]["content"],
        json!([{"type": "input_text", "text": "d"}])
    );
    client.send(create("e", Some("b"))).await;
    assert_eq!(client.next().await["previous_item_id"], "b");
}

#[tokio::test]
async fn a_client_may_send_for_long_before_it_reads() {
    const APPENDS: usize = 2_000;
    // More than the sockets hold: the server soon cannot write on, and must read nevertheless.
    const SPEECH: usize = 12 * 1024 * 1024;
    let script = Script::new().on_response(|_| Reply::new().audio(vec![1; SPEECH], ""));
    let emulator = Emulator::builder().script(script).start().await.unwrap();
    let mut client = Client::conversation(&emulator).await;
    client.send(json!({"type": "response.create"})).await;
    for _ in 0..APPENDS {
        client.send(append(&[0; 2])).await;
    }
    let all_received = emulator.until(|connections| connections[0].events().len() == APPENDS + 1);
    tokio::time::timeout(Duration::from_secs(30), all_received)
        .await
        .expect("the server reads on");
    assert_eq!(audio(&client.until("response.done").await).len(), SPEECH);
}
