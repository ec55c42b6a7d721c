//! A session and the sockets that are attached to it: one, or any number where it is a call's.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use tokio::time::Instant;

use super::dialogue::Dialogue;
use super::outbox::Output;
use super::script::Action;
use crate::protocol::{ParseError, RawEvent};

/// How much may wait for a socket that is read more slowly than another one of its call.
const LONGEST_QUEUE: usize = 10_000;

/// A session that sockets share: each may steer it, and all hear what it says.
pub struct Line(Mutex<Shared>);

struct Shared {
    dialogue: Box<dyn Dialogue>,
    /// By connection.
    seats: BTreeMap<usize, Seat>,
}

/// One socket's place.
struct Seat {
    /// What others made the session say.
    queue: VecDeque<Output>,
    sent: usize,
    /// What is to be done once so many events were sent.
    after: Vec<(usize, Action)>,
    stalled: bool,
    waker: Option<Waker>,
}

impl Line {
    pub fn new(dialogue: Box<dyn Dialogue>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Shared {
            dialogue,
            seats: BTreeMap::new(),
        })))
    }

    /// Attaches a connection. It is told what session it is, unless there is something to do instead.
    pub fn attach(
        self: &Arc<Self>,
        connection: usize,
        after: Vec<(usize, Action)>,
        instead: Option<[Action; 2]>,
    ) -> Attached {
        let mut shared = self.lock();
        let dialogue = &mut shared.dialogue;
        let queue = match instead {
            None => VecDeque::from([dialogue.created()]),
            Some(actions) => actions.map(|action| dialogue.perform(action)).into(),
        };
        let seat = Seat {
            queue,
            sent: 0,
            after,
            stalled: false,
            waker: None,
        };
        shared.seats.insert(connection, seat);
        Attached {
            line: Arc::clone(self),
            connection,
        }
    }

    /// Closes all sockets.
    pub fn close(&self, code: u16, reason: &str) {
        for seat in self.lock().seats.values_mut() {
            seat.push(close(code, reason));
        }
    }

    /// The session, where no thread that holds it can leave it half done: a script's panic ends its own connection.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    fn push(&mut self, output: Output) {
        if self.queue.len() < LONGEST_QUEUE {
            self.queue.push_back(output);
        } else {
            self.queue = VecDeque::from([close(1008, "The client reads too slowly.")]);
        }
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

fn close(code: u16, reason: &str) -> Output {
    let reason = reason.to_owned();
    Output::Close { code, reason }
}

/// A connection's hold on a session; dropping it lets go.
pub struct Attached {
    line: Arc<Line>,
    connection: usize,
}

impl Attached {
    /// Takes one frame of the client's.
    pub fn receive(&self, frame: Result<&RawEvent, &ParseError>) {
        let mut shared = self.line.lock();
        let now = Instant::now();
        shared.dialogue.receive(self.connection, frame, now);
        // This connection asks for what comes of it on its own, but perhaps not soon.
        shared.wake_others(self.connection);
    }

    /// The next output for this socket.
    pub fn poll(&self, cx: &mut Context<'_>) -> NextOutput {
        let mut shared = self.line.lock();
        match shared.poll(self.connection, cx) {
            Some(Output::Stall) => {
                // A future that is under way has this task's waker, and nobody polls it here any more.
                shared.wake_others(self.connection);
                NextOutput::Pending(None)
            }
            Some(output) => NextOutput::Ready(output),
            None => NextOutput::Pending(shared.wake_at(self.connection)),
        }
    }

    /// Whether nothing is sent on this socket any more.
    pub fn is_stalled(&self) -> bool {
        let shared = self.line.lock();
        shared
            .seats
            .get(&self.connection)
            .is_none_or(|seat| seat.stalled)
    }

    /// What an action does to this socket.
    pub fn perform(&self, action: Action) -> Output {
        let mut shared = self.line.lock();
        let output = shared.dialogue.perform(action);
        if let (Output::Stall, Some(seat)) = (&output, shared.seats.get_mut(&self.connection)) {
            seat.stalled = true;
        }
        output
    }
}

/// Answer to a socket that asks for its next output.
pub enum NextOutput {
    Ready(Output),
    /// There is none until the task is woken, or until this time.
    Pending(Option<Instant>),
}

impl Shared {
    fn wake_others(&mut self, connection: usize) {
        for (number, seat) in &mut self.seats {
            if *number != connection {
                seat.wake();
            }
        }
    }

    /// The time at which a socket has something to send.
    fn wake_at(&self, connection: usize) -> Option<Instant> {
        let seat = self.seats.get(&connection)?;
        if seat.stalled {
            return None;
        }
        self.dialogue.wake_at()
    }

    fn poll(&mut self, connection: usize, cx: &mut Context<'_>) -> Option<Output> {
        let Self { dialogue, seats } = self;
        let seat = seats.get_mut(&connection)?;
        if seat.stalled {
            return None;
        }
        let due = seat
            .after
            .iter()
            .position(|(events, _)| *events <= seat.sent);
        let output = if let Some(due) = due {
            dialogue.perform(seat.after.remove(due).1)
        } else if let Some(output) = seat.queue.pop_front() {
            output
        } else if let Some(output) = dialogue.poll(Instant::now(), cx) {
            for (number, seat) in &mut *seats {
                if *number != connection {
                    seat.push(output.clone());
                }
            }
            output
        } else {
            seat.waker = Some(cx.waker().clone());
            return None;
        };
        let seat = seats.get_mut(&connection)?;
        match &output {
            Output::Text(_) => seat.sent += 1,
            Output::Stall => seat.stalled = true,
            _ => {}
        }
        Some(output)
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let mut shared = self.line.lock();
        shared.seats.remove(&self.connection);
        // What waited with this task's waker, waits with another one's.
        shared.wake_others(self.connection);
    }
}

#[cfg(test)]
mod tests;
