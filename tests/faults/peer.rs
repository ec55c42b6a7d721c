//! The server's end of a session, byte by byte.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Seen;
use crate::caller::{list, watch};
use crate::raw_server::{accept, frame, server};

/// Behaviour of a server after it has written.
#[derive(Debug, Clone, Copy)]
pub enum Then {
    /// Reads what the client has to say, to the end.
    Read,
    /// Ends the connection.
    Cut,
    /// Ends it with a reset.
    Reset,
}

impl Then {
    pub async fn act(self, mut stream: TcpStream) -> String {
        match self {
            Self::Read => return read(&mut stream).await,
            Self::Cut => {}
            Self::Reset => stream.set_zero_linger().unwrap(),
        }
        NOTHING.to_owned()
    }
}

/// Words for a server that received nothing.
pub const NOTHING: &str = "–";

/// A session with a server that writes these bytes behind the handshake.
pub async fn session(bytes: Vec<u8>, then: Then) -> Seen {
    let (config, task) = server(move |mut stream, request| async move {
        accept(&mut stream, &request).await;
        // A server that has read enough hangs up in the middle.
        let _ = stream.write_all(&bytes).await;
        then.act(stream).await
    })
    .await;
    let caller = watch(config).await;
    let server = task.await.unwrap();
    Seen { caller, server }
}

/// A session in which these bytes are followed by an event and an orderly close, which come through
/// where the bytes do no harm.
pub async fn among_others(mut bytes: Vec<u8>) -> Seen {
    bytes.extend(frame(1, br#"{"type":"after"}"#));
    bytes.extend(frame(8, &1000_u16.to_be_bytes()));
    session(bytes, Then::Read).await
}

/// The client's frames in words, up to its close, or to the end.
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut seen = Vec::new();
    // Whether it ends in order or with a reset depends on what was still to be read.
    while let Ok(frame) = read_frame(stream).await {
        let is_close = frame.starts_with("close");
        seen.push(frame);
        if is_close {
            break;
        }
    }
    if seen.is_empty() {
        return NOTHING.to_owned();
    }
    list(&seen)
}

/// The same by a server that keeps its end open for as long as the client does.
pub async fn read_and_hold(mut stream: TcpStream) -> String {
    let seen = read(&mut stream).await;
    let rest = stream.read_to_end(&mut Vec::new()).await;
    assert!(matches!(rest, Ok(0) | Err(_)), "something behind the close");
    seen
}

async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<String> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).await?;
    assert!(
        head[0] & 0xF0 == 0x80 && head[1] & 0x80 == 0x80,
        "whole and masked: {head:x?}"
    );
    let length = match head[1] & 0x7F {
        126 => u64::from(stream.read_u16().await?),
        127 => stream.read_u64().await?,
        length => u64::from(length),
    };
    let mut mask = [0; 4];
    stream.read_exact(&mut mask).await?;
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut payload).await?;
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Ok(match (head[0] & 0x0F, &payload[..]) {
        (8, []) => "close".to_owned(),
        (8, [high, low, reason @ ..]) => {
            let code = u16::from_be_bytes([*high, *low]);
            let reason = String::from_utf8_lossy(reason);
            if reason.is_empty() {
                format!("close {code}")
            } else {
                format!("close {code} ({reason})")
            }
        }
        (9, _) => "ping".to_owned(),
        (10, payload) => format!("pong of {} bytes", payload.len()),
        (1, payload) => {
            let event: serde_json::Value = serde_json::from_slice(payload).unwrap();
            format!("`{}`", event["type"].as_str().unwrap())
        }
        (opcode, _) => panic!("a frame of opcode {opcode}"),
    })
}
