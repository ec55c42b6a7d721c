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
