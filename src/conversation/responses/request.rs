//! A request for a response, on its way, and the response that answers it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::protocol::{ResponseConversation, ResponseCreate, ResponseParams};

/// Metadata key by which a response names its request. The service returns metadata unchanged.
const MARK: &str = "client_request";

/// Largest number of metadata entries that the service takes.
const MAX_METADATA: usize = 16;

/// Number of a request for a response: see [`Responses`](super::Responses).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResponseTicket(u64);

#[derive(Debug)]
pub(super) struct ResponseRequest {
    /// More than one after follow-ups were merged.
    pub(super) tickets: Vec<ResponseTicket>,
    pub(super) event: ResponseCreate,
    /// Value of the metadata key, if there was room for it.
    pub(super) mark: Option<String>,
    pub(super) follow_up: bool,
    /// Beside the conversation.
    pub(super) aside: bool,
    pub(super) cancelled: bool,
    pub(super) attempts: u32,
    /// Time since when it waits, or since when it is asked for.
    pub(super) since: Duration,
}

/// A response under way.
#[derive(Debug)]
pub(super) struct ActiveResponse {
    pub(super) id: String,
    /// Request that it answers; `None` for the server's own.
    pub(super) request: Option<ResponseRequest>,
    /// Set if the server named the request.
    pub(super) certain: bool,
    pub(super) aside: bool,
    pub(super) cancelled: Option<Cancellation>,
}

/// A `response.cancel` that was sent.
#[derive(Debug)]
pub(super) struct Cancellation {
    pub(super) at: Duration,
    pub(super) event_id: String,
}

impl ResponseRequest {
    pub(super) fn new(
        prefix: &str,
        number: u64,
        now: Duration,
        mut event: ResponseCreate,
        follow_up: bool,
    ) -> Self {
        let id = event
            .event_id
            .get_or_insert_with(|| format!("{prefix}{number}"))
            .clone();
        let params = event.response.get_or_insert_default();
        let metadata = params.metadata.get_or_insert_default();
        if metadata.len() < MAX_METADATA {
            metadata.entry(MARK.to_owned()).or_insert(id);
        }
        Self {
            tickets: vec![ResponseTicket(number)],
            mark: metadata.get(MARK).cloned(),
            follow_up,
            aside: is_aside(event.response.as_deref()),
            event,
            cancelled: false,
            attempts: 0,
            since: now,
        }
    }

    pub(super) fn ticket(&self) -> ResponseTicket {
        self.tickets.first().copied().unwrap_or(ResponseTicket(0))
    }

    pub(super) fn has(&self, ticket: ResponseTicket) -> bool {
        self.tickets.contains(&ticket)
    }

    pub(super) fn event_id(&self) -> Option<&str> {
        self.event.event_id.as_deref()
    }

    /// Lets one response answer both. The later parameters count.
    pub(super) fn merge(&mut self, later: Self) {
        self.tickets.extend(later.tickets);
        self.event = later.event;
        self.mark = later.mark;
        self.attempts = self.attempts.max(later.attempts);
    }
}

/// Returns the name of its request that a response carries.
pub(super) fn mark(metadata: &BTreeMap<String, String>) -> Option<&str> {
    metadata.get(MARK).map(String::as_str)
}

/// Removes the elements that fulfil a condition, in order.
pub(super) fn take_where<T, Q>(queue: &mut Q, mut fulfils: impl FnMut(&mut T) -> bool) -> Vec<T>
where
    Q: Default + Extend<T> + IntoIterator<Item = T>,
{
    let mut taken = Vec::new();
    let mut kept = Q::default();
    for mut element in std::mem::take(queue) {
        if fulfils(&mut element) {
            taken.push(element);
        } else {
            kept.extend([element]);
        }
    }
    *queue = kept;
    taken
}

/// Returns true for a response that stands beside the conversation.
fn is_aside(params: Option<&ResponseParams>) -> bool {
    params.is_some_and(|params| params.conversation == Some(ResponseConversation::None))
}
