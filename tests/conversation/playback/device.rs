//! A sound card that pulls samples in a callback of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use openai_realtime_ws::ClientEvent;
use openai_realtime_ws::audio::{resample, to_f32};
use openai_realtime_ws::conversation::Playback;
use openai_realtime_ws::protocol::{Audio, ResponseOutputAudioDelta, ServerEvent};
use proptest::prelude::*;
use serde_json::json;

use super::{audio_done, created, delta, done, event, speech};

fn spoken(response: &str, item: &str, samples: &[i16]) -> ServerEvent {
    ResponseOutputAudioDelta::default()
        .response_id(response)
        .item_id(item)
        .delta(Audio::from_pcm16(samples))
        .into()
}

/// Some speech: a sum of two tones.
#[allow(clippy::cast_possible_truncation)] // Tones of 16 bits.
fn tones(samples: u32) -> Vec<i16> {
    (0..samples)
        .map(|n| f64::from(n) / 24_000.0)
        .map(|t| 8_000.0 * ((t * 1_400.0).sin() + (t * 9_000.0).sin()))
        .map(|value| value as i16)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn at_the_devices_rate_all_of_it_is_heard_without_a_seam(
        pieces in proptest::collection::vec(0_usize..2_000, 1..20),
        rate in proptest::sample::select(vec![8_000_u32, 24_000, 44_100, 48_000]),
        frames in 1_usize..700,
    ) {
        let (mut playback, mut speaker) = Playback::with_speaker(rate);
        let speech = tones(u32::try_from(pieces.iter().sum::<usize>()).unwrap());
        playback.received(&created("resp_1"));
        let mut rest = &speech[..];
        let mut heard = Vec::new();
        let mut out = vec![f32::NAN; frames];
        for piece in pieces {
            let (piece, behind) = rest.split_at(piece);
            rest = behind;
            playback.received(&spoken("resp_1", "a", piece));
            let filled = speaker.pull(&mut out);
            heard.extend_from_slice(&out[..filled]);
        }
        playback.received(&audio_done("a"));
        playback.received(&done("resp_1"));
        loop {
            let filled = speaker.pull(&mut out);
            heard.extend_from_slice(&out[..filled]);
            prop_assert!(out[filled..].iter().all(|sample| *sample == 0.0));
            if filled == 0 {
                break;
            }
        }
        let whole = resample(&to_f32(&speech), 24_000, rate).unwrap();
        prop_assert_eq!(heard.len(), whole.len());
        for (heard, whole) in heard.iter().zip(&whole) {
            // Rounded to 16 bits, and clipped there.
            prop_assert!((heard - whole.clamp(-1.0, 1.0)).abs() <= 1.0 / 32_768.0);
        }
        // All was heard.
        prop_assert!(!playback.is_playing());
        prop_assert_eq!(playback.received(&super::speech()), None);
    }
}

#[test]
fn what_was_pulled_is_what_was_heard() {
    let (mut playback, mut speaker) = Playback::with_speaker(48_000);
    playback.received(&created("resp_1"));
    playback.received(&delta("resp_1", "a", 1_000).into());
    playback.received(&audio_done("a"));
    playback.received(&delta("resp_1", "b", 1_000).into());
    // 400 ms in a stereo buffer.
    let mut frames = vec![1.0; 19_200 * 2];
    assert_eq!(speaker.pull_frames(&mut frames, 2), 19_200);
    assert_eq!(playback.now_playing().unwrap().played.as_millis(), 400);
    let events = playback.received(&speech()).unwrap().into_events();
    let [
        ClientEvent::ConversationItemTruncate(cut),
        ClientEvent::ConversationItemDelete(gone),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((cut.item_id.as_str(), cut.audio_end_ms), ("a", 400));
    assert_eq!(gone.item_id, "b");
    // Silence at once, and of the next reply nothing but itself.
    assert_eq!(speaker.pull(&mut frames), 0);
    assert!(frames.iter().all(|sample| *sample == 0.0));
    assert!(!speaker.monitor().is_playing());
    playback.received(&done("resp_1"));
    playback.received(&created("resp_2"));
    playback.received(&spoken("resp_2", "c", &[8_192; 4_800]));
    playback.received(&audio_done("c"));
    assert!(speaker.monitor().is_playing());
    assert_eq!(speaker.pull(&mut frames), 9_600);
    assert!(
        frames[2_000..7_000]
            .iter()
            .all(|sample| (sample - 0.25).abs() < 0.001)
    );
}

#[test]
fn g711_is_decoded_for_the_device() {
    let (mut playback, mut speaker) = Playback::with_speaker(8_000);
    let format = json!({"output": {"format": {"type": "audio/pcma"}}});
    playback.received(&event(&json!({"type": "session.updated",
        "session": {"type": "realtime", "audio": format}})));
    let delta = ResponseOutputAudioDelta::default()
        .response_id("resp_1")
        .item_id("a")
        .delta(Audio::from_bytes(&[0xAA, 0x2A, 0xD5]));
    playback.received(&delta.into());
    let mut out = [1; 5];
    assert_eq!(speaker.pull_i16(&mut out), 3);
    assert_eq!(out, [32_256, -32_256, 8, 0, 0]);
}

#[test]
fn audio_of_two_responses_at_once_is_counted_for_each() {
    let (mut playback, mut speaker) = Playback::with_speaker(48_000);
    playback.received(&created("resp_1"));
    playback.received(&created("resp_2"));
    for _ in 0..10 {
        playback.received(&delta("resp_1", "a", 50).into());
        playback.received(&delta("resp_2", "b", 30).into());
    }
    for response in ["resp_1", "resp_2"] {
        playback.received(&done(response));
    }
    let mut out = vec![0.0; 48 * 1_000];
    // 800 ms in all; each change of the item rounds up to a whole sample.
    let filled = speaker.pull(&mut out);
    assert!((38_400..38_420).contains(&filled), "{filled}");
    assert!(!playback.is_playing());
    assert_eq!(playback.received(&speech()), None);
}

#[test]
fn where_the_device_is_gone_nothing_is_kept_and_nothing_was_heard() {
    let (mut playback, speaker) = Playback::with_speaker(24_000);
    let monitor = speaker.monitor();
    drop(speaker);
    playback.received(&created("resp_1"));
    for _ in 0..1_000 {
        playback.received(&delta("resp_1", "a", 100).into());
    }
    let interruption = playback.received(&speech()).unwrap();
    assert_eq!(interruption.heard[0].played.as_millis(), 0);
    drop(playback);
    assert!(!monitor.is_playing());
}

#[test]
fn where_the_playback_is_gone_there_is_silence_and_a_long_queue_is_freed() {
    let (mut playback, mut speaker) = Playback::with_speaker(24_000);
    playback.received(&created("resp_1"));
    for _ in 0..200_000 {
        playback.received(&spoken("resp_1", "a", &[1]));
    }
    drop(playback);
    assert_eq!(speaker.pull(&mut [0.0; 100]), 0);
}

/// The callback runs beside the session, and interruptions come in the middle of it: each sample is
/// either heard and counted, or cut.
#[test]
fn a_callback_on_another_thread_and_interruptions_at_any_moment() {
    const ROUNDS: i16 = 400;
    let (mut playback, mut speaker) = Playback::with_speaker(24_000);
    let is_over = AtomicBool::new(false);
    let mut kept = vec![0; usize::try_from(ROUNDS).unwrap() + 1];
    let pulled = thread::scope(|scope| {
        let callback = scope.spawn(|| {
            let mut pulled = Vec::new();
            let mut out = [0; 37];
            loop {
                let last = is_over.load(Ordering::Acquire);
                let filled = speaker.pull_i16(&mut out);
                pulled.extend_from_slice(&out[..filled]);
                if last && filled == 0 {
                    return pulled;
                }
            }
        });
        for round in 1..=ROUNDS {
            let response = format!("resp_{round}");
            playback.received(&created(&response));
            // Each round's samples have its number for a value.
            for _ in 0..=round % 7 {
                playback.received(&spoken(&response, &format!("item_{round}"), &[round; 480]));
            }
            playback.received(&done(&response));
            if round % 3 == 0 {
                thread::yield_now();
            }
            let at = usize::try_from(round).unwrap();
            let sent = usize::try_from(round % 7 + 1).unwrap() * 480;
            let interruption = playback.interrupt();
            kept[at] = match interruption.heard.first() {
                Some(heard) => usize::try_from(heard.played.as_micros() * 24).unwrap() / 1_000,
                None => sent,
            };
            assert!(kept[at] <= sent);
        }
        is_over.store(true, Ordering::Release);
        callback.join().unwrap()
    });
    assert!(
        pulled.is_sorted(),
        "a sample of a cut response came behind a later one"
    );
    for round in 1..=ROUNDS {
        let heard = pulled.iter().filter(|sample| **sample == round).count();
        let kept = kept[usize::try_from(round).unwrap()];
        // Microseconds round down by less than a sample; less than a millisecond before the end is
        // the end.
        assert!(
            heard.abs_diff(kept) <= 24,
            "round {round}: {heard} heard, {kept} counted"
        );
    }
}
