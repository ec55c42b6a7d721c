//! Replies to tools' outputs: merged, held back, and left out where another reply covers them.

use openai_realtime_ws::ServerEvent;
use openai_realtime_ws::conversation::{FollowUp, Outcome, ResponseTicket, Responses};
use openai_realtime_ws::protocol::{ResponseCreate, ResponseParams, ToolChoice};
use serde_json::{Value, json};

use super::responses::{
    START, created, done, end, ended, event, instructions, metadata, refused, sent, speech,
};

#[test]
fn the_second_of_two_tools_replies_is_not_asked_for_twice() {
    let mut responses = Responses::new();
    responses.received(START, &created("resp_1", &Value::Null));
    let first = responses.request_follow_up(START, ResponseCreate::default());
    let second = responses.request_follow_up(START, ResponseCreate::default());
    let manual = responses.request(START, ResponseCreate::default());
    let third = responses.request_follow_up(START, ResponseCreate::default());
    assert_eq!(responses.poll(), None, "a response is under way");
    responses.received(START, &done("resp_1"));
    assert_eq!(end(&mut responses).ticket, None);
    let mut answered = Vec::new();
    for id in ["resp_2", "resp_3", "resp_4"] {
        let event = sent(&mut responses);
        responses.received(START, &created(id, &metadata(&event)));
        responses.received(START, &done(id));
        while let Some(end) = responses.poll_end() {
            answered.push((end.ticket.unwrap(), end.response_id.unwrap()));
        }
    }
    let answered: Vec<_> = answered
        .iter()
        .map(|(ticket, id)| (*ticket, id.as_str()))
        .collect();
    assert_eq!(
        answered,
        [
            (first, "resp_2"),
            (second, "resp_2"),
            (manual, "resp_3"),
            (third, "resp_4")
        ]
    );
    assert_eq!(responses.poll(), None);
}

#[test]
fn follow_ups_wait_while_the_user_speaks() {
    let mut responses = Responses::new();
    responses.received(START, &speech("started"));
    responses.request_follow_up(START, ResponseCreate::default());
    assert_eq!(responses.poll(), None);
    // The application knows what it does.
    responses.request(START, ResponseCreate::default());
    let event = sent(&mut responses);
    responses.received(START, &created("resp_1", &metadata(&event)));
    responses.received(START, &done("resp_1"));
    assert_eq!(responses.poll(), None);
    responses.received(START, &speech("stopped"));
    sent(&mut responses);
}

#[test]
fn the_parameters_of_the_last_follow_up_count() {
    let mut responses = Responses::new();
    responses.received(START, &created("resp_1", &Value::Null));
    responses.request_follow_up(START, ResponseCreate::default());
    let last = ResponseParams::default().tool_choice(ToolChoice::None);
    responses.request_follow_up(START, ResponseCreate::new(last));
    responses.received(START, &done("resp_1"));
    let params = sent(&mut responses).response.unwrap();
    assert_eq!(params.tool_choice, Some(ToolChoice::None));
}

fn output_added(call_id: &str) -> ServerEvent {
    event(
        &json!({"type": "conversation.item.added", "item": {"type": "function_call_output",
        "id": format!("item_{call_id}"), "call_id": call_id, "output": "done"}}),
    )
}

fn about(call_ids: &[&str]) -> FollowUp {
    let mut follow_up = FollowUp::default();
    follow_up.call_ids = call_ids.iter().map(ToString::to_string).collect();
    follow_up
}

/// A follow-up that waits behind the server's own response, which knew some outputs when it began.
fn behind_a_reply_that_knew(known: &[&str]) -> (Responses, ResponseTicket) {
    let mut responses = Responses::new();
    responses.received(START, &speech("started"));
    responses.received(START, &output_added("early"));
    let ticket = responses.request_follow_up(START, about(&["early", "late"]));
    for call_id in known {
        responses.received(START, &output_added(call_id));
    }
    responses.received(START, &created("vad_1", &Value::Null));
    responses.received(START, &speech("stopped"));
    responses.received(START, &output_added("late"));
    assert_eq!(responses.poll(), None);
    (responses, ticket)
}

#[test]
fn a_follow_up_is_not_sent_behind_a_reply_that_knew_the_outputs() {
    let (mut responses, ticket) = behind_a_reply_that_knew(&["late"]);
    responses.received(START, &done("vad_1"));
    assert_eq!(responses.poll(), None);
    assert_eq!(end(&mut responses).ticket, None);
    let ended = end(&mut responses);
    assert_eq!(
        (ended.ticket, ended.response_id.as_deref()),
        (Some(ticket), Some("vad_1"))
    );
    assert_eq!(ended.result.unwrap().outcome, Outcome::Completed);
    assert!(responses.is_idle());
}

#[test]
fn a_follow_up_is_sent_behind_a_reply_that_did_not_know_all_outputs_or_did_not_tell_them() {
    let (mut responses, ticket) = behind_a_reply_that_knew(&[]);
    responses.received(START, &done("vad_1"));
    assert_eq!(end(&mut responses).ticket, None);
    let event = sent(&mut responses);
    responses.received(START, &created("resp_1", &metadata(&event)));
    responses.received(START, &done("resp_1"));
    assert_eq!(end(&mut responses).ticket, Some(ticket));
    for (status, details) in [
        ("failed", Value::Null),
        ("cancelled", json!({"reason": "turn_detected"})),
    ] {
        let (mut responses, _) = behind_a_reply_that_knew(&["late"]);
        responses.received(START, &ended("vad_1", status, &details));
        sent(&mut responses);
    }
    // A reply to something else says nothing of the outputs.
    let mut responses = Responses::new();
    responses.received(START, &created("resp_1", &Value::Null));
    responses.request(START, instructions("Say goodbye."));
    responses.request_follow_up(START, about(&["call"]));
    responses.received(START, &output_added("call"));
    responses.received(START, &done("resp_1"));
    let event = sent(&mut responses);
    responses.received(START, &created("resp_2", &metadata(&event)));
    responses.received(START, &done("resp_2"));
    sent(&mut responses);
}

#[test]
fn a_follow_up_that_collides_with_a_reply_that_knew_the_outputs_is_not_sent_again() {
    for returns_metadata in [true, false] {
        let mut responses = Responses::new();
        if returns_metadata {
            responses.request(START, ResponseCreate::default());
            let event = sent(&mut responses);
            responses.received(START, &created("resp_1", &metadata(&event)));
            responses.received(START, &done("resp_1"));
            end(&mut responses);
        }
        let ticket = responses.request_follow_up(START, about(&["call"]));
        let id = sent(&mut responses).event_id;
        responses.received(START, &output_added("call"));
        responses.received(START, &created("vad_1", &Value::Null));
        let refusal = refused("conversation_already_has_active_response", id.as_deref());
        responses.received(START, &refusal);
        responses.received(START, &done("vad_1"));
        assert_eq!(responses.poll(), None);
        assert_eq!(end(&mut responses).ticket, None);
        assert_eq!(end(&mut responses).ticket, Some(ticket));
    }
}

#[test]
fn the_servers_own_reply_to_speech_is_not_the_answer_even_without_metadata() {
    let speaks = |responses: &mut Responses| {
        responses.received(START, &speech("started"));
        responses.received(START, &speech("stopped"));
        let committed = json!({"type": "input_audio_buffer.committed", "item_id": "item_1"});
        responses.received(START, &event(&committed));
    };
    let mut responses = Responses::new();
    // The request is on its way when the server responds to the speech, and is over before the
    // server reads it, so that no refusal tells whose response it was.
    let ticket = responses.request(START, ResponseCreate::default());
    sent(&mut responses);
    speaks(&mut responses);
    responses.received(START, &created("vad_1", &Value::Null));
    responses.received(START, &done("vad_1"));
    assert_eq!(end(&mut responses).ticket, None);
    responses.received(START, &created("resp_1", &Value::Null));
    responses.received(START, &done("resp_1"));
    assert_eq!(end(&mut responses).ticket, Some(ticket));

    // A server that does not respond on its own begins what it was asked for.
    let mut responses = Responses::new();
    let session = json!({"type": "session.updated", "session": {"type": "realtime",
        "audio": {"input": {"turn_detection": {"type": "server_vad", "create_response": false}}}}});
    responses.received(START, &event(&session));
    speaks(&mut responses);
    let ticket = responses.request(START, ResponseCreate::default());
    responses.received(START, &created("resp_1", &Value::Null));
    responses.received(START, &done("resp_1"));
    assert_eq!(end(&mut responses).ticket, Some(ticket));
}
