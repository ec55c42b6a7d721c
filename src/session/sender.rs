//! Sending from anywhere.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::pin;
use std::task::Poll;

use super::unpolled::{Timer, Unpolled};
use crate::connection::{Backlog, SendError, SendErrorKind};
use crate::protocol::{Events, Protocol, RawEvent, Realtime};

#[cfg(test)]
mod tests;

/// Handle that sends events from anywhere: another task, a listener, several places at once.
///
/// Cloning is cheap. Events wait in the session's queue, which is bounded in bytes, until the
/// session writes them, so a task must poll the session: see [`Session`](crate::Session). A sender
/// does not keep the session alive.
pub struct Sender<P: Protocol = Realtime> {
    pub(super) backlog: Backlog<RawEvent>,
    timer: Timer,
    protocol: PhantomData<fn() -> P>,
}

impl<P: Protocol> Sender<P> {
    pub(super) fn new(backlog: Backlog<RawEvent>, timer: Timer) -> Self {
        Self {
            backlog,
            timer,
            protocol: PhantomData,
        }
    }

    /// Queues an event. Where the queue is full, waits for room.
    ///
    /// When this returns, the event is in the queue and not yet on the wire. Room comes about while
    /// the session is polled: a task that polls the session itself uses
    /// [`Session::send`](crate::Session::send), which polls it meanwhile.
    ///
    /// # Errors
    /// [`SendError`] gives the event back when the session is closed, and with
    /// [`SendErrorKind::NotPolled`] when nobody has polled it for 30 seconds. A session that is
    /// awaited counts as polled even if nothing happens on it, however long this takes.
    ///
    /// # Cancel safety
    /// Until it returns, the event is not queued: dropping the future drops the event.
    pub async fn send(&self, event: impl Into<P::Client>) -> Result<(), SendError<P::Client>> {
        let event = event.into();
        let mut room = pin!(self.backlog.push_when_room(event.encode()));
        let mut unpolled = self.unpolled();
        let queued = poll_fn(|cx| match room.as_mut().poll(cx) {
            Poll::Ready(queued) => Poll::Ready(queued),
            Poll::Pending => unpolled.poll(cx).map(|()| Err(SendErrorKind::NotPolled)),
        });
        queued.await.map_err(|kind| SendError { event, kind })
    }

    /// Queues an event if there is room.
    ///
    /// # Errors
    /// [`SendError`] gives the event back when the queue is full or the session is closed.
    pub fn try_send(&self, event: impl Into<P::Client>) -> Result<(), SendError<P::Client>> {
        let event = event.into();
        let queued = self.backlog.push(event.encode());
        queued
            .map(|_| ())
            .map_err(|(_, kind)| SendError { event, kind })
    }

    /// Returns a watch for a call that waits for the session.
    pub(crate) fn unpolled(&self) -> Unpolled {
        Unpolled::new(&self.backlog, &self.timer)
    }

    /// Returns the size of the queued events, in bytes.
    #[must_use]
    pub fn buffered_amount(&self) -> usize {
        self.backlog.bytes()
    }

    /// Returns true once the session takes no more events.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.backlog.is_closed()
    }
}

impl<P: Protocol> Clone for Sender<P> {
    fn clone(&self) -> Self {
        Self::new(self.backlog.clone(), self.timer.clone())
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
