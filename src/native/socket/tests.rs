use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::Socket;
use crate::native::tcp::Io;
use crate::native::websocket::WRITE_BUFFER_BYTES;
use crate::transport::Frame;

/// Stream that gives what is put into it, and keeps what is written.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Ends>>);

#[derive(Default)]
struct Ends {
    arrives: VecDeque<u8>,
    reads: usize,
    writes: Vec<Vec<u8>>,
    /// Set while the stream takes no bytes.
    stalled: bool,
}

impl Wire {
    fn puts(&self, bytes: &[u8]) {
        self.0.lock().unwrap().arrives.extend(bytes);
    }

    fn reads(&self) -> usize {
        self.0.lock().unwrap().reads
    }

    /// Returns the opcodes of the frames of each write, of small frames.
    fn written(&self) -> Vec<Vec<u8>> {
        let writes = std::mem::take(&mut self.0.lock().unwrap().writes);
        let opcodes = |mut bytes: &[u8]| {
            let mut opcodes = Vec::new();
            while let [first, second, rest @ ..] = bytes {
                opcodes.push(first & 0x0f);
                // The mask has four bytes.
                bytes = &rest[4 + usize::from(second & 0x7f)..];
            }
            opcodes
        };
        writes.iter().map(|bytes| opcodes(bytes)).collect()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut ends = self.0.lock().unwrap();
        ends.reads += 1;
        if ends.arrives.is_empty() {
            return Poll::Pending;
        }
        while buffer.remaining() > 0
            && let Some(byte) = ends.arrives.pop_front()
        {
            buffer.put_slice(&[byte]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut ends = self.0.lock().unwrap();
        if ends.stalled {
            return Poll::Pending;
        }
        ends.writes.push(bytes.to_vec());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Io for Wire {
    fn poll_readable(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0.lock().unwrap().arrives.is_empty() {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    }
}

fn socket() -> (Wire, Socket) {
    let wire = Wire::default();
    let config = WebSocketConfig::default().write_buffer_size(WRITE_BUFFER_BYTES);
    let socket = Socket::new(Box::new(wire.clone()), Vec::new(), config);
    (wire, socket)
}

fn poll_next(socket: &mut Socket) -> Option<Frame> {
    match socket.poll_next_unpin(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => Some(frame.unwrap().unwrap()),
        Poll::Pending => None,
    }
}

#[tokio::test]
async fn frames_that_are_queued_leave_in_one_write_and_one_alone_at_once() {
    let (wire, mut socket) = socket();
    socket.send(Frame::Text("alone".into())).await.unwrap();
    assert_eq!(wire.written(), [[1]]);
    for _ in 0..20 {
        socket.feed(Frame::Text("queued".into())).await.unwrap();
    }
    assert!(wire.written().is_empty());
    socket.flush().await.unwrap();
    assert_eq!(wire.written(), [[1; 20]]);
}

#[tokio::test]
async fn more_than_a_buffer_is_written_before_the_flush() {
    let (wire, mut socket) = socket();
    let large = "x".repeat(WRITE_BUFFER_BYTES);
    socket.feed(Frame::Text(large.into())).await.unwrap();
    assert_eq!(wire.0.lock().unwrap().writes.len(), 1);
}

#[test]
fn the_stream_is_read_only_if_it_has_something_and_no_message_is_left() {
    let (wire, mut socket) = socket();
    assert_eq!(poll_next(&mut socket), None);
    assert_eq!(wire.reads(), 0);
    // Two messages and the beginning of a third's head.
    wire.puts(b"\x81\x01a\x81\x01b\x81");
    assert_eq!(poll_next(&mut socket), Some(Frame::Text("a".into())));
    assert_eq!(poll_next(&mut socket), Some(Frame::Text("b".into())));
    assert_eq!(poll_next(&mut socket), None);
    assert_eq!(wire.reads(), 1);
    wire.puts(b"\x01c");
    assert_eq!(poll_next(&mut socket), Some(Frame::Text("c".into())));
    assert_eq!(poll_next(&mut socket), None);
    assert_eq!(wire.reads(), 2);
}

#[test]
fn a_ping_is_answered_though_nothing_else_arrives() {
    let (wire, mut socket) = socket();
    wire.puts(b"\x89\x01p");
    wire.0.lock().unwrap().stalled = true;
    assert!(matches!(poll_next(&mut socket), Some(Frame::Ping(_))));
    assert_eq!(poll_next(&mut socket), None);
    assert!(wire.written().is_empty());
    wire.0.lock().unwrap().stalled = false;
    assert_eq!(poll_next(&mut socket), None);
    assert_eq!(wire.written(), [[10]]);
}
