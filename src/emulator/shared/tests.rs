//! Sockets that share a session, without sockets.

use serde_json::{Value, json};

use super::*;
use crate::emulator::output::IdSource;
use crate::emulator::plan::SessionPlan;
use crate::emulator::script::Script;

fn session() -> Arc<SharedSession> {
    let plan = SessionPlan::conversation("m");
    SharedSession::new(
        plan.begin(IdSource::new("t"), 7, &Arc::<Script>::default())
            .unwrap(),
    )
}

fn next(attached: &AttachedSocket) -> Option<SocketOutput> {
    match attached.poll(&mut Context::from_waker(Waker::noop())) {
        NextOutput::Ready(output) => Some(output),
        NextOutput::Pending(_) => None,
    }
}

/// Everything that comes now.
fn drain(attached: &AttachedSocket) -> Vec<Value> {
    std::iter::from_fn(|| match next(attached)? {
        SocketOutput::Text(text) => Some(serde_json::from_str(&text).unwrap()),
        other => panic!("expected an event, got {other:?}"),
    })
    .collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    let types = events.iter().filter_map(|event| event["type"].as_str());
    types.collect()
}

fn send(attached: &AttachedSocket, event: &Value) {
    attached.receive(Ok(&RawEvent::parse(event.to_string()).unwrap()));
}

#[test]
fn all_sockets_hear_what_one_brings_about() {
    let session = session();
    let one = session.attach(0, Vec::new(), None);
    assert_eq!(types(&drain(&one)), ["session.created"]);
    let two = session.attach(1, Vec::new(), None);
    let update =
        json!({"type": "session.update", "session": {"type": "realtime", "instructions": "Hi"}});
    send(&one, &update);
    let heard = drain(&one);
    assert_eq!(types(&heard), ["session.updated"]);
    let [created, updated] = &drain(&two)[..] else {
        panic!("two events")
    };
    assert_eq!(
        (&created["type"], &created["session"]["id"]),
        (&json!("session.created"), &updated["session"]["id"])
    );
    assert_eq!(updated, &heard[0]);

    drop(one);
    send(
        &two,
        &json!({"type": "conversation.item.delete", "item_id": "x"}),
    );
    assert_eq!(types(&drain(&two)), ["error"]);
}

#[test]
fn actions_come_after_as_many_events_as_said() {
    let after = vec![
        (1, Action::Raw("second".to_owned())),
        (0, Action::Raw("first".to_owned())),
        (3, Action::Drop),
    ];
    let session = session();
    let (scripted, other) = (
        session.attach(0, after, None),
        session.attach(1, Vec::new(), None),
    );
    assert_eq!(
        next(&scripted),
        Some(SocketOutput::Text("first".to_owned()))
    );
    assert_eq!(
        next(&scripted),
        Some(SocketOutput::Text("second".to_owned()))
    );
    assert!(matches!(next(&scripted), Some(SocketOutput::Text(_))));
    assert_eq!(next(&scripted), Some(SocketOutput::Drop));
    // The others have nothing of it.
    assert_eq!(types(&drain(&other)), ["session.created"]);
}

#[test]
fn closing_is_for_all() {
    let session = session();
    let (one, two) = (
        session.attach(0, Vec::new(), None),
        session.attach(1, Vec::new(), None),
    );
    for attached in [&one, &two] {
        assert_eq!(types(&drain(attached)), ["session.created"]);
    }
    session.close(1000, "over");
    assert_eq!(next(&one), Some(close(1000, "over")));
    assert_eq!(next(&two), Some(close(1000, "over")));
}

#[test]
fn a_socket_that_is_not_read_is_closed_in_the_end() {
    let session = session();
    let (talker, slow) = (
        session.attach(0, Vec::new(), None),
        session.attach(1, Vec::new(), None),
    );
    for _ in 0..LONGEST_QUEUE {
        send(
            &talker,
            &json!({"type": "conversation.item.delete", "item_id": "x"}),
        );
        drain(&talker);
    }
    assert_eq!(
        next(&slow),
        Some(close(1008, "The client reads too slowly."))
    );
    assert_eq!(next(&slow), None);
}

#[test]
fn something_else_can_come_instead_of_a_session() {
    let instead = [Action::Raw("{}".to_owned()), Action::close(4000, "no")];
    let attached = session().attach(0, Vec::new(), Some(instead));
    assert_eq!(next(&attached), Some(SocketOutput::Text("{}".to_owned())));
    assert_eq!(next(&attached), Some(close(4000, "no")));
}
