//! News of the connection, told between the events.

use super::Lost;
use crate::connection::{Expiring, Reconnecting};

/// A connection that took the place of one that broke or was renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconnected {
    /// Number of the connection, counted from 1.
    pub generation: u64,
    /// Number of events by which [`Config::restore`](crate::Config::restore) restored the session;
    /// 0 without it.
    pub restored: usize,
    /// The parts of the conversation that could not be restored.
    pub lost: Vec<Lost>,
}

/// News of the connection, told between the events.
pub(super) enum Interlude {
    Reconnecting(Reconnecting),
    Reconnected(Reconnected),
    Expiring(Expiring),
}
