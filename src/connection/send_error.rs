//! Events that could not be sent.

use std::fmt;

/// Error of a flush without an open connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot flush before the WebSocket is open")]
pub struct NotOpen;

/// Event that was not sent, with the reason.
#[derive(Clone, PartialEq, Eq)]
pub struct SendError<E> {
    /// The event.
    pub event: E,
    /// The reason.
    pub kind: SendErrorKind,
}

impl<E> SendError<E> {
    /// Converts the event.
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

/// Reason why an event was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendErrorKind {
    /// The session is closing or closed.
    #[error("cannot send on a closed WebSocket")]
    Closed,
    /// The queue is full: try again later, or use `send(…).await`, which waits.
    #[error("the send queue is full")]
    Full,
    /// The queue is full, and nobody has polled the session for 30 seconds, so no room comes about.
    /// Poll the session in another task or beside the sender, for example with `join!`, or use
    /// [`Session::send`](crate::Session::send), which polls it.
    #[error(
        "the send queue is full and nobody polls the session: await `next` or `run` meanwhile, or use `Session::send`"
    )]
    NotPolled,
}
