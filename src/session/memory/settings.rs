//! Settings that the client sent.

use std::collections::VecDeque;

use serde_json::Value;

use super::OVERHEAD;
use crate::protocol::{RawEvent, SessionUpdate, merge_settings};

/// Updates that wait for an answer, at most: a server that never answers must not make the list
/// grow.
const MAX_UNANSWERED: usize = 16;

/// The client's own updates, in order. Those that the server took are merged into one; one that it
/// refused is gone.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    updates: VecDeque<Update>,
}

#[derive(Debug)]
struct Update {
    event_id: Option<String>,
    session: Value,
    bytes: usize,
    taken: bool,
}

impl Settings {
    /// The client sent a `session.update`.
    pub(crate) fn sent(&mut self, event: &RawEvent) {
        let Ok(mut event) = serde_json::from_str::<Value>(event.text()) else {
            return;
        };
        let event_id = event.get("event_id").and_then(Value::as_str);
        let event_id = event_id.map(str::to_owned);
        let session = event.get_mut("session").map(Value::take);
        let session = session.unwrap_or_default();
        let known = |update: &Update| update.event_id == event_id && update.session == session;
        if event_id.is_some() && self.updates.iter().any(known) {
            // One that was restored, and that is remembered.
            return;
        }
        self.updates.push_back(Update {
            event_id,
            bytes: weigh(&session),
            session,
            taken: false,
        });
        if self.updates.len() > MAX_UNANSWERED {
            self.merge_first_two();
        }
    }

    /// The server took the oldest update that it had not answered.
    pub(crate) fn taken(&mut self) {
        if let Some(update) = self.updates.iter_mut().find(|update| !update.taken) {
            update.taken = true;
        }
        if self.updates.get(1).is_some_and(|update| update.taken) {
            self.merge_first_two();
        }
    }

    /// The server refused the update of this event id; if it names none, the oldest that has none.
    pub(crate) fn refused(&mut self, event_id: Option<&str>) {
        let refused = |update: &Update| !update.taken && update.event_id.as_deref() == event_id;
        if let Some(at) = self.updates.iter().position(refused) {
            self.updates.remove(at);
        }
    }

    /// Returns their size in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.updates.iter().map(|update| update.bytes).sum()
    }

    /// The updates for a new session. They are unanswered then.
    pub(crate) fn restore(&mut self, mut new_id: impl FnMut() -> String) -> Vec<SessionUpdate> {
        let updates = self.updates.iter_mut();
        updates
            .map(|update| {
                let id = new_id();
                update.taken = false;
                update.event_id = Some(id.clone());
                SessionUpdate::new(update.session.clone()).event_id(id)
            })
            .collect()
    }

    fn merge_first_two(&mut self) {
        if let (Some(mut first), Some(second)) =
            (self.updates.pop_front(), self.updates.pop_front())
        {
            merge_settings(&mut first.session, &second.session);
            self.updates.push_front(Update {
                bytes: weigh(&first.session),
                session: first.session,
                ..second
            });
        }
    }
}

fn weigh(session: &Value) -> usize {
    OVERHEAD + session.to_string().len()
}
