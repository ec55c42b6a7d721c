use std::time::Duration;

use crate::protocol::RawEvent;
use crate::transport::CloseFrame;

/// Instruction or report for a driver, in order.
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
    /// The connection broke, or an attempt to make it anew failed, and another attempt follows.
    /// [`abort`](super::Connection::abort) prevents it.
    Reconnecting(Reconnecting),
    /// The connection is open again. What waited is sent when
    /// [`flush_pending`](super::Connection::flush_pending) is called, or
    /// [`restore`](super::Connection::restore).
    Reconnected {
        /// Generation of the connection, counted from 1.
        generation: u64,
    },
    /// Send a ping.
    Ping,
    /// The session ends before long: the service closes it.
    Expiring(Expiring),
    /// Open another socket beside the one that is open, and report by
    /// [`next_opened`](super::Connection::next_opened) or
    /// [`next_failed`](super::Connection::next_failed). When it is open and nobody is in the middle
    /// of a turn, say [`switch`](super::Connection::switch).
    ConnectNext,
    /// Drop that other socket, or the attempt to open it.
    AbandonNext,
    /// Take that other socket in place of the one that is open, and close that one.
    /// [`Reconnected`](Self::Reconnected) follows.
    Switch,
    /// Something went wrong. The connection's end, if it is the end, follows as
    /// [`Closed`](Self::Closed).
    Failed(Failure<E>),
    /// Send this close frame, now that all that was queued is sent.
    SendClose(CloseFrame),
    /// Drop the socket, or the attempt to open one.
    Abandon,
    /// The end. Nothing comes after it.
    Closed(Closed<E>),
}

/// An attempt to make a broken connection anew.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconnecting {
    /// Its number in the session's life, from 1.
    pub attempt: u32,
    /// Attempts, at most: [`Reconnect::max_attempts`](super::Reconnect#structfield.max_attempts).
    pub max_attempts: u32,
    /// Delay before it begins.
    pub delay: Duration,
    /// End of the connection, or of the attempt before this one: 1006 without a close frame.
    pub close: CloseFrame,
}

/// A session that ends before long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expiring {
    /// Time left.
    pub left: Duration,
}

/// End of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed<E = RawEvent> {
    /// The peer's code and reason; 1006 if it ended without a close frame. What the caller closed
    /// with, if that was during an outage.
    pub frame: CloseFrame,
    /// Events that were queued and never sent, in order.
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
    /// Every attempt to reconnect failed.
    ReconnectFailed {
        /// Number of attempts allowed.
        attempts: u32,
        /// Close code of the last attempt; 1006 if it had none.
        code: u16,
        /// Failure of the last attempt, where it is known.
        cause: Option<Box<Failure<E>>>,
    },
    /// An attempt to reconnect failed in a way that no later attempt can mend.
    ReconnectAborted {
        /// Close code of that attempt; 1006 if it had none.
        code: u16,
        /// Failure of that attempt, where it is known.
        cause: Option<Box<Failure<E>>>,
    },
}
