//! The asynchronous driver: a [`Connection`] on a [`Connector`]'s socket, moved by being polled.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytestring::ByteString;
use futures_core::Stream;
use futures_util::StreamExt;

use crate::config::Config;
use crate::connection::{Closed, Connection, SendError, SendErrorKind};
use crate::platform::BoxFuture;
use crate::protocol::raw::{ReadEvents as _, parse_text};
use crate::protocol::{ErrorKind, EventNames, Events, Protocol, Realtime};
use crate::transport::{CloseFrame, Connector, InvalidClose, Runtime};

mod drive;
mod error;
mod interlude;
mod listen;
mod listeners;
mod live_audio;
mod memory;
mod notices;
mod opening;
mod received;
mod receiver;
mod recovery;
mod renewal;
mod sender;
mod unpolled;
mod update;

pub use error::Error;
pub use interlude::Reconnected;
pub use listeners::ListenerId;
pub use live_audio::LiveAudio;
pub use memory::{Lost, Memory, Restoration, WhyLost};
pub use received::{RawEvents, Received, ReceivedEvents};
pub use receiver::Receiver;
pub use sender::Sender;
pub use update::{Update, Updates};

use drive::{Awaited, InboxItem, Socket, Step};
use interlude::Interlude;
use listeners::Listeners;
use renewal::Renewal;
use unpolled::Timer;

pub(crate) use memory::{OutputFormats, heard_text};
pub(crate) use unpolled::Unpolled;

/// Session with the model: a [`Stream`] of the server's events, and the way to send the client's.
///
/// # It moves by being polled
/// No task runs behind a session. While [`next`](Self::next), [`send`](Self::send),
/// [`emitted`](Self::emitted), [`run`](Self::run) or [`close`](Self::close) is awaited, the session
/// reads, writes the events that every [`Sender`] queued, and answers pings. Otherwise it rests,
/// and so does its connection: a server whose pings are not answered for long enough ends the
/// session. So keep one task polling, and do slow work in another, with a [`Sender`].
///
/// Leave the model's calls of tools to a [`Conversation`](crate::conversation::Conversation): it
/// runs them beside the session, answers each once, and asks for one reply when all outputs are
/// there and the response has ended. A loop that sends a `response.create` after every output has
/// its second request refused, and the reply lacks an output.
///
/// ```no_run
/// # use openai_realtime_ws::{Connector, Error, Session};
/// use openai_realtime_ws::conversation::{Conversation, ConversationEvent, Tools};
/// use openai_realtime_ws::protocol::FunctionTool;
/// # #[derive(serde::Deserialize)] struct City { name: String }
/// # async fn look_up(_: String) -> Result<String, Error> { Ok(String::new()) }
/// # async fn example<C: Connector>(rt: Session<C>, weather: FunctionTool) -> Result<(), Error> {
///
/// let tools = Tools::new().function(weather, |city: City| look_up(city.name));
/// let mut conversation = Conversation::new(rt).tools(tools);
/// conversation.handle().say("Is the weather better in Ulm or in Bern?");
/// while let Some(event) = conversation.next().await {
///     if let ConversationEvent::Text(event) = event? {
///         print!("{}", event.delta);
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # How it ends
/// The stream ends when the connection does. Before that it yields an [`Error`] if the connection
/// failed, or if the server closed it with another code than 1000. [`closed`](Self::closed) then
/// has the code, the reason and the unsent events. An error that leaves the session usable, such as
/// a frame that is no event, is yielded between the events. Dropping a session drops its socket.
///
/// # When the connection breaks
/// A broken connection is the end, unless [`Config::reconnect`] is set. Then the session
/// reconnects, and [`updates`](Self::updates) tell of it between the events. [`Config::restore`]
/// restores the conversation.
pub struct Session<C: Connector, P: Protocol = Realtime> {
    /// Shared with the senders, which wait by its clock.
    connector: Arc<C>,
    config: Config,
    connection: Connection,
    url: String,
    socket: Socket<C::Transport>,
    timer: Option<(Duration, BoxFuture<()>)>,
    sender: Sender<P>,
    awaited: Option<Awaited>,
    inbox: VecDeque<InboxItem>,
    inbox_bytes: usize,
    listeners: Listeners<P>,
    /// Set with [`Config::restore`].
    memory: Option<Box<Memory>>,
    /// Set with [`Config::renew`].
    renewal: Option<Box<Renewal<C::Transport>>>,
    closed: Option<Closed>,
    /// Set once the listeners know of the end.
    told_closed: bool,
    /// Number of the connection whose events are handed on now.
    generation: u64,
    /// Set once a log line has named the older event names.
    warned_of_names: bool,
    /// Cause of the socket's last failure, until the connection says what follows from it.
    cause: Option<Error>,
}

impl<C: Connector, P: Protocol> Session<C, P> {
    /// Opens a session. Returns when the connection is open.
    ///
    /// # Errors
    /// [`Error::Config`] before anything is opened; [`Error::Connect`] and
    /// [`Error::ConnectTimeout`].
    ///
    /// # Cancel safety
    /// Dropping the future gives up the attempt.
    pub async fn open(connector: C, config: Config) -> Result<Self, Error> {
        let mut limits = config.limits();
        if connector.runtime() != Runtime::Native {
            // Scripts cannot send pings.
            limits.keep_alive = None;
        }
        let connection = Connection::new(limits, connector.seed());
        let connector = Arc::new(connector);
        let timer = Timer::new(Arc::downgrade(&connector));
        let mut session = Self {
            // One queue: events of senders and of the session leave in the order of their calls.
            sender: Sender::new(connection.backlog().clone(), timer),
            connection,
            connector,
            memory: config
                .restores()
                .map(|restore| Box::new(Memory::new(restore.max_bytes))),
            renewal: limits.renew.then(|| Box::new(Renewal::new())),
            config,
            url: String::new(),
            socket: Socket::None,
            timer: None,
            awaited: None,
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            listeners: Listeners::new(),
            closed: None,
            told_closed: false,
            generation: 1,
            warned_of_names: false,
            cause: None,
        };
        session.connection.start(session.connector.now());
        poll_fn(|cx| {
            loop {
                match ready!(session.poll_step(cx, true)) {
                    Step::Opened => return Poll::Ready(Ok(())),
                    Step::Error(error) => return Poll::Ready(Err(error)),
                    Step::Ended => return Poll::Ready(Err(Error::Closed(session.ending()))),
                    Step::Message(_) | Step::Interlude(_) | Step::Progress => {}
                }
            }
        })
        .await?;
        Ok(session)
    }

    /// Sends an event. Returns when the socket has taken it.
    ///
    /// It polls the session meanwhile, so a whole recording can be sent from one task. Events that
    /// arrive are kept for `next`, up to 1 MiB of them; then the server is held back.
    ///
    /// # Errors
    /// [`SendError`] gives the event back when the session is closed, or ends before the event is
    /// written.
    ///
    /// # Cancel safety
    /// Once the future was polled and there was room, the event is queued, and dropping the future
    /// does not take it back.
    pub async fn send(&mut self, event: impl Into<P::Client>) -> Result<(), SendError<P::Client>> {
        let event = event.into();
        let mut raw = Some(event.encode());
        // While it is claimed, the event is not among the unsent ones: the caller has it.
        let mut claim = None;
        let sent = poll_fn(|cx| {
            loop {
                if let Some(waiting) = raw.take() {
                    match self.connection.backlog().push_claimed(waiting) {
                        Ok(claimed) => {
                            self.awaited = Some(Awaited::new(claimed.ticket()));
                            claim = Some(claimed);
                        }
                        // Room comes about by writing, below.
                        Err((waiting, SendErrorKind::Full)) => raw = Some(waiting),
                        Err((_, kind)) => return Poll::Ready(Err(kind)),
                    }
                }
                // In an outage the event is held back for the next connection, which is enough.
                let kept = self.awaited.is_none() || self.connection.is_reconnecting();
                if claim.is_some() && kept {
                    return Poll::Ready(Ok(()));
                }
                if self.closed.is_some() {
                    return Poll::Ready(Err(SendErrorKind::Closed));
                }
                ready!(self.poll_ahead(cx));
            }
        })
        .await;
        sent.map_err(|kind| SendError { event, kind })
    }

    /// Returns a handle that sends from elsewhere.
    pub fn sender(&self) -> Sender<P> {
        self.sender.clone()
    }

    /// Splits the session into a sending and a receiving half, for two tasks. The receiving half
    /// moves both, so it must be polled.
    pub fn split(self) -> (Sender<P>, Receiver<C, P>) {
        (self.sender(), Receiver::new(self))
    }

    /// Waits for the next event. Returns `None` at the end.
    ///
    /// # Errors
    /// The item is an [`Error`] where something went wrong: see the type's documentation.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost between two calls.
    #[expect(
        clippy::should_implement_trait,
        reason = "a session is a stream, not an iterator"
    )]
    pub fn next(&mut self) -> impl Future<Output = Option<Result<P::Server, Error>>> + Unpin {
        StreamExt::next(self)
    }

    /// Closes with code 1000 and the reason `OK`. See [`close_with`](Self::close_with).
    ///
    /// # Errors
    /// None today: every transport can close with 1000.
    ///
    /// # Cancel safety
    /// As for [`close_with`](Self::close_with).
    // Contract 67.
    pub async fn close(&mut self) -> Result<Closed, InvalidClose> {
        self.close_with(CloseFrame::NORMAL).await
    }

    /// Closes: sends the queued events, then the close frame, and waits for the peer's close frame,
    /// all within [`Config::close_timeout`]. Returns the peer's code and reason, and the unsent
    /// events; the code is 1006 if the peer did not answer. Events that arrived before the end, up
    /// to 1 MiB of them, can still be read.
    ///
    /// Closing a closed session returns how it ended. See [RFC 6455, section
    /// 7](https://www.rfc-editor.org/rfc/rfc6455#section-7) for codes and reasons.
    ///
    /// # Errors
    /// [`InvalidClose`] for a code that the transport may not send (in browsers all but 1000 and
    /// 3000 to 4999), or for a reason of more than 123 bytes. The session goes on then.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the session closing. Polling the session or calling `close` again
    /// goes on.
    pub async fn close_with(&mut self, frame: CloseFrame) -> Result<Closed, InvalidClose> {
        // Checked before anything changes: after an error the session goes on.
        let frame = frame.checked(C::may_close_with)?;
        self.connection.close(self.connector.now(), frame);
        loop {
            if self.closed.is_some() {
                poll_fn(|cx| self.poll_previous(cx)).await;
                self.tell_closed();
                return Ok(self.ending());
            }
            poll_fn(|cx| self.poll_ahead(cx)).await;
        }
    }

    /// Returns the URL of the connection, without any credential.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns how the session ended, once it has.
    pub fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// Returns the connector's time.
    #[inline]
    pub(crate) fn now(&self) -> Duration {
        self.connector.now()
    }

    /// Returns a random number of the connector.
    pub(crate) fn seed(&self) -> u64 {
        self.connector.seed()
    }

    /// Waits, as the connector does.
    pub(crate) fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        Box::pin(self.connector.sleep(duration))
    }

    /// Reads a message, and calls the listeners.
    #[inline]
    fn read(&mut self, text: &ByteString) -> Result<P::Server, Error> {
        log_event!(bytes = text.len(), "received");
        let read: Result<P::Server, Error> = parse_text(text, self.config.names());
        log_event!(
            event_type = read.as_ref().map_or("not an event", Events::event_type),
            "event"
        );
        if let Ok(event) = &read {
            self.heed_event(event);
        }
        self.listeners.emit(&read);
        read
    }

    /// Does what an event means for the connection.
    #[inline]
    fn heed_event(&mut self, event: &P::Server) {
        if let Some(at) = P::expires_at(event) {
            self.note_expiry(at);
        }
        if P::error(event).is_some_and(|event| event.error.kind() == ErrorKind::Fatal) {
            // Each attempt would be accepted, told the same and closed.
            self.connection.stop_reconnecting();
        }
        if event.known_type().is_none() {
            self.warn_of_older_names(event.event_type());
        }
    }

    /// Logs once that the server uses names of the beta protocol which the session does not read.
    #[cold]
    fn warn_of_older_names(&mut self, event_type: &str) {
        let is_older = self.config.names() == EventNames::Present
            && P::Server::present_name(event_type).is_some();
        if is_older && !std::mem::replace(&mut self.warned_of_names, true) {
            log_warning!(
                event_type,
                "the server uses event names of the beta protocol, which are not typed: \
                 set `Config::event_names` to `EventNames::Older`"
            );
        }
    }

    /// Calls the listeners of an error, and returns it.
    fn report(&mut self, error: Error) -> Error {
        self.listeners.emit_error(&error);
        error
    }

    /// Notes when the server ends the session. A time in the past means that one of the two clocks
    /// is wrong, and is passed over.
    fn note_expiry(&mut self, unix_seconds: u64) {
        let left = self
            .connector
            .unix_time()
            .map(|now| Duration::from_secs(unix_seconds).saturating_sub(now));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            self.connection.expires_in(self.connector.now(), left);
        }
    }

    fn ending(&self) -> Closed {
        self.closed.clone().unwrap_or(Closed {
            frame: CloseFrame::ABNORMAL,
            unsent: Vec::new(),
        })
    }
}

impl<C: Connector, P: Protocol> Stream for Session<C, P> {
    type Item = Result<P::Server, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let event = loop {
            match ready!(this.poll_item(cx)) {
                Some(InboxItem::Message(text)) => break this.read(&text),
                Some(InboxItem::Error(error)) => break Err(this.report(error)),
                // A stream of events has no place for them; `updates` yields them.
                Some(InboxItem::Interlude(told)) => this.tell(&told),
                None => {
                    this.tell_closed();
                    return Poll::Ready(None);
                }
            }
        };
        Poll::Ready(Some(event))
    }
}

/// Polling an ended session is harmless.
impl<C: Connector, P: Protocol> futures_core::stream::FusedStream for Session<C, P> {
    fn is_terminated(&self) -> bool {
        self.closed.is_some() && self.inbox.is_empty()
    }
}

impl<C: Connector, P: Protocol> fmt::Debug for Session<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("config", &self.config)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
