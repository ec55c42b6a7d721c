//! The life of a connection as a state machine without I/O: what happens goes in by methods, what to do comes out of
//! [`poll`](Connection::poll) and [`poll_transmit`](Connection::poll_transmit).

use std::collections::VecDeque;
use std::time::Duration;

use bytestring::ByteString;

use crate::error::{Error, SendError, SendErrorKind};
use crate::protocol::RawEvent;
use crate::transport::{CloseFrame, Frame, TransportError};

mod queue;
#[cfg(test)]
mod tests;

use queue::Queue;

/// The bounds of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long opening may take.
    pub connect_timeout: Duration,
    /// How long closing may take: sending what is queued, and waiting for the peer's answer.
    pub close_timeout: Duration,
    /// How many bytes of events may wait to be sent.
    pub max_queue_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(5),
            max_queue_bytes: 1024 * 1024,
        }
    }
}

/// What a driver is told, in order.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice {
    /// Open a socket, and report by [`Connection::opened`] or [`Connection::failed`].
    Connect,
    /// The connection is open.
    Opened,
    /// Something went wrong. The connection's end, if it is the end, follows as [`Closed`](Self::Closed).
    Error(Error),
    /// Send this close frame, now that all that was queued is sent.
    SendClose(CloseFrame),
    /// Drop the socket, or the attempt to open one.
    Abandon,
    /// The end. Nothing comes after it.
    Closed(Closed),
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// The peer's code and reason; 1006 if it ended without a close frame.
    pub frame: CloseFrame,
    /// What was queued and never sent, in order.
    pub unsent: Vec<RawEvent>,
}

/// A connection's state.
///
/// It has no clock: a driver tells the time with every input that needs it, as the time since any fixed moment.
///
/// ```
/// use std::time::Duration;
/// use openai_realtime_ws::{CloseFrame, Connection, Frame, Limits, Notice};
///
/// let mut connection = Connection::new(Limits::default());
/// connection.start(Duration::ZERO);
/// assert!(matches!(connection.poll(), Some(Notice::Connect)));
/// connection.opened();
/// assert!(matches!(connection.poll(), Some(Notice::Opened)));
/// let message = connection.received(Duration::ZERO, Frame::Text(r#"{"type":"session.created"}"#.into()));
/// assert_eq!(message.as_deref(), Some(r#"{"type":"session.created"}"#));
/// assert!(connection.poll().is_none());
/// ```
#[derive(Debug)]
pub struct Connection {
    limits: Limits,
    state: State,
    queue: Queue,
    notices: VecDeque<Notice>,
}

#[derive(Debug)]
enum State {
    Idle,
    Connecting {
        deadline: Duration,
    },
    Open,
    /// This side closes: what is queued goes out, then the close frame, then the peer answers.
    Closing {
        frame: CloseFrame,
        frame_sent: bool,
        answer: Option<CloseFrame>,
        deadline: Duration,
    },
    /// The peer closed: its transport answers and ends.
    PeerClosed {
        frame: CloseFrame,
        deadline: Duration,
    },
    Closed,
}

impl Connection {
    /// One that has not begun.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Idle,
            queue: Queue::new(limits.max_queue_bytes),
            notices: VecDeque::new(),
        }
    }

    /// Begins. A connection begins once.
    pub fn start(&mut self, now: Duration) {
        if matches!(self.state, State::Idle) {
            self.state = State::Connecting {
                deadline: now.saturating_add(self.limits.connect_timeout),
            };
            self.notices.push_back(Notice::Connect);
        }
    }

    /// The socket is open.
    pub fn opened(&mut self) {
        if matches!(self.state, State::Connecting { .. }) {
            self.state = State::Open;
            self.notices.push_back(Notice::Opened);
        }
    }

    /// A frame arrived. If it is a message that is to be heard, its text is returned; whether that is an event is for its
    /// reader to say. Text and binary messages are both taken as text (contract 41).
    #[inline]
    pub fn received(&mut self, now: Duration, frame: Frame) -> Option<ByteString> {
        let deadline = now.saturating_add(self.limits.close_timeout);
        match (&mut self.state, frame) {
            (State::Open | State::Closing { answer: None, .. }, Frame::Text(text)) => {
                return Some(text);
            }
            (State::Open | State::Closing { answer: None, .. }, Frame::Binary(bytes)) => {
                let text = ByteString::try_from(bytes.clone());
                return Some(
                    text.unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into()),
                );
            }
            (State::Open, Frame::Close(frame)) => {
                self.state = State::PeerClosed { frame, deadline }
            }
            (State::Closing { answer, .. }, Frame::Close(frame)) => *answer = Some(frame),
            _ => {}
        }
        None
    }

    /// The socket ended, as it does after both close frames.
    pub fn ended(&mut self) {
        match &mut self.state {
            State::Connecting { .. } | State::Open => self.finish(CloseFrame::ABNORMAL, true),
            State::Closing { answer, .. } => {
                let frame = answer.take().unwrap_or(CloseFrame::ABNORMAL);
                self.finish(frame, false);
            }
            State::PeerClosed { frame, .. } => {
                let frame = frame.clone();
                self.finish(frame, true);
            }
            State::Idle | State::Closed => {}
        }
    }

    /// The socket failed, or could not be opened.
    pub fn failed(&mut self, error: TransportError) {
        let error = match self.state {
            State::Connecting { .. } => Error::Connect(error),
            State::Open => Error::Transport(error),
            // Once a side has closed, how the socket goes down makes no difference.
            State::Closing { .. } | State::PeerClosed { .. } => return self.ended(),
            State::Idle | State::Closed => return,
        };
        self.notices.push_back(Notice::Error(error));
        self.finish(CloseFrame::ABNORMAL, false);
    }

    /// The attempt to connect ended before a socket was asked for, such as for want of a credential.
    pub fn given_up(&mut self, error: Error) {
        if matches!(self.state, State::Connecting { .. }) {
            self.notices.push_back(Notice::Error(error));
            self.finish(CloseFrame::ABNORMAL, false);
        }
    }

    /// Queues an event. Before the connection is open, it waits for that.
    ///
    /// # Errors
    /// The event, back: the connection is closing, or as much is queued as may be (contract 69).
    pub fn send(&mut self, event: RawEvent) -> Result<(), SendError<RawEvent>> {
        match self.state {
            State::Idle | State::Connecting { .. } | State::Open => self.queue.push(event),
            _ => Err(SendError {
                event,
                kind: SendErrorKind::Closed,
            }),
        }
    }

    /// Closes: sends what is queued, then `frame`, then waits for the peer, all within the close timeout. The first
    /// call counts.
    pub fn close(&mut self, now: Duration, frame: CloseFrame) {
        match self.state {
            State::Idle | State::Connecting { .. } => {
                self.notices.push_back(Notice::Abandon);
                self.finish(CloseFrame::ABNORMAL, false);
            }
            State::Open => {
                let deadline = now.saturating_add(self.limits.close_timeout);
                self.state = State::Closing {
                    frame,
                    frame_sent: false,
                    answer: None,
                    deadline,
                };
            }
            State::Closing { .. } | State::PeerClosed { .. } | State::Closed => {}
        }
    }

    /// Time has passed: see [`wake_at`](Self::wake_at).
    pub fn tick(&mut self, now: Duration) {
        if self.wake_at().is_none_or(|deadline| now < deadline) {
            return;
        }
        self.notices.push_back(Notice::Abandon);
        if matches!(self.state, State::Connecting { .. }) {
            self.notices.push_back(Notice::Error(Error::ConnectTimeout));
            self.finish(CloseFrame::ABNORMAL, false);
        } else {
            self.ended();
        }
    }

    /// When to call [`tick`](Self::tick).
    #[inline]
    pub fn wake_at(&self) -> Option<Duration> {
        match self.state {
            State::Connecting { deadline }
            | State::Closing { deadline, .. }
            | State::PeerClosed { deadline, .. } => Some(deadline),
            State::Idle | State::Open | State::Closed => None,
        }
    }

    /// What to do or to tell next.
    #[inline]
    pub fn poll(&mut self) -> Option<Notice> {
        if let Some(notice) = self.notices.pop_front() {
            return Some(notice);
        }
        match &mut self.state {
            State::Closing {
                frame, frame_sent, ..
            } if !*frame_sent && self.queue.is_empty() => {
                *frame_sent = true;
                Some(Notice::SendClose(frame.clone()))
            }
            _ => None,
        }
    }

    /// The next event to write to the socket, once the socket can take one. What was taken counts as sent.
    #[inline]
    pub fn poll_transmit(&mut self) -> Option<RawEvent> {
        match self.state {
            State::Open
            | State::Closing {
                frame_sent: false, ..
            } => self.queue.pop(),
            _ => None,
        }
    }

    /// Whether [`poll_transmit`](Self::poll_transmit) has an event.
    #[inline]
    pub fn wants_transmit(&self) -> bool {
        matches!(
            self.state,
            State::Open
                | State::Closing {
                    frame_sent: false,
                    ..
                }
        ) && !self.queue.is_empty()
    }

    /// How many bytes of events wait to be sent.
    pub fn queued_bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// Whether it is open, and neither side has begun to close.
    #[inline]
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Whether the end has come.
    #[inline]
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    fn finish(&mut self, frame: CloseFrame, by_peer: bool) {
        self.state = State::Closed;
        let closed = Closed {
            frame,
            unsent: self.queue.drain(),
        };
        if by_peer && closed.frame.code != CloseFrame::NORMAL.code {
            self.notices
                .push_back(Notice::Error(Error::Closed(closed.clone())));
        }
        self.notices.push_back(Notice::Closed(closed));
    }
}
