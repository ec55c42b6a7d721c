//! Settings of a session for timeouts, watchdogs and losses.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Config;
use crate::connection::{KeepAlive, Limits, Reconnect, Reconnecting};
use crate::platform::{Callback, MaybeSend, MaybeSync};

/// Bounds of a session's memory: see [`Config::restore`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restore {
    /// Bound on what is replayed, in bytes of events: 256 KiB by default.
    pub max_bytes: usize,
}

impl Default for Restore {
    fn default() -> Self {
        Self {
            max_bytes: 256 * 1024,
        }
    }
}

impl Restore {
    /// Sets [`max_bytes`](Self#structfield.max_bytes).
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }
}

pub(super) type OnReconnecting = Arc<Callback<Reconnecting, Retry>>;

/// Answer of [`Config::on_reconnecting`] to a loss.
#[non_exhaustive]
pub enum Retry {
    /// Makes the attempt.
    Go,
    /// Makes this attempt and later ones with another configuration: another key, model or address.
    /// The settings for timeouts, watchdogs and losses stay those that the session was opened with.
    With(Box<Config>),
    /// Makes no attempt: the session ends, with the reason `reconnect aborted by handler`.
    Abort,
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Go => "Go",
            Self::With(_) => "With(…)",
            Self::Abort => "Abort",
        })
    }
}

/// # Timeouts and bounds
///
/// Each setter links to the field of [`Limits`] that describes it.
impl Config {
    /// Sets [`Limits::connect_timeout`]: 30 s by default.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect_timeout = timeout;
        self
    }

    /// Sets [`Limits::close_timeout`], for [`close`](crate::Session::close): 5 s by default.
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.limits.close_timeout = timeout;
        self
    }

    /// Sets [`Limits::max_queue_bytes`]: 1 MiB by default.
    #[must_use]
    pub fn max_queue_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_queue_bytes = bytes;
        self
    }

    /// Sets [`Limits::keep_alive`]: a ping every 30 s and 30 s for an answer by default, `None` for
    /// no pings. It has no effect in browsers.
    #[must_use]
    pub fn keep_alive(mut self, keep_alive: impl Into<Option<KeepAlive>>) -> Self {
        self.limits.keep_alive = keep_alive.into();
        self
    }

    /// Sets [`Limits::idle_timeout`]: `None` by default. It is for browsers, where scripts cannot
    /// ping.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.limits.idle_timeout = timeout.into();
        self
    }

    /// Sets [`Limits::send_timeout`]: `None` by default.
    #[must_use]
    pub fn send_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.limits.send_timeout = timeout.into();
        self
    }

    /// Sets [`Limits::expiry_warning`]: 5 minutes by default, `None` for no warning and no
    /// [renewal](Self::renew).
    #[must_use]
    pub fn expiry_warning(mut self, lead: impl Into<Option<Duration>>) -> Self {
        self.limits.expiry_warning = lead.into();
        self
    }
}

/// # Reconnecting
impl Config {
    /// Reconnects after a loss. Without this, a loss ends the session. It is for sessions with a
    /// [`model`](Self::model).
    ///
    /// The new connection is a new session of the service, which knows nothing of the conversation.
    /// Events that were not sent before the loss, and events sent during the outage, are held back:
    /// set the session up again, then call
    /// [`Session::flush_pending`](crate::Session::flush_pending), or let [`restore`](Self::restore)
    /// do both. Each attempt calls the credential's provider and the URL builder again.
    ///
    /// ```
    /// use openai_realtime_ws::{Config, Reconnect};
    ///
    /// let config = Config::new("sk-example")
    ///     .model("gpt-realtime-2.1")
    ///     .reconnect(Reconnect::default());
    /// ```
    // Contracts 73, 77 to 82 and 89 to 91.
    #[must_use]
    pub fn reconnect(mut self, reconnect: Reconnect) -> Self {
        self.limits.reconnect = Some(reconnect);
        self
    }

    /// Sets a function that is called before each attempt to reconnect, and decides about it.
    ///
    /// ```
    /// use openai_realtime_ws::{Config, Reconnect, Retry};
    ///
    /// let config = Config::new("sk-example")
    ///     .model("gpt-realtime-2.1")
    ///     .reconnect(Reconnect::default())
    ///     .on_reconnecting(|next| match next.close.code {
    ///         1001 => Retry::Abort,
    ///         _ => Retry::Go,
    ///     });
    /// ```
    // Contract 79.
    #[must_use]
    pub fn on_reconnecting(
        mut self,
        decide: impl Fn(&Reconnecting) -> Retry + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.on_reconnecting = Some(Arc::new(decide));
        self
    }

    /// Replays the session's configuration and conversation on a new connection, as far as a client
    /// can, and then sends the held-back events. [`Reconnected`](crate::Reconnected) lists what
    /// could not be restored, [`Memory`](crate::Memory) says what is remembered. It needs
    /// [`reconnect`](Self::reconnect) or [`renew`](Self::renew).
    ///
    /// ```
    /// use openai_realtime_ws::{Config, Reconnect, Restore};
    ///
    /// let config = Config::new("sk-example")
    ///     .model("gpt-realtime-2.1")
    ///     .reconnect(Reconnect::default())
    ///     .restore(Restore::default());
    /// ```
    #[must_use]
    pub fn restore(mut self, restore: Restore) -> Self {
        self.restore = Some(restore);
        self
    }

    /// Gives the session a new connection before the service ends it. From the
    /// [warning](Self::expiry_warning) on, a second connection is opened beside the first one. It
    /// takes over between two turns, or 10 s before the end, and is [restored](Self::restore) as
    /// after an outage. [`Reconnected`](crate::Reconnected) reports it. It is for sessions with a
    /// [`model`](Self::model).
    ///
    /// The events show whether there is a turn: responses that are requested or under way, and
    /// speech that the server detects. If the server does not detect speech, input audio that was
    /// not committed counts as a turn.
    ///
    /// A renewed session is not renewed again within a minute, so that a wrong clock, or a server
    /// with very short sessions, does not lead to a storm of connections:
    /// [`Error::ExpiresTooSoon`](crate::Error::ExpiresTooSoon) reports it.
    #[must_use]
    pub fn renew(mut self) -> Self {
        self.limits.renew = true;
        self.restore.get_or_insert_default();
        self
    }

    /// Returns the limits of a session that sets none.
    pub(super) fn usual_limits() -> Limits {
        Limits {
            keep_alive: Some(KeepAlive::default()),
            expiry_warning: Some(Duration::from_secs(5 * 60)),
            ..Limits::default()
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn restores(&self) -> Option<Restore> {
        self.restore
    }

    /// Asks the caller's function about a loss, and adopts its configuration. Returns false if it
    /// aborts.
    pub(crate) fn retries(&mut self, next: &Reconnecting) -> bool {
        match self.on_reconnecting.as_ref().map(|decide| decide(next)) {
            None | Some(Retry::Go) => true,
            Some(Retry::With(config)) => {
                // The new configuration says where to connect; the rest stays as it was.
                *self = Self {
                    limits: self.limits,
                    restore: self.restore,
                    on_reconnecting: self.on_reconnecting.take(),
                    ..*config
                };
                true
            }
            Some(Retry::Abort) => false,
        }
    }
}
