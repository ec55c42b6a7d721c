//! Outages on a clock that the tests move, with a server in their own hands.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_channel::mpsc::UnboundedReceiver;
use futures_util::{FutureExt, StreamExt, future};
use openai_realtime_ws::protocol::{
    ConversationItemCreate, RealtimeSession, ResponseCreate, SessionCreated, SessionUpdate,
};
use openai_realtime_ws::{
    ClientEvent, CloseFrame, Config, ConfigError, Credential, Error, Frame, RawEvent, Reconnect,
    Reconnecting, Restore, Retry, SendErrorKind, ServerEvent, Session, Target, TransportError,
    Update,
};
use serde_json::json;
use tokio::time::Instant;

use super::config;
use super::memory::{Memory, Peer, memory};

/// A session that recovers; its first connection; where the later ones come from.
async fn open(config: Config) -> (Session<Memory>, Peer, UnboundedReceiver<Peer>) {
    let (connector, mut peers) = memory();
    let config = config.reconnect(Reconnect::default());
    let rt = Session::open(connector, config).await.unwrap();
    let peer = peers.next().await.unwrap();
    (rt, peer, peers)
}

fn item(text: &str) -> ClientEvent {
    ConversationItemCreate::user_text(text).into()
}

fn frame(event: &ClientEvent) -> Frame {
    Frame::Text(serde_json::to_string(event).unwrap().into())
}

fn raw(event: &ClientEvent) -> RawEvent {
    RawEvent::parse(serde_json::to_string(event).unwrap()).unwrap()
}

async fn breaks(rt: &mut Session<Memory>) -> Reconnecting {
    match rt.next_update().await.unwrap().unwrap() {
        Update::Reconnecting(next) => next,
        update => panic!("{update:?}"),
    }
}

async fn reconnected(rt: &mut Session<Memory>) {
    match rt.next_update().await.unwrap().unwrap() {
        Update::Reconnected(_) => {}
        update => panic!("{update:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_are_made_when_they_were_announced_and_the_last_ones_cause_is_told_contract_80() {
    let (mut rt, peer, peers) = open(config()).await;
    let waiting = item("Still here");
    drop((peer, peers));
    let begun = Instant::now();
    let mut announced = Duration::ZERO;
    for attempt in 1..=5 {
        let next = breaks(&mut rt).await;
        assert_eq!((next.attempt, next.max_attempts), (attempt, 5));
        assert_eq!(next.close, CloseFrame::ABNORMAL);
        announced += next.delay;
        if attempt == 1 {
            rt.send(waiting.clone()).await.unwrap();
        }
    }
    let error = rt.next_update().await.unwrap().unwrap_err();
    let took = begun.elapsed();
    assert!(took >= announced && took < announced + Duration::from_millis(20));
    assert_eq!(
        error.to_string(),
        "WebSocket reconnect failed after 5 attempts (close code: 1006)"
    );
    let cause = error.source().unwrap().source().unwrap().to_string();
    assert!(cause.starts_with("could not reach the server"), "{cause}");
    assert!(rt.next_update().await.is_none());
    let closed = rt.closed().unwrap();
    assert_eq!(
        closed.frame.to_string(),
        "1006 (reconnect failed after 5 attempts)"
    );
    assert_eq!(closed.unsent, [raw(&waiting)]);
    let refused = rt.send(item("More")).await.unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn credential_and_url_are_made_anew_for_every_attempt_contract_91() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let provider = Credential::provider(move || {
        // The second time, the vault is closed: that, too, is an attempt.
        let number = counter.fetch_add(1, Ordering::Relaxed);
        future::ready(match number {
            1 => Err(io::Error::other("closed")),
            _ => Ok(format!("token-{number}")),
        })
    });
    let built = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&built);
    let config = Config::new(provider).model("m").url_builder(move |_| {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        Ok(format!("wss://example.com/{number}"))
    });
    let (mut rt, peer, mut peers) = open(config).await;
    assert_eq!(peer.handshake.url(), "wss://example.com/0");
    drop(peer);
    assert_eq!(breaks(&mut rt).await.attempt, 1);
    assert_eq!(breaks(&mut rt).await.attempt, 2);
    reconnected(&mut rt).await;
    let peer = peers.next().await.unwrap();
    assert_eq!(peer.handshake.url(), "wss://example.com/1");
    let mut headers = peer.handshake.headers();
    assert!(headers.any(|header| header == ("Authorization", "Bearer token-2")));
    assert_eq!(rt.url(), "wss://example.com/1");
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_cannot_work_is_the_end_contract_80() {
    let elsewhere = || Config::new("sk-test").target(Target::Call("rtc_1".into()));
    let config = config().on_reconnecting(move |_| Retry::With(Box::new(elsewhere())));
    let (mut rt, peer, mut peers) = open(config).await;
    peer.send(Frame::Close(CloseFrame::new(1012, "").unwrap()));
    drop(peer);
    breaks(&mut rt).await;
    let error = rt.next_update().await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "WebSocket reconnect aborted: non-recoverable close code 1012"
    );
    let cause = error.source().unwrap().to_string();
    assert_eq!(
        cause,
        "Automatic Realtime recovery requires a model session"
    );
    assert!(rt.next_update().await.is_none());
    let closed = rt.closed().unwrap();
    assert_eq!(closed.frame.to_string(), "1012 (reconnect aborted)");
    assert!(peers.next().now_or_never().is_none(), "nothing was opened");
}

#[tokio::test]
async fn recovery_is_for_sessions_with_a_model_contract_89() {
    for target in [Target::Call("rtc_1".into()), Target::Transcription] {
        let (connector, mut peers) = memory();
        let config = Config::new("sk-test")
            .target(target)
            .reconnect(Reconnect::default());
        let opened: Result<Session<Memory>, _> = Session::open(connector, config).await;
        let error = opened.unwrap_err();
        assert!(
            matches!(error, Error::Config(ConfigError::Recovery)),
            "{error:?}"
        );
        assert!(peers.next().await.is_none(), "nothing was opened");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_read_ahead_comes_before_the_break() {
    let (mut rt, mut peer, mut peers) = open(config()).await;
    // The transport takes one event; the second waits in it, and the third is held back.
    let events = ["one", "two", "three"].map(item);
    for event in &events {
        rt.sender().try_send(event.clone()).unwrap();
    }
    for n in 0..2 {
        peer.send_json(&json!({"type": "session.created", "event_id": n.to_string()}));
    }
    peer.send
        .unbounded_send(Err(TransportError::Lost("a cable".into())))
        .unwrap();
    // Sending reads ahead.
    rt.send(item("four")).await.unwrap();
    assert_eq!(peer.received.next().await, Some(frame(&events[0])));
    assert_eq!(rt.generation(), 1);
    for _ in 0..2 {
        assert!(matches!(
            rt.next_update().await.unwrap().unwrap(),
            Update::Event(_)
        ));
    }
    breaks(&mut rt).await;
    reconnected(&mut rt).await;
    assert_eq!(rt.generation(), 2);
    let mut peer = peers.next().await.unwrap();
    rt.flush_pending().unwrap();
    let serve = async {
        for event in [&events[1], &events[2], &item("four")] {
            assert_eq!(peer.received.next().await, Some(frame(event)));
        }
        peer.send_json(&json!({"type": "session.created"}));
    };
    let (event, ()) = future::join(rt.emitted::<SessionCreated>(), serve).await;
    event.unwrap();
    assert_eq!(rt.buffered_amount(), 0);
}

#[tokio::test(start_paused = true)]
async fn senders_go_on_across_the_break() {
    let (rt, peer, mut peers) = open(config().max_queue_bytes(1)).await;
    let (sender, mut receiver) = rt.split();
    drop(peer);
    // The outage begins when somebody looks.
    assert!(receiver.next().now_or_never().is_none());
    sender.try_send(item("held")).unwrap();
    let full = sender.try_send(item("more")).unwrap_err();
    assert_eq!(full.kind, SendErrorKind::Full);
    let mut waits = std::pin::pin!(sender.send(item("more")));
    assert!(waits.as_mut().now_or_never().is_none());
    let serve = async {
        let peer = peers.next().await.unwrap();
        peer.send_json(&json!({"type": "session.created"}));
        peer
    };
    let (event, _peer) = future::join(receiver.next(), serve).await;
    assert!(matches!(event, Some(Ok(ServerEvent::SessionCreated(_)))));
    // What the outage holds back takes no room on the new connection.
    waits.as_mut().now_or_never().unwrap().unwrap();
    let mut rt = receiver.into_session();
    assert_eq!(rt.take_pending(), [raw(&item("held"))]);
}

#[tokio::test(start_paused = true)]
async fn run_goes_on_across_the_break() {
    let (mut rt, peer, mut peers) = open(config()).await;
    let created = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&created);
    rt.on(move |_: &SessionCreated| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    peer.send_json(&json!({"type": "session.created"}));
    drop(peer);
    let serve = async {
        let peer = peers.next().await.unwrap();
        peer.send_json(&json!({"type": "session.created"}));
        peer.send(Frame::Close(CloseFrame::NORMAL));
    };
    let (closed, ()) = future::join(rt.run(), serve).await;
    assert_eq!(closed.unwrap().frame, CloseFrame::NORMAL);
    assert_eq!(created.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn what_would_break_the_next_connection_too_is_the_end() {
    let (mut rt, peer, _peers) = open(config()).await;
    let error = TransportError::TooLarge("100 MiB".into());
    peer.send.unbounded_send(Err(error)).unwrap();
    let error = rt.next_update().await.unwrap().unwrap_err();
    assert!(matches!(
        error,
        Error::Transport(TransportError::TooLarge(_))
    ));
    assert!(rt.next_update().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn dropping_a_session_in_an_outage_frees_those_who_wait() {
    let (mut rt, peer, mut peers) = open(config().max_queue_bytes(1)).await;
    let sender = rt.sender();
    drop(peer);
    breaks(&mut rt).await;
    sender.try_send(item("held")).unwrap();
    let mut waits = std::pin::pin!(sender.send(ResponseCreate::default()));
    assert!(waits.as_mut().now_or_never().is_none());
    drop(rt);
    assert_eq!(waits.await.unwrap_err().kind, SendErrorKind::Closed);
    assert!(peers.next().await.is_none(), "no attempt was left behind");
}

/// The types of what arrives at the server next, and the texts in it.
async fn received(peer: &mut Peer, count: usize) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let Some(Frame::Text(text)) = peer.received.next().await else {
            panic!("only {seen:?}");
        };
        let event: serde_json::Value = serde_json::from_str(&text).unwrap();
        let text = event.pointer("/item/content/0/text");
        let text = text.or(event.pointer("/session/instructions"));
        seen.push(format!(
            "{} {}",
            event["type"].as_str().unwrap(),
            text.unwrap()
        ));
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn what_is_restored_goes_first_then_what_waited_then_what_is_new() {
    let (mut rt, mut peer, mut peers) = open(config().restore(Restore::default())).await;
    let update = SessionUpdate::new(RealtimeSession::new().instructions("Be brief."));
    let serve = async {
        received(&mut peer, 2).await;
        peer.send_json(&json!({"type": "session.updated", "session": {"type": "realtime"}}));
        let item = json!({"id": "item_1", "type": "message", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "Hello."}]});
        peer.send_json(&json!({"type": "conversation.item.done", "item": item}));
        // What the session has not handed on when the connection breaks is remembered as well.
        drop(peer);
    };
    let send = async {
        rt.send(update).await.unwrap();
        rt.send(item("Hi")).await.unwrap();
        rt.send(item("never written")).await.unwrap();
    };
    future::join(send, serve).await;
    rt.sender().try_send(item("waited")).unwrap();
    let held = rt.buffered_amount();
    assert!(held > 0);
    let now = loop {
        if let Update::Reconnected(now) = rt.next_update().await.unwrap().unwrap() {
            break now;
        }
    };
    assert_eq!((now.restored, now.lost.len()), (3, 0), "{now:?}");
    rt.sender().try_send(item("new")).unwrap();
    let mut peer = peers.next().await.unwrap();
    let (seen, ()) = future::join(received(&mut peer, 7), async {
        rt.next().now_or_never();
        rt.send(item("newer")).await.unwrap();
    })
    .await;
    assert_eq!(
        seen,
        [
            "session.update \"Be brief.\"",
            "conversation.item.create \"Hi\"",
            "conversation.item.create \"Hello.\"",
            "conversation.item.create \"never written\"",
            "conversation.item.create \"waited\"",
            "conversation.item.create \"new\"",
            "conversation.item.create \"newer\"",
        ]
    );
    assert_eq!(rt.buffered_amount(), 0, "what restores is not counted");
}

#[tokio::test(start_paused = true)]
async fn a_session_is_set_up_again_however_much_the_outage_holds_back() {
    let (mut rt, peer, mut peers) = open(config().max_queue_bytes(1)).await;
    drop(peer);
    assert!(rt.next().now_or_never().is_none());
    rt.sender().try_send(item("held")).unwrap();
    assert!(matches!(
        rt.next_update().await,
        Some(Ok(Update::Reconnected(_)))
    ));
    let mut peer = peers.next().await.unwrap();
    let set_up = async {
        rt.send(item("first")).await.unwrap();
        rt.flush_pending().unwrap();
        rt.send(item("last")).await.unwrap();
    };
    let serve = async {
        for event in [item("first"), item("held"), item("last")] {
            assert_eq!(peer.received.next().await, Some(frame(&event)));
        }
    };
    future::join(set_up, serve).await;
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_of_the_server_stops_reconnecting() {
    let codes = [
        ("insufficient_quota", false),
        ("invalid_api_key", false),
        ("response_cancel_not_active", true),
        ("server_error", true),
    ];
    let read_as_text = codes.map(|code| (code, true));
    for ((code, reconnects), raw) in codes
        .map(|code| (code, false))
        .into_iter()
        .chain(read_as_text)
    {
        let (mut rt, peer, _peers) = open(config()).await;
        let error = json!({"type": "invalid_request_error", "code": code, "message": "why"});
        peer.send_json(&json!({"type": "error", "error": error}));
        peer.send(Frame::Close(CloseFrame::new(1011, "").unwrap()));
        drop(peer);
        if raw {
            let event = rt.raw_events().next().await.unwrap().unwrap();
            assert_eq!(event.event_type(), "error");
        } else {
            let event = rt.next_update().await.unwrap().unwrap();
            assert!(matches!(event, Update::Event(ServerEvent::Error(_))));
        }
        match rt.next_update().await.unwrap() {
            Ok(Update::Reconnecting(next)) => assert!(reconnects, "{code}: {next:?}"),
            Err(Error::Closed(closed)) => {
                assert!(!reconnects, "{code}");
                assert_eq!(closed.frame.code, 1011);
            }
            update => panic!("{code}: {update:?}"),
        }
    }
}
