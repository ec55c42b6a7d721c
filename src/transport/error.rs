//! Failures below the protocol.

use std::time::Duration;

use super::Refusal;

/// Error of a transport, below the protocol.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The server answered the handshake, and did not accept it.
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    /// No connection could be made: no such host, nobody listening, no network.
    #[error("could not reach the server: check the base URL and the network")]
    Unreachable(#[source] Source),
    /// Both sides could not agree on TLS, or the server's certificate is not trusted.
    #[error("could not agree on TLS with the server: check its certificate")]
    Tls(#[source] Source),
    /// The server answers in another protocol than TLS.
    #[error(
        "the server does not speak TLS: reach a server on this machine by \
         `Config::insecure_loopback_url`, and one in your own network by \
         `Config::insecure_cleartext_url`, which sends the credential in clear"
    )]
    NoTls,
    /// A connection without TLS would leave this machine, because the host name resolves to another
    /// one. Nothing was sent.
    #[error(
        "the host name resolves to another machine, and the connection has no TLS: use TLS, or \
         `Config::insecure_cleartext_url`, which sends the credential in clear"
    )]
    Cleartext,
    /// The proxy could not be used: not reached, not understood, or it could not reach the server.
    #[error(
        "could not connect through the proxy: check its URL, with its user name and password, or go without it"
    )]
    Proxy(#[source] Source),
    /// The proxy did not let the connection through.
    #[error("the proxy refused the connection: {status}.{}", proxy_advice(*.status))]
    #[non_exhaustive]
    ProxyRefused {
        /// The HTTP status: 407 or 401 for a wrong user name or password, 403 for a server that is
        /// not allowed, 502 to 504 for one that the proxy cannot reach.
        status: u16,
    },
    /// TLS and the handshake took longer than the limit that was set.
    #[error("the server took the connection, but not the handshake in time")]
    HandshakeTimeout,
    /// The connection broke.
    #[error("the connection was lost")]
    Lost(#[source] Source),
    /// The peer broke the rules of RFC 6455.
    #[error("the peer broke the WebSocket protocol")]
    Protocol(#[source] Source),
    /// A message was larger than the limit that was set.
    #[error("a message was larger than the limit")]
    TooLarge(#[source] Source),
    /// More messages arrived than may wait to be read, where the server cannot be held back: in
    /// browsers and the like.
    #[error(
        "more than {limit} bytes of messages waited to be read: poll the session without long breaks, or allow more with `Connector::max_unread_bytes`"
    )]
    #[non_exhaustive]
    Unread {
        /// Bytes that may wait, at most.
        limit: usize,
    },
    /// No connection was made, and the runtime keeps the reason to itself, as browsers do: a wrong
    /// key, a wrong URL, no network.
    #[error(
        "the WebSocket did not open, and the runtime does not say why: check the API key, the model, the base URL and the network"
    )]
    Unexplained,
    /// The runtime has no such socket, or refused to make it.
    #[error("the runtime did not open a WebSocket")]
    Unsupported(#[source] Source),
}

impl From<Refusal> for TransportError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl TransportError {
    /// Returns the shortest delay before another attempt to connect that may succeed, zero if any
    /// delay will do, or `None` if no attempt can succeed. For a driver of
    /// [`Connection`](crate::Connection), which passes it to
    /// [`failed`](crate::Connection::failed).
    ///
    /// A refusal is worth another attempt if its status says that it may pass: 408, 409, 425, 429,
    /// 500 to 504, 520 to 526, 529 and 530. A spent quota is not, whatever its status. Neither is a
    /// failure of TLS, nor a proxy's refusal of the password.
    #[must_use]
    pub fn retry(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry(),
            Self::ProxyRefused {
                status: 401 | 403 | 407,
            }
            | Self::Tls(_)
            | Self::NoTls
            | Self::Cleartext
            | Self::TooLarge(_)
            | Self::Unread { .. }
            | Self::Unsupported(_) => None,
            // A broken answer to a handshake often comes from a server that restarts.
            _ => Some(Duration::ZERO),
        }
    }
}

fn proxy_advice(status: u16) -> &'static str {
    match status {
        403 => " It does not allow this server.",
        401 | 407 => " Set the user name and password in its URL.",
        500.. => " It cannot reach the server.",
        _ => "",
    }
}

/// A backend's own error, as a cause.
pub(crate) type Source = Box<dyn std::error::Error + Send + Sync>;
