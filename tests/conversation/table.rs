//! The cases of `tests/fixtures/conversation.json`, which the conversation layer of the npm package
//! has to pass, too: `tests/js/layer_table.test.mjs`. Each step is one input, and the results that
//! it states.

use std::time::Duration;

use openai_realtime_ws::conversation::{
    CancelledBy, Change, FollowUp, Heard, History, IncompleteReason, Interruption, Outcome,
    Playback, RequestError, ResponseEnd, ResponseTicket, Responses, RetryAdvice, SeedPlace,
    ToolCalls, ToolResult, TurnEvent, Turns, Usage,
};
use openai_realtime_ws::protocol::{Audio, Events, ResponseCreate, ResponseOutputAudioDelta};
use openai_realtime_ws::{ClientEvent, ServerEvent};
use serde_json::{Map, Value, json};

#[test]
fn the_cases_that_both_languages_share() {
    let cases = include_str!("../fixtures/conversation.json");
    let cases: Vec<Value> = serde_json::from_str(cases).unwrap();
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        let mut stage = Stage::new();
        for (number, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            let step = step.as_object().unwrap();
            let results = stage.act(step);
            for (key, result) in &results {
                if let Some(stated) = step.get(key) {
                    assert_eq!(stated, result, "{key} of step {number} of {name:?}");
                }
            }
            if let Some(stated) = step.get("sends") {
                let sent = std::mem::take(&mut stage.sent);
                assert_eq!(*stated, json!(sent), "sends of step {number} of {name:?}");
            }
        }
        assert_eq!(stage.sent, Vec::<Value>::new(), "not stated in {name:?}");
    }
}

/// The pieces, wired as a conversation wires them.
struct Stage {
    time: Duration,
    responses: Responses,
    playback: Playback,
    history: History,
    calls: ToolCalls,
    usage: Usage,
    turns: Turns,
    tickets: Vec<(ResponseTicket, String)>,
    marks: Vec<String>,
    /// Events that were sent, and not stated by a step.
    sent: Vec<Value>,
}

impl Stage {
    fn new() -> Self {
        Self {
            time: Duration::ZERO,
            responses: Responses::new(),
            playback: Playback::new(),
            history: History::new(),
            calls: ToolCalls::new(10),
            usage: Usage::new(),
            turns: Turns::new(),
            tickets: Vec::new(),
            marks: Vec::new(),
            sent: Vec::new(),
        }
    }

    /// Carries a step out, and returns its results by name.
    fn act(&mut self, step: &Map<String, Value>) -> Map<String, Value> {
        if let Some(ms) = ["tick", "at"].into_iter().find_map(|key| step.get(key)) {
            self.time = Duration::from_millis(ms.as_u64().unwrap());
        }
        let now = self.time;
        let mut results = Map::new();
        results.insert("interrupted".to_owned(), Value::Null);
        if let Some(event) = step.get("event") {
            self.received(event, step.get("pieces"), &mut results);
        } else if let Some(params) = step.get("request") {
            let ticket = self.responses.request(now, create(params));
            self.tickets.push((ticket, text(&step["as"])));
        } else if let Some(params) = step.get("follow_up") {
            let mut follow_up = FollowUp::from(create(params));
            let about = step.get("about").and_then(Value::as_array);
            follow_up.call_ids = about.into_iter().flatten().map(text).collect();
            let ticket = self.responses.request_follow_up(now, follow_up);
            self.tickets.push((ticket, text(&step["as"])));
        } else if step.contains_key("cancel") {
            results.insert("result".to_owned(), self.responses.cancel(now).into());
        } else if let Some(name) = step.get("cancel_request") {
            let named = self.tickets.iter().find(|(_, given)| given == name);
            let result = self.responses.cancel_request(now, named.unwrap().0);
            results.insert("result".to_owned(), result.into());
        } else if step.contains_key("interrupt") {
            let interruption = self.playback.interrupt();
            self.responses.cancel(now);
            results.insert("interrupted".to_owned(), self.interrupted(&interruption));
        } else if let Some(played) = step.get("played_ms") {
            let (index, ms) = (played[1].as_u64().unwrap(), played[2].as_u64().unwrap());
            let index = u32::try_from(index).unwrap();
            self.playback.played_ms(&text(&played[0]), index, ms);
        } else if let Some(number) = step.get("played_mark") {
            let number = usize::try_from(number.as_u64().unwrap()).unwrap();
            let known = self.playback.played_mark(&self.marks[number]);
            results.insert("result".to_owned(), known.into());
        } else {
            self.act_on_all(step, &mut results);
        }
        self.pump();
        self.state(&mut results);
        results
    }

    fn act_on_all(&mut self, step: &Map<String, Value>, results: &mut Map<String, Value>) {
        if let Some(answer) = step.get("answer") {
            let mut result = ToolResult::new(text(&answer[1]["output"]));
            result.background = answer[1]["background"] == true;
            result.denied = answer[1]["denied"] == true;
            let event = self.calls.answer(&text(&answer[0]), &result);
            self.sent.extend(event.as_ref().map(encoded));
        } else if let Some(gone) = step.get("calls_lost") {
            let gone = gone.as_array().unwrap();
            let is_lost = |item_id: &str| gone.iter().any(|item| item == item_id);
            let lost = self.calls.connection_lost(|call| is_lost(&call.item_id));
            let lost: Vec<_> = lost.into_iter().map(|call| call.call_id).collect();
            results.insert("lost".to_owned(), json!(lost));
        } else if step.contains_key("connection_lost") {
            self.responses.connection_lost();
            self.history.connection_lost();
            self.turns.connection_lost();
        } else if step.contains_key("connected") {
            self.responses.connected(self.time);
        } else if step.contains_key("reconnected") {
            self.playback.reconnected();
        } else if step.contains_key("close") {
            self.responses.close();
        } else if step.contains_key("save") {
            let saved = serde_json::to_string(&self.history).unwrap();
            self.history = serde_json::from_str(&saved).unwrap();
        } else if let Some(place) = step.get("seed") {
            let events = self.history.seed(SeedPlace::Behind(text(place)));
            let events: Vec<_> = events
                .into_iter()
                .map(|event| encoded(&event.into()))
                .collect();
            results.insert("seeds".to_owned(), json!(events));
        } else {
            assert!(step.contains_key("tick"), "{step:?}");
            self.responses.tick(self.time);
        }
    }

    fn received(
        &mut self,
        event: &Value,
        pieces: Option<&Value>,
        results: &mut Map<String, Value>,
    ) {
        let mut event = event.clone();
        if let Some(zeros) = event["delta"]["zeros"].as_u64() {
            let bytes = vec![0; usize::try_from(zeros).unwrap()];
            event["delta"] = json!(Audio::from_bytes(&bytes).base64());
        }
        let event = ServerEvent::parse(event.to_string()).unwrap();
        self.responses.received(self.time, &event);
        let calls = self.calls.received(&event);
        let calls: Vec<_> = calls.into_iter().map(|call| call.call_id).collect();
        let tokens = self.usage.received(&event);
        let mut interrupted = Value::Null;
        match self.playback.received(&event) {
            Some(late) if matches!(event, ServerEvent::ResponseDone(_)) => {
                self.sent.extend(late.events.iter().map(encoded));
            }
            Some(interruption) => interrupted = self.interrupted(&interruption),
            None => {}
        }
        let change = self.history.apply(&event);
        let turn = self.turns.received(self.time, &event);
        for (key, result) in [
            ("calls", json!(calls)),
            ("tokens", json!(tokens)),
            ("interrupted", interrupted),
            ("change", shown_change(change)),
            ("turn", turn.map_or(Value::Null, shown_turn)),
        ] {
            results.insert(key.to_owned(), result);
        }
        if let ServerEvent::ResponseOutputAudioDelta(delta) = &event {
            let plays = self.playback.plays(delta);
            results.insert("plays".to_owned(), plays.into());
            if let Some(pieces) = pieces {
                results.insert("pieces".to_owned(), self.cut(delta, &pieces["ms"]));
            }
        }
    }

    fn cut(&mut self, delta: &ResponseOutputAudioDelta, ms: &Value) -> Value {
        let length = Duration::from_millis(ms.as_u64().unwrap());
        let pieces = self.playback.pieces(delta, length);
        let (audio, marks): (Vec<_>, Vec<_>) = pieces.into_iter().unzip();
        self.marks.extend(marks);
        let bytes: Vec<_> = audio.iter().map(Audio::decoded_len).collect();
        json!({"ms": ms, "bytes": bytes})
    }

    fn interrupted(&mut self, interruption: &Interruption) -> Value {
        self.queue_requests();
        self.sent.extend(interruption.events.iter().map(encoded));
        interruption.heard.iter().map(shown_heard).collect()
    }

    fn pump(&mut self) {
        while let Some(event) = self.calls.poll_follow_up() {
            self.responses.request_follow_up(self.time, event);
        }
        self.queue_requests();
    }

    fn queue_requests(&mut self) {
        while let Some(event) = self.responses.poll() {
            self.sent.push(encoded(&event));
        }
    }

    fn state(&mut self, results: &mut Map<String, Value>) {
        let mut ends = Vec::new();
        while let Some(end) = self.responses.poll_end() {
            ends.push(self.shown_end(end));
        }
        let wake_at = self.responses.wake_at().map(|at| millis(&at));
        let entries = self.history.entries();
        let each = |shown: fn(&openai_realtime_ws::conversation::HistoryEntry) -> Value| {
            entries.iter().map(shown).collect::<Value>()
        };
        for (key, result) in [
            ("ends", json!(ends)),
            ("active", json!(self.responses.active())),
            ("idle", json!(self.responses.is_idle())),
            ("wake_at", json!(wake_at)),
            ("total", json!(self.usage.total())),
            ("ids", each(|entry| json!(entry.id()))),
            ("texts", each(|entry| json!(entry.text()))),
            ("heard", each(|entry| json!(entry.heard()))),
            ("statuses", each(|entry| json!(entry.status))),
            ("on_server", each(|entry| json!(entry.on_server))),
        ] {
            results.insert(key.to_owned(), result);
        }
    }

    fn shown_end(&self, end: ResponseEnd) -> Value {
        let named = self
            .tickets
            .iter()
            .find(|(ticket, _)| Some(*ticket) == end.ticket);
        let mut shown = match end.result {
            Ok(finished) => json!({"outcome": shown_outcome(finished.outcome)}),
            Err(error) => json!({"error": reason(&error)}),
        };
        if let Some((_, name)) = named {
            shown["ticket"] = json!(name);
        }
        if let Some(id) = end.response_id {
            shown["response_id"] = json!(id);
        }
        shown
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn create(params: &Value) -> ResponseCreate {
    let event = json!({"type": "response.create", "response": params});
    match serde_json::from_value(event).unwrap() {
        ClientEvent::ResponseCreate(event) => event,
        other => panic!("{other:?}"),
    }
}

fn encoded(event: &ClientEvent) -> Value {
    serde_json::from_str(event.encode().text()).unwrap()
}

fn millis(time: &Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

fn shown_heard(heard: &Heard) -> Value {
    json!({"response_id": heard.response_id, "item_id": heard.item_id,
        "content_index": heard.content_index, "played_ms": millis(&heard.played),
        "received_ms": millis(&heard.received), "is_complete": heard.is_complete})
}

fn shown_change(change: Change) -> Value {
    match change {
        Change::Added(at) => json!({"type": "added", "at": at}),
        Change::Grew(at) => json!({"type": "grew", "at": at}),
        Change::Updated(at) => json!({"type": "updated", "at": at}),
        Change::Moved { from, to, .. } => json!({"type": "moved", "from": from, "at": to}),
        Change::Removed(at) => json!({"type": "removed", "at": at}),
        _ => Value::Null,
    }
}

fn shown_turn(turn: TurnEvent) -> Value {
    let mut shown = match &turn {
        TurnEvent::SpeechStarted {
            item_id,
            audio_start_ms,
            ..
        } => {
            json!({"type": "speech_started", "item_id": item_id, "audio_start_ms": audio_start_ms})
        }
        TurnEvent::SpeechStopped {
            item_id,
            audio_end_ms,
            ..
        } => json!({"type": "speech_stopped", "item_id": item_id, "audio_end_ms": audio_end_ms}),
        TurnEvent::TurnStarted { response_id, .. } => {
            json!({"type": "turn_started", "response_id": response_id})
        }
        TurnEvent::FirstAudio { response_id, .. } => {
            json!({"type": "first_audio", "response_id": response_id})
        }
        TurnEvent::TurnDone(turn) => json!({"type": "turn_done", "response_id": turn.response_id,
            "outcome": shown_outcome(turn.outcome.clone().unwrap())}),
        other => panic!("{other:?}"),
    };
    let latency = match turn {
        TurnEvent::FirstAudio { latency, .. } => latency,
        TurnEvent::TurnDone(turn) => turn.latency(),
        _ => None,
    };
    if let Some(latency) = latency {
        shown["latency"] = json!(millis(&latency));
    }
    shown
}

fn shown_outcome(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Completed => json!({"status": "completed"}),
        Outcome::Cancelled(by) => {
            let by = match by {
                CancelledBy::Speech => "speech".to_owned(),
                CancelledBy::Client => "client".to_owned(),
                CancelledBy::Other(reason) => reason,
                other => panic!("{other:?}"),
            };
            json!({"status": "cancelled", "by": by})
        }
        Outcome::Incomplete(reason) => {
            let reason = match reason {
                IncompleteReason::MaxOutputTokens => "max_output_tokens".to_owned(),
                IncompleteReason::ContentFilter => "content_filter".to_owned(),
                IncompleteReason::Other(reason) => reason,
                other => panic!("{other:?}"),
            };
            json!({"status": "incomplete", "reason": reason})
        }
        Outcome::Failed(failure) => {
            let mut shown =
                json!({"status": "failed", "code": failure.code, "message": failure.message});
            shown["advice"] = json!(match failure.advice {
                RetryAdvice::Retry => "retry",
                RetryAdvice::Wait(wait) => {
                    if let Some(wait) = wait {
                        shown["wait_ms"] = json!(millis(&wait));
                    }
                    "wait"
                }
                RetryAdvice::GiveUp => "give_up",
                other => panic!("{other:?}"),
            });
            shown
        }
        other => panic!("{other:?}"),
    }
}

fn reason(error: &RequestError) -> &'static str {
    match error {
        RequestError::Refused(_) => "refused",
        RequestError::Busy { .. } => "busy",
        RequestError::TimedOut => "timed_out",
        RequestError::Withdrawn => "withdrawn",
        RequestError::ConnectionLost => "connection_lost",
        RequestError::Closed => "closed",
        other => panic!("{other:?}"),
    }
}
