//! What a session bears, and what it does when its connection breaks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Config;
use crate::connection::{KeepAlive, Limits, Reconnect, Reconnecting};
use crate::platform::{Callback, MaybeSend, MaybeSync};

/// How much a session remembers, to go on where its connection broke off: see [`Config::restore`].
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
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }
}

pub(super) type OnReconnecting = Arc<Callback<Reconnecting, Retry>>;

/// What to do about a broken connection: the answer of [`Config::on_reconnecting`].
#[non_exhaustive]
pub enum Retry {
    /// Make the attempt.
    Go,
    /// Make it, and later ones, by another configuration: another key, another model, another place. What the session
    /// bears, such as its timeouts, stays as it was when it was opened.
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
    /// How long to wait for a connection: 30 s unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect_timeout = timeout;
        self
    }

    /// How long [`close`](crate::Session::close) waits for what is queued to go out and for the peer's answer: 5 s
    /// unless set.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.limits.close_timeout = timeout;
        self
    }

    /// How many bytes of events may wait to be sent: 1 MiB unless set. See [`Sender`](crate::Sender).
    pub fn max_queue_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_queue_bytes = bytes;
        self
    }

    /// Whether the server is pinged, and how soon it must answer, so that one that is gone is noticed: by pings each 30 s
    /// and 30 s for an answer unless set; `None` for no pings. Whatever arrives counts as an answer. A session that was
    /// not polled for long looks at what has arrived before it takes the server for dead.
    ///
    /// Browsers let no script ping: there, this has no effect, and [`idle_timeout`](Self::idle_timeout) is the means.
    pub fn keep_alive(mut self, keep_alive: impl Into<Option<KeepAlive>>) -> Self {
        self.limits.keep_alive = keep_alive.into();
        self
    }

    /// How long nothing need arrive from the server before it is taken for dead; no end unless set. A quarter more may
    /// pass before it is noticed.
    ///
    /// For browsers, where [`keep_alive`](Self::keep_alive) has no effect. A session in which nobody speaks is silent as
    /// well: have it longer than any pause, and [reconnect](Self::reconnect).
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits.idle_timeout = Some(timeout);
        self
    }

    /// How long the socket may take to take one event, before the server is taken for dead; no end unless set. Beyond
    /// it lie the system's buffers and the network: that the socket took an event does not say that it arrived.
    pub fn send_timeout(mut self, timeout: Duration) -> Self {
        self.limits.send_timeout = Some(timeout);
        self
    }

    /// How long before the service ends the session [`Update::Expiring`](crate::Update::Expiring) tells of it: 5 minutes
    /// unless set. The service says when, by `expires_at`; else it is 60 minutes after the connection opened.
    pub fn expiry_warning(mut self, lead: Duration) -> Self {
        self.limits.expiry_warning = Some(lead);
        self
    }

    /// Makes the connection anew when it breaks (contracts 73, 77 to 82 and 89 to 91); without this, that is the
    /// session's end. For sessions with a [`model`](Self::model) only.
    ///
    /// The new connection is a new session of the service: it knows nothing of the conversation. What was not sent when
    /// the connection broke, and what is sent before there is another, waits; set the session up again, then call
    /// [`Session::flush_pending`](crate::Session::flush_pending). Every attempt asks a credential's provider anew, and
    /// makes its URL anew.
    ///
    /// ```
    /// use openai_realtime_ws::{Config, Reconnect};
    ///
    /// let config = Config::new("sk-example").model("gpt-realtime").reconnect(Reconnect::default());
    /// ```
    pub fn reconnect(mut self, reconnect: Reconnect) -> Self {
        self.limits.reconnect = Some(reconnect);
        self
    }

    /// Is asked before every attempt to make a broken connection anew (contract 79).
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
    pub fn on_reconnecting(
        mut self,
        decide: impl Fn(&Reconnecting) -> Retry + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.on_reconnecting = Some(Arc::new(decide));
        self
    }

    /// Puts the session's configuration and its conversation back when the connection was made anew, as far as a client
    /// can, and then sends what waited. [`Reconnected`](crate::Reconnected) says what could not be put back.
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
    pub fn restore(mut self, restore: Restore) -> Self {
        self.restore = Some(restore);
        self
    }

    /// Gives the session a new connection before the service ends it: from the
    /// [warning](Self::expiry_warning) on, a second connection is made beside the first, and when nobody is in the
    /// middle of a turn it takes the first one's place, [restored](Self::restore) like after an outage. If there is no
    /// such moment, that is 10 s before the end. [`Reconnected`](crate::Reconnected) tells of it. For sessions with a
    /// [`model`](Self::model) only.
    ///
    /// Whether somebody is in the middle of a turn is told by the events: by responses that are asked for or under way,
    /// and by speech that the server notices. Where it detects no speech, input audio that was not committed counts as
    /// a turn.
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

    /// Asks what to do about a broken connection; takes another configuration over. False if it is to be given up.
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
