//! Session as a state machine, which sockets drive.

use std::task::Context;

use serde_json::Value;
use tokio::time::Instant;

use super::output::SocketOutput;
use super::script::Action;
use crate::protocol::{ErrorDetails, RawEvent};

/// State machine of a session: frames in, outputs out. It knows no socket, and is told the time.
pub(super) trait SessionMachine: Send {
    /// Takes a frame that arrived on a connection, or the error of one that is no event.
    fn receive(&mut self, connection: usize, frame: Result<&RawEvent, ErrorDetails>, now: Instant);

    /// Returns the next output; `None` until a frame arrives, [`wake_at`](Self::wake_at) has come,
    /// or the task is woken.
    fn poll(&mut self, now: Instant, cx: &mut Context<'_>) -> Option<SocketOutput>;

    /// Returns the time of the next output, if it is known.
    fn wake_at(&self) -> Option<Instant>;

    /// Returns the first event of a connection.
    fn created(&mut self) -> SocketOutput;

    /// Returns what an action does to a socket.
    fn perform(&mut self, action: Action) -> SocketOutput;

    /// Returns the whole configuration, as the service shows it.
    fn config(&self) -> Value;
}
