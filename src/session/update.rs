//! Updates: the server's events, and news of the connection between them.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::StreamExt;

use super::drive::InboxItem;
use super::interlude::{Interlude, Reconnected};
use super::{Error, Session};
use crate::connection::{Expiring, Reconnecting};
use crate::protocol::{Protocol, Realtime, ServerEvent};
use crate::transport::Connector;

/// One thing that happened in a session: an event of the server, or news of the connection.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Update<E = ServerEvent> {
    /// The server sent an event.
    Event(E),
    /// The connection broke, or an attempt to reconnect failed, and another attempt follows.
    Reconnecting(Reconnecting),
    /// The connection is open again.
    Reconnected(Reconnected),
    /// The service is about to end the session: see
    /// [`Config::expiry_warning`](crate::Config::expiry_warning).
    Expiring(Expiring),
}

impl<E> From<Interlude> for Update<E> {
    fn from(interlude: Interlude) -> Self {
        match interlude {
            Interlude::Reconnecting(next) => Self::Reconnecting(next),
            Interlude::Reconnected(now) => Self::Reconnected(now),
            Interlude::Expiring(soon) => Self::Expiring(soon),
        }
    }
}

/// Stream of a session's [`Update`]s: see [`Session::updates`].
#[must_use = "streams do nothing unless polled"]
pub struct Updates<'a, C: Connector, P: Protocol = Realtime>(&'a mut Session<C, P>);

impl<C: Connector, P: Protocol> Session<C, P> {
    /// Returns the session as a stream of events and of news of its connection. The session itself,
    /// as a stream, yields the events only. Both may be used in turns.
    ///
    /// ```no_run
    /// # use futures_util::StreamExt;
    /// # use openai_realtime_ws::{Connector, Error, ServerEvent, Session, Update};
    /// # async fn example<C: Connector>(mut rt: Session<C>) -> Result<(), Error> {
    /// let mut updates = rt.updates();
    /// while let Some(update) = updates.next().await {
    ///     match update? {
    ///         Update::Event(ServerEvent::ResponseOutputTextDelta(e)) => print!("{}", e.delta),
    ///         Update::Reconnecting(next) => eprintln!("connection lost; attempt {}", next.attempt),
    ///         Update::Reconnected(_) => eprintln!("connected again"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn updates(&mut self) -> Updates<'_, C, P> {
        Updates(self)
    }

    /// Waits for the next of the [`updates`](Self::updates). Returns `None` at the end.
    ///
    /// # Errors
    /// As the stream yields them.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost between two calls.
    pub async fn next_update(&mut self) -> Option<Result<Update<P::Server>, Error>> {
        self.updates().next().await
    }

    fn poll_update(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Update<P::Server>, Error>>> {
        let item = match ready!(self.poll_item(cx)) {
            Some(InboxItem::Interlude(interlude)) => {
                self.tell(&interlude);
                return Poll::Ready(Some(Ok(interlude.into())));
            }
            Some(InboxItem::Message(text)) => self.read(&text),
            Some(InboxItem::Error(error)) => Err(self.report(error)),
            None => {
                self.tell_closed();
                return Poll::Ready(None);
            }
        };
        Poll::Ready(Some(item.map(Update::Event)))
    }
}

impl<C: Connector, P: Protocol> Stream for Updates<'_, C, P> {
    type Item = Result<Update<P::Server>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_update(cx)
    }
}

impl<C: Connector, P: Protocol> fmt::Debug for Updates<'_, C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Updates").field(&self.0).finish()
    }
}
