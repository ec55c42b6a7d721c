//! Outputs of a session to its sockets, and the IDs that it makes.

use std::collections::VecDeque;
use std::fmt::Display;

use bytes::Bytes;

use super::nulls::filled_in;
use super::script::Action;
use crate::protocol::{Events, ServerEvent};

/// Output to a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SocketOutput {
    Text(String),
    Bytes(Bytes),
    Stall,
    Close { code: u16, reason: String },
    Drop,
    CutFrame,
}

/// Source of IDs that are unique in an emulator, and the same in every run.
#[derive(Debug)]
pub(super) struct IdSource {
    space: String,
    made: u64,
}

impl IdSource {
    /// Returns the source of one session, by a name that nothing else has.
    pub(super) fn new(space: impl Display) -> Self {
        Self {
            space: space.to_string(),
            made: 0,
        }
    }

    /// Returns the source of a connection's session.
    pub(super) fn of_connection(connection: usize) -> Self {
        Self::new(format_args!("{connection:04x}"))
    }

    /// Returns the next ID, such as `item_00030000000a`.
    pub(super) fn next(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{}{:08x}", self.space, self.made)
    }

    /// Encodes an event, and gives it an ID if it has none.
    pub(super) fn output(&mut self, event: impl Events) -> SocketOutput {
        let event = match event.event_id() {
            Some(_) => event,
            None => event.with_event_id(self.next("event")),
        };
        SocketOutput::Text(event.encode().text().to_string())
    }

    /// Returns what an action does to a socket.
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

/// Queue of actions.
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
