use std::time::Duration;

use super::Reconnect;

/// Timeouts and bounds of a connection, and its behaviour after a loss. [`Config`](crate::Config)
/// has a setter of the same name for each.
///
/// `Limits::default()` has no watchdogs. A `Config` sets `keep_alive` and `expiry_warning` unless
/// it is told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Time within which a connection must open: 30 s by default.
    pub connect_timeout: Duration,
    /// Time within which a connection must close, 5 s by default: queued events are sent, then the
    /// peer answers the close frame.
    pub close_timeout: Duration,
    /// Bound on the bytes of events that are queued: 1 MiB by default. See
    /// [`Sender`](crate::Sender).
    pub max_queue_bytes: usize,
    /// Reconnecting after a loss: `None` by default, and a loss ends the session.
    pub reconnect: Option<Reconnect>,
    /// Pings, which notice a dead server; a `Config` pings every 30 s and waits 30 s for an answer,
    /// unless set. Anything that arrives counts as an answer. A session that was not polled for
    /// long looks at what has arrived before it takes the server for dead.
    ///
    /// Scripts in browsers cannot send pings: there this has no effect, and
    /// [`idle_timeout`](Self::idle_timeout) takes its place.
    pub keep_alive: Option<KeepAlive>,
    /// Silence after which the server counts as dead: `None` by default. Up to a quarter more can
    /// pass before it is noticed.
    ///
    /// This is for browsers, where [`keep_alive`](Self::keep_alive) has no effect. A session in
    /// which nobody speaks is silent, too: choose a time longer than any pause, and
    /// [reconnect](Self::reconnect).
    pub idle_timeout: Option<Duration>,
    /// Time within which the socket must accept an event, before the server counts as dead: `None`
    /// by default. Behind the socket are the system's buffers and the network: an event that the
    /// socket accepted may not have arrived.
    pub send_timeout: Option<Duration>,
    /// Time before the service ends the session at which
    /// [`Notice::Expiring`](crate::Notice::Expiring) and
    /// [`Update::Expiring`](crate::Update::Expiring) report it: 5 minutes in a `Config`, unless
    /// set; at most half of the session's lifetime. `None` also switches [`renew`](Self::renew)
    /// off.
    ///
    /// The service announces the end by `expires_at`. If it does not, a session lasts 60 minutes.
    pub expiry_warning: Option<Duration>,
    /// Renewal of a session that is about to expire, by a new connection: off by default.
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

/// Interval and timeout of pings: one ping each `interval`, and any arrival within `timeout` after
/// it answers it, a pong or anything else.
///
/// ```
/// use std::time::Duration;
/// use openai_realtime_ws::KeepAlive;
///
/// let keep_alive = KeepAlive::default().interval(Duration::from_secs(15));
/// assert_eq!(keep_alive.timeout, Duration::from_secs(30));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeepAlive {
    /// Time between two pings: 30 s by default.
    pub interval: Duration,
    /// Time that the peer has to show a sign of life: 30 s by default.
    pub timeout: Duration,
}

impl Default for KeepAlive {
    fn default() -> Self {
        let half_a_minute = Duration::from_secs(30);
        Self {
            interval: half_a_minute,
            timeout: half_a_minute,
        }
    }
}

impl KeepAlive {
    /// Sets [`interval`](Self#structfield.interval).
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets [`timeout`](Self#structfield.timeout).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}
