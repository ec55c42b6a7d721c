//! What the runtime tells of a socket, until somebody reads it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use crate::transport::{CloseFrame, Frame};

/// What a message takes beside its own bytes.
const OVERHEAD: usize = 64;

/// What the runtime tells.
#[derive(Debug)]
pub enum Signal {
    Opened,
    Frame(Frame),
    /// Something failed; nobody says what. Once the socket was open, its close follows and says more.
    Failed,
    Closed(CloseFrame),
    /// More arrived than may wait.
    Overrun,
}

/// Signals in order, bounded by the bytes of messages: the runtime takes them from the network whether or not they are
/// read.
#[derive(Debug)]
pub struct Inbox {
    max_bytes: usize,
    state: RefCell<State>,
}

#[derive(Debug, Default)]
struct State {
    signals: VecDeque<Signal>,
    bytes: usize,
    overrun: bool,
    reader: Option<Waker>,
}

impl Inbox {
    pub fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            state: RefCell::default(),
        }
    }

    /// Takes a message of at least so many bytes, unless there is no room: then the messages are at their end, and this
    /// is false.
    pub fn take(&self, at_least: usize, message: impl FnOnce() -> Frame) -> bool {
        let mut state = self.state.borrow_mut();
        if state.overrun {
            return false;
        }
        let fits = |bytes: usize| state.bytes.saturating_add(bytes) <= self.max_bytes;
        // What is too large is not even copied.
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

    pub fn tell(&self, signal: Signal) {
        let mut state = self.state.borrow_mut();
        state.signals.push_back(signal);
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Signal> {
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

    pub fn max_bytes(&self) -> usize {
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
