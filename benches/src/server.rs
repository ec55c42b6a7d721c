//! The server's side: WebSocket by hand over TLS, in frames made beforehand, so that it is never
//! what is measured.

use std::{
    io::{self, Read},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use futures_util::future::{self, Either};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    time::interval,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer},
    server::TlsStream,
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::{
    Bench, Result,
    frames::{CHUNK, Frames, frame},
    measure,
};

/// Time between two audio deltas of a call.
const CALL_PACE: Duration = Duration::from_millis(40);

/// Writes its certificate to the path, prints its URL, and serves until its standard input closes.
pub fn run(certificate: &str) -> Result<()> {
    let identity =
        rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    std::fs::write(certificate, identity.cert.pem())?;
    let key = PrivatePkcs8KeyDer::from(identity.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![identity.cert.der().clone()], key.into())?;
    std::thread::spawn(|| {
        let _ = io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    measure::runtime()?.block_on(serve(TlsAcceptor::from(Arc::new(config))))
}

async fn serve(acceptor: TlsAcceptor) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("https://{}/v1", listener.local_addr()?);
    let frames = Arc::new(Frames::new()?);
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let (acceptor, frames) = (acceptor.clone(), Arc::clone(&frames));
        // A client that has its figure just goes away, so how a connection ends says nothing.
        tokio::spawn(async move { converse(acceptor.accept(socket).await?, &frames).await });
    }
}

async fn converse(mut stream: TlsStream<TcpStream>, frames: &Frames) -> Result<()> {
    let bench = upgrade(&mut stream).await?;
    stream.write_all(&frames.created).await?;
    stream.flush().await?;
    match (bench, frames.flood(bench)) {
        (_, Some(flood)) => repeat(stream, flood).await,
        (Bench::Append, None) => drain(stream).await,
        (Bench::Call, None) => speak(stream, &frames.call).await,
        (_, None) => ignore(stream).await,
    }
}

/// Reads until the client hangs up.
async fn ignore(mut stream: impl AsyncRead + Unpin) -> Result<()> {
    let mut taken = vec![0; 16 * 1024];
    while stream.read(&mut taken).await? > 0 {}
    Ok(())
}

/// Writes one frame at the pace of a call, and ignores what the client says.
async fn speak(stream: TlsStream<TcpStream>, spoken: &[u8]) -> Result<()> {
    let (input, mut output) = tokio::io::split(stream);
    let speaking = pin!(async {
        let mut pace = interval(CALL_PACE);
        loop {
            pace.tick().await;
            if let Err(error) = output.write_all(spoken).await {
                break error;
            }
        }
    });
    match future::select(pin!(ignore(input)), speaking).await {
        Either::Left((read, _)) => read,
        Either::Right((error, _)) => Err(error.into()),
    }
}

/// Answers the opening handshake; the model in its URL says what is to be measured.
async fn upgrade(stream: &mut TlsStream<TcpStream>) -> Result<Bench> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let request = String::from_utf8(request)?;
    let target = request.split(' ').nth(1).ok_or("no request target")?;
    let query = target.split_once('?').ok_or("no query")?.1;
    let model = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("model="))
        .ok_or("no model")?;
    let key = request
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .ok_or("no WebSocket key")?;
    let accept = derive_accept_key(key.1.trim().as_bytes());
    // A client that offers subprotocols wants an answer.
    let subprotocol = if request.to_lowercase().contains("sec-websocket-protocol:") {
        "Sec-WebSocket-Protocol: realtime\r\n"
    } else {
        ""
    };
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{subprotocol}\r\n"
    );
    stream.write_all(response.as_bytes()).await?;
    Ok(model.parse()?)
}

/// Writes until the client says something, which is that it closes.
async fn repeat(stream: TlsStream<TcpStream>, chunk: &[u8]) -> Result<()> {
    let (mut input, mut output) = tokio::io::split(stream);
    let writing = pin!(async {
        loop {
            if let Err(error) = output.write_all(chunk).await {
                break error;
            }
        }
    });
    match future::select(pin!(input.read_u8()), writing).await {
        Either::Left((read, _)) => read.map(drop)?,
        Either::Right((error, _)) => return Err(error.into()),
    }
    Ok(())
}

/// Counts text frames until a short one, the commit, and says in `item_id` how many there were.
async fn drain(stream: TlsStream<TcpStream>) -> Result<()> {
    let mut stream = BufReader::with_capacity(CHUNK, stream);
    let mut count = 0_u64;
    loop {
        let opcode = stream.read_u8().await? & 0x0f;
        let size = match stream.read_u8().await? & 0x7f {
            126 => stream.read_u16().await?.into(),
            127 => stream.read_u64().await?,
            short => u64::from(short),
        };
        let mask = 4;
        skip(&mut stream, size + mask).await?;
        match (opcode, size) {
            (1, 126..) => count += 1,
            (1, _) => break,
            _ => {}
        }
    }
    let committed = format!(
        r#"{{"type":"input_audio_buffer.committed","event_id":"event_committed","previous_item_id":null,"item_id":"item_{count}"}}"#
    );
    stream.write_all(&frame(&committed)?).await?;
    stream.flush().await?;
    // The client hangs up.
    stream.read_u8().await?;
    Ok(())
}

async fn skip(stream: &mut BufReader<TlsStream<TcpStream>>, mut size: u64) -> Result<()> {
    while size > 0 {
        let held = stream.fill_buf().await?.len();
        if held == 0 {
            return Err("the client hung up".into());
        }
        let taken = held.min(usize::try_from(size).unwrap_or(held));
        stream.consume(taken);
        size -= taken as u64;
    }
    Ok(())
}
