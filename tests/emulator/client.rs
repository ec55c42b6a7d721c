//! A raw client: a WebSocket and JSON, nothing of this crate's own client.

use futures_util::{SinkExt, StreamExt};
use openai_realtime_ws::emulator::Emulator;
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

pub const TARGET: &str = "/realtime?model=gpt-realtime";

pub struct Client {
    socket: WebSocketStream<TcpStream>,
}

impl Client {
    /// Opens a connection; the first event, `session.created`, is still to be read.
    pub async fn open(
        emulator: &Emulator,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<(Self, Response<Option<Vec<u8>>>), Error> {
        Self::open_url(emulator, &format!("{}{target}", emulator.ws_url()), headers).await
    }

    /// Opens a connection at a path of its own.
    pub async fn open_at(emulator: &Emulator, url: &str) -> Result<Self, Error> {
        Self::open_url(emulator, url, &[])
            .await
            .map(|(client, _)| client)
    }

    async fn open_url(
        emulator: &Emulator,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<(Self, Response<Option<Vec<u8>>>), Error> {
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).unwrap();
            request
                .headers_mut()
                .insert(name, HeaderValue::try_from(*value).unwrap());
        }
        let socket = TcpSocket::new_v4()?;
        // So that the server feels it when this client does not read.
        socket.set_recv_buffer_size(64 * 1024)?;
        let stream = socket
            .connect(([127, 0, 0, 1], emulator.port()).into())
            .await?;
        let (socket, response) = client_async(request, stream).await?;
        Ok((Self { socket }, response))
    }

    /// A conversation, `session.created` read.
    pub async fn conversation(emulator: &Emulator) -> Self {
        let (mut client, _) = Self::open(emulator, TARGET, &[]).await.unwrap();
        assert_eq!(client.next().await["type"], "session.created");
        client
    }

    pub async fn send(&mut self, event: Value) {
        self.send_text(event.to_string()).await;
    }

    pub async fn send_binary(&mut self, bytes: &'static [u8]) {
        self.socket.send(Message::binary(bytes)).await.unwrap();
    }

    pub async fn send_text(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame {
            code: code.into(),
            reason: reason.into(),
        };
        self.socket.send(Message::Close(Some(frame))).await.unwrap();
    }

    pub async fn next_message(&mut self) -> Option<Result<Message, Error>> {
        self.socket.next().await
    }

    pub async fn next(&mut self) -> Value {
        loop {
            match self.next_message().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_))) => {}
                other => panic!("expected an event, got {other:?}"),
            }
        }
    }

    /// The events up to one of this type, which is the last.
    pub async fn until(&mut self, event_type: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await;
            let found = event["type"] == event_type;
            events.push(event);
            if found {
                return events;
            }
        }
    }

    /// Sends an event that is refused, and gives the error.
    pub async fn refused(&mut self, event: Value) -> Value {
        self.send(event).await;
        let event = self.next().await;
        assert_eq!(event["type"], "error", "{event}");
        event["error"].clone()
    }

    /// Says a text, and reads the conversation's two answers.
    pub async fn say(&mut self, text: &str) {
        let content = json!([{"type": "input_text", "text": text}]);
        self.send(json!({"type": "conversation.item.create",
            "item": {"type": "message", "role": "user", "content": content}}))
            .await;
        self.until("conversation.item.done").await;
    }

    /// Asks for a response, and reads it to its end.
    pub async fn respond(&mut self, params: Value) -> Vec<Value> {
        self.send(json!({"type": "response.create", "response": params}))
            .await;
        self.until("rate_limits.updated").await
    }

    pub async fn update(&mut self, session: Value) -> Value {
        self.send(json!({"type": "session.update", "session": session}))
            .await;
        let event = self.next().await;
        assert_eq!(event["type"], "session.updated", "{event}");
        event["session"].clone()
    }

    /// No turn detection, and text.
    pub async fn text_session(emulator: &Emulator) -> Self {
        let mut client = Self::conversation(emulator).await;
        client
            .update(json!({"type": "realtime", "output_modalities": ["text"]}))
            .await;
        client
    }
}

pub fn types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| event["type"].as_str())
        .collect()
}

/// The field of all events of one type, joined.
pub fn joined(events: &[Value], event_type: &str, field: &str) -> String {
    let events = events.iter().filter(|event| event["type"] == event_type);
    events.filter_map(|event| event[field].as_str()).collect()
}

/// The bytes of all audio deltas.
pub fn audio(events: &[Value]) -> Vec<u8> {
    let deltas = events
        .iter()
        .filter(|event| event["type"] == "response.output_audio.delta");
    deltas
        .flat_map(|event| {
            base64_simd::STANDARD
                .decode_to_vec(event["delta"].as_str().unwrap())
                .unwrap()
        })
        .collect()
}

pub fn append(pcm: &[u8]) -> Value {
    json!({"type": "input_audio_buffer.append", "audio": base64_simd::STANDARD.encode_to_string(pcm)})
}

/// A square wave, 24,000 Hz.
pub fn pcm(height: i16, millis: usize) -> Vec<u8> {
    (0..24 * millis)
        .flat_map(|n| if n / 50 % 2 == 0 { height } else { -height }.to_le_bytes())
        .collect()
}
