use std::collections::VecDeque;

use crate::error::{SendError, SendErrorKind};
use crate::protocol::RawEvent;

/// Events that wait to be sent, in order and bounded by bytes.
#[derive(Debug)]
pub struct Queue {
    events: VecDeque<RawEvent>,
    bytes: usize,
    max_bytes: usize,
}

impl Queue {
    pub fn new(max_bytes: usize) -> Self {
        Self {
            events: VecDeque::new(),
            bytes: 0,
            max_bytes,
        }
    }

    /// Takes an event that fits, and any event when nothing else waits, so that a large one is not locked out for
    /// ever (contract 69).
    pub fn push(&mut self, event: RawEvent) -> Result<(), SendError<RawEvent>> {
        let bytes = self.bytes.saturating_add(event.text().len());
        if bytes > self.max_bytes && !self.events.is_empty() {
            return Err(SendError {
                event,
                kind: SendErrorKind::Full,
            });
        }
        self.bytes = bytes;
        self.events.push_back(event);
        Ok(())
    }

    pub fn pop(&mut self) -> Option<RawEvent> {
        let event = self.events.pop_front()?;
        self.bytes -= event.text().len();
        Some(event)
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// All that is left, in order.
    pub fn drain(&mut self) -> Vec<RawEvent> {
        self.bytes = 0;
        self.events.drain(..).collect()
    }
}
