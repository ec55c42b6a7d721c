//! The arbiter of responses, against a server that keeps to the service's rules.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use openai_realtime_ws::conversation::{
    CancelledBy, IncompleteReason, Outcome, RequestError, ResponseEnd, ResponseLimits,
    ResponseTicket, Responses, RetryAdvice,
};
use openai_realtime_ws::protocol::{
    Events, Modality, ResponseConversation, ResponseCreate, ResponseParams,
};
use openai_realtime_ws::{ClientEvent, ServerEvent};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(super) const START: Duration = Duration::ZERO;

pub(super) fn event(event: &Value) -> ServerEvent {
    ServerEvent::parse(event.to_string()).unwrap()
}

pub(super) fn created(id: &str, metadata: &Value) -> ServerEvent {
    event(
        &json!({"type": "response.created", "response": {"id": id, "status": "in_progress",
        "conversation_id": "conv_1", "metadata": metadata}}),
    )
}

pub(super) fn ended(id: &str, status: &str, details: &Value) -> ServerEvent {
    event(
        &json!({"type": "response.done", "response": {"id": id, "status": status,
        "status_details": details}}),
    )
}

pub(super) fn done(id: &str) -> ServerEvent {
    ended(id, "completed", &Value::Null)
}

pub(super) fn refused(code: &str, event_id: Option<&str>) -> ServerEvent {
    event(
        &json!({"type": "error", "error": {"type": "invalid_request_error", "code": code,
        "message": "No.", "event_id": event_id}}),
    )
}

pub(super) fn speech(what: &str) -> ServerEvent {
    event(&json!({"type": format!("input_audio_buffer.speech_{what}"), "item_id": "item_1"}))
}

/// The `response.create` that is to be sent, and no other event.
pub(super) fn sent(responses: &mut Responses) -> ResponseCreate {
    let Some(ClientEvent::ResponseCreate(event)) = responses.poll() else {
        panic!("no request was sent");
    };
    assert_eq!(responses.poll(), None);
    event
}

pub(super) fn metadata(event: &ResponseCreate) -> Value {
    json!(event.response.as_ref().unwrap().metadata)
}

pub(super) fn end(responses: &mut Responses) -> ResponseEnd {
    responses.poll_end().expect("nothing has ended")
}

pub(super) fn instructions(text: &str) -> ResponseCreate {
    ResponseCreate::new(ResponseParams::default().instructions(text))
}

#[test]
fn requests_are_answered_in_order_one_at_a_time() {
    let mut responses = Responses::new();
    let first = responses.request(START, instructions("one"));
    let second = responses.request(START, instructions("two"));
    let event = sent(&mut responses);
    assert_eq!(
        event.response.as_ref().unwrap().instructions.as_deref(),
        Some("one")
    );
    responses.received(START, &created("resp_1", &metadata(&event)));
    assert_eq!(responses.response_of(first), Some("resp_1"));
    assert_eq!(responses.active(), Some("resp_1"));
    assert_eq!(responses.poll(), None);
    responses.received(START, &done("resp_1"));
    let event = sent(&mut responses);
    assert_eq!(
        event.response.as_ref().unwrap().instructions.as_deref(),
        Some("two")
    );
    let ended = end(&mut responses);
    assert_eq!(
        (ended.ticket, ended.response_id.as_deref()),
        (Some(first), Some("resp_1"))
    );
    responses.received(START, &created("resp_2", &metadata(&event)));
    responses.received(START, &done("resp_2"));
    assert_eq!(end(&mut responses).ticket, Some(second));
    assert!(responses.is_idle());
}

#[test]
fn a_collision_is_tried_again_whichever_event_the_error_names() {
    for (named, seen_first) in [
        (Some("own"), true),
        (Some("own"), false),
        (Some("another"), true),
        (None, true),
        (None, false),
    ] {
        let mut responses = Responses::new();
        let ticket = responses.request(START, ResponseCreate::default());
        let event = sent(&mut responses);
        let own = event.event_id.clone();
        let named = named.map(|named| {
            if named == "own" {
                own.as_deref().unwrap()
            } else {
                named
            }
        });
        // A server that returns no metadata does not say whose response it is.
        if seen_first {
            responses.received(START, &created("vad_1", &Value::Null));
        }
        responses.received(
            START,
            &refused("conversation_already_has_active_response", named),
        );
        if !seen_first {
            responses.received(START, &created("vad_1", &Value::Null));
        }
        assert_eq!(responses.poll(), None);
        responses.received(START, &done("vad_1"));
        let ended = end(&mut responses);
        assert_eq!(
            (ended.ticket, ended.response_id.as_deref()),
            (None, Some("vad_1"))
        );
        sent(&mut responses);
        responses.received(START, &created("resp_1", &Value::Null));
        responses.received(START, &done("resp_1"));
        assert_eq!(end(&mut responses).ticket, Some(ticket));
    }
}

#[test]
fn a_collision_with_a_response_that_is_never_seen_is_tried_again_in_time() {
    let mut responses = Responses::new();
    let ticket = responses.request(START, ResponseCreate::default());
    let mut now = START;
    let mut attempts = 0;
    let error = loop {
        sent(&mut responses);
        attempts += 1;
        responses.received(
            now,
            &refused("conversation_already_has_active_response", None),
        );
        if let Some(ended) = responses.poll_end() {
            assert_eq!(ended.ticket, Some(ticket));
            break ended.result.unwrap_err();
        }
        assert_eq!(responses.poll(), None);
        let at = responses.wake_at().unwrap();
        assert!(at > now);
        now = at;
        responses.tick(now);
    };
    assert!(
        matches!(error, RequestError::Busy { attempts: 8, .. }),
        "{error:?}"
    );
    assert_eq!(attempts, 8);
    assert!(responses.is_idle());
}

#[test]
fn a_request_that_is_never_begun_ends_with_an_error() {
    let mut responses = Responses::new();
    let ticket = responses.request(START, ResponseCreate::default());
    let event = sent(&mut responses);
    assert_eq!(responses.wake_at(), Some(Duration::from_secs(10)));
    responses.tick(Duration::from_millis(9_999));
    assert_eq!(responses.poll_end(), None);
    let now = Duration::from_secs(10);
    responses.tick(now);
    let ended = end(&mut responses);
    assert_eq!(
        (ended.ticket, ended.result),
        (Some(ticket), Err(RequestError::TimedOut))
    );
    // Nobody waits for its response any more, so it is cut short.
    responses.received(now, &created("late", &metadata(&event)));
    let Some(ClientEvent::ResponseCancel(cancel)) = responses.poll() else {
        panic!("the late response goes on");
    };
    assert_eq!(cancel.response_id.as_deref(), Some("late"));
}

#[test]
fn responses_of_another_client_are_left_alone() {
    let mut responses = Responses::new().event_ids("mine_");
    let theirs = json!({"client_request": "request_1"});
    responses.received(START, &created("resp_1", &theirs));
    assert_eq!(responses.active(), Some("resp_1"));
    assert_eq!(responses.poll(), None);
    let ticket = responses.request(START, ResponseCreate::default());
    responses.received(START, &done("resp_1"));
    assert_eq!(end(&mut responses).ticket, None);
    let event = sent(&mut responses);
    assert_eq!(event.event_id.as_deref(), Some("mine_1"));
    // Theirs began first, so ours waits for its end.
    responses.received(
        START,
        &created("resp_2", &json!({"client_request": "request_2"})),
    );
    let named = Some("mine_1");
    responses.received(
        START,
        &refused("conversation_already_has_active_response", named),
    );
    responses.received(START, &done("resp_2"));
    assert_eq!(end(&mut responses).ticket, None);
    let event = sent(&mut responses);
    responses.received(START, &created("resp_3", &metadata(&event)));
    responses.received(START, &done("resp_3"));
    assert_eq!(end(&mut responses).ticket, Some(ticket));
}

#[test]
fn a_request_waits_for_its_turn_no_longer_than_the_bound() {
    let mut responses = Responses::new();
    responses.received(START, &created("endless", &Value::Null));
    let ticket = responses.request(START, ResponseCreate::default());
    let now = responses.wake_at().unwrap();
    assert_eq!(now, Duration::from_secs(120));
    responses.tick(now);
    let ended = end(&mut responses);
    assert_eq!(
        (ended.ticket, ended.result),
        (Some(ticket), Err(RequestError::TimedOut))
    );
}

#[test]
fn a_refusal_ends_the_request_that_it_names() {
    for named in [true, false] {
        let mut responses = Responses::new();
        let ticket = responses.request(START, ResponseCreate::default());
        let next = responses.request(START, ResponseCreate::default());
        let id = sent(&mut responses).event_id.unwrap();
        // An error about something else is not about the request.
        responses.received(START, &refused("input_audio_buffer_commit_empty", None));
        responses.received(START, &refused("invalid_value", Some("another")));
        assert_eq!(responses.poll_end(), None);
        let error = json!({"type": "error", "error": {"type": "invalid_request_error",
            "code": "invalid_value", "message": "No such voice.", "param": "response.audio.output.voice",
            "event_id": if named { json!(id) } else { Value::Null }}});
        responses.received(START, &event(&error));
        let ended = end(&mut responses);
        assert_eq!(ended.ticket, Some(ticket));
        let Err(RequestError::Refused(error)) = ended.result else {
            panic!("{ended:?}");
        };
        assert_eq!(error.code.as_deref(), Some("invalid_value"));
        assert_ne!(next, ticket);
        sent(&mut responses);
    }
}

#[test]
fn a_cancellation_waits_for_the_end_before_the_next_request() {
    let mut responses = Responses::new();
    let first = responses.request(START, ResponseCreate::default());
    let event = sent(&mut responses);
    let second = responses.request(START, ResponseCreate::default());
    // Its id is not known yet, so the cancellation waits for the beginning.
    assert!(responses.cancel(START));
    assert_eq!(responses.poll(), None);
    responses.received(START, &created("resp_1", &metadata(&event)));
    assert!(responses.cancel(START), "again");
    let Some(ClientEvent::ResponseCancel(cancel)) = responses.poll() else {
        panic!("not cancelled");
    };
    assert_eq!(cancel.response_id.as_deref(), Some("resp_1"));
    assert_eq!(responses.poll(), None);
    let details = json!({"type": "cancelled", "reason": "client_cancelled"});
    responses.received(START, &ended("resp_1", "cancelled", &details));
    let ended = end(&mut responses);
    assert_eq!(ended.ticket, Some(first));
    assert_eq!(
        ended.result.unwrap().outcome,
        Outcome::Cancelled(CancelledBy::Client)
    );
    sent(&mut responses);
    // A waiting request is withdrawn, and nothing is sent.
    let third = responses.request(START, ResponseCreate::default());
    assert!(responses.cancel_request(START, third));
    assert!(!responses.cancel_request(START, third));
    assert_eq!(end(&mut responses).result, Err(RequestError::Withdrawn));
    assert!(responses.cancel_request(START, second));
    assert_eq!(responses.poll(), None);
}

#[test]
fn a_cancellation_that_came_too_late_holds_up_nothing() {
    let mut responses = Responses::new();
    responses.received(START, &created("resp_1", &Value::Null));
    responses.cancel(START);
    let id = responses.poll().unwrap().event_id().map(str::to_owned);
    responses.request(START, ResponseCreate::default());
    responses.received(START, &refused("response_cancel_not_active", id.as_deref()));
    sent(&mut responses);

    // If its end is never told, it counts as ended after a while.
    responses.received(START, &created("resp_2", &Value::Null));
    responses.cancel(START);
    responses.poll().unwrap();
    responses.request(START, ResponseCreate::default());
    responses.tick(Duration::from_secs(10));
    sent(&mut responses);
}

#[test]
fn responses_beside_the_conversation_wait_for_nothing() {
    let mut responses = Responses::new();
    responses.received(START, &created("resp_1", &Value::Null));
    let params = ResponseParams::default()
        .conversation(ResponseConversation::None)
        .output_modalities([Modality::Text]);
    let ticket = responses.request(START, ResponseCreate::new(params));
    let event = sent(&mut responses);
    responses.received(START, &created("aside", &metadata(&event)));
    assert_eq!(responses.active(), Some("resp_1"));
    responses.received(START, &done("aside"));
    assert_eq!(end(&mut responses).ticket, Some(ticket));
    assert_eq!(responses.active(), Some("resp_1"));
}

#[test]
fn a_lost_connection_ends_what_was_under_way_and_keeps_what_was_not() {
    let mut responses = Responses::new();
    let first = responses.request(START, ResponseCreate::default());
    let event = sent(&mut responses);
    responses.received(START, &created("resp_1", &metadata(&event)));
    let second = responses.request(START, ResponseCreate::default());
    responses.connection_lost();
    let ended = end(&mut responses);
    assert_eq!(
        (ended.ticket, ended.result),
        (Some(first), Err(RequestError::ConnectionLost))
    );
    // An outage is no reason to give a request up.
    assert_eq!(responses.wake_at(), None);
    responses.tick(Duration::from_secs(600));
    assert_eq!((responses.poll(), responses.poll_end()), (None, None));
    let now = Duration::from_secs(600);
    responses.connected(now);
    sent(&mut responses);
    // Asked for, and not begun: it is asked for again.
    responses.connection_lost();
    responses.connected(now);
    let event = sent(&mut responses);
    responses.received(now, &created("resp_2", &metadata(&event)));
    responses.received(now, &done("resp_2"));
    assert_eq!(end(&mut responses).ticket, Some(second));
    responses.request(now, ResponseCreate::default());
    responses.close();
    assert_eq!(end(&mut responses).result, Err(RequestError::Closed));
}

#[test]
fn outcomes_are_told_apart() {
    let mut responses = Responses::new();
    let mut outcome = |status: &str, details: Value| {
        responses.received(START, &ended("resp", status, &details));
        end(&mut responses).result.unwrap().outcome
    };
    assert_eq!(outcome("completed", Value::Null), Outcome::Completed);
    assert_eq!(
        outcome("cancelled", json!({"reason": "turn_detected"})),
        Outcome::Cancelled(CancelledBy::Speech)
    );
    assert_eq!(
        outcome("cancelled", Value::Null),
        Outcome::Cancelled(CancelledBy::Other(String::new()))
    );
    assert_eq!(
        outcome("incomplete", json!({"reason": "max_output_tokens"})),
        Outcome::Incomplete(IncompleteReason::MaxOutputTokens)
    );
    let mut failed = |code: &str, message: &str| {
        let error = json!({"type": "x", "code": code, "message": message});
        match outcome("failed", json!({"type": "failed", "error": error})) {
            Outcome::Failed(failure) => (failure.code, failure.advice),
            other => panic!("{other:?}"),
        }
    };
    let wait = |seconds| RetryAdvice::Wait(Some(Duration::from_secs_f64(seconds)));
    for (code, message, advice) in [
        ("server_error", "Oops", RetryAdvice::Retry),
        (
            "rate_limit_exceeded",
            "Please try again in 1.5s. More.",
            wait(1.5),
        ),
        (
            "rate_limit_exceeded",
            "Please try again in 250ms.",
            wait(0.25),
        ),
        ("rate_limit_exceeded", "Later", RetryAdvice::Wait(None)),
        ("insufficient_quota", "Pay", RetryAdvice::GiveUp),
    ] {
        assert_eq!(failed(code, message), (code.to_owned(), advice));
    }
}

/// A server as the service is: one response at a time, its own by turn detection among them.
#[derive(Default)]
struct Server {
    /// Whose response is under way: a client event's id, or none for the server's own.
    active: Option<(String, Option<String>)>,
    inbox: VecDeque<ClientEvent>,
    outbox: VecDeque<ServerEvent>,
    made: u32,
    /// Response by the id of the event that asked for it.
    answers: BTreeMap<String, String>,
    /// Set if it returns metadata and names events in errors.
    tells: bool,
}

impl Server {
    fn begin(&mut self, asked: Option<&ResponseCreate>) {
        self.made += 1;
        let id = format!("resp_{}", self.made);
        let told = asked.filter(|_| self.tells);
        self.outbox
            .push_back(created(&id, &told.map_or(Value::Null, metadata)));
        let asked = asked.and_then(|event| event.event_id.clone());
        if let Some(asked) = &asked {
            let before = self.answers.insert(asked.clone(), id.clone());
            assert!(before.is_none() || !self.tells, "asked for twice");
        }
        self.active = Some((id, asked));
    }

    fn read(&mut self) {
        match self.inbox.pop_front() {
            Some(ClientEvent::ResponseCreate(event)) => match &self.active {
                Some((_, asked)) => {
                    // Where the server tells nothing, its own response may be taken for an answer.
                    assert!(asked.is_none() || !self.tells, "a second request at once");
                    let id = event.event_id.as_deref().filter(|_| self.tells);
                    let refused = refused("conversation_already_has_active_response", id);
                    self.outbox.push_back(refused);
                }
                None => self.begin(Some(&event)),
            },
            Some(ClientEvent::ResponseCancel(event)) => match &self.active {
                Some((id, _)) if Some(id) == event.response_id.as_ref() => {
                    self.finish("cancelled");
                }
                _ => {
                    let id = event.event_id.as_deref().filter(|_| self.tells);
                    self.outbox
                        .push_back(refused("response_cancel_not_active", id));
                }
            },
            _ => {}
        }
    }

    fn finish(&mut self, status: &str) {
        if let Some((id, _)) = self.active.take() {
            self.outbox.push_back(ended(&id, status, &Value::Null));
        }
    }
}

proptest! {
    #[test]
    fn every_request_ends_once_and_never_meets_another(
        steps in prop::collection::vec(0_u8..10, 0..200),
        tells: bool,
    ) {
        let limits = ResponseLimits::default();
        let limits = { let mut limits = limits; limits.attempts = 1000; limits };
        let mut responses = Responses::new().limits(limits);
        let mut server = Server { tells, ..Server::default() };
        let (mut manual, mut follow_ups, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        let mut ids: BTreeMap<ResponseTicket, Vec<String>> = BTreeMap::new();
        let mut now = START;
        // That the server returns metadata shows in the first answer: until then, a response of its
        // own that is over before the request arrives is taken for the answer.
        let first = if tells { vec![0, 5, 7, 8, 7] } else { Vec::new() };
        // At the end, all is read and finished.
        let rest = std::iter::repeat_n([6, 7, 8, 9], 3 * steps.len() + 4).flatten();
        for step in first.into_iter().chain(steps).chain(rest) {
            now += Duration::from_millis(1);
            match step {
                0 => {
                    let ticket = responses.request(now, ResponseCreate::default());
                    manual.push(ticket);
                }
                1 => follow_ups.push(responses.request_follow_up(now, ResponseCreate::default())),
                2 if server.active.is_none() => server.begin(None),
                3 => { responses.cancel(now); }
                4 => { manual.last().map(|ticket| responses.cancel_request(now, *ticket)); }
                5 | 6 => server.read(),
                7 => {
                    if let Some(event) = server.outbox.pop_front() {
                        responses.received(now, &event);
                    }
                }
                8 => server.finish("completed"),
                _ => {
                    // A second passes, which no bound minds.
                    if responses.wake_at().is_some_and(|at| at < now + Duration::from_secs(4)) {
                        now += Duration::from_secs(4);
                        responses.tick(now);
                    }
                }
            }
            while let Some(event) = responses.poll() {
                server.inbox.push_back(event);
            }
            while let Some(end) = responses.poll_end() {
                let withdrawn = end.result == Err(RequestError::Withdrawn);
                prop_assert!(end.result.is_ok() || withdrawn, "{:?}", end.result);
                if let (Some(ticket), Some(id)) = (end.ticket, end.response_id) {
                    ids.entry(ticket).or_default().push(id);
                }
                ends.extend(end.ticket);
            }
        }
        prop_assert!(responses.is_idle(), "{responses:?}");
        let mut all: Vec<_> = manual.iter().chain(&follow_ups).copied().collect();
        all.sort();
        ends.sort();
        prop_assert_eq!(&ends, &all);
        if tells {
            // Each of the application's own has a response of its own, in order.
            let answers: Vec<_> = manual.iter().filter_map(|ticket| ids.get(ticket)).collect();
            let numbers: Vec<u32> = answers.iter().map(|ids| ids[0][5..].parse().unwrap()).collect();
            prop_assert!(numbers.is_sorted_by(|a, b| a < b), "{:?}", numbers);
            let answered: Vec<_> = server.answers.values().collect();
            for id in ids.values().flatten() {
                prop_assert!(answered.contains(&id), "{} answers nobody", id);
            }
        }
    }
}
