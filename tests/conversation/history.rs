//! The record of a conversation, against the server's own.

use std::collections::BTreeMap;

use openai_realtime_ws::ServerEvent;
use openai_realtime_ws::conversation::{
    Change, EntryKind, EntryStatus, History, HistoryEntry, SeedPlace,
};
use openai_realtime_ws::protocol::{Audio, Events, Role};
use proptest::prelude::*;
use serde_json::{Value, json};

fn apply(history: &mut History, event: &Value) -> Change {
    history.apply(&ServerEvent::parse(event.to_string()).unwrap())
}

fn added(previous: &Value, item: &Value) -> Value {
    json!({"type": "conversation.item.added", "previous_item_id": previous, "item": item})
}

fn message(id: &str, role: &str, content: &Value) -> Value {
    json!({"type": "message", "id": id, "role": role, "content": content})
}

fn user(id: &str, text: &str) -> Value {
    message(id, "user", &json!([{"type": "input_text", "text": text}]))
}

fn reply(id: &str) -> Value {
    let mut item = message(id, "assistant", &json!([]));
    item["status"] = "in_progress".into();
    item
}

fn spoken(item: &str, response: &str, transcript: &str, bytes: usize) -> [Value; 2] {
    let audio = Audio::from_bytes(&vec![0; bytes]);
    [
        json!({"type": "response.output_audio_transcript.delta", "item_id": item,
            "response_id": response, "content_index": 0, "delta": transcript}),
        json!({"type": "response.output_audio.delta", "item_id": item,
            "response_id": response, "content_index": 0, "delta": audio.base64()}),
    ]
}

fn ids(history: &History) -> Vec<&str> {
    history
        .entries()
        .iter()
        .filter_map(HistoryEntry::id)
        .collect()
}

fn texts(history: &History) -> Vec<String> {
    let entries = history.entries().iter();
    entries.map(|entry| entry.text().into_owned()).collect()
}

#[test]
fn items_stand_where_the_server_says() {
    let mut history = History::new();
    let mut absent = added(&Value::Null, &user("c", ""));
    absent.as_object_mut().unwrap().remove("previous_item_id");
    for event in [
        added(&Value::Null, &user("b", "")),
        added(&Value::Null, &user("a", "")),
        absent,
        added(&json!("unknown"), &user("e", "")),
        added(&json!("c"), &user("d", "")),
    ] {
        apply(&mut history, &event);
    }
    assert_eq!(ids(&history), ["a", "b", "c", "d", "e"]);
    // An item that stood at the end for want of its neighbour moves once that one is there.
    apply(&mut history, &added(&json!("late"), &user("f", "")));
    apply(&mut history, &added(&json!("f"), &user("g", "")));
    apply(&mut history, &added(&json!("g"), &user("late", "")));
    let done = json!({"type": "conversation.item.done", "previous_item_id": "late", "item": user("f", "")});
    let change = apply(&mut history, &done);
    assert!(
        matches!(change, Change::Moved { from: 5, to: 7, .. }),
        "{change:?}"
    );
    assert_eq!(ids(&history), ["a", "b", "c", "d", "e", "g", "late", "f"]);
    let deleted = json!({"type": "conversation.item.deleted", "item_id": "b"});
    assert_eq!(apply(&mut history, &deleted), Change::Removed(1));
    assert_eq!(apply(&mut history, &deleted), Change::Unchanged);
}

#[test]
fn a_reply_grows_and_ends() {
    let mut history = History::new();
    assert_eq!(
        apply(&mut history, &added(&Value::Null, &reply("a"))),
        Change::Added(0)
    );
    let delta = |delta: &str| {
        json!({"type": "response.output_text.delta", "response_id": "resp_1", "item_id": "a",
            "content_index": 0, "delta": delta})
    };
    assert_eq!(apply(&mut history, &delta("Hel")), Change::Grew(0));
    assert_eq!(apply(&mut history, &delta("lo")), Change::Grew(0));
    let entry = &history.entries()[0];
    assert_eq!(
        (entry.text().as_ref(), entry.status),
        ("Hello", EntryStatus::InProgress)
    );
    assert_eq!(entry.response_id.as_deref(), Some("resp_1"));
    assert_eq!(
        (entry.kind(), entry.role()),
        (EntryKind::Message, Some(&Role::Assistant))
    );
    // A response that ends early leaves the text that there was.
    let done = json!({"type": "response.done", "response": {"id": "resp_1", "status": "cancelled",
        "output": [{"type": "message", "id": "a", "status": "incomplete", "role": "assistant",
            "content": []}]}});
    assert_eq!(apply(&mut history, &done), Change::Updated(0));
    let entry = &history.entries()[0];
    assert_eq!(
        (entry.text().as_ref(), entry.status),
        ("Hello", EntryStatus::Incomplete)
    );
    // Responses beside the conversation leave nothing in it.
    let aside = json!({"type": "response.output_text.delta", "item_id": "aside", "delta": "x"});
    assert_eq!(apply(&mut history, &aside), Change::Unchanged);
}

#[test]
fn late_and_early_transcripts_land_in_their_places() {
    let mut history = History::new();
    let delta = |id: &str, delta: &str| {
        json!({"type": "conversation.item.input_audio_transcription.delta", "item_id": id,
            "content_index": 0, "delta": delta})
    };
    apply(&mut history, &delta("u2", "Ear"));
    apply(&mut history, &delta("u2", "ly"));
    let committed = |previous: Value, id: &str| json!({"type": "input_audio_buffer.committed", "previous_item_id": previous, "item_id": id});
    apply(&mut history, &committed(Value::Null, "u1"));
    apply(&mut history, &added(&json!("u1"), &reply("a1")));
    apply(&mut history, &committed(json!("a1"), "u2"));
    let item = message(
        "u1",
        "user",
        &json!([{"type": "input_audio", "transcript": null}]),
    );
    assert_eq!(
        apply(&mut history, &added(&Value::Null, &item)),
        Change::Updated(0)
    );
    let [said, _] = spoken("a1", "resp_1", "A reply.", 10);
    apply(&mut history, &said);
    assert_eq!(texts(&history), ["", "A reply.", "Early"]);
    assert_eq!(apply(&mut history, &delta("u1", "La")), Change::Grew(0));
    let completed = json!({"type": "conversation.item.input_audio_transcription.completed",
        "item_id": "u1", "content_index": 0, "transcript": "Late."});
    assert_eq!(apply(&mut history, &completed), Change::Updated(0));
    let failed = json!({"type": "conversation.item.input_audio_transcription.failed",
        "item_id": "u2", "content_index": 0, "error": {"message": "Noise"}});
    assert_eq!(apply(&mut history, &failed), Change::Updated(2));
    assert_eq!(texts(&history), ["Late.", "A reply.", "Early"]);
    assert!(history.entries()[2].transcription_failed);
}

#[test]
fn what_was_heard_ends_with_a_word() {
    // 48,000 bytes are a second of PCM16 at 24,000 Hz.
    for (transcript, heard_ms, heard) in [
        ("one two three four", 1000, "one two three four"),
        ("one two three four", 2000, "one two three four"),
        ("one two three four", 999, "one two three"),
        ("one two three four", 500, "one two"),
        ("one two three four", 389, "one two"),
        ("one two three four", 388, "one"),
        ("one two three four", 100, ""),
        ("one two three four", 0, ""),
        ("今日はとても良い天気", 500, "今日はとて"),
        ("naïve café ☕ ok", 700, "naïve café"),
        ("", 500, ""),
    ] {
        let mut history = History::new();
        apply(&mut history, &added(&Value::Null, &reply("a")));
        for event in spoken("a", "resp_1", transcript, 48_000) {
            apply(&mut history, &event);
        }
        assert_eq!(history.entries()[0].audio_ms(), Some(1000));
        let truncated = json!({"type": "conversation.item.truncated", "item_id": "a",
            "content_index": 0, "audio_end_ms": heard_ms});
        assert_eq!(apply(&mut history, &truncated), Change::Updated(0));
        let entry = &history.entries()[0];
        assert_eq!(entry.heard(), heard, "{transcript:?} until {heard_ms} ms");
        assert_eq!(
            (entry.text().as_ref(), entry.truncated_ms),
            (transcript, Some(heard_ms))
        );
        // The service keeps no transcript of it, and this does.
        let item = message(
            "a",
            "assistant",
            &json!([{"type": "output_audio", "transcript": null}]),
        );
        apply(
            &mut history,
            &json!({"type": "conversation.item.retrieved", "item": item}),
        );
        assert_eq!(history.entries()[0].text(), transcript);
    }
}

#[test]
fn the_heard_share_is_of_the_responses_own_format() {
    let mut history = History::new();
    let session = json!({"type": "session.updated", "session": {"type": "realtime",
        "audio": {"output": {"format": {"type": "audio/pcmu"}}}}});
    apply(&mut history, &session);
    let created = json!({"type": "response.created", "response": {"id": "resp_1",
        "audio": {"output": {"format": {"type": "audio/pcm", "rate": 24000}}}}});
    apply(&mut history, &created);
    for (item, response, ms) in [("a", "resp_1", 250), ("b", "resp_2", 1500)] {
        apply(&mut history, &added(&Value::Null, &reply(item)));
        for event in spoken(item, response, "x", 12_000) {
            apply(&mut history, &event);
        }
        assert_eq!(history.get(item).unwrap().audio_ms(), Some(ms));
    }
}

#[test]
fn items_that_come_back_after_a_reconnect_are_the_same_entries() {
    let mut history = History::new();
    apply(
        &mut history,
        &added(
            &Value::Null,
            &message(
                "u1",
                "user",
                &json!([{"type": "input_audio", "transcript": "Hello."}]),
            ),
        ),
    );
    apply(&mut history, &added(&json!("u1"), &reply("a1")));
    for event in spoken("a1", "resp_1", "Good morning to you", 48_000) {
        apply(&mut history, &event);
    }
    apply(
        &mut history,
        &json!({"type": "conversation.item.truncated", "item_id": "a1", "audio_end_ms": 700}),
    );
    apply(&mut history, &added(&json!("a1"), &reply("a2")));
    history.connection_lost();
    assert_eq!(history.get("a2").unwrap().status, EntryStatus::Incomplete);
    // They come back as text; the half reply does not.
    apply(&mut history, &added(&Value::Null, &user("u1", "Hello.")));
    let heard = message(
        "a1",
        "assistant",
        &json!([{"type": "output_text", "text": "Good morning"}]),
    );
    apply(&mut history, &added(&json!("u1"), &heard));
    apply(&mut history, &added(&json!("a1"), &user("u2", "Again.")));
    assert_eq!(ids(&history), ["u1", "a1", "a2", "u2"]);
    assert_eq!(
        texts(&history),
        ["Hello.", "Good morning to you", "", "Again."]
    );
    assert_eq!(history.entries()[1].heard(), "Good morning");
    let there: Vec<_> = history
        .entries()
        .iter()
        .map(|entry| entry.on_server)
        .collect();
    assert_eq!(there, [true, true, false, true]);
}

#[test]
fn a_saved_history_seeds_a_new_session() {
    let mut history = History::new();
    let call = |id: &str, call: &str| {
        json!({"type": "function_call", "id": id, "call_id": call, "name": "f",
            "arguments": "{}", "status": "completed"})
    };
    let image = json!([{"type": "input_image", "image_url": "data:image/png;base64,AA"}]);
    let mcp = json!({"type": "mcp_list_tools", "id": "m", "server_label": "s", "tools": []});
    let silent = message("s", "user", &json!([{"type": "input_audio"}]));
    let output =
        json!({"type": "function_call_output", "id": "o", "call_id": "call_1", "output": "21"});
    for item in [
        message(
            "sys",
            "system",
            &json!([{"type": "input_text", "text": "Be brief."}]),
        ),
        message(
            "u",
            "user",
            &json!([{"type": "input_audio", "transcript": "Hello."}]),
        ),
        message("i", "user", &image),
        mcp,
        silent,
        call("c1", "call_1"),
        call("c2", "call_2"),
        output,
        reply("a"),
    ] {
        let mut event = added(&Value::Null, &item);
        event.as_object_mut().unwrap().remove("previous_item_id");
        apply(&mut history, &event);
    }
    for event in spoken("a", "resp_1", "It is warm today", 48_000) {
        apply(&mut history, &event);
    }
    apply(
        &mut history,
        &json!({"type": "conversation.item.truncated", "item_id": "a", "audio_end_ms": 500}),
    );

    let saved = serde_json::to_string(&history).unwrap();
    let saved: History = serde_json::from_str(&saved).unwrap();
    assert_eq!(texts(&saved), texts(&history));
    let events = saved.seed(SeedPlace::Behind("before".to_owned()));
    let seeded: Vec<_> = events
        .iter()
        .map(|event| {
            let event: Value = serde_json::from_str(event.encode_text().as_str()).unwrap();
            (event["previous_item_id"].clone(), event["item"].clone())
        })
        .collect();
    let part = |kind: &str, text: &str| json!([{"type": kind, "text": text}]);
    let mut call = call("c1", "call_1");
    call.as_object_mut().unwrap().remove("status");
    assert_eq!(
        seeded,
        [
            (
                json!("before"),
                message("sys", "system", &part("input_text", "Be brief."))
            ),
            (
                json!("sys"),
                message("u", "user", &part("input_text", "Hello."))
            ),
            (json!("u"), message("i", "user", &image)),
            (json!("i"), call),
            (
                json!("c1"),
                json!({"type": "function_call_output", "id": "o", "call_id": "call_1", "output": "21"})
            ),
            (
                json!("o"),
                message("a", "assistant", &part("output_text", "It is"))
            ),
        ]
    );
    let top = saved.seed(SeedPlace::Top);
    assert_eq!(top[0].previous_item_id.as_deref(), Some("root"));
}

trait EncodeText {
    fn encode_text(&self) -> String;
}

impl EncodeText for openai_realtime_ws::protocol::ConversationItemCreate {
    fn encode_text(&self) -> String {
        openai_realtime_ws::ClientEvent::from(self.clone())
            .encode()
            .text()
            .to_string()
    }
}

/// A step of a conversation at the server.
#[derive(Debug, Clone)]
enum Step {
    /// A new item, at this place.
    Add(prop::sample::Index),
    Delete(prop::sample::Index),
    /// A piece of text for an item that is there.
    Grow(prop::sample::Index, String),
    /// The server tells of an item again.
    Done(prop::sample::Index),
}

fn any_step() -> impl Strategy<Value = Step> {
    let index = || any::<prop::sample::Index>();
    prop_oneof![
        3 => index().prop_map(Step::Add),
        1 => index().prop_map(Step::Delete),
        4 => (index(), "[a-z ]{0,6}").prop_map(|(index, text)| Step::Grow(index, text)),
        1 => index().prop_map(Step::Done),
    ]
}

proptest! {
    #[test]
    fn order_and_texts_are_the_servers(steps in prop::collection::vec(any_step(), 0..80)) {
        let mut server: Vec<String> = Vec::new();
        let mut said: BTreeMap<String, String> = BTreeMap::new();
        let mut history = History::new();
        let mut view: Vec<String> = Vec::new();
        let previous = |server: &[String], at: usize| {
            at.checked_sub(1).map_or(Value::Null, |at| json!(server[at]))
        };
        for (number, step) in steps.into_iter().enumerate() {
            let event = match step {
                Step::Add(index) => {
                    let at = index.index(server.len() + 1);
                    let id = format!("item_{number}");
                    let event = added(&previous(&server, at), &reply(&id));
                    server.insert(at, id.clone());
                    said.insert(id, String::new());
                    event
                }
                _ if server.is_empty() => continue,
                Step::Delete(index) => {
                    let id = server.remove(index.index(server.len()));
                    said.remove(&id);
                    json!({"type": "conversation.item.deleted", "item_id": id})
                }
                Step::Grow(index, text) => {
                    let id = index.get(&server);
                    said.get_mut(id).unwrap().push_str(&text);
                    json!({"type": "response.output_text.delta", "item_id": id, "content_index": 0,
                        "response_id": "resp_1", "delta": text})
                }
                Step::Done(index) => {
                    let at = index.index(server.len());
                    let content = json!([{"type": "output_text", "text": said[&server[at]]}]);
                    json!({"type": "conversation.item.done", "previous_item_id": previous(&server, at),
                        "item": message(&server[at], "assistant", &content)})
                }
            };
            // A view that follows the changes alone shows the same.
            match apply(&mut history, &event) {
                Change::Added(at) => view.insert(at, history.entries()[at].text().into_owned()),
                Change::Grew(at) | Change::Updated(at) => {
                    view[at] = history.entries()[at].text().into_owned();
                }
                Change::Removed(at) => { view.remove(at); }
                change => prop_assert_eq!(change, Change::Unchanged),
            }
            prop_assert_eq!(&ids(&history), &server);
            let expected: Vec<_> = server.iter().map(|id| said[id].clone()).collect();
            prop_assert_eq!(&texts(&history), &expected);
            prop_assert_eq!(&view, &expected);
        }
        let saved = serde_json::to_string(&history).unwrap();
        let saved: History = serde_json::from_str(&saved).unwrap();
        prop_assert_eq!(texts(&saved), texts(&history));
    }

    #[test]
    fn more_audio_heard_is_never_less_text(text in "\\PC{0,60}", ms in 0_u64..1200) {
        let heard = |ms: u64| {
            let mut history = History::new();
            apply(&mut history, &added(&Value::Null, &reply("a")));
            for event in spoken("a", "resp_1", &text, 48_000) {
                apply(&mut history, &event);
            }
            apply(&mut history, &json!({"type": "conversation.item.truncated", "item_id": "a", "audio_end_ms": ms}));
            history.entries()[0].heard().into_owned()
        };
        let (less, more) = (heard(ms), heard(ms + 50));
        prop_assert!(text.starts_with(&less) && more.starts_with(&less), "{less:?} {more:?}");
    }
}
