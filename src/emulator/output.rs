//! What is to be done on a socket next, and the ids of all that is made in a session.

use std::collections::VecDeque;
use std::fmt::Display;

use bytes::Bytes;

use super::nulls::filled_in;
use super::script::Action;
use crate::protocol::{Events, ServerEvent};

/// What is to be done on a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SocketOutput {
    Text(String),
    Bytes(Bytes),
    Stall,
    Close { code: u16, reason: String },
    Drop,
    CutFrame,
}

/// Ids: unique over all sessions of an emulator, and the same in every run.
#[derive(Debug)]
pub(super) struct IdSource {
    space: String,
    made: u64,
}

impl IdSource {
    /// Those of one session, which nothing else has the name of.
    pub(super) fn new(space: impl Display) -> Self {
        Self {
            space: space.to_string(),
            made: 0,
        }
    }

    /// Those of a connection.
    pub(super) fn of_connection(connection: usize) -> Self {
        Self::new(format_args!("{connection:04x}"))
    }

    /// The next one, such as `item_00030000000a`.
    pub(super) fn next(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{}{:08x}", self.space, self.made)
    }

    /// The event as it goes out, with an id if it has none of its own.
    pub(super) fn output(&mut self, event: impl Events) -> SocketOutput {
        let event = match event.event_id() {
            Some(_) => event,
            None => event.with_event_id(self.next("event")),
        };
        SocketOutput::Text(event.encode().text().to_string())
    }

    /// What an action does to the socket.
    pub(super) fn perform(&mut self, action: Action) -> SocketOutput {
        match action {
            Action::Send(event) => self.output(filled_in(*event)),
            Action::Raw(text) => SocketOutput::Text(text),
            Action::Bytes(bytes) => SocketOutput::Bytes(bytes),
            Action::Stall => SocketOutput::Stall,
            Action::Close { code, reason } => SocketOutput::Close { code, reason },
            Action::Drop => SocketOutput::Drop,
            Action::CutFrame => SocketOutput::CutFrame,
        }
    }
}

/// Actions in the order in which they are to happen.
#[derive(Debug)]
pub(super) struct OutputQueue {
    pub(super) ids: IdSource,
    actions: VecDeque<Action>,
}

impl OutputQueue {
    pub(super) fn new(ids: IdSource) -> Self {
        Self {
            ids,
            actions: VecDeque::new(),
        }
    }

    pub(super) fn send(&mut self, event: impl Into<ServerEvent>) {
        self.push(Action::send(event));
    }

    pub(super) fn push(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    pub(super) fn pop(&mut self) -> Option<SocketOutput> {
        let action = self.actions.pop_front()?;
        Some(self.ids.perform(action))
    }
}
