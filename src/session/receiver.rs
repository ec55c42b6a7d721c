use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt;

use super::Error;
use super::Session;
use crate::protocol::{Protocol, Realtime};
use crate::transport::Connector;

/// The receiving half of a [split](Session::split) session: a stream of the server's events.
///
/// It moves the whole session: what the [`Sender`](super::Sender) queues goes out while this is polled.
#[derive(Debug)]
pub struct Receiver<C: Connector, P: Protocol = Realtime>(Session<C, P>);

impl<C: Connector, P: Protocol> Receiver<C, P> {
    pub(super) fn new(session: Session<C, P>) -> Self {
        Self(session)
    }

    /// The session again, to close it or to add listeners.
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
