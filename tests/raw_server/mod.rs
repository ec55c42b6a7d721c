//! A server for one connection, whose answer a test writes byte by byte.

// Each test file uses a part of it.
#![allow(dead_code)]

use std::error::Error as _;

use openai_realtime_ws::{Config, Error};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Starts a server that accepts a connection, reads its request and runs `serve`. Returns a
/// configuration that reaches the server, and a task with the result of `serve`.
pub async fn server<F, T>(
    serve: impl FnOnce(TcpStream, String) -> F + Send + 'static,
) -> (Config, JoinHandle<T>)
where
    F: Future<Output = T> + Send,
    T: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/v1", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        serve(stream, String::from_utf8(request).unwrap()).await
    });
    let config = Config::new("sk-secret-key").model("gpt-realtime");
    (config.insecure_loopback_url(url), task)
}

/// The answer that accepts a request (RFC 6455, section 4.2.2).
pub fn acceptance(request: &str) -> String {
    let key = request
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .starts_with("sec-websocket-key:")
                .then(|| line[18..].trim())
        })
        .unwrap();
    let accept = derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

/// Accepts the handshake.
pub async fn accept(stream: &mut TcpStream, request: &str) {
    let answer = acceptance(request);
    stream.write_all(answer.as_bytes()).await.unwrap();
}

/// A server's frame, unmasked.
pub fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        len @ ..126 => frame.push(u8::try_from(len).unwrap()),
        len @ ..65536 => {
            frame.push(126);
            frame.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            frame.push(127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

/// The error, and all its causes.
pub fn report(error: &Error) -> String {
    let mut report = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        report = format!("{report}: {error}");
        cause = error.source();
    }
    report
}
