//! The session suite over queues in memory, and what only a transport under the test's control can show.
#![cfg(not(all(target_family = "wasm", target_os = "unknown")))]

use std::pin::pin;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future};
use openai_realtime_ws::protocol::{ConversationItemCreate, ResponseCreate, SessionCreated};
use openai_realtime_ws::{
    ClientEvent, CloseFrame, Config, Error, Frame, RawEvent, SendErrorKind, Sender, ServerEvent,
    Session, TransportError,
};
use serde_json::json;

#[path = "suite/memory.rs"]
mod memory;
#[path = "suite/scripted.rs"]
mod scripted;
mod suite;
#[path = "suite/urls.rs"]
mod urls;

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
suite::session_tests!(#[tokio::test] server, scripted: a_bad_frame_ends_nothing, the_servers_close_is_reported,
    run_ends_with_the_connection, run_goes_on_where_errors_are_heard);

#[test]
fn urls_are_the_sdks() {
    urls::are_the_sdks();
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
