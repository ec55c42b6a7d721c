//! Listeners: who is called for which event, and in which order.

use super::Error;
use super::Reconnected;
use crate::connection::{Closed, Expiring, Reconnecting};
use crate::platform::Listener;
use crate::protocol::{ErrorEvent, Event, Events, Protocol};

/// A listener's registration, to take it back with [`Session::off`](crate::Session::off).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// The listeners of a session.
///
/// For one event, listeners run in this order: those of all events; then, for the `error` event, those of errors; then
/// those of its type; each group in the order of registration (contracts 41 and 58).
pub struct Emitter<P: Protocol> {
    listeners: Vec<Entry<P>>,
    last_id: u64,
}

struct Entry<P: Protocol> {
    id: ListenerId,
    call: Call<P>,
}

enum Call<P: Protocol> {
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

impl<P: Protocol> Emitter<P> {
    pub fn new() -> Self {
        Self {
            listeners: Vec::new(),
            last_id: 0,
        }
    }

    pub fn on_all(&mut self, listener: Box<Listener<P::Server>>) -> ListenerId {
        self.add(Call::All(listener))
    }

    pub fn on_error(&mut self, listener: Box<Listener<Error>>) -> ListenerId {
        self.add(Call::Error(listener))
    }

    pub fn on_reconnecting(&mut self, listener: Box<Listener<Reconnecting>>) -> ListenerId {
        self.add(Call::Reconnecting(listener))
    }

    pub fn on_reconnected(&mut self, listener: Box<Listener<Reconnected>>) -> ListenerId {
        self.add(Call::Reconnected(listener))
    }

    pub fn on_expiring(&mut self, listener: Box<Listener<Expiring>>) -> ListenerId {
        self.add(Call::Expiring(listener))
    }

    pub fn on_close(&mut self, listener: Box<Listener<Closed>>) -> ListenerId {
        self.add(Call::Close(listener))
    }

    pub fn on_type(
        &mut self,
        event_type: &str,
        once: bool,
        listener: Box<Listener<P::Server>>,
    ) -> ListenerId {
        let wanted = event_type.into();
        self.add(Call::Type {
            wanted,
            once,
            listener,
        })
    }

    fn add(&mut self, call: Call<P>) -> ListenerId {
        self.last_id += 1;
        let id = ListenerId(self.last_id);
        self.listeners.push(Entry { id, call });
        id
    }

    /// Takes one registration back; false if there is none of this id (contract 59).
    pub fn off(&mut self, id: ListenerId) -> bool {
        let before = self.listeners.len();
        self.listeners.retain(|entry| entry.id != id);
        self.listeners.len() < before
    }

    /// Whether somebody listens to errors: those that nobody hears must not pass in silence (contract 55).
    pub fn hears_errors(&self) -> bool {
        self.listeners.iter().any(|entry| match &entry.call {
            Call::Error(_) => true,
            Call::Type { wanted, .. } => **wanted == *ErrorEvent::TYPE,
            _ => false,
        })
    }

    /// Calls the listeners of what has just come.
    pub fn emit(&mut self, item: &Result<P::Server, Error>) {
        if self.listeners.is_empty() {
            return;
        }
        let event = match item {
            Ok(event) => event,
            Err(error) => return self.emit_error(error),
        };
        for entry in &mut self.listeners {
            if let Call::All(listener) = &mut entry.call {
                listener(event);
            }
        }
        if let Some(error) = P::error(event) {
            self.emit_error(&Error::Server(error.into()));
        }
        let event_type = event.event_type();
        self.listeners.retain_mut(|entry| match &mut entry.call {
            Call::Type {
                wanted,
                once,
                listener,
            } if **wanted == *event_type => {
                listener(event);
                // One for a single event is gone after it ran (contract 60).
                !*once
            }
            _ => true,
        });
    }

    fn emit_error(&mut self, error: &Error) {
        for entry in &mut self.listeners {
            if let Call::Error(listener) = &mut entry.call {
                listener(error);
            }
        }
    }

    pub fn emit_reconnecting(&mut self, next: &Reconnecting) {
        for entry in &mut self.listeners {
            if let Call::Reconnecting(listener) = &mut entry.call {
                listener(next);
            }
        }
    }

    pub fn emit_reconnected(&mut self, now: &Reconnected) {
        for entry in &mut self.listeners {
            if let Call::Reconnected(listener) = &mut entry.call {
                listener(now);
            }
        }
    }

    pub fn emit_expiring(&mut self, soon: &Expiring) {
        for entry in &mut self.listeners {
            if let Call::Expiring(listener) = &mut entry.call {
                listener(soon);
            }
        }
    }

    pub fn emit_close(&mut self, closed: &Closed) {
        for entry in &mut self.listeners {
            if let Call::Close(listener) = &mut entry.call {
                listener(closed);
            }
        }
    }
}
