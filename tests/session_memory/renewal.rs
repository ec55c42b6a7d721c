//! A new connection before the session expires, on a clock that the tests move.

use std::time::Duration;

use futures_channel::mpsc::UnboundedReceiver;
use futures_util::{FutureExt, StreamExt, future};
use openai_realtime_ws::protocol::{
    ConversationItemCreate, RealtimeSession, ResponseDone, SessionCreated, SessionUpdate,
};
use openai_realtime_ws::{CloseFrame, Config, Frame, ServerEvent, Session, Update};
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::config;
use super::memory::{Memory, Peer, memory};

fn created(id: &str, expires_at: u64) -> serde_json::Value {
    json!({"type": "session.created", "event_id": id, "session": {"type": "realtime", "expires_at": expires_at}})
}

/// A session that is renewed, whose first connection ends after 1000 s; its server; where the next
/// come from. It has been told one thing.
async fn open(config: Config) -> (Session<Memory>, Peer, UnboundedReceiver<Peer>) {
    let (connector, mut peers) = memory();
    let mut rt = Session::<Memory>::open(connector, config.keep_alive(None).renew())
        .await
        .unwrap();
    let mut peer = peers.next().await.unwrap();
    peer.send_json(&created("first", 1000));
    rt.emitted::<SessionCreated>().await.unwrap();
    let update = SessionUpdate::new(RealtimeSession::new().instructions("Be brief."));
    let (sent, received) = future::join(rt.send(update), peer.received.next()).await;
    sent.unwrap();
    assert!(matches!(received, Some(Frame::Text(_))));
    peer.send_json(&json!({"type": "session.updated", "session": {"type": "realtime"}}));
    rt.next().await.unwrap().unwrap();
    (rt, peer, peers)
}

async fn update(rt: &mut Session<Memory>) -> Update {
    rt.next_update().await.unwrap().unwrap()
}

/// Such a session in the middle of a response, for whose end the next connection waits.
async fn open_with_the_next_waiting() -> (Session<Memory>, Peer, UnboundedReceiver<Peer>) {
    let (mut rt, old, peers) = open(config()).await;
    old.send_json(
        &json!({"type": "response.created", "response": {"id": "r", "conversation_id": "c"}}),
    );
    update(&mut rt).await;
    update(&mut rt).await;
    assert!(
        timeout(Duration::from_secs(1), rt.next_update())
            .await
            .is_err()
    );
    (rt, old, peers)
}

#[tokio::test(start_paused = true)]
async fn the_next_connection_is_made_first_and_taken_between_turns() {
    let (mut rt, mut old, mut peers) = open(config()).await;
    let begun = Instant::now();
    old.send_json(
        &json!({"type": "response.created", "response": {"id": "r", "conversation_id": "c"}}),
    );
    let event = update(&mut rt).await;
    assert!(matches!(event, Update::Event(_)), "{event:?}");
    let soon = update(&mut rt).await;
    assert!(matches!(soon, Update::Expiring(_)), "{soon:?}");
    assert_eq!(begun.elapsed().as_secs(), 700);

    // The next is made, and greets; the response is still under way.
    let waited = timeout(Duration::from_secs(1), rt.next_update()).await;
    assert!(waited.is_err(), "{waited:?}");
    let mut new = peers.next().now_or_never().flatten().unwrap();
    new.send_json(&created("second", 4600));
    let waited = timeout(Duration::from_secs(100), rt.next_update()).await;
    assert!(waited.is_err(), "in the middle of a turn: {waited:?}");
    old.send_json(
        &json!({"type": "response.done", "response": {"id": "r", "status": "completed"}}),
    );
    rt.emitted::<ResponseDone>().await.unwrap();
    assert_eq!(rt.generation(), 1);

    let Update::Reconnected(now) = update(&mut rt).await else {
        panic!("no switch");
    };
    assert_eq!((now.generation, now.restored, now.lost.len()), (2, 1, 0));
    let Update::Event(ServerEvent::SessionCreated(greeting)) = update(&mut rt).await else {
        panic!("no greeting");
    };
    assert_eq!(greeting.event_id.as_deref(), Some("second"));
    assert_eq!(rt.generation(), 2);
    assert_eq!(
        old.received.next().await,
        Some(Frame::Close(CloseFrame::NORMAL)),
        "the old one is told"
    );
    assert_eq!(old.received.next().await, None);

    let item = ConversationItemCreate::user_text("Hi");
    let serve = async {
        for expected in ["session.update", "conversation.item.create"] {
            let Some(Frame::Text(text)) = new.received.next().await else {
                panic!("no {expected}");
            };
            assert!(text.contains(expected), "{text}");
        }
    };
    let (sent, ()) = future::join(rt.send(item), serve).await;
    sent.unwrap();
    let soon = update(&mut rt).await;
    assert!(matches!(soon, Update::Expiring(_)), "{soon:?}");
    assert_eq!(begun.elapsed().as_secs(), 4300, "the second one's own end");
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_does_not_end_is_cut_off_shortly_before_the_session_is() {
    let (mut rt, old, mut peers) = open(config()).await;
    let begun = Instant::now();
    old.send_json(
        &json!({"type": "response.created", "response": {"id": "r", "conversation_id": "c"}}),
    );
    update(&mut rt).await;
    let soon = update(&mut rt).await;
    assert!(matches!(soon, Update::Expiring(_)), "{soon:?}");
    let now = update(&mut rt).await;
    assert_eq!(begun.elapsed().as_secs(), 990);
    let Update::Reconnected(now) = now else {
        panic!("{now:?}");
    };
    assert_eq!(now.lost.len(), 1, "the response: {now:?}");
    assert!(peers.next().now_or_never().flatten().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_next_connection_that_breaks_is_made_again() {
    let (mut rt, old, mut peers) = open_with_the_next_waiting().await;
    drop(peers.next().now_or_never().flatten().unwrap());
    assert!(
        timeout(Duration::from_secs(11), rt.next_update())
            .await
            .is_err()
    );
    let new = peers.next().now_or_never().flatten().unwrap();
    new.send_json(&created("third", 4600));
    old.send_json(
        &json!({"type": "response.done", "response": {"id": "r", "status": "completed"}}),
    );
    update(&mut rt).await;
    let now = update(&mut rt).await;
    assert!(matches!(now, Update::Reconnected(_)), "{now:?}");
}

#[tokio::test(start_paused = true)]
async fn closing_gives_the_next_connection_up() {
    let (mut rt, mut old, mut peers) = open_with_the_next_waiting().await;
    let mut new = peers.next().now_or_never().flatten().unwrap();
    let serve = async {
        let close = old.received.next().await.unwrap();
        old.send(close);
        drop(old);
    };
    let (closed, ()) = future::join(rt.close(), serve).await;
    assert_eq!(closed.unwrap().frame, CloseFrame::NORMAL);
    assert_eq!(new.received.next().await, None, "it was dropped");
}

/// A session whose old connection has accepted an event that its server has not read yet, and was
/// then renewed.
async fn renewed_behind_an_unread_event() -> (Session<Memory>, Peer, Peer) {
    let (mut rt, old, mut peers) = open_with_the_next_waiting().await;
    let new = peers.next().now_or_never().flatten().unwrap();
    new.send_json(&created("second", 4600));
    let unread = ConversationItemCreate::user_text("Unread");
    rt.send(unread).await.unwrap();
    old.send_json(
        &json!({"type": "response.done", "response": {"id": "r", "status": "completed"}}),
    );
    update(&mut rt).await;
    let now = update(&mut rt).await;
    assert!(matches!(now, Update::Reconnected(_)), "{now:?}");
    (rt, old, new)
}

/// Reads what the old connection gets to its end.
async fn read_to_the_end(mut old: Peer) {
    let Some(Frame::Text(text)) = old.received.next().await else {
        panic!("the event is lost");
    };
    assert!(text.contains("Unread"), "{text}");
    let close = old.received.next().await;
    assert_eq!(close, Some(Frame::Close(CloseFrame::NORMAL)));
    assert_eq!(old.received.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_renewed_connection_writes_what_it_was_given_and_then_closes() {
    let (mut rt, old, _new) = renewed_behind_an_unread_event().await;
    let listen = async { while rt.next_update().await.is_some() {} };
    tokio::select! {
        () = listen => unreachable!(),
        () = read_to_the_end(old) => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewed_connection_writes_on_while_the_session_closes() {
    let (mut rt, old, mut new) = renewed_behind_an_unread_event().await;
    let serve = async {
        while let Some(frame) = new.received.next().await {
            if matches!(frame, Frame::Close(_)) {
                new.send(frame);
                break;
            }
        }
        drop(new);
        // Its successor has closed by now.
        tokio::task::yield_now().await;
        read_to_the_end(old).await;
    };
    let (closed, ()) = future::join(rt.close(), serve).await;
    assert_eq!(closed.unwrap().frame, CloseFrame::NORMAL);
}

#[tokio::test(start_paused = true)]
async fn messages_before_the_switch_are_bounded_and_none_is_lost() {
    let (mut rt, old, mut peers) = open_with_the_next_waiting().await;
    let new = peers.next().now_or_never().flatten().unwrap();
    new.send_json(&created("second", 4600));
    let padding = "x".repeat(100_000);
    // Three times as much as a session reads ahead.
    for number in 0..30 {
        new.send_json(&json!({"type": "x", "number": number, "padding": padding}));
    }
    let waited = timeout(Duration::from_secs(1), rt.next_update()).await;
    assert!(waited.is_err(), "{waited:?}");
    old.send_json(
        &json!({"type": "response.done", "response": {"id": "r", "status": "completed"}}),
    );
    update(&mut rt).await;
    let now = update(&mut rt).await;
    assert!(matches!(now, Update::Reconnected(_)), "{now:?}");
    update(&mut rt).await;
    for number in 0..30 {
        let Update::Event(ServerEvent::Other(event)) = update(&mut rt).await else {
            panic!("{number} is lost");
        };
        let start = format!(r#"{{"number":{number},"#);
        assert!(event.text().starts_with(&start), "{number} in its place");
    }
}
