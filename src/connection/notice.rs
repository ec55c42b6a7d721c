use std::time::Duration;

use crate::error::Error;
use crate::protocol::RawEvent;
use crate::transport::CloseFrame;

/// What a driver is told, in order.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice<E = RawEvent, X = Error> {
    /// Open a socket, and report by [`Connection::opened`] or [`Connection::failed`](super::Connection::failed).
    ///
    /// [`Connection::opened`]: super::Connection::opened
    Connect,
    /// The first connection is open.
    Opened,
    /// The connection broke, or an attempt to make it anew failed, and another attempt follows.
    /// [`abort`](super::Connection::abort) prevents it.
    Reconnecting(Reconnecting),
    /// The connection is open again. What waited is sent when [`flush_pending`](super::Connection::flush_pending) is
    /// called, or [`restore`](super::Connection::restore).
    Reconnected {
        /// Which connection it is, counted from 1.
        generation: u64,
    },
    /// Send a ping.
    Ping,
    /// The session ends before long: the service closes it.
    Expiring(Expiring),
    /// Open another socket beside the one that is open, and report by
    /// [`next_opened`](super::Connection::next_opened) or [`next_failed`](super::Connection::next_failed). When it is
    /// open and nobody is in the middle of a turn, say [`switch`](super::Connection::switch).
    ConnectNext,
    /// Drop that other socket, or the attempt to open it.
    AbandonNext,
    /// Take that other socket in place of the one that is open, and close that one. [`Reconnected`](Self::Reconnected)
    /// follows.
    Switch,
    /// Something went wrong. The connection's end, if it is the end, follows as [`Closed`](Self::Closed).
    Error(X),
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
    /// How many there may be: [`Reconnect::max_attempts`](super::Reconnect#structfield.max_attempts).
    pub max_attempts: u32,
    /// How long it waits before it begins.
    pub delay: Duration,
    /// How the connection ended, or the attempt before this one: 1006 if without a close frame.
    pub close: CloseFrame,
}

/// A session that ends before long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expiring {
    /// How long it still lasts.
    pub left: Duration,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed<E = RawEvent> {
    /// The peer's code and reason; 1006 if it ended without a close frame. What the caller closed with, if that was
    /// during an outage.
    pub frame: CloseFrame,
    /// What was queued and never sent, in order.
    pub unsent: Vec<E>,
}

/// What a [`Connection`](super::Connection) itself finds to be wrong. `X` is the driver's own error, which it is made
/// into.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure<E, X> {
    /// No connection came about in time.
    ConnectTimeout,
    /// The peer closed the connection, and not as a matter of course (code 1000).
    Closed(Closed<E>),
    /// The peer showed no sign of life after a ping.
    Unanswered,
    /// Nothing arrived for the idle timeout.
    Idle,
    /// The socket did not take an event in time.
    SendTimeout,
    /// All attempts to reconnect failed (contract 80).
    ReconnectFailed {
        /// How many there may be.
        attempts: u32,
        /// The last one's close code.
        code: u16,
        /// Why the last one failed.
        cause: Option<Box<X>>,
    },
    /// An attempt to reconnect failed in a way that no other will mend (contracts 80 and 91).
    ReconnectAborted {
        /// Its close code.
        code: u16,
        /// Why it failed.
        cause: Option<Box<X>>,
    },
}
