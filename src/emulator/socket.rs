//! One WebSocket: carries frames between the socket and the session, and performs a script's
//! actions.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use futures_util::{Sink, SinkExt, Stream};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::output::SocketOutput;
use super::record::ConnectionEntry;
use super::request::{refuse, refuse_frame};
use super::script::Action;
use super::shared::{AttachedSocket, NextOutput};
use crate::protocol::RawEvent;

/// Largest message in bytes: an append of 15 MiB in base64, and some room.
const LARGEST_MESSAGE: usize = 24 * 1024 * 1024;
/// The time between two pings, as the service sends them.
const PING_PERIOD: Duration = Duration::from_secs(20);
/// Beginning of a text frame of 1,000 bytes; the rest is never sent.
const HALF_A_FRAME: &[u8] = b"\x81\x7e\x03\xe8{\"type\":\"response.output_te";

/// Accepted connection, with its session.
pub(super) struct AcceptedSocket {
    pub(super) entry: ConnectionEntry,
    pub(super) session: AttachedSocket,
    /// Actions after a time.
    pub(super) alarms: Vec<(Duration, Action)>,
}

/// Serves a stream from the upgrade to its end. `read` are the bytes that were read already.
pub(super) async fn serve_socket<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    read: Vec<u8>,
    accepted: AcceptedSocket,
) {
    let config = WebSocketConfig::default()
        .read_buffer_size(16 * 1024)
        // A frame leaves at once, so that what the client says next can still stop what would
        // follow.
        .write_buffer_size(0)
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE));
    let socket =
        WebSocketStream::from_partially_read(stream, read, Role::Server, Some(config)).await;
    let mut pings = interval_at(Instant::now() + PING_PERIOD, PING_PERIOD);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    SocketDriver {
        socket,
        session: accepted.session,
        entry: accepted.entry,
        alarms: accepted
            .alarms
            .into_iter()
            .map(|(time, action)| (Box::pin(sleep(time)), action))
            .collect(),
        pings,
        timer: Box::pin(sleep(Duration::ZERO)),
        greeted: false,
        closing: false,
    }
    .run()
    .await;
}

struct SocketDriver<S> {
    socket: WebSocketStream<S>,
    session: AttachedSocket,
    entry: ConnectionEntry,
    alarms: Vec<(Pin<Box<Sleep>>, Action)>,
    pings: Interval,
    /// Wakes this task when the session has more to say.
    timer: Pin<Box<Sleep>>,
    greeted: bool,
    /// Set once a close frame was sent: nothing may follow it.
    closing: bool,
}

/// Next step of a connection.
enum SocketStep {
    Received(Option<Result<Message, Error>>),
    SocketOutput(SocketOutput),
    Ping,
    Ended,
}

impl<S: AsyncRead + AsyncWrite + Unpin> SocketDriver<S> {
    async fn run(mut self) {
        loop {
            match poll_fn(|cx| self.poll_next(cx)).await {
                SocketStep::Received(Some(Ok(message))) => self.receive(&message),
                SocketStep::SocketOutput(SocketOutput::Text(text)) => {
                    self.entry.sent();
                    if self.socket.send(Message::text(text)).await.is_err() {
                        return;
                    }
                }
                SocketStep::Ping => {
                    let ping = Message::Ping(Bytes::new());
                    if self.socket.send(ping).await.is_err() {
                        return;
                    }
                }
                SocketStep::SocketOutput(SocketOutput::Close { code, reason }) => {
                    self.closing = true;
                    let frame = CloseFrame {
                        code: code.into(),
                        reason: reason.into(),
                    };
                    if self.socket.close(Some(frame)).await.is_err() {
                        return;
                    }
                }
                SocketStep::SocketOutput(SocketOutput::CutFrame) => {
                    // Whether it arrives or not, the connection ends here.
                    let _ = self.socket.flush().await;
                    let stream = self.socket.get_mut();
                    let _ = stream.write_all(HALF_A_FRAME).await;
                    let _ = stream.flush().await;
                    return;
                }
                SocketStep::SocketOutput(SocketOutput::Bytes(bytes)) => {
                    if self.socket.flush().await.is_err()
                        || self.socket.get_mut().write_all(&bytes).await.is_err()
                    {
                        return;
                    }
                }
                SocketStep::SocketOutput(SocketOutput::Drop) => {
                    let _ = self.socket.flush().await;
                    return;
                }
                SocketStep::SocketOutput(SocketOutput::Stall) => {}
                SocketStep::Received(_) | SocketStep::Ended => return,
            }
        }
    }

    /// Reads before it writes, and while it cannot write: a client that sends for long before it
    /// reads is not held up, and a cancellation overtakes what is still to be said.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<SocketStep> {
        if !std::mem::replace(&mut self.greeted, true) {
            // A client is greeted first, however late that turns out.
            cx.waker().wake_by_ref();
        } else if let Some(action) = self.alarm(cx) {
            return Poll::Ready(match action {
                // It does not wait for what is still to be written.
                Action::Drop => SocketStep::Ended,
                action => SocketStep::SocketOutput(self.session.perform(action)),
            });
        } else if self.pings.poll_tick(cx).is_ready() && !self.closing && !self.session.is_stalled()
        {
            return Poll::Ready(SocketStep::Ping);
        }
        loop {
            let mut socket = Pin::new(&mut self.socket);
            if let Poll::Ready(message) = socket.as_mut().poll_next(cx) {
                return Poll::Ready(SocketStep::Received(message));
            }
            match socket.as_mut().poll_ready(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(SocketStep::Ended),
                Poll::Ready(Ok(())) => {}
            }
            match self.session.poll(cx) {
                // Nothing may follow a close frame.
                NextOutput::Ready(SocketOutput::Text(_)) if self.closing => {}
                NextOutput::Ready(SocketOutput::Text(text)) => {
                    self.entry.sent();
                    if socket.as_mut().start_send(Message::text(text)).is_err() {
                        return Poll::Ready(SocketStep::Ended);
                    }
                }
                NextOutput::Ready(output) => return Poll::Ready(SocketStep::SocketOutput(output)),
                NextOutput::Pending(wake_at) => {
                    if let Some(wake_at) = wake_at {
                        self.timer.as_mut().reset(wake_at);
                        if self.timer.as_mut().poll(cx).is_ready() {
                            continue;
                        }
                    }
                    return match socket.poll_flush(cx) {
                        Poll::Ready(Err(_)) => Poll::Ready(SocketStep::Ended),
                        _ => Poll::Pending,
                    };
                }
            }
        }
    }

    /// The next action whose time has come.
    fn alarm(&mut self, cx: &mut Context<'_>) -> Option<Action> {
        let mut alarms = self.alarms.iter_mut();
        let due = alarms.position(|(time, _)| time.as_mut().poll(cx).is_ready())?;
        Some(self.alarms.remove(due).1)
    }

    fn receive(&mut self, message: &Message) {
        let event = match message {
            Message::Text(text) => {
                let event = RawEvent::parse(ByteString::from(text.as_str()));
                event.map_err(|error| refuse_frame(&error))
            }
            Message::Binary(_) => {
                let message = "An event is JSON in a text frame, and not a binary frame.";
                Err(refuse("invalid_event", message))
            }
            Message::Close(frame) => {
                let (code, reason) = frame.as_ref().map_or((1005, ""), |frame| {
                    (frame.code.into(), frame.reason.as_str())
                });
                return self.entry.closed(code, reason);
            }
            _ => return,
        };
        if let Ok(event) = &event {
            self.entry.received(event);
        }
        self.session.receive(event.as_ref().map_err(Clone::clone));
    }
}
