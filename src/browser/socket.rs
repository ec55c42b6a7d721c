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

/// How much may lie in the runtime's own buffer before more is held back.
const MAX_BUFFERED_BYTES: u32 = 1024 * 1024;

/// How long to wait before the buffer is looked at again: no event tells that it drains.
const DRAIN_POLL_MILLIS: u32 = 5;

/// One open `WebSocket` of the runtime.
///
/// What arrives is kept until it is read, as a runtime has no way to hold the server back; beyond
/// [`max_unread_bytes`](super::Connector::max_unread_bytes) the connection is closed, and the stream ends with
/// [`TransportError::Unread`]. Pings and pongs are the runtime's own business: it answers the server's, shows none, and
/// sends none, so a [`Frame::Ping`] given to it goes nowhere. A connection that ended without a close frame ends the
/// stream with [`TransportError::Lost`].
///
/// Dropping it closes the connection with code 1000.
pub struct Socket {
    inner: WebSocket,
    /// The runtime calls these; they live until it lets go of them.
    _handlers: Handlers,
    inbox: Rc<Inbox>,
    ended: bool,
    /// Runs while the buffer is full.
    pause: Option<TimeoutFuture>,
    /// Who waits to write to a socket that is going down.
    writer: Option<Waker>,
}

impl Socket {
    /// Opens one; dropping the future closes it.
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
                let message = "it has no global `WebSocket`; Node has one from version 22 on";
                TransportError::Unsupported(message.into())
            })?;
        let socket = arguments(handshake)
            .and_then(|arguments| Reflect::construct(&constructor, &arguments))
            .map_err(|exception| not_made(&exception))?;
        // What another library put in the runtime's place will do, too.
        let inner: WebSocket = socket.unchecked_into();
        inner.set_binary_type(BinaryType::Arraybuffer);
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

/// Closes it without waiting for anything.
fn abandon(socket: &WebSocket) {
    Handlers::detach(socket);
    if socket.ready_state() <= WebSocket::OPEN {
        // Nobody is left to be told that it failed.
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
                // The runtime's word for a connection that broke off: 1006, or 1015 in TLS; in Deno, 0.
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
                // The runtime would drop what it is given now. The stream tells how the connection ended.
                self.writer = Some(cx.waker().clone());
                return Poll::Pending;
            }
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

    /// What is sent is the runtime's at once.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // Harmless where it is closing already; the code is one that is allowed.
        let _ = self.inner.close_with_code(CloseFrame::NORMAL.code);
        Poll::Ready(Ok(()))
    }
}

/// What the runtime calls when something happens.
struct Handlers {
    open: Closure<dyn FnMut()>,
    message: Closure<dyn FnMut(MessageEvent)>,
    error: Closure<dyn FnMut()>,
    close: Closure<dyn FnMut(CloseEvent)>,
}

impl Handlers {
    /// Handlers that put what they are told into the inbox.
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

/// How many bytes a message has at least.
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
        // `binaryType` rules a Blob out, which could not be read at once. From a runtime that sends one all the same,
        // this is a message that is no event: it is reported, and ends nothing.
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

/// A text as UTF-8. The runtime's encoder takes it in at the speed of memory; the usual way in looks at each character,
/// which pays for short ones only.
fn to_text(text: &JsString, encoder: Option<&Encoder>) -> String {
    const SHORT: u32 = 512;
    let bytes = encoder
        .filter(|_| text.length() > SHORT)
        .map(|encoder| encoder.encode(text));
    let utf8 = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    utf8.unwrap_or_else(|| text.into())
}

/// The codes that browsers let scripts close with.
pub fn may_close_with(code: u16) -> bool {
    matches!(code, 1000 | 3000..=4999)
}

fn not_made(exception: &JsValue) -> TransportError {
    let message = match exception_name(exception).as_str() {
        "SecurityError" => "a secure page may open secure connections only".into(),
        "SyntaxError" => {
            "the URL, or the API key as a subprotocol, has characters that it forbids".into()
        }
        name => format!("it threw {name}"),
    };
    TransportError::Unsupported(message.into())
}

/// The constructor's arguments: the URL, then what there is of subprotocols, or of subprotocols and headers where the
/// runtime takes both.
pub fn arguments(handshake: &Handshake) -> Result<Array, JsValue> {
    let arguments = Array::of1(&handshake.url().into());
    let protocols: Array = handshake.subprotocols().map(JsValue::from).collect();
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

/// The name of an exception. Its message may quote the subprotocols, and with them the credential.
pub fn exception_name(exception: &JsValue) -> String {
    Reflect::get(exception, &"name".into())
        .ok()
        .and_then(|name| name.as_string())
        .unwrap_or_else(|| "something without a name".to_owned())
}

fn lost_with(code: u16) -> TransportError {
    TransportError::Lost(format!("there was no close frame (code {code})").into())
}
