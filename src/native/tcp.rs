use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream, lookup_host};
use url::{Host, Url};

use crate::transport::TransportError;

/// Where a TCP connection goes.
pub struct Server {
    /// A name, or an address without the brackets of an IPv6 one.
    pub host: String,
    pub port: u16,
}

impl Server {
    /// The one that a URL names.
    pub fn of(url: &Url) -> Result<Self, TransportError> {
        let no_host = || TransportError::Unreachable("the URL has no host".into());
        let host = match url.host().ok_or_else(no_host)? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let port = url.port_or_known_default().ok_or_else(no_host)?;
        Ok(Self { host, port })
    }

    /// As in a URL: `host:port`, `[address]:port`.
    pub fn authority(&self) -> String {
        let Self { host, port } = self;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }

    /// All addresses of the host, in the system's order.
    pub async fn addresses(&self) -> io::Result<impl Iterator<Item = SocketAddr>> {
        lookup_host((self.host.as_str(), self.port)).await
    }

    /// Connects to the first of the host's addresses that takes the connection, one after the other.
    pub async fn connect(&self, local: Option<IpAddr>) -> io::Result<TcpStream> {
        let mut failure = io::Error::other("the host has no address of the right kind");
        for address in self.addresses().await? {
            if local.is_some_and(|local| local.is_ipv4() != address.is_ipv4()) {
                continue;
            }
            match open(address, local).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

async fn open(address: SocketAddr, local: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    if let Some(local) = local {
        socket.bind((local, 0).into())?;
    }
    let stream = socket.connect(address).await?;
    // Small messages must not wait for each other (Nagle's algorithm).
    stream.set_nodelay(true)?;
    Ok(stream)
}
