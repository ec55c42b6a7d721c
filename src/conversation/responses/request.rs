//! A request for a response, on its way, and the response that answers it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::protocol::{ResponseConversation, ResponseCreate, ResponseParams};

/// Metadata key by which a response names its request. The service returns metadata unchanged.
const MARK: &str = "client_request";

/// Largest number of metadata entries that the service takes.
const MAX_METADATA: usize = 16;

/// Number of a request for a response: see [`Responses`](super::Responses).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResponseTicket(u64);

/// Request for a reply to tools' outputs: see
/// [`Responses::request_follow_up`](super::Responses::request_follow_up).
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct FollowUp {
    /// The request.
    pub event: ResponseCreate,
    /// Ids of the calls whose outputs the reply is about. If it is empty, the request is always
    /// sent.
    pub call_ids: Vec<String>,
}

impl From<ResponseCreate> for FollowUp {
    fn from(event: ResponseCreate) -> Self {
        let call_ids = Vec::new();
        Self { event, call_ids }
    }
}

#[derive(Debug)]
pub(super) struct ResponseRequest {
    /// More than one after follow-ups were merged.
    pub(super) tickets: Vec<ResponseTicket>,
    pub(super) event: ResponseCreate,
    /// Value of the metadata key, if there was room for it.
    pub(super) mark: Option<String>,
    pub(super) follow_up: bool,
    /// Calls whose outputs the server has not added to the conversation.
    unknown: Vec<String>,
    /// Number of the responses that had begun when the server knew all outputs that this follow-up
    /// is about.
    pub(super) known_since: Option<u64>,
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
    /// Its place among the responses that have begun; 0 if its beginning was not seen.
    pub(super) number: u64,
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
        // The service refuses more; without a mark the order tells which response answers.
        if metadata.len() < MAX_METADATA {
            metadata.entry(MARK.to_owned()).or_insert(id);
        }
        Self {
            tickets: vec![ResponseTicket(number)],
            mark: metadata.get(MARK).cloned(),
            follow_up,
            unknown: Vec::new(),
            known_since: None,
            aside: is_aside(event.response.as_deref()),
            event,
            cancelled: false,
            attempts: 0,
            since: now,
        }
    }

    /// Notes the calls that this follow-up is about, but for those whose outputs the server has.
    pub(super) fn about(
        mut self,
        calls: Vec<String>,
        known: &VecDeque<String>,
        begun: u64,
    ) -> Self {
        let is_known = !calls.is_empty();
        self.unknown = calls;
        self.unknown.retain(|call| !known.contains(call));
        self.known_since = (is_known && self.unknown.is_empty()).then_some(begun);
        self
    }

    /// Notes that the server has the output of a call, after this many responses have begun.
    pub(super) fn output_added(&mut self, call_id: &str, begun: u64) {
        if self.unknown.iter().any(|call| call == call_id) {
            self.unknown.retain(|call| call != call_id);
            self.known_since = self.unknown.is_empty().then_some(begun);
        }
    }

    /// Returns true if the request leaves input, instructions and tools as the session has them.
    pub(super) fn is_plain(&self) -> bool {
        (self.event.response.as_ref()).is_none_or(|params| {
            params.input.is_none()
                && params.instructions.is_none()
                && (params.tool_choice.is_none() || self.follow_up)
        })
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
        // The later request knows more of what the user wants.
        self.event = later.event;
        self.mark = later.mark;
        self.known_since = match (self.known_since, later.known_since) {
            (Some(first), Some(second)) => Some(first.max(second)),
            _ => None,
        };
        self.unknown.extend(later.unknown);
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
