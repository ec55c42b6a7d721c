use std::time::Duration;

use super::{KeepAlive, Reconnect};

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
    /// Whether the driver is to ping the peer, where its sockets can.
    pub keep_alive: Option<KeepAlive>,
    /// How long nothing need arrive; no end unless set.
    pub idle_timeout: Option<Duration>,
    /// How long the socket may take to take one event; no end unless set.
    pub send_timeout: Option<Duration>,
    /// How long before its end a session is said to expire; never unless set.
    pub expiry_warning: Option<Duration>,
    /// Whether a session that is said to expire gets a new connection before it does.
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
