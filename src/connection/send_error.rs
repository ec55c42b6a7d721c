//! Events that could not be sent.

use std::fmt;

/// There is no open connection to send on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot flush before the WebSocket is open")]
pub struct NotOpen;

/// An event that was not sent, and why.
#[derive(Clone, PartialEq, Eq)]
pub struct SendError<E> {
    /// The event, back.
    pub event: E,
    /// Reason why it was not sent.
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

/// Reason why an event was not sent.
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
