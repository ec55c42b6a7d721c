//! The queue of outgoing events: one for a connection and for everyone who sends on it, bounded by
//! bytes.
//!
//! Nothing in this file knows events or sockets. The model tests run it under loom.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::sync::{Arc, AtomicUsize, Mutex, MutexGuard, Ordering};
use super::{Queued, SendErrorKind};

/// Handle of a backlog. Clones share it, from any thread.
pub(crate) struct Backlog<E>(Arc<Shared<E>>);

/// Number of an event in its backlog, by which its sender recognises it later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// Live audio that was dropped so that newer audio could be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DroppedAudio {
    /// Length of the dropped audio.
    pub duration: Duration,
    /// Number of the dropped pieces.
    pub pieces: u64,
}

/// Place of an event that is pushed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intake {
    /// It is due as soon as the socket can take it.
    Due,
    /// It is held back until the backlog is released.
    Held,
    /// It is refused.
    Closed,
}

struct Shared<E> {
    state: Mutex<BacklogState<E>>,
    /// Number of due events, for a look without the lock.
    due: AtomicUsize,
    /// Number of times that the driver was polled. It wraps around.
    polls: AtomicUsize,
    max_bytes: usize,
}

struct BacklogState<E> {
    intake: Intake,
    due: Line<E>,
    held: Line<E>,
    last_ticket: u64,
    /// The task that takes events, while it sleeps.
    reader: Option<Waker>,
    /// The task that polls the driver, where it sleeps for another reason than a lack of events.
    poller: Option<Waker>,
    /// The tasks that wait for room, each under a number of its own.
    waiters: Vec<(u64, Waker)>,
    last_waiter: u64,
    /// Length of the live audio in both lines.
    live: Duration,
    dropped: DroppedAudio,
}

/// Events in order, with their size.
struct Line<E> {
    entries: VecDeque<BacklogEntry<E>>,
    bytes: usize,
}

struct BacklogEntry<E> {
    event: E,
    ticket: Ticket,
    /// Length of the event's audio, if it is live audio, which may be dropped.
    live: Option<Duration>,
    /// Set while its sender waits for it, and takes it back from the sender's own copy.
    claimed: bool,
}

impl<E: Queued> Backlog<E> {
    /// Empty backlog of at most `max_bytes`, whose events are due.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::new(BacklogState {
                intake: Intake::Due,
                due: Line::new(),
                held: Line::new(),
                last_ticket: 0,
                reader: None,
                poller: None,
                waiters: Vec::new(),
                last_waiter: 0,
                live: Duration::ZERO,
                dropped: DroppedAudio::default(),
            }),
            due: AtomicUsize::new(0),
            polls: AtomicUsize::new(0),
            max_bytes,
        }))
    }

    /// Adds an event that fits, and any event to an empty line, so that a large one is not locked
    /// out for ever. Gives the event back where it cannot be added.
    // Contract 69.
    pub(crate) fn push(&self, event: E) -> Result<Ticket, (E, SendErrorKind)> {
        self.push_as(event, false)
    }

    /// Adds an event that its sender [claims](Claim): at the end it is not given back with the
    /// rest.
    pub(crate) fn push_claimed(&self, event: E) -> Result<Claim<E>, (E, SendErrorKind)> {
        let ticket = self.push_as(event, true)?;
        Ok(Claim {
            backlog: self.clone(),
            ticket,
        })
    }

    fn push_as(&self, event: E, claimed: bool) -> Result<Ticket, (E, SendErrorKind)> {
        let state = self.lock();
        match state.admits(event.bytes(), self.0.max_bytes) {
            Ok(()) => Ok(self.add(state, event, None, claimed)),
            Err(kind) => Err((event, kind)),
        }
    }

    /// Adds an event as soon as there is room for it.
    pub(crate) fn push_when_room(&self, event: E) -> PushWhenRoom<'_, E> {
        PushWhenRoom {
            backlog: self,
            event: Some(event),
            waiter: None,
        }
    }

    /// Adds live audio that lasts `lasts`. The oldest live audio makes room for it, beyond
    /// `longest` as well as beyond the bound; other events stay. If there is still no room, this
    /// piece is dropped. Gives the event back only if the backlog is closed.
    pub(crate) fn push_live(&self, event: E, lasts: Duration, longest: Duration) -> Result<(), E> {
        let mut state = self.lock();
        let bytes = event.bytes();
        let before = state.bytes();
        let admitted = loop {
            let admitted = state.admits(bytes, self.0.max_bytes);
            let in_time = state.live.saturating_add(lasts) <= longest;
            // One piece at a time: no more is dropped than the new piece needs.
            let settled = admitted == Err(SendErrorKind::Closed) || (admitted.is_ok() && in_time);
            if settled || !state.drop_oldest_live() {
                break admitted;
            }
        };
        let shrank = state.bytes() < before;
        let waiters = state.waiters_if(shrank);
        match admitted {
            Ok(()) => {
                state.live += lasts;
                self.add(state, event, Some(lasts), false);
            }
            Err(SendErrorKind::Full) => {
                state.dropped.add(lasts);
                self.publish(&state);
                drop(state);
            }
            Err(_) => return Err(event),
        }
        wake(waiters);
        Ok(())
    }

    /// Takes the next due event. What was taken counts as sent: its room is free again.
    pub(crate) fn pop(&self) -> Option<(E, Ticket)> {
        let mut state = self.lock();
        let entry = state.pop()?;
        self.publish(&state);
        let waiters = state.waiters_if(true);
        drop(state);
        wake(waiters);
        Some((entry.event, entry.ticket))
    }

    /// Returns ready if an event is due. Otherwise the task is woken when one is.
    pub(crate) fn poll_due(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_due() {
            return Poll::Ready(());
        }
        let mut state = self.lock();
        // Checked again under the lock: an event may have come since the first look.
        if !state.due.entries.is_empty() {
            return Poll::Ready(());
        }
        match &mut state.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            reader => *reader = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Returns true if an event is due. Takes no lock.
    #[inline]
    pub(crate) fn has_due(&self) -> bool {
        self.0.due.load(Ordering::Acquire) > 0
    }

    /// Notes that the driver is polled. Only the driver calls this, so nothing is lost between the
    /// two accesses.
    #[inline]
    pub(crate) fn note_poll(&self) {
        let polls = self.polls().wrapping_add(1);
        self.0.polls.store(polls, Ordering::Relaxed);
    }

    /// Returns the number of times that the driver was polled. It wraps around.
    #[inline]
    pub(crate) fn polls(&self) -> usize {
        self.0.polls.load(Ordering::Relaxed)
    }

    /// Notes the task that polls the driver, which sleeps although there are events to take.
    pub(crate) fn note_poller(&self, waker: &Waker) {
        match &mut self.lock().poller {
            Some(poller) => poller.clone_from(waker),
            poller => *poller = Some(waker.clone()),
        }
    }

    /// Wakes the task that polled the driver last, so that it is polled again if it is awaited.
    pub(crate) fn wake_poller(&self) {
        let poller = self.lock().poller.clone();
        if let Some(poller) = poller {
            poller.wake();
        }
    }

    /// Holds back the due events, behind those that are held already, and all that are pushed.
    pub(crate) fn hold(&self) {
        let mut state = self.lock();
        state.intake = Intake::Held;
        let BacklogState { due, held, .. } = &mut *state;
        held.append(due);
        self.publish(&state);
    }

    /// Makes events due that are pushed from now on. Those that are held stay held.
    pub(crate) fn resume(&self) {
        let mut state = self.lock();
        state.intake = Intake::Due;
        let waiters = state.waiters_if(true);
        drop(state);
        wake(waiters);
    }

    /// Makes the held events due, behind those that are due already.
    pub(crate) fn release(&self) {
        let mut state = self.lock();
        let BacklogState { due, held, .. } = &mut *state;
        due.append(held);
        self.publish(&state);
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Takes the held events, in order.
    pub(crate) fn take_held(&self) -> Vec<E> {
        let mut state = self.lock();
        let held: Vec<E> = state.held.drain().map(|entry| entry.event).collect();
        // Rare, so a sum over the line is simpler than a count for each line.
        state.live = state.due.live();
        let waiters = state.waiters_if(true);
        drop(state);
        wake(waiters);
        held
    }

    /// Refuses further events. Those that are here can still be taken.
    pub(crate) fn refuse(&self) {
        let mut state = self.lock();
        state.intake = Intake::Closed;
        let waiters = state.waiters_if(true);
        drop(state);
        wake(waiters);
    }

    /// Refuses further events and gives back all that are here, first the held ones; not those that
    /// are claimed, which their senders have.
    pub(crate) fn close(&self) -> Vec<E> {
        let mut state = self.lock();
        state.intake = Intake::Closed;
        state.live = Duration::ZERO;
        let BacklogState { due, held, .. } = &mut *state;
        let left = held.drain().chain(due.drain());
        let left = left
            .filter_map(|entry| (!entry.claimed).then_some(entry.event))
            .collect();
        self.publish(&state);
        let waiters = state.waiters_if(true);
        drop(state);
        wake(waiters);
        left
    }

    /// Returns the size of all events here, held ones among them, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes()
    }

    /// Returns true once events are refused.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().intake == Intake::Closed
    }

    /// Returns the length of the live audio here.
    pub(crate) fn live(&self) -> Duration {
        self.lock().live
    }

    /// Returns the live audio that was dropped so far.
    pub(crate) fn dropped(&self) -> DroppedAudio {
        self.lock().dropped
    }

    fn unclaim(&self, ticket: Ticket) {
        let mut state = self.lock();
        let BacklogState { due, held, .. } = &mut *state;
        let mut entries = due.entries.iter_mut().chain(&mut held.entries);
        if let Some(entry) = entries.find(|entry| entry.ticket == ticket) {
            entry.claimed = false;
        }
    }

    /// Adds an admitted event to the line that takes events now, and wakes the reader for a due
    /// one.
    fn add(
        &self,
        mut state: MutexGuard<'_, BacklogState<E>>,
        event: E,
        live: Option<Duration>,
        claimed: bool,
    ) -> Ticket {
        state.last_ticket += 1;
        let ticket = Ticket(state.last_ticket);
        let entry = BacklogEntry {
            event,
            ticket,
            live,
            claimed,
        };
        state.line().push(entry);
        self.publish(&state);
        let due = state.intake == Intake::Due;
        // Held events wake nobody: the reader could not take them.
        let reader = due.then(|| state.reader.take()).flatten();
        // Nobody is woken while the lock is held.
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        ticket
    }

    fn publish(&self, state: &BacklogState<E>) {
        self.0.due.store(state.due.entries.len(), Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, BacklogState<E>> {
        // Nothing panics while the lock is held, so the state of a poisoned lock is sound.
        self.0
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl<E: Queued> BacklogState<E> {
    fn bytes(&self) -> usize {
        self.due.bytes + self.held.bytes
    }

    /// Returns the line that takes the next event.
    fn line(&mut self) -> &mut Line<E> {
        match self.intake {
            Intake::Held => &mut self.held,
            Intake::Due | Intake::Closed => &mut self.due,
        }
    }

    /// The only bound. Held events take no room from the events that set a new session up, but both
    /// lines together have twice the bound: several outages in a row cannot pile events up.
    fn admits(&self, bytes: usize, max_bytes: usize) -> Result<(), SendErrorKind> {
        let line = match self.intake {
            Intake::Closed => return Err(SendErrorKind::Closed),
            Intake::Due => &self.due,
            Intake::Held => &self.held,
        };
        let both = self.bytes().saturating_add(bytes);
        let fits =
            line.bytes.saturating_add(bytes) <= max_bytes && both <= max_bytes.saturating_mul(2);
        if line.entries.is_empty() || fits {
            Ok(())
        } else {
            Err(SendErrorKind::Full)
        }
    }

    fn pop(&mut self) -> Option<BacklogEntry<E>> {
        let entry = self.due.pop()?;
        self.live = self.live.saturating_sub(entry.live.unwrap_or_default());
        Some(entry)
    }

    /// Drops the oldest live audio of the line that takes events. Returns false if there is none.
    fn drop_oldest_live(&mut self) -> bool {
        let line = self.line();
        let oldest = line.entries.iter().position(|entry| entry.live.is_some());
        let Some(entry) = oldest.and_then(|at| line.remove(at)) else {
            return false;
        };
        let lasted = entry.live.unwrap_or_default();
        self.live = self.live.saturating_sub(lasted);
        self.dropped.add(lasted);
        true
    }

    /// Returns the tasks to wake if there is more room than before.
    fn waiters_if(&mut self, room: bool) -> Vec<(u64, Waker)> {
        if room {
            // All of them, because the room may fit the second event and not the first.
            std::mem::take(&mut self.waiters)
        } else {
            Vec::new()
        }
    }

    /// Wakes `waker` when there is room, under the number that is returned.
    fn wait(&mut self, number: Option<u64>, waker: &Waker) -> u64 {
        let number = number.unwrap_or_else(|| {
            self.last_waiter += 1;
            self.last_waiter
        });
        let mut waiters = self.waiters.iter_mut();
        match waiters.find(|(waiter, _)| *waiter == number) {
            Some((_, waiter)) => waiter.clone_from(waker),
            None => self.waiters.push((number, waker.clone())),
        }
        number
    }
}

impl<E: Queued> Line<E> {
    fn new() -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
        }
    }

    fn push(&mut self, entry: BacklogEntry<E>) {
        self.bytes += entry.event.bytes();
        self.entries.push_back(entry);
    }

    fn pop(&mut self) -> Option<BacklogEntry<E>> {
        self.remove(0)
    }

    fn remove(&mut self, at: usize) -> Option<BacklogEntry<E>> {
        let entry = self.entries.remove(at)?;
        self.bytes -= entry.event.bytes();
        Some(entry)
    }

    fn append(&mut self, other: &mut Self) {
        self.bytes += std::mem::take(&mut other.bytes);
        self.entries.append(&mut other.entries);
    }

    fn drain(&mut self) -> impl Iterator<Item = BacklogEntry<E>> {
        self.bytes = 0;
        self.entries.drain(..)
    }

    fn live(&self) -> Duration {
        self.entries.iter().filter_map(|entry| entry.live).sum()
    }
}

impl DroppedAudio {
    fn add(&mut self, lasted: Duration) {
        self.duration += lasted;
        self.pieces += 1;
    }
}

impl<E> Clone for Backlog<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E: Queued> fmt::Debug for Backlog<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backlog")
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}

fn wake(waiters: Vec<(u64, Waker)>) {
    for (_, waiter) in waiters {
        waiter.wake();
    }
}

/// An event whose sender waits until it is written. Dropping the claim leaves the event in the
/// backlog, and it counts among the unsent events again.
pub(crate) struct Claim<E: Queued> {
    backlog: Backlog<E>,
    ticket: Ticket,
}

impl<E: Queued> Claim<E> {
    /// The number of the claimed event.
    pub(crate) fn ticket(&self) -> Ticket {
        self.ticket
    }
}

impl<E: Queued> Drop for Claim<E> {
    fn drop(&mut self) {
        self.backlog.unclaim(self.ticket);
    }
}

/// Future that adds an event when there is room. Dropping it before it is ready leaves nothing
/// behind.
pub(crate) struct PushWhenRoom<'a, E: Queued> {
    backlog: &'a Backlog<E>,
    event: Option<E>,
    waiter: Option<u64>,
}

impl<E: Queued + Unpin> Future for PushWhenRoom<'_, E> {
    type Output = Result<(), SendErrorKind>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(event) = this.event.take() else {
            return Poll::Ready(Ok(()));
        };
        let mut state = this.backlog.lock();
        match state.admits(event.bytes(), this.backlog.0.max_bytes) {
            Err(SendErrorKind::Full) => {
                this.event = Some(event);
                // Registered under the lock, so that no room can appear unseen in between.
                this.waiter = Some(state.wait(this.waiter, cx.waker()));
                Poll::Pending
            }
            Err(kind) => Poll::Ready(Err(kind)),
            Ok(()) => {
                this.backlog.add(state, event, None, false);
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl<E: Queued> Drop for PushWhenRoom<'_, E> {
    fn drop(&mut self) {
        if let Some(number) = self.waiter {
            let mut state = self.backlog.lock();
            state.waiters.retain(|(waiter, _)| *waiter != number);
        }
    }
}
