use std::collections::VecDeque;

use super::{SendError, SendErrorKind};
use crate::protocol::RawEvent;

/// What a connection can queue: an event as it goes out, whose size is known.
pub trait Queued: Clone {
    /// Its size on the wire, in bytes of UTF-8.
    fn bytes(&self) -> usize;
}

impl Queued for RawEvent {
    fn bytes(&self) -> usize {
        self.text().len()
    }
}

/// Events that wait to be sent, in order and together bounded by bytes: those that are due, and those that an outage
/// holds back until they are [released](Queue::release).
#[derive(Debug)]
pub struct Queue<E> {
    due: VecDeque<E>,
    held: VecDeque<E>,
    bytes: usize,
    max_bytes: usize,
}

impl<E: Queued> Queue<E> {
    pub fn new(max_bytes: usize) -> Self {
        Self {
            due: VecDeque::new(),
            held: VecDeque::new(),
            bytes: 0,
            max_bytes,
        }
    }

    /// Takes an event to send.
    pub fn push(&mut self, event: E) -> Result<(), SendError<E>> {
        let event = self.admit(event)?;
        self.due.push_back(event);
        Ok(())
    }

    /// Takes an event to hold back.
    pub fn push_held(&mut self, event: E) -> Result<(), SendError<E>> {
        let event = self.admit(event)?;
        self.held.push_back(event);
        Ok(())
    }

    /// Makes room for an event that fits, and for any when nothing else waits, so that a large one is not locked out
    /// for ever (contract 69).
    fn admit(&mut self, event: E) -> Result<E, SendError<E>> {
        let bytes = self.bytes.saturating_add(event.bytes());
        let waiting = !self.due.is_empty() || !self.held.is_empty();
        if bytes > self.max_bytes && waiting {
            return Err(SendError {
                event,
                kind: SendErrorKind::Full,
            });
        }
        self.bytes = bytes;
        Ok(event)
    }

    /// The next event to send.
    #[inline]
    pub fn pop(&mut self) -> Option<E> {
        let event = self.due.pop_front()?;
        self.bytes -= event.bytes();
        Some(event)
    }

    /// Holds back what was due, behind what is held already.
    pub fn hold(&mut self) {
        self.held.append(&mut self.due);
    }

    /// Makes due what was held back, behind what is due already.
    pub fn release(&mut self) {
        self.due.append(&mut self.held);
    }

    /// Gives back what is held back, in order.
    pub fn take_held(&mut self) -> Vec<E> {
        let held: Vec<E> = std::mem::take(&mut self.held).into();
        self.bytes -= held.iter().map(E::bytes).sum::<usize>();
        held
    }

    /// Whether nothing is due.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// All that is left: what was held back, then what was due.
    pub fn drain(&mut self) -> Vec<E> {
        self.bytes = 0;
        self.held.drain(..).chain(self.due.drain(..)).collect()
    }
}
