//! Playback: what was heard, and what the server is told of it.

#[cfg(feature = "audio")]
mod device;
mod schedules;

use std::time::Duration;

use openai_realtime_ws::ClientEvent;
use openai_realtime_ws::conversation::{Interruption, Playback};
use openai_realtime_ws::protocol::{
    Audio, ConversationItemDelete, ConversationItemTruncate, Events, ResponseCancel,
    ResponseOutputAudioDelta, ServerEvent,
};
use serde_json::{Value, json};

pub(crate) fn event(event: &Value) -> ServerEvent {
    ServerEvent::parse(event.to_string()).unwrap()
}

pub(crate) fn created(response: &str) -> ServerEvent {
    event(&json!({"type": "response.created",
        "response": {"id": response, "conversation_id": "conv_1", "status": "in_progress"}}))
}

pub(crate) fn done(response: &str) -> ServerEvent {
    event(&json!({"type": "response.done", "response": {"id": response, "status": "completed"}}))
}

pub(crate) fn audio_done(item: &str) -> ServerEvent {
    event(&json!({"type": "response.output_audio.done", "item_id": item, "content_index": 0}))
}

pub(crate) fn speech() -> ServerEvent {
    event(&json!({"type": "input_audio_buffer.speech_started", "item_id": "item_user"}))
}

/// A delta of so many milliseconds of silence in PCM16 at 24,000 Hz.
pub(crate) fn delta(response: &str, item: &str, millis: usize) -> ResponseOutputAudioDelta {
    ResponseOutputAudioDelta::default()
        .response_id(response)
        .item_id(item)
        .delta(Audio::from_pcm16(&vec![0; millis * 24]))
}

/// Feeds deltas of whole milliseconds, one item each, all of one response under way.
fn playing(items: &[(&str, usize)]) -> Playback {
    let mut playback = Playback::new();
    assert_eq!(playback.received(&created("resp_1")), None);
    for (item, millis) in items {
        assert_eq!(
            playback.received(&delta("resp_1", item, *millis).into()),
            None
        );
        assert_eq!(playback.received(&audio_done(item)), None);
    }
    playback
}

fn truncate(item: &str, end: u64) -> ClientEvent {
    ConversationItemTruncate::new(item, end).into()
}

fn delete(item: &str) -> ClientEvent {
    ConversationItemDelete::new(item).into()
}

#[track_caller]
fn interrupted(playback: &mut Playback) -> Interruption {
    playback.received(&speech()).expect("an interruption")
}

// Complaint 2: truncation.
#[test]
fn the_item_that_plays_is_truncated_and_those_behind_it_are_deleted() {
    let mut playback = playing(&[("a", 500), ("b", 700), ("c", 100)]);
    playback.played_ms("b", 0, 250);
    let interruption = interrupted(&mut playback);
    assert_eq!(interruption.cancel, None);
    assert_eq!(interruption.events, [truncate("b", 250), delete("c")]);
    let heard: Vec<_> = interruption
        .heard
        .iter()
        .map(|heard| {
            (
                heard.item_id.as_str(),
                heard.played.as_millis(),
                heard.received.as_millis(),
            )
        })
        .collect();
    assert_eq!(heard, [("b", 250, 700), ("c", 0, 100)]);
    assert!((interruption.heard[0].share() - 250.0 / 700.0).abs() < 1e-9);
    // It is over: more speech changes nothing.
    assert_eq!(playback.received(&speech()), None);
    assert!(!playback.is_playing());
}

#[test]
fn nothing_is_sent_if_all_was_heard() {
    let mut playback = playing(&[("a", 500)]);
    playback.played_ms("a", 0, 500);
    let interruption = interrupted(&mut playback);
    // The response was under way, so it is interrupted; but there is nothing to cut.
    assert_eq!((interruption.events, interruption.heard), (vec![], vec![]));

    let mut playback = playing(&[("a", 500)]);
    playback.received(&done("resp_1"));
    playback.played_ms("a", 0, 500);
    assert_eq!(playback.received(&speech()), None);
    assert_eq!(playback.interrupt(), Interruption::default());
}

#[test]
fn a_part_that_still_grows_is_truncated_even_if_all_that_arrived_was_heard() {
    let mut playback = Playback::new();
    playback.received(&created("resp_1"));
    playback.received(&delta("resp_1", "a", 300).into());
    playback.played_ms("a", 0, 10_000);
    // The server may have generated more: it hears of what arrived, and never of more than that.
    assert_eq!(interrupted(&mut playback).events, [truncate("a", 300)]);
}

#[test]
fn reports_never_run_backwards() {
    let mut playback = playing(&[("a", 500)]);
    playback.played_ms("a", 0, 300);
    playback.played_ms("a", 0, 200);
    playback.played_ms("unknown", 0, 400);
    assert_eq!(interrupted(&mut playback).events, [truncate("a", 300)]);
}

// Complaint 9: old audio plays on after an interruption.
#[test]
fn late_audio_of_an_interrupted_response_is_not_played() {
    let mut playback = Playback::new();
    playback.received(&created("resp_1"));
    playback.received(&delta("resp_1", "a", 300).into());
    playback.played_ms("a", 0, 100);
    assert_eq!(interrupted(&mut playback).events, [truncate("a", 100)]);
    for (item, known) in [("a", true), ("b", false)] {
        let late = delta("resp_1", item, 200);
        assert_eq!(playback.received(&late.clone().into()), None);
        assert!(!playback.plays(&late), "{known}");
        assert!(
            playback
                .pieces(&late, Duration::from_millis(100))
                .is_empty()
        );
    }
    // The item that nobody heard of is deleted once the response has ended; the other one is
    // settled.
    let late = playback.received(&done("resp_1")).expect("late audio");
    assert_eq!(late.events, [delete("b")]);

    // The next response plays.
    playback.received(&created("resp_2"));
    let next = delta("resp_2", "c", 200);
    playback.received(&next.clone().into());
    assert!(playback.plays(&next));
    assert!(!playback.plays(&delta("resp_1", "a", 200)));
}

#[test]
fn a_button_cancels_and_speech_does_not() {
    let mut playback = playing(&[("a", 500)]);
    playback.played_ms("a", 0, 120);
    let events = playback.interrupt().into_events();
    let cancel = ResponseCancel::default().response_id("resp_1").into();
    assert_eq!(events, [cancel, truncate("a", 120)]);
    // It is cancelled once.
    assert_eq!(playback.interrupt(), Interruption::default());

    // A response that has ended is not cancelled, but what is queued of it is cut.
    let mut playback = playing(&[("a", 500)]);
    playback.received(&done("resp_1"));
    playback.played_ms("a", 0, 120);
    assert_eq!(playback.interrupt().into_events(), [truncate("a", 120)]);
}

#[test]
fn speech_interrupts_only_if_the_session_says_so() {
    let session = |interrupts: bool| {
        event(
            &json!({"type": "session.updated", "session": {"type": "realtime", "audio":
            {"input": {"turn_detection":
                {"type": "semantic_vad", "interrupt_response": interrupts}}}}}),
        )
    };
    let mut playback = playing(&[("a", 500)]);
    playback.received(&session(false));
    assert_eq!(playback.received(&speech()), None);
    assert!(playback.is_playing());
    playback.received(&session(true));
    assert_eq!(interrupted(&mut playback).events, [delete("a")]);
}

#[test]
fn lengths_follow_the_format_of_the_session_and_of_the_response() {
    let format = |kind: &str| json!({"output": {"format": {"type": kind}}});
    let mut playback = Playback::new();
    playback.received(&event(&json!({"type": "session.updated",
        "session": {"type": "realtime", "audio": format("audio/pcmu")}})));
    let bytes = |response: &str, item: &str| {
        ResponseOutputAudioDelta::default()
            .response_id(response)
            .item_id(item)
            .delta(Audio::from_bytes(&[0; 4_800]))
    };
    playback.received(&created("resp_1"));
    playback.received(&bytes("resp_1", "a").into());
    assert_eq!(playback.now_playing().unwrap().received.as_millis(), 600);
    playback.played_ms("a", 0, 700);
    playback.received(&done("resp_1"));

    playback.received(&event(&json!({"type": "response.created", "response":
        {"id": "resp_2", "conversation_id": "conv_1", "audio": format("audio/pcm")}})));
    playback.received(&bytes("resp_2", "b").into());
    assert_eq!(playback.now_playing().unwrap().received.as_millis(), 100);
}

#[test]
fn of_several_parts_each_is_truncated() {
    let mut playback = Playback::new();
    playback.received(&created("resp_1"));
    for part in 0_u32..3 {
        playback.received(&delta("resp_1", "a", 100).content_index(part).into());
    }
    playback.received(&done("resp_1"));
    playback.played_ms("a", 1, 40);
    let cut = |part: u32, end: u64| {
        ConversationItemTruncate::new("a", end)
            .content_index(part)
            .into()
    };
    assert_eq!(interrupted(&mut playback).events, [cut(1, 40), cut(2, 0)]);
}

#[test]
fn a_response_beside_the_conversation_has_no_items_to_change() {
    let beside = json!({"id": "resp_1", "conversation_id": null});
    let created = event(&json!({"type": "response.created", "response": beside}));
    let mut playback = Playback::new();
    playback.received(&created);
    playback.received(&delta("resp_1", "a", 500).into());
    playback.played_ms("a", 0, 100);
    let interruption = playback.interrupt();
    assert_eq!((interruption.cancel, interruption.events), (None, vec![]));
    assert_eq!(interruption.heard[0].played.as_millis(), 100);

    // A server that leaves the conversation's id out, but adds the item to the conversation.
    let mut playback = Playback::new();
    playback.received(&created);
    playback.received(&event(&json!({"type": "conversation.item.added",
        "item": {"type": "message", "role": "assistant", "id": "a", "content": []}})));
    playback.received(&delta("resp_1", "a", 500).into());
    assert_eq!(playback.interrupt().events, [delete("a")]);
}

#[test]
fn after_a_reconnect_there_is_nothing_to_truncate() {
    let mut playback = playing(&[("a", 500)]);
    playback.played_ms("a", 0, 200);
    playback.reconnected();
    // It plays on, and an interruption says what was heard.
    assert!(playback.is_playing());
    let interruption = interrupted(&mut playback);
    assert_eq!(interruption.events, []);
    assert_eq!(interruption.heard[0].played.as_millis(), 200);
    assert_eq!(interruption.cancel, None);
}

#[test]
fn marks_say_what_a_line_has_played() {
    let mut playback = Playback::new();
    playback.received(&event(&json!({"type": "session.updated", "session":
        {"type": "realtime", "audio": {"output": {"format": {"type": "audio/pcmu"}}}}})));
    playback.received(&created("resp_1"));
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(2_000).collect();
    let delta = ResponseOutputAudioDelta::default()
        .response_id("resp_1")
        .item_id("a")
        .delta(Audio::from_bytes(&bytes));
    playback.received(&delta.clone().into());
    let pieces = playback.pieces(&delta, Duration::from_millis(100));
    // The pieces are the audio, and no two marks are the same.
    let joined: Vec<u8> = pieces
        .iter()
        .flat_map(|(audio, _)| audio.bytes().unwrap())
        .collect();
    assert_eq!(joined, bytes);
    assert_eq!(pieces.len(), 3);
    assert!(pieces.iter().all(|(audio, _)| audio.decoded_len() <= 804));
    let names: std::collections::BTreeSet<_> = pieces.iter().map(|(_, name)| name).collect();
    assert_eq!(names.len(), 3);

    // A mark stands for itself and for those before it.
    assert!(playback.played_mark(&pieces[1].1));
    assert!(!playback.played_mark(&pieces[0].1));
    assert_eq!(interrupted(&mut playback).events, [truncate("a", 201)]);
    // The line gives the others back when its queue is cleared: they were not heard.
    assert!(!playback.played_mark(&pieces[2].1));
}

#[test]
fn pcm_pieces_are_whole_samples() {
    let mut playback = Playback::new();
    let samples: Vec<i16> = (0..24_000).collect();
    let delta = ResponseOutputAudioDelta::default()
        .response_id("resp_1")
        .item_id("a")
        .delta(Audio::from_pcm16(&samples));
    playback.received(&delta.clone().into());
    let pieces = playback.pieces(&delta, Duration::from_millis(70));
    let joined: Vec<i16> = pieces
        .iter()
        .flat_map(|(audio, _)| audio.to_pcm16().unwrap())
        .collect();
    assert_eq!((pieces.len(), joined), (15, samples));
}
