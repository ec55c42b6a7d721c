//! tokio-tungstenite with its defaults, in a loop that only counts frames.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use crate::{
    Bench, Peer, Result,
    measure::{self, Meter, Server, Speech},
};

/// Runs a bench.
pub async fn run(bench: Bench, server: &Server) -> Result<f64> {
    let connector = Connector::new(bench, server)?;
    match bench {
        Bench::TextDelta | Bench::AudioDelta => receive(&connector, |_| Ok(())).await,
        Bench::Append => send(&connector, append).await,
        Bench::IdleSession => measure::resident(|| idle(&connector)).await,
        _ => Err(bench.not_for(Peer::Bare)),
    }
}

/// Returns the text of an append, by way of `serde_json::Value`.
#[expect(clippy::unnecessary_wraps, reason = "other clients write with errors")]
pub fn append(pcm: &[u8]) -> Result<String> {
    let audio = BASE64_STANDARD.encode(pcm);
    Ok(json!({"type": "input_audio_buffer.append", "audio": audio}).to_string())
}

/// Holds calls: two halves for each, as tokio-tungstenite's examples show it.
pub async fn call(
    connector: &Connector,
    handle: fn(&str) -> Result<()>,
    append: fn(&[u8]) -> Result<String>,
) -> Result<f64> {
    let open = || async {
        let (mut output, mut input) = connector.connect().await?.split();
        let hearing = async move {
            while let Some(message) = input.next().await {
                match message? {
                    Message::Text(text) if !text.contains("session.created") => handle(&text)?,
                    _ => {}
                }
            }
            Ok(())
        };
        let speaking = async move {
            let mut speech = Speech::new();
            while let Ok(text) = append(speech.next().await)
                && output.send(Message::text(text)).await.is_ok()
            {}
        };
        Ok(async move {
            tokio::spawn(speaking);
            hearing.await
        })
    };
    measure::calls(&connector.server, open).await
}

/// Receives deltas and gives the text of each to `handle`.
pub async fn receive(connector: &Connector, handle: impl Fn(&str) -> Result<()>) -> Result<f64> {
    let mut socket = connector.connect().await?;
    next_text(&mut socket).await?;
    let mut meter = Meter::start(&connector.server);
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message? {
            handle(&text)?;
            if !meter.tick() {
                return Ok(meter.rate());
            }
        }
    }
    Err("the server hung up".into())
}

/// Sends what `append` makes of PCM, then a commit, and waits for its acknowledgement.
pub async fn send(connector: &Connector, append: impl Fn(&[u8]) -> Result<String>) -> Result<f64> {
    let pcm = measure::append_pcm();
    let mut socket = connector.connect().await?;
    next_text(&mut socket).await?;
    let mut meter = Meter::start(&connector.server);
    loop {
        socket.send(Message::text(append(&pcm)?)).await?;
        if !meter.tick() {
            break;
        }
    }
    socket
        .send(Message::text(r#"{"type":"input_audio_buffer.commit"}"#))
        .await?;
    let committed: Value = serde_json::from_str(&next_text(&mut socket).await?)?;
    let rate = meter.rate();
    if committed["item_id"] != measure::acknowledged(meter.count()) {
        return Err("the server counted otherwise".into());
    }
    Ok(rate)
}

async fn idle(connector: &Connector) -> Result<Socket> {
    let mut socket = connector.connect().await?;
    next_text(&mut socket).await?;
    match socket.next().now_or_never() {
        None => Ok(socket),
        Some(_) => Err("not idle".into()),
    }
}

async fn next_text(socket: &mut Socket) -> Result<String> {
    match socket.next().await {
        Some(message) => Ok(message?.into_text()?.to_string()),
        None => Err("the server hung up".into()),
    }
}

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// Opens sockets to the server.
pub struct Connector {
    /// Server that they go to.
    pub server: Server,
    url: String,
    address: String,
    tls: TlsConnector,
}

impl Connector {
    /// One for a bench.
    pub fn new(bench: Bench, server: &Server) -> Result<Self> {
        let url = format!(
            "{}/realtime?model={}",
            server.base_url.replacen("https", "wss", 1),
            bench.name()
        );
        let address = url
            .split('/')
            .nth(2)
            .ok_or("no address in the URL")?
            .to_owned();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&server.certificate)?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            server: server.clone(),
            url,
            address,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Opens a stream with TLS.
    pub async fn stream(&self) -> Result<TlsStream<TcpStream>> {
        let socket = TcpStream::connect(&self.address).await?;
        socket.set_nodelay(true)?;
        let name = ServerName::from(socket.peer_addr()?.ip());
        Ok(self.tls.connect(name, socket).await?)
    }

    /// Opens a stream after the WebSocket handshake, and reads nothing behind it.
    pub async fn upgraded(&self) -> Result<TlsStream<TcpStream>> {
        let mut stream = self.stream().await?;
        let target = self.url.split_once(&self.address).map_or("/", |url| url.1);
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).await?;
        let mut response = Vec::new();
        while !response.ends_with(b"\r\n\r\n") {
            response.push(stream.read_u8().await?);
        }
        Ok(stream)
    }

    async fn connect(&self) -> Result<Socket> {
        let stream = self.stream().await?;
        Ok(tokio_tungstenite::client_async(&self.url, stream).await?.0)
    }
}
