use std::time::Duration;

use super::{KeepAlive, Reconnect};

/// The bounds of a connection, and what it does when it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Longest time that opening may take.
    pub connect_timeout: Duration,
    /// Longest time that closing may take: sending queued events, then waiting for the peer's
    /// answer.
    pub close_timeout: Duration,
    /// Bytes of queued events, at most.
    pub max_queue_bytes: usize,
    /// Policy for reconnecting after a loss; `None` for no reconnecting.
    pub reconnect: Option<Reconnect>,
    /// Pings by the driver, on sockets that can send them; `None` for none.
    pub keep_alive: Option<KeepAlive>,
    /// Longest silence of the peer; unlimited by default.
    pub idle_timeout: Option<Duration>,
    /// Longest time until the socket accepts one event; unlimited by default.
    pub send_timeout: Option<Duration>,
    /// Lead of the warning before a session expires; no warning by default.
    pub expiry_warning: Option<Duration>,
    /// True if a session gets a new connection after that warning, before it expires.
    pub renew: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(5),
            max_queue_bytes: 1024 * 1024,
            reconnect: None,
            keep_alive: None,
            idle_timeout: None,
            send_timeout: None,
            expiry_warning: None,
            renew: false,
        }
    }
}
