use futures_util::StreamExt;

use super::interlude::{Interlude, Reconnected};
use super::listeners::{ListenerId, Registered};
use super::{Error, Session};
use crate::connection::{Closed, Expiring, Reconnecting};
use crate::platform::MaybeSend;
use crate::protocol::{Event, Protocol};
use crate::transport::Connector;

/// # Listening
impl<C: Connector, P: Protocol> Session<C, P> {
    /// Calls `listener` with every event of type `E`, in order, from now on.
    ///
    /// Listeners run while the session is polled, before the event is yielded. They must not block.
    /// To send from a listener, give it a [`Sender`](super::Sender).
    ///
    /// ```no_run
    /// # use openai_realtime_ws::{Connector, Error, Session};
    /// # use openai_realtime_ws::protocol::ResponseOutputTextDelta;
    /// # async fn example<C: Connector>(mut rt: Session<C>) -> Result<(), Error> {
    /// rt.on(|e: &ResponseOutputTextDelta| print!("{}", e.delta));
    /// rt.on_error(|e| eprintln!("{e}"));
    /// rt.run().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on<E: Event<Events = P::Server>>(
        &mut self,
        mut listener: impl FnMut(&E) + MaybeSend + 'static,
    ) -> ListenerId {
        self.on_type(E::TYPE, move |event| {
            if let Some(event) = E::from_events(event) {
                listener(event);
            }
        })
    }

    /// Calls `listener` with the next event of type `E`, and removes it then.
    pub fn once<E: Event<Events = P::Server>>(
        &mut self,
        listener: impl FnOnce(&E) + MaybeSend + 'static,
    ) -> ListenerId {
        // The listener is gone after its first event, even if it panics.
        let mut listener = Some(listener);
        let call = move |event: &P::Server| {
            if let Some(event) = E::from_events(event)
                && let Some(listener) = listener.take()
            {
                listener(event);
            }
        };
        self.listeners.add(Registered::Type {
            wanted: E::TYPE.into(),
            once: true,
            listener: Box::new(call),
        })
    }

    /// Calls `listener` with every event of this `type`, even one that this version does not know.
    pub fn on_type(
        &mut self,
        event_type: &str,
        listener: impl FnMut(&P::Server) + MaybeSend + 'static,
    ) -> ListenerId {
        self.listeners.add(Registered::Type {
            wanted: event_type.into(),
            once: false,
            listener: Box::new(listener),
        })
    }

    /// Calls `listener` with every event, before the listeners of its type.
    pub fn on_event(
        &mut self,
        listener: impl FnMut(&P::Server) + MaybeSend + 'static,
    ) -> ListenerId {
        self.listeners.add(Registered::All(Box::new(listener)))
    }

    /// Calls `listener` with every error: the server's `error` events, frames that could not be
    /// read as events, and the connection's failure.
    pub fn on_error(&mut self, listener: impl FnMut(&Error) + MaybeSend + 'static) -> ListenerId {
        self.listeners.add(Registered::Error(Box::new(listener)))
    }

    /// Calls `listener` after the connection broke, before each attempt to reconnect.
    pub fn on_reconnecting(
        &mut self,
        listener: impl FnMut(&Reconnecting) + MaybeSend + 'static,
    ) -> ListenerId {
        self.listeners
            .add(Registered::Reconnecting(Box::new(listener)))
    }

    /// Calls `listener` when the connection is open again.
    pub fn on_reconnected(
        &mut self,
        listener: impl FnMut(&Reconnected) + MaybeSend + 'static,
    ) -> ListenerId {
        self.listeners
            .add(Registered::Reconnected(Box::new(listener)))
    }

    /// Calls `listener` when the service is about to end the session: see
    /// [`Config::expiry_warning`](crate::Config::expiry_warning).
    pub fn on_expiring(
        &mut self,
        listener: impl FnMut(&Expiring) + MaybeSend + 'static,
    ) -> ListenerId {
        self.listeners.add(Registered::Expiring(Box::new(listener)))
    }

    /// Calls `listener` once at the end, after all events, with how the session ended.
    pub fn on_close(&mut self, listener: impl FnMut(&Closed) + MaybeSend + 'static) -> ListenerId {
        self.listeners.add(Registered::Close(Box::new(listener)))
    }

    /// Removes a listener. Returns false if it was removed already.
    pub fn off(&mut self, id: ListenerId) -> bool {
        self.listeners.remove(id)
    }

    /// Waits for the next event of type `E`, while listeners get the events that pass.
    ///
    /// # Errors
    /// The first error that comes before it: any [`Error`], and the server's `error` event as
    /// [`Error::Server`], unless that is the type waited for. [`Error::Closed`] at the end of the
    /// session.
    ///
    /// # Cancel safety
    /// Safe: an event that has not arrived is not lost. Events of other types that passed went to
    /// listeners only.
    // Contract 61.
    pub async fn emitted<E: Event<Events = P::Server> + Clone>(&mut self) -> Result<E, Error> {
        while let Some(event) = StreamExt::next(self).await {
            let event = event?;
            if let Some(wanted) = E::from_events(&event) {
                return Ok(wanted.clone());
            }
            if let Some(error) = P::error(&event) {
                return Err(Error::Server(error.into()));
            }
        }
        Err(Error::Closed(self.ending()))
    }

    /// Polls the session until it ends, so that its listeners are called. Returns how it ended.
    ///
    /// # Errors
    /// The first error that no listener hears: a listener of [`on_error`](Self::on_error) or of the
    /// `error` event hears them all. Unless the error ended the session, calling `run` again goes
    /// on.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost between two calls.
    // Contract 55.
    pub async fn run(&mut self) -> Result<Closed, Error> {
        while let Some(event) = StreamExt::next(self).await {
            // With a listener for errors, the application decides what they mean.
            if self.listeners.hear_errors() {
                continue;
            }
            if let Some(error) = P::error(&event?) {
                return Err(Error::Server(error.into()));
            }
        }
        Ok(self.ending())
    }

    /// Notes news of the connection, and calls its listeners.
    pub(super) fn tell(&mut self, interlude: &Interlude) {
        if let Interlude::Reconnected(now) = interlude {
            self.generation = now.generation;
        }
        self.listeners.emit_interlude(interlude);
    }

    /// Calls the listeners of the end, once.
    pub(super) fn tell_closed(&mut self) {
        if let Some(closed) = &self.closed
            && !self.told_closed
        {
            self.told_closed = true;
            self.listeners.emit_close(closed);
        }
    }
}
