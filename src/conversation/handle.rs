//! The way to act on a conversation from anywhere.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_channel::{mpsc, oneshot};

use super::requests::{Acknowledged, Answer, PendingRequest};
use super::{FinishedResponse, RequestError};
use crate::connection::SendError;
use crate::protocol::{
    Audio, ClientEvent, ConversationItemCreate, InputAudioBufferAppend, ResponseCreate,
};
use crate::session::{LiveAudio, Sender, Unpolled};

/// Handle that acts on a [`Conversation`](super::Conversation), from another task or a callback.
///
/// It can be cloned, and none of its methods waits, except [`append`](Self::append). What it asks
/// for happens while the conversation is polled, in order. It does not keep the conversation alive.
#[derive(Clone)]
pub struct ConversationHandle {
    sender: Sender,
    commands: mpsc::UnboundedSender<Command>,
}

pub(super) enum Command {
    Send(Box<ClientEvent>),
    Request(Box<ClientEvent>, Answer),
    Respond(
        ResponseCreate,
        oneshot::Sender<Result<FinishedResponse, RequestError>>,
    ),
    Cancel,
    Interrupt,
    Played {
        item_id: String,
        content_index: u32,
        ms: u64,
    },
    PlayedMark(String),
    Close,
}

impl ConversationHandle {
    pub(super) fn new(sender: Sender, commands: mpsc::UnboundedSender<Command>) -> Self {
        Self { sender, commands }
    }

    /// Says something as the user, in text, and asks for a response. It waits for its turn; call
    /// [`interrupt`](Self::interrupt) first to be answered at once.
    pub fn say(&self, text: impl Into<String>) -> PendingResponse {
        self.command(Command::Send(Box::new(
            ConversationItemCreate::user_text(text).into(),
        )));
        self.respond(ResponseCreate::default())
    }

    /// Asks for a response, in its turn.
    #[allow(clippy::must_use_candidate)] // The reply can be read from the events as well.
    pub fn respond(&self, event: ResponseCreate) -> PendingResponse {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Respond(event, answer));
        PendingResponse {
            answered,
            unpolled: self.sender.unpolled(),
        }
    }

    /// Sends any other event, such as an item or a `session.update`. A `response.create` waits for
    /// its turn, as with [`respond`](Self::respond).
    pub fn send(&self, event: impl Into<ClientEvent>) {
        self.command(Command::Send(Box::new(event.into())));
    }

    /// Sends an event that the server acknowledges, such as a `session.update` or an item, and
    /// returns a future of the acknowledgement.
    ///
    /// The event gets an `event_id` if it has none, so that an error finds it, and an item gets an
    /// id. The request ends with an error after 10 seconds without an answer. Nothing is awaited
    /// here: the event is sent even if the future is dropped.
    ///
    /// A commit of the input buffer under turn detection may be acknowledged by the server's own
    /// commit before it.
    ///
    /// ```
    /// # use openai_realtime_ws::conversation::{ConversationHandle, RequestError};
    /// use openai_realtime_ws::protocol::{RealtimeSession, SessionUpdate};
    ///
    /// # async fn example(handle: ConversationHandle) {
    /// let settings = RealtimeSession::new().instructions("Be brief.");
    /// match handle.request(SessionUpdate::new(settings)).await {
    ///     Ok(updated) => println!("the session has its settings: {:?}", updated.session),
    ///     Err(RequestError::Refused(error)) => println!("refused: {error}"),
    ///     Err(error) => println!("no answer: {error}"),
    /// }
    /// # }
    /// ```
    pub fn request<E: Acknowledged>(&self, event: E) -> PendingRequest<E> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Request(Box::new(event.into()), answer));
        PendingRequest::new(answered, self.sender.unpolled())
    }

    /// Adds audio to the input buffer, and waits for room in the queue.
    ///
    /// # Errors
    /// [`SendError`] gives the event back when the session is closed.
    ///
    /// # Cancel safety
    /// Dropping the future before it returns drops the audio.
    pub async fn append(&self, audio: Audio) -> Result<(), SendError<ClientEvent>> {
        let event = InputAudioBufferAppend::default().audio(audio);
        self.sender.send(event).await
    }

    /// Returns a handle for a microphone, whose audio must not fall behind: of more than `longest`,
    /// the oldest is dropped.
    #[must_use]
    pub fn live_audio(&self, longest: Duration) -> LiveAudio {
        self.sender.live_audio(longest)
    }

    /// Cancels the response under way.
    pub fn cancel(&self) {
        self.command(Command::Cancel);
    }

    /// Interrupts the model, as for a button: cancels the response under way, and tells the server
    /// how much was heard.
    pub fn interrupt(&self) {
        self.command(Command::Interrupt);
    }

    /// Tells how much of a content part was played, in milliseconds: see
    /// [`Playback::played_ms`](super::Playback::played_ms).
    pub fn played_ms(&self, item_id: impl Into<String>, content_index: u32, ms: u64) {
        let item_id = item_id.into();
        self.command(Command::Played {
            item_id,
            content_index,
            ms,
        });
    }

    /// Tells that a telephone line has played everything up to a mark: see
    /// [`Playback::played_mark`](super::Playback::played_mark).
    pub fn played_mark(&self, name: impl Into<String>) {
        self.command(Command::PlayedMark(name.into()));
    }

    /// Closes the session once everything that was asked for so far is sent. The conversation's
    /// stream then ends.
    pub fn close(&self) {
        self.command(Command::Close);
    }

    /// Returns true if the conversation has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.commands.is_closed() || self.sender.is_closed()
    }

    fn command(&self, command: Command) {
        // Once the conversation is gone, there is nothing to act on; requests end with `Closed`.
        let _ = self.commands.unbounded_send(command);
    }
}

impl fmt::Debug for ConversationHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConversationHandle")
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// Request for a response: a future of its end. It can be dropped, which changes nothing.
///
/// # Errors
/// [`RequestError`] if no response answers the request. A conversation that nobody polls answers
/// nothing: after 30 seconds the future ends with [`RequestError::NotPolled`].
///
/// # Cancel safety
/// Dropping it does not withdraw the request.
#[derive(Debug)]
pub struct PendingResponse {
    answered: oneshot::Receiver<Result<FinishedResponse, RequestError>>,
    unpolled: Unpolled,
}

impl Future for PendingResponse {
    type Output = Result<FinishedResponse, RequestError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match Pin::new(&mut self.answered).poll(cx) {
            Poll::Ready(answer) => Poll::Ready(answer.unwrap_or(Err(RequestError::Closed))),
            Poll::Pending => (self.unpolled.poll(cx)).map(|()| Err(RequestError::NotPolled)),
        }
    }
}
