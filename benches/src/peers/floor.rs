//! TLS, and one pass over each frame: what no client can go below.

use std::hint::black_box;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    Bench, Peer, Result,
    measure::{self, Meter, Server, Speech},
    peers::bare::Connector,
};

/// Runs a bench.
pub async fn run(bench: Bench, server: &Server) -> Result<f64> {
    let connector = Connector::new(bench, server)?;
    match bench {
        Bench::Append => send(&connector).await,
        Bench::Call => call(&connector).await,
        Bench::IdleSession => Err(bench.not_for(Peer::Floor)),
        _ => receive(&connector).await,
    }
}

/// Frames out of a stream of bytes.
#[derive(Default)]
struct Reader {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Reader {
    /// Reads the next frame and passes over it once.
    async fn next(&mut self, stream: &mut (impl AsyncReadExt + Unpin)) -> Result<()> {
        if self.buffer.is_empty() {
            self.buffer.resize(64 * 1024, 0);
        }
        loop {
            if let Some(length) = frame_length(&self.buffer[self.start..self.end]) {
                let frame = &self.buffer[self.start..self.start + length];
                black_box(memchr::memchr(0, frame));
                self.start += length;
                return Ok(());
            }
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            }
            match stream.read(&mut self.buffer[self.end..]).await? {
                0 => return Err("the server hung up".into()),
                read => self.end += read,
            }
        }
    }
}

/// Returns the length of the frame that the bytes begin with, if all of it is there.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let length = match bytes.get(1)? {
        126 => 4 + usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)),
        short => 2 + usize::from(*short),
    };
    (length <= bytes.len()).then_some(length)
}

async fn receive(connector: &Connector) -> Result<f64> {
    let (mut stream, mut reader) = (connector.upgraded().await?, Reader::default());
    reader.next(&mut stream).await?;
    let mut meter = Meter::start(&connector.server);
    loop {
        reader.next(&mut stream).await?;
        if !meter.tick() {
            return Ok(meter.rate());
        }
    }
}

async fn send(connector: &Connector) -> Result<f64> {
    let pcm = measure::append_pcm();
    let (mut stream, mut reader) = (connector.upgraded().await?, Reader::default());
    reader.next(&mut stream).await?;
    let mut meter = Meter::start(&connector.server);
    loop {
        stream.write_all(&append(&pcm)).await?;
        if !meter.tick() {
            break;
        }
    }
    stream.flush().await?;
    Ok(meter.rate())
}

async fn call(connector: &Connector) -> Result<f64> {
    let open = || async {
        let (mut stream, mut reader) = (connector.upgraded().await?, Reader::default());
        Ok(async move {
            let mut speech = Speech::new();
            loop {
                tokio::select! {
                    heard = reader.next(&mut stream) => heard?,
                    pcm = speech.next() => {
                        let frame = append(pcm);
                        stream.write_all(&frame).await?;
                        stream.flush().await?;
                    }
                }
            }
        })
    };
    measure::calls(&connector.server, open).await
}

/// Returns the frame of an append. Its mask is zero, so that the text stands as it is.
fn append(pcm: &[u8]) -> Vec<u8> {
    const BEFORE: &[u8] = br#"{"type":"input_audio_buffer.append","audio":""#;
    const AFTER: &[u8] = br#""}"#;
    let length = BEFORE.len() + pcm.len().div_ceil(3) * 4 + AFTER.len();
    let mut frame = Vec::with_capacity(length + 8);
    frame.extend([0x81, 0xfe]);
    frame.extend(u16::try_from(length).unwrap_or_default().to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(BEFORE);
    base64_simd::STANDARD.encode_append(pcm, &mut frame);
    frame.extend(AFTER);
    frame
}
