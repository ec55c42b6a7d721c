//! Limits of a session, and its settings for a lost connection.

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
    /// The most that is put back, in bytes of events: 256 KiB unless set.
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

/// Decision about a lost connection: the answer of [`Config::on_reconnecting`].
#[non_exhaustive]
pub enum Retry {
    /// Make the attempt.
    Go,
    /// Make it, and later ones, by another configuration: another key, another model, another
    /// place. What the session bears, such as its timeouts, stays as it was when it was opened.
    With(Box<Config>),
    /// Make none: the session ends, with the reason `reconnect aborted by handler`.
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

impl Config {
    /// Sets the longest time until a connection is open; 30 s by default.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect_timeout = timeout;
        self
    }

    /// Sets the longest time that [`close`](crate::Session::close) waits for queued events and for
    /// the peer's answer; 5 s unless set.
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.limits.close_timeout = timeout;
        self
    }

    /// Sets the bytes of queued events, at most; 1 MiB by default. See [`Sender`](crate::Sender).
    #[must_use]
    pub fn max_queue_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_queue_bytes = bytes;
        self
    }

    /// Sets the pings that notice a server that is gone: by default a ping every 30 s, and 30 s for
    /// an answer; `None` switches them off. Everything that arrives counts as an answer. A session
    /// that was not polled for long reads first, before it declares the server gone.
    ///
    /// Scripts in browsers cannot send pings, so this has no effect there: use
    /// [`idle_timeout`](Self::idle_timeout).
    #[must_use]
    pub fn keep_alive(mut self, keep_alive: impl Into<Option<KeepAlive>>) -> Self {
        self.limits.keep_alive = keep_alive.into();
        self
    }

    /// Sets the longest silence before the server counts as gone; unlimited by default. A quarter
    /// more may pass before it is noticed.
    ///
    /// For browsers, where [`keep_alive`](Self::keep_alive) has no effect. A session in which
    /// nobody speaks is silent as well: have it longer than any pause, and
    /// [reconnect](Self::reconnect).
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits.idle_timeout = Some(timeout);
        self
    }

    /// Sets the longest time until the socket accepts one event, before the server counts as gone;
    /// unlimited by default. Beyond it lie the system's buffers and the network: that the socket
    /// took an event does not say that it arrived.
    #[must_use]
    pub fn send_timeout(mut self, timeout: Duration) -> Self {
        self.limits.send_timeout = Some(timeout);
        self
    }

    /// Sets the lead of [`Update::Expiring`](crate::Update::Expiring) before the service ends the
    /// session; 5 minutes unless set. The service says when, by `expires_at`; else it is 60 minutes
    /// after the connection opened.
    #[must_use]
    pub fn expiry_warning(mut self, lead: Duration) -> Self {
        self.limits.expiry_warning = Some(lead);
        self
    }

    /// Makes the connection anew when it breaks; without this, that is the
    /// session's end. For sessions with a [`model`](Self::model) only.
    ///
    /// The new connection is a new session of the service: it knows nothing of the conversation.
    /// What was not sent when the connection broke, and what is sent before there is another,
    /// waits; set the session up again, then call
    /// [`Session::flush_pending`](crate::Session::flush_pending). Every attempt asks a credential's
    /// provider anew, and makes its URL anew.
    ///
    /// ```
    /// use openai_realtime_ws::{Config, Reconnect};
    ///
    /// let config = Config::new("sk-example").model("gpt-realtime").reconnect(Reconnect::default());
    /// ```
    #[must_use]
    pub fn reconnect(mut self, reconnect: Reconnect) -> Self {
        self.limits.reconnect = Some(reconnect);
        self
    }

    /// Is asked before every attempt to make a broken connection anew.
    ///
    /// ```
    /// use openai_realtime_ws::{Config, Reconnect, Retry};
    ///
    /// let config = Config::new("sk-example")
    ///     .model("gpt-realtime")
    ///     .reconnect(Reconnect::default())
    ///     .on_reconnecting(|next| match next.close.code {
    ///         1001 => Retry::Abort,
    ///         _ => Retry::Go,
    ///     });
    /// ```
    #[must_use]
    pub fn on_reconnecting(
        mut self,
        decide: impl Fn(&Reconnecting) -> Retry + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.on_reconnecting = Some(Arc::new(decide));
        self
    }

    /// Puts the session's configuration and its conversation back when the connection was made
    /// anew, as far as a client can, and then sends what waited.
    /// [`Reconnected`](crate::Reconnected) says what could not be put back.
    /// [`Memory`](crate::Memory) says what is remembered, and what is not.
    ///
    /// ```
    /// use openai_realtime_ws::{Config, Reconnect, Restore};
    ///
    /// let config = Config::new("sk-example")
    ///     .model("gpt-realtime")
    ///     .reconnect(Reconnect::default())
    ///     .restore(Restore::default());
    /// ```
    #[must_use]
    pub fn restore(mut self, restore: Restore) -> Self {
        self.restore = Some(restore);
        self
    }

    /// Gives the session a new connection before the service ends it: from the
    /// [warning](Self::expiry_warning) on, a second connection is made beside the first, and when
    /// nobody is in the middle of a turn it takes the first one's place, [restored](Self::restore)
    /// like after an outage. If there is no such moment, that is 10 s before the end.
    /// [`Reconnected`](crate::Reconnected) tells of it. For sessions with a [`model`](Self::model)
    /// only.
    ///
    /// Whether somebody is in the middle of a turn is told by the events: by responses that are
    /// asked for or under way, and by speech that the server notices. Where it detects no speech,
    /// input audio that was not committed counts as a turn.
    #[must_use]
    pub fn renew(mut self) -> Self {
        self.limits.renew = true;
        self.restore.get_or_insert_default();
        self
    }

    /// The limits of a session, unless set.
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

    /// Asks what to do about a broken connection; takes another configuration over. False if it is
    /// to be given up.
    pub(crate) fn retries(&mut self, next: &Reconnecting) -> bool {
        match self.on_reconnecting.as_ref().map(|decide| decide(next)) {
            None | Some(Retry::Go) => true,
            Some(Retry::With(config)) => {
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
