//! The receiving half of a split session.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt;

use super::update::{Update, Updates};
use super::{Error, Session};
use crate::connection::Closed;
use crate::protocol::{Protocol, Realtime};
use crate::transport::Connector;

/// The receiving half of a [split](Session::split) session: a stream of the server's events.
///
/// It moves the whole session: events that a [`Sender`](super::Sender) queued are written while
/// this is polled.
#[derive(Debug)]
#[must_use = "a session moves only while its receiver is polled"]
pub struct Receiver<C: Connector, P: Protocol = Realtime>(Session<C, P>);

impl<C: Connector, P: Protocol> Receiver<C, P> {
    pub(super) fn new(session: Session<C, P>) -> Self {
        Self(session)
    }

    /// Waits for the next event: see [`Session::next`].
    #[expect(
        clippy::should_implement_trait,
        reason = "a session is a stream, not an iterator"
    )]
    pub fn next(&mut self) -> impl Future<Output = Option<Result<P::Server, Error>>> + Unpin {
        self.0.next()
    }

    /// Waits for the next update: see [`Session::next_update`].
    ///
    /// # Errors
    /// As [`Session::updates`] yields them.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost between two calls.
    pub async fn next_update(&mut self) -> Option<Result<Update<P::Server>, Error>> {
        self.0.next_update().await
    }

    /// Returns the session as a stream of events and of news of its connection: see
    /// [`Session::updates`].
    pub fn updates(&mut self) -> Updates<'_, C, P> {
        self.0.updates()
    }

    /// Returns how the session ended, once it has: see [`Session::closed`].
    pub fn closed(&self) -> Option<&Closed> {
        self.0.closed()
    }

    /// Returns the whole session, to close it or to add listeners.
    pub fn into_session(self) -> Session<C, P> {
        self.0
    }
}

impl<C: Connector, P: Protocol> Stream for Receiver<C, P> {
    type Item = Result<P::Server, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

/// Polling an ended receiver is harmless.
impl<C: Connector, P: Protocol> futures_core::stream::FusedStream for Receiver<C, P> {
    fn is_terminated(&self) -> bool {
        self.0.is_terminated()
    }
}
