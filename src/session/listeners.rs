//! Listeners of a session, and the order in which they are called.

use super::{Error, Interlude, Reconnected};
use crate::connection::{Closed, Expiring, Reconnecting};
use crate::platform::Listener;
use crate::protocol::{ErrorEvent, Event, Events, Protocol};

/// Registration of a listener, to remove it with [`Session::off`](crate::Session::off).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// The listeners of a session.
///
/// For one event, listeners run in this order: those of all events; then, for the `error` event,
/// those of errors; then those of its type; each group in the order of registration.
// Contracts 41 and 58.
pub(super) struct Listeners<P: Protocol> {
    registered: Vec<(ListenerId, Registered<P>)>,
    last_id: u64,
}

/// A listener, by what it listens to.
pub(super) enum Registered<P: Protocol> {
    All(Box<Listener<P::Server>>),
    Error(Box<Listener<Error>>),
    Type {
        wanted: Box<str>,
        once: bool,
        listener: Box<Listener<P::Server>>,
    },
    Reconnecting(Box<Listener<Reconnecting>>),
    Reconnected(Box<Listener<Reconnected>>),
    Expiring(Box<Listener<Expiring>>),
    Close(Box<Listener<Closed>>),
}

impl<P: Protocol> Listeners<P> {
    pub(super) fn new() -> Self {
        Self {
            registered: Vec::new(),
            last_id: 0,
        }
    }

    pub(super) fn add(&mut self, listener: Registered<P>) -> ListenerId {
        self.last_id += 1;
        let id = ListenerId(self.last_id);
        self.registered.push((id, listener));
        id
    }

    /// Removes one registration. Returns false if there is none of this id.
    pub(super) fn remove(&mut self, id: ListenerId) -> bool {
        let before = self.registered.len();
        self.registered.retain(|(registered, _)| *registered != id);
        self.registered.len() < before
    }

    /// Returns true if a listener hears errors. Errors that none hears must not pass in silence.
    pub(super) fn hear_errors(&self) -> bool {
        self.registered.iter().any(|(_, listener)| match listener {
            Registered::Error(_) => true,
            Registered::Type { wanted, .. } => **wanted == *ErrorEvent::TYPE,
            _ => false,
        })
    }

    /// Calls the listeners of an event or an error.
    pub(super) fn emit(&mut self, item: &Result<P::Server, Error>) {
        // Streams have no listeners, and pay nothing for them.
        if self.registered.is_empty() {
            return;
        }
        let event = match item {
            Ok(event) => event,
            Err(error) => return self.emit_error(error),
        };
        for (_, listener) in &mut self.registered {
            if let Registered::All(listener) = listener {
                listener(event);
            }
        }
        // An `error` event reaches both kinds of listeners, as in the SDK.
        if let Some(error) = P::error(event) {
            self.emit_error(&Error::Server(error.into()));
        }
        let event_type = event.event_type();
        self.registered.retain_mut(|(_, listener)| match listener {
            Registered::Type {
                wanted,
                once,
                listener,
            } if **wanted == *event_type => {
                listener(event);
                // A listener of a single event is removed after it ran (contract 60).
                !*once
            }
            _ => true,
        });
    }

    /// Calls the listeners of errors.
    pub(super) fn emit_error(&mut self, error: &Error) {
        for (_, listener) in &mut self.registered {
            if let Registered::Error(listener) = listener {
                listener(error);
            }
        }
    }

    /// Calls the listeners of the connection.
    pub(super) fn emit_interlude(&mut self, interlude: &Interlude) {
        for (_, listener) in &mut self.registered {
            match (listener, interlude) {
                (Registered::Reconnecting(listener), Interlude::Reconnecting(next)) => {
                    listener(next);
                }
                (Registered::Reconnected(listener), Interlude::Reconnected(now)) => listener(now),
                (Registered::Expiring(listener), Interlude::Expiring(soon)) => listener(soon),
                _ => {}
            }
        }
    }

    pub(super) fn emit_close(&mut self, closed: &Closed) {
        for (_, listener) in &mut self.registered {
            if let Registered::Close(listener) = listener {
                listener(closed);
            }
        }
    }
}
