//! Connections that break, or are renewed, in the middle of everything.

use std::time::Duration;

use openai_realtime_ws::conversation::{EntryStatus, Playback, RequestError, SeedPlace};
use openai_realtime_ws::protocol::ResponseCreate;
use openai_realtime_ws::{Reconnect, Restore};

use super::tools::{reply_to_outputs, with_slow_tool};
use super::*;

fn reconnecting(config: Config) -> Config {
    config.reconnect(Reconnect::default().initial_delay(Duration::from_millis(10)))
}

fn restoring(config: Config) -> Config {
    reconnecting(config).restore(Restore::default())
}

fn is_reconnected(event: &ConversationEvent) -> bool {
    matches!(event, ConversationEvent::Reconnected(_))
}

/// Breaks the connection in the middle of a reply, and waits for the next one.
async fn break_off<C: Connector>(talk: &mut Talk<C>) {
    let broken = talk.handle.say("Break.");
    talk.until(is_reconnected).await;
    assert_eq!(talk.during(broken).await, Err(RequestError::ConnectionLost));
}

pub async fn a_reply_breaks_off<C: Connector>(connector: C, config: Config) {
    let replies = [
        "say I am bre | wait 50 | drop",
        "say Here I am.",
        "messages",
    ];
    let mut talk = Talk::start(connector, restoring(config), &replies).await;
    let broken = talk.handle.say("Break.");
    // One waits for its turn when the connection breaks.
    let waiting = talk.handle.respond(ResponseCreate::default());
    let both = futures_util::future::join(broken, waiting);
    let (broken, waiting) = talk.during(both).await;
    assert_eq!(broken, Err(RequestError::ConnectionLost));
    assert_eq!(waiting.unwrap().text(), "Here I am.");
    let entries = talk.conversation.history().entries();
    assert_eq!(
        talk.lines(),
        [
            "user: Break.",
            "assistant: I am bre",
            "assistant: Here I am."
        ]
    );
    assert_eq!(
        (entries[1].status, entries[1].on_server),
        (EntryStatus::Incomplete, false)
    );
    assert_eq!(talk.say("Go on.").await, "Break. · Here I am. · Go on.");
    talk.end().await;
}

pub async fn a_tool_runs_over_an_outage<C: Connector>(connector: C, config: Config) {
    let replies = ["call slow {}", "say Wait | wait 50 | drop", "outputs"];
    let (mut talk, go) = with_slow_tool(connector, restoring(config), &replies).await;
    break_off(&mut talk).await;
    go.send(()).unwrap();
    assert_eq!(reply_to_outputs(&mut talk).await, "finally");
    talk.end().await;
}

/// What is queued is played on. The new session has no audio of it that could be truncated, so
/// nothing is sent that it would refuse.
pub async fn a_reply_is_heard_over_an_outage<C: Connector>(connector: C, config: Config) {
    let replies = [
        "speak 2000 one two three four",
        "say Wait | wait 50 | drop",
        "say Yes?",
    ];
    let mut talk = Talk::start(connector, restoring(config), &replies).await;
    talk.conversation = talk.conversation.playback(Playback::new());
    let answer = talk.handle.respond(ResponseCreate::default());
    let answer = talk.during(answer).await.unwrap();
    let id = answer.response.output[0].id().unwrap();
    talk.handle.played_ms(id, 0, 500);
    break_off(&mut talk).await;
    talk.handle.played_ms(id, 0, 1000);
    talk.handle.interrupt();
    let next = talk.handle.say("Stop.");
    let mut heard = Vec::new();
    talk.until(|event| {
        if let ConversationEvent::Interrupted(interruption) = event {
            heard.extend(
                interruption
                    .heard
                    .iter()
                    .map(|part| (part.played, part.received)),
            );
        }
        matches!(event, ConversationEvent::Text(_))
    })
    .await;
    assert_eq!(heard, [(Duration::from_secs(1), Duration::from_secs(2))]);
    assert_eq!(talk.during(next).await.unwrap().text(), "Yes?");
    talk.end().await;
}

pub async fn an_interrupted_reply_comes_back_as_heard<C: Connector>(connector: C, config: Config) {
    let replies = [
        "speak 1000 one two three four",
        "say Wait | wait 50 | drop",
        "messages",
    ];
    let mut talk = Talk::start(connector, restoring(config), &replies).await;
    talk.conversation = talk.conversation.playback(Playback::new());
    let answer = talk.handle.respond(ResponseCreate::default());
    let answer = talk.during(answer).await.unwrap();
    talk.handle
        .played_ms(answer.response.output[0].id().unwrap(), 0, 500);
    talk.handle.interrupt();
    talk.until(|event| {
        other(event, |event| {
            matches!(event, ServerEvent::ConversationItemTruncated(_))
        })
    })
    .await;
    break_off(&mut talk).await;
    assert_eq!(
        talk.say("What did you say?").await,
        "one two · Break. · What did you say?"
    );
    talk.end().await;
}

pub async fn a_session_that_is_not_restored_is_seeded<C: Connector>(connector: C, config: Config) {
    let replies = [
        "say Good morning.",
        "say I am bre | wait 50 | drop",
        "messages",
    ];
    let mut talk = Talk::start(connector, reconnecting(config), &replies).await;
    assert_eq!(talk.say("Hello.").await, "Good morning.");
    break_off(&mut talk).await;
    // The new session is empty: the application sets it up, and gives it the history.
    for event in talk.conversation.history().seed(SeedPlace::Top) {
        talk.handle.send(event);
    }
    talk.set_up().await;
    talk.conversation.session_mut().flush_pending().unwrap();
    let known = talk.say("Are you there?").await;
    assert_eq!(
        known,
        "Hello. · Good morning. · Break. · I am bre · Are you there?"
    );
    talk.end().await;
}

/// The server announces that the session ends soon, while a tool runs.
pub async fn a_renewal_in_the_middle_of_a_call<C: Connector>(connector: C, config: Config) {
    let replies = ["expires 6 | call slow {}", "outputs", "messages"];
    let config = config.renew();
    let (mut talk, go) = with_slow_tool(connector, config, &replies).await;
    if talk.conversation.session().generation() == 1 {
        let events = talk.until(is_reconnected).await;
        let is_lost = |event: &ConversationEvent| {
            matches!(
                event,
                ConversationEvent::ToolLost(_) | ConversationEvent::Reconnecting(_)
            )
        };
        assert!(!events.iter().any(is_lost), "{events:?}");
    }
    go.send(()).unwrap();
    assert_eq!(reply_to_outputs(&mut talk).await, "finally");
    assert_eq!(talk.say("Go on.").await, "Start. · finally · Go on.");
    assert_eq!(talk.conversation.session().generation(), 2);
    assert!(
        talk.conversation
            .history()
            .entries()
            .iter()
            .all(|entry| entry.on_server)
    );
    talk.end().await;
}
