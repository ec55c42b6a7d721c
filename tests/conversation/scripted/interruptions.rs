//! Barge-in: at every moment of two queued items, by speech and by a button.

use openai_realtime_ws::conversation::{CancelledBy, Outcome, Playback, TurnEvent};
use openai_realtime_ws::emulator::Reply;
use openai_realtime_ws::protocol::ResponseCreate;
use serde_json::{Value, json};

use super::*;

/// A second of each of two items.
fn two_items() -> Script {
    let second = || vec![1; 24_000];
    Script::new().on_response(move |turn| match turn.index() {
        0 => Reply::new()
            .pcm16(second(), "one two three four")
            .next_item()
            .pcm16(second(), "five six seven eight"),
        _ => Reply::new().text("Yes?"),
    })
}

/// The truncations and deletions that were sent, with the place of their item.
fn cuts(emulator: &Emulator, items: &[String]) -> Vec<(usize, Option<u64>)> {
    let connections = emulator.connections();
    let events = connections[0].events().iter();
    let cuts = events.filter_map(|event| {
        let text: Value = serde_json::from_str(event.text()).unwrap();
        let end = match event.event_type() {
            "conversation.item.truncate" => text["audio_end_ms"].as_u64(),
            "conversation.item.delete" => None,
            _ => return None,
        };
        let item = items.iter().position(|id| json!(id) == text["item_id"]);
        Some((item.unwrap(), end))
    });
    cuts.collect()
}

#[tokio::test]
async fn the_user_may_speak_at_any_moment() {
    for played in (0..=2000_u64).step_by(125) {
        let emulator = scripted(two_items()).start().await.unwrap();
        let (conversation, handle) = talk(&emulator).await;
        let mut conversation = conversation.playback(Playback::new());
        let answer = handle.respond(ResponseCreate::default());
        let answer = while_talking(&mut conversation, answer).await.unwrap();
        let items: Vec<_> = answer
            .response
            .output
            .iter()
            .filter_map(|item| item.id().map(str::to_owned))
            .collect();
        assert_eq!(items.len(), 2);
        // The player tells how far it is, and the user begins to speak.
        let (at, ms) = if played > 1000 {
            (1, played - 1000)
        } else {
            (0, played)
        };
        handle.played_ms(&items[at], 0, ms);
        handle.append(speech()).await.unwrap();
        let events = until(&mut conversation, |event| {
            matches!(event, ConversationEvent::Text(_))
        })
        .await;
        let interrupted = events
            .iter()
            .filter(|event| matches!(event, ConversationEvent::Interrupted(_)));
        assert_eq!(
            interrupted.count(),
            usize::from(played < 2000),
            "at {played} ms"
        );
        // Once this is answered, the server has read all that was sent before.
        while_talking(&mut conversation, handle.say("Go on."))
            .await
            .unwrap();
        let expected = match played {
            0 => vec![(0, None), (1, None)],
            1..1000 => vec![(0, Some(played)), (1, None)],
            1000 => vec![(1, None)],
            1001..2000 => vec![(1, Some(played - 1000))],
            _ => vec![],
        };
        let mut cuts = cuts(&emulator, &items);
        cuts.sort_unstable();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(cuts, expected, "at {played} ms");
        // The history knows what was heard, as the server does.
        let heard: Vec<_> = (conversation.history().entries().iter())
            .filter(|entry| items.iter().any(|id| entry.id() == Some(id)))
            .map(|entry| entry.heard().into_owned())
            .collect();
        let words = |from: usize, ms: u64| {
            let words = ["one two three four", "five six seven eight"];
            let counts = [[0, 0, 3, 3, 7, 7, 13, 13], [0, 0, 4, 4, 8, 8, 14, 14]];
            let cut = usize::try_from(ms / 125).unwrap();
            let end = counts[from].get(cut).copied().unwrap_or(words[from].len());
            words[from][..end].to_owned()
        };
        let expected: Vec<String> = match played {
            0 => vec![],
            1..=1000 => vec![words(0, played)],
            _ => vec![words(0, 1000), words(1, played - 1000)],
        };
        assert_eq!(heard, expected, "at {played} ms");
    }
}

#[tokio::test]
async fn speech_cuts_a_reply_that_is_being_made() {
    let script = Script::new().on_response(|turn| match turn.index() {
        0 => Reply::new().pcm16(vec![1; 24_000 * 60], "A very long story."),
        _ => Reply::new().text("Yes?"),
    });
    let emulator = scripted(script).pace(4.0).start().await.unwrap();
    let (conversation, handle) = talk(&emulator).await;
    let mut conversation = conversation.playback(Playback::new());
    let answer = handle.respond(ResponseCreate::default());
    let events = until(&mut conversation, |event| {
        matches!(event, ConversationEvent::Audio(_))
    })
    .await;
    let Some(ConversationEvent::Audio(delta)) = events.last() else {
        unreachable!();
    };
    handle.played_ms(&delta.item_id, 0, 40);
    handle.append(speech()).await.unwrap();
    let events = until(&mut conversation, |event| {
        matches!(event, ConversationEvent::Text(_))
    })
    .await;
    let cut = events
        .iter()
        .position(|event| matches!(event, ConversationEvent::Interrupted(_)));
    let cut = cut.expect("not interrupted");
    let late = events[cut..]
        .iter()
        .filter(|event| matches!(event, ConversationEvent::Audio(_)));
    assert_eq!(
        late.count(),
        0,
        "audio of an interrupted response is played"
    );
    assert_eq!(
        answer.await.unwrap().outcome,
        Outcome::Cancelled(CancelledBy::Speech)
    );
    while_talking(&mut conversation, handle.say("Go on."))
        .await
        .unwrap();
    assert_eq!(
        cuts(&emulator, std::slice::from_ref(&delta.item_id)),
        [(0, Some(40))]
    );
    let types = sent(&emulator, 0);
    assert_eq!(
        count(&types, "response.cancel"),
        0,
        "the server cancels on its own"
    );
}

#[tokio::test]
async fn a_button_interrupts_as_speech_does() {
    for with_playback in [true, false] {
        let script = Script::new().on_response(|turn| match turn.index() {
            0 => Reply::new().pcm16(vec![1; 24_000 * 60], "A very long story."),
            _ => Reply::new().text("Yes?"),
        });
        let emulator = scripted(script).pace(4.0).start().await.unwrap();
        let (mut conversation, handle) = talk(&emulator).await;
        if with_playback {
            conversation = conversation.playback(Playback::new());
        }
        let answer = handle.respond(ResponseCreate::default());
        let events = until(&mut conversation, |event| {
            matches!(event, ConversationEvent::Audio(_))
        })
        .await;
        let Some(ConversationEvent::Audio(delta)) = events.last() else {
            unreachable!();
        };
        handle.played_ms(&delta.item_id, 0, 40);
        handle.interrupt();
        let next = handle.say("Stop.");
        let events = until(&mut conversation, |event| {
            matches!(event, ConversationEvent::Text(_))
        })
        .await;
        assert!(
            matches!(
                events.iter().find(|event| !matches!(
                    event,
                    ConversationEvent::Other(_)
                        | ConversationEvent::Audio(_)
                        | ConversationEvent::Transcript(_)
                        | ConversationEvent::History(_)
                )),
                Some(ConversationEvent::Interrupted(_))
            ),
            "{events:?}"
        );
        let cut = events
            .iter()
            .position(|event| matches!(event, ConversationEvent::Interrupted(_)));
        let late = events[cut.unwrap()..]
            .iter()
            .filter(|event| matches!(event, ConversationEvent::Audio(_)));
        assert_eq!(
            late.count(),
            0,
            "audio of an interrupted response is played"
        );
        assert_eq!(
            answer.await.unwrap().outcome,
            Outcome::Cancelled(CancelledBy::Client)
        );
        assert_eq!(
            while_talking(&mut conversation, next).await.unwrap().text(),
            "Yes?"
        );
        let types = sent(&emulator, 0);
        let expected: &[&str] = if with_playback {
            &[
                "response.create",
                "response.cancel",
                "conversation.item.truncate",
                "conversation.item.create",
                "response.create",
            ]
        } else {
            &[
                "response.create",
                "response.cancel",
                "conversation.item.create",
                "response.create",
            ]
        };
        assert_eq!(types, expected);
    }
}

#[tokio::test]
async fn tools_at_an_interruption_are_answered_without_a_reply_over_the_user() {
    // The model calls a tool and is interrupted while it speaks.
    let script = Script::new().on_response(|turn| match turn.index() {
        0 => Reply::new()
            .call("look", "{}")
            .pcm16(vec![1; 24_000 * 60], "Let me see."),
        _ => Reply::new().text("Yes?"),
    });
    let emulator = scripted(script).pace(4.0).start().await.unwrap();
    let (conversation, handle) = talk(&emulator).await;
    let tools = no_tools().function(named("look"), |(): ()| async { "seen" });
    let mut conversation = conversation.playback(Playback::new()).tools(tools);
    handle.respond(ResponseCreate::default());
    until(&mut conversation, |event| {
        matches!(event, ConversationEvent::Audio(_))
    })
    .await;
    handle.append(speech()).await.unwrap();
    // The server answers the speech on its own.
    until(&mut conversation, |event| {
        let ConversationEvent::Turn(TurnEvent::TurnDone(turn)) = event else {
            return false;
        };
        turn.outcome == Some(Outcome::Completed)
    })
    .await;
    let types = sent(&emulator, 0);
    assert_eq!(count(&types, "response.create"), 1, "{types:?}");
    let outputs = lines(&conversation)
        .into_iter()
        .filter(|line| line == "FunctionOutput: seen");
    assert_eq!(outputs.count(), 1);
}
