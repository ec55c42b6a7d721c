//! Barge-in, by speech and by a button.

use openai_realtime_ws::conversation::{CancelledBy, Outcome, Playback};
use openai_realtime_ws::protocol::{ConversationItemCreate, ResponseCreate};

use super::*;

/// Two items of a second each.
const TWO_ITEMS: &str = "speak 1000 one two three four | item | speak 1000 five six seven eight";

/// Times at which the user speaks, in milliseconds of two items of a second each.
const MOMENTS: [u64; 9] = [0, 250, 500, 750, 1000, 1250, 1500, 1750, 2000];

/// The text that is heard within a time, in quarters of a second.
fn heard_within(text: &str, ms: u64) -> String {
    let words: Vec<_> = text.split(' ').collect();
    // The words are of different lengths: a quarter of the text is not a word.
    let letters = usize::try_from(ms).unwrap() * text.len() / 1000;
    let mut heard = String::new();
    for word in words {
        let next = if heard.is_empty() {
            word.to_owned()
        } else {
            format!("{heard} {word}")
        };
        if next.len() > letters {
            break;
        }
        heard = next;
    }
    heard
}

pub async fn the_user_may_speak_at_every_moment_of_two_items<C: Connector>(
    connector: C,
    config: Config,
) {
    let replies = MOMENTS.map(|_| [TWO_ITEMS, "say Yes?"]);
    let mut talk = Talk::start(connector, config, replies.as_flattened()).await;
    talk.conversation = talk.conversation.playback(Playback::new());
    for played in MOMENTS {
        let answer = talk.handle.respond(ResponseCreate::default());
        let answer = talk.during(answer).await.unwrap();
        let items: Vec<_> = answer
            .response
            .output
            .iter()
            .filter_map(|item| item.id())
            .collect();
        assert_eq!(items.len(), 2);
        // The player tells how far it is, and the user begins to speak.
        let (at, ms) = if played > 1000 {
            (1, played - 1000)
        } else {
            (0, played)
        };
        talk.handle.played_ms(items[at], 0, ms);
        talk.handle.append(speech()).await.unwrap();
        let events = talk
            .until(|event| matches!(event, ConversationEvent::Text(_)))
            .await;
        let is_cut =
            |event: &&ConversationEvent| matches!(event, ConversationEvent::Interrupted(_));
        let cuts = events.iter().filter(is_cut).count();
        assert_eq!(cuts, usize::from(played < 2000), "at {played} ms");
        // Once this is acknowledged, the server has told all that was sent before.
        let fence = talk
            .handle
            .request(ConversationItemCreate::user_text("Go on."));
        talk.during(fence).await.unwrap();
        let history = talk.conversation.history();
        let kept = items.iter().map(|id| {
            let entry = history.get(id)?;
            Some((entry.truncated_ms, entry.heard().into_owned()))
        });
        let whole = ["one two three four", "five six seven eight"];
        let cut = |at: usize, ms: u64| match ms {
            0 => None,
            1000 => Some((None, whole[at].to_owned())),
            ms => Some((Some(ms), heard_within(whole[at], ms))),
        };
        let expected = [
            cut(0, played.min(1000)),
            cut(1, played.saturating_sub(1000)),
        ];
        assert_eq!(kept.collect::<Vec<_>>(), expected, "at {played} ms");
    }
    talk.end().await;
}

pub async fn a_button_interrupts<C: Connector>(connector: C, config: Config) {
    let replies = ["pace 2 | speak 60000 A very long story.", "say Yes?"];
    let mut talk = Talk::start(connector, config, &replies).await;
    talk.conversation = talk.conversation.playback(Playback::new());
    let answer = talk.handle.respond(ResponseCreate::default());
    let events = talk
        .until(|event| matches!(event, ConversationEvent::Audio(_)))
        .await;
    let Some(ConversationEvent::Audio(delta)) = events.last() else {
        unreachable!();
    };
    talk.handle.played_ms(&delta.item_id, 0, 40);
    talk.handle.interrupt();
    let next = talk.handle.say("Stop.");
    let events = talk
        .until(|event| matches!(event, ConversationEvent::Text(_)))
        .await;
    let cut = events
        .iter()
        .position(|event| matches!(event, ConversationEvent::Interrupted(_)));
    let late = events[cut.expect("not interrupted")..].iter();
    let late = late.filter(|event| matches!(event, ConversationEvent::Audio(_)));
    assert_eq!(
        late.count(),
        0,
        "audio of an interrupted response is played"
    );
    let outcome = answer.await.unwrap().outcome;
    assert_eq!(outcome, Outcome::Cancelled(CancelledBy::Client));
    assert_eq!(talk.during(next).await.unwrap().text(), "Yes?");
    let entry = talk.conversation.history().get(&delta.item_id).unwrap();
    assert_eq!(entry.truncated_ms, Some(40));
    talk.end().await;
}
