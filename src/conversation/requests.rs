//! Events of the client that the server acknowledges, and the acknowledgements.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_channel::oneshot;

use super::RequestError;
use crate::protocol::{
    ClientEvent, ConversationItemAdded, ConversationItemCreate, ConversationItemDelete,
    ConversationItemDeleted, ConversationItemRetrieve, ConversationItemRetrieved,
    ConversationItemTruncate, ConversationItemTruncated, ErrorDetails, Event,
    InputAudioBufferClear, InputAudioBufferCleared, InputAudioBufferCommit,
    InputAudioBufferCommitted, ServerEvent, SessionUpdate, SessionUpdated,
};
use crate::session::Unpolled;

/// Longest time that a request waits for its answer.
const LONGEST: Duration = Duration::from_secs(10);

/// Number of unanswered events that are followed.
const MAX_UNANSWERED: usize = 256;

/// Client event that the server acknowledges by an event of its own: see
/// [`ConversationHandle::request`](super::ConversationHandle::request).
pub trait Acknowledged: Event<Events = ClientEvent> + Into<ClientEvent> {
    /// Event by which the server says that it has carried out the client's event.
    type Acknowledgement: Event<Events = ServerEvent> + Clone;
}

macro_rules! acknowledged {
    ($($event:ident => $acknowledgement:ident;)+) => {
        $(impl Acknowledged for $event {
            type Acknowledgement = $acknowledgement;
        })+
    };
}

acknowledged! {
    ConversationItemCreate => ConversationItemAdded;
    ConversationItemDelete => ConversationItemDeleted;
    ConversationItemRetrieve => ConversationItemRetrieved;
    ConversationItemTruncate => ConversationItemTruncated;
    InputAudioBufferClear => InputAudioBufferCleared;
    InputAudioBufferCommit => InputAudioBufferCommitted;
    SessionUpdate => SessionUpdated;
}

/// Way of an answer to the one who waits for it.
pub(super) type Answer = oneshot::Sender<Result<ServerEvent, RequestError>>;

type Answered = oneshot::Receiver<Result<ServerEvent, RequestError>>;

/// Event that was sent and awaits its acknowledgement: a future of that.
///
/// # Errors
/// [`RequestError`] if the server refuses the event, or its answer does not come; after 30 seconds
/// in which nobody polls the conversation, [`RequestError::NotPolled`].
///
/// # Cancel safety
/// Dropping it does not withdraw the event.
#[derive(Debug)]
#[must_use = "the answer is in the future"]
pub struct PendingRequest<E> {
    answer: Answered,
    unpolled: Unpolled,
    event: PhantomData<fn() -> E>,
}

impl<E> PendingRequest<E> {
    pub(super) fn new(answer: Answered, unpolled: Unpolled) -> Self {
        Self {
            answer,
            unpolled,
            event: PhantomData,
        }
    }
}

impl<E: Acknowledged> Future for PendingRequest<E> {
    type Output = Result<E::Acknowledgement, RequestError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Poll::Ready(answer) = Pin::new(&mut self.answer).poll(cx) else {
            return (self.unpolled.poll(cx)).map(|()| Err(RequestError::NotPolled));
        };
        Poll::Ready(
            answer
                .unwrap_or(Err(RequestError::Closed))
                .and_then(|event| {
                    let event = E::Acknowledgement::from_events(&event);
                    event.cloned().ok_or(RequestError::Closed)
                }),
        )
    }
}

/// The sent events that the server has not acknowledged.
///
/// The server handles events in order, so an acknowledgement that names no item belongs to the
/// oldest event of its kind. Events that nobody waits for are therefore followed, too.
#[derive(Debug)]
pub(super) struct Unanswered {
    /// Start of the ids that are made here.
    prefix: String,
    made: u64,
    events: VecDeque<UnansweredEvent>,
}

#[derive(Debug)]
struct UnansweredEvent {
    event_id: String,
    /// Acknowledgement that is to come.
    expected: Expected,
    since: Duration,
    answer: Option<Answer>,
}

/// Acknowledgement of an event.
#[derive(Debug, PartialEq)]
enum Expected {
    Settings,
    Item(String),
    Deleted(String),
    Retrieved(String),
    Truncated(String),
    Committed,
    Cleared,
}

impl Unanswered {
    /// Returns an empty record, which makes ids that begin with this.
    pub(super) fn new(prefix: String) -> Self {
        Self {
            prefix,
            made: 0,
            events: VecDeque::new(),
        }
    }

    /// Gives an event an id if it needs one, and follows it.
    pub(super) fn follow(
        &mut self,
        now: Duration,
        event: &mut ClientEvent,
        answer: Option<Answer>,
    ) {
        let wanted = answer.is_some();
        let (event_id, expected) = match event {
            ClientEvent::SessionUpdate(event) => (&mut event.event_id, Expected::Settings),
            ClientEvent::InputAudioBufferCommit(event) => {
                (&mut event.event_id, Expected::Committed)
            }
            ClientEvent::InputAudioBufferClear(event) => (&mut event.event_id, Expected::Cleared),
            // These are told apart by their items, so the others need not be followed.
            ClientEvent::ConversationItemCreate(event) if wanted => {
                let id = event.item.id().map(str::to_owned);
                let id = id.unwrap_or_else(|| {
                    let id = self.new_id();
                    event.item.set_id(&id);
                    id
                });
                (&mut event.event_id, Expected::Item(id))
            }
            ClientEvent::ConversationItemDelete(event) if wanted => {
                let id = event.item_id.clone();
                (&mut event.event_id, Expected::Deleted(id))
            }
            ClientEvent::ConversationItemRetrieve(event) if wanted => {
                let id = event.item_id.clone();
                (&mut event.event_id, Expected::Retrieved(id))
            }
            ClientEvent::ConversationItemTruncate(event) if wanted => {
                let id = event.item_id.clone();
                (&mut event.event_id, Expected::Truncated(id))
            }
            _ => return,
        };
        let event_id = event_id.get_or_insert_with(|| self.new_id()).clone();
        // A server that acknowledges nothing must not make the record grow.
        if self.events.len() >= MAX_UNANSWERED {
            self.events.pop_front();
        }
        self.events.push_back(UnansweredEvent {
            event_id,
            expected,
            since: now,
            answer,
        });
    }

    /// Takes an event of the server: an acknowledgement or a refusal.
    #[inline]
    pub(super) fn received(&mut self, event: &ServerEvent) {
        if !self.events.is_empty() {
            self.answered(event);
        }
    }

    /// Returns the time at which the next request has waited too long.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let waiting = self.events.iter().filter(|event| event.answer.is_some());
        waiting
            .map(|event| event.since.saturating_add(LONGEST))
            .min()
    }

    /// Tells the time: requests that have waited too long end with an error. Their answers may
    /// still come, so they are followed on.
    pub(super) fn tick(&mut self, now: Duration) {
        for event in &mut self.events {
            if event.since.saturating_add(LONGEST) <= now {
                event.end(Err(RequestError::TimedOut));
            }
        }
    }

    /// Tells that the connection broke: events that the server had are not answered any more. The
    /// others, which are still to be sent, are told by their ids.
    pub(super) fn connection_lost(&mut self, is_to_be_sent: impl Fn(&str) -> bool) {
        let (kept, mut lost) = std::mem::take(&mut self.events)
            .into_iter()
            .partition::<VecDeque<_>, _>(|event| is_to_be_sent(&event.event_id));
        self.events = kept;
        for event in &mut lost {
            event.end(Err(RequestError::ConnectionLost));
        }
    }

    /// Tells that there is a connection again. Requests wait from now on, behind the `updates` by
    /// which the session is given its settings again.
    pub(super) fn connected(&mut self, now: Duration, updates: Vec<String>) {
        for event in &mut self.events {
            event.since = now;
        }
        for event_id in updates.into_iter().rev() {
            self.events.push_front(UnansweredEvent {
                event_id,
                expected: Expected::Settings,
                since: now,
                answer: None,
            });
        }
    }

    fn new_id(&mut self) -> String {
        self.made += 1;
        format!("{}{}", self.prefix, self.made)
    }

    fn answered(&mut self, event: &ServerEvent) {
        let expected = match event {
            ServerEvent::Error(event) => return self.refused(&event.error),
            ServerEvent::SessionUpdated(_) => Expected::Settings,
            ServerEvent::InputAudioBufferCommitted(_) => Expected::Committed,
            ServerEvent::InputAudioBufferCleared(_) => Expected::Cleared,
            ServerEvent::ConversationItemDeleted(event) => Expected::Deleted(event.item_id.clone()),
            ServerEvent::ConversationItemTruncated(event) => {
                Expected::Truncated(event.item_id.clone())
            }
            ServerEvent::ConversationItemRetrieved(event) => {
                Expected::Retrieved(event.item.id().unwrap_or_default().to_owned())
            }
            ServerEvent::ConversationItemAdded(event) => {
                Expected::Item(event.item.id().unwrap_or_default().to_owned())
            }
            ServerEvent::ConversationItemCreated(event) => {
                Expected::Item(event.item.id().unwrap_or_default().to_owned())
            }
            _ => return,
        };
        let is_it = |event: &UnansweredEvent| event.expected == expected;
        if let Some(at) = self.events.iter().position(is_it)
            && let Some(mut answered) = self.events.remove(at)
        {
            answered.end(Ok(acknowledgement(event)));
        }
    }

    /// An error names the event that it is about, but not always: without that, the field at fault
    /// says what was refused.
    fn refused(&mut self, error: &ErrorDetails) {
        // The server truncates as far as it can, and says so by the usual event.
        if error.message.contains("is already shorter than") {
            return;
        }
        let at = match error.event_id.as_deref() {
            Some(id) => self.events.iter().position(|event| event.event_id == id),
            None => (self.events.iter()).position(|event| event.expected.is_at_fault(error)),
        };
        if let Some(mut refused) = at.and_then(|at| self.events.remove(at)) {
            refused.end(Err(RequestError::Refused(error.clone())));
        }
    }
}

impl UnansweredEvent {
    fn end(&mut self, result: Result<ServerEvent, RequestError>) {
        if let Some(answer) = self.answer.take() {
            // Nobody need wait for it.
            let _ = answer.send(result);
        }
    }
}

impl Expected {
    fn is_at_fault(&self, error: &ErrorDetails) -> bool {
        let param = error.param.as_deref().unwrap_or_default();
        let code = error.code.as_deref().unwrap_or_default();
        match self {
            Self::Settings => param.starts_with("session"),
            Self::Item(_) => param.starts_with("item"),
            Self::Committed => code == "input_audio_buffer_commit_empty",
            Self::Deleted(_) | Self::Retrieved(_) | Self::Truncated(_) | Self::Cleared => false,
        }
    }
}

/// Returns the acknowledgement by its present name.
fn acknowledgement(event: &ServerEvent) -> ServerEvent {
    match event {
        ServerEvent::ConversationItemCreated(event) => {
            let mut added = ConversationItemAdded::default().item(event.item.clone());
            added.event_id.clone_from(&event.event_id);
            added.previous_item_id.clone_from(&event.previous_item_id);
            added.into()
        }
        event => event.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ErrorEvent, Events, RealtimeSession};

    const START: Duration = Duration::ZERO;

    /// Follows an event, and returns the future of its answer.
    fn ask(unanswered: &mut Unanswered, event: impl Acknowledged) -> Answered {
        let (answer, answered) = oneshot::channel();
        unanswered.follow(START, &mut event.into(), Some(answer));
        answered
    }

    fn answer(mut request: Answered) -> Option<RequestError> {
        let answer = request.try_recv().ok().flatten()?;
        Some(answer.expect_err("it was acknowledged"))
    }

    fn update() -> SessionUpdate {
        SessionUpdate::new(RealtimeSession::new())
    }

    #[test]
    fn a_request_ends_in_time_and_its_late_answer_is_not_anothers() {
        let mut unanswered = Unanswered::new("ask_".to_owned());
        assert_eq!(unanswered.wake_at(), None);
        let first = ask(&mut unanswered, update());
        let at = unanswered.wake_at().unwrap();
        assert_eq!(at, LONGEST);
        unanswered.tick(at);
        assert_eq!(answer(first), Some(RequestError::TimedOut));
        assert_eq!(unanswered.wake_at(), None);
        let mut second = ask(&mut unanswered, update());
        unanswered.received(&SessionUpdated::default().into());
        assert!(matches!(second.try_recv(), Ok(None)), "the first's");
        unanswered.received(&SessionUpdated::default().into());
        assert!(matches!(second.try_recv(), Ok(Some(Ok(_)))));
    }

    #[test]
    fn an_error_without_an_event_id_names_the_field_at_fault() {
        for (error, refused) in [
            (r#"{"message":"No.","param":"session.audio"}"#, 0),
            (r#"{"message":"No.","param":"item.content"}"#, 1),
            (
                r#"{"message":"No.","code":"input_audio_buffer_commit_empty"}"#,
                2,
            ),
            (r#"{"message":"No."}"#, 9),
        ] {
            let mut unanswered = Unanswered::new("ask_".to_owned());
            let settings = ask(&mut unanswered, update());
            let item = ask(&mut unanswered, ConversationItemCreate::user_text("Hello."));
            let committed = ask(&mut unanswered, InputAudioBufferCommit::default());
            let event = format!(r#"{{"type":"error","error":{error}}}"#);
            unanswered.received(&ServerEvent::parse(event).unwrap());
            let ended = [answer(settings), answer(item), answer(committed)];
            let at = ended.iter().position(Option::is_some);
            assert_eq!(at.unwrap_or(9), refused, "{error}");
        }
    }

    #[test]
    fn a_truncation_beyond_the_end_is_carried_out() {
        let mut unanswered = Unanswered::new("ask_".to_owned());
        let mut request = ask(
            &mut unanswered,
            ConversationItemTruncate::new("item_1", 900),
        );
        let details = ErrorDetails::default()
            .message("Audio content of 800ms is already shorter than 900ms")
            .event_id("ask_1");
        unanswered.received(&ErrorEvent::default().error(details).into());
        let truncated = ConversationItemTruncated::default()
            .item_id("item_1")
            .audio_end_ms(800_u64);
        unanswered.received(&truncated.clone().into());
        let answer = request.try_recv().unwrap().unwrap().unwrap();
        assert_eq!(answer, truncated.into());
    }

    #[test]
    fn the_record_does_not_grow_without_bound() {
        let mut unanswered = Unanswered::new("ask_".to_owned());
        for _ in 0..1000 {
            unanswered.follow(START, &mut update().into(), None);
        }
        assert_eq!(unanswered.events.len(), MAX_UNANSWERED);
    }
}
