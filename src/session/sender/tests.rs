use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::FutureExt;

use super::*;
use crate::connection::{DroppedAudio, SendErrorKind};
use crate::protocol::{
    Audio, AudioFormat, ConversationItemCreate, InputAudioBufferCommit, ResponseCreate,
};

/// Silence of this length: PCM16 at 24,000 Hz.
fn millis(millis: usize) -> Audio {
    Audio::from_bytes(&vec![0; millis * 48])
}

/// A sender of a queue of at most this many bytes.
fn sender(max_bytes: usize) -> Sender {
    Sender::new(Backlog::new(max_bytes), Timer::stopped())
}

fn drain(sender: &Sender) -> Vec<RawEvent> {
    std::iter::from_fn(|| sender.backlog.pop())
        .map(|(event, _)| event)
        .collect()
}

fn types(events: &[RawEvent]) -> Vec<&str> {
    events.iter().map(RawEvent::event_type).collect()
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wakes {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn events_come_out_in_order_and_give_their_room_back() {
    let sender = sender(1000);
    assert!(!sender.backlog.has_due());
    sender.try_send(ResponseCreate::default()).unwrap();
    sender.try_send(InputAudioBufferCommit::default()).unwrap();
    let bytes =
        r#"{"type":"response.create"}"#.len() + r#"{"type":"input_audio_buffer.commit"}"#.len();
    assert_eq!(
        (sender.buffered_amount(), sender.backlog.has_due()),
        (bytes, true)
    );
    let events = drain(&sender);
    assert_eq!(
        types(&events),
        ["response.create", "input_audio_buffer.commit"]
    );
    assert_eq!(
        (sender.buffered_amount(), sender.backlog.has_due()),
        (0, false)
    );
}

#[test]
fn a_large_event_goes_when_nothing_else_waits() {
    let sender = sender(30);
    let large = ConversationItemCreate::user_text("x".repeat(100));
    sender.try_send(large.clone()).unwrap();
    let refused = sender.try_send(ResponseCreate::default()).unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Full);
    assert_eq!(refused.event, ResponseCreate::default().into());
    // What was taken counts as sent.
    assert_eq!(types(&drain(&sender)), ["conversation.item.create"]);
    sender.try_send(ResponseCreate::default()).unwrap();
}

#[test]
fn a_closed_queue_gives_back_what_waits() {
    let sender = sender(1000);
    sender.try_send(ResponseCreate::default()).unwrap();
    assert!(!sender.is_closed());
    assert_eq!(types(&sender.backlog.close()), ["response.create"]);
    assert!(sender.is_closed());
    let refused = sender.try_send(ResponseCreate::default()).unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Closed);
    let refused = sender
        .live_audio(Duration::MAX)
        .push(millis(1))
        .unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Closed);
    assert!(sender.backlog.close().is_empty());
    assert!(sender.backlog.pop().is_none());
}

#[test]
fn a_sender_waits_for_room_and_is_woken() {
    let sender = sender(30);
    sender.try_send(ResponseCreate::default()).unwrap();
    let told = StdArc::new(Wakes::default());
    let waker = Waker::from(told.clone());
    let mut cx = Context::from_waker(&waker);

    let mut sending = Box::pin(sender.send(ResponseCreate::default()));
    assert!(sending.poll_unpin(&mut cx).is_pending());
    assert!(sending.poll_unpin(&mut cx).is_pending());
    let mut given_up = Box::pin(sender.send(ResponseCreate::default()));
    assert!(given_up.poll_unpin(&mut cx).is_pending());
    drop(given_up);
    assert_eq!(told.count(), 0);

    assert_eq!(drain(&sender).len(), 1);
    // Once for the one that waits, and not for the one that was dropped.
    assert_eq!(told.count(), 1);
    assert_eq!(sending.poll_unpin(&mut cx), Poll::Ready(Ok(())));
    assert_eq!(drain(&sender).len(), 1);
    assert_eq!(told.count(), 1);

    sender.try_send(ResponseCreate::default()).unwrap();
    let mut sending = Box::pin(sender.send(ResponseCreate::default()));
    assert!(sending.poll_unpin(&mut cx).is_pending());
    sender.backlog.close();
    assert_eq!(told.count(), 2);
    let Poll::Ready(Err(refused)) = sending.poll_unpin(&mut cx) else {
        panic!("refused")
    };
    assert_eq!(refused.kind, SendErrorKind::Closed);
}

#[test]
fn the_session_is_woken_when_it_rests() {
    let sender = sender(1000);
    let told = StdArc::new(Wakes::default());
    let waker = Waker::from(told.clone());
    let mut cx = Context::from_waker(&waker);
    assert!(sender.backlog.poll_due(&mut cx).is_pending());
    sender.try_send(ResponseCreate::default()).unwrap();
    sender.try_send(ResponseCreate::default()).unwrap();
    assert_eq!(told.count(), 1);
}

#[test]
fn of_live_audio_the_oldest_is_dropped() {
    let sender = sender(usize::MAX);
    let live = sender.live_audio(Duration::from_millis(100));
    let commit = || sender.try_send(InputAudioBufferCommit::default()).unwrap();
    live.push(millis(40)).unwrap();
    commit();
    live.push(millis(50)).unwrap();
    assert_eq!(live.queued(), Duration::from_millis(90));
    assert_eq!(live.dropped(), DroppedAudio::default());

    live.push(millis(30)).unwrap();
    commit();
    assert_eq!(live.queued(), Duration::from_millis(80));
    let dropped = DroppedAudio {
        duration: Duration::from_millis(40),
        pieces: 1,
    };
    assert_eq!((live.dropped(), live.clone().dropped()), (dropped, dropped));

    // The newest goes, however long it is.
    live.push(millis(500)).unwrap();
    assert_eq!(live.queued(), Duration::from_millis(500));
    let dropped = DroppedAudio {
        duration: Duration::from_millis(120),
        pieces: 3,
    };
    assert_eq!(live.dropped(), dropped);
    let events = drain(&sender);
    let (append, commit) = ("input_audio_buffer.append", "input_audio_buffer.commit");
    assert_eq!(types(&events), [commit, commit, append]);
    assert_eq!(
        (live.queued(), sender.buffered_amount()),
        (Duration::ZERO, 0)
    );
}

#[test]
fn live_audio_gives_way_where_the_queue_is_full() {
    let size = |audio: Audio| Realtime::append(audio).encode().text().len();
    let sender = sender(size(millis(10)) * 2);
    let live = sender.live_audio(Duration::MAX);
    for _ in 0..3 {
        live.push(millis(10)).unwrap();
    }
    assert_eq!(live.dropped().pieces, 1);
    assert_eq!(drain(&sender).len(), 2);

    // Other events are not dropped, not even for audio.
    let text = "x".repeat(size(millis(10)));
    sender
        .try_send(ConversationItemCreate::user_text(text))
        .unwrap();
    live.push(millis(10)).unwrap();
    assert_eq!(live.dropped().pieces, 2);
    assert_eq!(types(&drain(&sender)), ["conversation.item.create"]);
}

#[test]
fn how_long_audio_lasts_depends_on_its_format() {
    let sender = sender(usize::MAX);
    let live = sender
        .live_audio(Duration::MAX)
        .format(&AudioFormat::pcmu());
    live.push(Audio::from_bytes(&[0; 801])).unwrap();
    assert_eq!(live.queued(), Duration::from_micros(100_125));
    let live = sender
        .live_audio(Duration::MAX)
        .format(&AudioFormat::pcm(8_000));
    live.push(Audio::from_bytes(&[0; 16])).unwrap();
    assert_eq!(live.queued(), Duration::from_micros(101_125));
    // Nothing to count on.
    let live = sender
        .live_audio(Duration::MAX)
        .format(&AudioFormat::pcm(0));
    live.push(Audio::from_bytes(&[0; 2])).unwrap();
}

#[test]
fn live_audio_wakes_those_for_whom_it_makes_room() {
    let append = |audio: Audio| Realtime::append(audio);
    let size = append(millis(20)).encode().text().len();
    let sender = sender(size + 100);
    let live = sender.live_audio(Duration::from_millis(20));
    live.push(millis(20)).unwrap();
    let told = StdArc::new(Wakes::default());
    let waker = Waker::from(told.clone());
    let mut cx = Context::from_waker(&waker);
    let mut sending = Box::pin(sender.send(append(millis(10))));
    assert!(sending.poll_unpin(&mut cx).is_pending());
    live.push(millis(1)).unwrap();
    assert_eq!(told.count(), 1);
    assert_eq!(sending.poll_unpin(&mut cx), Poll::Ready(Ok(())));
    assert_eq!(drain(&sender).len(), 2);
}

#[test]
fn gathered_audio_is_one_event_and_every_byte_of_it_is_sent_in_order() {
    let sender = sender(usize::MAX);
    let live = sender
        .live_audio(Duration::MAX)
        .gather(Duration::from_millis(60));
    // 962 bytes are 20 ms and a little, and end with padding.
    let pcm: Vec<u8> = (0..=u8::MAX).cycle().take(7 * 962).collect();
    let pieces: Vec<_> = pcm.chunks(962).map(Audio::from_bytes).collect();
    for (at, piece) in pieces.iter().enumerate() {
        live.clone().push(piece.clone()).unwrap();
        assert_eq!(sender.backlog.has_due(), at >= 2, "after piece {at}");
    }
    live.flush().unwrap();
    live.flush().unwrap();
    let events = drain(&sender);
    assert_eq!(events.len(), 3);
    let sent: Vec<u8> = events
        .iter()
        .flat_map(|event| {
            let event = crate::ClientEvent::parse(event.text().clone()).unwrap();
            let crate::ClientEvent::InputAudioBufferAppend(append) = event else {
                panic!("{event:?}")
            };
            append.audio.bytes().unwrap()
        })
        .collect();
    assert_eq!(sent, pcm);
}

#[test]
fn gathered_audio_comes_back_when_the_session_is_closed() {
    let sender = sender(usize::MAX);
    let live = sender
        .live_audio(Duration::MAX)
        .gather(Duration::from_secs(1));
    live.push(millis(20)).unwrap();
    sender.backlog.close();
    let refused = live.push(millis(10)).unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Closed);
    assert_eq!(refused.event, Realtime::append(millis(30)));
    assert!(live.flush().is_ok(), "nothing is left");
}
