//! Session and the sockets that are attached to it: one, or any number for a call.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use tokio::time::Instant;

use super::machine::SessionMachine;
use super::output::SocketOutput;
use super::script::Action;
use crate::protocol::{ErrorDetails, RawEvent};

/// Longest queue of a socket that is read more slowly than another one of its call.
const LONGEST_QUEUE: usize = 10_000;

/// Session that sockets share: each may send to it, and each receives every output.
pub(super) struct SharedSession(Mutex<SharedState>);

struct SharedState {
    machine: Box<dyn SessionMachine>,
    /// By connection.
    slots: BTreeMap<usize, SocketSlot>,
}

/// State of one socket.
struct SocketSlot {
    /// Outputs that other sockets caused.
    queue: VecDeque<SocketOutput>,
    sent: usize,
    /// Actions after a number of events.
    after: Vec<(usize, Action)>,
    stalled: bool,
    waker: Option<Waker>,
}

impl SharedSession {
    pub(super) fn new(machine: Box<dyn SessionMachine>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(SharedState {
            machine,
            slots: BTreeMap::new(),
        })))
    }

    /// Attaches a connection. It first gets `session.created`, or performs other actions in its
    /// place.
    pub(super) fn attach(
        self: &Arc<Self>,
        connection: usize,
        after: Vec<(usize, Action)>,
        instead: Option<[Action; 2]>,
    ) -> AttachedSocket {
        let mut shared = self.lock();
        let machine = &mut shared.machine;
        let queue = match instead {
            None => VecDeque::from([machine.created()]),
            Some(actions) => actions.map(|action| machine.perform(action)).into(),
        };
        let slot = SocketSlot {
            queue,
            sent: 0,
            after,
            stalled: false,
            waker: None,
        };
        shared.slots.insert(connection, slot);
        AttachedSocket {
            session: Arc::clone(self),
            connection,
        }
    }

    /// Closes all sockets.
    pub(super) fn close(&self, code: u16, reason: &str) {
        for slot in self.lock().slots.values_mut() {
            slot.push(close(code, reason));
        }
    }

    /// Locks the session. A script's panic ends its own connection only.
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

/// Connection that is attached to a session; dropping it detaches it.
pub(super) struct AttachedSocket {
    session: Arc<SharedSession>,
    connection: usize,
}

impl AttachedSocket {
    /// Takes a frame of the client.
    pub(super) fn receive(&self, frame: Result<&RawEvent, ErrorDetails>) {
        let mut shared = self.session.lock();
        let now = Instant::now();
        shared.machine.receive(self.connection, frame, now);
        // This connection asks for what comes of it on its own, but perhaps not soon.
        shared.wake_others(self.connection);
    }

    /// Returns the next output for this socket.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> NextOutput {
        let mut shared = self.session.lock();
        match shared.poll(self.connection, cx) {
            Some(SocketOutput::Stall) => {
                // A future that is under way has this task's waker, and nobody polls it here any
                // more.
                shared.wake_others(self.connection);
                NextOutput::Pending(None)
            }
            Some(output) => NextOutput::Ready(output),
            None => NextOutput::Pending(shared.wake_at(self.connection)),
        }
    }

    /// Returns true if nothing is sent on this socket any more.
    pub(super) fn is_stalled(&self) -> bool {
        let shared = self.session.lock();
        shared
            .slots
            .get(&self.connection)
            .is_none_or(|slot| slot.stalled)
    }

    /// Returns what an action does to this socket.
    pub(super) fn perform(&self, action: Action) -> SocketOutput {
        let mut shared = self.session.lock();
        let output = shared.machine.perform(action);
        if let (SocketOutput::Stall, Some(slot)) = (&output, shared.slots.get_mut(&self.connection))
        {
            slot.stalled = true;
        }
        output
    }
}

/// Answer to a socket that asks for its next output.
pub(super) enum NextOutput {
    Ready(SocketOutput),
    /// None until the task is woken, or until this time.
    Pending(Option<Instant>),
}

impl SharedState {
    fn wake_others(&mut self, connection: usize) {
        for (number, slot) in &mut self.slots {
            if *number != connection {
                slot.wake();
            }
        }
    }

    /// Returns the time of a socket's next output, if it is known.
    fn wake_at(&self, connection: usize) -> Option<Instant> {
        let slot = self.slots.get(&connection)?;
        if slot.stalled {
            return None;
        }
        self.machine.wake_at()
    }

    fn poll(&mut self, connection: usize, cx: &mut Context<'_>) -> Option<SocketOutput> {
        let Self { machine, slots } = self;
        let slot = slots.get_mut(&connection)?;
        if slot.stalled {
            return None;
        }
        let due = slot
            .after
            .iter()
            .position(|(events, _)| *events <= slot.sent);
        let output = if let Some(due) = due {
            machine.perform(slot.after.remove(due).1)
        } else if let Some(output) = slot.queue.pop_front() {
            output
        } else if let Some(output) = machine.poll(Instant::now(), cx) {
            for (number, slot) in &mut *slots {
                if *number != connection {
                    slot.push(output.clone());
                }
            }
            output
        } else {
            slot.waker = Some(cx.waker().clone());
            return None;
        };
        let slot = slots.get_mut(&connection)?;
        match &output {
            SocketOutput::Text(_) => slot.sent += 1,
            SocketOutput::Stall => slot.stalled = true,
            _ => {}
        }
        Some(output)
    }
}

impl Drop for AttachedSocket {
    fn drop(&mut self) {
        let mut shared = self.session.lock();
        shared.slots.remove(&self.connection);
        // What waited with this task's waker, waits with another one's.
        shared.wake_others(self.connection);
    }
}

#[cfg(test)]
mod tests;
