//! Everything that can go wrong in a session.

use std::time::Duration;

use crate::config::{ConfigError, CredentialError};
use crate::connection::{Closed, Failure, SendError};
use crate::protocol::{ErrorEvent, Events, ParseError, RawEvent};
use crate::transport::{CloseFrame, InvalidClose, TransportError};

/// Error of a session. Each says what to do next, and holds its cause as
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
    /// The peer showed no sign of life after a ping: see
    /// [`Config::keep_alive`](crate::Config::keep_alive). The session has ended.
    #[error("the server is gone: nothing came from it after a ping")]
    Unanswered,
    /// Nothing arrived for the time that was set by
    /// [`Config::idle_timeout`](crate::Config::idle_timeout). The session has ended.
    #[error("nothing came from the server for longer than `Config::idle_timeout` allows")]
    Idle,
    /// The socket did not take an event in the time that was set by
    /// [`Config::send_timeout`](crate::Config::send_timeout). The session has ended.
    #[error(
        "could not send in time: the server does not read, or the network is slower than `Config::send_timeout` allows"
    )]
    SendTimeout,
    /// The connection broke, and all attempts to reconnect failed. The session has ended.
    #[error("WebSocket reconnect failed after {attempts} attempts (close code: {code})")]
    #[non_exhaustive]
    ReconnectFailed {
        /// Attempts in the session's lifetime, at most.
        attempts: u32,
        /// The last close code: 1006 if it was none.
        code: u16,
        /// Cause of the last attempt's failure, if it is known.
        #[source]
        cause: Option<Box<Error>>,
    },
    /// The connection broke, and an attempt to reconnect failed in a way that no other will
    /// mend, such as a key that is refused. The session has ended.
    #[error("WebSocket reconnect aborted: non-recoverable close code {code}")]
    #[non_exhaustive]
    ReconnectAborted {
        /// Its close code: 1006 if it was none.
        code: u16,
        /// Cause of the failure, if it is known.
        #[source]
        cause: Option<Box<Error>>,
    },
    /// The session was renewed, and the new one expires again within a minute: see
    /// [`Config::renew`](crate::Config::renew). The session goes on.
    #[error(
        "the renewed session expires in {} s already, and is not renewed at once: check the clock of \
         this machine",
        .left.as_secs()
    )]
    #[non_exhaustive]
    ExpiresTooSoon {
        /// Time that is left, as it was announced.
        left: Duration,
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

impl Error {
    /// Returns the shortest delay before another attempt to connect that may succeed, zero if any
    /// delay will do, or `None` if no attempt can succeed. A session
    /// [reconnects](crate::Config::reconnect) by this rule. It is public for drivers of
    /// [`Connection`](crate::Connection), and for programs that retry a first connection.
    ///
    /// [`TransportError::retry`] has the rule for transports.
    pub fn retry(&self) -> Option<Duration> {
        match self {
            // A peer that broke the protocol of an open connection would break it again.
            Self::Transport(TransportError::Protocol(_)) => None,
            Self::Connect(error) | Self::Transport(error) => error.retry(),
            // Providers and URL builders are the caller's own: they may ask others, and be lucky.
            Self::Credential(_)
            | Self::Config(ConfigError::UrlBuilder(_))
            | Self::ConnectTimeout
            | Self::Unanswered
            | Self::Idle
            | Self::SendTimeout => Some(Duration::ZERO),
            _ => None,
        }
    }

    /// Turns a connection's failure into an error. `cause` is why the session's own socket last
    /// failed.
    pub(super) fn from_failure(failure: Failure, cause: &mut Option<Self>) -> Self {
        let mut boxed = |failure: Option<Box<Failure>>| {
            failure.map(|failure| Box::new(Self::from_failure(*failure, cause)))
        };
        match failure {
            Failure::Socket => cause.take().unwrap_or_else(|| {
                Self::Closed(Closed {
                    frame: CloseFrame::ABNORMAL,
                    unsent: Vec::new(),
                })
            }),
            Failure::ConnectTimeout => Self::ConnectTimeout,
            Failure::Closed(closed) => Self::Closed(closed),
            Failure::Unanswered => Self::Unanswered,
            Failure::Idle => Self::Idle,
            Failure::SendTimeout => Self::SendTimeout,
            Failure::ExpiresTooSoon { left } => Self::ExpiresTooSoon { left },
            Failure::ReconnectFailed {
                attempts,
                code,
                cause,
            } => Self::ReconnectFailed {
                attempts,
                code,
                cause: boxed(cause),
            },
            Failure::ReconnectAborted { code, cause } => Self::ReconnectAborted {
                code,
                cause: boxed(cause),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::SendErrorKind;

    #[test]
    fn errors_carry_the_words_that_people_search_for() {
        let cause = |error: &Error| std::error::Error::source(error).unwrap().to_string();
        let parse = Error::Parse(RawEvent::parse("[]").unwrap_err());
        assert_eq!(parse.to_string(), "could not parse websocket event");
        assert_eq!(
            cause(&parse),
            "Realtime WebSocket event must be an object with a string type."
        );
        let send = Error::Send(SendError {
            event: RawEvent::parse(r#"{"type":"a"}"#).unwrap(),
            kind: SendErrorKind::Closed,
        });
        assert_eq!(send.to_string(), "could not send data");
        assert_eq!(cause(&send), "cannot send on a closed WebSocket");
        let close = Error::Close(InvalidClose::Code(1005));
        assert_eq!(close.to_string(), "could not close the connection");
        assert!(cause(&close).starts_with("close code 1005 may not be sent"));
    }

    #[test]
    fn a_failure_takes_the_cause_that_the_session_kept_contract_80() {
        let refused = TransportError::from(crate::transport::Refusal::new(500));
        let mut kept = Some(Error::Connect(refused));
        let failure = Failure::ReconnectFailed {
            attempts: 5,
            code: 1006,
            cause: Some(Box::new(Failure::Socket)),
        };
        let error = Error::from_failure(failure, &mut kept);
        assert_eq!(
            error.to_string(),
            "WebSocket reconnect failed after 5 attempts (close code: 1006)"
        );
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "could not connect");
        let source = source.source().unwrap().to_string();
        assert!(
            source.starts_with("Unexpected server response: 500"),
            "{source}"
        );
        assert!(kept.is_none());

        let failure = Failure::ReconnectAborted {
            code: 1015,
            cause: None,
        };
        let error = Error::from_failure(failure, &mut kept);
        assert_eq!(
            error.to_string(),
            "WebSocket reconnect aborted: non-recoverable close code 1015"
        );
        assert!(std::error::Error::source(&error).is_none());
    }
}
