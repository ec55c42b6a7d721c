//! Interruptions: what the server is told of the speech that was not heard.

use super::part::{Heard, PlayedPart};
use super::{Playback, remember};
use crate::protocol::{
    ClientEvent, ConversationItemDelete, ConversationItemTruncate, ResponseCancel,
};

/// Result of an interruption: what to send, and what was heard.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Interruption {
    /// Cancellation of the response under way. It is absent where the server cancels on its own, or
    /// where nothing is under way. Send it before the events, and only if nothing else cancels the
    /// response.
    pub cancel: Option<ResponseCancel>,
    /// A `conversation.item.truncate` or `conversation.item.delete` for each item that was not
    /// heard to its end.
    pub events: Vec<ClientEvent>,
    /// Heard part of each content part that was not heard to its end.
    pub heard: Vec<Heard>,
}

impl Interruption {
    /// Returns everything that is to be sent, in order.
    pub fn into_events(self) -> Vec<ClientEvent> {
        let cancel = self.cancel.map(ClientEvent::from);
        cancel.into_iter().chain(self.events).collect()
    }
}

impl Playback {
    /// Interrupts the model, as for a button: the response under way is cancelled, and what is
    /// queued is never played.
    ///
    /// The player must fall silent; a `Speaker` does so on its own.
    pub fn interrupt(&mut self) -> Interruption {
        let under_way = self
            .replies
            .iter()
            .find(|reply| !reply.is_done && reply.in_conversation && !self.is_cut(&reply.id));
        let cancel = under_way.map(|reply| ResponseCancel::default().response_id(&*reply.id));
        Interruption {
            cancel,
            ..self.settle_all()
        }
    }

    /// Ends everything that is queued or under way.
    pub(super) fn settle_all(&mut self) -> Interruption {
        self.marks.clear();
        #[cfg(feature = "audio")]
        if let Some(feed) = &mut self.feed {
            // This position is exact: no sample behind it will be pulled.
            let (position, rate) = (feed.cut(), feed.rate());
            for part in self.parts.iter_mut().filter(|part| part.is_queued()) {
                part.played_to(part.pulled_at(position, rate));
            }
        }
        let interruption = self.settle(|part| !part.is_late);
        for reply in &self.replies {
            remember(&mut self.cut, &reply.id);
        }
        self.forget();
        interruption
    }

    /// Decides what becomes of each part that matches: nothing if it was heard, a truncation, or
    /// with its whole item a deletion.
    pub(super) fn settle(&mut self, matches: impl Fn(&PlayedPart) -> bool) -> Interruption {
        let mut interruption = Interruption::default();
        let mut deleted: Vec<String> = Vec::new();
        for at in 0..self.parts.len() {
            let Some(part) = self
                .parts
                .get(at)
                .filter(|part| !part.is_settled && matches(part))
            else {
                continue;
            };
            let heard = part.heard();
            if !heard.is_whole() {
                let of_item = |other: &&PlayedPart| other.item_id == part.item_id;
                let mut siblings = self.parts.iter().filter(of_item);
                let any_heard = siblings.any(|other| other.played_ms() > 0);
                if !self.is_in_conversation(part) {
                    // The server has no item that it could change.
                } else if any_heard {
                    let truncate = ConversationItemTruncate::new(&*part.item_id, part.played_ms());
                    let truncate = truncate.content_index(part.content_index);
                    interruption.events.push(truncate.into());
                } else if !deleted.contains(&part.item_id) && !self.was_deleted(part) {
                    deleted.push(part.item_id.clone());
                    let delete = ConversationItemDelete::new(&*part.item_id);
                    interruption.events.push(delete.into());
                }
                interruption.heard.push(heard);
            }
        }
        for part in self.parts.iter_mut().filter(|part| matches(part)) {
            part.is_settled = true;
        }
        interruption
    }

    /// Returns true if an earlier interruption deleted the part's item: it settled some of it, and
    /// nothing was heard.
    fn was_deleted(&self, part: &PlayedPart) -> bool {
        let of_item = |other: &&PlayedPart| other.item_id == part.item_id;
        let mut siblings = self.parts.iter().filter(of_item);
        siblings.any(|other| other.is_settled && !other.heard().is_whole())
    }

    fn is_in_conversation(&self, part: &PlayedPart) -> bool {
        let reply = self
            .replies
            .iter()
            .find(|reply| reply.id == part.response_id);
        reply.is_none_or(|reply| reply.in_conversation) || self.added.contains(&part.item_id)
    }
}
