use serde_json::{Value, json};

use super::*;

mod conversation;
mod properties;
mod turns;

const PLENTY: usize = 1 << 20;

/// Tells a memory of events: those whose type a client has are the client's.
fn tell(memory: &mut Memory, events: impl IntoIterator<Item = Value>) {
    for event in events {
        let event = RawEvent::parse(event.to_string()).unwrap();
        if ClientEvent::TYPES.contains(&event.event_type()) {
            memory.sent(&event);
        } else {
            memory.received(event.event_type(), event.text());
        }
    }
}

/// The settings and the items of a restoration, without their events' ids.
fn parts(restoration: &Restoration) -> (Vec<Value>, Vec<Value>) {
    let (mut settings, mut items) = (Vec::new(), Vec::new());
    for event in &restoration.events {
        let mut event: Value = serde_json::from_str(event.text()).unwrap();
        match event["type"].as_str() {
            Some("session.update") => settings.push(event["session"].take()),
            _ => items.push(event["item"].take()),
        }
    }
    (settings, items)
}

/// Settings, items and losses of a memory after these events.
fn restored(events: impl IntoIterator<Item = Value>) -> (Vec<Value>, Vec<Value>, Vec<Lost>) {
    let mut memory = Memory::new(PLENTY);
    tell(&mut memory, events);
    let restoration = memory.restore();
    let (settings, items) = parts(&restoration);
    (settings, items, restoration.lost)
}

#[track_caller]
fn check_items(
    events: impl IntoIterator<Item = Value>,
    items: impl Into<Vec<Value>>,
    lost: impl Into<Vec<Lost>>,
) {
    let (_, found, found_lost) = restored(events);
    assert_eq!(found, items.into());
    assert_eq!(found_lost, lost.into());
}

fn update(event_id: Option<&str>, session: impl Into<Value>) -> Value {
    json!({"type": "session.update", "event_id": event_id, "session": session.into()})
}

fn updated() -> Value {
    json!({"type": "session.updated", "session": {"type": "realtime"}})
}

fn error(event_id: Option<&str>, param: Option<&str>) -> Value {
    json!({"type": "error", "error": {"type": "invalid_request_error", "event_id": event_id, "param": param}})
}

fn user(id: &str, text: &str) -> Value {
    json!({"type": "message", "id": id, "role": "user", "content": [{"type": "input_text", "text": text}]})
}

fn assistant(id: &str, text: &str) -> Value {
    json!({"type": "message", "id": id, "role": "assistant", "content": [{"type": "output_text", "text": text}]})
}

/// Spoken message of the model, as the server sends it.
fn spoken(id: &str, status: &str, transcript: &str) -> Value {
    json!({"type": "message", "id": id, "object": "realtime.item", "status": status, "role": "assistant",
        "content": [{"type": "output_audio", "transcript": transcript}]})
}

fn call(id: &str, status: Option<&str>) -> Value {
    let mut call = json!({"type": "function_call", "id": id, "call_id": format!("call_{id}"), "name": "f",
        "arguments": "{}"});
    if let Some(status) = status {
        call["status"] = status.into();
    }
    call
}

fn output(id: &str, call: &str) -> Value {
    json!({"type": "function_call_output", "id": id, "call_id": format!("call_{call}"), "output": "1"})
}

fn create(item: impl Into<Value>) -> Value {
    json!({"type": "conversation.item.create", "item": item.into()})
}

fn added(item: impl Into<Value>) -> Value {
    json!({"type": "conversation.item.added", "item": item.into()})
}

fn done(item: impl Into<Value>) -> Value {
    json!({"type": "conversation.item.done", "item": item.into()})
}

/// The events of a response of one item, up to its `response.done`.
fn begun(response: &str, item: &Value) -> Vec<Value> {
    let id = &item["id"];
    let empty = json!({"type": item["type"], "id": id, "role": item["role"], "status": "in_progress", "content": []});
    vec![
        json!({"type": "response.created", "response": {"id": response, "conversation_id": "conv_1"}}),
        json!({"type": "response.output_item.added", "response_id": response, "item": empty}),
        added(empty.clone()),
        json!({"type": "response.output_audio.delta", "response_id": response, "item_id": id, "delta": "AAAA"}),
        json!({"type": "response.output_item.done", "response_id": response, "item": item}),
        done(item.clone()),
    ]
}

fn ended(response: &str, output: &[&Value]) -> Value {
    json!({"type": "response.done", "response": {"id": response, "conversation_id": "conv_1", "output": output}})
}

fn responded(response: &str, item: &Value) -> Vec<Value> {
    let mut events = begun(response, item);
    events.push(ended(response, &[item]));
    events
}

fn lost(id: &str, why: WhyLost) -> Lost {
    let item_id = Some(id.to_owned());
    Lost::Item { item_id, why }
}

#[test]
fn the_types_that_are_remembered_are_the_servers() {
    let remembered = ServerEvent::TYPES.iter().filter(|name| is_recorded(name));
    assert_eq!(remembered.count(), 18);
}

#[test]
fn nothing_is_restored_of_nothing() {
    assert_eq!(Memory::new(PLENTY).restore(), Restoration::default());
}

#[test]
fn updates_that_the_server_took_are_one() {
    let (settings, ..) = restored([
        update(
            None,
            json!({"type": "realtime", "instructions": "a", "audio": {"input": {"transcription": {"model": "w"}}}}),
        ),
        updated(),
        update(
            None,
            json!({"type": "realtime", "instructions": "b", "audio": {"input": {"turn_detection": null}}}),
        ),
        updated(),
    ]);
    assert_eq!(
        settings,
        [json!({"type": "realtime", "instructions": "b",
            "audio": {"input": {"transcription": {"model": "w"}, "turn_detection": null}}})]
    );
}

#[test]
fn an_update_that_was_not_answered_stands_alone() {
    // If it is refused, the rest is not refused with it.
    let (settings, ..) = restored([
        update(None, json!({"instructions": "a"})),
        updated(),
        update(None, json!({"tools": []})),
    ]);
    assert_eq!(
        settings,
        [json!({"instructions": "a"}), json!({"tools": []})]
    );
}

#[test]
fn an_update_that_was_refused_is_not_restored() {
    let by_id = restored([
        update(Some("u1"), json!({"instructions": "a"})),
        update(Some("u2"), json!({"instructions": "b"})),
        error(Some("u1"), Some("session.instructions")),
        updated(),
    ]);
    assert_eq!(by_id.0, [json!({"instructions": "b"})]);

    let by_field = restored([
        update(Some("u1"), json!({"instructions": "a"})),
        update(None, json!({"instructions": "b"})),
        error(None, Some("session.instructions")),
        updated(),
    ]);
    assert_eq!(by_field.0, [json!({"instructions": "a"})]);

    let of_something_else = restored([
        update(None, json!({"instructions": "a"})),
        error(Some("other"), Some("session.instructions")),
        error(None, Some("response.input")),
        error(None, None),
    ]);
    assert_eq!(of_something_else.0, [json!({"instructions": "a"})]);
}

#[test]
fn updates_that_are_never_answered_do_not_pile_up() {
    let updates = (0..100).map(|n| update(None, json!({"instructions": n.to_string(), "n": n})));
    let (settings, ..) = restored(updates);
    assert_eq!(settings.len(), 16);
    assert_eq!(
        settings.last(),
        Some(&json!({"instructions": "99", "n": 99}))
    );
}

#[test]
fn the_oldest_go_first() {
    let text = "x".repeat(1000);
    let mut memory = Memory::new(4000);
    tell(
        &mut memory,
        (0..10).map(|n| added(user(&n.to_string(), &text))),
    );
    let restoration = memory.restore();
    let (_, items) = parts(&restoration);
    let ids: Vec<_> = items
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["7", "8", "9"]);
    let expected = (0..7).map(|n| lost(&n.to_string(), WhyLost::OverBound));
    assert_eq!(restoration.lost, expected.collect::<Vec<_>>());
}

#[test]
fn one_that_is_too_large_does_not_push_the_others_out() {
    let mut memory = Memory::new(4000);
    let large = user("large", &"x".repeat(4000));
    tell(
        &mut memory,
        [added(user("a", "1")), added(large), added(user("b", "2"))],
    );
    let restoration = memory.restore();
    assert_eq!(parts(&restoration).1, [user("a", "1"), user("b", "2")]);
    assert_eq!(restoration.lost, [lost("large", WhyLost::OverBound)]);
}

#[test]
fn an_output_goes_with_its_call() {
    let mut memory = Memory::new(1200);
    tell(&mut memory, responded("r", &call("a", Some("completed"))));
    tell(
        &mut memory,
        [
            create(output("out_a", "a")),
            added(user("b", &"x".repeat(600))),
        ],
    );
    let restoration = memory.restore();
    assert_eq!(
        restoration.lost,
        [
            lost("a", WhyLost::OverBound),
            lost("out_a", WhyLost::NothingToAnswer)
        ]
    );
}

#[test]
fn in_the_end_even_the_ids_are_forgotten() {
    let mut memory = Memory::new(2000);
    tell(
        &mut memory,
        (0..100).map(|n| added(user(&format!("item_{n}"), "x"))),
    );
    let restoration = memory.restore();
    let Some(Lost::OldItems { items }) = restoration.lost.first() else {
        panic!("{:?}", restoration.lost);
    };
    let (_, kept) = parts(&restoration);
    assert_eq!(
        *items + restoration.lost.len() as u64 - 1 + kept.len() as u64,
        100
    );
    // They are told once.
    assert_eq!(memory.restore().lost, []);
}

#[test]
fn the_configuration_comes_first() {
    let mut memory = Memory::new(500);
    tell(
        &mut memory,
        [
            added(user("a", "1")),
            update(None, json!({"instructions": "x".repeat(1000)})),
        ],
    );
    let restoration = memory.restore();
    assert_eq!(
        parts(&restoration),
        (vec![json!({"instructions": "x".repeat(1000)})], vec![])
    );
}

/// The events around the settings and the items count, too.
#[test]
fn the_events_fit_the_bound_to_the_byte() {
    let mut most = 0;
    for max_bytes in 1000..2500 {
        let mut memory = Memory::new(max_bytes);
        let updates = (0..9).map(|at| update(None, json!({"instructions": at.to_string()})));
        tell(&mut memory, updates);
        tell(
            &mut memory,
            (0..3).map(|at| create(user(&at.to_string(), "word"))),
        );
        let (_, items) = parts(&memory.restore());
        let again = memory.restore().events;
        let bytes: usize = again.iter().map(|event| event.text().len()).sum();
        assert!(
            items.is_empty() || bytes <= max_bytes,
            "{bytes} > {max_bytes}"
        );
        most = most.max(items.len());
    }
    assert_eq!(most, 3);
}

#[test]
fn what_was_restored_is_recorded_for_the_next_time() {
    let mut memory = Memory::new(PLENTY);
    let mut unnamed = user("", "2");
    unnamed.as_object_mut().unwrap().remove("id");
    tell(
        &mut memory,
        [
            update(None, json!({"instructions": "a"})),
            updated(),
            added(user("a", "1")),
            create(unnamed),
        ],
    );
    let first = memory.restore();
    assert_eq!(parts(&first).1, [user("a", "1"), user("restore_3", "2")]);

    // None of it was sent, some of it, all of it, and all of it answered: it is the same, and once.
    let same = |memory: &mut Memory| {
        let again = memory.restore();
        assert_eq!(parts(&again), parts(&first));
        assert_eq!(again.lost, []);
        again
    };
    let again = same(&mut memory);
    memory.sent(&again.events[0]);
    memory.sent(&again.events[1]);
    let again = same(&mut memory);
    for event in &again.events {
        memory.sent(event);
    }
    let again = same(&mut memory);
    for event in &again.events {
        memory.sent(event);
    }
    tell(
        &mut memory,
        [
            updated(),
            added(user("a", "1")),
            added(user("restore_3", "2")),
            added(user("b", "3")),
        ],
    );
    let last = memory.restore();
    assert_eq!(parts(&last).0, parts(&first).0);
    assert_eq!(
        parts(&last).1,
        [user("a", "1"), user("restore_3", "2"), user("b", "3")]
    );
}

#[test]
fn what_a_new_session_refuses_is_not_tried_again() {
    let mut memory = Memory::new(PLENTY);
    tell(
        &mut memory,
        [
            update(None, json!({"instructions": "a"})),
            updated(),
            added(user("a", "1")),
            added(user("b", "2")),
        ],
    );
    let first = memory.restore();
    for event in &first.events {
        memory.sent(event);
    }
    tell(
        &mut memory,
        [
            error(Some("restore_1"), None),
            error(Some("restore_2"), None),
            added(user("b", "2")),
        ],
    );
    let second = memory.restore();
    assert_eq!(parts(&second), (vec![], vec![user("b", "2")]));
}

#[test]
fn lost_things_print_as_ids_and_sizes() {
    let old = Lost::OldItems { items: 3 };
    assert_eq!(
        old.to_string(),
        "the oldest 3 items: it did not fit the bound"
    );
    assert_eq!(
        lost("a", WhyLost::NoText).to_string(),
        "item a: there is no text of its audio"
    );
    let response = |response_id| Lost::Response { response_id }.to_string();
    assert_eq!(response(Some("r".to_owned())), "response r was under way");
    assert_eq!(response(None), "a response was asked for and had not begun");
    assert_eq!(
        Lost::InputAudio { bytes: 6 }.to_string(),
        "6 bytes of input audio were not committed"
    );
    let nameless = Lost::Item {
        item_id: None,
        why: WhyLost::NoText,
    };
    assert_eq!(
        nameless.to_string(),
        "an item without an id: there is no text of its audio"
    );
}
