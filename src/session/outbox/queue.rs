//! A queue from many to one, bounded by bytes. Nothing here knows of events: the model tests run this very file.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::sync::{AtomicUsize, Mutex, MutexGuard, Ordering};
use crate::connection::SendErrorKind;

/// What waits to be written, in order.
///
/// There is one lock, held for a few moves at a time, and never while somebody is woken.
#[derive(Debug)]
pub struct Queue<T> {
    state: Mutex<State<T>>,
    /// [`State::bytes`], for those who only look.
    bytes: AtomicUsize,
    max_bytes: usize,
}

#[derive(Debug)]
struct State<T> {
    entries: VecDeque<Entry<T>>,
    /// Bytes of what was pushed, and neither written nor dropped.
    bytes: usize,
    closed: bool,
    /// Who takes from the queue, while it waits.
    reader: Option<Waker>,
    /// Who waits for room, each under a number of its own.
    waiters: Vec<(u64, Waker)>,
    last_waiter: u64,
    /// How much live audio is among the entries.
    live: Duration,
    dropped: DroppedAudio,
}

#[derive(Debug)]
struct Entry<T> {
    item: T,
    bytes: usize,
    /// How long it lasts, if it is live audio.
    live: Option<Duration>,
}

/// Live audio that was dropped so that newer could be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DroppedAudio {
    /// How much.
    pub duration: Duration,
    /// In how many pieces.
    pub pieces: u64,
}

impl<T> Queue<T> {
    pub fn new(max_bytes: usize) -> Self {
        Self {
            state: Mutex::new(State {
                entries: VecDeque::new(),
                bytes: 0,
                closed: false,
                reader: None,
                waiters: Vec::new(),
                last_waiter: 0,
                live: Duration::ZERO,
                dropped: DroppedAudio::default(),
            }),
            bytes: AtomicUsize::new(0),
            max_bytes,
        }
    }

    /// Queues an item that fits, and any when nothing else waits, so that a large one is not locked out for ever
    /// (contract 69).
    pub fn push(&self, item: T, bytes: usize) -> Result<(), SendErrorKind> {
        let state = self.lock();
        state.admits(bytes, self.max_bytes)?;
        self.add(state, Entry::new(item, bytes));
        Ok(())
    }

    /// Queues an item when there is room for it.
    pub fn push_when_room(&self, item: T, bytes: usize) -> PushWhenRoom<'_, T> {
        PushWhenRoom {
            queue: self,
            item: Some(item),
            bytes,
            waiter: None,
        }
    }

    /// Queues live audio: the oldest of it makes room for the newest, and everything else stays. If there is no room even
    /// so, this piece is dropped.
    pub fn push_live(
        &self,
        item: T,
        bytes: usize,
        lasts: Duration,
        longest: Duration,
    ) -> Result<(), SendErrorKind> {
        let mut state = self.lock();
        let before = state.bytes;
        let admitted = loop {
            let admitted = state.admits(bytes, self.max_bytes);
            let in_time = state.live.saturating_add(lasts) <= longest;
            let settled = admitted == Err(SendErrorKind::Closed) || (admitted.is_ok() && in_time);
            if settled || !state.drop_oldest_live() {
                break admitted;
            }
        };
        let shrank = state.bytes < before;
        let waiters = state.waiters_if(shrank);
        match admitted {
            Ok(()) => {
                state.live += lasts;
                let live = Some(lasts);
                self.add(
                    state,
                    Entry {
                        live,
                        ..Entry::new(item, bytes)
                    },
                );
            }
            Err(SendErrorKind::Full) => {
                state.dropped.add(lasts);
                self.publish(&state);
                drop(state);
            }
            Err(SendErrorKind::Closed) => return Err(SendErrorKind::Closed),
        }
        wake(waiters);
        Ok(())
    }

    /// The next item, or else the task is woken when there is one. `None` once it is closed and empty.
    pub fn poll_pop(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.lock();
        let next = state.pop();
        if next.is_some() || state.closed {
            return Poll::Ready(next);
        }
        match &mut state.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            reader => *reader = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// An item that was taken has been written, or is given back: its room is free again.
    pub fn release(&self, bytes: usize) {
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(bytes);
        self.publish(&state);
        let waiters = state.waiters_if(true);
        drop(state);
        wake(waiters);
    }

    /// Refuses further items, and gives those that wait. They keep their room until they are
    /// [released](Self::release).
    pub fn close(&self) -> Vec<T> {
        let mut state = self.lock();
        state.closed = true;
        state.live = Duration::ZERO;
        let left = state.entries.drain(..).map(|entry| entry.item).collect();
        let waiters = state.waiters_if(true);
        drop(state);
        wake(waiters);
        left
    }

    /// Bytes of what was pushed, and neither written nor dropped.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Acquire)
    }

    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// How much live audio waits.
    pub fn live(&self) -> Duration {
        self.lock().live
    }

    pub fn dropped(&self) -> DroppedAudio {
        self.lock().dropped
    }

    fn add(&self, mut state: MutexGuard<'_, State<T>>, entry: Entry<T>) {
        state.bytes += entry.bytes;
        state.entries.push_back(entry);
        self.publish(&state);
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    fn publish(&self, state: &State<T>) {
        self.bytes.store(state.bytes, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing panics in between, so the state is sound.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn admits(&self, bytes: usize, max_bytes: usize) -> Result<(), SendErrorKind> {
        if self.closed {
            Err(SendErrorKind::Closed)
        } else if self.bytes == 0 || self.bytes.saturating_add(bytes) <= max_bytes {
            Ok(())
        } else {
            Err(SendErrorKind::Full)
        }
    }

    fn pop(&mut self) -> Option<T> {
        let entry = self.entries.pop_front()?;
        self.live = self.live.saturating_sub(entry.live.unwrap_or_default());
        Some(entry.item)
    }

    /// False if there is no live audio.
    fn drop_oldest_live(&mut self) -> bool {
        let oldest = self.entries.iter().position(|entry| entry.live.is_some());
        let Some(entry) = oldest.and_then(|at| self.entries.remove(at)) else {
            return false;
        };
        let lasted = entry.live.unwrap_or_default();
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        self.live = self.live.saturating_sub(lasted);
        self.dropped.add(lasted);
        true
    }

    /// Whom to wake if room came about.
    fn waiters_if(&mut self, room: bool) -> Vec<(u64, Waker)> {
        if room {
            std::mem::take(&mut self.waiters)
        } else {
            Vec::new()
        }
    }

    /// Has this waker woken, under the number that is given back.
    fn wait(&mut self, number: Option<u64>, waker: &Waker) -> u64 {
        let number = number.unwrap_or_else(|| {
            self.last_waiter += 1;
            self.last_waiter
        });
        match self
            .waiters
            .iter_mut()
            .find(|(waiter, _)| *waiter == number)
        {
            Some((_, waiter)) => waiter.clone_from(waker),
            None => self.waiters.push((number, waker.clone())),
        }
        number
    }
}

impl<T> Entry<T> {
    fn new(item: T, bytes: usize) -> Self {
        Self {
            item,
            bytes,
            live: None,
        }
    }
}

impl DroppedAudio {
    fn add(&mut self, lasted: Duration) {
        self.duration += lasted;
        self.pieces += 1;
    }
}

fn wake(waiters: Vec<(u64, Waker)>) {
    for (_, waiter) in waiters {
        waiter.wake();
    }
}

/// Waits for room. Dropping it before it is ready leaves nothing behind.
#[derive(Debug)]
pub struct PushWhenRoom<'a, T> {
    queue: &'a Queue<T>,
    item: Option<T>,
    bytes: usize,
    waiter: Option<u64>,
}

impl<T: Unpin> Future for PushWhenRoom<'_, T> {
    type Output = Result<(), SendErrorKind>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut state = this.queue.lock();
        match state.admits(this.bytes, this.queue.max_bytes) {
            Err(SendErrorKind::Full) => {
                this.waiter = Some(state.wait(this.waiter, cx.waker()));
                Poll::Pending
            }
            Err(kind) => Poll::Ready(Err(kind)),
            Ok(()) => {
                if let Some(item) = this.item.take() {
                    this.queue.add(state, Entry::new(item, this.bytes));
                }
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl<T> Drop for PushWhenRoom<'_, T> {
    fn drop(&mut self) {
        if let Some(number) = self.waiter {
            let mut state = self.queue.lock();
            state.waiters.retain(|(waiter, _)| *waiter != number);
        }
    }
}
