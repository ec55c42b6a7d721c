//! The responses that the client asked for, and those under way.

use super::Lost;
use crate::protocol::ErrorDetails;

/// Number of responses that are followed at a time. Services allow one in a conversation.
const MAX_RESPONSES: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Responses {
    /// Event ids of the requests that the server has neither begun nor refused.
    asked: Vec<Option<String>>,
    under_way: Vec<UnderWay>,
    /// Set when the server is to respond on its own to what the user said.
    expected: bool,
}

#[derive(Debug)]
struct UnderWay {
    id: String,
    /// False for a response beside the conversation, which leaves nothing in it.
    in_conversation: bool,
}

impl Responses {
    /// Notes a `response.create` of the client.
    pub(super) fn asked(&mut self, event_id: Option<String>) {
        if self.asked.len() < MAX_RESPONSES {
            self.asked.push(event_id);
        }
    }

    /// Notes that the server responds on its own.
    pub(super) fn expect(&mut self) {
        self.expected = true;
    }

    pub(super) fn begun(&mut self, id: String, in_conversation: bool) {
        self.expected = false;
        // Responses begin in the order of the requests.
        if !self.asked.is_empty() {
            self.asked.remove(0);
        }
        if self.under_way.len() < MAX_RESPONSES {
            self.under_way.push(UnderWay {
                id,
                in_conversation,
            });
        }
    }

    pub(super) fn ended(&mut self, id: &str) {
        self.under_way.retain(|response| response.id != id);
    }

    /// Notes an error. Where it names no event, its code and field say whether it refuses a
    /// request: the service leaves the id out of collisions, even if the request had one.
    pub(super) fn refused(&mut self, error: &ErrorDetails) {
        let event_id = error.event_id.as_deref();
        if event_id.is_none() && !refuses_a_response(error) {
            return;
        }
        let ids = self.asked.iter().map(|id| Some(id.as_deref()));
        if let Some(at) = refused_at(ids, event_id) {
            self.asked.remove(at);
        }
    }

    /// Returns true if this response is under way in the conversation.
    pub(super) fn has(&self, id: &str) -> bool {
        let mut under_way = self.under_way.iter();
        under_way.any(|response| response.in_conversation && response.id == id)
    }

    /// Returns true if no response is asked for, expected or under way.
    pub(super) fn are_settled(&self) -> bool {
        self.asked.is_empty() && self.under_way.is_empty() && !self.expected
    }

    /// Forgets all of them, and adds to `lost` what a new session lacks.
    pub(super) fn lose(&mut self, lost: &mut Vec<Lost>) {
        let Self {
            asked, under_way, ..
        } = std::mem::take(self);
        let begun = under_way
            .into_iter()
            .filter(|response| response.in_conversation)
            .map(|response| Some(response.id));
        let asked = asked.into_iter().map(|_| None);
        lost.extend(
            begun
                .chain(asked)
                .map(|response_id| Lost::Response { response_id }),
        );
    }
}

fn refuses_a_response(error: &ErrorDetails) -> bool {
    let param = error.param.as_deref().unwrap_or_default();
    error.code.as_deref() == Some("conversation_already_has_active_response")
        || param.starts_with("response")
}

/// Returns the place of the event that a server refused, among the unanswered ones (`Some`), each
/// with its own id. An error that names no event means the oldest without an id. If all have ids,
/// it means the oldest, as servers answer in order.
pub(super) fn refused_at<'e>(
    mut unanswered: impl Iterator<Item = Option<Option<&'e str>>> + Clone,
    refused: Option<&str>,
) -> Option<usize> {
    let by_id = unanswered
        .clone()
        .position(|event| event.is_some_and(|id| id == refused));
    if by_id.is_some() || refused.is_some() {
        return by_id;
    }
    unanswered.position(|event| event.is_some())
}
