//! The emulator that inputs are tried on.

use std::sync::{Mutex, PoisonError};

use openai_realtime_ws::emulator::Emulator;
use tokio::net::{TcpSocket, TcpStream};

use crate::loopback::source;

/// Number of connections after which there is a new one: it remembers each.
const CONNECTIONS: u32 = 1000;

/// A connection to it.
pub async fn connect() -> TcpStream {
    static RUNNING: Mutex<Option<(Emulator, u32)>> = Mutex::new(None);
    let lock = || RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let (emulator, used) = match lock().take() {
        Some((emulator, used @ ..CONNECTIONS)) => (emulator, used),
        _ => {
            let started = Emulator::builder().record_events(false).start().await;
            (started.expect("a free port"), 0)
        }
    };
    let address = ([127, 0, 0, 1], emulator.port()).into();
    *lock() = Some((emulator, used + 1));
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((source(), 0).into()).expect("a free port");
    socket.connect(address).await.expect("a connection")
}
