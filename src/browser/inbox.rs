//! Queue of the runtime's signals about a socket, until the session reads them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use crate::transport::{CloseFrame, Frame};

/// Bytes that a queued message needs beside its own.
const OVERHEAD: usize = 64;

/// Event of a socket.
#[derive(Debug)]
pub(super) enum Signal {
    Opened,
    Frame(Frame),
    /// The socket failed, without a reason. If it was open, `Closed` follows with more.
    Failed,
    Closed(CloseFrame),
    /// More bytes arrived than the queue may hold.
    Overrun,
}

/// Signals in order, bounded by the bytes of messages. The runtime reads from the network even if
/// nobody reads from the queue.
#[derive(Debug)]
pub(super) struct Inbox {
    max_bytes: usize,
    state: RefCell<InboxState>,
}

#[derive(Debug, Default)]
struct InboxState {
    signals: VecDeque<Signal>,
    bytes: usize,
    overrun: bool,
    reader: Option<Waker>,
}

impl Inbox {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            state: RefCell::default(),
        }
    }

    /// Queues a message of at least `at_least` bytes. Returns false if there is no room: then no
    /// further message is queued.
    pub(super) fn take(&self, at_least: usize, message: impl FnOnce() -> Frame) -> bool {
        let mut state = self.state.borrow_mut();
        if state.overrun {
            return false;
        }
        let fits = |bytes: usize| state.bytes.saturating_add(bytes) <= self.max_bytes;
        // A message that cannot fit is not copied.
        let frame = fits(at_least).then(message);
        let signal = match frame.filter(|frame| fits(size(frame))) {
            Some(frame) => {
                state.bytes += size(&frame);
                Signal::Frame(frame)
            }
            None => Signal::Overrun,
        };
        state.overrun = matches!(signal, Signal::Overrun);
        let taken = !state.overrun;
        drop(state);
        self.tell(signal);
        taken
    }

    pub(super) fn tell(&self, signal: Signal) {
        let mut state = self.state.borrow_mut();
        state.signals.push_back(signal);
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    pub(super) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Signal> {
        let mut state = self.state.borrow_mut();
        let Some(signal) = state.signals.pop_front() else {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        };
        if let Signal::Frame(frame) = &signal {
            state.bytes -= size(frame);
        }
        Poll::Ready(signal)
    }

    pub(super) fn max_bytes(&self) -> usize {
        self.max_bytes
    }
}

fn size(frame: &Frame) -> usize {
    OVERHEAD
        + match frame {
            Frame::Text(text) => text.len(),
            Frame::Binary(bytes) => bytes.len(),
            _ => 0,
        }
}
