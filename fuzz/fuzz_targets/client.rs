//! The bytes of a server, from its answer to the handshake on: whatever they are, the session ends,
//! and its errors do not show the key. `ACCEPT` stands for the answer to the client's own
//! handshake.
#![no_main]

mod loopback;

use std::io;
use std::sync::LazyLock;

use futures_util::future;
use libfuzzer_sys::fuzz_target;
use openai_realtime_ws::native::Connector;
use openai_realtime_ws::{Config, OpenAIRealtimeWS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use loopback::{RUNTIME, source};

const KEY: &str = "sk-The-Key-That-Nobody-May-See";

static LISTENER: LazyLock<TcpListener> = LazyLock::new(|| {
    let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0"));
    listener.expect("a free port")
});

fuzz_target!(|answer: &[u8]| {
    // libFuzzer learns the key from the search for it.
    if answer.windows(KEY.len()).any(|part| part == KEY.as_bytes()) {
        return;
    }
    let listener = &*LISTENER;
    RUNTIME.block_on(async {
        // The client may be gone before everything is written.
        let (_, ()) = future::join(serve(listener, answer), converse(listener)).await;
    });
});

async fn serve(listener: &TcpListener, answer: &[u8]) -> io::Result<()> {
    let (mut socket, _) = listener.accept().await?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if socket.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    socket.write_all(&accepting(answer, &request)).await?;
    socket.shutdown().await?;
    tokio::io::copy(&mut socket, &mut tokio::io::sink()).await?;
    Ok(())
}

fn accepting(answer: &[u8], request: &[u8]) -> Vec<u8> {
    const PLACE: &[u8] = b"ACCEPT";
    let request = String::from_utf8_lossy(request);
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim().to_owned())
    };
    let key = request.lines().find_map(header).expect("a WebSocket's key");
    let Some(at) = answer.windows(PLACE.len()).position(|part| part == PLACE) else {
        return answer.to_owned();
    };
    let accept = derive_accept_key(key.as_bytes());
    [
        &answer[..at],
        accept.as_bytes(),
        &answer[at + PLACE.len()..],
    ]
    .concat()
}

async fn converse(listener: &TcpListener) {
    let address = listener.local_addr().expect("an address");
    let config = Config::new(KEY)
        .insecure_loopback_url(format!("ws://{address}/v1"))
        .model("gpt-realtime");
    let connector = Connector::new()
        .no_proxy()
        .local_address(source().into())
        .max_message_bytes(1024 * 1024);
    let show = |text: String| assert!(!text.contains(KEY), "{text}");
    match OpenAIRealtimeWS::open(connector, config).await {
        Ok(mut session) => {
            while let Some(event) = session.next().await {
                if let Err(error) = event {
                    show(format!("{error} {error:?}"));
                }
            }
            assert!(session.closed().is_some());
        }
        Err(error) => show(format!("{error} {error:?}")),
    }
}
