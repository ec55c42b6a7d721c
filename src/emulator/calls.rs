//! Calls: sessions that a voice channel has, over WebRTC or SIP, and that sockets attach to.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use super::refusal::HttpRefusal;
use super::shared::SharedSession;
use crate::protocol::SessionConfig;

/// How many calls are kept, ended ones included.
const MOST_CALLS: usize = 1_000;

/// A call as the emulator saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    id: String,
    state: CallState,
    session: Option<SessionConfig>,
    referred_to: Option<String>,
}

/// What has become of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallState {
    /// It came in, and nobody has accepted it yet.
    Ringing,
    /// It is under way: sockets can attach to its session.
    Active,
    /// It was turned away with this SIP status.
    Rejected(u16),
    /// It was hung up.
    Ended,
}

impl CallRecord {
    /// Its id, `rtc_…`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What has become of it.
    pub fn state(&self) -> CallState {
        self.state
    }

    /// What its session was to be like, by whoever created or accepted it.
    pub fn session(&self) -> Option<&SessionConfig> {
        self.session.as_ref()
    }

    /// Where it was last referred to, a `tel:` or `sip:` URI.
    pub fn referred_to(&self) -> Option<&str> {
        self.referred_to.as_deref()
    }
}

/// All calls, and who waits for them.
#[derive(Clone)]
pub(super) struct CallRegistry(watch::Sender<Vec<CallEntry>>);

#[derive(Clone)]
struct CallEntry {
    call: CallRecord,
    line: Option<Arc<SharedSession>>,
}

impl CallEntry {
    /// Whether it is the call of this id, and has not come to its end.
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
    /// A call that comes in and is neither accepted nor rejected yet.
    pub(super) fn ring(&self, id: &str) {
        self.add(id, CallState::Ringing, None);
    }

    /// A call that is under way at once.
    pub(super) fn create(&self, id: &str, session: SessionConfig, line: Arc<SharedSession>) {
        self.add(id, CallState::Active, Some((session, line)));
    }

    fn add(
        &self,
        id: &str,
        state: CallState,
        session: Option<(SessionConfig, Arc<SharedSession>)>,
    ) {
        let (session, line) = session.unzip();
        let call = CallRecord {
            id: id.to_owned(),
            state,
            session,
            referred_to: None,
        };
        self.0.send_modify(|entries| {
            if entries.len() == MOST_CALLS {
                entries.remove(0);
            }
            entries.push(CallEntry { call, line });
        });
    }

    /// Whether there is a call of this id that has not come to its end.
    pub(super) fn check(&self, id: &str) -> Result<(), HttpRefusal> {
        let entries = self.0.borrow();
        let found = entries.iter().any(|entry| entry.is_open(id));
        if found { Ok(()) } else { Err(unknown()) }
    }

    /// Takes a ringing call.
    pub(super) fn accept(
        &self,
        id: &str,
        session: SessionConfig,
        line: Arc<SharedSession>,
    ) -> Result<(), HttpRefusal> {
        self.change(id, |entry| {
            ringing(entry)?;
            entry.call.state = CallState::Active;
            entry.call.session = Some(session);
            entry.line = Some(line);
            Ok(())
        })
    }

    /// Turns a ringing call away.
    pub(super) fn reject(&self, id: &str, status: u16) -> Result<(), HttpRefusal> {
        self.change(id, |entry| {
            ringing(entry)?;
            entry.call.state = CallState::Rejected(status);
            Ok(())
        })
    }

    /// Sends a call that is under way elsewhere.
    pub(super) fn refer(&self, id: &str, target: String) -> Result<(), HttpRefusal> {
        self.change(id, |entry| {
            if entry.call.state != CallState::Active {
                return Err(wrong_state("The call has not been accepted."));
            }
            entry.call.referred_to = Some(target);
            Ok(())
        })
    }

    /// Ends a call, and closes the sockets that are attached to it.
    pub(super) fn hang_up(&self, id: &str) -> Result<(), HttpRefusal> {
        let line = self.change(id, |entry| {
            entry.call.state = CallState::Ended;
            Ok(entry.line.take())
        })?;
        if let Some(line) = line {
            line.close(1000, "The call has ended.");
        }
        Ok(())
    }

    /// The session of a call that is under way.
    pub(super) fn line(&self, id: &str) -> Result<Arc<SharedSession>, HttpRefusal> {
        let entries = self.0.borrow();
        let entry = entries.iter().find(|entry| entry.call.id == id);
        entry
            .and_then(|entry| entry.line.clone())
            .ok_or_else(unknown)
    }

    /// The call of this id.
    pub(super) fn get(&self, id: &str) -> Option<CallRecord> {
        let entries = self.0.borrow();
        let entry = entries.iter().find(|entry| entry.call.id == id)?;
        Some(entry.call.clone())
    }

    /// Waits until the call of this id is there and fulfils a condition.
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

    /// Changes a call that has not come to its end.
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
