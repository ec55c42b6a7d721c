//! State that all connections of an emulator share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::auth::KeyRing;
use super::calls::CallRegistry;
use super::record::ConnectionLog;
use super::refusal::HttpRefusal;
use super::script::Script;

/// State of an emulator.
pub(super) struct ServerState {
    pub(super) keys: KeyRing,
    pub(super) script: Arc<Script>,
    /// Models that sessions can have; empty if they can have any.
    pub(super) models: Vec<String>,
    /// Set if wrong keys and models are refused by HTTP, and not by a close of the WebSocket.
    pub(super) refuses_handshakes: bool,
    pub(super) lifetime: Duration,
    pub(super) record: ConnectionLog,
    pub(super) calls: CallRegistry,
    /// Number of IDs that were made.
    pub(super) made: AtomicU64,
}

impl ServerState {
    /// Returns the next ID outside of sessions, such as `req_000000000000000a`.
    pub(super) fn next_id(&self, prefix: &str) -> String {
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        format!("{prefix}_{made:016x}")
    }

    /// Checks that a session can have this model.
    pub(super) fn check_model(&self, model: Option<&str>) -> Result<(), HttpRefusal> {
        match model {
            Some(model) if !self.models.is_empty() && !self.models.iter().any(|m| m == model) => {
                let message = "The model does not exist, or you do not have access to it.";
                Err(HttpRefusal::new(400, "invalid_model", message))
            }
            _ => Ok(()),
        }
    }

    /// Returns the end of a session that begins now, in seconds of Unix time.
    pub(super) fn session_end(&self) -> u64 {
        now().saturating_add(self.lifetime.as_secs())
    }
}

/// Returns the time, in seconds of Unix time.
pub(super) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}

impl fmt::Debug for ServerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerState")
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}
