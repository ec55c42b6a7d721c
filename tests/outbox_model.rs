//! The senders' queue in every interleaving of its threads that differs, by loom.
//!
//! It is the crate's own file, with loom's locks for the standard library's.
#![cfg(not(all(target_family = "wasm", target_os = "unknown")))]
#![allow(dead_code)]

use std::future::poll_fn;
use std::time::Duration;

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

mod sync {
    pub use loom::sync::atomic::{AtomicUsize, Ordering};
    pub use loom::sync::{Mutex, MutexGuard};
}

mod connection {
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum SendErrorKind {
        Closed,
        Full,
    }
}

#[path = "../src/session/outbox/queue.rs"]
mod queue;

use connection::SendErrorKind;
use queue::Queue;

/// All interleavings in which no more than two threads are interrupted: what goes wrong, goes wrong in these.
fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(check);
}

/// Takes an item and writes it.
async fn take(queue: &Queue<u32>) -> Option<u32> {
    let item = poll_fn(|cx| queue.poll_pop(cx)).await;
    queue.release(usize::from(item.is_some()));
    item
}

#[test]
fn no_item_is_lost_and_the_reader_is_always_woken() {
    model(|| {
        let queue = Arc::new(Queue::new(10));
        let senders: Vec<_> = [1, 2]
            .map(|item| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || queue.push(item, 1).unwrap())
            })
            .into();
        let mut taken = block_on(async { [take(&queue).await, take(&queue).await] });
        taken.sort_unstable();
        assert_eq!(taken, [Some(1), Some(2)]);
        for sender in senders {
            sender.join().unwrap();
        }
        assert_eq!(queue.bytes(), 0);
    });
}

#[test]
fn whoever_waits_for_room_is_woken() {
    model(|| {
        // Room for one at a time.
        let queue = Arc::new(Queue::new(1));
        let sender = thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                block_on(async {
                    queue.push_when_room(1, 1).await.unwrap();
                    queue.push_when_room(2, 1).await.unwrap();
                });
            }
        });
        let taken = block_on(async { [take(&queue).await, take(&queue).await] });
        assert_eq!(taken, [Some(1), Some(2)]);
        sender.join().unwrap();
        assert_eq!(queue.bytes(), 0);
    });
}

/// What became of an item.
type Pushed = Result<(), SendErrorKind>;

/// A queue that is full of one item, and the threads of two who wait for room.
fn full_with_two_who_wait() -> (Arc<Queue<u32>>, [thread::JoinHandle<Pushed>; 2]) {
    let queue = Arc::new(Queue::new(1));
    queue.push(0, 1).unwrap();
    let senders = [1, 2].map(|item| {
        let queue = Arc::clone(&queue);
        thread::spawn(move || block_on(queue.push_when_room(item, 1)))
    });
    (queue, senders)
}

#[test]
fn every_one_of_those_who_wait_is_woken() {
    model(|| {
        let (queue, senders) = full_with_two_who_wait();
        block_on(async {
            for _ in 0..3 {
                take(&queue).await;
            }
        });
        for sender in senders {
            assert_eq!(sender.join().unwrap(), Ok(()));
        }
        assert_eq!(queue.bytes(), 0);
    });
}

#[test]
fn the_end_wakes_everybody_and_loses_nothing() {
    model(|| {
        let (queue, senders) = full_with_two_who_wait();
        assert_eq!(queue.close(), [0]);
        for sender in senders {
            assert_eq!(sender.join().unwrap(), Err(SendErrorKind::Closed));
        }
        assert_eq!(queue.bytes(), 1);
        queue.release(1);
        assert_eq!(queue.bytes(), 0);
        assert_eq!(queue.push(3, 1), Err(SendErrorKind::Closed));
    });
}

#[test]
fn what_is_pushed_at_the_end_is_refused_or_given_back() {
    model(|| {
        let queue = Arc::new(Queue::new(10));
        let sender = thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.push(1, 1).is_ok()
        });
        let left = queue.close();
        let queued = sender.join().unwrap();
        assert_eq!(left.len(), usize::from(queued));
        assert_eq!(queue.bytes(), left.len());
    });
}

#[test]
fn live_audio_and_its_reader_agree_on_what_was_dropped() {
    model(|| {
        let queue = Arc::new(Queue::new(10));
        let microphone = thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                let piece = Duration::from_millis(10);
                for item in [1, 2] {
                    queue.push_live(item, 1, piece, piece).unwrap();
                }
                queue.push(3, 1).unwrap();
            }
        });
        let mut taken = Vec::new();
        block_on(async {
            while taken.last() != Some(&3) {
                taken.extend(take(&queue).await);
            }
        });
        microphone.join().unwrap();
        match queue.dropped().pieces {
            0 => assert_eq!(taken, [1, 2, 3]),
            dropped => assert_eq!((dropped, taken), (1, vec![2, 3])),
        }
        assert_eq!((queue.bytes(), queue.live()), (0, Duration::ZERO));
    });
}
