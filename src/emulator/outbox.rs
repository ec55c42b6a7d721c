//! What is to be done on a socket next, and the ids of all that is made in a session.

use std::collections::VecDeque;
use std::fmt::Display;

use bytes::Bytes;

use super::script::Action;
use crate::protocol::{Events, ServerEvent};

/// What is to be done on a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Text(String),
    Bytes(Bytes),
    Stall,
    Close { code: u16, reason: String },
    Drop,
    CutFrame,
}

/// Ids: unique over all sessions of an emulator, and the same in every run.
#[derive(Debug)]
pub struct Ids {
    space: String,
    made: u64,
}

impl Ids {
    /// Those of one session, which nothing else has the name of.
    pub fn new(space: impl Display) -> Self {
        Self {
            space: space.to_string(),
            made: 0,
        }
    }

    /// Those of a connection.
    pub fn of_connection(connection: usize) -> Self {
        Self::new(format_args!("{connection:04x}"))
    }

    /// The next one, such as `item_00030000000a`.
    pub fn next(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{}{:08x}", self.space, self.made)
    }

    /// The event as it goes out, with an id if it has none of its own.
    pub fn output(&mut self, event: impl Events) -> Output {
        let event = match event.event_id() {
            Some(_) => event,
            None => event.with_event_id(self.next("event")),
        };
        Output::Text(event.encode().text().to_string())
    }

    /// What an action does to the socket.
    pub fn perform(&mut self, action: Action) -> Output {
        match action {
            Action::Send(event) => self.output(*event),
            Action::Raw(text) => Output::Text(text),
            Action::Bytes(bytes) => Output::Bytes(bytes),
            Action::Stall => Output::Stall,
            Action::Close { code, reason } => Output::Close { code, reason },
            Action::Drop => Output::Drop,
            Action::CutFrame => Output::CutFrame,
        }
    }
}

/// Actions in the order in which they are to happen.
#[derive(Debug)]
pub struct Outbox {
    pub ids: Ids,
    actions: VecDeque<Action>,
}

impl Outbox {
    pub fn new(ids: Ids) -> Self {
        Self {
            ids,
            actions: VecDeque::new(),
        }
    }

    pub fn send(&mut self, event: impl Into<ServerEvent>) {
        self.push(Action::send(event));
    }

    pub fn push(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    pub fn pop(&mut self) -> Option<Output> {
        let action = self.actions.pop_front()?;
        Some(self.ids.perform(action))
    }
}
