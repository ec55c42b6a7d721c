//! A loop by hand: tungstenite with a small buffer, borrowed serde, SIMD base64.

use std::{borrow::Cow, hint::black_box};

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{Role, WebSocketConfig},
    },
};

use crate::{
    Bench, Peer, Result,
    measure::{self, Meter, Server, Speech},
    peers::bare::Connector,
};

/// Event with the members that the loop uses.
#[derive(Deserialize)]
pub struct Delta<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    delta: Cow<'a, str>,
}

/// Runs a bench.
pub async fn run(bench: Bench, server: &Server) -> Result<f64> {
    let connector = Connector::new(bench, server)?;
    match bench {
        Bench::TextDelta | Bench::AudioDelta => receive(&connector).await,
        Bench::Append => send(&connector).await,
        Bench::Call => call(&connector).await,
        _ => Err(bench.not_for(Peer::Tuned)),
    }
}

async fn connect(connector: &Connector) -> Result<WebSocketStream<TlsStream<TcpStream>>> {
    let config = WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .write_buffer_size(0);
    let stream = connector.upgraded().await?;
    Ok(WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await)
}

async fn receive(connector: &Connector) -> Result<f64> {
    let mut socket = connect(connector).await?;
    let mut meter = Meter::start(&connector.server);
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message? {
            handle(text.as_str())?;
            if !meter.tick() {
                return Ok(meter.rate());
            }
        }
    }
    Err("the server hung up".into())
}

async fn send(connector: &Connector) -> Result<f64> {
    let pcm = measure::append_pcm();
    let mut socket = connect(connector).await?;
    let mut meter = Meter::start(&connector.server);
    loop {
        socket.send(Message::text(append(&pcm))).await?;
        if !meter.tick() {
            return Ok(meter.rate());
        }
    }
}

async fn call(connector: &Connector) -> Result<f64> {
    let open = || async {
        let mut socket = connect(connector).await?;
        Ok(async move {
            let mut speech = Speech::new();
            loop {
                tokio::select! {
                    message = socket.next() => {
                        if let Message::Text(text) = message.ok_or("the server hung up")?? {
                            handle(text.as_str())?;
                        }
                    }
                    pcm = speech.next() => {
                        let text = append(pcm);
                        socket.send(Message::text(text)).await?;
                    }
                }
            }
        })
    };
    measure::calls(&connector.server, open).await
}

/// Handles an event: decodes audio.
pub fn handle(text: &str) -> Result<()> {
    let event: Delta = serde_json::from_str(text)?;
    match &*event.kind {
        "response.output_audio.delta" => {
            let audio = base64_simd::STANDARD.decode_to_vec(event.delta.as_bytes());
            black_box(audio.map_err(|_| "not base64")?);
        }
        _ => drop(black_box(event.delta)),
    }
    Ok(())
}

/// Returns the text of an append.
pub fn append(pcm: &[u8]) -> String {
    let audio = base64_simd::STANDARD.encode_to_string(pcm);
    format!(r#"{{"type":"input_audio_buffer.append","audio":"{audio}"}}"#)
}
