//! Listener on one port for TLS and plain connections, which differ in their first byte.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use super::http::serve;
use super::state::ServerState;
use super::tls::CLIENT_HELLO;

/// Accepts connections until it is dropped, and every connection with it.
pub(super) async fn listen(listener: TcpListener, tls: TlsAcceptor, options: Arc<ServerState>) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(greet(stream, tls.clone(), Arc::clone(&options)));
            }
            // Passing troubles only: the peer is gone again, or too many files are open.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn greet(stream: TcpStream, tls: TlsAcceptor, options: Arc<ServerState>) {
    let mut first = [0];
    if stream.set_nodelay(true).is_err() || stream.peek(&mut first).await.is_err() {
        return;
    }
    if first == [CLIENT_HELLO] {
        if let Ok(stream) = tls.accept(stream).await {
            serve(stream, true, options).await;
        }
    } else {
        serve(stream, false, options).await;
    }
}
