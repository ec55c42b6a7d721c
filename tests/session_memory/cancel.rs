//! Every future of a session is dropped at each of its steps, and nothing is lost, sent twice or
//! left behind.

use std::pin::pin;
use std::time::Duration;

use futures_channel::mpsc::UnboundedReceiver;
use futures_util::{FutureExt, StreamExt, future};
use openai_realtime_ws::protocol::{ConversationItemCreate, ResponseDone, SessionUpdated};
use openai_realtime_ws::{
    ClientEvent, CloseFrame, Config, Credential, Frame, Reconnect, SendErrorKind, ServerEvent,
    Session, TransportError, Update,
};
use serde_json::json;

use super::config;
use super::memory::{Memory, Peer, memory};

/// More steps than any of the futures here has.
const STEPS: usize = 12;

/// Polls a future so often, lets everybody else move in between, and drops it; `Some` if it was
/// done by then.
async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..times {
        if let Some(output) = future.as_mut().now_or_never() {
            return Some(output);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    None
}

fn item(text: String) -> ClientEvent {
    ConversationItemCreate::user_text(text).into()
}

fn frame(event: &ClientEvent) -> Frame {
    Frame::Text(serde_json::to_string(event).unwrap().into())
}

async fn open(config: Config) -> (Session<Memory>, Peer, UnboundedReceiver<Peer>) {
    let (connector, mut peers) = memory();
    let rt = Session::open(connector, config).await.unwrap();
    let peer = peers.next().await.unwrap();
    (rt, peer, peers)
}

#[tokio::test(start_paused = true)]
async fn open_gives_the_attempt_up() {
    let mut opened = 0;
    for times in 0..STEPS {
        let (connector, mut peers) = memory();
        let provider = Credential::provider(|| async {
            tokio::time::sleep(Duration::from_millis(3)).await;
            Ok::<_, std::io::Error>("sk-test".to_owned())
        });
        let config = Config::new(provider).model("m");
        match polled(Session::<Memory>::open(connector, config), times).await {
            Some(session) => {
                session.unwrap();
                opened += 1;
            }
            None => {
                // Whatever was opened was closed again.
                if let Some(mut peer) = peers.next().await {
                    assert_eq!(peer.received.next().await, None);
                }
            }
        }
    }
    assert!(opened > 0);
}

#[tokio::test(start_paused = true)]
async fn send_queues_once_it_was_polled() {
    for times in 0..STEPS {
        let (mut rt, mut peer, _peers) = open(config()).await;
        // The transport takes one event at a time.
        rt.send(item("first".into())).await.unwrap();
        let done = polled(rt.send(item("second".into())), times).await;
        assert_eq!(done, None, "the first is in the way");
        let server = async {
            let mut got = Vec::new();
            while let Some(frame) = peer.received.next().await {
                if matches!(frame, Frame::Close(_)) {
                    peer.send(frame);
                    break;
                }
                got.push(frame);
            }
            drop(peer);
            got
        };
        let work = async {
            rt.send(item("third".into())).await.unwrap();
            rt.close().await.unwrap()
        };
        let (closed, got) = future::join(work, server).await;
        assert_eq!(closed.unsent, []);
        let expected: Vec<_> = ["first", "second", "third"]
            .into_iter()
            .filter(|text| times > 0 || *text != "second")
            .map(|text| frame(&item(text.into())))
            .collect();
        assert_eq!(got, expected, "{times}");
    }
}

#[tokio::test(start_paused = true)]
async fn reading_loses_nothing() {
    let (mut rt, mut peer, _peers) = open(config()).await;
    let (mut sent, mut read) = (0..40, Vec::new());
    let mut times = 0;
    while read.len() < 40 {
        if let Some(number) = sent.next() {
            peer.send_json(&json!({"type": "session.updated", "event_id": number.to_string()}));
        }
        times = (times + 1) % 4;
        let event = match times {
            0 => polled(rt.next(), 1).await.flatten(),
            1 => match polled(rt.next_update(), 1).await.flatten() {
                Some(Ok(Update::Event(event))) => Some(Ok(event)),
                None => None,
                update => panic!("{update:?}"),
            },
            2 => polled(rt.emitted::<SessionUpdated>(), 1)
                .await
                .map(|event| event.map(ServerEvent::from)),
            // Sending reads ahead, and what it read is kept.
            _ => {
                let _ = polled(rt.send(item("x".into())), 2).await;
                while let Some(Some(_)) = peer.received.next().now_or_never() {}
                None
            }
        };
        if let Some(event) = event {
            let ServerEvent::SessionUpdated(event) = event.unwrap() else {
                panic!("another event");
            };
            read.push(event.event_id.unwrap().parse::<usize>().unwrap());
        }
    }
    assert!(read.into_iter().eq(0..40));
}

#[tokio::test(start_paused = true)]
async fn what_emitted_and_run_passed_over_went_to_listeners_once() {
    let (mut rt, peer, _peers) = open(config()).await;
    let heard = std::sync::Arc::new(std::sync::Mutex::new(0));
    let counter = std::sync::Arc::clone(&heard);
    rt.on(move |_: &SessionUpdated| *counter.lock().unwrap() += 1);
    for times in 0..20 {
        peer.send_json(&json!({"type": "session.updated"}));
        if times % 2 == 0 {
            assert!(polled(rt.run(), times).await.is_none());
        } else {
            assert!(polled(rt.emitted::<ResponseDone>(), times).await.is_none());
        }
    }
    assert!(rt.next().now_or_never().is_none());
    assert_eq!(*heard.lock().unwrap(), 20);
}

#[tokio::test(start_paused = true)]
async fn close_goes_on_where_it_was_dropped() {
    for times in 1..STEPS {
        let (mut rt, mut peer, _peers) = open(config()).await;
        let events = [item("one".into()), item("two".into())];
        for event in &events {
            rt.sender().try_send(event.clone()).unwrap();
        }
        let frame_of = CloseFrame::new(4001, "that is all").unwrap();
        let done = polled(rt.close_with(frame_of.clone()), times).await;
        assert!(done.is_none(), "nobody answers yet");
        let refused = rt.send(item("late".into())).now_or_never().unwrap();
        assert_eq!(refused.unwrap_err().kind, SendErrorKind::Closed);
        let server = async {
            for event in &events {
                assert_eq!(peer.received.next().await, Some(frame(event)));
            }
            let close = peer.received.next().await.unwrap();
            assert_eq!(close, Frame::Close(frame_of.clone()), "the first counts");
            peer.send(close);
            drop(peer);
        };
        let (closed, ()) = future::join(rt.close(), server).await;
        let closed = closed.unwrap();
        assert_eq!((closed.frame, closed.unsent), (frame_of.clone(), vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_goes_on_where_it_was_left() {
    for (looks, sends) in (1..5).flat_map(|looks| (0..3).map(move |sends| (looks, sends))) {
        let (mut rt, peer, mut peers) = open(config().reconnect(Reconnect::default())).await;
        let lost = TransportError::Lost("a cable".into());
        peer.send.unbounded_send(Err(lost)).unwrap();
        drop(peer);
        let mut seen = Vec::new();
        while seen.len() < 2 {
            if let Some(update) = polled(rt.next_update(), looks).await {
                seen.push(update.unwrap().unwrap());
            }
            let _ = polled(rt.send(item("held".into())), sends).await;
            let _ = rt.take_pending();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(matches!(seen[0], Update::Reconnecting(_)), "{seen:?}");
        assert!(matches!(seen[1], Update::Reconnected(_)), "{seen:?}");
        assert!(peers.next().now_or_never().flatten().is_some());
        assert!(peers.next().now_or_never().is_none(), "one attempt");
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_session_closes_its_socket_at_every_point() {
    for times in 0..STEPS {
        let (mut rt, mut peer, mut peers) = open(config().reconnect(Reconnect::default())).await;
        let sender = rt.sender();
        sender.try_send(item("one".into())).unwrap();
        if times % 2 == 0 {
            let _ = polled(rt.next(), times).await;
        } else {
            let _ = polled(rt.close(), times).await;
        }
        drop(rt);
        while peer.received.next().await.is_some() {}
        assert!(sender.is_closed());
        assert_eq!(
            sender.send(item("two".into())).await.unwrap_err().kind,
            SendErrorKind::Closed
        );
        assert!(peers.next().await.is_none(), "the connector is gone, too");
    }
}
