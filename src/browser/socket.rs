use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use futures_util::FutureExt;
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, ArrayBuffer, Function, JsString, Object, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use super::inbox::{Inbox, Signal};
use crate::transport::Handshake;
use crate::transport::{CloseFrame, Frame, InvalidClose, TransportError};

/// Most bytes in the runtime's own send buffer before the sink waits.
const MAX_BUFFERED_BYTES: u32 = 1024 * 1024;

/// Milliseconds between two looks at the send buffer. Runtimes have no event for its draining.
const DRAIN_POLL_MILLIS: u32 = 5;

/// Open [`WebSocket`](https://developer.mozilla.org/docs/Web/API/WebSocket) of the runtime.
///
/// Received messages are queued until they are read, because a runtime cannot slow the server down.
/// Beyond [`max_unread_bytes`](super::Connector::max_unread_bytes) the connection is closed, and
/// the stream ends with [`TransportError::Unread`]. The runtime answers pings on its own and hides
/// them, and cannot send any: a [`Frame::Ping`] is ignored. A connection that ended without a close
/// frame ends the stream with [`TransportError::Lost`].
///
/// Dropping the socket closes the connection with code 1000.
pub struct Socket {
    inner: WebSocket,
    /// Callbacks of the runtime. They live as long as the socket that calls them.
    _handlers: Handlers,
    inbox: Rc<Inbox>,
    ended: bool,
    /// Timer that runs while the send buffer is full.
    pause: Option<TimeoutFuture>,
    /// Task that waits to write to a socket that is closing.
    writer: Option<Waker>,
}

impl Socket {
    /// Opens a socket. Dropping the future closes it.
    pub(super) async fn open(
        handshake: Handshake,
        max_unread_bytes: usize,
    ) -> Result<Self, TransportError> {
        let socket = Self::new(&handshake, max_unread_bytes)?;
        match poll_fn(|cx| socket.inbox.poll_next(cx)).await {
            Signal::Opened => Ok(socket),
            _ => Err(TransportError::Unexplained),
        }
    }

    fn new(handshake: &Handshake, max_unread_bytes: usize) -> Result<Self, TransportError> {
        let constructor = Reflect::get(&js_sys::global(), &"WebSocket".into())
            .and_then(JsCast::dyn_into::<Function>)
            .map_err(|_| {
                let message = "there is no global `WebSocket`: use Node 22 or later";
                TransportError::Unsupported(message.into())
            })?;
        let socket = arguments(handshake)
            .and_then(|arguments| Reflect::construct(&constructor, &arguments))
            .map_err(|exception| not_made(&exception))?;
        // Unchecked: another library may have replaced the runtime's class.
        let inner: WebSocket = socket.unchecked_into();
        inner.set_binary_type(BinaryType::Arraybuffer);
        // Attached at once: an event cannot come before this function returns.
        let inbox = Rc::new(Inbox::new(max_unread_bytes));
        let handlers = Handlers::new(&inner, &inbox);
        handlers.attach(&inner);
        Ok(Self {
            inner,
            _handlers: handlers,
            inbox,
            ended: false,
            pause: None,
            writer: None,
        })
    }

    fn end(&mut self) {
        self.ended = true;
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        abandon(&self.inner);
    }
}

/// Closes a socket without waiting for the end.
fn abandon(socket: &WebSocket) {
    Handlers::detach(socket);
    if socket.ready_state() <= WebSocket::OPEN {
        // The error has no receiver any more.
        let _ = socket.close_with_code(CloseFrame::NORMAL.code);
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").finish_non_exhaustive()
    }
}

impl Stream for Socket {
    type Item = Result<Frame, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while !self.ended {
            let signal = ready!(self.inbox.poll_next(cx));
            let last = match signal {
                Signal::Frame(frame) => return Poll::Ready(Some(Ok(frame))),
                Signal::Opened | Signal::Failed => continue,
                // Runtimes report a broken connection as 1006, or 1015 in TLS; Deno as 0.
                Signal::Closed(CloseFrame {
                    code: code @ (0 | 1006 | 1015),
                    ..
                }) => Err(lost_with(code)),
                Signal::Closed(frame) => Ok(Frame::Close(frame)),
                Signal::Overrun => Err(TransportError::Unread {
                    limit: self.inbox.max_bytes(),
                }),
            };
            self.end();
            return Poll::Ready(Some(last));
        }
        Poll::Ready(None)
    }
}

impl Sink<Frame> for Socket {
    type Error = TransportError;

    fn poll_ready(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), TransportError>> {
        loop {
            if self.ended {
                return Poll::Ready(Err(lost_with(CloseFrame::ABNORMAL.code)));
            }
            if self.inner.ready_state() != WebSocket::OPEN {
                // The runtime would drop a frame now. The stream reports how the connection ended.
                self.writer = Some(cx.waker().clone());
                return Poll::Pending;
            }
            // `bufferedAmount` has no event: a full buffer has to be looked at now and then.
            if self.inner.buffered_amount() < MAX_BUFFERED_BYTES {
                self.pause = None;
                return Poll::Ready(Ok(()));
            }
            let pause = self
                .pause
                .get_or_insert_with(|| TimeoutFuture::new(DRAIN_POLL_MILLIS));
            ready!(pause.poll_unpin(cx));
            self.pause = None;
        }
    }

    fn start_send(self: Pin<&mut Self>, frame: Frame) -> Result<(), TransportError> {
        let sent = match frame {
            Frame::Text(text) => self.inner.send_with_str(&text),
            Frame::Binary(bytes) => self.inner.send_with_u8_array(&bytes),
            // The runtime answers pings itself, and gives scripts no way to send them.
            Frame::Ping(_) | Frame::Pong(_) => Ok(()),
            Frame::Close(frame) if !may_close_with(frame.code) => {
                let error = InvalidClose::Code(frame.code);
                return Err(TransportError::Unsupported(error.into()));
            }
            Frame::Close(CloseFrame { code, reason }) => {
                self.inner.close_with_code_and_reason(code, &reason)
            }
        };
        sent.map_err(|exception| {
            let name = exception_name(&exception);
            TransportError::Lost(format!("the runtime could not send: {name}").into())
        })
    }

    /// Returns at once: `start_send` has handed the frame to the runtime.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // Closing twice is harmless, and the code is a permitted one.
        let _ = self.inner.close_with_code(CloseFrame::NORMAL.code);
        Poll::Ready(Ok(()))
    }
}

/// Callbacks of the runtime for the events of a socket.
struct Handlers {
    open: Closure<dyn FnMut()>,
    message: Closure<dyn FnMut(MessageEvent)>,
    error: Closure<dyn FnMut()>,
    close: Closure<dyn FnMut(CloseEvent)>,
}

impl Handlers {
    /// Creates callbacks that queue each event in the inbox.
    fn new(socket: &WebSocket, inbox: &Rc<Inbox>) -> Self {
        let [open, message, error, close] = std::array::from_fn(|_| Rc::clone(inbox));
        let socket = socket.clone();
        let encoder = Encoder::new().ok();
        Self {
            open: Closure::new(move || open.tell(Signal::Opened)),
            message: Closure::new(move |event: MessageEvent| {
                let data = event.data();
                if !message.take(length(&data), || to_frame(data, encoder.as_ref())) {
                    abandon(&socket);
                }
            }),
            error: Closure::new(move || error.tell(Signal::Failed)),
            close: Closure::new(move |event: CloseEvent| {
                let code = event.code();
                let reason = event.reason().into();
                close.tell(Signal::Closed(CloseFrame { code, reason }));
            }),
        }
    }

    fn attach(&self, socket: &WebSocket) {
        socket.set_onopen(Some(function(&self.open)));
        socket.set_onmessage(Some(function(&self.message)));
        socket.set_onerror(Some(function(&self.error)));
        socket.set_onclose(Some(function(&self.close)));
    }

    fn detach(socket: &WebSocket) {
        socket.set_onopen(None);
        socket.set_onmessage(None);
        socket.set_onerror(None);
        socket.set_onclose(None);
    }
}

fn function<T: ?Sized>(closure: &Closure<T>) -> &Function {
    closure.as_ref().unchecked_ref()
}

/// Returns a lower bound of a message's bytes.
fn length(data: &JsValue) -> usize {
    let text = data.dyn_ref().map(JsString::length);
    let length = text.or_else(|| data.dyn_ref().map(ArrayBuffer::byte_length));
    length.unwrap_or_default() as usize
}

fn to_frame(data: JsValue, encoder: Option<&Encoder>) -> Frame {
    let data = match data.dyn_into::<JsString>() {
        Ok(text) => return Frame::Text(to_text(&text, encoder).into()),
        Err(data) => data,
    };
    Frame::Binary(match data.dyn_into::<ArrayBuffer>() {
        Ok(buffer) => Uint8Array::new(&buffer).to_vec().into(),
        // `binaryType` excludes a Blob, which could not be read at once. A runtime that delivers
        // one nevertheless causes an unreadable event, which does not end the session.
        Err(_) => Bytes::new(),
    })
}

#[wasm_bindgen]
extern "C" {
    type Encoder;
    #[wasm_bindgen(constructor, js_class = "TextEncoder", catch)]
    fn new() -> Result<Encoder, JsValue>;
    #[wasm_bindgen(method)]
    fn encode(this: &Encoder, text: &JsString) -> Vec<u8>;
}

/// Converts a text to UTF-8. The runtime's encoder copies at memory speed; wasm-bindgen's
/// conversion looks at each character, which is faster for short texts only.
fn to_text(text: &JsString, encoder: Option<&Encoder>) -> String {
    const SHORT: u32 = 512;
    // A long text crosses into wasm faster as UTF-8 than character by character.
    let bytes = encoder
        .filter(|_| text.length() > SHORT)
        .map(|encoder| encoder.encode(text));
    let utf8 = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    utf8.unwrap_or_else(|| text.into())
}

/// Returns true for a code that browsers let scripts close with.
pub(super) fn may_close_with(code: u16) -> bool {
    matches!(code, 1000 | 3000..=4999)
}

fn not_made(exception: &JsValue) -> TransportError {
    let message = match exception_name(exception).as_str() {
        "SecurityError" => "a page loaded over HTTPS cannot open connections without TLS".into(),
        "SyntaxError" => {
            "the URL, or the API key as a subprotocol, contains a forbidden character".into()
        }
        name => format!("it threw {name}"),
    };
    TransportError::Unsupported(message.into())
}

/// Returns the constructor's arguments: the URL, then the subprotocols, or an object of
/// subprotocols and headers where the runtime accepts both.
pub(super) fn arguments(handshake: &Handshake) -> Result<Array, JsValue> {
    let arguments = Array::of1(&handshake.url().into());
    let protocols: Array = handshake.subprotocols().map(JsValue::from).collect();
    // Runtimes that take headers take an object in the place of the protocols.
    if handshake.headers().next().is_some() {
        let (options, headers) = (Object::new(), Object::new());
        for (name, value) in handshake.headers() {
            Reflect::set(&headers, &name.into(), &value.into())?;
        }
        Reflect::set(&options, &"protocols".into(), &protocols)?;
        Reflect::set(&options, &"headers".into(), &headers)?;
        arguments.push(&options);
    } else if protocols.length() > 0 {
        arguments.push(&protocols);
    }
    Ok(arguments)
}

/// Returns the name of an exception. Its message may quote the subprotocols, and the credential
/// with them.
pub(crate) fn exception_name(exception: &JsValue) -> String {
    Reflect::get(exception, &"name".into())
        .ok()
        .and_then(|name| name.as_string())
        .unwrap_or_else(|| "an exception without a name".to_owned())
}

fn lost_with(code: u16) -> TransportError {
    TransportError::Lost(format!("there was no close frame (code {code})").into())
}
