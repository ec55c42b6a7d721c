//! An outage: from the loss of a connection until the next one is open, or none will be.

use std::time::Duration;

use bytestring::ByteString;

use super::NotOpen;
use super::{Connection, Failure, Notice, Queued, Reconnecting, State};
use crate::transport::CloseFrame;

/// State of an outage.
#[derive(Debug)]
pub(super) struct Outage<E> {
    /// Number of attempts so far.
    attempts: u32,
    /// Close frame of the connection, or of the latest attempt.
    close: CloseFrame,
    cause: Option<Failure<E>>,
}

impl<E: Queued> Connection<E> {
    /// Sends the held-back events, behind what is queued already.
    ///
    /// # Errors
    /// [`NotOpen`], and nothing is sent or lost.
    pub fn flush_pending(&mut self) -> Result<(), NotOpen> {
        if !self.is_open() {
            return Err(NotOpen);
        }
        self.backlog.release();
        Ok(())
    }

    /// Returns the held-back events, in order, so that they are not sent.
    pub fn take_pending(&mut self) -> Vec<E> {
        self.backlog.take_held()
    }

    /// Queues events that make the session on a new connection like the one before, and behind them
    /// the held-back events. If the connection is lost before these events are sent, they are
    /// dropped: the next connection gets its own.
    ///
    /// # Errors
    /// [`NotOpen`], and nothing is sent.
    pub fn restore(&mut self, events: impl IntoIterator<Item = E>) -> Result<(), NotOpen> {
        self.flush_pending()?;
        // Behind the flush and yet sent first: see `Connection::next_transmit`.
        self.restoring.extend(events);
        Ok(())
    }

    /// Prevents the attempt that [`Notice::Reconnecting`] announced. The connection ends with the
    /// close code of the loss, and this reason.
    // Contract 79.
    pub fn abort(&mut self, reason: &'static str) {
        if matches!(self.state, State::Waiting { .. }) {
            let code = self
                .outage
                .as_ref()
                .map_or(1006, |outage| outage.close.code);
            self.finish(CloseFrame {
                code,
                reason: ByteString::from_static(reason),
            });
        }
    }

    /// Stops reconnecting for good: the server reported that every attempt fails until a person
    /// acts, for want of quota or with a key that was revoked. The open connection goes on, and its
    /// loss is the end.
    pub fn stop_reconnecting(&mut self) {
        self.retries.stop();
    }

    /// The open connection failed, or the peer closed it.
    pub(super) fn lost(&mut self, close: CloseFrame, cause: Option<Failure<E>>) {
        if self.retries.recovers(close.code) {
            self.abandon_next();
            self.hold();
            self.outage = Some(Box::new(Outage {
                attempts: 0,
                close,
                cause,
            }));
            let uptime = self.now.saturating_sub(self.open_since);
            // Before the attempt is counted, so that a long life gives the budget back first.
            self.retries.stayed_up(uptime);
            self.try_again(Duration::ZERO);
            return;
        }
        self.end(close, cause);
    }

    /// Holds unsent events back for the next connection.
    pub(super) fn hold(&mut self) {
        self.restoring.clear();
        self.backlog.hold();
    }

    /// An attempt to connect failed; without a `close`, before there was a socket.
    pub(super) fn attempt_failed(
        &mut self,
        close: Option<CloseFrame>,
        failure: Option<Failure<E>>,
        retry: Option<Duration>,
    ) {
        let Some(outage) = &mut self.outage else {
            // The first connection is not retried.
            let close = close.unwrap_or(CloseFrame::ABNORMAL);
            return self.end(close, failure);
        };
        // An attempt without a socket has no close code: the last one known stays.
        if let Some(close) = close {
            outage.close = close;
        }
        outage.cause = failure;
        match retry {
            Some(at_least) => self.try_again(at_least),
            None => self.give_up("reconnect aborted", |code, cause| {
                Failure::ReconnectAborted { code, cause }
            }),
        }
    }

    /// Waits for the next attempt, if one is left.
    fn try_again(&mut self, retry_after: Duration) {
        let Some(outage) = &mut self.outage else {
            return;
        };
        outage.attempts += 1;
        let attempts = self.retries.max_attempts();
        let Some(next) = self.retries.next(outage.attempts, retry_after) else {
            let reason = format!("reconnect failed after {attempts} attempts");
            return self.give_up(reason, |code, cause| Failure::ReconnectFailed {
                attempts,
                code,
                cause,
            });
        };
        self.state = State::Waiting {
            until: self.now.saturating_add(next.delay),
        };
        self.notices.push_back(Notice::Reconnecting(Reconnecting {
            attempt: next.number,
            max_attempts: attempts,
            delay: next.delay,
            retry_after: Some(retry_after).filter(|asked| !asked.is_zero()),
            close: outage.close.clone(),
        }));
    }

    /// Ends an outage without a connection.
    // Contract 80.
    fn give_up(
        &mut self,
        reason: impl Into<ByteString>,
        failure: impl FnOnce(u16, Option<Box<Failure<E>>>) -> Failure<E>,
    ) {
        let Some(outage) = self.outage.take() else {
            return;
        };
        let code = outage.close.code;
        let failure = failure(code, outage.cause.map(Box::new));
        self.notices.push_back(Notice::Failed(failure));
        self.finish(CloseFrame {
            code,
            reason: reason.into(),
        });
    }
}
