//! The poll loop of a session: one step at a time, one function for each state of the socket.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use futures_util::{SinkExt, StreamExt};

use super::Session;
use super::error::Error;
use super::interlude::Interlude;
use super::opening::{NotOpened, Opening};
use crate::connection::Ticket;
use crate::protocol::Protocol;
use crate::transport::{CloseFrame, Connector, Frame, TransportError};

/// Bytes of messages that are read ahead while only sending or closing is awaited. Beyond them, the
/// socket's own flow control holds the server back.
pub(super) const MAX_INBOX_BYTES: usize = 1024 * 1024;

/// The session's socket.
pub(super) enum Socket<T> {
    None,
    Opening(Opening<T>),
    Open(OpenSocket<T>),
}

/// An open transport, and what is to be written beside events.
pub(super) struct OpenSocket<T> {
    pub(super) transport: T,
    pub(super) ping: bool,
    pub(super) close: Option<CloseFrame>,
    /// Set when something was written and not flushed.
    dirty: bool,
}

impl<T> Socket<T> {
    pub(super) fn open(transport: T) -> Self {
        Self::Open(OpenSocket {
            transport,
            ping: false,
            close: None,
            dirty: false,
        })
    }

    pub(super) fn as_open(&mut self) -> Option<&mut OpenSocket<T>> {
        match self {
            Self::Open(open) => Some(open),
            Self::None | Self::Opening(_) => None,
        }
    }
}

/// Result of one step of driving.
pub(super) enum Step {
    Opened,
    Message(ByteString),
    Interlude(Interlude),
    Error(Error),
    /// Something moved, such as a write: the caller looks again.
    Progress,
    Ended,
}

/// Something that arrived and has not been handed on.
pub(super) enum InboxItem {
    Message(ByteString),
    Interlude(Interlude),
    Error(Error),
}

/// The event whose write [`Session::send`] waits for.
pub(super) struct Awaited {
    ticket: Ticket,
    written: bool,
}

impl Awaited {
    pub(super) fn new(ticket: Ticket) -> Self {
        Self {
            ticket,
            written: false,
        }
    }
}

impl<C: Connector, P: Protocol> Session<C, P> {
    /// Returns the next thing that happened, in order.
    #[inline]
    pub(super) fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<InboxItem>> {
        loop {
            if let Some(item) = self.inbox.pop_front() {
                if let InboxItem::Message(text) = &item {
                    self.inbox_bytes -= text.len();
                }
                return Poll::Ready(Some(item));
            }
            match ready!(self.poll_step(cx, true)) {
                Step::Message(text) => return Poll::Ready(Some(InboxItem::Message(text))),
                Step::Interlude(told) => return Poll::Ready(Some(InboxItem::Interlude(told))),
                Step::Error(error) => return Poll::Ready(Some(InboxItem::Error(error))),
                Step::Ended => return Poll::Ready(None),
                Step::Opened | Step::Progress => {}
            }
        }
    }

    /// Takes a step while something other than an event is awaited: messages that arrive are kept.
    pub(super) fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let closing = !self.connection.is_open();
        let room = self.inbox_bytes < MAX_INBOX_BYTES;
        // A closing session reads on regardless, or it would not see the peer's answer.
        match ready!(self.poll_step(cx, room || closing)) {
            Step::Message(text) if room => self.keep(text),
            Step::Interlude(told) => self.inbox.push_back(InboxItem::Interlude(told)),
            Step::Error(error) => self.inbox.push_back(InboxItem::Error(error)),
            Step::Message(_) | Step::Opened | Step::Progress | Step::Ended => {}
        }
        Poll::Ready(())
    }

    /// Moves the session until there is something to tell. With `read` false, the socket is left
    /// unread.
    pub(super) fn poll_step(&mut self, cx: &mut Context<'_>, read: bool) -> Poll<Step> {
        self.connection.backlog().note_poll();
        let _ = self.poll_previous(cx);
        let step = self.poll_moves(cx, read);
        // A session that waits for events to send has left its waker with them.
        let waits_for_events = self.connection.is_open() && !self.connection.backlog().has_due();
        if step.is_pending() && !waits_for_events {
            self.connection.backlog().note_poller(cx.waker());
        }
        step
    }

    #[inline]
    fn poll_moves(&mut self, cx: &mut Context<'_>, read: bool) -> Poll<Step> {
        loop {
            // 1. The connection's notices: they decide everything that follows.
            while let Some(notice) = self.connection.poll() {
                if let Some(step) = self.heed(notice) {
                    return Poll::Ready(step);
                }
            }
            if self.closed.is_some() {
                return Poll::Ready(Step::Ended);
            }
            // 2. Messages that a renewed connection received before it took over: they are older
            //    than anything its socket still has.
            if read && let Some(text) = self.early_message() {
                self.remember(&text);
                return Poll::Ready(Step::Message(text));
            }
            // 3. The timer, but not while a connection is open: there, reading comes first (below).
            if !self.connection.is_open() && self.poll_timer(cx).is_ready() {
                continue;
            }
            // 4. The socket.
            let step = match &self.socket {
                Socket::None => return Poll::Pending,
                Socket::Opening(_) => {
                    ready!(self.poll_opening(cx));
                    None
                }
                Socket::Open(_) => ready!(self.poll_open(cx, read)),
            };
            if let Some(step) = step {
                return Poll::Ready(step);
            }
        }
    }

    /// Moves a socket that is being opened. Ready when it is open or has failed.
    fn poll_opening(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Socket::Opening(opening) = &mut self.socket else {
            return Poll::Pending;
        };
        match ready!(opening.poll::<C, P>(&self.connector, cx)) {
            Ok((transport, url)) => {
                self.url = url;
                self.socket = Socket::open(transport);
                self.connection.opened(self.connector.now());
            }
            // Without a request there was no socket, so that no close code is made up for it.
            Err(NotOpened { error, asked }) => {
                self.socket = Socket::None;
                let retry = error.retry();
                self.cause = Some(error);
                let now = self.connector.now();
                if asked {
                    self.connection.failed(now, retry);
                } else {
                    self.connection.given_up(now, retry);
                }
            }
        }
        Poll::Ready(())
    }

    /// Moves an open socket. Ready with a step, or with `None` when the connection is to be asked
    /// again.
    fn poll_open(&mut self, cx: &mut Context<'_>, read: bool) -> Poll<Option<Step>> {
        // a. Writing what waits, before more is read: a server that is answered late may wait for
        // us.
        if self.has_writes() {
            let written = self.poll_write(cx);
            if written.is_ready() {
                return written.map(Some);
            }
        }
        // b. Reading, before the watchdogs look: what arrives may be the sign of life they miss.
        if read && let Poll::Ready(message) = self.poll_read(cx) {
            return Poll::Ready(message.map(Step::Message));
        }
        // c. Writing once more: with nothing to write, this asks to be woken for the next event.
        let written = self.poll_write(cx);
        if written.is_ready() {
            return written.map(Some);
        }
        if !read {
            self.connection.leaves_unread();
        }
        // d. The watchdogs, and the connection that is to follow.
        let due = self.connection.is_open()
            && (self.poll_timer(cx).is_ready() || (read && self.poll_renewal(cx).is_ready()));
        if due {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    }

    fn has_writes(&self) -> bool {
        let Socket::Open(socket) = &self.socket else {
            return false;
        };
        socket.dirty || socket.ping || socket.close.is_some() || self.connection.wants_transmit()
    }

    /// Ready when a deadline had come.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.connection.wake_at() else {
            self.timer = None;
            return Poll::Pending;
        };
        // A timer is made only when the deadline moved: most polls find the same one.
        if self.timer.as_ref().is_none_or(|(set, _)| *set != at) {
            let wait = at.saturating_sub(self.connector.now());
            self.timer = Some((at, Box::pin(self.connector.sleep(wait))));
        }
        if let Some((_, timer)) = &mut self.timer {
            ready!(timer.as_mut().poll(cx));
        }
        self.timer = None;
        // The timer may be a little early by the connector's clock, which must not lose the tick.
        self.connection.tick(at.max(self.connector.now()));
        Poll::Ready(())
    }

    /// Ready when the socket gave something: a message, or a change of the connection.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<ByteString>> {
        let Some(socket) = self.socket.as_open() else {
            return Poll::Pending;
        };
        let heard = match ready!(socket.transport.poll_next_unpin(cx)) {
            // A text needs no look at the clock.
            Some(Ok(frame @ Frame::Text(_))) => self.connection.received(Duration::ZERO, frame),
            Some(Ok(frame)) => self.connection.received(self.connector.now(), frame),
            Some(Err(error)) => {
                self.fail(error);
                None
            }
            None => {
                self.socket = Socket::None;
                self.connection.ended(self.connector.now());
                None
            }
        };
        if let Some(text) = &heard {
            self.remember(text);
        }
        Poll::Ready(heard)
    }

    /// Reports that the open socket failed.
    fn fail(&mut self, error: TransportError) {
        self.socket = Socket::None;
        let error = Error::Transport(error);
        let retry = error.retry();
        self.cause = Some(error);
        let now = self.connector.now();
        self.connection.failed(now, retry);
    }

    /// Keeps a message for later.
    fn keep(&mut self, text: ByteString) {
        self.inbox_bytes += text.len();
        self.inbox.push_back(InboxItem::Message(text));
    }

    /// Reads everything that has arrived.
    fn read_rest(&mut self, cx: &mut Context<'_>) {
        while let Some(socket) = self.socket.as_open()
            && let Poll::Ready(Some(Ok(frame))) = socket.transport.poll_next_unpin(cx)
        {
            if let Some(text) = self.connection.received(self.connector.now(), frame) {
                self.remember(&text);
                self.keep(text);
            }
        }
    }

    /// Writes what can be written now. Ready when all of it has left, or the socket has failed.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if let Err(error) = ready!(self.try_write(cx)) {
            // The reason why the peer takes no more may lie unread: its close frame.
            self.read_rest(cx);
            self.fail(error);
        }
        Poll::Ready(Step::Progress)
    }

    fn try_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        let Socket::Open(socket) = &mut self.socket else {
            return Poll::Pending;
        };
        loop {
            let beside = socket.ping || socket.close.is_some();
            if !beside && self.connection.poll_wants_transmit(cx).is_pending() {
                break;
            }
            if socket.transport.poll_ready_unpin(cx)?.is_pending() {
                if self.connection.minds_stalls() {
                    self.connection.stalled(self.connector.now());
                }
                break;
            }
            self.connection.flowed();
            if std::mem::take(&mut socket.ping) {
                let ping = Frame::Ping(Bytes::new());
                socket.transport.start_send_unpin(ping)?;
            } else if let Some((event, ticket)) = self.connection.next_transmit() {
                log_event!(
                    event_type = event.event_type(),
                    bytes = event.text().len(),
                    "sent"
                );
                if let Some(memory) = &mut self.memory {
                    // In the order of the wire: what never left is not part of the session.
                    memory.sent(&event);
                }
                if let Some(awaited) = &mut self.awaited {
                    awaited.written |= ticket == Some(awaited.ticket);
                }
                // Shares the event's buffer.
                let text = event.text().clone();
                socket.transport.start_send_unpin(Frame::Text(text))?;
            } else if let Some(frame) = socket.close.take() {
                socket.transport.start_send_unpin(Frame::Close(frame))?;
            }
            socket.dirty = true;
        }
        if !socket.dirty {
            return Poll::Pending;
        }
        if socket.transport.poll_flush_unpin(cx)?.is_pending() {
            if self.connection.minds_stalls() {
                self.connection.stalled(self.connector.now());
            }
            return Poll::Pending;
        }
        self.connection.flowed();
        socket.dirty = false;
        // Only now: what tungstenite still buffers has not been accepted by the socket.
        self.awaited.take_if(|awaited| awaited.written);
        Poll::Ready(Ok(()))
    }
}
