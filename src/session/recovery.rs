use std::borrow::Cow;

use bytestring::ByteString;

use super::{Reconnected, Session};
use crate::connection::NotOpen;
use crate::protocol::members::Members;
use crate::protocol::{Protocol, RawEvent};
use crate::transport::Connector;

/// # When the connection breaks
impl<C: Connector, P: Protocol> Session<C, P> {
    /// Sends what waits since the connection broke, behind what was sent since it was made anew.
    /// Call it when the new session is set up as the old one was; what is sent by then goes ahead
    /// of it.
    ///
    /// # Errors
    /// [`NotOpen`] in an outage or at the end; then nothing is sent, and nothing lost.
    pub fn flush_pending(&mut self) -> Result<(), NotOpen> {
        self.connection.flush_pending()
    }

    /// Takes back what waits since the connection broke, in order, so that it is not sent.
    pub fn take_pending(&mut self) -> Vec<RawEvent> {
        self.connection.take_pending()
    }

    /// Returns the generation of the connection whose events the session yields, counted from 1. It
    /// changes with [`Reconnected`], so what is remembered with a smaller number belongs to a
    /// session that the service has forgotten.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the bytes of events that wait to be written or for
    /// [`flush_pending`](Self::flush_pending).
    pub fn buffered_amount(&self) -> usize {
        self.sender.buffered_amount()
    }

    /// Has the new session be like the old one, if that is wanted, and lets what waited follow.
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
        // It has just been opened; were it closed again, there would be nothing to restore.
        let _ = self.connection.restore(restoration.events);
        Reconnected {
            generation,
            restored,
            lost: restoration.lost,
        }
    }

    /// Lets the memory see what arrived.
    #[inline]
    pub(super) fn remember(&mut self, text: &ByteString) {
        let Some(memory) = &mut self.memory else {
            return;
        };
        let Some(event_type) = type_of(text) else {
            return;
        };
        memory.received(&event_type, text);
        if let Some(renewal) = &mut self.renewal {
            renewal.received(&event_type);
        }
    }
}

/// An event's `type`, cheaply where it comes first.
fn type_of(text: &ByteString) -> Option<Cow<'_, str>> {
    if let Some((event_type, _)) = Members::behind_type(text) {
        return Some(event_type);
    }
    let event = RawEvent::parse(text.clone()).ok()?;
    Some(event.event_type().to_owned().into())
}
