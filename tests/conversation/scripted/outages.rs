//! Connections that break in the middle of everything.

use futures_channel::oneshot;
use openai_realtime_ws::conversation::{EntryStatus, FinishedResponse, RequestError};
use openai_realtime_ws::emulator::{Action, Reply};
use openai_realtime_ws::{Reconnect, Restore};

use super::*;

fn recovering(emulator: &Emulator) -> Config {
    config(emulator)
        .reconnect(Reconnect::default().initial_delay(Duration::from_millis(1)))
        .restore(Restore::default())
}

fn reconnected(event: &ConversationEvent) -> bool {
    matches!(event, ConversationEvent::Reconnected(_))
}

#[tokio::test]
async fn a_reply_is_lost_and_the_conversation_goes_on() {
    let script = Script::new().on_response(|turn| match turn.user_text().as_str() {
        "Hello." => Some(Reply::new().text("Good morning.")),
        "Break." => Some(Reply::new().text("I am bre").act(Action::Drop)),
        _ => Some(Reply::new().text("Here I am.")),
    });
    let emulator = scripted(script).start().await.unwrap();
    let (mut conversation, handle) = talk_by(recovering(&emulator)).await;
    let answer = while_talking(&mut conversation, handle.say("Hello."))
        .await
        .unwrap();
    assert_eq!(answer.text(), "Good morning.");
    // One is under way when the connection breaks, and one waits for its turn.
    let broken = handle.say("Break.");
    let waiting = handle.respond(openai_realtime_ws::protocol::ResponseCreate::default());
    assert_eq!(
        while_talking(&mut conversation, broken).await,
        Err(RequestError::ConnectionLost)
    );
    let next = handle.say("Are you there?");
    let (waiting, next) =
        while_talking(&mut conversation, futures_util::future::join(waiting, next)).await;
    assert_eq!(
        (waiting.unwrap().text(), next.unwrap().text()),
        ("Here I am.".to_owned(), "Here I am.".to_owned())
    );
    let entries = conversation.history().entries();
    let texts: Vec<_> = entries
        .iter()
        .map(|entry| entry.text().into_owned())
        .collect();
    assert_eq!(
        texts[..4],
        ["Hello.", "Good morning.", "Break.", "I am bre"]
    );
    assert_eq!(entries[3].status, EntryStatus::Incomplete);
    assert!(!entries[3].on_server);
    // Nothing is there twice.
    let mut ids: Vec<_> = entries.iter().filter_map(HistoryEntry::id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), entries.len());
}

#[tokio::test]
async fn a_tool_that_runs_over_an_outage_is_answered() {
    let script = Script::new().on_response(|turn| match turn.index() {
        0 if turn.user_text() == "Start." && outputs(turn).is_empty() => {
            Some(Reply::new().call("slow", "{}"))
        }
        _ if turn.user_text() == "Break." && outputs(turn).is_empty() => {
            Some(Reply::new().act(Action::Drop))
        }
        _ => Some(Reply::new().text(format!("Outputs: {}", outputs(turn).join(",")))),
    });
    let emulator = scripted(script).start().await.unwrap();
    let (conversation, handle) = talk_by(recovering(&emulator)).await;
    let (go, gone) = oneshot::channel::<()>();
    let gone = std::sync::Mutex::new(Some(gone));
    let tools = no_tools().function(named("slow"), move |(): ()| {
        let gone = gone.lock().unwrap().take().unwrap();
        async move { gone.await.map(|()| "finally").map_err(|_| "given up") }
    });
    let mut conversation = conversation.tools(tools);
    while_talking(&mut conversation, handle.say("Start."))
        .await
        .unwrap();
    let broken = handle.say("Break.");
    assert_eq!(
        while_talking(&mut conversation, broken).await,
        Err(RequestError::ConnectionLost)
    );
    until(&mut conversation, reconnected).await;
    go.send(()).unwrap();
    let mut reply = String::new();
    until(&mut conversation, |event| {
        if let ConversationEvent::Response(end) = event {
            reply = end
                .result
                .as_ref()
                .map_or_else(|_| String::new(), FinishedResponse::text);
        }
        !reply.is_empty()
    })
    .await;
    assert_eq!(reply, "Outputs: finally");
    let types = sent(&emulator, 1);
    assert_eq!(count(&types, "response.create"), 1, "{types:?}");
}

#[tokio::test]
async fn a_call_of_a_reply_that_broke_off_is_said_to_be_lost() {
    let script = Script::new().on_response(|turn| match turn.user_text().as_str() {
        "Start." => Some(Reply::new().call("slow", "{}").act(Action::Drop)),
        _ => Some(Reply::new().text("Here I am.")),
    });
    let emulator = scripted(script).start().await.unwrap();
    let (conversation, handle) = talk_by(recovering(&emulator)).await;
    let tools = no_tools().function(named("slow"), |(): ()| std::future::pending::<()>());
    let mut conversation = conversation.tools(tools);
    let broken = handle.say("Start.");
    let events = until(&mut conversation, reconnected).await;
    let lost = events
        .iter()
        .filter(|event| matches!(event, ConversationEvent::ToolLost(call) if call.name == "slow"));
    assert_eq!(lost.count(), 1);
    assert_eq!(broken.await, Err(RequestError::ConnectionLost));
    let answer = while_talking(&mut conversation, handle.say("Again."))
        .await
        .unwrap();
    assert_eq!(answer.text(), "Here I am.");
}

#[tokio::test]
async fn a_request_made_in_an_outage_waits_for_its_end() {
    let script = Script::new().on_response(|turn| match turn.user_text().as_str() {
        "Break." => Some(Reply::new().act(Action::Drop)),
        _ => Some(Reply::new().text("Here I am.")),
    });
    let emulator = scripted(script).start().await.unwrap();
    let (mut conversation, handle) = talk_by(recovering(&emulator)).await;
    let broken = handle.say("Break.");
    until(&mut conversation, |event| {
        matches!(event, ConversationEvent::Reconnecting(_))
    })
    .await;
    let next = handle.say("Are you there?");
    assert_eq!(
        while_talking(&mut conversation, next).await.unwrap().text(),
        "Here I am."
    );
    assert_eq!(broken.await, Err(RequestError::ConnectionLost));
    let types = sent(&emulator, 1);
    assert_eq!(count(&types, "response.create"), 1, "{types:?}");
}

#[tokio::test]
async fn a_renewal_loses_nothing() {
    let script = Script::new().on_response(|turn| match turn.user_text().as_str() {
        "Start." if outputs(turn).is_empty() => Some(Reply::new().call("slow", "{}")),
        "Start." => Some(Reply::new().text(outputs(turn).join(","))),
        _ => Some(Reply::new().text("Here I am.")),
    });
    let emulator = scripted(script)
        .lifetime(Duration::from_secs(4))
        .start()
        .await
        .unwrap();
    let config = recovering(&emulator)
        .expiry_warning(Duration::from_secs(3))
        .renew();
    let (conversation, handle) = talk_by(config).await;
    let (go, gone) = oneshot::channel::<()>();
    let gone = std::sync::Mutex::new(Some(gone));
    let tools = no_tools().function(named("slow"), move |(): ()| {
        let gone = gone.lock().unwrap().take().unwrap();
        async move { gone.await.map(|()| "finally").map_err(|_| "given up") }
    });
    let mut conversation = conversation.tools(tools);
    while_talking(&mut conversation, handle.say("Hello."))
        .await
        .unwrap();
    while_talking(&mut conversation, handle.say("Start."))
        .await
        .unwrap();
    // A tool runs while the session moves to its next connection.
    let events = until(&mut conversation, reconnected).await;
    let lost = |event: &&ConversationEvent| {
        matches!(
            event,
            ConversationEvent::ToolLost(_) | ConversationEvent::Reconnecting(_)
        )
    };
    assert_eq!(events.iter().find(lost), None);
    go.send(()).unwrap();
    until(
        &mut conversation,
        |event| matches!(event, ConversationEvent::Text(event) if event.delta.contains("finally")),
    )
    .await;
    let entries = conversation.history().entries();
    let texts: Vec<_> = entries
        .iter()
        .map(|entry| entry.text().into_owned())
        .collect();
    assert_eq!(
        texts[..5],
        ["Hello.", "Here I am.", "Start.", "{}", "finally"]
    );
    assert_eq!(entries.len(), 6);
    assert!(entries.iter().all(|entry| entry.on_server));
    assert_eq!(emulator.connections().len(), 2);
    assert_eq!(count(&sent(&emulator, 1), "response.create"), 1);
}
