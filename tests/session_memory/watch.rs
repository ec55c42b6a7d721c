//! Keep-alive, timeouts and expiry, on a clock that the tests move.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future};
use openai_realtime_ws::protocol::{ConversationItemCreate, SessionCreated};
use openai_realtime_ws::{
    CloseFrame, Config, Error, Frame, KeepAlive, Reconnect, Runtime, SendErrorKind, Session, Update,
};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use super::config;
use super::memory::{Memory, Peer, memory};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

async fn open(config: Config) -> (Session<Memory>, Peer) {
    let (connector, mut peers) = memory();
    let rt = Session::open(connector, config).await.unwrap();
    (rt, peers.next().await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_dead_server_is_noticed_after_a_minute() {
    let (mut rt, mut peer) = open(config()).await;
    let begun = Instant::now();
    let error = rt.next().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Unanswered), "{error:?}");
    assert_eq!(begun.elapsed().as_secs(), 60);
    assert!(rt.next().await.is_none());
    assert_eq!(rt.closed().unwrap().frame, CloseFrame::ABNORMAL);
    let ping = peer.received.next().await;
    assert_eq!(ping, Some(Frame::Ping(Bytes::new())));
    assert_eq!(peer.received.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_pings_is_kept() {
    let (mut rt, peer) =
        open(config().keep_alive(KeepAlive::default().interval(s(20)).timeout(s(5)))).await;
    tokio::spawn(peer.serve());
    rt.emitted::<SessionCreated>().await.unwrap();
    let quiet = timeout(s(3000), rt.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_not_polled_looks_before_it_judges() {
    let (mut rt, mut peer) = open(config()).await;
    let waited = timeout(s(31), rt.next()).await;
    assert!(waited.is_err(), "the first ping has gone out");
    let ping = peer.received.next().await.unwrap();
    assert_eq!(ping, Frame::Ping(Bytes::new()));
    peer.send(Frame::Pong(Bytes::new()));
    sleep(s(600)).await;
    let waited = timeout(s(1), rt.next()).await;
    assert!(waited.is_err(), "the answer was there: {waited:?}");
    assert_eq!(peer.received.next().await, Some(Frame::Ping(Bytes::new())));
    peer.send_json(&json!({"type": "session.created"}));
    rt.emitted::<SessionCreated>().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn keep_alive_can_be_off_and_is_off_in_javascript() {
    let script = Runtime::javascript();
    for (config, runtime) in [
        (config().keep_alive(None), Runtime::Native),
        (config(), script),
    ] {
        let (mut connector, mut peers) = memory();
        connector.runtime = runtime;
        let mut rt = Session::<Memory>::open(connector, config).await.unwrap();
        let mut peer = peers.next().await.unwrap();
        assert!(timeout(s(3000), rt.next()).await.is_err());
        assert!(peer.received.next().now_or_never().is_none(), "no ping");
    }
}

#[tokio::test(start_paused = true)]
async fn the_idle_watchdog_ends_a_silent_session() {
    let (mut rt, peer) = open(config().keep_alive(None).idle_timeout(s(60))).await;
    let begun = Instant::now();
    let serve = async {
        sleep(s(50)).await;
        peer.send_json(&json!({"type": "session.created"}));
        let _still_connected = &peer;
        future::pending::<()>().await;
    };
    let listen = async {
        rt.emitted::<SessionCreated>().await.unwrap();
        rt.next().await.unwrap().unwrap_err()
    };
    let error = tokio::select! {
        error = listen => error,
        () = serve => unreachable!(),
    };
    assert!(matches!(error, Error::Idle), "{error:?}");
    let silent = begun.elapsed().as_secs() - 50;
    assert!((60..=75).contains(&silent), "{silent}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_reads_nothing_is_given_up_after_the_send_timeout() {
    let config = config().keep_alive(None).send_timeout(s(10));
    let (mut rt, peer) = open(config).await;
    // The transport takes one event.
    let first = ConversationItemCreate::user_text("one");
    rt.send(first).await.unwrap();
    let begun = Instant::now();
    let event = ConversationItemCreate::user_text("two");
    let refused = rt.send(event.clone()).await.unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Closed);
    assert_eq!(refused.event, event.into());
    assert_eq!(begun.elapsed().as_secs(), 10);
    let error = rt.next().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::SendTimeout), "{error:?}");
    assert_eq!(rt.closed().unwrap().unsent, [], "it was given back");
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn a_dead_server_is_an_outage_where_that_is_asked_for() {
    let (connector, mut peers) = memory();
    let config = config().reconnect(Reconnect::default());
    let mut rt = Session::<Memory>::open(connector, config).await.unwrap();
    let _silent = peers.next().await.unwrap();
    let next = rt.next_update().await.unwrap().unwrap();
    assert!(matches!(next, Update::Reconnecting(_)), "{next:?}");
    let now = rt.next_update().await.unwrap().unwrap();
    assert!(matches!(now, Update::Reconnected(_)), "{now:?}");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_is_announced() {
    for (expires_at, warned_at) in [
        (None, 3300),
        (Some(1000), 700),
        // Longer than the service has ever kept one.
        (Some(86_400), 86_100),
        // One of the clocks is wrong.
        (Some(0), 3300),
    ] {
        let (mut rt, peer) = open(config().keep_alive(None)).await;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heard);
        rt.on_expiring(move |soon| log.lock().unwrap().push(soon.left.as_secs()));
        let mut session = json!({"type": "realtime"});
        if let Some(at) = expires_at {
            session["expires_at"] = at.into();
        }
        peer.send_json(&json!({"type": "session.created", "session": session}));
        let begun = Instant::now();
        rt.emitted::<SessionCreated>().await.unwrap();
        let Update::Expiring(soon) = rt.next_update().await.unwrap().unwrap() else {
            panic!("{expires_at:?}");
        };
        assert_eq!(begun.elapsed().as_secs(), warned_at);
        assert_eq!(soon.left.as_secs(), 300);
        assert_eq!(*heard.lock().unwrap(), [300]);
        let quiet = timeout(s(10_000), rt.next_update()).await;
        assert!(quiet.is_err(), "once");
    }
}
