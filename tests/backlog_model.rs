//! The backlog of outgoing events in every interleaving of its threads that differs, by loom.
//!
//! The file under test is the crate's own, with loom's locks in place of the standard library's.
#![cfg(not(all(target_family = "wasm", target_os = "unknown")))]
#![allow(dead_code)]

use std::future::poll_fn;
use std::time::Duration;

use loom::future::block_on;
use loom::thread;

/// Stands in for the items that the file finds beside it in the crate.
#[path = "../src/connection"]
mod connection {
    mod sync {
        pub(super) use loom::sync::atomic::{AtomicUsize, Ordering};
        pub(super) use loom::sync::{Arc, Mutex, MutexGuard};
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum SendErrorKind {
        Closed,
        Full,
    }

    pub(crate) trait Queued: Clone {
        fn bytes(&self) -> usize;
    }

    #[path = "backlog.rs"]
    pub(crate) mod backlog;
}

use connection::backlog::Backlog;
use connection::{Queued, SendErrorKind};

impl Queued for u32 {
    fn bytes(&self) -> usize {
        1
    }
}

/// All interleavings in which no more than two threads are interrupted: what goes wrong, goes wrong
/// in these.
fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(check);
}

/// Takes the next event, and sleeps until there is one.
async fn take(backlog: &Backlog<u32>) -> u32 {
    loop {
        poll_fn(|cx| backlog.poll_due(cx)).await;
        if let Some((event, _)) = backlog.pop() {
            return event;
        }
    }
}

#[test]
fn no_item_is_lost_and_the_reader_is_always_woken() {
    model(|| {
        let backlog = Backlog::new(10);
        let senders: Vec<_> = [1, 2]
            .map(|item| {
                let backlog = backlog.clone();
                thread::spawn(move || backlog.push(item).unwrap())
            })
            .into();
        let mut taken = block_on(async { [take(&backlog).await, take(&backlog).await] });
        taken.sort_unstable();
        assert_eq!(taken, [1, 2]);
        for sender in senders {
            sender.join().unwrap();
        }
        assert_eq!(backlog.bytes(), 0);
    });
}

#[test]
fn whoever_waits_for_room_is_woken() {
    model(|| {
        // Room for one at a time.
        let backlog = Backlog::new(1);
        let sender = thread::spawn({
            let backlog = backlog.clone();
            move || {
                block_on(async {
                    backlog.push_when_room(1).await.unwrap();
                    backlog.push_when_room(2).await.unwrap();
                });
            }
        });
        let taken = block_on(async { [take(&backlog).await, take(&backlog).await] });
        assert_eq!(taken, [1, 2]);
        sender.join().unwrap();
        assert_eq!(backlog.bytes(), 0);
    });
}

/// Fate of an item.
type Pushed = Result<(), SendErrorKind>;

/// A backlog that is full of one item, and the threads of two who wait for room.
fn full_with_two_who_wait() -> (Backlog<u32>, [thread::JoinHandle<Pushed>; 2]) {
    let backlog = Backlog::new(1);
    backlog.push(0).unwrap();
    let senders = [1, 2].map(|item| {
        let backlog = backlog.clone();
        thread::spawn(move || block_on(backlog.push_when_room(item)))
    });
    (backlog, senders)
}

#[test]
fn every_one_of_those_who_wait_is_woken() {
    model(|| {
        let (backlog, senders) = full_with_two_who_wait();
        block_on(async {
            for _ in 0..3 {
                take(&backlog).await;
            }
        });
        for sender in senders {
            assert_eq!(sender.join().unwrap(), Ok(()));
        }
        assert_eq!(backlog.bytes(), 0);
    });
}

#[test]
fn the_end_wakes_everybody_and_loses_nothing() {
    model(|| {
        let (backlog, senders) = full_with_two_who_wait();
        assert_eq!(backlog.close(), [0]);
        for sender in senders {
            assert_eq!(sender.join().unwrap(), Err(SendErrorKind::Closed));
        }
        assert_eq!(backlog.bytes(), 0);
        assert_eq!(backlog.push(3), Err((3, SendErrorKind::Closed)));
    });
}

#[test]
fn what_is_pushed_at_the_end_is_refused_or_given_back() {
    model(|| {
        let backlog = Backlog::new(10);
        let sender = thread::spawn({
            let backlog = backlog.clone();
            move || backlog.push(1).is_ok()
        });
        let left = backlog.close();
        let backlogd = sender.join().unwrap();
        assert_eq!(left.len(), usize::from(backlogd));
        assert_eq!(backlog.bytes(), 0);
    });
}

#[test]
fn live_audio_and_its_reader_agree_on_what_was_dropped() {
    model(|| {
        let backlog = Backlog::new(10);
        let microphone = thread::spawn({
            let backlog = backlog.clone();
            move || {
                let piece = Duration::from_millis(10);
                for item in [1, 2] {
                    backlog.push_live(item, piece, piece).unwrap();
                }
                backlog.push(3).unwrap();
            }
        });
        let mut taken = Vec::new();
        block_on(async {
            while taken.last() != Some(&3) {
                taken.push(take(&backlog).await);
            }
        });
        microphone.join().unwrap();
        match backlog.dropped().pieces {
            0 => assert_eq!(taken, [1, 2, 3]),
            dropped => assert_eq!((dropped, taken), (1, vec![2, 3])),
        }
        assert_eq!((backlog.bytes(), backlog.live()), (0, Duration::ZERO));
    });
}
