//! Senders that wait for room while the session is polled, and while it is not.

use std::time::Duration;

use futures_util::{StreamExt, future};
use openai_realtime_ws::conversation::{Conversation, RequestError};
use openai_realtime_ws::protocol::InputAudioBufferAppend;
use openai_realtime_ws::{
    ClientEvent, Config, Error, Frame, Reconnect, SendError, SendErrorKind, Sender, Session,
};
use tokio::time::{Instant, timeout};

use super::config;
use super::memory::{Memory, Peer, memory};

/// Far longer than a session may go without being polled.
const HOURS: Duration = Duration::from_secs(10_000);

/// A recording of 162 pieces.
fn recording() -> impl Iterator<Item = ClientEvent> {
    (0..162).map(|_| InputAudioBufferAppend::pcm16(&[0; 480]).into())
}

/// Sends the recording. Returns the number of pieces that were queued, and the error that ended it.
async fn speak(sender: &Sender) -> (usize, Option<SendError<ClientEvent>>) {
    for (queued, piece) in recording().enumerate() {
        if let Err(error) = sender.send(piece).await {
            return (queued, Some(error));
        }
    }
    (162, None)
}

fn quiet(config: Config) -> Config {
    config.keep_alive(None).max_queue_bytes(10_000)
}

async fn open(config: Config) -> (Session<Memory>, Peer) {
    let (connector, mut peers) = memory();
    let rt = Session::open(connector, config).await.unwrap();
    (rt, peers.next().await.unwrap())
}

/// Reads this number of messages.
async fn read(peer: &mut Peer, messages: usize) {
    let read = peer.received.by_ref().take(messages);
    let texts = read.filter(|frame| future::ready(matches!(frame, Frame::Text(_))));
    assert_eq!(texts.count().await, messages);
}

#[tokio::test(start_paused = true)]
async fn a_sender_says_that_nobody_polls_the_session() {
    let (rt, mut peer) = open(quiet(config())).await;
    let (sender, mut events) = rt.split();
    let begun = Instant::now();
    let (queued, error) = speak(&sender).await;
    let error = error.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 30);
    assert_eq!(error.kind, SendErrorKind::NotPolled);
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "the send queue is full and nobody polls the session: await `next` or `run` meanwhile, \
         or use `Session::send`"
    );
    assert_eq!(error.event, recording().next().unwrap());
    assert!(queued > 2, "{queued}");

    // Nothing else has changed: what was queued goes out once somebody polls.
    let listen = async {
        let _ = events.next().await;
    };
    tokio::select! {
        () = listen => unreachable!(),
        () = read(&mut peer, queued) => {}
    }
    sender.send(error.event).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_whole_recording_is_sent_from_the_task_that_polls() {
    let (rt, mut peer) = open(quiet(config())).await;
    let (sender, mut events) = rt.split();
    let listen = async {
        let _ = events.next().await;
    };
    tokio::select! {
        () = listen => unreachable!(),
        ((queued, error), ()) = future::join(speak(&sender), read(&mut peer, 162)) => {
            assert_eq!((queued, error), (162, None));
        }
    }
    let mut rt = events.into_session();
    let speak = async {
        for piece in recording() {
            rt.send(piece).await.unwrap();
        }
    };
    future::join(speak, read(&mut peer, 162)).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_at_rest_counts_as_polled_while_it_is_awaited() {
    let (rt, mut peer) = open(quiet(config())).await;
    let (sender, mut events) = rt.split();
    let listening = tokio::spawn(async move { events.next().await.is_none() });
    // The server reads nothing for hours, and nothing happens on the connection.
    let mut speaking = Box::pin(speak(&sender));
    let waited = timeout(HOURS, &mut speaking).await;
    assert!(waited.is_err(), "{waited:?}");
    let (spoken, ()) = future::join(speaking, read(&mut peer, 162)).await;
    assert_eq!(spoken, (162, None));
    drop(peer);
    assert!(
        !listening.await.unwrap(),
        "it is told that the peer is gone"
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_between_two_attempts_counts_as_polled_while_it_is_awaited() {
    let (connector, mut peers) = memory();
    let patient = Reconnect::default()
        .initial_delay(HOURS)
        .max_delay(HOURS * 2);
    let config = quiet(config()).reconnect(patient);
    let rt = Session::<Memory>::open(connector, config).await.unwrap();
    drop(peers.next().await.unwrap());
    let (sender, mut events) = rt.split();
    let listening = tokio::spawn(async move { while events.next_update().await.is_some() {} });
    let serving = tokio::spawn(async move {
        let peer = peers.next().await.unwrap();
        peer.received.count().await
    });
    assert_eq!(speak(&sender).await, (162, None));
    listening.abort();
    let _ = listening.await;
    let sent = serving.await.unwrap();
    // The others are held back until `flush_pending`.
    assert!(sent > 150, "{sent}");
}

#[tokio::test(start_paused = true)]
async fn a_request_says_that_nobody_polls_the_conversation() {
    let (rt, peer) = open(quiet(config())).await;
    tokio::spawn(peer.serve());
    let mut conversation = Conversation::new(rt);
    let begun = Instant::now();
    let error = conversation.handle().say("Hello.").await.unwrap_err();
    assert_eq!(error, RequestError::NotPolled);
    assert_eq!(begun.elapsed().as_secs(), 30);
    let answer = conversation.handle().say("Hello again.");
    let listen = async {
        while let Some(event) = conversation.next().await {
            event?;
        }
        Ok::<(), Error>(())
    };
    tokio::select! {
        ended = listen => panic!("{ended:?}"),
        answer = answer => drop(answer),
    }
}
