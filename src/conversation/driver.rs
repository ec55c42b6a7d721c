//! The pieces wired to a session, moved by being polled.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_channel::{mpsc, oneshot};
use futures_core::Stream;
use futures_util::StreamExt;

mod outage;

use super::handle::Command;
use super::requests::{Answer, Unanswered};
use super::tools::{FinishedRun, ToolRuns};
use super::{
    CancelledBy, ConversationEvent, ConversationHandle, FinishedResponse, History, Interruption,
    Outcome, Playback, RequestError, ResponseTicket, Responses, ToolCall, ToolCalls, Tools, Turns,
    Usage,
};
use crate::connection::Closed;
use crate::platform::BoxFuture;
use crate::protocol::{ClientEvent, ErrorKind, RealtimeSession, ServerEvent, SessionUpdate};
use crate::session::{Error, Sender, Session, Update};
use crate::transport::{Connector, InvalidClose};

/// A conversation with the model: a [`Stream`] of what happens, over a [`Session`].
///
/// It keeps the [`History`], asks for one response at a time ([`Responses`]), runs the model's
/// [`Tools`], tells turns ([`Turns`]) and counts tokens ([`Usage`]). With a [`Playback`] it also
/// tells the server how much of an interrupted reply was heard.
///
/// Like the session it moves by being polled: tools run inside it, unless [`Tools::run_on`] says
/// otherwise, and no task is spawned. Act on it by its [`handle`](Self::handle).
///
/// ```no_run
/// # #[cfg(all(feature = "native", feature = "schemars"))]
/// # mod example {
/// use openai_realtime_ws::conversation::{Conversation, ConversationEvent, Tools, TurnEvent};
/// use openai_realtime_ws::{Config, Error, OpenAIRealtimeWS};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct City {
///     name: String,
/// }
///
/// async fn example() -> Result<(), Error> {
///     let tools = Tools::new().tool("weather", "Current weather in a city", |city: City| async move {
///         format!("It is sunny in {}.", city.name)
///     });
///     let rt = OpenAIRealtimeWS::connect(Config::from_env()?.model("gpt-realtime-2.1")).await?;
///     let mut conversation = Conversation::new(rt).tools(tools);
///     conversation.handle().say("Is the weather better in Ulm or in Bern?");
///     while let Some(event) = conversation.next().await {
///         match event? {
///             ConversationEvent::Transcript(event) => print!("{}", event.delta),
///             ConversationEvent::Audio(event) => { /* decode and play event.delta */ }
///             ConversationEvent::ToolStarted(call) => println!("[{}]", call.name),
///             ConversationEvent::Turn(TurnEvent::TurnDone(_)) => println!(),
///             _ => {}
///         }
///     }
///     Ok(())
/// }
/// # }
/// ```
///
/// # When the connection breaks
/// With [`Config::reconnect`](crate::Config::reconnect) and
/// [`Config::restore`](crate::Config::restore) the conversation goes on: requests that were not
/// begun are sent again, calls of tools that the new session knows are answered, and the rest is
/// told ([`RequestError::ConnectionLost`], [`ConversationEvent::ToolLost`]). Without `restore` the
/// new session is empty: seed it, then call [`Session::flush_pending`].
pub struct Conversation<C: Connector> {
    session: Session<C>,
    sender: Sender,
    history: History,
    responses: Responses,
    tools: Tools,
    calls: ToolCalls,
    runs: ToolRuns,
    turns: Turns,
    usage: Usage,
    playback: Option<Playback>,
    handle: ConversationHandle,
    commands: mpsc::UnboundedReceiver<Command>,
    /// Events that wait for room in the session's queue.
    outgoing: VecDeque<ClientEvent>,
    events: VecDeque<ConversationEvent>,
    /// Events that the server is to acknowledge.
    unanswered: Unanswered,
    /// Those who wait for a response's end.
    waiting: BTreeMap<ResponseTicket, oneshot::Sender<Result<FinishedResponse, RequestError>>>,
    timer: Option<(Duration, BoxFuture<()>)>,
    /// Response that the application interrupted: what still arrives of it is not played.
    interrupted: Option<String>,
    reconnecting: bool,
    closing: bool,
    ended: bool,
}

impl<C: Connector> Conversation<C> {
    /// Takes a session, and returns its conversation.
    pub fn new(session: Session<C>) -> Self {
        let (commands, received) = mpsc::unbounded();
        let sender = session.sender();
        let tools = Tools::new();
        // Several clients may be attached to one session, so the names must differ.
        let seed = session.seed();
        let event_ids = format!("request_{seed:x}_");
        Self {
            handle: ConversationHandle::new(sender.clone(), commands),
            sender,
            session,
            history: History::new(),
            responses: Responses::new().event_ids(event_ids),
            calls: ToolCalls::new(tools.max_steps),
            tools,
            runs: ToolRuns::new(),
            turns: Turns::new(),
            usage: Usage::new(),
            playback: None,
            commands: received,
            outgoing: VecDeque::new(),
            events: VecDeque::new(),
            // An item's id has at most 32 characters.
            unanswered: Unanswered::new(format!("ask_{seed:x}_")),
            waiting: BTreeMap::new(),
            timer: None,
            interrupted: None,
            reconnecting: false,
            closing: false,
            ended: false,
        }
    }

    /// Gives the model tools. Their definitions go out in a `session.update`.
    #[must_use]
    pub fn tools(mut self, tools: Tools) -> Self {
        self.calls = ToolCalls::new(tools.max_steps);
        self.tools = tools;
        self.announce_tools();
        self
    }

    /// Tracks what is heard of the model's speech. The player must then report what it plays.
    #[must_use]
    pub fn playback(mut self, playback: Playback) -> Self {
        self.playback = Some(playback);
        self
    }

    /// Continues a history, such as a saved one. To put it into the session, too, send what
    /// [`History::seed`] gives.
    #[must_use]
    pub fn with_history(mut self, history: History) -> Self {
        self.history = history;
        self
    }

    /// Waits for the next event; `None` at the end.
    ///
    /// # Errors
    /// Those of the session, as they come: see [`Session::next`].
    ///
    /// # Cancel safety
    /// Nothing is lost between two calls.
    #[expect(
        clippy::should_implement_trait,
        reason = "a conversation is a stream, not an iterator"
    )]
    pub fn next(
        &mut self,
    ) -> impl Future<Output = Option<Result<ConversationEvent, Error>>> + Unpin {
        StreamExt::next(self)
    }

    /// Returns a handle that acts on the conversation.
    pub fn handle(&self) -> ConversationHandle {
        self.handle.clone()
    }

    /// Returns the history.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Returns the arbiter of responses.
    pub fn responses(&self) -> &Responses {
        &self.responses
    }

    /// Returns the observer of turns.
    pub fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Returns the count of tokens.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Returns the tracker of what is heard, to report to.
    pub fn playback_mut(&mut self) -> Option<&mut Playback> {
        self.playback.as_mut()
    }

    /// Returns the session.
    pub fn session(&self) -> &Session<C> {
        &self.session
    }

    /// Returns the session, for listeners and recovery. Do not read events from it: the
    /// conversation would miss them.
    pub fn session_mut(&mut self) -> &mut Session<C> {
        &mut self.session
    }

    /// Returns the session, and ends the conversation.
    pub fn into_session(self) -> Session<C> {
        self.session
    }

    /// Closes the session with code 1000: see [`Session::close`]. What still arrives can be read.
    ///
    /// # Errors
    /// Those of [`Session::close`].
    ///
    /// # Cancel safety
    /// Dropping the future leaves the session closing.
    pub async fn close(&mut self) -> Result<Closed, InvalidClose> {
        self.flush();
        self.session.close().await
    }

    fn announce_tools(&mut self) {
        if !self.tools.is_empty() {
            let session = RealtimeSession::new().tools(self.tools.definitions());
            self.queue(SessionUpdate::new(session).into(), None);
        }
    }

    /// Queues an event, and follows it if the server acknowledges it.
    fn queue(&mut self, mut event: ClientEvent, answer: Option<Answer>) {
        let now = self.session.now();
        self.unanswered.follow(now, &mut event, answer);
        self.outgoing.push_back(event);
    }

    fn obey(&mut self, command: Command) {
        let now = self.session.now();
        match command {
            Command::Send(event) => match *event {
                ClientEvent::ResponseCreate(event) => {
                    self.responses.request(now, event);
                }
                event => self.queue(event, None),
            },
            Command::Request(event, answer) => self.queue(*event, Some(answer)),
            Command::Respond(event, answer) => {
                let ticket = self.responses.request(now, event);
                self.waiting.insert(ticket, answer);
            }
            Command::Cancel => {
                self.responses.cancel(now);
            }
            Command::Interrupt => self.interrupt(now),
            Command::Played {
                item_id,
                content_index,
                ms,
            } => {
                if let Some(playback) = &mut self.playback {
                    playback.played_ms(&item_id, content_index, ms);
                }
            }
            Command::PlayedMark(name) => {
                if let Some(playback) = &mut self.playback {
                    playback.played_mark(&name);
                }
            }
            Command::Close => self.closing = true,
        }
        // In the order in which they were asked for.
        self.queue_requests();
    }

    fn interrupt(&mut self, now: Duration) {
        let active = self.responses.active().map(str::to_owned);
        let playback = self.playback.as_mut();
        let interruption = playback.map(Playback::interrupt).unwrap_or_default();
        let cancelled = self.responses.cancel(now);
        self.interrupted = active.or(self.interrupted.take());
        if cancelled || !interruption.heard.is_empty() {
            self.tell_interruption(interruption);
        }
    }

    fn tell_interruption(&mut self, mut interruption: Interruption) {
        // The arbiter has cancelled what is under way, and knows that it has.
        self.queue_requests();
        self.outgoing.extend(interruption.events.iter().cloned());
        interruption.cancel = None;
        self.events
            .push_back(ConversationEvent::Interrupted(interruption));
    }

    fn queue_requests(&mut self) {
        while let Some(event) = self.responses.poll() {
            self.outgoing.push_back(event);
        }
    }

    /// Lets the pieces see an event of the server, and tells of it.
    fn received(&mut self, event: ServerEvent) {
        let now = self.session.now();
        let is_aside = self.is_aside(&event);
        self.responses.received(now, &event);
        self.unanswered.received(&event);
        if !is_aside {
            for call in self.calls.received(&event) {
                self.runs.add(call.clone());
                self.events.push_back(ConversationEvent::ToolStarted(call));
            }
        }
        self.usage.received(&event);
        self.track_playback(now, &event);
        let change = self.history.apply(&event);
        if change != super::Change::Unchanged {
            self.events.push_back(ConversationEvent::History(change));
        }
        if self.playback.is_none() && is_cut_by_speech(&event) {
            self.events
                .push_back(ConversationEvent::Interrupted(Interruption::default()));
        }
        if let Some(turn) = self.turns.received(now, &event) {
            self.events.push_back(ConversationEvent::Turn(turn));
        }
        self.events.extend(self.told(event));
    }

    /// Returns true for an event of a response beside the conversation, whose calls cannot be
    /// answered in it.
    fn is_aside(&self, event: &ServerEvent) -> bool {
        match event {
            ServerEvent::ResponseOutputItemDone(event) => {
                self.responses.is_aside(&event.response_id)
            }
            ServerEvent::ResponseDone(event) => self.responses.is_aside(&event.response.id),
            _ => false,
        }
    }

    fn track_playback(&mut self, now: Duration, event: &ServerEvent) {
        let Some(interruption) =
            (self.playback.as_mut()).and_then(|playback| playback.received(event))
        else {
            return;
        };
        if interruption.cancel.is_some() {
            self.responses.cancel(now);
        }
        if matches!(event, ServerEvent::ResponseDone(_)) {
            // The player fell silent before: this settles what arrived since.
            self.outgoing.extend(interruption.events);
        } else {
            self.tell_interruption(interruption);
        }
    }

    /// Returns the event of the conversation that stands for an event of the server.
    fn told(&self, event: ServerEvent) -> Option<ConversationEvent> {
        Some(match event {
            ServerEvent::ResponseOutputTextDelta(event) => ConversationEvent::Text(event),
            ServerEvent::ResponseOutputAudioTranscriptDelta(event) => {
                ConversationEvent::Transcript(event)
            }
            ServerEvent::ResponseOutputAudioDelta(event) => {
                let is_interrupted = self.interrupted.as_ref() == Some(&event.response_id);
                let plays = (self.playback.as_ref()).is_none_or(|playback| playback.plays(&event));
                if is_interrupted || !plays {
                    return None;
                }
                ConversationEvent::Audio(event)
            }
            ServerEvent::ConversationItemInputAudioTranscriptionCompleted(event) => {
                ConversationEvent::UserTranscript(event)
            }
            ServerEvent::Error(event) => {
                let kind = event.error.kind();
                if matches!(kind, ErrorKind::Harmless | ErrorKind::Deferred) {
                    return None;
                }
                ConversationEvent::ServerError(event)
            }
            event => ConversationEvent::Other(Box::new(event)),
        })
    }

    fn updated(&mut self, update: Update) {
        match update {
            Update::Event(event) => self.received(event),
            Update::Reconnecting(next) => {
                if !self.reconnecting {
                    self.reconnecting = true;
                    self.connection_lost();
                }
                self.events.push_back(ConversationEvent::Reconnecting(next));
            }
            Update::Reconnected(now) => {
                self.reconnected(&now);
                self.events.push_back(ConversationEvent::Reconnected(now));
            }
            Update::Expiring(soon) => self.events.push_back(ConversationEvent::Expiring(soon)),
        }
    }

    fn finished(&mut self, run: FinishedRun) {
        let FinishedRun { call, result } = run;
        if let Some(event) = self.calls.answer(&call.call_id, &result) {
            self.outgoing.push_back(event);
            self.events
                .push_back(ConversationEvent::ToolDone { call, result });
        }
    }

    /// Moves what the pieces have to say on to the session and to the application.
    fn pump(&mut self) {
        // The outputs go out before the request for a reply to them.
        while let Some(follow_up) = self.calls.poll_follow_up() {
            (self.responses).request_follow_up(self.session.now(), follow_up);
        }
        self.queue_requests();
        while let Some(end) = self.responses.poll_end() {
            if let Some(answer) = end.ticket.and_then(|ticket| self.waiting.remove(&ticket)) {
                // Nobody need wait for it.
                let _ = answer.send(end.result.clone());
            }
            self.events.push_back(ConversationEvent::Response(end));
        }
    }

    /// Queues events for the session as far as there is room. Returns true if any was queued.
    fn flush(&mut self) -> bool {
        let mut moved = false;
        while let Some(event) = self.outgoing.pop_front() {
            if let Err(refused) = self.sender.try_send(event) {
                self.outgoing.push_front(refused.event);
                break;
            }
            moved = true;
        }
        moved
    }

    /// Ready when the time has come for something.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let unanswered = (self.unanswered.wake_at()).filter(|_| !self.reconnecting);
        let wake = (self.responses.wake_at().into_iter())
            .chain(self.runs.wake_at())
            .chain(unanswered)
            .min();
        let Some(at) = wake else {
            self.timer = None;
            return Poll::Pending;
        };
        if self.timer.as_ref().is_none_or(|(set, _)| *set != at) {
            let wait = at.saturating_sub(self.session.now());
            self.timer = Some((at, self.session.sleep(wait)));
        }
        if let Some((_, timer)) = &mut self.timer {
            std::task::ready!(timer.as_mut().poll(cx));
        }
        self.timer = None;
        let now = at.max(self.session.now());
        self.responses.tick(now);
        if !self.reconnecting {
            self.unanswered.tick(now);
        }
        Poll::Ready(())
    }

    /// The session has ended, and with it everything that waits.
    fn end(&mut self) {
        self.ended = true;
        self.responses.close();
        self.pump();
        let lost: Vec<_> = self.calls.open().cloned().collect();
        self.lose_calls(lost);
        self.waiting.clear();
        self.unanswered = Unanswered::new(String::new());
        self.commands.close();
        // Requests that were not seen end as their senders are dropped.
        while self.commands.try_recv().is_ok() {}
    }

    /// Takes what the application asks for, and what tools have to say.
    fn poll_inside(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(command)) = self.commands.poll_next_unpin(cx) {
            self.obey(command);
        }
        if !self.runs.is_empty() {
            while let Poll::Ready(run) = self.runs.poll(cx, self.session.now(), &self.tools) {
                self.finished(run);
            }
        }
        self.pump();
        self.flush();
        if self.closing && self.outgoing.is_empty() {
            self.closing = false;
            // Polled once, it is on its way; the stream tells the rest.
            let _ = pin!(self.session.close()).poll(cx);
        }
    }
}

impl<C: Connector> Stream for Conversation<C> {
    type Item = Result<ConversationEvent, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(event) = this.events.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            if this.ended {
                return Poll::Ready(None);
            }
            this.poll_inside(cx);
            if !this.events.is_empty() {
                continue;
            }
            match this.session.updates().poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(update))) => this.updated(update),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => this.end(),
                Poll::Pending => {
                    // What the session wrote meanwhile made room for what waits.
                    if !this.flush() && this.poll_timer(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

impl<C: Connector> fmt::Debug for Conversation<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation")
            .field("session", &self.session)
            .field("entries", &self.history.entries().len())
            .field("tools", &self.tools)
            .finish_non_exhaustive()
    }
}

/// Returns true for the end of a response that the user's speech has interrupted.
fn is_cut_by_speech(event: &ServerEvent) -> bool {
    match event {
        ServerEvent::ResponseDone(event) => {
            Outcome::of(&event.response) == Outcome::Cancelled(CancelledBy::Speech)
        }
        _ => false,
    }
}
