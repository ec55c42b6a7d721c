//! The next connection, opened while the present one still serves, and the previous one, until it
//! has written its last frames.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytestring::ByteString;
use futures_util::{SinkExt, StreamExt};

use super::Session;
use super::drive::{MAX_INBOX_BYTES, Socket};
use super::opening::Opening;
use crate::config::Config;
use crate::platform::BoxFuture;
use crate::protocol::Protocol;
use crate::transport::{CloseFrame, Connector, Frame, TransportError};

/// State of [`Config::renew`].
pub(super) struct Renewal<T> {
    next: Option<NextSocket<T>>,
    /// Messages of the next connection's server that arrived before it took over.
    early: VecDeque<ByteString>,
    early_bytes: usize,
    previous: Option<PreviousSocket<T>>,
}

enum NextSocket<T> {
    Opening(Opening<T>),
    Open { transport: T, url: String },
}

/// The socket of a connection that was renewed. What it was given counts as sent, so it writes that
/// out before it closes.
struct PreviousSocket<T> {
    transport: T,
    close: Option<Frame>,
    timeout: BoxFuture<()>,
}

impl<T> Renewal<T> {
    pub(super) fn new() -> Self {
        Self {
            next: None,
            early: VecDeque::new(),
            early_bytes: 0,
            previous: None,
        }
    }

    pub(super) fn open_next(&mut self, config: &Config) {
        self.abandon_next();
        self.next = Some(NextSocket::Opening(Opening::new(config)));
    }

    pub(super) fn abandon_next(&mut self) {
        self.next = None;
        self.early.clear();
        self.early_bytes = 0;
    }

    /// Returns the next connection's socket and URL. It is the present one from then on.
    fn take_next(&mut self) -> Option<(T, String)> {
        match self.next.take()? {
            NextSocket::Open { transport, url } => Some((transport, url)),
            NextSocket::Opening(_) => None,
        }
    }
}

impl<T> PreviousSocket<T>
where
    T: futures_sink::Sink<Frame, Error = TransportError> + Unpin,
{
    /// Ready when everything is written and the close frame behind it, or nothing more can be.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // A peer that never reads must not keep the old socket alive.
        if self.timeout.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if self.close.is_some() {
            let room = ready!(self.transport.poll_ready_unpin(cx));
            let closed = room.and_then(|()| match self.close.take() {
                Some(close) => self.transport.start_send_unpin(close),
                None => Ok(()),
            });
            if closed.is_err() {
                return Poll::Ready(());
            }
        }
        self.transport.poll_flush_unpin(cx).map(|_| ())
    }
}

impl<C: Connector, P: Protocol> Session<C, P> {
    /// Moves the connection that was renewed, whatever has become of its successor. Ready when
    /// there is none left.
    pub(super) fn poll_previous(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // The old socket is written out while the new one already serves.
        if let Some(renewal) = &mut self.renewal
            && let Some(previous) = &mut renewal.previous
        {
            ready!(previous.poll(cx));
            renewal.previous = None;
        }
        Poll::Ready(())
    }

    /// Moves the next connection. Ready when the connection has news of it.
    pub(super) fn poll_renewal(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(renewal) = &mut self.renewal else {
            return Poll::Pending;
        };
        loop {
            match &mut renewal.next {
                None => return Poll::Pending,
                Some(NextSocket::Opening(opening)) => {
                    match ready!(opening.poll::<C, P>(&self.connector, cx)) {
                        Ok((transport, url)) => {
                            renewal.next = Some(NextSocket::Open { transport, url });
                            self.connection.next_opened(self.connector.now());
                        }
                        Err(failed) => {
                            renewal.next = None;
                            let now = self.connector.now();
                            self.connection.next_failed(now, failed.error.retry());
                            return Poll::Ready(());
                        }
                    }
                }
                Some(NextSocket::Open { transport, .. }) => {
                    // Its messages count against the bound like all others. Beyond it, the socket's
                    // own flow control holds the server back.
                    let room = renewal.early_bytes + self.inbox_bytes < MAX_INBOX_BYTES;
                    let arrived = if room {
                        transport.poll_next_unpin(cx)
                    } else {
                        Poll::Pending
                    };
                    match arrived {
                        // Usually `session.created`, which is read once this connection serves.
                        Poll::Ready(Some(Ok(Frame::Text(text)))) => {
                            renewal.early_bytes += text.len();
                            renewal.early.push_back(text);
                        }
                        Poll::Ready(Some(Ok(Frame::Ping(_) | Frame::Pong(_)))) => {}
                        Poll::Ready(_) => {
                            renewal.abandon_next();
                            let now = self.connector.now();
                            self.connection.next_failed(now, Some(Duration::ZERO));
                            return Poll::Ready(());
                        }
                        Poll::Pending => break,
                    }
                }
            }
        }
        // A switch in the middle of a reply would lose the rest of it.
        let settled = self
            .memory
            .as_ref()
            .is_none_or(|memory| memory.is_between_turns());
        if self.connection.can_switch() && settled {
            self.connection.switch(self.connector.now());
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// Makes the next connection the present one. The present one closes once it has written what
    /// it was given.
    pub(super) fn switch_sockets(&mut self) {
        let Some(renewal) = &mut self.renewal else {
            return;
        };
        let Some((transport, url)) = renewal.take_next() else {
            return;
        };
        self.url = url;
        let replaced = std::mem::replace(&mut self.socket, Socket::open(transport));
        let Socket::Open(socket) = replaced else {
            return;
        };
        let timeout = self.connector.sleep(self.config.limits().close_timeout);
        let mut previous = PreviousSocket {
            transport: socket.transport,
            close: Some(Frame::Close(CloseFrame::NORMAL)),
            timeout: Box::pin(timeout),
        };
        // Mostly there is room at once, and nothing is left to wait for.
        if previous
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
        {
            renewal.previous = Some(previous);
        }
    }

    /// Returns a message that the present connection's server sent before it took over.
    pub(super) fn early_message(&mut self) -> Option<ByteString> {
        let renewal = self.renewal.as_mut()?;
        if renewal.next.is_some() {
            // It belongs to the next connection.
            return None;
        }
        let text = renewal.early.pop_front()?;
        renewal.early_bytes -= text.len();
        Some(text)
    }
}
