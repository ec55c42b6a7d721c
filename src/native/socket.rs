//! An open socket: tungstenite's frames over a byte stream.
//!
//! tokio-tungstenite's own stream can be polled by several tasks, and registers a waker with every
//! message for that. One task polls a [`Socket`], as it does a session, so a poll reads and writes
//! with the task's own waker.

use std::fmt;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use bytestring::ByteString;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::ReadBuf;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as WireFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use super::arrivals::Arrivals;
use super::tcp::Io;
use crate::transport::{CloseFrame, Frame, TransportError};

#[cfg(test)]
mod tests;

/// Open native socket. One task at a time may poll it, for reading and for writing.
pub struct Socket {
    stream: Box<dyn Io>,
    websocket: WebSocketContext,
    arrivals: Arrivals,
    /// Set while tungstenite has an answer to write, a pong or a close frame. Reading writes it.
    owes_answer: bool,
    /// Set after an error or a close frame, which end the stream of frames.
    ended: bool,
    /// Set if the byte stream took less than it was given. The rest is written first.
    blocked: bool,
}

impl Socket {
    /// Creates the client's end of a connection. `read` holds the bytes that have arrived already.
    pub(super) fn new(stream: Box<dyn Io>, read: Vec<u8>, config: WebSocketConfig) -> Self {
        let mut arrivals = Arrivals::default();
        arrivals.arrived(&read);
        Self {
            stream,
            arrivals,
            owes_answer: false,
            websocket: WebSocketContext::from_partially_read(read, Role::Client, Some(config)),
            ended: false,
            blocked: false,
        }
    }

    fn parts<'p>(&'p mut self, waker: &'p Waker) -> (&'p mut WebSocketContext, Polled<'p>) {
        let stream = Polled {
            stream: &mut *self.stream,
            waker,
            arrivals: &mut self.arrivals,
            error: None,
            blocks: false,
        };
        (&mut self.websocket, stream)
    }

    /// Returns pending if reading cannot give a message now. tungstenite clears its whole buffer
    /// before it reads, so it is asked only if there may be something.
    #[inline]
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.owes_answer || self.arrivals.any() {
            Poll::Ready(Ok(()))
        } else {
            self.stream.poll_readable(cx)
        }
    }

    fn wrote(&mut self, result: tungstenite::Result<()>) -> Poll<Result<(), TransportError>> {
        let written = or_pending(result);
        self.blocked = written.is_pending();
        written.map_err(from_error)
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").finish_non_exhaustive()
    }
}

impl Stream for Socket {
    type Item = Result<Frame, TransportError>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let readable = ready!(self.poll_readable(cx));
        let (websocket, mut stream) = self.parts(cx.waker());
        // tungstenite gives an error of the stream its meaning.
        stream.error = readable.err();
        let read = websocket.read(&mut stream);
        let blocks = stream.blocks;
        let read = match or_pending(read) {
            Poll::Pending => {
                self.arrivals.found_none();
                self.owes_answer &= blocks;
                return Poll::Pending;
            }
            Poll::Ready(read) => read,
        };
        let item = match read {
            Ok(message) => {
                self.arrivals.returned();
                self.owes_answer = matches!(message, Message::Ping(_) | Message::Close(_))
                    || (self.owes_answer && blocks);
                Some(from_message(message))
            }
            Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => None,
            Err(error) => {
                if let Some(code) = fault(&error) {
                    // The close frame tells the peer the reason (RFC 6455, section 7.1.7). It is
                    // sent if that needs no waiting.
                    let frame = tungstenite::protocol::CloseFrame {
                        code,
                        reason: Utf8Bytes::default(),
                    };
                    let (websocket, mut stream) = self.parts(cx.waker());
                    let _ = websocket.close(&mut stream, Some(frame));
                }
                Some(Err(from_error(error)))
            }
        };
        self.ended = !matches!(item, Some(Ok(_)));
        Poll::Ready(item)
    }
}

impl Sink<Frame> for Socket {
    type Error = TransportError;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if self.blocked {
            self.poll_flush(cx)
        } else {
            Poll::Ready(Ok(()))
        }
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Frame) -> Result<(), TransportError> {
        // `poll_flush` writes the bytes that the stream does not take now, and registers the waker.
        let (websocket, mut stream) = self.parts(Waker::noop());
        let written = websocket.write(&mut stream, to_message(frame));
        match self.wrote(written) {
            Poll::Ready(written) => written,
            Poll::Pending => Ok(()),
        }
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), TransportError>> {
        let (websocket, mut stream) = self.parts(cx.waker());
        let flushed = websocket.flush(&mut stream);
        self.wrote(flushed)
    }

    fn poll_close(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), TransportError>> {
        let (websocket, mut stream) = self.parts(cx.waker());
        let closed = websocket.close(&mut stream, None);
        self.wrote(closed)
    }
}

/// The byte stream as `Read` and `Write`, for the time of one poll.
struct Polled<'p> {
    stream: &'p mut dyn Io,
    waker: &'p Waker,
    arrivals: &'p mut Arrivals,
    /// Error of the stream that the next read returns.
    error: Option<io::Error>,
    /// Set if the stream took less than it was given.
    blocks: bool,
}

impl Polled<'_> {
    fn poll<T>(
        &mut self,
        poll: impl FnOnce(Pin<&mut dyn Io>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> io::Result<T> {
        let mut cx = Context::from_waker(self.waker);
        match poll(Pin::new(&mut *self.stream), &mut cx) {
            Poll::Ready(done) => done,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Read for Polled<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let mut buffer = ReadBuf::new(buffer);
        self.poll(|stream, cx| stream.poll_read(cx, &mut buffer))?;
        self.arrivals.arrived(buffer.filled());
        Ok(buffer.filled().len())
    }
}

impl Write for Polled<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.poll(|stream, cx| stream.poll_write(cx, bytes));
        self.blocks |= would_block(&written);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.poll(|mut stream, cx| stream.as_mut().poll_flush(cx));
        self.blocks |= would_block(&flushed);
        flushed
    }
}

fn would_block<T>(done: &io::Result<T>) -> bool {
    matches!(done, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

fn or_pending<T>(result: tungstenite::Result<T>) -> Poll<tungstenite::Result<T>> {
    match result {
        Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
            Poll::Pending
        }
        done => Poll::Ready(done),
    }
}

fn to_message(frame: Frame) -> Message {
    match frame {
        // The text is valid UTF-8. As a frame of bytes it is not checked again.
        Frame::Text(text) => Message::Frame(WireFrame::message(
            text.into_bytes(),
            OpCode::Data(Data::Text),
            true,
        )),
        Frame::Binary(bytes) => Message::Binary(bytes),
        Frame::Ping(bytes) => Message::Ping(bytes),
        Frame::Pong(bytes) => Message::Pong(bytes),
        Frame::Close(CloseFrame { code, reason }) => {
            Message::Close(Some(tungstenite::protocol::CloseFrame {
                code: code.into(),
                reason: String::from(reason).into(),
            }))
        }
    }
}

#[inline]
fn from_message(message: Message) -> Result<Frame, TransportError> {
    Ok(match message {
        Message::Text(text) => {
            let text = ByteString::try_from(Bytes::from(text));
            Frame::Text(text.map_err(|error| TransportError::Protocol(error.into()))?)
        }
        Message::Binary(bytes) => Frame::Binary(bytes),
        Message::Ping(bytes) => Frame::Ping(bytes),
        Message::Pong(bytes) => Frame::Pong(bytes),
        Message::Close(None) => Frame::Close(CloseFrame::NO_STATUS),
        Message::Close(Some(frame)) => Frame::Close(CloseFrame {
            code: frame.code.into(),
            reason: frame.reason.as_str().into(),
        }),
        // Reading returns whole messages only.
        Message::Frame(frame) => Frame::Binary(frame.into_payload()),
    })
}

/// The close code for a rule that the peer broke.
fn fault(error: &tungstenite::Error) -> Option<CloseCode> {
    use tungstenite::Error;
    match error {
        Error::Capacity(_) => Some(CloseCode::Size),
        Error::Utf8(_) => Some(CloseCode::Invalid),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(CloseCode::Protocol),
        _ => None,
    }
}

/// Translates an error of an open connection.
fn from_error(error: tungstenite::Error) -> TransportError {
    use tungstenite::Error;
    match error {
        Error::Capacity(error) => TransportError::TooLarge(error.into()),
        // tungstenite's own message holds a part of the text.
        Error::Utf8(_) => TransportError::Protocol("a text message is not valid UTF-8".into()),
        Error::Protocol(error @ ProtocolError::ResetWithoutClosingHandshake) => {
            TransportError::Lost(error.into())
        }
        Error::Protocol(error) => TransportError::Protocol(error.into()),
        Error::AttackAttempt => TransportError::Protocol(error.into()),
        Error::Io(error) => TransportError::Lost(error.into()),
        _ => TransportError::Lost(error.into()),
    }
}
