//! Relay before a TLS server, which resets or ends some connections during the handshake.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::random::Random;

/// A relay. It takes no more connections when it is dropped.
pub struct Relay {
    pub address: SocketAddr,
    failed: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Relay {
    pub async fn start(seed: u64, server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let failed = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&failed);
        let task = tokio::spawn(async move {
            for connection in 0.. {
                // An error is the client's, which hung up.
                let Ok((client, _)) = listener.accept().await else {
                    continue;
                };
                let random = Random::new(seed, connection);
                tokio::spawn(relay(client, server, random, Arc::clone(&counter)));
            }
        });
        Ok(Self {
            address,
            failed,
            task,
        })
    }

    /// Number of handshakes that were reset or ended.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(
    mut client: TcpStream,
    server: SocketAddr,
    mut random: Random,
    failed: Arc<AtomicU64>,
) {
    let fate = random.of(0..100);
    if fate < 12 {
        failed.fetch_add(1, Ordering::Relaxed);
        // The client has spoken, so that the handshake is under way.
        let _ = client.read(&mut [0; 4096]).await;
        if fate < 8 {
            let _ = client.set_zero_linger();
        }
        return;
    }
    if let Ok(mut server) = TcpStream::connect(server).await {
        // How a connection ends is for its two ends to tell.
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}
