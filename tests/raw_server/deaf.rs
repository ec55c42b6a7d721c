//! An address that drops the packets which open connections.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// Far longer than a connection to this machine takes.
const SILENCE: Duration = Duration::from_millis(200);

/// An address where nothing answers. The queue of its listener is full, so Linux drops every SYN.
pub struct DeafAddress {
    pub address: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl DeafAddress {
    pub async fn start() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        let listener = socket.listen(0)?;
        let address = listener.local_addr()?;
        let mut queued = Vec::new();
        // The connections that fit into the queue open, although nobody accepts them.
        while let Ok(connected) = timeout(SILENCE, TcpStream::connect(address)).await {
            queued.push(connected?);
        }
        Ok(Self {
            address,
            _listener: listener,
            _queued: queued,
        })
    }
}
