//! The way of events from any number of [`Sender`]s to the session that writes them: a queue bounded by bytes.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use event_listener::Event;
use futures_channel::mpsc;
use futures_util::StreamExt;

use crate::error::{SendError, SendErrorKind};
use crate::protocol::{Events, Protocol, RawEvent, Realtime};

/// Sends events from anywhere: from another task, from a listener, from several places at once.
///
/// Cloning is cheap. What is sent waits in a queue, bounded in bytes, until the session writes it, so somebody must
/// poll the session: see [`Session`](crate::Session). It does not keep the session alive.
pub struct Sender<P: Protocol = Realtime> {
    queue: mpsc::UnboundedSender<RawEvent>,
    shared: Arc<Shared>,
    protocol: PhantomData<fn() -> P>,
}

/// The session's end of the queue.
pub struct Outbox {
    queue: mpsc::UnboundedReceiver<RawEvent>,
    shared: Arc<Shared>,
}

struct Shared {
    /// Bytes of events that were sent and not yet written.
    bytes: AtomicUsize,
    max_bytes: usize,
    /// How many events were sent so far.
    pushed: AtomicU64,
    closed: AtomicBool,
    /// Told when there is room, and at the end.
    room: Event,
}

/// A queue's two ends.
pub fn outbox<P: Protocol>(max_bytes: usize) -> (Sender<P>, Outbox) {
    let (sender, receiver) = mpsc::unbounded();
    let shared = Arc::new(Shared {
        bytes: AtomicUsize::new(0),
        max_bytes,
        pushed: AtomicU64::new(0),
        closed: AtomicBool::new(false),
        room: Event::new(),
    });
    (
        Sender {
            queue: sender,
            shared: Arc::clone(&shared),
            protocol: PhantomData,
        },
        Outbox {
            queue: receiver,
            shared,
        },
    )
}

impl<P: Protocol> Sender<P> {
    /// Queues an event; where the queue is full, waits for room.
    ///
    /// It is in the queue, and not yet on the wire, when this returns.
    ///
    /// # Errors
    /// [`SendError`] gives the event back when the session is closed.
    ///
    /// # Cancel safety
    /// Until it returns, the event is not queued: dropping the future drops the event.
    pub async fn send(&self, event: impl Into<P::Client>) -> Result<(), SendError<P::Client>> {
        let event = event.into();
        let raw = event.encode();
        loop {
            // Registered before the attempt, so that room which comes about in between is heard of.
            let room = self.shared.room.listen();
            match self.push(raw.clone()) {
                Ok(_) => return Ok(()),
                Err(SendErrorKind::Full) => room.await,
                Err(kind) => return Err(SendError { event, kind }),
            }
        }
    }

    /// Queues an event if there is room.
    ///
    /// # Errors
    /// [`SendError`] gives the event back when the queue is full or the session is closed.
    pub fn try_send(&self, event: impl Into<P::Client>) -> Result<(), SendError<P::Client>> {
        let event = event.into();
        match self.push(event.encode()) {
            Ok(_) => Ok(()),
            Err(kind) => Err(SendError { event, kind }),
        }
    }

    /// How many bytes of events wait to be written.
    pub fn buffered_amount(&self) -> usize {
        self.shared.bytes.load(Ordering::Acquire)
    }

    /// Whether the session is closed.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// Queues the event, and returns how many must be written for it to be among them.
    pub(super) fn push(&self, event: RawEvent) -> Result<u64, SendErrorKind> {
        if self.is_closed() {
            return Err(SendErrorKind::Closed);
        }
        let bytes = event.text().len();
        self.shared.reserve(bytes)?;
        // Counted before it is queued: then whatever is queued ahead of it, by whichever thread, is counted behind it.
        self.shared.pushed.fetch_add(1, Ordering::AcqRel);
        self.queue
            .unbounded_send(event)
            .map_err(|_| SendErrorKind::Closed)?;
        Ok(self.shared.pushed.load(Ordering::Acquire))
    }
}

impl Shared {
    /// Makes room for an event; one that is larger than the queue is taken when nothing else waits (contract 69).
    fn reserve(&self, bytes: usize) -> Result<(), SendErrorKind> {
        self.bytes
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                let total = used.saturating_add(bytes);
                (used == 0 || total <= self.max_bytes).then_some(total)
            })
            .map(|_| ())
            .map_err(|_| SendErrorKind::Full)
    }
}

impl Outbox {
    /// Whether events wait. Cheaper than polling.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.shared.bytes.load(Ordering::Acquire) == 0
    }

    /// The next event.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<RawEvent>> {
        self.queue.poll_next_unpin(cx)
    }

    /// An event was written: its room is free again.
    pub fn written(&self, event: &RawEvent) {
        self.shared
            .bytes
            .fetch_sub(event.text().len(), Ordering::AcqRel);
        self.shared.room.notify(usize::MAX);
    }

    /// Refuses further events, and gives back those that were not written.
    pub fn close(&mut self) -> Vec<RawEvent> {
        self.shared.closed.store(true, Ordering::Release);
        self.queue.close();
        let mut left = Vec::new();
        while let Ok(event) = self.queue.try_recv() {
            left.push(event);
        }
        self.shared.room.notify(usize::MAX);
        left
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.close();
    }
}

impl<P: Protocol> Clone for Sender<P> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            shared: Arc::clone(&self.shared),
            protocol: PhantomData,
        }
    }
}

impl<P: Protocol> fmt::Debug for Sender<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("buffered_amount", &self.buffered_amount())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
