//! What a session bears, and what it does when its connection breaks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Config;
use crate::connection::{Limits, Reconnect, Reconnecting};
use crate::{Callback, MaybeSend, MaybeSync};

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

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Asks what to do about a broken connection; takes another configuration over. False if it is to be given up.
    pub(crate) fn retries(&mut self, next: &Reconnecting) -> bool {
        match self.on_reconnecting.as_ref().map(|decide| decide(next)) {
            None | Some(Retry::Go) => true,
            Some(Retry::With(config)) => {
                *self = Self {
                    limits: self.limits,
                    on_reconnecting: self.on_reconnecting.take(),
                    ..*config
                };
                true
            }
            Some(Retry::Abort) => false,
        }
    }
}
