//! The session and time: replies at a pace, waits, interruptions, and replies that take time to
//! make.

use super::tests::{MachineDriver, done, types};
use super::*;
use crate::emulator::{Reply, TurnRequest};
use std::time::Duration;

use serde_json::{Value, json};

const CREATE: &str = r#"{"type":"response.create"}"#;

/// A conversation at the pace of speech.
fn paced(script: Script) -> MachineDriver {
    MachineDriver::conversation(script.with_pace(Some(1.0)))
}

fn create() -> Value {
    serde_json::from_str(CREATE).unwrap()
}

/// The times of the events of one type, in milliseconds from now, until nothing more comes.
fn times(driver: &mut MachineDriver, event_type: &str) -> Vec<u128> {
    let start = driver.now();
    let mut times = Vec::new();
    while driver.sleep() {
        let at = (driver.now() - start).as_millis();
        let found = types(&driver.drain())
            .iter()
            .filter(|kind| **kind == event_type)
            .count();
        times.extend(std::iter::repeat_n(at, found));
    }
    times
}

#[test]
fn speech_leaves_at_the_pace_of_speech() {
    let second = vec![1; 48_000];
    let mut driver =
        paced(Script::new().on_response(move |_| Reply::new().audio(second.clone(), "One")));
    let first = driver.ask(&create());
    assert_eq!(
        types(&first).last(),
        Some(&"response.output_audio.delta"),
        "the first piece leaves at once"
    );
    assert_eq!(
        times(&mut driver, "response.output_audio.delta"),
        [200, 400, 600, 800]
    );
}

#[test]
fn a_response_is_done_when_it_would_be_heard() {
    let reply = |_: &TurnRequest| Reply::new().audio(vec![1; 48_000], "One");
    let mut driver = paced(Script::new().on_response(reply));
    driver.ask(&create());
    assert_eq!(times(&mut driver, "response.done"), [1_000]);
    assert_eq!(driver.0.wake_at(), None);

    let mut twice =
        MachineDriver::conversation(Script::new().on_response(reply).with_pace(Some(2.0)));
    twice.ask(&create());
    assert_eq!(times(&mut twice, "response.done"), [500]);
}

#[test]
fn a_reply_sets_its_own_pace_and_waits() {
    let mut driver = paced(Script::new().on_response(|_| {
        Reply::new()
            .wait(Duration::from_millis(700))
            .pace(4.0)
            .audio(vec![1; 48_000], "One")
            .pace(None)
            .text("All of this at once.")
    }));
    let first = driver.ask(&create());
    assert_eq!(types(&first), ["response.created"]);
    assert_eq!(times(&mut driver, "response.done"), [950]);

    let mut at_once = MachineDriver::conversation(
        Script::new().on_response(|_| Reply::new().wait(Duration::from_secs(3)).text("Late")),
    );
    at_once.ask(&create());
    assert_eq!(times(&mut at_once, "response.done"), [3_000]);
}

#[test]
fn words_take_their_time() {
    let mut driver = paced(Script::new().on_response(|_| Reply::new().text("a b c d")));
    driver.ask(&create());
    assert_eq!(
        times(&mut driver, "response.output_text.delta"),
        [40, 80, 120]
    );
}

#[test]
fn a_second_request_meets_the_active_response() {
    let mut driver =
        paced(Script::new().on_response(|_| Reply::new().audio(vec![1; 480_000], "Ten")));
    let first = driver.ask(&create());
    let id = first[0]["response"]["id"].as_str().unwrap();
    driver.sleep();
    driver.drain();
    let refused = driver.ask(&json!({"type": "response.create", "event_id": "mine"}));
    let error = &refused[0]["error"];
    assert_eq!(error["code"], "conversation_already_has_active_response");
    assert_eq!(error["event_id"], "mine");
    assert_eq!(
        error["message"].as_str().unwrap(),
        format!(
            "Conversation already has an active response in progress: {id}. \
            Wait until the response is finished before creating a new one."
        )
    );
}

#[test]
fn speech_interrupts_a_reply_in_its_middle() {
    let mut driver = paced(Script::new().on_response(|_| {
        Reply::new()
            .audio(vec![1; 48_000], "One two three four five")
            .next_item()
            .audio(vec![2; 48_000], "Six")
    }));
    driver.ask(&create());
    driver.sleep_until_ms(1_300);
    driver.drain();
    let events = driver.hear(9_000, 40);
    assert_eq!(types(&events)[0], "input_audio_buffer.speech_started");
    let response = done(&events);
    assert_eq!(response["status_details"]["reason"], "turn_detected");
    let output = response["output"].as_array().unwrap();
    assert_eq!(
        (&output[0]["status"], &output[1]["status"]),
        (&json!("completed"), &json!("incomplete"))
    );
    assert!(!driver.sleep(), "nothing of the reply is left");

    // The first item is whole, and the second has what was sent of it: two pieces of 200 ms.
    for (item, there) in [(&output[0], 1_000), (&output[1], 400)] {
        let truncate = json!({"type": "conversation.item.truncate", "item_id": item["id"],
            "content_index": 0, "audio_end_ms": 5_000});
        let truncated = driver.ask(&truncate);
        assert_eq!(types(&truncated), ["error", "conversation.item.truncated"]);
        assert_eq!(truncated[1]["audio_end_ms"], there);
    }
}

#[test]
fn what_is_being_said_can_be_truncated() {
    let mut driver =
        paced(Script::new().on_response(|_| Reply::new().audio(vec![1; 48_000], "One")));
    let first = driver.ask(&create());
    let item_id = &first[1]["item"]["id"];
    driver.sleep_until_ms(400);
    driver.drain();
    let truncate = json!({"type": "conversation.item.truncate", "item_id": item_id,
        "content_index": 0, "audio_end_ms": 250});
    let truncated = driver.ask(&truncate);
    assert_eq!(types(&truncated), ["conversation.item.truncated"]);
    driver.ask(&json!({"type": "response.cancel"}));
    let retrieved = driver.ask(&json!({"type": "conversation.item.retrieve", "item_id": item_id}));
    let audio: Audio =
        serde_json::from_value(retrieved[0]["item"]["content"][0]["audio"].clone()).unwrap();
    assert_eq!(audio.bytes(), Ok(vec![1; 12_000]));
}

#[test]
fn a_turn_that_the_server_would_answer_itself_collides_without_an_event() {
    let mut driver =
        paced(Script::new().on_response(|_| Reply::new().audio(vec![1; 480_000], "Ten")));
    driver.update_turns(&json!({"type": "server_vad", "interrupt_response": false}));
    driver.ask(&create());
    driver.hear(9_000, 40);
    let append = json!({"type": "input_audio_buffer.append", "event_id": "mine",
        "audio": Audio::from_pcm16(&vec![0; 24_000])});
    let events = driver.ask(&append);
    let error = events
        .iter()
        .find(|event| event["type"] == "error")
        .unwrap();
    assert_eq!(
        error["error"]["code"],
        "conversation_already_has_active_response"
    );
    assert_eq!(error["error"]["event_id"], Value::Null);
}

#[test]
fn samples_are_played_in_the_format_of_the_session() {
    let script = Script::new().on_response(|_| Reply::new().pcm16(vec![8_031; 24_000], "One"));
    let mut driver = MachineDriver::conversation(script);
    let params = json!({"audio": {"output": {"format": {"type": "audio/pcmu"}}}});
    let events = driver.ask(&json!({"type": "response.create", "response": params}));
    let bytes: Vec<u8> = events
        .iter()
        .filter(|event| event["type"] == "response.output_audio.delta")
        .flat_map(|event| {
            let audio: Audio = serde_json::from_value(event["delta"].clone()).unwrap();
            audio.bytes().unwrap()
        })
        .collect();
    assert_eq!(bytes.len(), 8_000);
    assert!(bytes.iter().all(|byte| *byte == bytes[0]));

    // A truncation counts in that format, too.
    let truncate = json!({"type": "conversation.item.truncate", "audio_end_ms": 2_000,
        "item_id": done(&events)["output"][0]["id"], "content_index": 0});
    assert_eq!(driver.ask(&truncate)[1]["audio_end_ms"], 1_000);
}

#[test]
fn a_response_has_several_items_and_calls() {
    let script = Script::new().on_response(|_| {
        Reply::new()
            .audio([1; 4_800], "One")
            .next_item()
            .audio([2; 4_800], "Two")
            .call("first", "{}")
            .call("second", r#"{"a":1}"#)
    });
    let mut driver = MachineDriver::conversation(script);
    let events = driver.ask(&create());
    let output = done(&events)["output"].as_array().unwrap();
    let kinds: Vec<_> = output
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["message", "message", "function_call", "function_call"]
    );
    assert_ne!(output[0]["id"], output[1]["id"]);
    assert_ne!(output[2]["call_id"], output[3]["call_id"]);
    let indexes: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "response.output_item.added")
        .map(|event| event["output_index"].as_u64().unwrap())
        .collect();
    assert_eq!(indexes, [0, 1, 2, 3]);
}

#[test]
fn a_script_may_take_its_time() {
    let (reply, waiting) = tokio::sync::oneshot::channel();
    let waiting = std::sync::Mutex::new(Some(waiting));
    let script = Script::new().on_response_async(move |_| {
        let waiting = waiting.lock().unwrap().take();
        async move { waiting?.await.ok() }
    });
    let mut driver = MachineDriver::conversation(script);
    assert_eq!(types(&driver.ask(&create())), ["response.created"]);
    assert_eq!(
        driver.ask(&create())[0]["error"]["code"],
        "conversation_already_has_active_response"
    );
    assert!(reply.send(Reply::new().text("Done")).is_ok());
    assert_eq!(
        done(&driver.drain())["output"][0]["content"][0]["text"],
        "Done"
    );

    // The second answer of the script is none, which leaves it to the default answer.
    driver.say("Hi");
    let params = json!({"output_modalities": ["text"]});
    let events = driver.ask(&json!({"type": "response.create", "response": params}));
    assert_eq!(
        done(&events)["output"][0]["content"][0]["text"],
        "You said: Hi"
    );
}

#[test]
fn a_reply_that_is_not_there_yet_can_be_cancelled() {
    let script = Script::new().on_response_async(|_| std::future::pending::<Option<Reply>>());
    let mut driver = MachineDriver::conversation(script);
    driver.ask(&create());
    let events = driver.ask(&json!({"type": "response.cancel"}));
    assert_eq!(done(&events)["status"], "cancelled");
    let again = driver.ask(&json!({"type": "response.cancel"}));
    assert_eq!(
        (&again[0]["error"]["code"], &again[0]["error"]["message"]),
        (
            &json!("response_cancel_not_active"),
            &json!("Cancellation failed: no active response found")
        )
    );
}
