use std::time::Duration;

use crate::protocol::RawEvent;
use crate::transport::CloseFrame;

/// Instruction or report to a driver. They come in order.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice<E = RawEvent> {
    /// Open a socket, and report by [`Connection::opened`] or
    /// [`Connection::failed`](super::Connection::failed).
    ///
    /// [`Connection::opened`]: super::Connection::opened
    Connect,
    /// The first connection is open.
    Opened,
    /// The connection was lost, or an attempt to reconnect failed, and another attempt follows.
    /// [`abort`](super::Connection::abort) prevents it.
    Reconnecting(Reconnecting),
    /// The connection is open again. Held-back events are sent after
    /// [`flush_pending`](super::Connection::flush_pending) or
    /// [`restore`](super::Connection::restore).
    #[non_exhaustive]
    Reconnected {
        /// Number of the connection, counted from 1.
        generation: u64,
    },
    /// Send a ping.
    Ping,
    /// The service ends the session soon. Reported once for each end that it announces.
    Expiring(Expiring),
    /// Open another socket beside the one that is open, and report by
    /// [`next_opened`](super::Connection::next_opened) or
    /// [`next_failed`](super::Connection::next_failed). When it is open, call
    /// [`switch`](super::Connection::switch) between two turns.
    ConnectNext,
    /// Drop that other socket, or the attempt to open it.
    AbandonNext,
    /// Put that other socket in place of the one that is open, and close the old one.
    /// [`Reconnected`](Self::Reconnected) follows.
    Switch,
    /// Something failed. If it ends the connection, [`Closed`](Self::Closed) follows.
    Failed(Failure<E>),
    /// Send this close frame: the queued events are sent.
    SendClose(CloseFrame),
    /// Drop the socket, or the attempt to open one.
    Abandon,
    /// The connection has ended. Nothing follows.
    Closed(Closed<E>),
}

/// Attempt to reconnect that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconnecting {
    /// Number of the attempt, from 1. It starts again after a connection that stayed open for
    /// [`Reconnect::reset_after`](super::Reconnect#structfield.reset_after).
    pub attempt: u32,
    /// Number of attempts allowed:
    /// [`Reconnect::max_attempts`](super::Reconnect#structfield.max_attempts).
    pub max_attempts: u32,
    /// Delay before the attempt.
    pub delay: Duration,
    /// Delay that the server asked for by `Retry-After`, if it did. It is kept up to
    /// [`Reconnect::max_retry_after`](super::Reconnect#structfield.max_retry_after).
    pub retry_after: Option<Duration>,
    /// Close frame of the connection, or of the attempt before this one: 1006 if there was none.
    pub close: CloseFrame,
}

/// Announced end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expiring {
    /// Time that is left.
    pub left: Duration,
}

/// End of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed<E = RawEvent> {
    /// The peer's close frame; 1006 if there was none. For a close during an outage, the caller's
    /// own.
    pub frame: CloseFrame,
    /// Queued events that were not sent, in order.
    pub unsent: Vec<E>,
}

/// Failure of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure<E = RawEvent> {
    /// The driver's socket failed or could not be opened: the driver knows the cause, which it gave
    /// last to [`failed`](super::Connection::failed) or [`given_up`](super::Connection::given_up).
    Socket,
    /// No connection was open within the connect timeout.
    ConnectTimeout,
    /// The peer closed the connection with another code than 1000.
    Closed(Closed<E>),
    /// Nothing arrived within the keep-alive timeout after a ping.
    Unanswered,
    /// Nothing arrived for the idle timeout.
    Idle,
    /// The socket did not accept an event within the send timeout.
    SendTimeout,
    /// A renewed session expires again too soon to be renewed at once. The connection stays open.
    /// Reported once in a connection's life.
    #[non_exhaustive]
    ExpiresTooSoon {
        /// Time that is left, as it was announced.
        left: Duration,
    },
    /// Every attempt to reconnect failed.
    #[non_exhaustive]
    ReconnectFailed {
        /// Number of attempts allowed.
        attempts: u32,
        /// Close code of the last attempt; 1006 if it had none.
        code: u16,
        /// Failure of the last attempt, where it is known.
        cause: Option<Box<Failure<E>>>,
    },
    /// An attempt to reconnect failed in a way that no later attempt can mend.
    #[non_exhaustive]
    ReconnectAborted {
        /// Close code of that attempt; 1006 if it had none.
        code: u16,
        /// Failure of that attempt, where it is known.
        cause: Option<Box<Failure<E>>>,
    },
}
