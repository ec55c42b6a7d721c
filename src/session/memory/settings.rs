//! The client's configuration of a session.

use std::collections::VecDeque;

use serde_json::Value;

use super::OVERHEAD;
use super::responses::refused_at;
use crate::protocol::{RawEvent, SessionUpdate, merge_settings};

/// Number of updates that may be unanswered: a server that never answers must not make the list
/// grow.
const MAX_UNANSWERED: usize = 16;

/// The client's own updates, in order. Accepted updates are merged into one, refused ones are
/// dropped.
#[derive(Debug, Default)]
pub(super) struct Settings {
    updates: VecDeque<SettingsUpdate>,
}

#[derive(Debug)]
struct SettingsUpdate {
    event_id: Option<String>,
    session: Value,
    bytes: usize,
    taken: bool,
}

impl Settings {
    /// Records a `session.update` of the client.
    pub(super) fn sent(&mut self, event: &RawEvent) {
        let Ok(mut event) = serde_json::from_str::<Value>(event.text()) else {
            return;
        };
        let event_id = event.get("event_id").and_then(Value::as_str);
        let event_id = event_id.map(str::to_owned);
        let session = event.get_mut("session").map(Value::take);
        let session = session.unwrap_or_default();
        let known =
            |update: &SettingsUpdate| update.event_id == event_id && update.session == session;
        if event_id.is_some() && self.updates.iter().any(known) {
            // It was restored from this record.
            return;
        }
        self.updates.push_back(SettingsUpdate {
            event_id,
            bytes: weigh(&session),
            session,
            taken: false,
        });
        // A server that never answers must not make the record grow.
        if self.updates.len() > MAX_UNANSWERED {
            self.merge_first_two();
        }
    }

    /// Notes that the server accepted the oldest unanswered update.
    pub(super) fn taken(&mut self) {
        if let Some(update) = self.updates.iter_mut().find(|update| !update.taken) {
            update.taken = true;
        }
        if self.updates.get(1).is_some_and(|update| update.taken) {
            self.merge_first_two();
        }
    }

    /// Drops the update that the server refused: see [`refused_at`].
    pub(super) fn refused(&mut self, event_id: Option<&str>) {
        let ids = self
            .updates
            .iter()
            .map(|update| (!update.taken).then_some(update.event_id.as_deref()));
        if let Some(at) = refused_at(ids, event_id) {
            self.updates.remove(at);
        }
    }

    /// Returns the event ids of the updates that have one, in order.
    pub(super) fn event_ids(&self) -> Vec<String> {
        let ids = self.updates.iter().map(|update| update.event_id.clone());
        ids.flatten().collect()
    }

    /// Returns the size of the updates, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.updates.iter().map(|update| update.bytes).sum()
    }

    /// Returns the updates for a new session. They are unanswered from then on.
    pub(super) fn restore(&mut self, mut new_id: impl FnMut() -> String) -> Vec<SessionUpdate> {
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
            self.updates.push_front(SettingsUpdate {
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
