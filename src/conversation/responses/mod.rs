//! Responses: at most one under way in the conversation, and an end for every request.

use std::collections::VecDeque;
use std::time::Duration;

use crate::protocol::{ClientEvent, Item, ResponseCancel, ResponseCreate, ServerEvent};

mod answers;
mod outcome;
mod refusals;
mod request;

pub use outcome::{
    CancelledBy, FinishedResponse, IncompleteReason, Outcome, RequestError, ResponseEnd,
    ResponseFailure, RetryAdvice,
};
pub use request::{FollowUp, ResponseTicket};

use request::{ActiveResponse, Cancellation, ResponseRequest, take_where};

/// Wait after a collision with a response that this client has not seen. It doubles each time.
const FIRST_RETRY: Duration = Duration::from_millis(250);

/// Number of timed out requests that are remembered.
const MAX_EXPIRED: usize = 32;

/// Time limits and attempts of [`Responses`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseLimits {
    /// Longest time from sending a request to its `response.created`, and from a cancellation to
    /// its `response.done`: 10 s unless set.
    pub begin: Duration,
    /// Longest time that a request waits for its turn: 2 minutes unless set.
    pub wait: Duration,
    /// Number of times that a request is sent if it collides: 8 unless set.
    pub attempts: u32,
}

impl Default for ResponseLimits {
    fn default() -> Self {
        Self {
            begin: Duration::from_secs(10),
            wait: Duration::from_secs(120),
            attempts: 8,
        }
    }
}

/// Arbiter of a conversation's responses: decides when each `response.create` is sent.
///
/// The service runs one response at a time in a conversation, and refuses a second one. Requests
/// therefore wait here:
///
/// - [`request`](Self::request) is for the application's own requests. They are sent in order, one
///   response each.
/// - [`request_follow_up`](Self::request_follow_up) is for replies to tools' outputs. Those that
///   wait side by side become one response. They wait while the user speaks. One that waits behind
///   a response that knew the outputs, such as the reply to what the user said meanwhile, is not
///   sent.
/// - Responses that the server begins on its own, by turn detection, are seen and waited for. If
///   one collides with a request, the request is sent again after it.
/// - Responses beside the conversation
///   ([`ResponseConversation::None`](crate::protocol::ResponseConversation::None)) run at any time.
///
/// A response names its request by its metadata, which the service returns. Of a server that does
/// not, a response that begins while a request is unanswered counts as its answer, unless it
/// follows the user's speech and the server responds to that on its own.
///
/// It does no I/O and has no clock: feed it with [`received`](Self::received) and
/// [`tick`](Self::tick), send what [`poll`](Self::poll) gives, and read the ends of responses from
/// [`poll_end`](Self::poll_end). Times are counted from any moment of the caller's choice.
///
/// ```
/// use std::time::Duration;
/// use openai_realtime_ws::conversation::{Outcome, Responses};
/// use openai_realtime_ws::protocol::{Events, ResponseCreate, ServerEvent};
///
/// let now = Duration::ZERO;
/// let mut responses = Responses::new();
/// let first = responses.request(now, ResponseCreate::default());
/// let second = responses.request(now, ResponseCreate::default());
///
/// // One request is sent; the other waits for the first response's end.
/// assert!(responses.poll().is_some() && responses.poll().is_none());
/// for event in [
///     r#"{"type":"response.created","response":{"id":"resp_1","status":"in_progress"}}"#,
///     r#"{"type":"response.done","response":{"id":"resp_1","status":"completed"}}"#,
/// ] {
///     responses.received(now, &ServerEvent::parse(event)?);
/// }
/// let end = responses.poll_end().unwrap();
/// assert_eq!(end.ticket, Some(first));
/// assert_eq!(end.result.unwrap().outcome, Outcome::Completed);
/// assert!(responses.poll().is_some());
/// # let _ = second;
/// # Ok::<(), openai_realtime_ws::ParseError>(())
/// ```
#[derive(Debug)]
pub struct Responses {
    limits: ResponseLimits,
    /// Start of the event ids that are made here.
    prefix: String,
    /// Number of tickets and events made so far.
    made: u64,
    /// Requests that wait for their turn, in order.
    waiting: VecDeque<ResponseRequest>,
    /// Requests that were sent and not begun.
    asked: Vec<ResponseRequest>,
    active: Vec<ActiveResponse>,
    outgoing: VecDeque<ClientEvent>,
    ends: VecDeque<ResponseEnd>,
    /// Names of requests that have timed out: their responses are not wanted any more.
    expired: VecDeque<String>,
    /// Set after a collision with a response that was not seen.
    retry_at: Option<Duration>,
    /// Set once the server returned a request's metadata: then a response without is not ours.
    echoes: bool,
    /// Number of responses that have begun.
    begun: u64,
    /// Calls whose outputs the server has, the newest of them.
    outputs: VecDeque<String>,
    /// Set if the server responds to speech on its own.
    responds: bool,
    speech: UserSpeech,
    connected: bool,
}

/// Turn of the user, as the server's turn detection sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UserSpeech {
    None,
    Started,
    Stopped,
    /// It is committed, and the server's own response to it comes next.
    Unanswered,
}

impl Default for Responses {
    fn default() -> Self {
        Self::new()
    }
}

impl Responses {
    /// Returns an arbiter with the default limits, on an open connection.
    #[must_use]
    pub fn new() -> Self {
        Self {
            limits: ResponseLimits::default(),
            prefix: "request_".to_owned(),
            made: 0,
            waiting: VecDeque::new(),
            asked: Vec::new(),
            active: Vec::new(),
            outgoing: VecDeque::new(),
            ends: VecDeque::new(),
            expired: VecDeque::new(),
            retry_at: None,
            echoes: false,
            begun: 0,
            outputs: VecDeque::new(),
            responds: true,
            speech: UserSpeech::None,
            connected: true,
        }
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: ResponseLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the start of the event ids that are made here: `request_` unless set. Set another for
    /// each client where several are attached to one session, as to a call.
    #[must_use]
    pub fn event_ids(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Asks for a response of its own, in its turn.
    pub fn request(&mut self, now: Duration, event: ResponseCreate) -> ResponseTicket {
        let request = self.make(now, event, false);
        let ticket = request.ticket();
        self.waiting.push_back(request);
        self.advance(now);
        ticket
    }

    /// Asks for a reply to what was just added, such as tools' outputs. Follow-ups that wait side
    /// by side are answered by one response, with the parameters of the last. One that names its
    /// calls is answered by any response that knew their outputs, if it has to wait for one.
    pub fn request_follow_up(
        &mut self,
        now: Duration,
        follow_up: impl Into<FollowUp>,
    ) -> ResponseTicket {
        let FollowUp { event, call_ids } = follow_up.into();
        let request = (self.make(now, event, true)).about(call_ids, &self.outputs, self.begun);
        let ticket = request.ticket();
        self.waiting.push_back(request);
        self.merge_follow_ups();
        self.advance(now);
        ticket
    }

    /// Cancels the conversation's response under way, or the request for it. Requests that wait
    /// are sent once it has ended. Returns false if there is nothing to cancel.
    pub fn cancel(&mut self, now: Duration) -> bool {
        let active = self.active.iter().position(|response| !response.aside);
        let asked = self.asked.iter().position(|request| !request.aside);
        self.cancel_at(now, active, asked)
    }

    /// Cancels the response that answers a request, or withdraws the request. Returns false if the
    /// request has ended.
    pub fn cancel_request(&mut self, now: Duration, ticket: ResponseTicket) -> bool {
        if let Some(at) = (self.waiting.iter()).position(|request| request.has(ticket))
            && let Some(request) = self.waiting.remove(at)
        {
            self.end_request(request, &RequestError::Withdrawn);
            self.advance(now);
            return true;
        }
        let is_ours = |response: &ActiveResponse| {
            (response.request.as_ref()).is_some_and(|request| request.has(ticket))
        };
        let active = self.active.iter().position(is_ours);
        let asked = self.asked.iter().position(|request| request.has(ticket));
        self.cancel_at(now, active, asked)
    }

    /// Returns the next event to send: a `response.create` or a `response.cancel`.
    pub fn poll(&mut self) -> Option<ClientEvent> {
        self.outgoing.pop_front()
    }

    /// Returns the next response or request that has ended.
    pub fn poll_end(&mut self) -> Option<ResponseEnd> {
        self.ends.pop_front()
    }

    /// Returns the id of the conversation's response under way, whoever asked for it.
    #[must_use]
    pub fn active(&self) -> Option<&str> {
        let response = self.active.iter().find(|response| !response.aside)?;
        Some(&response.id)
    }

    /// Returns the id of the response under way that answers a request.
    #[must_use]
    pub fn response_of(&self, ticket: ResponseTicket) -> Option<&str> {
        let answers = |response: &&ActiveResponse| {
            (response.request.as_ref()).is_some_and(|request| request.has(ticket))
        };
        Some(&self.active.iter().find(answers)?.id)
    }

    /// Returns true for a response under way that was asked for beside the conversation.
    #[must_use]
    pub fn is_aside(&self, response_id: &str) -> bool {
        let is_it = |response: &&ActiveResponse| response.id == response_id;
        (self.active.iter().find(is_it)).is_some_and(|response| response.aside)
    }

    /// Returns true if no response is under way and none is asked for.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.active.is_empty() && self.asked.is_empty() && self.waiting.is_empty()
    }

    /// Takes an event of the server. Only those about responses, speech, tools' outputs, settings
    /// and errors matter.
    pub fn received(&mut self, now: Duration, event: &ServerEvent) {
        match event {
            ServerEvent::ResponseCreated(event) => self.begun(now, &event.response),
            ServerEvent::ResponseDone(event) => self.done(&event.response),
            ServerEvent::Error(event) => self.refused(now, &event.error),
            ServerEvent::InputAudioBufferSpeechStarted(_) => self.speech = UserSpeech::Started,
            ServerEvent::InputAudioBufferSpeechStopped(_)
            | ServerEvent::InputAudioBufferTimeoutTriggered(_) => {
                self.speech = UserSpeech::Stopped;
            }
            ServerEvent::InputAudioBufferCommitted(_) => self.committed(),
            ServerEvent::InputAudioBufferCleared(_) => self.speech = UserSpeech::None,
            ServerEvent::SessionCreated(event) => return self.configured(&event.session),
            ServerEvent::SessionUpdated(event) => return self.configured(&event.session),
            ServerEvent::ConversationItemAdded(event) => return self.item_added(&event.item),
            ServerEvent::ConversationItemCreated(event) => return self.item_added(&event.item),
            ServerEvent::ResponseOutputItemDone(event) => return self.item_added(&event.item),
            _ => return,
        }
        self.advance(now);
    }

    /// Returns the time of the next [`tick`](Self::tick).
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        if !self.connected {
            return None;
        }
        let begin = |since: Duration| since.saturating_add(self.limits.begin);
        let waiting = (self.waiting.iter()).map(|request| request.since + self.limits.wait);
        let asked = self.asked.iter().map(|request| begin(request.since));
        let cancelled = (self.active.iter()).filter_map(|response| response.cancelled.as_ref());
        let cancelled = cancelled.map(|cancelled| begin(cancelled.at));
        let retry = self.retry_at.into_iter();
        waiting.chain(asked).chain(cancelled).chain(retry).min()
    }

    /// Tells the time: requests that waited too long end with an error.
    pub fn tick(&mut self, now: Duration) {
        if !self.connected {
            return;
        }
        let ResponseLimits { begin, wait, .. } = self.limits;
        let late = |since: Duration, bound: Duration| since.saturating_add(bound) <= now;
        let waiting = take_where(&mut self.waiting, |request| late(request.since, wait));
        let asked = take_where(&mut self.asked, |request| late(request.since, begin));
        for request in waiting.into_iter().chain(asked) {
            if self.expired.len() >= MAX_EXPIRED {
                self.expired.pop_front();
            }
            self.expired.extend(request.mark.clone());
            self.end_request(request, &RequestError::TimedOut);
        }
        // A response whose end is never told would hold up all others.
        let stuck = |response: &mut ActiveResponse| {
            (response.cancelled.as_ref()).is_some_and(|cancelled| late(cancelled.at, begin))
        };
        for response in take_where(&mut self.active, stuck) {
            self.end_active(response, &Err(RequestError::TimedOut));
        }
        self.retry_at.take_if(|at| *at <= now);
        self.advance(now);
    }

    /// Tells that the connection broke: responses under way have ended with
    /// [`RequestError::ConnectionLost`]. Requests that were not begun wait for
    /// [`connected`](Self::connected), so make sure that their events are not sent meanwhile.
    pub fn connection_lost(&mut self) {
        self.connected = false;
        self.speech = UserSpeech::None;
        self.retry_at = None;
        self.outgoing.clear();
        for response in std::mem::take(&mut self.active) {
            self.end_active(response, &Err(RequestError::ConnectionLost));
        }
        for request in std::mem::take(&mut self.asked).into_iter().rev() {
            if request.cancelled {
                self.end_request(request, &RequestError::Withdrawn);
            } else {
                self.waiting.push_front(request);
            }
        }
        self.merge_follow_ups();
    }

    /// Tells that there is a connection again, and that the conversation was put back on it.
    /// Waiting requests are sent, and their time starts again.
    pub fn connected(&mut self, now: Duration) {
        self.connected = true;
        for request in &mut self.waiting {
            request.since = now;
        }
        self.advance(now);
    }

    /// Ends everything with [`RequestError::Closed`]: the session is closed.
    pub fn close(&mut self) {
        self.connected = false;
        self.outgoing.clear();
        for response in std::mem::take(&mut self.active) {
            self.end_active(response, &Err(RequestError::Closed));
        }
        let asked = std::mem::take(&mut self.asked);
        for request in asked.into_iter().chain(std::mem::take(&mut self.waiting)) {
            self.end_request(request, &RequestError::Closed);
        }
    }

    fn make(&mut self, now: Duration, event: ResponseCreate, follow_up: bool) -> ResponseRequest {
        self.made += 1;
        ResponseRequest::new(&self.prefix, self.made, now, event, follow_up)
    }

    /// Sends the requests whose turn it is.
    fn advance(&mut self, now: Duration) {
        if !self.connected {
            return;
        }
        while let Some(at) = self.next_to_send()
            && let Some(mut request) = self.waiting.remove(at)
        {
            request.since = now;
            request.attempts += 1;
            self.outgoing.push_back(request.event.clone().into());
            self.asked.push(request);
        }
    }

    fn item_added(&mut self, item: &Item) {
        match item {
            Item::FunctionCallOutput(output) => self.output_added(&output.call_id),
            // The service has run it itself.
            Item::McpCall(call) if call.output.is_some() || call.error.is_some() => {
                self.output_added(&call.id);
            }
            _ => {}
        }
    }

    fn next_to_send(&self) -> Option<usize> {
        let busy = self.retry_at.is_some()
            || self.active.iter().any(|response| !response.aside)
            || self.asked.iter().any(|request| !request.aside);
        let speaking = self.speech == UserSpeech::Started;
        // The model must not begin to talk over the user because a tool has come back.
        let may_go =
            |request: &ResponseRequest| request.aside || !(busy || speaking && request.follow_up);
        self.waiting.iter().position(may_go)
    }

    fn merge_follow_ups(&mut self) {
        let mut merged: VecDeque<ResponseRequest> = VecDeque::with_capacity(self.waiting.len());
        for request in std::mem::take(&mut self.waiting) {
            match merged.back_mut() {
                Some(last) if last.follow_up && request.follow_up => last.merge(request),
                _ => merged.push_back(request),
            }
        }
        self.waiting = merged;
    }

    fn cancel_at(&mut self, now: Duration, active: Option<usize>, asked: Option<usize>) -> bool {
        if let Some(at) = active {
            self.send_cancel(now, at);
            return true;
        }
        let Some(request) = asked.and_then(|at| self.asked.get_mut(at)) else {
            return false;
        };
        // Its id is not known yet, and a cancellation without one could hit another response.
        request.cancelled = true;
        true
    }

    fn send_cancel(&mut self, now: Duration, at: usize) {
        if let Some(response) = self.active.get_mut(at)
            && response.cancelled.is_none()
        {
            self.made += 1;
            let event_id = format!("cancel_{}", self.made);
            let event = ResponseCancel::default()
                .response_id(response.id.as_str())
                .event_id(event_id.as_str());
            response.cancelled = Some(Cancellation { at: now, event_id });
            self.outgoing.push_back(event.into());
        }
    }

    fn end_request(&mut self, request: ResponseRequest, error: &RequestError) {
        self.end_tickets(request.tickets, None, &Err(error.clone()));
    }

    fn end_active(
        &mut self,
        response: ActiveResponse,
        result: &Result<FinishedResponse, RequestError>,
    ) {
        let tickets = response
            .request
            .map_or_else(Vec::new, |request| request.tickets);
        if tickets.is_empty() {
            self.ends.push_back(ResponseEnd {
                ticket: None,
                response_id: Some(response.id),
                result: result.clone(),
            });
        } else {
            self.end_tickets(tickets, Some(&response.id), result);
        }
    }

    fn end_tickets(
        &mut self,
        tickets: Vec<ResponseTicket>,
        response_id: Option<&str>,
        result: &Result<FinishedResponse, RequestError>,
    ) {
        self.ends
            .extend(tickets.into_iter().map(|ticket| ResponseEnd {
                ticket: Some(ticket),
                response_id: response_id.map(str::to_owned),
                result: result.clone(),
            }));
    }
}
