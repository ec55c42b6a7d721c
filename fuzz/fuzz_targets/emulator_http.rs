//! Bytes on a socket of the emulator: HTTP requests, or anything else. It ends the
//! connection.
#![no_main]

mod loopback;
mod server;

use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use loopback::RUNTIME;

fuzz_target!(|request: &[u8]| {
    RUNTIME.block_on(async {
        let (mut answers, mut requests) = server::connect().await.into_split();
        // The emulator may end it before it has heard all.
        if requests.write_all(request).await.is_ok() {
            let _ = requests.shutdown().await;
        }
        let _ = answers.read_to_end(&mut Vec::new()).await;
    });
});
