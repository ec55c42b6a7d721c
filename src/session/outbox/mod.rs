//! The way of events from any number of [`Sender`]s to the session that writes them: a queue bounded by bytes.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::connection::{SendError, SendErrorKind};
use crate::protocol::{Events, Protocol, RawEvent, Realtime};

mod live;
mod queue;
#[cfg(test)]
mod tests;

pub use live::LiveAudio;
pub use queue::DroppedAudio;

use queue::Queue;

/// What the queue is locked with; in the model tests, it is others.
mod sync {
    pub use std::sync::atomic::{AtomicUsize, Ordering};
    pub use std::sync::{Mutex, MutexGuard};
}

/// Sends events from anywhere: from another task, from a listener, from several places at once.
///
/// Cloning is cheap. What is sent waits in a queue, bounded in bytes, until the session writes it, so somebody must
/// poll the session: see [`Session`](crate::Session). It does not keep the session alive.
pub struct Sender<P: Protocol = Realtime> {
    queue: Arc<Queue<RawEvent>>,
    protocol: PhantomData<fn() -> P>,
}

/// The session's end of the queue.
pub struct Outbox(Arc<Queue<RawEvent>>);

/// A queue's two ends.
pub fn outbox<P: Protocol>(max_bytes: usize) -> (Sender<P>, Outbox) {
    let queue = Arc::new(Queue::new(max_bytes));
    let sender = Sender {
        queue: Arc::clone(&queue),
        protocol: PhantomData,
    };
    (sender, Outbox(queue))
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
        let bytes = raw.text().len();
        let queued = self.queue.push_when_room(raw, bytes).await;
        queued.map_err(|kind| SendError { event, kind })
    }

    /// Queues an event if there is room.
    ///
    /// # Errors
    /// [`SendError`] gives the event back when the queue is full or the session is closed.
    pub fn try_send(&self, event: impl Into<P::Client>) -> Result<(), SendError<P::Client>> {
        let event = event.into();
        let queued = self.push(event.encode());
        queued.map_err(|kind| SendError { event, kind })
    }

    /// A handle for a microphone, whose audio must not fall behind: where more than `longest` of it waits, the oldest is
    /// dropped. See [`LiveAudio`].
    pub fn live_audio(&self, longest: Duration) -> LiveAudio<P> {
        LiveAudio::new(self.clone(), longest)
    }

    /// How many bytes of events wait to be written.
    pub fn buffered_amount(&self) -> usize {
        self.queue.bytes()
    }

    /// Whether the session is closed.
    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    pub(super) fn push(&self, event: RawEvent) -> Result<(), SendErrorKind> {
        let bytes = event.text().len();
        self.queue.push(event, bytes)
    }
}

impl Outbox {
    /// Whether all that was sent is written. Cheaper than polling.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.bytes() == 0
    }

    /// The next event, or else the task is woken when there is one. `None` once it is closed.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<RawEvent>> {
        self.0.poll_pop(cx)
    }

    /// An event that was taken is written, or given back: its room is free again.
    pub fn written(&self, event: &RawEvent) {
        self.0.release(event.text().len());
    }

    /// Refuses further events, and gives back those that were not taken.
    pub fn close(&mut self) -> Vec<RawEvent> {
        self.0.close()
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
            queue: Arc::clone(&self.queue),
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
