//! Events that the server acknowledges: settings, items and the input buffer.

use std::sync::atomic::{AtomicBool, Ordering};

use openai_realtime_ws::conversation::{PendingRequest, RequestError};
use openai_realtime_ws::emulator::{Action, Reply};
use openai_realtime_ws::protocol::{
    ContentPart, ConversationItemCreate, ConversationItemDelete, ConversationItemRetrieve,
    ErrorKind, InputAudioBufferClear, InputAudioBufferCommit, Message, RealtimeSession,
    ResponseCreate, SessionConfig, SessionUpdate,
};
use openai_realtime_ws::{Reconnect, Restore};

use super::*;

/// Polls the conversation, errors of the server included, until a future is ready.
async fn despite_errors<T>(conversation: &mut Talk, future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        tokio::select! {
            biased;
            output = &mut future => return output,
            event = conversation.next() => drop(event.expect("it has ended").unwrap()),
        }
    }
}

fn instructions(text: &str) -> SessionUpdate {
    SessionUpdate::new(RealtimeSession::new().instructions(text))
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, RequestError>) -> (Option<String>, ErrorKind) {
    match answer {
        Err(RequestError::Refused(error)) => (error.event_id.clone(), error.kind()),
        answer => panic!("not refused: {answer:?}"),
    }
}

#[tokio::test]
async fn each_event_has_its_own_acknowledgement() {
    let emulator = scripted(Script::new()).start().await.unwrap();
    let (mut conversation, handle) = talk(&emulator).await;
    // Nobody waits for the first update, whose acknowledgement is not the second's.
    handle.send(instructions("one"));
    let second = handle.request(instructions("two"));
    let third = handle.request(instructions("three"));
    let item = handle.request(ConversationItemCreate::user_text("Hello."));
    let message = Message::user(ContentPart::input_text("And you?")).id("mine");
    let named = ConversationItemCreate::new(message);
    let named = handle.request(named.previous_item_id("root"));
    let found = handle.request(ConversationItemRetrieve::new("mine"));
    let deleted = handle.request(ConversationItemDelete::new("mine"));
    let cleared = handle.request(InputAudioBufferClear::default());
    let all = async {
        let SessionConfig::Realtime(second) = *second.await.unwrap().session else {
            panic!("another kind of session");
        };
        let SessionConfig::Realtime(third) = *third.await.unwrap().session else {
            panic!("another kind of session");
        };
        assert_eq!(second.instructions.as_deref(), Some("two"));
        assert_eq!(third.instructions.as_deref(), Some("three"));
        let item = item.await.unwrap().item;
        assert!(item.id().unwrap().len() <= 32, "{item:?}");
        let named = named.await.unwrap();
        assert_eq!(named.item.id(), Some("mine"));
        assert_eq!(found.await.unwrap().item.id(), Some("mine"));
        assert_eq!(deleted.await.unwrap().item_id, "mine");
        cleared.await.unwrap();
    };
    while_talking(&mut conversation, all).await;
    assert_eq!(lines(&conversation), ["user: Hello."]);
}

#[tokio::test]
async fn a_refusal_finds_its_request_and_leaves_the_others() {
    let emulator = scripted(Script::new()).start().await.unwrap();
    let (mut conversation, handle) = talk(&emulator).await;
    let unknown = handle.request(ConversationItemRetrieve::new("nobody"));
    let empty = handle.request(InputAudioBufferCommit::default());
    let named = handle.request(ConversationItemDelete::new("nobody").event_id("mine"));
    let good = handle.request(instructions("Be brief."));
    let (unknown, empty, named, good) = despite_errors(
        &mut conversation,
        futures_util::future::join4(unknown, empty, named, good),
    )
    .await;
    assert_eq!(refusal(unknown).1, ErrorKind::Request);
    assert_eq!(refusal(empty).1, ErrorKind::Harmless);
    assert_eq!(refusal(named).0.as_deref(), Some("mine"));
    good.unwrap();
}

#[tokio::test]
async fn audio_is_committed_when_the_server_says_so() {
    let emulator = scripted(Script::new()).start().await.unwrap();
    let (mut conversation, handle) = talk(&emulator).await;
    let by_hand = json_session(r#"{"type":"realtime","audio":{"input":{"turn_detection":null}}}"#);
    while_talking(
        &mut conversation,
        handle.request(SessionUpdate::new(by_hand)),
    )
    .await
    .unwrap();
    handle
        .append(Audio::from_pcm16(&vec![0; 12_000]))
        .await
        .unwrap();
    let committed = handle.request(InputAudioBufferCommit::default());
    let committed = while_talking(&mut conversation, committed).await.unwrap();
    assert!(!committed.item_id.is_empty());
    let entry = conversation.history().get(&committed.item_id);
    assert!(entry.is_some(), "it is part of the conversation");
}

fn json_session(text: &str) -> SessionConfig {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn what_the_server_had_when_the_connection_broke_is_lost_and_the_rest_is_answered() {
    let swallows = AtomicBool::new(true);
    let script = Script::new()
        .on_event(move |event| {
            // The server swallows an update once, and breaks off when it is asked for a response.
            let wanted = event.text().contains("swallowed");
            (wanted && swallows.swap(false, Ordering::SeqCst)).then(Vec::new)
        })
        .on_response(|turn| match turn.connection() {
            0 => Reply::new().act(Action::Drop),
            _ => Reply::new().text("Here I am."),
        });
    let emulator = scripted(script).start().await.unwrap();
    let config = config(&emulator)
        .reconnect(Reconnect::default().initial_delay(Duration::from_millis(1)))
        .restore(Restore::default());
    let (mut conversation, handle) = talk_by(config).await;
    let kept = while_talking(&mut conversation, handle.request(instructions("one"))).await;
    kept.unwrap();
    let lost = handle.request(instructions("swallowed"));
    drop(handle.respond(ResponseCreate::default()));
    until(&mut conversation, |event| {
        matches!(event, ConversationEvent::Reconnecting(_))
    })
    .await;
    assert_eq!(lost.await.unwrap_err(), RequestError::ConnectionLost);
    // In the outage, or behind it: the update that restores the session is not its answer.
    let next = handle.request(instructions("three"));
    let updated = while_talking(&mut conversation, next).await.unwrap();
    let SessionConfig::Realtime(session) = *updated.session else {
        panic!("another kind of session");
    };
    assert_eq!(session.instructions.as_deref(), Some("three"));
}

#[tokio::test]
async fn the_end_of_the_session_ends_requests() {
    let script = Script::new().on_event(|event| {
        let ignored = event.event_type() == "session.update";
        ignored.then(Vec::new)
    });
    let emulator = scripted(script).start().await.unwrap();
    let (mut conversation, handle) = talk(&emulator).await;
    let open: PendingRequest<SessionUpdate> = handle.request(instructions("one"));
    handle.close();
    while let Some(event) = conversation.next().await {
        event.unwrap();
    }
    assert_eq!(open.await.unwrap_err(), RequestError::Closed);
    let late = handle.request(instructions("two"));
    assert_eq!(late.await.unwrap_err(), RequestError::Closed);
}
