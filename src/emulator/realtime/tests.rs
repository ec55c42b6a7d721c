//! The session without sockets: what depends on the order of what is said and what is heard.

use std::task::Waker;
use std::time::Duration;

use serde_json::{Value, json};

use super::input::LARGEST_APPEND;
use super::*;
use crate::emulator::output::SocketOutput;
use crate::emulator::script::Reply;
use crate::protocol::{RealtimeSession, SessionConfig, TranscriptionSession};

/// A session, and the time.
pub(super) struct MachineDriver(pub(super) RealtimeMachine, Instant);

impl MachineDriver {
    /// An open session.
    fn new(config: &SessionConfig, script: Script) -> Self {
        let settings = SessionSettings::new(config, false, "sess".to_owned(), 7).unwrap();
        let session = RealtimeMachine::open(IdSource::new("t"), settings, Arc::new(script));
        Self(session, Instant::now())
    }

    pub(super) fn conversation(script: Script) -> Self {
        Self::new(&RealtimeSession::new().model("m").into(), script)
    }

    fn send(&mut self, event: &Value) {
        let event = RawEvent::parse(event.to_string());
        self.0.receive(3, Ok(&event.unwrap()), self.1);
    }

    fn poll(&mut self) -> Option<SocketOutput> {
        self.0.poll(self.1, &mut Context::from_waker(Waker::noop()))
    }

    fn next(&mut self) -> Value {
        match self.poll() {
            Some(SocketOutput::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("expected an event, got {other:?}"),
        }
    }

    /// Everything that comes now.
    pub(super) fn drain(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| match self.poll()? {
            SocketOutput::Text(text) => Some(serde_json::from_str(&text).unwrap()),
            other => panic!("expected an event, got {other:?}"),
        })
        .collect()
    }

    /// Sends an event and gives everything that comes of it.
    pub(super) fn ask(&mut self, event: &Value) -> Vec<Value> {
        self.send(event);
        self.drain()
    }

    pub(super) fn now(&self) -> Instant {
        self.1
    }

    /// Lets the time pass until there is more to say; false if that will not come of time alone.
    pub(super) fn sleep(&mut self) -> bool {
        let wake_at = self.0.wake_at();
        if let Some(wake_at) = wake_at {
            self.1 = wake_at;
        }
        wake_at.is_some()
    }

    /// Lets this time pass, from the beginning of the session's last request, and drops what comes.
    pub(super) fn sleep_until_ms(&mut self, millis: u64) {
        let end = self.1 + Duration::from_millis(millis);
        while self.0.wake_at().is_some_and(|wake_at| wake_at <= end) {
            self.sleep();
            self.drain();
        }
        self.1 = end;
    }

    pub(super) fn say(&mut self, text: &str) {
        let content = json!([{"type": "input_text", "text": text}]);
        let item = json!({"type": "message", "role": "user", "content": content});
        self.ask(&json!({"type": "conversation.item.create", "item": item}));
    }

    pub(super) fn hear(&mut self, height: i16, millis: u64) -> Vec<Value> {
        let samples = usize::try_from(24 * millis).unwrap();
        let samples: Vec<i16> = (0..samples)
            .map(|n| if n % 2 == 0 { height } else { -height })
            .collect();
        let audio = Audio::from_pcm16(&samples);
        self.ask(&json!({"type": "input_audio_buffer.append", "audio": audio}))
    }

    pub(super) fn update_turns(&mut self, turn_detection: &Value) {
        let session =
            json!({"type": "realtime", "audio": {"input": {"turn_detection": turn_detection}}});
        let events = self.ask(&json!({"type": "session.update", "session": session}));
        assert_eq!(types(&events), ["session.updated"]);
    }
}

pub(super) fn types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| event["type"].as_str())
        .collect()
}

/// The response of the only `response.done`.
pub(super) fn done(events: &[Value]) -> &Value {
    let mut done = events
        .iter()
        .filter(|event| event["type"] == "response.done");
    let response = &done.next().unwrap()["response"];
    assert_eq!(done.next(), None);
    response
}

fn stalling(reply: Reply) -> Script {
    Script::new().on_response(move |_| reply.clone().stall())
}

#[test]
fn speech_interrupts_the_response_under_way() {
    let mut driver = MachineDriver::conversation(stalling(
        Reply::new().audio(vec![1; 19_200], "One two three"),
    ));
    let started = driver.ask(&json!({"type": "response.create"}));
    assert_eq!(
        types(&started).last(),
        Some(&"response.output_audio_transcript.delta")
    );

    let events = driver.hear(9_000, 40);
    assert_eq!(
        types(&events),
        [
            "input_audio_buffer.speech_started",
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
            "rate_limits.updated",
        ]
    );
    let response = done(&events);
    assert_eq!(response["status"], "cancelled");
    assert_eq!(
        response["status_details"],
        json!({"type": "cancelled", "reason": "turn_detected"})
    );
    assert_eq!(response["output"][0]["status"], "incomplete");
    assert_eq!(
        response["output"][0]["content"][0]["transcript"],
        "One two three"
    );
    assert_eq!(response["usage"]["output_token_details"]["audio_tokens"], 8);

    // What was said is in the conversation, up to where it was said.
    let item_id = &response["output"][0]["id"];
    let retrieved = driver.ask(&json!({"type": "conversation.item.retrieve", "item_id": item_id}));
    let audio: Audio =
        serde_json::from_value(retrieved[0]["item"]["content"][0]["audio"].clone()).unwrap();
    assert_eq!(audio.bytes(), Ok(vec![1; 19_200]));
}

#[test]
fn speech_does_not_interrupt_if_told_not_to() {
    let mut driver = MachineDriver::conversation(stalling(Reply::new().text("One")));
    driver.update_turns(
        &json!({"type": "server_vad", "interrupt_response": false, "create_response": false}),
    );
    driver.ask(&json!({"type": "response.create"}));
    assert_eq!(
        types(&driver.hear(9_000, 40)),
        ["input_audio_buffer.speech_started"]
    );
    let stopped = driver.hear(0, 500);
    assert_eq!(
        types(&stopped)[..2],
        [
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed"
        ]
    );
    assert!(!types(&stopped).contains(&"response.created"));
}

#[test]
fn a_cancellation_overtakes_what_is_still_to_be_said() {
    let mut driver = MachineDriver::conversation(
        Script::new().on_response(|_| Reply::new().text("a b c d e f")),
    );
    driver.send(&json!({"type": "response.create"}));
    while driver.next()["type"] != "response.output_text.delta" {}
    let events = driver.ask(&json!({"type": "response.cancel"}));
    let response = done(&events);
    assert_eq!(
        response["status_details"],
        json!({"type": "cancelled", "reason": "client_cancelled"})
    );
    assert_eq!(response["output"][0]["content"][0]["text"], "a ");

    let again = driver.ask(&json!({"type": "response.cancel", "event_id": "mine"}));
    assert_eq!(types(&again), ["error"]);
    assert_eq!(
        (&again[0]["error"]["code"], &again[0]["error"]["event_id"]),
        (&json!("response_cancel_not_active"), &json!("mine"))
    );
}

#[test]
fn one_response_at_a_time_in_the_conversation_and_others_beside_it() {
    let script = Script::new().on_response(|turn| match turn.index() {
        0 => Reply::new().text("waiting").stall(),
        _ => Reply::new().text("aside"),
    });
    let mut driver = MachineDriver::conversation(script);
    let started = driver.ask(&json!({"type": "response.create"}));
    let id = &started[0]["response"]["id"];
    assert!(started[0]["response"]["conversation_id"].is_string());
    let refused = driver.ask(&json!({"type": "response.create"}));
    assert_eq!(
        refused[0]["error"]["code"],
        "conversation_already_has_active_response"
    );

    let aside = json!({"conversation": "none", "metadata": {"topic": "aside"}, "input": []});
    let events = driver.ask(&json!({"type": "response.create", "response": aside}));
    let response = done(&events);
    assert_eq!(
        (&response["conversation_id"], &response["metadata"]["topic"]),
        (&Value::Null, &json!("aside"))
    );
    assert!(!types(&events).contains(&"conversation.item.added"));

    let cancelled = driver.ask(&json!({"type": "response.cancel", "response_id": id}));
    assert_eq!(
        (&done(&cancelled)["id"], &done(&cancelled)["status"]),
        (id, &json!("cancelled"))
    );
}

#[test]
fn the_input_of_a_response_takes_the_place_of_the_conversation() {
    let mut driver = MachineDriver::conversation(Script::new());
    driver.say("in the conversation");
    let input = json!([{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "aside"}]}]);
    let params = json!({"conversation": "none", "output_modalities": ["text"], "input": input});
    let events = driver.ask(&json!({"type": "response.create", "response": params}));
    assert_eq!(
        done(&events)["output"][0]["content"][0]["text"],
        "You said: aside"
    );

    let unknown = json!({"input": [{"type": "item_reference", "id": "item_x"}]});
    let refused = driver.ask(&json!({"type": "response.create", "response": unknown}));
    assert_eq!(refused[0]["error"]["param"], "response.input");
}

#[test]
fn a_limit_of_tokens_leaves_a_response_incomplete() {
    let mut driver = MachineDriver::conversation(Script::new());
    driver.say("one two three four");
    let params = json!({"output_modalities": ["text"], "max_output_tokens": 3});
    let events = driver.ask(&json!({"type": "response.create", "response": params}));
    let response = done(&events);
    assert_eq!(
        response["status_details"],
        json!({"type": "incomplete", "reason": "max_output_tokens"})
    );
    assert_eq!(response["output"][0]["content"][0]["text"], "You said: ");
    assert_eq!(response["usage"]["output_tokens"], 3);
}

#[test]
fn the_model_speaks_up_after_a_silence() {
    let mut driver = MachineDriver::conversation(Script::new());
    driver.update_turns(&json!({"type": "server_vad", "idle_timeout_ms": 5_000}));
    // Not before the model has spoken for the first time.
    assert_eq!(driver.hear(0, 6_000), Vec::<Value>::new());
    driver.say("Hi");
    driver.ask(&json!({"type": "response.create"}));
    // The tone of the answer lasts for 250 ms.
    assert_eq!(driver.hear(0, 5_240), Vec::<Value>::new());
    let events = driver.hear(0, 20);
    assert_eq!(
        types(&events)[..3],
        [
            "input_audio_buffer.timeout_triggered",
            "input_audio_buffer.committed",
            "conversation.item.added"
        ]
    );
    assert_eq!(
        (&events[0]["audio_start_ms"], &events[0]["audio_end_ms"]),
        (&json!(6_250), &json!(11_260))
    );
    assert_eq!(done(&events)["status"], "completed");
}

#[test]
fn turn_detection_that_was_off_keeps_the_clock() {
    let mut driver = MachineDriver::conversation(Script::new());
    driver.update_turns(&Value::Null);
    assert_eq!(driver.hear(9_000, 1_010), Vec::<Value>::new());
    driver.ask(&json!({"type": "input_audio_buffer.clear"}));
    driver.update_turns(&json!({"type": "server_vad"}));
    assert_eq!(driver.hear(0, 500), Vec::<Value>::new());
    let events = driver.hear(9_000, 40);
    assert_eq!(events[0]["audio_start_ms"], 1_210);
}

#[test]
fn a_transcription_session_transcribes_and_does_not_reply() {
    let mut driver = MachineDriver::new(&TranscriptionSession::new().into(), Script::new());
    let session = json!({"type": "transcription", "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe"}}}});
    driver.ask(&json!({"type": "session.update", "session": session}));
    driver.hear(9_000, 500);
    let events = driver.hear(0, 500);
    assert_eq!(
        types(&events).last(),
        Some(&"conversation.item.input_audio_transcription.completed")
    );
    assert_eq!(
        events.last().unwrap()["transcript"],
        "1.0 seconds of speech"
    );
    assert_eq!(
        events.last().unwrap()["usage"],
        json!({"type": "tokens", "total_tokens": 16, "input_tokens": 10, "output_tokens": 6,
            "input_token_details": {"text_tokens": 0, "audio_tokens": 10}})
    );
    let refused = driver.ask(&json!({"type": "response.create"}));
    assert_eq!(types(&refused), ["error"]);
}

#[test]
fn truncation_cuts_the_audio_and_forgets_the_words() {
    let mut driver = MachineDriver::conversation(
        Script::new().on_response(|_| Reply::new().audio(vec![5; 48_000], "A second")),
    );
    let events = driver.ask(&json!({"type": "response.create"}));
    let item_id = &done(&events)["output"][0]["id"];
    let truncate = |end: u64| json!({"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0, "audio_end_ms": end});
    let too_far = driver.ask(&truncate(1_001));
    assert_eq!(
        too_far[0]["error"]["message"],
        "Audio content of 1000ms is already shorter than 1001ms"
    );
    assert_eq!(too_far[0]["error"].get("event_id"), Some(&Value::Null));
    assert_eq!(too_far[1]["audio_end_ms"], 1_000);
    let truncated = driver.ask(&truncate(250));
    assert_eq!(
        (&truncated[0]["type"], &truncated[0]["audio_end_ms"]),
        (&json!("conversation.item.truncated"), &json!(250))
    );
    let retrieved = driver.ask(&json!({"type": "conversation.item.retrieve", "item_id": item_id}));
    let content = &retrieved[0]["item"]["content"];
    let audio: Audio = serde_json::from_value(content[0]["audio"].clone()).unwrap();
    assert_eq!(
        (audio.bytes(), &content[0]["transcript"]),
        (Ok(vec![5; 12_000]), &Value::Null)
    );
}

#[test]
fn the_voice_is_fixed_once_it_was_heard() {
    let mut driver = MachineDriver::conversation(Script::new());
    let voice = |name: &str| json!({"type": "session.update", "session": {"type": "realtime", "audio": {"output": {"voice": name}}}});
    assert_eq!(types(&driver.ask(&voice("cedar"))), ["session.updated"]);
    driver.say("Hi");
    driver.ask(&json!({"type": "response.create"}));
    assert_eq!(
        driver.ask(&voice("marin"))[0]["error"]["code"],
        "cannot_update_voice"
    );
    assert_eq!(types(&driver.ask(&voice("cedar"))), ["session.updated"]);
}

#[test]
fn the_largest_append() {
    let mut driver = MachineDriver::conversation(Script::new());
    driver.update_turns(&Value::Null);
    let append = |len: usize| json!({"type": "input_audio_buffer.append", "audio": Audio::from_bytes(&vec![0; len])});
    assert_eq!(driver.ask(&append(LARGEST_APPEND)), Vec::<Value>::new());
    assert_eq!(
        driver.ask(&append(LARGEST_APPEND + 1))[0]["error"]["code"],
        "string_above_max_length"
    );
}

#[test]
fn no_number_is_too_large() {
    let mut driver = MachineDriver::conversation(Script::new());
    let most = u64::MAX;
    driver.update_turns(&json!({"type": "server_vad", "prefix_padding_ms": most,
        "silence_duration_ms": most, "idle_timeout_ms": most}));
    driver.say("Hi");
    let events = driver.ask(&json!({"type": "response.create"}));
    let item_id = &done(&events)["output"][0]["id"];
    assert_eq!(driver.hear(9_000, 100)[0]["audio_start_ms"], 0);
    assert_eq!(driver.hear(0, 1_000), Vec::<Value>::new());
    let truncate = json!({"type": "conversation.item.truncate", "item_id": item_id,
        "content_index": u32::MAX, "audio_end_ms": most});
    assert_eq!(
        driver.ask(&truncate)[0]["error"]["code"],
        "unsupported_content_type"
    );
}
