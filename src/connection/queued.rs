use crate::protocol::RawEvent;

/// Event that a connection can queue.
pub trait Queued: Clone {
    /// Returns the size on the wire, in bytes of UTF-8.
    fn bytes(&self) -> usize;
}

impl Queued for RawEvent {
    fn bytes(&self) -> usize {
        self.text().len()
    }
}
