//! What is to be done on the connection next, and the ids of all that is made on it.

use std::collections::VecDeque;

use super::script::Action;
use crate::protocol::ServerEvent;

/// Ids: unique over all connections of an emulator, and the same in every run.
#[derive(Debug)]
pub struct Ids {
    connection: usize,
    made: u64,
}

impl Ids {
    pub fn new(connection: usize) -> Self {
        Self {
            connection,
            made: 0,
        }
    }

    /// The next one, such as `item_00030000000a`.
    pub fn next(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{:04x}{:08x}", self.connection, self.made)
    }
}

/// Actions in the order in which they are to happen.
#[derive(Debug)]
pub struct Outbox {
    pub ids: Ids,
    actions: VecDeque<Action>,
}

impl Outbox {
    pub fn new(connection: usize) -> Self {
        Self {
            ids: Ids::new(connection),
            actions: VecDeque::new(),
        }
    }

    pub fn send(&mut self, event: impl Into<ServerEvent>) {
        self.push(Action::send(event));
    }

    pub fn push(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    pub fn pop(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }
}
