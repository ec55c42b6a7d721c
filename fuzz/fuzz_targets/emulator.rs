//! Messages of a client to the emulator: one for a line, in text if it is UTF-8. The
//! emulator hears it all, and answers the close frame behind it.
#![no_main]

mod loopback;
mod server;

use futures_util::{SinkExt, StreamExt};
use libfuzzer_sys::fuzz_target;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use loopback::RUNTIME;

fuzz_target!(|lines: &[u8]| {
    RUNTIME.block_on(async {
        let stream = server::connect().await;
        let url = "ws://localhost/v1/realtime?model=gpt-realtime";
        let (mut socket, _) = client_async(url, stream).await.expect("a handshake");
        for line in lines.split(|byte| *byte == b'\n') {
            let message = match str::from_utf8(line) {
                Ok(text) => Message::text(text),
                Err(_) => Message::binary(line.to_owned()),
            };
            socket.send(message).await.expect("an open socket");
        }
        let normal = CloseFrame {
            code: 1000.into(),
            reason: "OK".into(),
        };
        socket
            .close(Some(normal.clone()))
            .await
            .expect("an open socket");
        let mut answer = None;
        while let Some(message) = socket.next().await {
            if let Message::Close(frame) = message.expect("frames to the end") {
                answer = frame;
            }
        }
        assert_eq!(answer, Some(normal));
    });
});
