//! The asynchronous driver: a [`Connection`] on a [`Connector`]'s socket, moved by being polled.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytestring::ByteString;
use futures_core::Stream;
use futures_util::{SinkExt, StreamExt};

use crate::BoxFuture;
use crate::MaybeSend;
use crate::connection::{Closed, Connection, Notice};
use crate::emitter::{Emitter, ListenerId};
use crate::endpoint::{Config, CredentialError};
use crate::error::{Error, SendError, SendErrorKind};
use crate::protocol::raw::parse;
use crate::protocol::{Event, Events, Protocol, RawEvent, Realtime};
use crate::transport::{CloseFrame, Connector, Frame, TransportError};

mod memory;
mod outbox;
mod receiver;

pub use memory::{Lost, Memory, Restoration, WhyLost};
pub use outbox::{DroppedAudio, LiveAudio, Sender};
pub use receiver::Receiver;

use outbox::{Outbox, outbox};

/// How many bytes of messages are read ahead while only sending or closing is awaited. Beyond them the socket's own flow
/// control holds the server back.
const MAX_INBOX_BYTES: usize = 1024 * 1024;

/// A conversation over one connection: a [`Stream`] of the server's events, and the way to send the client's.
///
/// # It moves by being polled
/// No task runs behind it. While [`next`](StreamExt::next), [`send`](Self::send), [`emitted`](Self::emitted),
/// [`run`](Self::run) or [`close`](Self::close) is awaited, it reads, writes what every [`Sender`] queued, and answers
/// pings. While none is, it rests, and so does the connection: a server that gets no answer to its pings for long
/// enough gives the session up. So keep one task polling, and do slow work, such as a tool's call, in another:
///
/// ```no_run
/// # use futures_util::StreamExt;
/// # use openai_realtime_ws::{Connector, Error, Sender, ServerEvent, Session};
/// # use openai_realtime_ws::protocol::{ConversationItemCreate, ResponseCreate};
/// # async fn look_up(_: String) -> String { String::new() }
/// # fn spawn(_: impl Future<Output = ()>) {}
/// # async fn example<C: Connector>(mut rt: Session<C>) -> Result<(), Error> {
/// while let Some(event) = rt.next().await {
///     if let ServerEvent::ResponseFunctionCallArgumentsDone(call) = event? {
///         let sender = rt.sender();
///         spawn(async move {
///             let output = look_up(call.arguments).await;
///             let result = ConversationItemCreate::function_output(call.call_id, output);
///             if sender.send(result).await.is_ok() {
///                 let _ = sender.send(ResponseCreate::default()).await;
///             }
///         });
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # How it ends
/// The stream ends when the connection does. Before that it yields an [`Error`] if the connection failed, or if the
/// server closed it with another code than 1000; [`closed`](Self::closed) then has the code, the reason and what was
/// not sent. An error that leaves the session usable, such as a frame that is no event, is yielded between the events.
/// Dropping a session drops its socket.
pub struct Session<C: Connector, P: Protocol = Realtime> {
    connector: C,
    config: Config,
    connection: Connection,
    url: String,
    socket: Socket<C::Transport>,
    timer: Option<(Duration, BoxFuture<()>)>,
    sender: Sender<P>,
    outbox: Outbox,
    /// How many of the events that were sent have been written and flushed.
    written: u64,
    flushed: u64,
    inbox: VecDeque<Result<ByteString, Error>>,
    inbox_bytes: usize,
    emitter: Emitter<P>,
    /// What was given up, for [`Closed::unsent`].
    unsent: Vec<RawEvent>,
    closed: Option<Closed>,
}

enum Socket<T> {
    None,
    Resolving(BoxFuture<Result<Config, CredentialError>>),
    Connecting(BoxFuture<Result<T, TransportError>>),
    Open {
        transport: T,
        close: Option<CloseFrame>,
        dirty: bool,
    },
}

/// What a step of driving brought.
enum Step {
    Opened,
    Message(ByteString),
    Error(Error),
    /// Something moved, such as what was written: look again.
    Progress,
    Ended,
}

impl<C: Connector, P: Protocol> Session<C, P> {
    /// Opens a session, and returns when the connection is open.
    ///
    /// # Errors
    /// [`Error::Config`] before anything is opened; [`Error::Connect`] and [`Error::ConnectTimeout`].
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    pub async fn open(connector: C, config: Config) -> Result<Self, Error> {
        let limits = config.limits();
        let (sender, outbox) = outbox(limits.max_queue_bytes);
        let mut session = Self {
            connection: Connection::new(limits),
            connector,
            config,
            url: String::new(),
            socket: Socket::None,
            timer: None,
            sender,
            outbox,
            written: 0,
            flushed: 0,
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            emitter: Emitter::new(),
            unsent: Vec::new(),
            closed: None,
        };
        session.connection.start(session.connector.now());
        poll_fn(|cx| {
            loop {
                match ready!(session.poll_step(cx, true)) {
                    Step::Opened => return Poll::Ready(Ok(())),
                    Step::Error(error) => return Poll::Ready(Err(error)),
                    Step::Ended => return Poll::Ready(Err(Error::Closed(session.ending()))),
                    Step::Message(_) | Step::Progress => {}
                }
            }
        })
        .await?;
        Ok(session)
    }

    /// Sends an event, and returns when the socket has taken it.
    ///
    /// Events that arrive meanwhile are kept for [`next`](StreamExt::next).
    ///
    /// # Errors
    /// [`SendError`] gives the event back when the session is closed, or ends before the event is written.
    ///
    /// # Cancel safety
    /// Once it was polled and there was room, the event is queued, and dropping the future does not take it back.
    pub async fn send(&mut self, event: impl Into<P::Client>) -> Result<(), SendError<P::Client>> {
        let event = event.into();
        let raw = event.encode();
        let mut number = None;
        let sent = poll_fn(|cx| {
            loop {
                if number.is_none() {
                    match self.sender.push(raw.clone()) {
                        Ok(pushed) => number = Some(pushed),
                        // Room comes about by writing, below.
                        Err(SendErrorKind::Full) => {}
                        Err(kind) => return Poll::Ready(Err(kind)),
                    }
                }
                if number.is_some_and(|number| self.flushed >= number) {
                    return Poll::Ready(Ok(()));
                }
                if self.closed.is_some() {
                    return Poll::Ready(Err(SendErrorKind::Closed));
                }
                ready!(self.poll_ahead(cx));
            }
        })
        .await;
        sent.map_err(|kind| {
            // It goes back to the caller here, so it is not among what was left over.
            let reported = self.inbox.iter_mut().filter_map(|item| match item {
                Err(Error::Closed(closed)) => Some(closed),
                _ => None,
            });
            for closed in self.closed.iter_mut().chain(reported) {
                closed
                    .unsent
                    .retain(|left| left.text().as_ptr() != raw.text().as_ptr());
            }
            SendError { event, kind }
        })
    }

    /// A handle that sends from elsewhere.
    pub fn sender(&self) -> Sender<P> {
        self.sender.clone()
    }

    /// The sending and the receiving half, for two tasks. The receiving half moves both, so it must be polled.
    pub fn split(self) -> (Sender<P>, Receiver<C, P>) {
        (self.sender(), Receiver::new(self))
    }

    /// Closes with code 1000 and the reason `OK` (contract 67). See [`close_with`](Self::close_with).
    ///
    /// # Errors
    /// None; it returns a `Result` so that it reads like the rest.
    pub async fn close(&mut self) -> Result<Closed, Error> {
        self.close_with(CloseFrame::NORMAL).await
    }

    /// Closes: sends what is queued, then the close frame, and waits for the peer's, all within
    /// [`Config::close_timeout`]. Returns the peer's code and reason, and what could not be sent; code 1006 if the peer
    /// did not answer. Events that arrived before the end, up to a MiB of them, can still be read.
    ///
    /// Closing a closed session returns how it ended.
    ///
    /// # Errors
    /// [`Error::Close`] for a code that the transport may not send (in browsers all but 1000 and 3000 to 4999), or for
    /// too long a reason. The session goes on then.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the session closing; polling it or calling `close` again goes on.
    pub async fn close_with(&mut self, frame: CloseFrame) -> Result<Closed, Error> {
        let frame = frame.checked(C::may_close_with)?;
        if self.connection.is_open() {
            // What senders queued so far goes out first.
            for event in self.outbox.close() {
                if let Err(refused) = self.connection.send(event) {
                    self.unsent.push(refused.event);
                }
            }
        }
        self.connection.close(self.connector.now(), frame);
        loop {
            if let Some(closed) = &self.closed {
                return Ok(closed.clone());
            }
            poll_fn(|cx| self.poll_ahead(cx)).await;
        }
    }

    /// Where the session is connected to. It shows no credential.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How the connection ended, once it has.
    pub fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// Calls `listener` with every event of type `E` that passes, in order, from now on.
    ///
    /// Listeners run when the session is polled, before the event is yielded; they must not block. To send from one,
    /// give it a [`Sender`].
    ///
    /// ```no_run
    /// # use openai_realtime_ws::{Connector, Error, Session};
    /// # use openai_realtime_ws::protocol::ResponseOutputTextDelta;
    /// # async fn example<C: Connector>(mut rt: Session<C>) -> Result<(), Error> {
    /// rt.on(|e: &ResponseOutputTextDelta| print!("{}", e.delta));
    /// rt.on_error(|e| eprintln!("{e}"));
    /// rt.run().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on<E: Event<Events = P::Server>>(
        &mut self,
        mut listener: impl FnMut(&E) + MaybeSend + 'static,
    ) -> ListenerId {
        self.on_type(E::TYPE, move |event| {
            if let Some(event) = E::from_events(event) {
                listener(event);
            }
        })
    }

    /// Like [`on`](Self::on), for the next such event only.
    pub fn once<E: Event<Events = P::Server>>(
        &mut self,
        listener: impl FnOnce(&E) + MaybeSend + 'static,
    ) -> ListenerId {
        let mut listener = Some(listener);
        let call = move |event: &P::Server| {
            if let Some(event) = E::from_events(event)
                && let Some(listener) = listener.take()
            {
                listener(event);
            }
        };
        self.emitter.on_type(E::TYPE, true, Box::new(call))
    }

    /// Calls `listener` with every event of this `type`, be it one that this version does not know.
    pub fn on_type(
        &mut self,
        event_type: &str,
        listener: impl FnMut(&P::Server) + MaybeSend + 'static,
    ) -> ListenerId {
        self.emitter.on_type(event_type, false, Box::new(listener))
    }

    /// Calls `listener` with every event, before those of its type.
    pub fn on_event(
        &mut self,
        listener: impl FnMut(&P::Server) + MaybeSend + 'static,
    ) -> ListenerId {
        self.emitter.on_all(Box::new(listener))
    }

    /// Calls `listener` with every error: what the server reports by its `error` event, frames that are no events, and
    /// the connection's failure.
    pub fn on_error(&mut self, listener: impl FnMut(&Error) + MaybeSend + 'static) -> ListenerId {
        self.emitter.on_error(Box::new(listener))
    }

    /// Takes a listener back; false if it is gone already.
    pub fn off(&mut self, id: ListenerId) -> bool {
        self.emitter.off(id)
    }

    /// Waits for the next event of type `E`, while listeners get theirs (contract 61).
    ///
    /// # Errors
    /// An error that comes first: any [`Error`], and the server's `error` event as [`Error::Server`], unless that is what
    /// is waited for. [`Error::Closed`] at the end of the session.
    ///
    /// # Cancel safety
    /// Safe: what did not arrive is not lost. Events of other types that passed went to listeners only.
    pub async fn emitted<E: Event<Events = P::Server> + Clone>(&mut self) -> Result<E, Error> {
        while let Some(event) = self.next().await {
            let event = event?;
            if let Some(wanted) = E::from_events(&event) {
                return Ok(wanted.clone());
            }
            if let Some(error) = P::error(&event) {
                return Err(Error::Server(error.into()));
            }
        }
        Err(Error::Closed(self.ending()))
    }

    /// Polls until the connection ends, for the sake of the listeners. Returns how it ended.
    ///
    /// # Errors
    /// The first error that no listener hears: one of [`on_error`](Self::on_error), or of the `error` event, hears all
    /// (contract 55). Unless it ended the session, `run` may be called again to go on.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost between two calls.
    pub async fn run(&mut self) -> Result<Closed, Error> {
        while let Some(event) = self.next().await {
            if self.emitter.hears_errors() {
                continue;
            }
            if let Some(error) = P::error(&event?) {
                return Err(Error::Server(error.into()));
            }
        }
        Ok(self.ending())
    }

    fn ending(&self) -> Closed {
        self.closed.clone().unwrap_or(Closed {
            frame: CloseFrame::ABNORMAL,
            unsent: Vec::new(),
        })
    }

    /// Takes a step while something other than an event is waited for: what arrives is put by.
    fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let closing = self.connection.wake_at().is_some();
        let room = self.inbox_bytes < MAX_INBOX_BYTES;
        // A closing session reads on regardless, or it would not see the peer's answer.
        match ready!(self.poll_step(cx, room || closing)) {
            Step::Message(text) if room => {
                self.keep(text);
            }
            Step::Error(error) => self.inbox.push_back(Err(error)),
            Step::Message(_) | Step::Opened | Step::Progress | Step::Ended => {}
        }
        Poll::Ready(())
    }

    /// Moves the connection until there is something to tell. With `read` false, the socket is left unread.
    fn poll_step(&mut self, cx: &mut Context<'_>, read: bool) -> Poll<Step> {
        loop {
            while let Some(notice) = self.connection.poll() {
                match notice {
                    Notice::Opened => {
                        log_step!("open");
                        return Poll::Ready(Step::Opened);
                    }
                    Notice::Error(Error::Closed(mut closed)) => {
                        self.add_unsent(&mut closed);
                        return Poll::Ready(Step::Error(Error::Closed(closed)));
                    }
                    Notice::Error(error) => return Poll::Ready(Step::Error(error)),
                    Notice::Connect => {
                        let config = self.config.clone();
                        self.socket =
                            Socket::Resolving(Box::pin(async move { config.resolved().await }));
                    }
                    Notice::SendClose(frame) => {
                        log_step!(code = frame.code, "closing");
                        if let Socket::Open { close, .. } = &mut self.socket {
                            *close = Some(frame);
                        }
                    }
                    Notice::Abandon => self.socket = Socket::None,
                    Notice::Closed(mut closed) => {
                        self.add_unsent(&mut closed);
                        log_step!(
                            code = closed.frame.code,
                            unsent = closed.unsent.len(),
                            "closed"
                        );
                        self.closed = Some(closed);
                        self.socket = Socket::None;
                        self.timer = None;
                    }
                }
            }
            if self.closed.is_some() {
                return Poll::Ready(Step::Ended);
            }
            if self.poll_timer(cx).is_ready() {
                continue;
            }
            match &mut self.socket {
                Socket::None => return Poll::Pending,
                Socket::Resolving(resolving) => {
                    let resolved = ready!(resolving.as_mut().poll(cx)).map_err(Error::from);
                    let handshake = resolved
                        .and_then(|config| Ok(config.handshake::<P>(self.connector.runtime())?));
                    match handshake {
                        Ok(handshake) => {
                            handshake.public_url().clone_into(&mut self.url);
                            log_step!(url = self.url, "connecting");
                            let connecting = self.connector.connect(handshake);
                            self.socket = Socket::Connecting(Box::pin(connecting));
                        }
                        Err(error) => {
                            self.socket = Socket::None;
                            self.connection.given_up(error);
                        }
                    }
                }
                Socket::Connecting(connecting) => match ready!(connecting.as_mut().poll(cx)) {
                    Ok(transport) => {
                        self.socket = Socket::Open {
                            transport,
                            close: None,
                            dirty: false,
                        };
                        self.connection.opened();
                    }
                    Err(error) => {
                        self.socket = Socket::None;
                        self.connection.failed(error);
                    }
                },
                Socket::Open { close, dirty, .. } => {
                    let busy = *dirty || close.is_some() || !self.outbox.is_empty();
                    let step = if busy {
                        self.poll_write(cx)
                    } else {
                        Poll::Pending
                    };
                    if step.is_ready() {
                        return step;
                    }
                    if read && let Poll::Ready(message) = self.poll_read(cx) {
                        match message {
                            Some(text) => return Poll::Ready(Step::Message(text)),
                            None => continue,
                        }
                    }
                    // Before it rests, it asks to be woken for whatever will be sent.
                    return self.poll_write(cx);
                }
            }
        }
    }

    /// Adds what is left behind the connection's own queue, and takes no more.
    fn add_unsent(&mut self, closed: &mut Closed) {
        self.unsent.extend(self.outbox.close());
        closed.unsent.extend(self.unsent.iter().cloned());
    }

    /// Ready when the time had come for something.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.connection.wake_at() else {
            self.timer = None;
            return Poll::Pending;
        };
        if self.timer.as_ref().is_none_or(|(set, _)| *set != at) {
            let wait = at.saturating_sub(self.connector.now());
            self.timer = Some((at, Box::pin(self.connector.sleep(wait))));
        }
        if let Some((_, timer)) = &mut self.timer {
            ready!(timer.as_mut().poll(cx));
        }
        self.timer = None;
        self.connection.tick(at.max(self.connector.now()));
        Poll::Ready(())
    }

    /// Ready when the socket gave something: a message, or what shows in the connection.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<ByteString>> {
        let Socket::Open { transport, .. } = &mut self.socket else {
            return Poll::Pending;
        };
        Poll::Ready(match ready!(transport.poll_next_unpin(cx)) {
            // For a text there is no need to look at the clock.
            Some(Ok(frame @ Frame::Text(_))) => self.connection.received(Duration::ZERO, frame),
            Some(Ok(frame)) => self.connection.received(self.connector.now(), frame),
            Some(Err(error)) => {
                self.socket = Socket::None;
                self.connection.failed(error);
                None
            }
            None => {
                self.socket = Socket::None;
                self.connection.ended();
                None
            }
        })
    }

    /// Puts a message by.
    fn keep(&mut self, text: ByteString) {
        self.inbox_bytes += text.len();
        self.inbox.push_back(Ok(text));
    }

    /// Reads what has arrived.
    fn read_rest(&mut self, cx: &mut Context<'_>) {
        while let Socket::Open { transport, .. } = &mut self.socket
            && let Poll::Ready(Some(Ok(frame))) = transport.poll_next_unpin(cx)
        {
            if let Some(text) = self.connection.received(self.connector.now(), frame) {
                self.keep(text);
            }
        }
    }

    /// Writes what can be written now. Ready when all of it has left, or the socket has failed.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if let Err(error) = ready!(self.try_write(cx)) {
            // Why the peer takes no more may lie unread: its close frame.
            self.read_rest(cx);
            self.socket = Socket::None;
            self.connection.failed(error);
        }
        Poll::Ready(Step::Progress)
    }

    fn try_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        let Socket::Open {
            transport,
            close,
            dirty,
        } = &mut self.socket
        else {
            return Poll::Pending;
        };
        loop {
            // The connection's queue is kept short: what waits, waits where its bytes are counted.
            if self.connection.is_open()
                && !self.connection.wants_transmit()
                && let Poll::Ready(Some(event)) = self.outbox.poll_next(cx)
                && let Err(refused) = self.connection.send(event)
            {
                self.unsent.push(refused.event);
            }
            if !self.connection.wants_transmit() && close.is_none() {
                break;
            }
            if transport.poll_ready_unpin(cx)?.is_pending() {
                break;
            }
            if let Some(event) = self.connection.poll_transmit() {
                log_event!(
                    event_type = event.event_type(),
                    bytes = event.text().len(),
                    "sent"
                );
                self.outbox.written(&event);
                self.written += 1;
                transport.start_send_unpin(Frame::Text(event.text().clone()))?;
            } else if let Some(frame) = close.take() {
                transport.start_send_unpin(Frame::Close(frame))?;
            }
            *dirty = true;
        }
        if !*dirty {
            return Poll::Pending;
        }
        ready!(transport.poll_flush_unpin(cx))?;
        *dirty = false;
        self.flushed = self.written;
        Poll::Ready(Ok(()))
    }
}

impl<C: Connector, P: Protocol> Stream for Session<C, P> {
    type Item = Result<P::Server, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let message = loop {
            if let Some(message) = this.inbox.pop_front() {
                this.inbox_bytes -= message.as_ref().map_or(0, |text| text.len());
                break message;
            }
            match ready!(this.poll_step(cx, true)) {
                Step::Message(text) => break Ok(text),
                Step::Error(error) => break Err(error),
                Step::Ended => return Poll::Ready(None),
                Step::Opened | Step::Progress => {}
            }
        };
        let item = match message {
            Ok(text) => read::<P>(text),
            Err(error) => Err(error),
        };
        this.emitter.emit(&item);
        Poll::Ready(Some(item))
    }
}

#[inline]
fn read<P: Protocol>(text: ByteString) -> Result<P::Server, Error> {
    log_event!(bytes = text.len(), "received");
    let read: Result<P::Server, Error> = parse(text);
    log_event!(
        event_type = read.as_ref().map_or("not an event", Events::event_type),
        "event"
    );
    read
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
