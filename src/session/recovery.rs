//! Reconnects, as a session's user sees them, and the record that restores it.

use std::borrow::Cow;

use bytestring::ByteString;

use super::{Reconnected, Session};
use crate::connection::NotOpen;
use crate::protocol::members::Members;
use crate::protocol::{Protocol, RawEvent};
use crate::transport::Connector;

/// # When the connection breaks
impl<C: Connector, P: Protocol> Session<C, P> {
    /// Sends the events that are held back since the connection broke, behind those that were sent
    /// since it is open again. Call it once the new session is set up as the old one was.
    ///
    /// # Errors
    /// [`NotOpen`] in an outage or at the end. Then nothing is sent, and nothing is lost.
    // Contract 90.
    pub fn flush_pending(&mut self) -> Result<(), NotOpen> {
        self.connection.flush_pending()
    }

    /// Takes the events that are held back since the connection broke, in order, so that they are
    /// not sent.
    // Contract 90.
    pub fn take_pending(&mut self) -> Vec<RawEvent> {
        self.connection.take_pending()
    }

    /// Returns the number of the connection whose events the session yields now, counted from 1. It
    /// changes with [`Reconnected`]: anything noted under a smaller number belongs to a session
    /// that the service has forgotten.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the size of the events that are not written yet, in bytes, held back ones among
    /// them.
    pub fn buffered_amount(&self) -> usize {
        self.sender.buffered_amount()
    }

    /// Returns the ids of the events by which a session that was just restored is given its
    /// settings.
    pub(crate) fn restored_updates(&self) -> Vec<String> {
        let memory = self.memory.as_ref();
        memory.map_or_else(Vec::new, |memory| memory.updates())
    }

    /// Restores the new session if so configured, and releases the held events behind it.
    pub(super) fn restore(&mut self, generation: u64) -> Reconnected {
        let Some(memory) = &mut self.memory else {
            return Reconnected {
                generation,
                restored: 0,
                lost: Vec::new(),
            };
        };
        let restoration = memory.restore();
        let restored = restoration.events.len();
        // The connection has just been opened. If it is closed again already, nothing is to be
        // restored.
        let _ = self.connection.restore(restoration.events);
        Reconnected {
            generation,
            restored,
            lost: restoration.lost,
        }
    }

    /// Records a message that arrived.
    #[inline]
    pub(super) fn remember(&mut self, text: &ByteString) {
        if let Some(memory) = &mut self.memory
            && let Some(event_type) = type_of(text)
        {
            memory.received(&event_type, text);
        }
    }
}

/// Returns an event's `type`, cheaply where it comes first.
fn type_of(text: &ByteString) -> Option<Cow<'_, str>> {
    if let Some((event_type, _)) = Members::behind_type(text) {
        return Some(event_type);
    }
    // The service writes the type first. Other servers need a look at the whole event.
    let event = RawEvent::parse(text.clone()).ok()?;
    Some(event.event_type().to_owned().into())
}
