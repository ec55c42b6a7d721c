use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use bytestring::ByteString;
use futures_core::Stream;
use futures_sink::Sink;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as WireFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use crate::transport::{CloseFrame, Frame, TransportError};

/// A byte stream, with TLS or without.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// One open native socket.
pub struct Socket {
    stream: WebSocketStream<Box<dyn Io>>,
    /// An error ends the stream.
    failed: bool,
}

impl Socket {
    pub(super) fn new(stream: WebSocketStream<Box<dyn Io>>) -> Self {
        Self {
            stream,
            failed: false,
        }
    }

    /// Tells the peer why it is hung up on (RFC 6455, section 7.1.7), as far as that can be done at once.
    fn tell(&mut self, code: CloseCode, cx: &mut Context<'_>) {
        let frame = tungstenite::protocol::CloseFrame {
            code,
            reason: Utf8Bytes::default(),
        };
        if self
            .stream
            .start_send_unpin(Message::Close(Some(frame)))
            .is_ok()
        {
            let _ = self.stream.poll_flush_unpin(cx);
        }
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
        if self.failed {
            return Poll::Ready(None);
        }
        let item = match ready!(self.stream.poll_next_unpin(cx)) {
            None => None,
            Some(Ok(message)) => Some(from_message(message)),
            Some(Err(error)) => {
                if let Some(code) = fault(&error) {
                    self.tell(code, cx);
                }
                Some(Err(from_error(error)))
            }
        };
        self.failed = matches!(item, Some(Err(_)));
        Poll::Ready(item)
    }
}

impl Sink<Frame> for Socket {
    type Error = TransportError;

    fn poll_ready(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), TransportError>> {
        self.stream.poll_ready_unpin(cx).map_err(from_error)
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Frame) -> Result<(), TransportError> {
        self.stream
            .start_send_unpin(to_message(frame))
            .map_err(from_error)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), TransportError>> {
        self.stream.poll_flush_unpin(cx).map_err(from_error)
    }

    fn poll_close(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), TransportError>> {
        self.stream.poll_close_unpin(cx).map_err(from_error)
    }
}

fn to_message(frame: Frame) -> Message {
    match frame {
        // As a frame of bytes, a text is not checked for UTF-8 once more.
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
        // Reading yields whole messages only.
        Message::Frame(frame) => Frame::Binary(frame.into_payload()),
    })
}

/// The code for a rule that the peer broke.
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

/// What tungstenite reports while a connection is open.
fn from_error(error: tungstenite::Error) -> TransportError {
    use tungstenite::Error;
    match error {
        Error::Capacity(error) => TransportError::TooLarge(error.into()),
        // Its own words have a part of the text in them.
        Error::Utf8(_) => TransportError::Protocol("a text is not UTF-8".into()),
        Error::Protocol(error @ ProtocolError::ResetWithoutClosingHandshake) => {
            TransportError::Lost(error.into())
        }
        Error::Protocol(error) => TransportError::Protocol(error.into()),
        Error::AttackAttempt => TransportError::Protocol(error.into()),
        Error::Io(error) => TransportError::Lost(error.into()),
        _ => TransportError::Lost(error.into()),
    }
}
