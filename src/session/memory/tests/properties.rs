//! Properties of any conversation.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Any event of either side, with few ids, so that they meet.
fn any_event() -> impl Strategy<Value = Value> {
    let id = || prop_oneof![3 => select(vec!["a", "b", "c", "d"]).prop_map(Value::from), 1 => Just(Value::Null)];
    let text = || {
        prop_oneof![4 => "[a-z ]{0,40}", 1 => "\\PC{0,20}", 1 => "x{300,600}"].prop_map(Value::from)
    };
    let status = select(vec![
        Value::Null,
        "completed".into(),
        "in_progress".into(),
        "incomplete".into(),
    ]);
    let part = (
        select(vec!["input_text", "input_audio", "output_text", "output_audio", "input_image", "audio", "text"]),
        text(),
        any::<bool>(),
    )
        .prop_map(|(kind, text, there)| {
            let key = match kind {
                "input_image" => "image_url",
                kind if kind.ends_with("audio") => "transcript",
                _ => "text",
            };
            let text = if there { text } else { Value::Null };
            json!({"type": kind, key: text, "audio": if kind == "input_audio" { json!("AAAA") } else { Value::Null }})
        });
    let message = (
        select(vec!["user", "assistant", "system"]),
        prop::collection::vec(part, 0..3),
    )
        .prop_map(|(role, content)| json!({"type": "message", "role": role, "content": content}));
    let other = (select(vec!["function_call", "function_call_output", "mcp_call", "dream"]), id())
        .prop_map(|(kind, call)| json!({"type": kind, "call_id": call, "name": "f", "arguments": "{}", "output": ""}));
    let item = (
        id(),
        status,
        prop_oneof![2 => message.boxed(), 1 => other.boxed()],
    )
        .prop_map(|(id, status, mut item)| {
            item["id"] = id;
            item["status"] = status;
            item
        });
    let response = (id(), any::<bool>(), prop::collection::vec(item.clone(), 0..3)).prop_map(
        |(id, inside, output)| {
            json!({"id": id, "output": output, "conversation_id": if inside { json!("conv") } else { Value::Null }})
        },
    );
    let event_type = select([ClientEvent::TYPES, ServerEvent::TYPES].concat());
    let session = prop_oneof![
        text().prop_map(|text| json!({"instructions": text})),
        Just(json!({"audio": {"input": {"turn_detection": null}}})),
        Just(json!({"audio": {"output": {"voice": "marin"}}})),
    ];
    let param = select(vec![Value::Null, "session.x".into(), "item.x".into()]);
    (event_type, id(), id(), id(), item, response, session, param).prop_map(
        |(event_type, event_id, id, previous, item, response, session, param)| {
            json!({"type": event_type, "event_id": event_id, "item_id": id, "response_id": id,
                "previous_item_id": previous, "item": item, "response": response, "session": session,
                "transcript": "said", "audio": "AAAA", "content_index": 0,
                "error": {"event_id": event_id, "param": param}})
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 128,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever went before, and however often it broke off.
    #[test]
    fn what_is_restored_is_valid_and_bounded(
        max_bytes in prop_oneof![Just(0), 200..4000usize, Just(PLENTY)],
        outages in prop::collection::vec(
            (prop::collection::vec(any_event(), 0..40), 0..20usize),
            1..4,
        ),
    ) {
        let mut memory = Memory::new(max_bytes);
        for (events, sent) in outages {
            tell(&mut memory, events);
            let restoration = memory.restore();
            let mut item_ids = Vec::new();
            let (mut bytes, mut settings_bytes) = (0, 0);
            let mut calls = Vec::new();
            for event in &restoration.events {
                let size = event.text().len();
                match event.clone().decode_as() {
                    ClientEvent::SessionUpdate(event) => {
                        prop_assert!(item_ids.is_empty(), "the configuration comes first");
                        prop_assert!(event.event_id.is_some());
                        settings_bytes += size;
                    }
                    ClientEvent::ConversationItemCreate(event) => {
                        prop_assert_eq!(event.previous_item_id, None);
                        prop_assert!(event.event_id.is_some());
                        item_ids.push(event.item.id().unwrap().to_owned());
                        bytes += size;
                        match event.item {
                            Item::Message(message) => {
                                prop_assert!(!message.content.is_empty());
                                for part in message.content {
                                    prop_assert!(!part.kind.as_str().ends_with("audio"), "{:?}", part);
                                    prop_assert_eq!(part.audio, None);
                                }
                            }
                            Item::FunctionCall(call) => calls.extend(call.call_id),
                            Item::FunctionCallOutput(output) => {
                                prop_assert!(calls.contains(&output.call_id));
                            }
                            _ => {}
                        }
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert!(bytes == 0 || bytes + settings_bytes <= max_bytes, "{bytes} + {settings_bytes} > {max_bytes}");
            let mut different = item_ids.clone();
            different.sort();
            different.dedup();
            prop_assert_eq!(different.len(), item_ids.len(), "no item comes back twice");
            for one in &restoration.lost {
                if let Lost::Item { item_id: Some(id), why } = one {
                    prop_assert!(*why == WhyLost::NoText || !item_ids.contains(id), "{} and put back", one);
                }
            }

            // It can be asked for again, at once and after some of it was sent, and nothing is lost
            // any more.
            let again = memory.restore();
            prop_assert_eq!(parts(&again), parts(&restoration));
            prop_assert_eq!(&again.lost, &[]);
            for event in again.events.iter().take(sent) {
                memory.sent(event);
            }
            let again = memory.restore();
            prop_assert_eq!(parts(&again), parts(&restoration));
            prop_assert_eq!(&again.lost, &[]);
        }
    }
}
