use crate::protocol::RawEvent;

/// Event that a connection can queue, ready to be sent and of known size.
pub trait Queued: Clone {
    /// Its size on the wire, in bytes of UTF-8.
    fn bytes(&self) -> usize;
}

impl Queued for RawEvent {
    fn bytes(&self) -> usize {
        self.text().len()
    }
}
