//! Random schedules of two responses at a time, a player in each of its kinds, and interruptions at
//! every moment, against a server that refuses what the service would refuse.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use openai_realtime_ws::ClientEvent;
use openai_realtime_ws::conversation::{Interruption, Playback};
use openai_realtime_ws::protocol::{Audio, ResponseOutputAudioDelta};
use proptest::prelude::*;
use serde_json::json;

use super::{created, done, event, speech};

/// Next thing that happens.
#[derive(Debug, Clone, Copy)]
enum Happening {
    /// A piece of audio of the item under way, in samples.
    Delta(usize),
    /// The item under way ends, and another one begins with the next piece.
    NextItem,
    /// The response under way ends, and another one begins.
    NextResponse,
    /// The player goes on by so many samples.
    Play(usize),
    Speech,
    Button,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        5 => (0_usize..3_000).prop_map(Happening::Delta),
        2 => Just(Happening::NextItem),
        1 => Just(Happening::NextResponse),
        5 => (0_usize..3_000).prop_map(Happening::Play),
        1 => Just(Happening::Speech),
        1 => Just(Happening::Button),
    ]
}

/// Way in which the player reports its position.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Telling {
    Milliseconds,
    Marks,
    #[cfg(feature = "audio")]
    Samples,
}

fn telling() -> impl Strategy<Value = Telling> {
    proptest::sample::select(vec![
        Telling::Milliseconds,
        Telling::Marks,
        #[cfg(feature = "audio")]
        Telling::Samples,
    ])
}

/// An item as the server has it.
#[derive(Debug, Default)]
struct Spoken {
    response: usize,
    /// Samples that were sent to the client.
    sent: usize,
    is_complete: bool,
    /// Samples that the player has truly played.
    played: usize,
    /// Samples that the tracker was told of.
    told: usize,
    /// Set by a truncation: the milliseconds that stay.
    truncated: Option<u64>,
    is_deleted: bool,
}

impl Spoken {
    fn millis(samples: usize) -> u64 {
        samples as u64 / 24
    }

    /// Returns true if the tracker knows that all of it was heard.
    fn is_heard(&self) -> bool {
        self.is_complete && Self::millis(self.told) >= Self::millis(self.sent)
    }
}

/// Both sides of a conversation, and the player between.
struct Stage {
    playback: Playback,
    telling: Telling,
    #[cfg(feature = "audio")]
    speaker: Option<openai_realtime_ws::conversation::Speaker>,
    items: Vec<Spoken>,
    response: usize,
    has_item: bool,
    /// Responses that were interrupted.
    cut: BTreeSet<usize>,
    /// Queue of the player: items with their samples, and the mark behind them.
    queue: Vec<(usize, usize, Option<String>)>,
    stale: Vec<String>,
}

impl Stage {
    fn new(telling: Telling) -> Self {
        #[cfg(feature = "audio")]
        let (playback, speaker) = match telling {
            Telling::Samples => {
                let (playback, speaker) = Playback::with_speaker(24_000);
                (playback, Some(speaker))
            }
            _ => (Playback::new(), None),
        };
        #[cfg(not(feature = "audio"))]
        let playback = Playback::new();
        let mut stage = Self {
            playback,
            telling,
            #[cfg(feature = "audio")]
            speaker,
            items: Vec::new(),
            response: 0,
            has_item: false,
            cut: BTreeSet::new(),
            queue: Vec::new(),
            stale: Vec::new(),
        };
        stage.playback.received(&created("resp_0"));
        stage
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Delta(samples) => self.delta(samples),
            Happening::NextItem => self.complete(),
            Happening::NextResponse => self.next_response(),
            Happening::Play(samples) => self.play(samples),
            Happening::Speech => self.speak(),
            Happening::Button => self.press(),
        }
    }

    fn delta(&mut self, samples: usize) {
        if !self.has_item {
            self.items.push(Spoken {
                response: self.response,
                ..Spoken::default()
            });
            self.has_item = true;
        }
        let item = self.items.len() - 1;
        // Each item's samples have a value of their own.
        let value = i16::try_from(item + 1).unwrap();
        let delta = ResponseOutputAudioDelta::default()
            .response_id(format!("resp_{}", self.response))
            .item_id(format!("item_{item}"))
            .delta(Audio::from_pcm16(&vec![value; samples]));
        assert_eq!(self.playback.received(&delta.clone().into()), None);
        self.items[item].sent += samples;
        let plays = !self.cut.contains(&self.response);
        assert_eq!(self.playback.plays(&delta), plays);
        if self.telling == Telling::Marks {
            let pieces = self.playback.pieces(&delta, Duration::from_millis(20));
            assert!(plays || pieces.is_empty());
            for (audio, mark) in pieces {
                self.queue.push((item, audio.decoded_len() / 2, Some(mark)));
            }
        } else if plays {
            self.queue.push((item, samples, None));
        }
    }

    fn complete(&mut self) {
        if self.has_item {
            let item = self.items.len() - 1;
            self.items[item].is_complete = true;
            self.has_item = false;
            let done = json!({"type": "response.output_audio.done",
                "item_id": format!("item_{item}"), "content_index": 0});
            assert_eq!(self.playback.received(&event(&done)), None);
        }
    }

    fn next_response(&mut self) {
        self.complete();
        let response = format!("resp_{}", self.response);
        if let Some(late) = self.playback.received(&done(&response)) {
            assert!(self.cut.contains(&self.response));
            assert_eq!(late.cancel, None);
            self.obey(&late);
        }
        self.response += 1;
        self.playback
            .received(&created(&format!("resp_{}", self.response)));
    }

    fn play(&mut self, mut samples: usize) {
        #[cfg(feature = "audio")]
        if let Some(speaker) = &mut self.speaker {
            // Only what is queued may come out, in order, and then silence.
            let mut out = vec![-1; samples];
            let filled = speaker.pull_i16(&mut out);
            let expected: Vec<i16> = self
                .queue
                .iter()
                .flat_map(|(item, samples, _)| {
                    std::iter::repeat_n(i16::try_from(*item + 1).unwrap(), *samples)
                })
                .take(samples)
                .collect();
            assert_eq!(filled, expected.len());
            assert_eq!(out[..filled], expected);
            assert!(out[filled..].iter().all(|sample| *sample == 0));
        }
        while samples > 0 && !self.queue.is_empty() {
            let (item, left, mark) = &mut self.queue[0];
            let played = samples.min(*left);
            samples -= played;
            *left -= played;
            let spoken = &mut self.items[*item];
            spoken.played += played;
            let name = format!("item_{item}");
            let is_over = *left == 0;
            match (self.telling, mark) {
                (Telling::Milliseconds, _) => {
                    spoken.told = spoken.played;
                    self.playback
                        .played_ms(&name, 0, Spoken::millis(spoken.played));
                }
                (Telling::Marks, Some(mark)) if is_over => {
                    spoken.told = spoken.played;
                    assert!(self.playback.played_mark(mark));
                }
                (Telling::Marks, _) => {}
                #[cfg(feature = "audio")]
                (Telling::Samples, _) => spoken.told = spoken.played,
            }
            if is_over {
                self.queue.remove(0);
            }
        }
    }

    fn speak(&mut self) {
        let expected = self.is_under_way() || self.unheard().next().is_some();
        let interruption = self.playback.received(&speech());
        assert_eq!(interruption.is_some(), expected);
        if let Some(interruption) = interruption {
            assert_eq!(interruption.cancel, None);
            self.interrupted(&interruption);
        }
    }

    fn press(&mut self) {
        let interruption = self.playback.interrupt();
        // Nothing is cancelled that is not under way, or twice.
        assert_eq!(interruption.cancel.is_some(), self.is_under_way());
        self.interrupted(&interruption);
    }

    fn is_under_way(&self) -> bool {
        !self.cut.contains(&self.response)
    }

    /// Items that the tracker must take for not heard to their end.
    fn unheard(&self) -> impl Iterator<Item = &Spoken> {
        self.items.iter().filter(|item| {
            !self.cut.contains(&item.response)
                && Spoken::millis(item.told) < Spoken::millis(item.sent)
        })
    }

    fn interrupted(&mut self, interruption: &Interruption) {
        self.obey(interruption);
        self.cut.extend(0..=self.response);
        self.stale
            .extend(self.queue.drain(..).filter_map(|(_, _, mark)| mark));
        for mark in self.stale.drain(..) {
            assert!(!self.playback.played_mark(&mark));
        }
        assert!(!self.playback.is_playing());
    }

    /// Carries out the events as the server would, and refuses what the service would refuse.
    fn obey(&mut self, interruption: &Interruption) {
        let index = |id: &str| id.strip_prefix("item_").unwrap().parse::<usize>().unwrap();
        for event in &interruption.events {
            match event {
                ClientEvent::ConversationItemTruncate(event) => {
                    let item = &mut self.items[index(&event.item_id)];
                    assert!(!item.is_deleted && item.truncated.is_none());
                    assert!(event.audio_end_ms > 0);
                    assert!(event.audio_end_ms <= Spoken::millis(item.sent));
                    assert_eq!(event.audio_end_ms, Spoken::millis(item.told));
                    assert!(!item.is_heard());
                    item.truncated = Some(event.audio_end_ms);
                }
                ClientEvent::ConversationItemDelete(event) => {
                    let item = &mut self.items[index(&event.item_id)];
                    assert!(!item.is_deleted && item.truncated.is_none());
                    assert_eq!(Spoken::millis(item.told), 0);
                    item.is_deleted = true;
                }
                other => panic!("{other:?}"),
            }
        }
        let heard: BTreeMap<usize, u64> = interruption
            .heard
            .iter()
            .map(|heard| {
                (
                    index(&heard.item_id),
                    u64::try_from(heard.played.as_millis()).unwrap(),
                )
            })
            .collect();
        assert_eq!(heard.len(), interruption.events.len());
        for (item, millis) in heard {
            let item = &self.items[item];
            assert_eq!(item.truncated.unwrap_or(0), millis);
            assert!(item.is_deleted || item.truncated.is_some());
        }
    }

    /// At the end, no item of an interrupted response is left as it was, unless it was heard.
    fn check(&self) {
        for (number, item) in self.items.iter().enumerate() {
            let is_settled = item.is_deleted || item.truncated.is_some();
            if self.cut.contains(&item.response) {
                assert!(is_settled || item.is_heard(), "item {number}: {item:?}");
            } else {
                assert!(!is_settled, "item {number}: {item:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_was_heard_is_what_the_server_keeps(
        happenings in proptest::collection::vec(happening(), 0..60),
        telling in telling(),
    ) {
        let mut stage = Stage::new(telling);
        for happening in happenings {
            stage.happen(happening);
        }
        // What is under way ends, so that late audio is settled, too.
        stage.next_response();
        stage.check();
    }
}
