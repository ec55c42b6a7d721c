//! How a session moves: by being polled, step by step.

use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use futures_util::{SinkExt, StreamExt};

use super::Error;
use super::opening::{NotOpened, Opening};
use super::{Session, Told};
use crate::connection::{Closed, Failure, Notice};
use crate::protocol::{Protocol, RawEvent};
use crate::transport::{CloseFrame, Connector, Frame, TransportError};

/// How many bytes of messages are read ahead while only sending or closing is awaited. Beyond them the socket's own flow
/// control holds the server back.
const MAX_INBOX_BYTES: usize = 1024 * 1024;

pub(super) enum Socket<T> {
    None,
    Opening(Opening<T>),
    Open {
        transport: T,
        ping: bool,
        close: Option<CloseFrame>,
        dirty: bool,
    },
}

impl<T> Socket<T> {
    fn open(transport: T) -> Self {
        Self::Open {
            transport,
            ping: false,
            close: None,
            dirty: false,
        }
    }
}

/// What a step of driving brought.
pub(super) enum Step {
    Opened,
    Message(ByteString),
    Told(Told),
    Error(Error),
    /// Something moved, such as what was written: look again.
    Progress,
    Ended,
}

/// What came, and has not been handed on yet.
pub(super) enum Item {
    Message(ByteString),
    Told(Told),
    Error(Error),
}

/// The event that [`Session::send`] waits for, known by where its text lies.
pub(super) struct Awaited {
    text: usize,
    written: bool,
}

impl Awaited {
    pub(super) fn new(event: &RawEvent) -> Self {
        Self {
            text: address(event),
            written: false,
        }
    }
}

/// Tells an event from all others while it exists.
pub(super) fn address(event: &RawEvent) -> usize {
    event.text().as_ptr().addr()
}

impl<C: Connector, P: Protocol> Session<C, P> {
    /// What came next, in order.
    #[inline]
    pub(super) fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        loop {
            if let Some(item) = self.inbox.pop_front() {
                if let Item::Message(text) = &item {
                    self.inbox_bytes -= text.len();
                }
                return Poll::Ready(Some(item));
            }
            match ready!(self.poll_step(cx, true)) {
                Step::Message(text) => return Poll::Ready(Some(Item::Message(text))),
                Step::Told(told) => return Poll::Ready(Some(Item::Told(told))),
                Step::Error(error) => return Poll::Ready(Some(Item::Error(error))),
                Step::Ended => return Poll::Ready(None),
                Step::Opened | Step::Progress => {}
            }
        }
    }

    /// Takes a step while something other than an event is waited for: what arrives is put by.
    pub(super) fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let closing = !self.connection.is_open();
        let room = self.inbox_bytes < MAX_INBOX_BYTES;
        // A closing session reads on regardless, or it would not see the peer's answer.
        match ready!(self.poll_step(cx, room || closing)) {
            Step::Message(text) if room => self.keep(text),
            Step::Told(told) => self.inbox.push_back(Item::Told(told)),
            Step::Error(error) => self.inbox.push_back(Item::Error(error)),
            Step::Message(_) | Step::Opened | Step::Progress | Step::Ended => {}
        }
        Poll::Ready(())
    }

    /// Moves the connection until there is something to tell. With `read` false, the socket is left unread.
    pub(super) fn poll_step(&mut self, cx: &mut Context<'_>, read: bool) -> Poll<Step> {
        loop {
            while let Some(notice) = self.connection.poll() {
                if let Some(step) = self.heed(notice) {
                    return Poll::Ready(step);
                }
            }
            if self.closed.is_some() {
                return Poll::Ready(Step::Ended);
            }
            if let Some(text) = self.early_message() {
                self.remember(&text);
                return Poll::Ready(Step::Message(text));
            }
            // While a connection is open, what arrives comes first: it may be the very thing whose time is running.
            if !self.connection.is_open() && self.poll_timer(cx).is_ready() {
                continue;
            }
            match &mut self.socket {
                Socket::None => return Poll::Pending,
                Socket::Opening(opening) => {
                    match ready!(opening.poll::<C, P>(&self.connector, cx)) {
                        Ok((transport, url)) => {
                            self.url = url;
                            self.socket = Socket::open(transport);
                            if self.connection.is_reconnecting() {
                                self.hold_back(cx);
                            }
                            self.connection.opened(self.connector.now());
                        }
                        Err(NotOpened {
                            error,
                            retry,
                            asked,
                        }) => {
                            self.socket = Socket::None;
                            self.cause = Some(error);
                            let now = self.connector.now();
                            if asked {
                                self.connection.failed(now, retry);
                            } else {
                                self.connection.given_up(now, retry);
                            }
                        }
                    }
                }
                Socket::Open {
                    ping, close, dirty, ..
                } => {
                    let busy = *dirty || *ping || close.is_some() || !self.outbox.is_empty();
                    let step = if busy {
                        self.poll_write(cx)
                    } else {
                        Poll::Pending
                    };
                    if step.is_ready() {
                        return step;
                    }
                    if read && let Poll::Ready(message) = self.poll_read(cx) {
                        match message {
                            Some(text) => return Poll::Ready(Step::Message(text)),
                            None => continue,
                        }
                    }
                    // Before it rests, it asks to be woken for whatever will be sent, and when a time comes.
                    let step = self.poll_write(cx);
                    if step.is_ready() {
                        return step;
                    }
                    if !read {
                        self.connection.leaves_unread();
                    }
                    if self.connection.is_open()
                        && (self.poll_timer(cx).is_ready()
                            || (read && self.poll_renewal(cx).is_ready()))
                    {
                        continue;
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    /// Does what the connection says, and gives what there is to tell of it.
    fn heed(&mut self, notice: Notice) -> Option<Step> {
        match notice {
            Notice::Opened => {
                log_step!("open");
                return Some(Step::Opened);
            }
            Notice::Reconnecting(next) => {
                self.socket = Socket::None;
                log_step!(
                    attempt = next.attempt,
                    code = next.close.code,
                    "reconnecting"
                );
                if self.config.retries(&next) {
                    return Some(Step::Told(Told::Reconnecting(next)));
                }
                self.connection.abort("reconnect aborted by handler");
            }
            Notice::Reconnected { generation } => {
                let reconnected = self.restore(generation);
                log_step!(
                    generation,
                    restored = reconnected.restored,
                    lost = reconnected.lost.len(),
                    "reconnected"
                );
                return Some(Step::Told(Told::Reconnected(reconnected)));
            }
            Notice::Ping => {
                if let Socket::Open { ping, .. } = &mut self.socket {
                    *ping = true;
                }
            }
            Notice::Expiring(soon) => return Some(Step::Told(Told::Expiring(soon))),
            Notice::Failed(mut failure) => {
                if let Failure::Closed(closed) = &mut failure {
                    self.add_unsent(closed);
                }
                let error = Error::from_failure(failure, &mut self.cause);
                return Some(Step::Error(error));
            }
            Notice::Connect => self.socket = Socket::Opening(Opening::new(&self.config)),
            Notice::ConnectNext => {
                if let Some(renewal) = &mut self.renewal {
                    renewal.open_next(&self.config);
                }
            }
            Notice::AbandonNext => {
                if let Some(renewal) = &mut self.renewal {
                    renewal.abandon_next();
                }
            }
            Notice::Switch => {
                let next = self
                    .renewal
                    .as_mut()
                    .and_then(|renewal| renewal.take_next());
                if let Some((transport, url)) = next {
                    self.url = url;
                    self.leave();
                    self.socket = Socket::open(transport);
                }
            }
            Notice::SendClose(frame) => {
                log_step!(code = frame.code, "closing");
                if let Socket::Open { close, .. } = &mut self.socket {
                    *close = Some(frame);
                }
            }
            Notice::Abandon => self.socket = Socket::None,
            Notice::Closed(mut closed) => {
                self.add_unsent(&mut closed);
                log_step!(
                    code = closed.frame.code,
                    unsent = closed.unsent.len(),
                    "closed"
                );
                for event in &closed.unsent {
                    self.outbox.written(event);
                }
                self.closed = Some(closed);
                self.socket = Socket::None;
                self.timer = None;
            }
        }
        None
    }

    /// Closes the socket, and does not wait for the answer.
    fn leave(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        if let Socket::Open { transport, .. } = &mut self.socket
            && transport.poll_ready_unpin(&mut cx).is_ready()
            && transport
                .start_send_unpin(Frame::Close(CloseFrame::NORMAL))
                .is_ok()
        {
            let _ = transport.poll_flush_unpin(&mut cx);
        }
        self.socket = Socket::None;
    }

    /// Adds what is left behind the connection's own queue, and takes no more.
    fn add_unsent(&mut self, closed: &mut Closed) {
        self.unsent.extend(self.outbox.close());
        closed.unsent.extend(self.unsent.iter().cloned());
    }

    /// Lets the connection have what senders queued during an outage.
    pub(super) fn hold_back(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(event)) = self.outbox.poll_next(cx) {
            if let Err(refused) = self.connection.send(event) {
                self.unsent.push(refused.event);
            }
        }
    }

    /// Ready when the time had come for something.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.connection.wake_at() else {
            self.timer = None;
            return Poll::Pending;
        };
        if self.timer.as_ref().is_none_or(|(set, _)| *set != at) {
            let wait = at.saturating_sub(self.connector.now());
            self.timer = Some((at, Box::pin(self.connector.sleep(wait))));
        }
        if let Some((_, timer)) = &mut self.timer {
            ready!(timer.as_mut().poll(cx));
        }
        self.timer = None;
        self.connection.tick(at.max(self.connector.now()));
        Poll::Ready(())
    }

    /// Ready when the socket gave something: a message, or what shows in the connection.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<ByteString>> {
        let Socket::Open { transport, .. } = &mut self.socket else {
            return Poll::Pending;
        };
        let heard = match ready!(transport.poll_next_unpin(cx)) {
            // For a text there is no need to look at the clock.
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

    /// The open socket failed.
    fn fail(&mut self, error: TransportError) {
        self.socket = Socket::None;
        // A peer that breaks the rules would break them again; what waits unread would again.
        let again = !matches!(
            error,
            TransportError::Protocol(_)
                | TransportError::TooLarge(_)
                | TransportError::Unread { .. }
        );
        let (now, retry) = (self.connector.now(), again.then_some(Duration::ZERO));
        self.cause = Some(Error::Transport(error));
        self.connection.failed(now, retry);
    }

    /// Puts a message by.
    fn keep(&mut self, text: ByteString) {
        self.inbox_bytes += text.len();
        self.inbox.push_back(Item::Message(text));
    }

    /// Reads what has arrived.
    fn read_rest(&mut self, cx: &mut Context<'_>) {
        while let Socket::Open { transport, .. } = &mut self.socket
            && let Poll::Ready(Some(Ok(frame))) = transport.poll_next_unpin(cx)
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
            // Why the peer takes no more may lie unread: its close frame.
            self.read_rest(cx);
            self.fail(error);
        }
        Poll::Ready(Step::Progress)
    }

    fn try_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        let Socket::Open {
            transport,
            ping,
            close,
            dirty,
        } = &mut self.socket
        else {
            return Poll::Pending;
        };
        loop {
            // The connection's queue is kept short: what waits, waits where its bytes are counted.
            if self.connection.is_open()
                && !self.connection.wants_transmit()
                && let Poll::Ready(Some(event)) = self.outbox.poll_next(cx)
                && let Err(refused) = self.connection.send(event)
            {
                self.unsent.push(refused.event);
            }
            if !self.connection.wants_transmit() && !*ping && close.is_none() {
                break;
            }
            if transport.poll_ready_unpin(cx)?.is_pending() {
                if self.connection.minds_stalls() {
                    self.connection.stalled(self.connector.now());
                }
                break;
            }
            self.connection.flowed();
            if std::mem::take(ping) {
                transport.start_send_unpin(Frame::Ping(Bytes::new()))?;
            } else if let (restoring, Some(event)) = (
                self.connection.is_restoring(),
                self.connection.poll_transmit(),
            ) {
                log_event!(
                    event_type = event.event_type(),
                    bytes = event.text().len(),
                    "sent"
                );
                if !restoring {
                    self.outbox.written(&event);
                }
                if let Some(memory) = &mut self.memory {
                    memory.sent(&event);
                }
                if let Some(renewal) = &mut self.renewal {
                    renewal.sent(event.event_type());
                }
                if let Some(awaited) = &mut self.awaited {
                    awaited.written |= awaited.text == address(&event);
                }
                transport.start_send_unpin(Frame::Text(event.text().clone()))?;
            } else if let Some(frame) = close.take() {
                transport.start_send_unpin(Frame::Close(frame))?;
            }
            *dirty = true;
        }
        if !*dirty {
            return Poll::Pending;
        }
        if transport.poll_flush_unpin(cx)?.is_pending() {
            if self.connection.minds_stalls() {
                self.connection.stalled(self.connector.now());
            }
            return Poll::Pending;
        }
        self.connection.flowed();
        *dirty = false;
        self.awaited.take_if(|awaited| awaited.written);
        Poll::Ready(Ok(()))
    }
}
