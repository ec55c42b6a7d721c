//! A conversation whose connection breaks, and is replaced.

use std::collections::BTreeSet;

use super::{Conversation, ConversationEvent, ToolCall};
use crate::protocol::ClientEvent;
use crate::session::{Lost, Reconnected};
use crate::transport::Connector;

impl<C: Connector> Conversation<C> {
    /// What was under way is over. What was to be sent about it would be refused by a new session,
    /// and what the arbiter asked for it asks for again.
    pub(super) fn connection_lost(&mut self) {
        self.responses.connection_lost();
        self.history.connection_lost();
        self.turns.connection_lost();
        let pending = self.session.take_pending().into_iter();
        let kept = pending.filter(|event| !is_of_the_connection(event.event_type()));
        let kept: Vec<_> = kept.map(ClientEvent::from).collect();
        let mut outgoing = std::mem::take(&mut self.outgoing);
        outgoing.retain(|event| !is_of_the_connection(event.event_type()));
        self.outgoing = kept.into_iter().chain(outgoing).collect();
        let to_be_sent: BTreeSet<_> = (self.outgoing.iter())
            .filter_map(ClientEvent::event_id)
            .collect();
        self.unanswered
            .connection_lost(|event_id| to_be_sent.contains(event_id));
    }

    pub(super) fn reconnected(&mut self, reconnected: &Reconnected) {
        let renewed = !std::mem::take(&mut self.reconnecting);
        let lost_response = |lost: &Lost| matches!(lost, Lost::Response { .. });
        if renewed {
            // A renewal waits until nothing is under way, but it need not have seen everything.
            self.history.connection_lost();
            if reconnected.lost.iter().any(lost_response) {
                self.responses.connection_lost();
            }
        }
        let restored = reconnected.restored > 0;
        // After a renewal, the updates that restore the session also answer those under way.
        let updates = if renewed {
            Vec::new()
        } else {
            self.session.restored_updates()
        };
        self.unanswered.connected(self.session.now(), updates);
        let is_lost = |call: &ToolCall| {
            !restored
                || reconnected.lost.iter().any(|lost| {
                    matches!(lost, Lost::Item { item_id: Some(id), .. } if *id == call.item_id)
                })
        };
        let lost = self.calls.connection_lost(is_lost);
        self.lose_calls(lost);
        if !restored {
            self.announce_tools();
        }
        if let Some(playback) = &mut self.playback {
            playback.reconnected();
        }
        self.responses.connected(self.session.now());
    }

    pub(super) fn lose_calls(&mut self, calls: Vec<ToolCall>) {
        for call in calls {
            self.runs.stop(&call.call_id);
            self.events.push_back(ConversationEvent::ToolLost(call));
        }
    }
}

/// Returns true for an event about responses or audio of the connection that broke.
fn is_of_the_connection(event_type: &str) -> bool {
    matches!(
        event_type,
        "response.create" | "response.cancel" | "conversation.item.truncate"
    )
}
