//! The parts of a conversation that come back, and those that do not.

use super::*;

#[test]
fn items_come_back_in_the_conversations_order() {
    check_items(
        [
            added(user("a", "1")),
            done(user("a", "1")),
            added(user("c", "3")),
            json!({"type": "conversation.item.added", "previous_item_id": "a", "item": user("b", "2")}),
            json!({"type": "conversation.item.created", "previous_item_id": "c", "item": assistant("d", "4")}),
            done(assistant("d", "4")),
        ],
        [
            user("a", "1"),
            user("b", "2"),
            user("c", "3"),
            assistant("d", "4"),
        ],
        [],
    );
}

#[test]
fn what_the_client_made_comes_back_whether_or_not_it_was_answered() {
    let mut at_root = create(user("first", "0"));
    at_root["previous_item_id"] = "root".into();
    check_items(
        [
            create(user("a", "1")),
            added(user("a", "1")),
            create(user("b", "2")),
            at_root,
        ],
        [user("first", "0"), user("a", "1"), user("b", "2")],
        [],
    );
}

#[test]
fn an_item_that_the_server_names_is_the_clients() {
    let mut unnamed = user("", "hi");
    unnamed.as_object_mut().unwrap().remove("id");
    check_items(
        [
            create(unnamed.clone()),
            create(unnamed.clone()),
            added(user("item_1", "hi")),
            done(user("item_1", "hi")),
        ],
        // The second is not answered, and needs an id so that it can be told from others.
        [user("item_1", "hi"), user("restore_2", "hi")],
        [],
    );
}

#[test]
fn an_item_that_was_refused_is_not_restored() {
    let mut named = create(user("b", "2"));
    named["event_id"] = "e1".into();
    check_items(
        [
            create(user("a", "1")),
            named,
            error(Some("e1"), None),
            create(user("c", "3")),
            added(user("a", "1")),
            error(None, Some("item.content[0].type")),
        ],
        [user("a", "1")],
        [],
    );
}

#[test]
fn a_second_item_of_an_id_is_the_first() {
    check_items(
        [
            added(user("a", "1")),
            create(user("a", "2")),
            error(None, Some("item.id")),
        ],
        [user("a", "1")],
        [],
    );
}

#[test]
fn speech_comes_back_as_its_transcript() {
    let said = |transcript: Value| {
        json!({"type": "message", "id": "a", "object": "realtime.item", "role": "user", "status": "completed",
            "content": [{"type": "input_audio", "transcript": transcript}]})
    };
    let transcribed = json!({"type": "conversation.item.input_audio_transcription.completed", "item_id": "a",
        "content_index": 0, "transcript": "Hello."});
    // It mostly comes late, and the item may be told of once more.
    check_items(
        [
            json!({"type": "input_audio_buffer.committed", "item_id": "a"}),
            added(said(Value::Null)),
            transcribed,
            done(said(Value::Null)),
        ],
        [user("a", "Hello.")],
        [],
    );
    check_items([added(said("Hello.".into()))], [user("a", "Hello.")], []);
    check_items([added(said(Value::Null))], [], [lost("a", WhyLost::NoText)]);
    check_items(
        [json!({"type": "input_audio_buffer.committed", "item_id": "a"})],
        [],
        [lost("a", WhyLost::NoText)],
    );
}

#[test]
fn the_other_parts_of_a_message_come_back() {
    let image =
        json!({"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"});
    let text = json!({"type": "input_text", "text": "Look:"});
    let audio = json!({"type": "input_audio", "audio": "AAAA"});
    let message =
        |content: Value| json!({"type": "message", "id": "a", "role": "user", "content": content});
    check_items(
        [
            create(message(json!([text, image, audio]))),
            // A server need not show the image again.
            added(message(
                json!([text, {"type": "input_image"}, {"type": "input_audio", "transcript": null}]),
            )),
        ],
        [message(json!([text, image]))],
        [lost("a", WhyLost::NoText)],
    );
}

#[test]
fn what_the_model_said_comes_back_as_text() {
    let item = spoken("a", "completed", "Good morning.");
    check_items(responded("r", &item), [assistant("a", "Good morning.")], []);
    // A response that the user interrupted has ended, too.
    let item = spoken("a", "incomplete", "Good mor");
    check_items(responded("r", &item), [assistant("a", "Good mor")], []);
    // One that had not begun to speak leaves nothing.
    let mut item = spoken("a", "incomplete", "");
    item["content"] = json!([]);
    check_items(responded("r", &item), [], []);
}

#[test]
fn older_servers_parts_get_todays_names() {
    let old = json!({"type": "message", "id": "a", "role": "assistant", "status": "completed",
        "content": [{"type": "audio", "transcript": "Hi"}, {"type": "text", "text": "Hi"}]});
    let parts =
        json!([{"type": "output_text", "text": "Hi"}, {"type": "output_text", "text": "Hi"}]);
    let new = json!({"type": "message", "id": "a", "role": "assistant", "content": parts});
    check_items(responded("r", &old), [new], []);
}

#[test]
fn nothing_of_a_response_under_way_comes_back() {
    let item = spoken("a", "completed", "Good morning.");
    let response_id = || Some("r".to_owned());
    for length in 1..=begun("r", &item).len() {
        let mut events = vec![added(user("u", "Hi"))];
        events.extend(begun("r", &item).into_iter().take(length));
        let mut expected = vec![Lost::Response {
            response_id: response_id(),
        }];
        if length > 1 {
            expected.push(lost("a", WhyLost::HalfResponse));
        }
        check_items(events, [user("u", "Hi")], expected);
    }
}

#[test]
fn a_response_that_was_asked_for_is_lost_until_it_is_begun_or_refused() {
    let ask = |event_id: Option<&str>| json!({"type": "response.create", "event_id": event_id});
    let active =
        json!({"type": "error", "error": {"code": "conversation_already_has_active_response"}});
    let asked = Lost::Response { response_id: None };
    check_items([ask(None)], [], [asked.clone()]);
    check_items(
        [ask(Some("e")), ask(None)],
        [],
        [asked.clone(), asked.clone()],
    );
    check_items(
        [ask(Some("e")), ask(None), error(Some("e"), None)],
        [],
        [asked.clone()],
    );
    check_items([ask(Some("e")), ask(None), active], [], [asked.clone()]);
    check_items([ask(None), error(None, Some("response.tools"))], [], []);
    check_items([ask(None), error(None, Some("session.tools"))], [], [asked]);
    let item = spoken("a", "completed", "Good morning.");
    let mut events = vec![ask(None)];
    events.extend(responded("r", &item));
    check_items(events, [assistant("a", "Good morning.")], []);
}

#[test]
fn a_response_beside_the_conversation_leaves_nothing() {
    let item = spoken("a", "completed", "An aside.");
    let events = [
        json!({"type": "response.created", "response": {"id": "r", "conversation_id": null}}),
        json!({"type": "response.output_item.added", "response_id": "r", "item": item}),
        json!({"type": "response.output_item.done", "response_id": "r", "item": item}),
        json!({"type": "response.done", "response": {"id": "r", "output": [item]}}),
    ];
    check_items(events, [], []);
}

#[test]
fn a_server_that_does_not_tell_of_conversations() {
    let item = spoken("a", "completed", "Hi");
    let events = [
        json!({"type": "response.created", "response": {"id": "r"}}),
        json!({"type": "response.output_item.added", "response_id": "r", "item": item}),
        done(item.clone()),
        json!({"type": "response.done", "response": {"id": "r", "output": [item]}}),
    ];
    check_items(events, [assistant("a", "Hi")], []);
}

#[test]
fn function_calls_come_back_with_and_without_their_outputs() {
    let complete = call("a", Some("completed"));
    let half = call("b", Some("incomplete"));
    let mut events = responded("r1", &complete);
    events.push(create(output("out_a", "a")));
    events.extend(responded("r2", &half));
    events.push(create(output("out_b", "b")));
    events.extend(responded("r3", &call("c", Some("completed"))));
    check_items(
        events,
        [call("a", None), output("out_a", "a"), call("c", None)],
        [
            lost("b", WhyLost::HalfResponse),
            lost("out_b", WhyLost::NothingToAnswer),
        ],
    );
}

#[test]
fn what_only_the_server_makes_is_lost() {
    let item = |kind: &str| json!({"type": kind, "id": kind, "server_label": "s", "name": "n", "arguments": "{}"});
    check_items(
        [
            done(item("mcp_list_tools")),
            done(item("mcp_approval_request")),
            create(
                json!({"type": "mcp_approval_response", "id": "yes", "approval_request_id": "mcp_approval_request",
                "approve": true}),
            ),
            done(item("mcp_call")),
            done(item("dream")),
            create(json!({"type": "note", "id": "mine"})),
        ],
        // A kind that this version does not know can be made if the client has made it.
        [json!({"type": "note", "id": "mine"})],
        [
            lost("mcp_approval_request", WhyLost::ServerOnly),
            lost("yes", WhyLost::NothingToAnswer),
            lost("mcp_call", WhyLost::ServerOnly),
            lost("dream", WhyLost::ServerOnly),
        ],
    );
}

#[test]
fn a_truncated_message_comes_back_as_the_words_that_were_heard() {
    let item = spoken("a", "completed", "One, two, three, four.");
    let cut = |ms: u64| {
        json!({"type": "conversation.item.truncated", "item_id": "a",
        "content_index": 0, "audio_end_ms": ms})
    };
    let second = |text: &str| {
        json!({"type": "response.output_audio.delta", "response_id": "r", "item_id": "a",
            "output_index": 0, "content_index": 0, "delta": text})
    };
    // A second of 24,000 samples, in two halves.
    let half = "A".repeat(32_000);
    let audible = |end: Value| {
        let mut events = responded("r", &item);
        events.splice(2..2, [second(&half), second(&half)]);
        events.push(end);
        // What comes late does not bring the other words back.
        events.push(done(item.clone()));
        events
    };
    check_items(audible(cut(500)), [assistant("a", "One, two,")], []);
    check_items(
        audible(cut(1000)),
        [assistant("a", "One, two, three, four.")],
        [],
    );
    check_items(audible(cut(0)), [], []);
    // Without the audio, nothing says how long it was.
    let mut events = responded("r", &item);
    events.push(cut(500));
    check_items(events, [], [lost("a", WhyLost::Truncated)]);
    // Another format has another length.
    let telephone = json!({"type": "session.updated", "session": {"type": "realtime",
        "audio": {"output": {"format": {"type": "audio/pcmu"}}}}});
    let mut events = audible(cut(1500));
    events.insert(0, telephone);
    check_items(events, [assistant("a", "One,")], []);
}

#[test]
fn a_deleted_item_is_gone() {
    let delete = json!({"type": "conversation.item.delete", "item_id": "a"});
    let deleted = json!({"type": "conversation.item.deleted", "item_id": "a"});
    check_items(
        [added(user("a", "1")), delete.clone(), deleted.clone()],
        [],
        [],
    );
    check_items([added(user("a", "1")), deleted], [], []);
    // The client's wish counts, even if the server did not answer it any more.
    let late = done(user("a", "1"));
    check_items([added(user("a", "1")), delete.clone(), late], [], []);
    // The id is free again then.
    check_items(
        [added(user("a", "1")), delete, create(user("a", "2"))],
        [user("a", "2")],
        [],
    );
}

#[test]
fn uncommitted_audio_is_counted() {
    let append = || json!({"type": "input_audio_buffer.append", "audio": "AAAAAAAA"});
    let commit = json!({"type": "input_audio_buffer.commit"});
    let committed = json!({"type": "input_audio_buffer.committed"});
    let clear = json!({"type": "input_audio_buffer.clear"});
    let bytes_after = |events: &[&Value]| {
        let (_, _, lost) = restored(events.iter().map(|event| (*event).clone()));
        match lost.as_slice() {
            [] => 0,
            [Lost::InputAudio { bytes }] => *bytes,
            other => panic!("{other:?}"),
        }
    };
    let append = &append();
    assert_eq!(bytes_after(&[append, append]), 12);
    assert_eq!(bytes_after(&[append, &commit]), 6);
    assert_eq!(bytes_after(&[append, &commit, append, &committed]), 6);
    assert_eq!(bytes_after(&[append, append, &committed]), 0);
    assert_eq!(bytes_after(&[append, &clear]), 0);
}
