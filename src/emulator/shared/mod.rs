//! A session and the sockets that are attached to it: one, or any number where it is a call's.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use tokio::time::Instant;

use super::machine::SessionMachine;
use super::output::SocketOutput;
use super::script::Action;
use crate::protocol::{ErrorDetails, RawEvent};

/// How much may wait for a socket that is read more slowly than another one of its call.
const LONGEST_QUEUE: usize = 10_000;

/// A session that sockets share: each may steer it, and all hear what it says.
pub(super) struct SharedSession(Mutex<SharedState>);

struct SharedState {
    dialogue: Box<dyn SessionMachine>,
    /// By connection.
    seats: BTreeMap<usize, SocketSlot>,
}

/// One socket's place.
struct SocketSlot {
    /// What others made the session say.
    queue: VecDeque<SocketOutput>,
    sent: usize,
    /// What is to be done once so many events were sent.
    after: Vec<(usize, Action)>,
    stalled: bool,
    waker: Option<Waker>,
}

impl SharedSession {
    pub(super) fn new(dialogue: Box<dyn SessionMachine>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(SharedState {
            dialogue,
            seats: BTreeMap::new(),
        })))
    }

    /// Attaches a connection. It is told what session it is, unless there is something to do instead.
    pub(super) fn attach(
        self: &Arc<Self>,
        connection: usize,
        after: Vec<(usize, Action)>,
        instead: Option<[Action; 2]>,
    ) -> AttachedSocket {
        let mut shared = self.lock();
        let dialogue = &mut shared.dialogue;
        let queue = match instead {
            None => VecDeque::from([dialogue.created()]),
            Some(actions) => actions.map(|action| dialogue.perform(action)).into(),
        };
        let seat = SocketSlot {
            queue,
            sent: 0,
            after,
            stalled: false,
            waker: None,
        };
        shared.seats.insert(connection, seat);
        AttachedSocket {
            line: Arc::clone(self),
            connection,
        }
    }

    /// Closes all sockets.
    pub(super) fn close(&self, code: u16, reason: &str) {
        for seat in self.lock().seats.values_mut() {
            seat.push(close(code, reason));
        }
    }

    /// The session, where no thread that holds it can leave it half done: a script's panic ends its own connection.
    fn lock(&self) -> MutexGuard<'_, SharedState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SocketSlot {
    fn push(&mut self, output: SocketOutput) {
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

fn close(code: u16, reason: &str) -> SocketOutput {
    let reason = reason.to_owned();
    SocketOutput::Close { code, reason }
}

/// A connection's hold on a session; dropping it lets go.
pub(super) struct AttachedSocket {
    line: Arc<SharedSession>,
    connection: usize,
}

impl AttachedSocket {
    /// Takes one frame of the client's.
    pub(super) fn receive(&self, frame: Result<&RawEvent, ErrorDetails>) {
        let mut shared = self.line.lock();
        let now = Instant::now();
        shared.dialogue.receive(self.connection, frame, now);
        // This connection asks for what comes of it on its own, but perhaps not soon.
        shared.wake_others(self.connection);
    }

    /// The next output for this socket.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> NextOutput {
        let mut shared = self.line.lock();
        match shared.poll(self.connection, cx) {
            Some(SocketOutput::Stall) => {
                // A future that is under way has this task's waker, and nobody polls it here any more.
                shared.wake_others(self.connection);
                NextOutput::Pending(None)
            }
            Some(output) => NextOutput::Ready(output),
            None => NextOutput::Pending(shared.wake_at(self.connection)),
        }
    }

    /// Whether nothing is sent on this socket any more.
    pub(super) fn is_stalled(&self) -> bool {
        let shared = self.line.lock();
        shared
            .seats
            .get(&self.connection)
            .is_none_or(|seat| seat.stalled)
    }

    /// What an action does to this socket.
    pub(super) fn perform(&self, action: Action) -> SocketOutput {
        let mut shared = self.line.lock();
        let output = shared.dialogue.perform(action);
        if let (SocketOutput::Stall, Some(seat)) = (&output, shared.seats.get_mut(&self.connection))
        {
            seat.stalled = true;
        }
        output
    }
}

/// Answer to a socket that asks for its next output.
pub(super) enum NextOutput {
    Ready(SocketOutput),
    /// There is none until the task is woken, or until this time.
    Pending(Option<Instant>),
}

impl SharedState {
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

    fn poll(&mut self, connection: usize, cx: &mut Context<'_>) -> Option<SocketOutput> {
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
            SocketOutput::Text(_) => seat.sent += 1,
            SocketOutput::Stall => seat.stalled = true,
            _ => {}
        }
        Some(output)
    }
}

impl Drop for AttachedSocket {
    fn drop(&mut self) {
        let mut shared = self.line.lock();
        shared.seats.remove(&self.connection);
        // What waited with this task's waker, waits with another one's.
        shared.wake_others(self.connection);
    }
}

#[cfg(test)]
mod tests;
