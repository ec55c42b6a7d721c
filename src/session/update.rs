use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::StreamExt;

use super::Error;
use super::drive::InboxItem;
use super::{Lost, Session};
use crate::connection::{Expiring, Reconnecting};
use crate::protocol::{Protocol, Realtime, ServerEvent};
use crate::transport::Connector;

/// What happens in a session, in order: the server's events, and what becomes of the connection between them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Update<E = ServerEvent> {
    /// An event of the server.
    Event(E),
    /// The connection broke, or an attempt to make it anew failed, and another attempt follows.
    Reconnecting(Reconnecting),
    /// The connection is open again.
    Reconnected(Reconnected),
    /// The session ends before long: see [`Config::expiry_warning`](crate::Config::expiry_warning).
    Expiring(Expiring),
}

/// A connection that was made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconnected {
    /// Which connection it is, counted from 1.
    pub generation: u64,
    /// How many events [`Config::restore`](crate::Config::restore) put the session back with; 0 without it.
    pub restored: usize,
    /// What could not be put back.
    pub lost: Vec<Lost>,
}

/// News of the connection, told between the events.
pub(super) enum Interlude {
    Reconnecting(Reconnecting),
    Reconnected(Reconnected),
    Expiring(Expiring),
}

impl<E> From<Interlude> for Update<E> {
    fn from(told: Interlude) -> Self {
        match told {
            Interlude::Reconnecting(next) => Self::Reconnecting(next),
            Interlude::Reconnected(now) => Self::Reconnected(now),
            Interlude::Expiring(soon) => Self::Expiring(soon),
        }
    }
}

/// A stream of a session's [`Update`]s: see [`Session::updates`].
pub struct Updates<'a, C: Connector, P: Protocol = Realtime>(&'a mut Session<C, P>);

impl<C: Connector, P: Protocol> Session<C, P> {
    /// The session as a stream that tells of its connection, too. The session itself, as a stream, passes that over; it
    /// and this one may be taken in turns.
    ///
    /// ```no_run
    /// # use futures_util::StreamExt;
    /// # use openai_realtime_ws::{Connector, Error, ServerEvent, Session, Update};
    /// # async fn example<C: Connector>(mut rt: Session<C>) -> Result<(), Error> {
    /// let mut updates = rt.updates();
    /// while let Some(update) = updates.next().await {
    ///     match update? {
    ///         Update::Event(ServerEvent::ResponseOutputTextDelta(e)) => print!("{}", e.delta),
    ///         Update::Reconnecting(next) => eprintln!("lost the connection; attempt {}", next.attempt),
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

    /// Waits for the next of the [`updates`](Self::updates); `None` at the end.
    ///
    /// # Errors
    /// As the stream yields them.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost between two calls.
    pub async fn next_update(&mut self) -> Option<Result<Update<P::Server>, Error>> {
        self.updates().next().await
    }
}

impl<C: Connector, P: Protocol> Stream for Updates<'_, C, P> {
    type Item = Result<Update<P::Server>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let session = &mut *self.0;
        let item = match ready!(session.poll_item(cx)) {
            Some(InboxItem::Interlude(told)) => {
                session.tell(&told);
                return Poll::Ready(Some(Ok(told.into())));
            }
            Some(InboxItem::Message(text)) => session.read(text),
            Some(InboxItem::Error(error)) => session.report(error),
            None => {
                session.tell_closed();
                return Poll::Ready(None);
            }
        };
        Poll::Ready(Some(item.map(Update::Event)))
    }
}

impl<C: Connector, P: Protocol> fmt::Debug for Updates<'_, C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Updates").field(&self.0).finish()
    }
}
