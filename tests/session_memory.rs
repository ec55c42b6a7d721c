//! The session suite over queues in memory, and what only a transport under the test's control can
//! show.
#![cfg(not(all(target_family = "wasm", target_os = "unknown")))]

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future};
use openai_realtime_ws::protocol::{
    ConversationItemCreate, EventNames, Item, ItemReference, ResponseCreate, ResponseParams,
    SessionCreated,
};
use openai_realtime_ws::{
    ClientEvent, CloseFrame, Config, ConfigError, Credential, Error, Frame, RawEvent, Runtime,
    SendErrorKind, Sender, ServerEvent, Session, TransportError,
};
use serde_json::json;

#[path = "session_memory/cancel.rs"]
mod cancel;
#[path = "suite/handshakes.rs"]
mod handshakes;
#[path = "suite/memory.rs"]
mod memory;
#[path = "session_memory/outage.rs"]
mod outage;
#[path = "suite/recovery.rs"]
mod recovery;
#[path = "session_memory/renewal.rs"]
mod renewal;
#[path = "suite/scripted.rs"]
mod scripted;
mod suite;
#[path = "session_memory/unpolled.rs"]
mod unpolled;
#[path = "suite/urls.rs"]
mod urls;
#[path = "session_memory/watch.rs"]
mod watch;

use memory::{Memory, Peer, memory};

fn config() -> Config {
    Config::new("sk-test").model("gpt-realtime")
}

fn server() -> impl Future<Output = (Memory, Config, ())> {
    let (connector, mut peers) = memory();
    tokio::spawn(async move {
        while let Some(peer) = peers.next().await {
            tokio::spawn(peer.serve());
        }
    });
    future::ready((connector, config(), ()))
}

suite::session_tests!(
    #[tokio::test]
    server
);
suite::session_tests!(#[tokio::test] server, scripted: a_bad_frame_ends_nothing,
    the_servers_close_is_reported, run_ends_with_the_connection,
    run_goes_on_where_errors_are_heard);
recovery::recovery_tests!(
    #[tokio::test]
    server
);

#[test]
fn urls_are_the_sdks() {
    urls::are_the_sdks();
}

#[test]
fn handshakes_are_the_sdks() {
    handshakes::are_the_sdks();
}

#[tokio::test]
async fn a_provider_is_asked_for_every_connection_contracts_27_and_28() {
    let (connector, mut peers) = memory();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let provider = Credential::provider(move || {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        future::ready(Ok::<_, io::Error>(format!("token-{number}")))
    });
    let built = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&built);
    let config = Config::new(provider).model("m").url_builder(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok("wss://example.com/custom".into())
    });
    for number in 0..2 {
        let rt: Session<Memory> = Session::open(connector.clone(), config.clone())
            .await
            .unwrap();
        assert_eq!(rt.url(), "wss://example.com/custom");
        let peer = peers.next().await.unwrap();
        let expected = format!("Bearer token-{number}");
        assert!(
            peer.handshake
                .headers()
                .any(|header| header == ("Authorization", &expected))
        );
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    assert_eq!(built.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_provider_that_fails_opens_nothing_contracts_28_and_29() {
    for (provider, expected) in [
        (
            Credential::provider(|| future::err::<String, _>(io::Error::other("no vault"))),
            "could not get a credential: Failed to get token from the credential provider: no vault",
        ),
        (
            Credential::provider(|| future::ok::<_, io::Error>(String::new())),
            "could not get a credential: Expected the credential provider to return a token but it returned an empty string",
        ),
    ] {
        let (connector, mut peers) = memory();
        let config = Config::new(provider).model("m");
        let opened: Result<Session<Memory>, _> = Session::open(connector, config).await;
        let error = opened.unwrap_err();
        assert!(matches!(error, Error::Credential(_)), "{error:?}");
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| {
            error.source()
        });
        assert_eq!(
            causes
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(": "),
            expected
        );
        assert!(peers.next().await.is_none(), "nothing was opened");
    }
}

#[tokio::test]
async fn a_page_takes_ephemeral_credentials_only_from_a_provider_too_contract_93() {
    for (token, allowed) in [("ek_minted", true), ("sk-own", false)] {
        let (mut connector, _peers) = memory();
        connector.runtime = Runtime::javascript().in_browser(true);
        let provider = Credential::provider(move || future::ok::<_, io::Error>(token.to_owned()));
        let config = Config::new(provider).model("m");
        let opened: Result<Session<Memory>, _> = Session::open(connector, config).await;
        match opened {
            Ok(_) => assert!(allowed),
            Err(Error::Config(ConfigError::Browser)) => assert!(!allowed),
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_response_may_refer_to_items_contract_92() {
    let (mut rt, mut peer) = by_hand().await;
    let params =
        ResponseParams::default().input([Item::from(ItemReference::default().id("item_1"))]);
    rt.sender()
        .try_send(ResponseCreate::default().response(params))
        .unwrap();
    assert!(rt.next().now_or_never().is_none());
    let Some(Frame::Text(text)) = peer.received.next().await else {
        panic!("nothing was sent")
    };
    assert_eq!(
        &*text,
        r#"{"type":"response.create","response":{"input":[{"type":"item_reference","id":"item_1"}]}}"#
    );
}

/// A session, and the other end in the test's own hands.
async fn by_hand() -> (Session<Memory>, Peer) {
    let (connector, mut peers) = memory();
    let rt = Session::open(connector, config()).await.unwrap();
    (rt, peers.next().await.unwrap())
}

/// Queues three events; the transport takes the first alone.
fn queue_three(sender: &Sender) -> [RawEvent; 3] {
    ["one", "two", "three"].map(|text| {
        let event = ClientEvent::from(ConversationItemCreate::user_text(text));
        sender.try_send(event.clone()).unwrap();
        RawEvent::parse(serde_json::to_string(&event).unwrap()).unwrap()
    })
}

#[tokio::test]
async fn what_was_not_sent_is_given_back() {
    let (mut rt, mut peer) = by_hand().await;
    let sender = rt.sender();
    let queued = queue_three(&sender);
    assert!(rt.next().now_or_never().is_none());
    peer.send(Frame::Close(CloseFrame::new(4000, "enough").unwrap()));
    drop(peer.send);
    let Some(Err(Error::Closed(reported))) = rt.next().await else {
        panic!("the close is reported");
    };
    assert_eq!(reported.unsent, queued[1..]);
    assert!(rt.next().await.is_none());
    assert_eq!(rt.closed(), Some(&reported));
    assert_eq!(sender.buffered_amount(), 0, "nothing waits any more");
    assert_eq!(
        peer.received.next().await,
        Some(Frame::Text(queued[0].text().clone()))
    );
    assert_eq!(peer.received.next().await, None);
}

#[tokio::test]
async fn an_event_that_send_gives_back_is_not_among_the_unsent() {
    let (mut rt, peer) = by_hand().await;
    let queued = queue_three(&rt.sender());
    let event = ResponseCreate::default();
    {
        let mut send = pin!(rt.send(event.clone()));
        assert!(send.as_mut().now_or_never().is_none());
        peer.send(Frame::Close(CloseFrame::NO_STATUS));
        drop(peer.send);
        let refused = send.await.unwrap_err();
        assert_eq!(refused.kind, SendErrorKind::Closed);
        assert_eq!(refused.event, event.into());
    }
    let Some(Err(Error::Closed(reported))) = rt.next().await else {
        panic!("the close is reported");
    };
    assert_eq!(reported.frame, CloseFrame::NO_STATUS);
    assert_eq!(reported.unsent, queued[1..]);
    assert_eq!(rt.closed(), Some(&reported));
}

#[tokio::test]
async fn closing_sends_what_is_queued_first_contract_67() {
    let (mut rt, mut peer) = by_hand().await;
    let queued = queue_three(&rt.sender());
    let server = async {
        for event in queued {
            assert_eq!(
                peer.received.next().await,
                Some(Frame::Text(event.text().clone()))
            );
        }
        assert_eq!(
            peer.received.next().await,
            Some(Frame::Close(CloseFrame::NORMAL))
        );
        peer.send_json(&json!({"type": "session.created"}));
        peer.send(Frame::Close(CloseFrame::NORMAL));
        drop(peer.send);
    };
    let (closed, ()) = future::join(rt.close(), server).await;
    let closed = closed.unwrap();
    assert_eq!(closed.frame, CloseFrame::NORMAL);
    assert_eq!(closed.unsent, []);
    let late = rt.next().await.unwrap().unwrap();
    assert!(
        matches!(late, ServerEvent::SessionCreated(_)),
        "what came before the end can be read: {late:?}"
    );
    assert!(rt.next().await.is_none());
}

#[tokio::test]
async fn a_failed_write_does_not_hide_the_peers_close_frame() {
    let (mut rt, peer) = by_hand().await;
    peer.send(Frame::Close(CloseFrame::new(4000, "enough").unwrap()));
    drop(peer);
    let refused = rt.send(ResponseCreate::default()).await.unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Closed);
    assert_eq!(rt.closed().unwrap().frame.code, 4000);
}

#[tokio::test]
async fn a_lost_connection_is_an_error_and_the_end() {
    let (mut rt, peer) = by_hand().await;
    peer.send
        .unbounded_send(Err(TransportError::Lost("a cable".into())))
        .unwrap();
    let error = rt.next().await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::Transport(TransportError::Lost(_))),
        "{error:?}"
    );
    assert!(rt.next().await.is_none());
    assert_eq!(rt.closed().unwrap().frame, CloseFrame::ABNORMAL);
}

#[tokio::test]
async fn binary_messages_are_events_too_contract_41() {
    let (mut rt, peer) = by_hand().await;
    peer.send(Frame::Binary(Bytes::from_static(
        br#"{"type":"session.created"}"#,
    )));
    rt.emitted::<SessionCreated>().await.unwrap();
    peer.send(Frame::Binary(Bytes::new()));
    let error = rt.next().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Parse(_)), "{error:?}");
}

#[tokio::test]
async fn nobody_to_connect_to_is_an_error() {
    let (connector, peers) = memory();
    drop(peers);
    let error = Session::<_>::open(connector, config()).await.unwrap_err();
    assert!(
        matches!(error, Error::Connect(TransportError::Unreachable(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_handshake_reaches_the_transport() {
    let (_, peer) = by_hand().await;
    assert_eq!(
        peer.handshake.url(),
        "wss://api.openai.com/v1/realtime?model=gpt-realtime"
    );
}

#[tokio::test]
async fn older_names_are_read_where_they_are_asked_for() {
    let delta = json!({"type": "response.audio_transcript.delta", "delta": "Hi"});
    for (names, typed) in [(EventNames::Present, false), (EventNames::Older, true)] {
        let (connector, mut peers) = memory();
        let mut rt: Session<Memory> = Session::open(connector, config().event_names(names))
            .await
            .unwrap();
        peers.next().await.unwrap().send_json(&delta);
        match rt.next().await.unwrap().unwrap() {
            ServerEvent::ResponseOutputAudioTranscriptDelta(event) => {
                assert!(typed);
                assert_eq!(event.delta, "Hi");
            }
            event => assert!(!typed, "{event:?}"),
        }
    }
}

#[tokio::test]
async fn events_come_with_the_exact_text_that_was_sent() {
    let frames = [
        r#"{ "type":"response.output_text.delta",  "delta":"Hi", "extra": 1.50 }"#,
        r#"{"delta":"", "type" : "some.future.event"}"#,
    ];
    let (connector, mut peers) = memory();
    let mut rt: Session<Memory> = Session::open(connector, config()).await.unwrap();
    let peer = peers.next().await.unwrap();
    for frame in frames.into_iter().chain(frames).chain(["overloaded"]) {
        peer.send(Frame::Text(frame.into()));
    }
    let heard = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&heard);
    rt.on_event(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    for frame in frames {
        let received = rt.received().next().await.unwrap().unwrap();
        assert_eq!(received.text(), frame);
        let debug = format!("{received:?}");
        assert!(!debug.contains("Hi"), "{debug}");
    }
    assert_eq!(heard.load(Ordering::Relaxed), 2);
    for frame in frames {
        let raw = rt.raw_events().next().await.unwrap().unwrap();
        assert_eq!(raw.text(), frame);
    }
    assert_eq!(
        heard.load(Ordering::Relaxed),
        2,
        "raw events call no listener"
    );
    let error = rt.received().next().await.unwrap().unwrap_err();
    let Error::Parse(error) = error else {
        panic!("{error:?}")
    };
    assert_eq!(&**error.text(), "overloaded");
}
