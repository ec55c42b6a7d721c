//! Events together with the text that the server sent.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytestring::ByteString;
use futures_core::Stream;

use super::drive::InboxItem;
use super::{Error, Session};
use crate::protocol::{Events, Protocol, RawEvent, Realtime, ServerEvent};
use crate::transport::Connector;

/// An event of the server, and the exact text that it was read from.
#[derive(Clone)]
pub struct Received<E = ServerEvent> {
    /// The event.
    pub event: E,
    text: ByteString,
}

impl<E> Received<E> {
    /// Returns the text of the WebSocket message: JSON as the server wrote it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Shows the event's type and size only.
impl<E: Events> fmt::Debug for Received<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("event_type", &self.event.event_type())
            .field("bytes", &self.text.len())
            .finish()
    }
}

/// Stream of events with their text: see [`Session::received`].
#[must_use = "streams do nothing unless polled"]
pub struct ReceivedEvents<'a, C: Connector, P: Protocol = Realtime>(&'a mut Session<C, P>);

/// Stream of events as text: see [`Session::raw_events`].
#[must_use = "streams do nothing unless polled"]
pub struct RawEvents<'a, C: Connector, P: Protocol = Realtime>(&'a mut Session<C, P>);

impl<C: Connector, P: Protocol> Session<C, P> {
    /// Returns the session as a stream of events, each beside the exact text that it was read from:
    /// for logs, and for relays that look at what they pass on. The text is not copied.
    ///
    /// ```no_run
    /// # use futures_util::StreamExt;
    /// # use openai_realtime_ws::{Connector, Error, ServerEvent, Session};
    /// # async fn example<C: Connector>(mut rt: Session<C>) -> Result<(), Error> {
    /// while let Some(received) = rt.received().next().await {
    ///     let received = received?;
    ///     if let ServerEvent::ResponseDone(_) = received.event {
    ///         println!("{}", received.text());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn received(&mut self) -> ReceivedEvents<'_, C, P> {
        ReceivedEvents(self)
    }

    /// Returns the session as a stream of events as text, of which only the type is read: for
    /// relays that pass them on. Listeners of events are not called for them.
    pub fn raw_events(&mut self) -> RawEvents<'_, C, P> {
        RawEvents(self)
    }

    /// Returns the next message, or an error between the messages.
    fn poll_text(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<ByteString, Error>>> {
        loop {
            match ready!(self.poll_item(cx)) {
                Some(InboxItem::Message(text)) => return Poll::Ready(Some(Ok(text))),
                Some(InboxItem::Error(error)) => return Poll::Ready(Some(Err(error))),
                Some(InboxItem::Interlude(interlude)) => self.tell(&interlude),
                None => {
                    self.tell_closed();
                    return Poll::Ready(None);
                }
            }
        }
    }

    /// Reads a message as far as its type. The few events that say when the session ends are read
    /// whole.
    fn read_raw(&mut self, text: ByteString) -> Result<RawEvent, Error> {
        let raw = RawEvent::parse(text)?;
        // The others mean nothing to the connection, and stay unread.
        let event_type = raw.event_type();
        if event_type.starts_with("session.") || event_type == "error" {
            self.heed_event(&raw.clone().decode_as());
        }
        Ok(raw)
    }
}

impl<C: Connector, P: Protocol> Stream for ReceivedEvents<'_, C, P> {
    type Item = Result<Received<P::Server>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let session = &mut *self.0;
        Poll::Ready(ready!(session.poll_text(cx)).map(|text| match text {
            Ok(text) => {
                let event = session.read(&text)?;
                Ok(Received { event, text })
            }
            Err(error) => Err(session.report(error)),
        }))
    }
}

impl<C: Connector, P: Protocol> Stream for RawEvents<'_, C, P> {
    type Item = Result<RawEvent, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let session = &mut *self.0;
        Poll::Ready(ready!(session.poll_text(cx)).map(|text| {
            let raw = text.and_then(|text| session.read_raw(text));
            raw.map_err(|error| session.report(error))
        }))
    }
}

impl<C: Connector, P: Protocol> fmt::Debug for ReceivedEvents<'_, C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReceivedEvents").field(&self.0).finish()
    }
}

impl<C: Connector, P: Protocol> fmt::Debug for RawEvents<'_, C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawEvents").field(&self.0).finish()
    }
}
