//! Life of a connection as a state machine without I/O. A driver reports by methods what happened,
//! and does what [`poll`](Connection::poll) and [`poll_transmit`](Connection::poll_transmit)
//! return.

use std::collections::VecDeque;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytestring::ByteString;

use crate::protocol::RawEvent;
use crate::transport::{CloseFrame, Frame};

mod backlog;
mod limits;
mod notice;
mod outage;
mod queued;
mod renewal;
mod retry;
mod send_error;
#[cfg(test)]
mod tests;
mod watch;

pub use backlog::DroppedAudio;
pub use limits::{KeepAlive, Limits};
pub use notice::{Closed, Expiring, Failure, Notice, Reconnecting};
pub use queued::Queued;
pub use retry::Reconnect;
pub use send_error::{NotOpen, SendError, SendErrorKind};

pub(crate) use backlog::{Backlog, Ticket};

use outage::Outage;
use renewal::RenewalState;
use retry::Retries;
use watch::{Finding, Watch};

/// State machine of a connection, with its queue of outgoing events of type `E`.
///
/// It has no clock: a driver passes the time with every input that needs it, as the time since any
/// fixed moment. Time never runs backwards: an earlier time counts as the latest one. It has no
/// source of randomness either: the driver supplies a seed.
///
/// If the driver's socket fails, the driver keeps the cause: the connection reports only
/// [`Failure::Socket`]. [`Error::retry`](crate::Error::retry) and
/// [`TransportError::retry`](crate::TransportError::retry) say whether another attempt may succeed.
///
/// ```
/// use std::time::Duration;
/// use openai_realtime_ws::{CloseFrame, Connection, Frame, Limits, Notice};
///
/// let mut connection: Connection = Connection::new(Limits::default(), 7);
/// connection.start(Duration::ZERO);
/// assert!(matches!(connection.poll(), Some(Notice::Connect)));
/// connection.opened(Duration::ZERO);
/// assert!(matches!(connection.poll(), Some(Notice::Opened)));
/// let created = Frame::Text(r#"{"type":"session.created"}"#.into());
/// let message = connection.received(Duration::ZERO, created);
/// assert_eq!(message.as_deref(), Some(r#"{"type":"session.created"}"#));
/// assert!(connection.poll().is_none());
/// ```
#[derive(Debug)]
pub struct Connection<E: Queued = RawEvent> {
    limits: Limits,
    now: Duration,
    state: State,
    watch: Watch,
    renewal: RenewalState,
    /// Set from a loss until the next connection is open.
    outage: Option<Box<Outage<E>>>,
    retries: Retries,
    generation: u64,
    open_since: Duration,
    /// Events that a new connection begins with, ahead of the queue.
    restoring: VecDeque<E>,
    backlog: Backlog<E>,
    notices: VecDeque<Notice<E>>,
}

#[derive(Debug)]
enum State {
    Idle,
    Connecting {
        deadline: Duration,
    },
    Open,
    /// Between two attempts.
    Waiting {
        until: Duration,
    },
    /// This side closes: queued events are sent, then the close frame, then the peer answers.
    Closing {
        frame: CloseFrame,
        frame_sent: bool,
        answer: Option<CloseFrame>,
        deadline: Duration,
    },
    /// The peer closed: the transport answers and ends. Then an outage begins, or the connection
    /// ends.
    PeerClosed {
        frame: CloseFrame,
        deadline: Duration,
        recovers: bool,
    },
    Closed,
}

impl<E: Queued> Connection<E> {
    /// Creates a connection that has not started. The seed is for the random part of the delays
    /// before attempts to reconnect.
    #[must_use]
    pub fn new(limits: Limits, seed: u64) -> Self {
        Self {
            limits,
            now: Duration::ZERO,
            state: State::Idle,
            watch: Watch::default(),
            renewal: RenewalState::default(),
            outage: None,
            retries: Retries::new(limits.reconnect, seed),
            generation: 0,
            open_since: Duration::ZERO,
            restoring: VecDeque::new(),
            backlog: Backlog::new(limits.max_queue_bytes),
            notices: VecDeque::new(),
        }
    }

    /// Starts the connection. Only the first call has an effect.
    pub fn start(&mut self, now: Duration) {
        self.pass(now);
        if matches!(self.state, State::Idle) {
            self.connect();
        }
    }

    /// The socket is open.
    pub fn opened(&mut self, now: Duration) {
        self.pass(now);
        if !matches!(self.state, State::Connecting { .. }) {
            return;
        }
        self.state = State::Open;
        self.backlog.resume();
        // The session's lifetime counts from here, and the watchdogs start afresh.
        self.begin(self.now);
        self.notices.push_back(match self.outage.take() {
            None => Notice::Opened,
            Some(_) => Notice::Reconnected {
                generation: self.generation,
            },
        });
    }

    /// A frame arrived. Returns the text of a message, unless the connection is past hearing it.
    /// Text and binary messages both count as text; the caller parses it. The time is not used for
    /// a text frame.
    // Contract 41.
    #[inline]
    pub fn received(&mut self, now: Duration, frame: Frame) -> Option<ByteString> {
        match frame {
            // Text comes first and reads no clock: it is nearly everything that arrives.
            Frame::Text(text) => self.hears_messages().then_some(text),
            Frame::Binary(bytes) => self.hears_messages().then(|| {
                let text = ByteString::try_from(bytes.clone());
                text.unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into())
            }),
            Frame::Close(frame) => {
                self.peer_closed(now, frame);
                None
            }
            Frame::Ping(_) | Frame::Pong(_) => {
                self.watch.hear();
                None
            }
        }
    }

    /// A message arrived that the driver keeps itself. Returns whether the driver may hand it on.
    #[inline]
    pub fn hears_messages(&mut self) -> bool {
        self.watch.hear();
        matches!(
            self.state,
            State::Open | State::Closing { answer: None, .. }
        )
    }

    /// The driver leaves the socket unread for now. Missing messages then say nothing about the
    /// peer.
    pub fn leaves_unread(&mut self) {
        self.watch.hear();
    }

    /// Returns whether the driver should report [`stalled`](Self::stalled).
    #[inline]
    pub fn minds_stalls(&self) -> bool {
        self.watch.minds_stalls()
    }

    /// The socket does not accept more data for now.
    pub fn stalled(&mut self, now: Duration) {
        self.pass(now);
        self.watch.stall(self.now);
    }

    /// The socket accepted data.
    #[inline]
    pub fn flowed(&mut self) {
        self.watch.flow();
    }

    /// The server announced the end of the session. Without an announcement, a session lasts 60
    /// minutes. Once a session has outlived an announced end, later announcements are ignored.
    pub fn expires_in(&mut self, now: Duration, left: Duration) {
        self.pass(now);
        // A clock that was wrong once would be wrong again.
        if self.renewal.believes() {
            self.watch.expires(self.now.saturating_add(left));
        }
    }

    /// The peer's close frame arrived. While connecting: the socket closed with this code without
    /// having opened.
    pub fn peer_closed(&mut self, now: Duration, frame: CloseFrame) {
        self.pass(now);
        match &mut self.state {
            State::Open => {
                self.abandon_next();
                // Decided now: a call to `close` can still change it before the socket ends.
                let recovers = self.retries.recovers(frame.code);
                if recovers {
                    self.hold();
                } else {
                    self.backlog.refuse();
                }
                self.state = State::PeerClosed {
                    frame,
                    deadline: self.now.saturating_add(self.limits.close_timeout),
                    recovers,
                }
            }
            State::Closing { answer, .. } => *answer = Some(frame),
            State::Connecting { .. } => {
                let retry = self.retries.recovers(frame.code).then_some(Duration::ZERO);
                self.attempt_failed(Some(frame), None, retry);
            }
            _ => {}
        }
    }

    /// The socket ended, as it does after the close frames of both sides.
    pub fn ended(&mut self, now: Duration) {
        self.pass(now);
        match &mut self.state {
            State::Connecting { .. } => self.peer_closed(now, CloseFrame::ABNORMAL),
            State::Open => self.lost(CloseFrame::ABNORMAL, None),
            State::Closing { answer, .. } => {
                let frame = answer.take().unwrap_or(CloseFrame::ABNORMAL);
                self.finish(frame);
            }
            State::PeerClosed {
                frame, recovers, ..
            } => {
                let frame = frame.clone();
                if *recovers {
                    self.lost(frame, None);
                } else {
                    self.end(frame, None);
                }
            }
            State::Idle | State::Waiting { .. } | State::Closed => {}
        }
    }

    /// The socket failed, or could not be opened. The driver keeps the cause, and reports it when a
    /// [`Failure::Socket`] comes out. `retry` is the shortest delay before another attempt that may
    /// succeed, zero for any delay; `None` if no attempt can succeed. See
    /// [`TransportError::retry`](crate::TransportError::retry).
    pub fn failed(&mut self, now: Duration, retry: Option<Duration>) {
        self.pass(now);
        match self.state {
            State::Connecting { .. } => {
                self.attempt_failed(Some(CloseFrame::ABNORMAL), Some(Failure::Socket), retry);
            }
            // An error that every attempt would meet again ends the connection at once.
            State::Open if retry.is_some() => {
                self.lost(CloseFrame::ABNORMAL, Some(Failure::Socket));
            }
            State::Open => self.end(CloseFrame::ABNORMAL, Some(Failure::Socket)),
            // Once a side has closed, how the socket goes down makes no difference.
            State::Closing { .. } | State::PeerClosed { .. } => self.ended(now),
            State::Idle | State::Waiting { .. } | State::Closed => {}
        }
    }

    /// The attempt to connect ended before there was a socket, for example without a credential.
    /// `retry` as for [`failed`](Self::failed).
    pub fn given_up(&mut self, now: Duration, retry: Option<Duration>) {
        self.pass(now);
        if matches!(self.state, State::Connecting { .. }) {
            self.attempt_failed(None, Some(Failure::Socket), retry);
        }
    }

    /// Queues an event. Before the first connection is open, the event waits for it. In an outage,
    /// it is held back until [`flush_pending`](Self::flush_pending).
    ///
    /// # Errors
    /// [`SendError`] gives the event back: the connection is closing, or the queue is full.
    // Contract 69.
    pub fn send(&mut self, event: E) -> Result<(), SendError<E>> {
        let pushed = self.backlog.push(event);
        pushed
            .map(|_| ())
            .map_err(|(event, kind)| SendError { event, kind })
    }

    /// Returns the queue of this connection, to send on it from elsewhere.
    pub(crate) fn backlog(&self) -> &Backlog<E> {
        &self.backlog
    }

    /// Closes: sends the queued events, then `frame`, then waits for the peer, all within the close
    /// timeout. In an outage, the connection ends at once, with this frame. The first call counts.
    // Contract 80.
    pub fn close(&mut self, now: Duration, frame: CloseFrame) {
        self.pass(now);
        match &mut self.state {
            State::Idle | State::Connecting { .. } => {
                self.notices.push_back(Notice::Abandon);
                // An outage had a connection to close; a first attempt never had one.
                let in_outage = self.outage.is_some();
                self.finish(if in_outage {
                    frame
                } else {
                    CloseFrame::ABNORMAL
                });
            }
            State::Waiting { .. } => self.finish(frame),
            State::Open => {
                self.abandon_next();
                // Events that are queued by now are still sent.
                self.backlog.refuse();
                self.state = State::Closing {
                    frame,
                    frame_sent: false,
                    answer: None,
                    deadline: self.now.saturating_add(self.limits.close_timeout),
                };
            }
            State::PeerClosed { recovers, .. } => {
                *recovers = false;
                self.backlog.refuse();
            }
            State::Closing { .. } | State::Closed => {}
        }
    }

    /// Time has passed: see [`wake_at`](Self::wake_at). On an open connection, report arrivals
    /// before: they may be the sign of life that a watchdog misses.
    pub fn tick(&mut self, now: Duration) {
        self.pass(now);
        // A timer may fire early, and a driver may tick without one.
        if self.wake_at().is_none_or(|deadline| self.now < deadline) {
            return;
        }
        match self.state {
            State::Waiting { .. } => self.connect(),
            State::Open => self.look(),
            State::Connecting { .. } => {
                self.notices.push_back(Notice::Abandon);
                let error = Failure::ConnectTimeout;
                self.attempt_failed(
                    Some(CloseFrame::ABNORMAL),
                    Some(error),
                    Some(Duration::ZERO),
                );
            }
            _ => {
                self.notices.push_back(Notice::Abandon);
                self.ended(now);
            }
        }
    }

    /// Returns the time at which to call [`tick`](Self::tick).
    #[inline]
    pub fn wake_at(&self) -> Option<Duration> {
        match self.state {
            State::Connecting { deadline }
            | State::Waiting { until: deadline }
            | State::Closing { deadline, .. }
            | State::PeerClosed { deadline, .. } => Some(deadline),
            State::Open => match (self.watch.wake_at(), self.renewal.wake_at()) {
                (Some(watch), Some(next)) => Some(watch.min(next)),
                (watch, next) => watch.or(next),
            },
            State::Idle | State::Closed => None,
        }
    }

    /// Returns the next notice.
    #[inline]
    pub fn poll(&mut self) -> Option<Notice<E>> {
        if let Some(notice) = self.notices.pop_front() {
            return Some(notice);
        }
        // The close frame is last: nothing may follow it (RFC 6455, 5.5.1).
        let idle = !self.wants_transmit();
        match &mut self.state {
            State::Closing {
                frame, frame_sent, ..
            } if !*frame_sent && idle => {
                *frame_sent = true;
                Some(Notice::SendClose(frame.clone()))
            }
            _ => None,
        }
    }

    /// Returns the next event to write to the socket. Call it when the socket can accept one: a
    /// returned event counts as sent.
    #[inline]
    pub fn poll_transmit(&mut self) -> Option<E> {
        self.next_transmit().map(|(event, _)| event)
    }

    /// Returns the next event as [`poll_transmit`](Self::poll_transmit) does, with its ticket.
    /// Events that restore a session have none.
    #[inline]
    pub(crate) fn next_transmit(&mut self) -> Option<(E, Option<Ticket>)> {
        if !self.may_transmit() {
            return None;
        }
        // Settings and history go first: what was queued may refer to them.
        if let Some(event) = self.restoring.pop_front() {
            return Some((event, None));
        }
        let (event, ticket) = self.backlog.pop()?;
        Some((event, Some(ticket)))
    }

    /// Returns ready if there is an event to write. Otherwise the task is woken when one is queued.
    #[inline]
    pub(crate) fn poll_wants_transmit(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.may_transmit() && !self.restoring.is_empty() {
            return Poll::Ready(());
        }
        // Registers the task even where nothing may be sent yet, so that a later event wakes it.
        ready!(self.backlog.poll_due(cx));
        if self.may_transmit() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Returns whether [`poll_transmit`](Self::poll_transmit) has an event.
    #[inline]
    pub fn wants_transmit(&self) -> bool {
        self.may_transmit() && (!self.restoring.is_empty() || self.backlog.has_due())
    }

    #[inline]
    fn may_transmit(&self) -> bool {
        matches!(
            self.state,
            State::Open
                | State::Closing {
                    frame_sent: false,
                    ..
                }
        )
    }

    /// Returns the number of bytes of all events that are not sent, held-back ones included.
    pub fn queued_bytes(&self) -> usize {
        self.backlog.bytes()
    }

    /// Returns the number of connections that have been open, this one included.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns whether the connection is open, and neither side has begun to close it.
    #[inline]
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Returns whether there is an outage.
    pub fn is_reconnecting(&self) -> bool {
        self.outage.is_some()
    }

    /// Returns whether the connection has ended.
    #[inline]
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Does what the watchdogs find to be due.
    fn look(&mut self) {
        while let Some(finding) = self.watch.look(self.now) {
            let failure = match finding {
                Finding::Ping => {
                    self.notices.push_back(Notice::Ping);
                    continue;
                }
                Finding::Expiring { left } => {
                    self.notices.push_back(Notice::Expiring(Expiring { left }));
                    self.renew(left);
                    continue;
                }
                Finding::LastCall => {
                    self.renewal.last_call = true;
                    self.switch(self.now);
                    continue;
                }
                Finding::Unanswered => Failure::Unanswered,
                Finding::Idle => Failure::Idle,
                Finding::Stalled => Failure::SendTimeout,
            };
            self.notices.push_back(Notice::Abandon);
            return self.lost(CloseFrame::ABNORMAL, Some(failure));
        }
        self.look_at_next();
    }

    /// Moves the time on. It never runs backwards.
    fn pass(&mut self, now: Duration) {
        self.now = self.now.max(now);
    }

    fn connect(&mut self) {
        self.state = State::Connecting {
            deadline: self.now.saturating_add(self.limits.connect_timeout),
        };
        self.notices.push_back(Notice::Connect);
    }

    /// Ends the connection without a call to close: an error, unless the peer closed with code
    /// 1000.
    fn end(&mut self, frame: CloseFrame, failure: Option<Failure<E>>) {
        let closed = self.close_up(frame);
        let normal = closed.frame.code == CloseFrame::NORMAL.code;
        // The more exact cause wins: a close code says less than the error behind it.
        let by_peer = || (!normal).then(|| Failure::Closed(closed.clone()));
        if let Some(failure) = failure.or_else(by_peer) {
            self.notices.push_back(Notice::Failed(failure));
        }
        self.notices.push_back(Notice::Closed(closed));
    }

    fn finish(&mut self, frame: CloseFrame) {
        let closed = self.close_up(frame);
        self.notices.push_back(Notice::Closed(closed));
    }

    fn close_up(&mut self, frame: CloseFrame) -> Closed<E> {
        self.abandon_next();
        self.state = State::Closed;
        self.outage = None;
        self.restoring.clear();
        Closed {
            frame,
            unsent: self.backlog.close(),
        }
    }
}

impl<E: Queued> Drop for Connection<E> {
    fn drop(&mut self) {
        self.backlog.close();
    }
}

/// Locks of the backlog. The model tests bring loom's.
mod sync {
    pub(super) use std::sync::atomic::{AtomicUsize, Ordering};
    pub(super) use std::sync::{Arc, Mutex, MutexGuard};
}
