use std::fmt;

use crate::connection::{Closed, Failure};
use crate::endpoint::{ConfigError, CredentialError};
use crate::protocol::{ErrorEvent, Events, ParseError, RawEvent};
use crate::transport::{InvalidClose, TransportError};

/// What can go wrong in a session. Each says what to do next, and holds its cause as
/// [`source`](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot work. Nothing was opened.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The credential's provider gave none. Nothing was opened.
    #[error("could not get a credential")]
    Credential(#[from] CredentialError),
    /// No connection could be made.
    #[error("could not connect")]
    Connect(#[source] TransportError),
    /// No connection came about in the time that was set.
    #[error(
        "could not connect in time: check the network, or allow more with `Config::connect_timeout`"
    )]
    ConnectTimeout,
    /// A frame was no event. The session goes on.
    #[error("could not parse websocket event")]
    Parse(#[from] ParseError),
    /// The server reported a failure. The session goes on.
    #[error(transparent)]
    Server(#[from] Box<ErrorEvent>),
    /// An event could not be sent. It is in the error.
    #[error(transparent)]
    Send(#[from] SendError<RawEvent>),
    /// The connection failed. The session has ended.
    #[error("the connection failed")]
    Transport(#[source] TransportError),
    /// The server closed the connection, and not as a matter of course (code 1000).
    #[error("the server closed the connection: {}", .0.frame)]
    Closed(Closed),
    /// The peer showed no sign of life after a ping: see [`Config::keep_alive`](crate::Config::keep_alive). The session has
    /// ended.
    #[error("the server is gone: nothing came from it after a ping")]
    Unanswered,
    /// Nothing arrived for the time that was set by [`Config::idle_timeout`](crate::Config::idle_timeout). The session has
    /// ended.
    #[error("nothing came from the server for longer than `Config::idle_timeout` allows")]
    Idle,
    /// The socket did not take an event in the time that was set by
    /// [`Config::send_timeout`](crate::Config::send_timeout). The session has ended.
    #[error(
        "could not send in time: the server does not read, or the network is slower than `Config::send_timeout` allows"
    )]
    SendTimeout,
    /// The connection broke, and all attempts to make it anew failed (contract 80). The session has ended.
    #[error("WebSocket reconnect failed after {attempts} attempts (close code: {code})")]
    ReconnectFailed {
        /// How many there may be, in the session's life.
        attempts: u32,
        /// The last close code: 1006 if it was none.
        code: u16,
        /// Why the last attempt failed, where it is known.
        #[source]
        cause: Option<Box<Error>>,
    },
    /// The connection broke, and an attempt to make it anew failed in a way that no other will mend, such as a key that
    /// is refused (contracts 80 and 91). The session has ended.
    #[error("WebSocket reconnect aborted: non-recoverable close code {code}")]
    ReconnectAborted {
        /// Its close code: 1006 if it was none.
        code: u16,
        /// Why it failed, where it is known.
        #[source]
        cause: Option<Box<Error>>,
    },
    /// The code or the reason to close with may not be sent.
    #[error("could not close the connection")]
    Close(#[from] InvalidClose),
}

impl<E: Events> From<SendError<E>> for Error {
    fn from(error: SendError<E>) -> Self {
        Self::Send(error.map(|event| event.encode()))
    }
}

impl From<Failure<RawEvent, Error>> for Error {
    fn from(failure: Failure<RawEvent, Error>) -> Self {
        match failure {
            Failure::ConnectTimeout => Self::ConnectTimeout,
            Failure::Closed(closed) => Self::Closed(closed),
            Failure::Unanswered => Self::Unanswered,
            Failure::Idle => Self::Idle,
            Failure::SendTimeout => Self::SendTimeout,
            Failure::ReconnectFailed {
                attempts,
                code,
                cause,
            } => Self::ReconnectFailed {
                attempts,
                code,
                cause,
            },
            Failure::ReconnectAborted { code, cause } => Self::ReconnectAborted { code, cause },
        }
    }
}

/// There is no open connection to send on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot flush before the WebSocket is open")]
pub struct NotOpen;

/// An event that was not sent, and why.
#[derive(Clone, PartialEq, Eq)]
pub struct SendError<E> {
    /// The event, back.
    pub event: E,
    /// Why it was not sent.
    pub kind: SendErrorKind,
}

impl<E> SendError<E> {
    /// The same failure with the event in another form.
    pub fn map<F>(self, form: impl FnOnce(E) -> F) -> SendError<F> {
        SendError {
            event: form(self.event),
            kind: self.kind,
        }
    }
}

impl<E> fmt::Debug for SendError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl<E> fmt::Display for SendError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("could not send data")
    }
}

impl<E> std::error::Error for SendError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.kind)
    }
}

/// Why an event was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendErrorKind {
    /// The session is closing, or closed.
    #[error("cannot send on a closed WebSocket")]
    Closed,
    /// As much is waiting as may wait: try again later, or `send(…).await`, which waits.
    #[error("the send queue is full")]
    Full,
}
