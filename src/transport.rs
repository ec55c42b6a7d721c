//! The seam between the core and the world: what an open socket is, and what opens one.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use futures_core::Stream;
use futures_sink::Sink;

use crate::MaybeSend;
use crate::endpoint::{Handshake, Runtime};

/// One open socket: a stream of what arrives, a sink for what goes out.
///
/// A transport ends the stream after the peer's [`Frame::Close`], or after an error. Sending a [`Frame::Close`] starts
/// the closing handshake (RFC 6455, section 7); the peer's answer comes in by the stream. Pings are answered by the
/// transport itself; it may pass them on. One task polls both the stream and the sink.
///
/// Implemented for every type that fits, so a tunnel or a pair of queues in a test is one as it stands.
pub trait Transport:
    Stream<Item = Result<Frame, TransportError>>
    + Sink<Frame, Error = TransportError>
    + Unpin
    + MaybeSend
    + 'static
{
}

impl<T> Transport for T where
    T: Stream<Item = Result<Frame, TransportError>>
        + Sink<Frame, Error = TransportError>
        + Unpin
        + MaybeSend
        + 'static
{
}

/// Opens transports, and tells the time: all that a [`Session`](crate::Session) wants of its surroundings.
pub trait Connector: MaybeSend + Unpin + 'static {
    /// What it opens.
    type Transport: Transport;

    /// Where it runs: what its handshakes may carry.
    fn runtime(&self) -> Runtime;

    /// Whether a close frame may carry this code: what RFC 6455 allows, unless the sockets allow less, as in browsers.
    fn may_close_with(code: u16) -> bool {
        CloseFrame::may_have(code)
    }

    /// Opens a socket. Dropping the future gives the attempt up.
    fn connect(
        &self,
        handshake: Handshake,
    ) -> impl Future<Output = Result<Self::Transport, TransportError>> + MaybeSend + 'static;

    /// The time that has passed since some moment of the connector's choice. It never goes back.
    fn now(&self) -> Duration;

    /// The time of day, as the time since 1970 began, where it is known. By it the service says when a session ends.
    fn unix_time(&self) -> Option<Duration> {
        None
    }

    /// A random number. It spreads the attempts of many clients to reconnect, and need be no secret.
    fn seed(&self) -> u64 {
        u64::from(self.now().subsec_nanos())
    }

    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + MaybeSend + 'static;
}

/// A WebSocket message, or one of its control frames.
#[derive(Clone, PartialEq, Eq)]
pub enum Frame {
    /// A text message.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
    /// A ping, at most 125 bytes.
    Ping(Bytes),
    /// The answer to a ping, with its bytes.
    Pong(Bytes),
    /// The closing handshake's frame.
    Close(CloseFrame),
}

/// Kinds and sizes only.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
            Self::Ping(bytes) => write!(f, "Ping({} bytes)", bytes.len()),
            Self::Pong(bytes) => write!(f, "Pong({} bytes)", bytes.len()),
            Self::Close(close) => write!(f, "Close({close:?})"),
        }
    }
}

/// Why a socket closes: a code (RFC 6455, section 7.4) and a reason in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    /// 1000 is normal, 1001 the server going away, 4000 to 4999 the application's own. 1005 stands for a close
    /// frame without a code, 1006 for a connection that ended without one; both are never sent.
    pub code: u16,
    /// At most 123 bytes.
    pub reason: ByteString,
}

impl CloseFrame {
    /// What the Node SDK closes with: 1000, `OK` (contract 67).
    pub const NORMAL: Self = Self {
        code: 1000,
        reason: ByteString::from_static("OK"),
    };
    /// A close frame without a code.
    pub const NO_STATUS: Self = Self {
        code: 1005,
        reason: ByteString::new(),
    };
    /// A connection that ended without a close frame.
    pub const ABNORMAL: Self = Self {
        code: 1006,
        reason: ByteString::new(),
    };

    /// A code and a reason.
    ///
    /// # Errors
    /// [`InvalidClose`] for a code that must not be sent, or a reason of more than 123 bytes: 1000 to 1003, 1007 to
    /// 1014 and 3000 to 4999 are the codes that may.
    pub fn new(code: u16, reason: impl Into<ByteString>) -> Result<Self, InvalidClose> {
        let reason = reason.into();
        Self { code, reason }.checked(Self::may_have)
    }

    /// The frame, if it may be sent where `may_have` says which codes may.
    pub(crate) fn checked(self, may_have: impl Fn(u16) -> bool) -> Result<Self, InvalidClose> {
        if !may_have(self.code) {
            return Err(InvalidClose::Code(self.code));
        }
        if self.reason.len() > 123 {
            return Err(InvalidClose::Reason {
                bytes: self.reason.len(),
            });
        }
        Ok(self)
    }

    /// The codes that RFC 6455 lets a side send.
    fn may_have(code: u16) -> bool {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl fmt::Display for CloseFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.reason.is_empty() {
            write!(f, " ({})", self.reason)?;
        }
        Ok(())
    }
}

/// A close code or reason that may not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidClose {
    /// The code.
    #[error("close code {0} may not be sent: use 1000, or one from 3000 to 4999")]
    Code(u16),
    /// The reason.
    #[error("a close reason has at most 123 bytes, not {bytes}")]
    Reason {
        /// How many it has.
        bytes: usize,
    },
}

/// What went wrong below the protocol.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The server answered the handshake, and did not accept it.
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    /// No connection could be made: no such host, nobody listening, no network.
    #[error("could not reach the server: check the base URL and the network")]
    Unreachable(#[source] Source),
    /// No secure connection could be made: the server's certificate is not trusted, or it speaks no TLS.
    #[error("could not agree on TLS with the server: check its certificate")]
    Tls(#[source] Source),
    /// The proxy could not be used: not reached, not understood, or it could not reach the server.
    #[error(
        "could not connect through the proxy: check its URL, with its user name and password, or go without it"
    )]
    Proxy(#[source] Source),
    /// The proxy did not let the connection through.
    #[error("the proxy refused the connection: {status}.{}", proxy_advice(*.status))]
    ProxyRefused {
        /// The HTTP status: 407 or 401 for a wrong user name or password, 403 for a server that is not allowed, 502 to 504 for
        /// one that the proxy cannot reach.
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
    /// More messages arrived than may wait to be read, where the server cannot be held back: in browsers and the like.
    #[error(
        "more than {limit} bytes of messages waited to be read: poll the session without long breaks, or allow more with `Connector::max_unread_bytes`"
    )]
    Unread {
        /// How many bytes may wait.
        limit: usize,
    },
    /// No connection was made, and the runtime keeps the reason to itself, as browsers do: a wrong key, a wrong URL, no
    /// network.
    #[error(
        "the WebSocket did not open, and the runtime does not say why: check the API key, the model, the base URL and the network"
    )]
    Unexplained,
    /// The runtime has no such socket, or refused to make it.
    #[error("the runtime did not open a WebSocket")]
    Unsupported(#[source] Source),
}

impl TransportError {
    /// Of an attempt to connect: whether another may succeed, and how long it must wait at least (contract 91).
    pub(crate) fn retry(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => matches!(refusal.status, 408 | 429 | 500 | 502..=504)
                .then(|| refusal.retry_after.unwrap_or_default()),
            Self::ProxyRefused {
                status: 401 | 403 | 407,
            }
            | Self::Tls(_)
            | Self::Unsupported(_) => None,
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
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// A handshake, or a REST call, that the server did not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The HTTP status: 401 for a wrong key, 404 for a wrong path, 429 for too many sessions.
    pub status: u16,
    /// The `x-request-id` header, for the provider's support.
    pub request_id: Option<String>,
    /// The service's own name for the error, such as `invalid_api_key`.
    pub code: Option<String>,
    /// The service's own words, cut to a few hundred characters.
    pub message: Option<String>,
    /// How long the service asks to wait before the next attempt: its `Retry-After`.
    pub retry_after: Option<Duration>,
}

impl From<Refusal> for TransportError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl Refusal {
    /// A refusal with nothing but its status.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            request_id: None,
            code: None,
            message: None,
            retry_after: None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unexpected server response: {}", self.status)?;
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        f.write_str(match self.status {
            300..=399 => ". Redirects are not followed: set the base URL to where the service is.",
            401 => ". Check the API key.",
            403 => ". The key has no access to this.",
            404 => ". Check the base URL and the model.",
            429 => ". Too many requests.",
            500..=599 => ". The service is in trouble.",
            _ => return Ok(()),
        })?;
        match (self.status, self.retry_after) {
            (_, Some(wait)) => write!(f, " Try again in {} s.", wait.as_secs_f64().ceil()),
            (429 | 500..=599, None) => f.write_str(" Wait, then try again."),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}
