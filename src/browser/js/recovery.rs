//! The shared [`Connection`] for the JavaScript class, which writes at once, waits with the
//! runtime's own timers, and queues events only in an outage.

use std::time::Duration;

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::connection::{Connection, Failure, Limits, Notice, Queued, Reconnect};
use crate::transport::CloseFrame;

// Contracts 73, 77 to 82, 89 and 90.

/// State of a session that reconnects.
#[doc(hidden)]
#[wasm_bindgen]
#[derive(Debug)]
pub struct Recovery {
    connection: Connection<PendingText>,
    max_queue_bytes: usize,
    /// Time by the class's timer. It passes only when the timer ends.
    now: Duration,
}

/// JSON text of an event that waits for a connection.
#[derive(Debug, Clone)]
struct PendingText {
    text: String,
    /// Set for an event that is given back as text.
    raw: bool,
}

impl Queued for PendingText {
    fn bytes(&self) -> usize {
        self.text.len()
    }
}

#[wasm_bindgen]
impl Recovery {
    /// Creates the state while the first connection opens. Delays are in milliseconds; the seed is
    /// any number.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(
        max_attempts: u32,
        initial_delay: u32,
        max_delay: u32,
        max_queue_bytes: usize,
        seed: u32,
    ) -> Self {
        let reconnect = Reconnect::default()
            .max_attempts(max_attempts)
            // As in the official SDK, attempts count for the session's lifetime.
            .reset_after(None)
            .initial_delay(Duration::from_millis(initial_delay.into()))
            .max_delay(Duration::from_millis(max_delay.into()));
        let limits = Limits {
            reconnect: Some(reconnect),
            max_queue_bytes,
            // The runtime has timeouts of its own.
            connect_timeout: Duration::MAX,
            close_timeout: Duration::MAX,
            ..Limits::default()
        };
        let mut connection = Connection::new(limits, seed.into());
        connection.start(Duration::ZERO);
        connection.poll();
        Self {
            connection,
            max_queue_bytes,
            now: Duration::ZERO,
        }
    }

    /// Tells that the socket is open.
    pub fn opened(&mut self) {
        self.connection.opened(self.now);
    }

    /// Tells that the socket closed, whether or not it was open.
    pub fn closed(&mut self, code: u16, reason: String) {
        if self.connection.generation() == 0 {
            // The official class treats a first socket that does not open as one that broke.
            self.opened();
        }
        let reason = reason.into();
        self.connection
            .peer_closed(self.now, CloseFrame { code, reason });
        self.connection.ended(self.now);
    }

    /// Tells that an attempt failed before a socket was created.
    pub fn not_made(&mut self) {
        let retry = Some(Duration::ZERO);
        self.connection.given_up(self.now, retry);
    }

    /// Tells that the wait for the next attempt is over.
    pub fn time_is_up(&mut self) {
        self.now = self.connection.wake_at().unwrap_or(self.now);
        self.connection.tick(self.now);
    }

    /// Returns true from the loss of the connection until it is open again.
    pub fn is_reconnecting(&self) -> bool {
        self.connection.is_reconnecting()
    }

    /// Queues an event's text in an outage. Returns false if it does not fit, even if the queue is
    /// empty.
    pub fn hold(&mut self, text: String, raw: bool) -> bool {
        let bytes = self.connection.queued_bytes().saturating_add(text.len());
        bytes <= self.max_queue_bytes && self.connection.send(PendingText { text, raw }).is_ok()
    }

    /// Removes and returns the oldest queued text. It counts as sent.
    pub fn next_pending(&mut self) -> Option<String> {
        self.connection.flush_pending().ok()?;
        self.connection.poll_transmit().map(|pending| pending.text)
    }

    /// Removes and returns all queued events: for each, whether it is raw, and its text.
    pub fn take_pending(&mut self) -> Array {
        let held = self.connection.take_pending();
        // Events that a failed flush left behind.
        let due = std::iter::from_fn(|| self.connection.poll_transmit()).collect();
        to_array(held).concat(&to_array(due))
    }

    /// Ends the session at once and returns the unsent events.
    pub fn finish(&mut self) -> Array {
        self.connection.close(self.now, CloseFrame::NORMAL);
        self.connection.ended(self.now);
        while let Some(notice) = self.connection.poll() {
            if let Notice::Closed(closed) = notice {
                return to_array(closed.unsent);
            }
        }
        Array::new()
    }

    /// Returns the next decision or event: its name, then its values.
    pub fn poll(&mut self) -> Option<Array> {
        loop {
            return Some(match self.connection.poll()? {
                Notice::Connect => named("connect"),
                Notice::Reconnected { .. } => named("reconnected"),
                Notice::Reconnecting(reconnecting) => {
                    let notice = named("reconnecting");
                    notice.push(&reconnecting.attempt.into());
                    notice.push(&reconnecting.max_attempts.into());
                    notice.push(&(reconnecting.delay.as_secs_f64() * 1000.0).round().into());
                    notice.push(&reconnecting.close.code.into());
                    notice
                }
                Notice::Failed(Failure::ReconnectFailed { attempts, code, .. }) => {
                    let notice = named("failed");
                    notice.push(&attempts.into());
                    notice.push(&code.into());
                    notice
                }
                Notice::Failed(Failure::ReconnectAborted { code, .. }) => {
                    let notice = named("aborted");
                    notice.push(&code.into());
                    notice
                }
                Notice::Closed(closed) => {
                    let notice = named("closed");
                    notice.push(&closed.frame.code.into());
                    notice.push(&JsValue::from_str(&closed.frame.reason));
                    notice.push(&to_array(closed.unsent));
                    notice
                }
                _ => continue,
            });
        }
    }
}

fn named(name: &str) -> Array {
    Array::of1(&JsValue::from_str(name))
}

fn to_array(events: Vec<PendingText>) -> Array {
    let events = events
        .into_iter()
        .map(|event| Array::of2(&event.raw.into(), &event.text.into()));
    events.collect()
}
