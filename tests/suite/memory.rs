//! A transport without a network: two queues, and a small server behind them.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_channel::mpsc;
use futures_core::Stream;
use futures_sink::Sink;
use futures_util::StreamExt;
use openai_realtime_ws::protocol::Audio;
use openai_realtime_ws::{Connector, Frame, Handshake, Runtime, TransportError};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::recovery::{PULL_THE_PLUG, RESTART, restart};
use super::scripted::{BAD_FRAME, HANG_UP, hang_up};

/// Makes sockets whose other ends come out of the receiver.
pub fn memory() -> (Memory, mpsc::UnboundedReceiver<Peer>) {
    let (peers, other_ends) = mpsc::unbounded();
    let connector = Memory {
        peers,
        runtime: Runtime::Native,
        epoch: Instant::now(),
    };
    (connector, other_ends)
}

/// The connector. Its time is tokio's, which a test may pause.
#[derive(Clone)]
pub struct Memory {
    epoch: Instant,
    peers: mpsc::UnboundedSender<Peer>,
    /// Runtime that the connector reports.
    pub runtime: Runtime,
}

/// The other end of a socket. It takes one frame at a time.
pub struct Peer {
    pub handshake: Handshake,
    pub received: mpsc::Receiver<Frame>,
    pub send: mpsc::UnboundedSender<Result<Frame, TransportError>>,
}

/// A socket.
pub struct Wire {
    incoming: mpsc::UnboundedReceiver<Result<Frame, TransportError>>,
    outgoing: mpsc::Sender<Frame>,
}

impl Connector for Memory {
    type Transport = Wire;

    fn runtime(&self) -> Runtime {
        self.runtime
    }

    fn connect(
        &self,
        handshake: Handshake,
    ) -> impl Future<Output = Result<Wire, TransportError>> + Send + 'static {
        let (send, incoming) = mpsc::unbounded();
        let (outgoing, received) = mpsc::channel(0);
        let peer = Peer {
            handshake,
            received,
            send,
        };
        let found = self.peers.unbounded_send(peer);
        std::future::ready(match found {
            Ok(()) => Ok(Wire { incoming, outgoing }),
            Err(error) => Err(TransportError::Unreachable(error.to_string().into())),
        })
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// It is 1970 when a test begins.
    fn unix_time(&self) -> Option<Duration> {
        Some(self.epoch.elapsed())
    }

    fn seed(&self) -> u64 {
        7
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        tokio::time::sleep(duration)
    }
}

impl Stream for Wire {
    type Item = Result<Frame, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.incoming.poll_next_unpin(cx)
    }
}

impl Sink<Frame> for Wire {
    type Error = TransportError;

    fn poll_ready(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), TransportError>> {
        self.outgoing.poll_ready(cx).map_err(lost)
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Frame) -> Result<(), TransportError> {
        self.outgoing.start_send(frame).map_err(lost)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), TransportError>> {
        self.outgoing.close_channel();
        Poll::Ready(Ok(()))
    }
}

fn lost(error: mpsc::SendError) -> TransportError {
    TransportError::Lost(error.into())
}

impl Peer {
    pub fn send(&self, frame: Frame) {
        // The receiver may be gone.
        let _ = self.send.unbounded_send(Ok(frame));
    }

    pub fn send_json(&self, event: &Value) {
        self.send(Frame::Text(event.to_string().into()));
    }

    /// Serves until the client closes, or is gone.
    pub async fn serve(mut self) {
        let mut server = Server::default();
        self.send_json(&json!({"type": "session.created", "session": {"type": "realtime"}}));
        while let Some(frame) = self.received.next().await {
            let text = match frame {
                Frame::Text(text) => text,
                Frame::Ping(bytes) => {
                    self.send(Frame::Pong(bytes));
                    continue;
                }
                frame => {
                    self.send(frame);
                    return;
                }
            };
            let event: Value = serde_json::from_str(&text).unwrap();
            for frame in server.receive(&event) {
                let last = matches!(frame, Frame::Close(_));
                self.send(frame);
                if last {
                    return;
                }
            }
            if server.unplugged {
                return;
            }
        }
    }
}

/// A server that knows no more of the protocol than the suite asks for.
#[derive(Default)]
struct Server {
    modality: Option<Value>,
    speech: Vec<u8>,
    last_item: Value,
    unplugged: bool,
}

impl Server {
    fn receive(&mut self, event: &Value) -> Vec<Frame> {
        match event["type"].as_str().unwrap() {
            "session.update" => {
                let modality = event.pointer("/session/output_modalities/0").cloned();
                self.modality = modality.or(self.modality.take());
                vec![frame(
                    &json!({"type": "session.updated", "session": event["session"]}),
                )]
            }
            "conversation.item.create" => {
                self.last_item = event["item"].clone();
                Vec::new()
            }
            "conversation.item.delete" => {
                let error = json!({"type": "invalid_request_error", "message": "no such item", "event_id": event["event_id"]});
                vec![frame(&json!({"type": "error", "error": error}))]
            }
            "input_audio_buffer.append" => {
                let audio = Audio::from_base64(event["audio"].as_str().unwrap());
                self.speech.extend(audio.bytes().unwrap());
                Vec::new()
            }
            "input_audio_buffer.commit" => Vec::new(),
            "response.create" => self.respond(),
            other => panic!("unexpected {other}"),
        }
    }

    fn respond(&mut self) -> Vec<Frame> {
        let item = self.last_item.take();
        if let Some(output) = item["output"].as_str() {
            return self.say(&format!("The function answered: {output}"));
        }
        match item.pointer("/content/0/text").and_then(Value::as_str) {
            Some(text) if text.contains("get_weather") => {
                let call = json!({"type": "response.function_call_arguments.done", "call_id": "call_1", "arguments": "{\"city\":\"Oslo\"}"});
                vec![frame(&call), done("")]
            }
            Some(HANG_UP) => vec![Frame::Close(hang_up())],
            Some(RESTART) => vec![Frame::Close(restart())],
            Some(PULL_THE_PLUG) => {
                self.unplugged = true;
                Vec::new()
            }
            Some(BAD_FRAME) => vec![Frame::Text("{\"type\":".into()), done("")],
            Some(text) => self.say(&format!("You said: {text}")),
            None => self.say(&format!(
                "You spoke for {}.{} seconds.",
                self.speech.len() / 48_000,
                self.speech.len() / 4_800 % 10
            )),
        }
    }

    /// Says a text in two pieces, and plays the speech back in pieces if audio is asked for.
    fn say(&mut self, text: &str) -> Vec<Frame> {
        let audio = self.modality == Some(json!("audio"));
        let kind = if audio {
            "response.output_audio_transcript.delta"
        } else {
            "response.output_text.delta"
        };
        let (first, second) = text.split_at(text.find(' ').unwrap_or(0));
        let mut frames = vec![
            frame(&json!({"type": kind, "delta": first})),
            frame(&json!({"type": kind, "delta": second})),
        ];
        for piece in self.speech.chunks(4_000) {
            frames.push(frame(
                &json!({"type": "response.output_audio.delta", "delta": Audio::from_bytes(piece)}),
            ));
        }
        self.speech.clear();
        frames.push(done(text));
        frames
    }
}

fn done(text: &str) -> Frame {
    let message = json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]});
    frame(
        &json!({"type": "response.done", "response": {"status": "completed", "output": [message]}}),
    )
}

fn frame(event: &Value) -> Frame {
    Frame::Text(event.to_string().into())
}
