//! Calls over WebRTC or SIP, whose sessions sockets can attach to.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use super::refusal::HttpRefusal;
use super::shared::SharedSession;
use crate::protocol::SessionConfig;

/// Number of calls that are kept, ended ones included.
const MOST_CALLS: usize = 1_000;

/// Call as the emulator saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    id: String,
    state: CallState,
    session: Option<SessionConfig>,
    referred_to: Option<String>,
}

/// State of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallState {
    /// Incoming, and neither accepted nor rejected yet.
    Ringing,
    /// Under way: sockets can attach to its session.
    Active,
    /// Rejected with this SIP status.
    Rejected(u16),
    /// Hung up.
    Ended,
}

impl CallRecord {
    /// Returns the call's ID, `rtc_…`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the call's state.
    #[must_use]
    pub fn state(&self) -> CallState {
        self.state
    }

    /// Returns the configuration with which the call was created or accepted.
    #[must_use]
    pub fn session(&self) -> Option<&SessionConfig> {
        self.session.as_ref()
    }

    /// Returns the target of the last referral, a `tel:` or `sip:` URI.
    #[must_use]
    pub fn referred_to(&self) -> Option<&str> {
        self.referred_to.as_deref()
    }
}

/// Calls by their IDs, and the tasks that wait for them.
#[derive(Clone)]
pub(super) struct CallRegistry(watch::Sender<Vec<CallEntry>>);

#[derive(Clone)]
struct CallEntry {
    call: CallRecord,
    shared: Option<Arc<SharedSession>>,
}

impl CallEntry {
    /// Returns true if it is the call with this ID and has not ended.
    fn is_open(&self, id: &str) -> bool {
        self.call.id == id && matches!(self.call.state, CallState::Ringing | CallState::Active)
    }
}

impl fmt::Debug for CallRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRegistry").finish_non_exhaustive()
    }
}

impl Default for CallRegistry {
    fn default() -> Self {
        Self(watch::Sender::new(Vec::new()))
    }
}

impl CallRegistry {
    /// Adds an incoming call.
    pub(super) fn ring(&self, id: &str) {
        self.add(id, CallState::Ringing, None);
    }

    /// Adds a call that is under way.
    pub(super) fn create(&self, id: &str, session: SessionConfig, shared: Arc<SharedSession>) {
        self.add(id, CallState::Active, Some((session, shared)));
    }

    fn add(
        &self,
        id: &str,
        state: CallState,
        session: Option<(SessionConfig, Arc<SharedSession>)>,
    ) {
        let (session, shared) = session.unzip();
        let call = CallRecord {
            id: id.to_owned(),
            state,
            session,
            referred_to: None,
        };
        self.0.send_modify(|entries| {
            if entries.len() == MOST_CALLS {
                // The oldest call, which has long ended in any test of a sane size.
                entries.remove(0);
            }
            entries.push(CallEntry { call, shared });
        });
    }

    /// Checks that the call with this ID has not ended.
    pub(super) fn check(&self, id: &str) -> Result<(), HttpRefusal> {
        let entries = self.0.borrow();
        let found = entries.iter().any(|entry| entry.is_open(id));
        if found { Ok(()) } else { Err(unknown()) }
    }

    /// Accepts a ringing call.
    pub(super) fn accept(
        &self,
        id: &str,
        session: SessionConfig,
        shared: Arc<SharedSession>,
    ) -> Result<(), HttpRefusal> {
        self.change(id, |entry| {
            ringing(entry)?;
            entry.call.state = CallState::Active;
            entry.call.session = Some(session);
            entry.shared = Some(shared);
            Ok(())
        })
    }

    /// Rejects a ringing call.
    pub(super) fn reject(&self, id: &str, status: u16) -> Result<(), HttpRefusal> {
        self.change(id, |entry| {
            ringing(entry)?;
            entry.call.state = CallState::Rejected(status);
            Ok(())
        })
    }

    /// Refers a call that is under way to another target.
    pub(super) fn refer(&self, id: &str, target: String) -> Result<(), HttpRefusal> {
        self.change(id, |entry| {
            if entry.call.state != CallState::Active {
                return Err(wrong_state("The call has not been accepted."));
            }
            entry.call.referred_to = Some(target);
            Ok(())
        })
    }

    /// Hangs up a call, and closes the sockets that are attached to it.
    pub(super) fn hang_up(&self, id: &str) -> Result<(), HttpRefusal> {
        let shared = self.change(id, |entry| {
            entry.call.state = CallState::Ended;
            Ok(entry.shared.take())
        })?;
        if let Some(shared) = shared {
            // Outside of the change: closing wakes tasks, which may look at the calls.
            shared.close(1000, "The call has ended.");
        }
        Ok(())
    }

    /// Returns the session of a call that is under way.
    pub(super) fn shared(&self, id: &str) -> Result<Arc<SharedSession>, HttpRefusal> {
        let entries = self.0.borrow();
        let entry = entries.iter().find(|entry| entry.call.id == id);
        entry
            .and_then(|entry| entry.shared.clone())
            .ok_or_else(unknown)
    }

    /// Returns the call with this ID.
    pub(super) fn get(&self, id: &str) -> Option<CallRecord> {
        let entries = self.0.borrow();
        let entry = entries.iter().find(|entry| entry.call.id == id)?;
        Some(entry.call.clone())
    }

    /// Waits until the call with this ID fulfils a condition.
    pub(super) async fn until(
        &self,
        id: &str,
        mut fulfilled: impl FnMut(&CallRecord) -> bool,
    ) -> CallRecord {
        let mut entries = self.0.subscribe();
        loop {
            let found = entries
                .borrow_and_update()
                .iter()
                .find(|entry| entry.call.id == id && fulfilled(&entry.call))
                .map(|entry| entry.call.clone());
            if let Some(call) = found {
                return call;
            }
            // It fails when the sender is gone, and this is one.
            let _ = entries.changed().await;
        }
    }

    /// Changes a call that has not ended.
    fn change<T>(
        &self,
        id: &str,
        change: impl FnOnce(&mut CallEntry) -> Result<T, HttpRefusal>,
    ) -> Result<T, HttpRefusal> {
        let mut result = Err(unknown());
        self.0.send_if_modified(|entries| {
            let entry = entries.iter_mut().find(|entry| entry.is_open(id));
            if let Some(entry) = entry {
                result = change(entry);
            }
            result.is_ok()
        });
        result
    }
}

fn ringing(entry: &CallEntry) -> Result<(), HttpRefusal> {
    match entry.call.state {
        CallState::Ringing => Ok(()),
        _ => Err(wrong_state("The call is under way already.")),
    }
}

fn unknown() -> HttpRefusal {
    HttpRefusal::new(
        404,
        "call_not_found",
        "There is no call of this id under way.",
    )
}

fn wrong_state(message: &str) -> HttpRefusal {
    HttpRefusal::new(409, "invalid_call_state", message)
}
