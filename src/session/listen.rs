use futures_util::StreamExt;

use super::Error;
use super::ListenerId;
use super::Session;
use super::update::{Interlude, Reconnected};
use crate::connection::{Closed, Expiring, Reconnecting};
use crate::platform::MaybeSend;
use crate::protocol::{Event, Protocol};
use crate::transport::Connector;

/// # Listening
impl<C: Connector, P: Protocol> Session<C, P> {
    /// Calls `listener` with every event of type `E` that passes, in order, from now on.
    ///
    /// Listeners run when the session is polled, before the event is yielded; they must not block. To send from one,
    /// give it a [`Sender`](super::Sender).
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

    /// Like [`on`](Self::on), for the next such event only.
    pub fn once<E: Event<Events = P::Server>>(
        &mut self,
        listener: impl FnOnce(&E) + MaybeSend + 'static,
    ) -> ListenerId {
        let mut listener = Some(listener);
        let call = move |event: &P::Server| {
            if let Some(event) = E::from_events(event)
                && let Some(listener) = listener.take()
            {
                listener(event);
            }
        };
        self.emitter.on_type(E::TYPE, true, Box::new(call))
    }

    /// Calls `listener` with every event of this `type`, be it one that this version does not know.
    pub fn on_type(
        &mut self,
        event_type: &str,
        listener: impl FnMut(&P::Server) + MaybeSend + 'static,
    ) -> ListenerId {
        self.emitter.on_type(event_type, false, Box::new(listener))
    }

    /// Calls `listener` with every event, before those of its type.
    pub fn on_event(
        &mut self,
        listener: impl FnMut(&P::Server) + MaybeSend + 'static,
    ) -> ListenerId {
        self.emitter.on_all(Box::new(listener))
    }

    /// Calls `listener` with every error: what the server reports by its `error` event, frames that are no events, and
    /// the connection's failure.
    pub fn on_error(&mut self, listener: impl FnMut(&Error) + MaybeSend + 'static) -> ListenerId {
        self.emitter.on_error(Box::new(listener))
    }

    /// Calls `listener` when the connection broke, before each attempt to make it anew (contract 90).
    pub fn on_reconnecting(
        &mut self,
        listener: impl FnMut(&Reconnecting) + MaybeSend + 'static,
    ) -> ListenerId {
        self.emitter.on_reconnecting(Box::new(listener))
    }

    /// Calls `listener` when the connection is open again (contract 90).
    pub fn on_reconnected(
        &mut self,
        listener: impl FnMut(&Reconnected) + MaybeSend + 'static,
    ) -> ListenerId {
        self.emitter.on_reconnected(Box::new(listener))
    }

    /// Calls `listener` when the session ends before long: see [`Config::expiry_warning`](crate::Config::expiry_warning).
    pub fn on_expiring(
        &mut self,
        listener: impl FnMut(&Expiring) + MaybeSend + 'static,
    ) -> ListenerId {
        self.emitter.on_expiring(Box::new(listener))
    }

    /// Calls `listener` with how the session ended, once, behind all of its events (contract 82).
    pub fn on_close(&mut self, listener: impl FnMut(&Closed) + MaybeSend + 'static) -> ListenerId {
        self.emitter.on_close(Box::new(listener))
    }

    /// Takes a listener back; false if it is gone already.
    pub fn off(&mut self, id: ListenerId) -> bool {
        self.emitter.off(id)
    }

    /// Waits for the next event of type `E`, while listeners get theirs (contract 61).
    ///
    /// # Errors
    /// An error that comes first: any [`Error`], and the server's `error` event as [`Error::Server`], unless that is what
    /// is waited for. [`Error::Closed`] at the end of the session.
    ///
    /// # Cancel safety
    /// Safe: what did not arrive is not lost. Events of other types that passed went to listeners only.
    pub async fn emitted<E: Event<Events = P::Server> + Clone>(&mut self) -> Result<E, Error> {
        while let Some(event) = self.next().await {
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

    /// Polls until the connection ends, for the sake of the listeners. Returns how it ended.
    ///
    /// # Errors
    /// The first error that no listener hears: one of [`on_error`](Self::on_error), or of the `error` event, hears all
    /// (contract 55). Unless it ended the session, `run` may be called again to go on.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost between two calls.
    pub async fn run(&mut self) -> Result<Closed, Error> {
        while let Some(event) = self.next().await {
            if self.emitter.hears_errors() {
                continue;
            }
            if let Some(error) = P::error(&event?) {
                return Err(Error::Server(error.into()));
            }
        }
        Ok(self.ending())
    }

    /// Takes note of what is told between the events, and tells the listeners.
    pub(super) fn tell(&mut self, told: &Interlude) {
        match told {
            Interlude::Reconnecting(next) => self.emitter.emit_reconnecting(next),
            Interlude::Reconnected(now) => {
                self.generation = now.generation;
                self.emitter.emit_reconnected(now);
            }
            Interlude::Expiring(soon) => self.emitter.emit_expiring(soon),
        }
    }

    /// Tells the listeners of the end, unless they know.
    pub(super) fn tell_closed(&mut self) {
        if let Some(closed) = &self.closed
            && !self.told_closed
        {
            self.told_closed = true;
            self.emitter.emit_close(closed);
        }
    }
}
