use std::time::Duration;

use super::Reconnect;

/// The bounds of a connection, and what it does when it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long opening may take.
    pub connect_timeout: Duration,
    /// How long closing may take: sending what is queued, and waiting for the peer's answer.
    pub close_timeout: Duration,
    /// How many bytes of events may wait to be sent.
    pub max_queue_bytes: usize,
    /// Whether and how a connection that broke is made anew.
    pub reconnect: Option<Reconnect>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(5),
            max_queue_bytes: 1024 * 1024,
            reconnect: None,
        }
    }
}
