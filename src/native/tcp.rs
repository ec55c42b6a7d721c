//! TCP connections: name lookup, and the race between a host's addresses.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
#[cfg(feature = "native")]
use std::pin::Pin;
use std::sync::Arc;
#[cfg(feature = "native")]
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
#[cfg(feature = "native")]
use tokio::io::AsyncBufRead;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

use crate::transport::TransportError;

/// The Connection Attempt Delay that RFC 8305, section 5, recommends.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A byte stream, with TLS or without.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {
    /// Returns ready if reading may give something: bytes, the end, or an error. Otherwise the task
    /// is woken when it may. It is cheaper than a read, which takes a buffer.
    #[cfg(feature = "native")]
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl Io for TcpStream {
    #[cfg(feature = "native")]
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(cx)
    }
}

impl Io for TlsStream<Box<dyn Io>> {
    #[cfg(feature = "native")]
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self).poll_fill_buf(cx).map_ok(drop)
    }
}

impl Io for Box<dyn Io> {
    #[cfg(feature = "native")]
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_readable(cx)
    }
}

/// The end of a TCP connection: a host and a port.
pub(crate) struct Server {
    /// A name, or an address. IPv6 addresses have no brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Addresses of both ends, where they are not the system's choice.
#[derive(Debug, Clone, Default)]
pub(crate) struct Addresses {
    /// This machine's.
    pub(super) local: Option<IpAddr>,
    /// Those of hosts, by name in lower case, in place of a lookup.
    resolved: Arc<HashMap<String, Vec<SocketAddr>>>,
}

impl Addresses {
    pub(super) fn resolve(&mut self, host: &str, addresses: Vec<SocketAddr>) {
        Arc::make_mut(&mut self.resolved).insert(host.to_ascii_lowercase(), addresses);
    }

    /// Returns the addresses of a server that were set, port 0 standing for the server's port.
    fn of(&self, server: &Server) -> Option<Vec<SocketAddr>> {
        let addresses = self.resolved.get(&server.host.to_ascii_lowercase())?;
        let with_port = |&address: &SocketAddr| match address.port() {
            0 => SocketAddr::new(address.ip(), server.port),
            _ => address,
        };
        Some(addresses.iter().map(with_port).collect())
    }
}

/// The addresses that a connection may go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    AnyHost,
    /// This machine only, whatever a name resolves to.
    Loopback,
}

impl Reach {
    /// `cleartext` allows connections without TLS to leave this machine.
    pub(crate) fn new(cleartext: bool) -> Self {
        if cleartext {
            Self::AnyHost
        } else {
            Self::Loopback
        }
    }
}

impl Server {
    /// The server that a URL names.
    pub(crate) fn of(url: &Url) -> Result<Self, TransportError> {
        let no_host = || TransportError::Unreachable("the URL has no host".into());
        let host = match url.host().ok_or_else(no_host)? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let port = url.port_or_known_default().ok_or_else(no_host)?;
        Ok(Self { host, port })
    }

    /// Host and port as in a URL: `host:port`, `[address]:port`.
    pub(crate) fn authority(&self) -> String {
        let Self { host, port } = self;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }

    /// The host's addresses, in the order in which to try them.
    pub(crate) async fn addresses(&self, set: &Addresses) -> io::Result<Vec<SocketAddr>> {
        let addresses = match set.of(self) {
            Some(addresses) => addresses,
            None => self.look_up().await?,
        };
        Ok(alternating(addresses))
    }

    async fn look_up(&self) -> io::Result<Vec<SocketAddr>> {
        let found = lookup_host((self.host.as_str(), self.port)).await;
        // The system's error does not say which name it could not find.
        let unknown = |error: io::Error| {
            let text = format!("no address of the host {:?} is known: {error}", self.host);
            io::Error::new(error.kind(), text)
        };
        Ok(found.map_err(unknown)?.collect())
    }

    /// Connects to one of the host's addresses.
    pub(crate) async fn connect(&self, set: &Addresses) -> io::Result<TcpStream> {
        connect_to(self.addresses(set).await?, set.local).await
    }

    /// Connects to one of the host's addresses that `reach` allows.
    ///
    /// # Errors
    /// [`TransportError::Cleartext`] if it allows none of them.
    pub(crate) async fn connect_within(
        &self,
        reach: Reach,
        set: &Addresses,
    ) -> Result<TcpStream, TransportError> {
        let unreachable = |error: io::Error| TransportError::Unreachable(error.into());
        let addresses = self.addresses(set).await.map_err(unreachable)?;
        let addresses = allowed(addresses, reach)?;
        connect_to(addresses, set.local).await.map_err(unreachable)
    }
}

/// Drops the addresses that `reach` forbids. A name under `localhost` is whatever the resolver
/// makes of it, so the name alone does not show that a connection stays on this machine.
fn allowed(addresses: Vec<SocketAddr>, reach: Reach) -> Result<Vec<SocketAddr>, TransportError> {
    if reach == Reach::AnyHost || addresses.is_empty() {
        return Ok(addresses);
    }
    // An IPv4 address can come as IPv6 (`::ffff:127.0.0.1`).
    let is_loopback = |address: &SocketAddr| address.ip().to_canonical().is_loopback();
    let local: Vec<_> = addresses.into_iter().filter(is_loopback).collect();
    if local.is_empty() {
        return Err(TransportError::Cleartext);
    }
    Ok(local)
}

/// Lets IPv6 and IPv4 alternate, starting with the family of the resolver's first address (RFC
/// 8305, section 4). Within a family the resolver's order stays.
fn alternating(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    // The system's order decides which family comes first (RFC 6724).
    let starts_with_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let count = addresses.len();
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv4() == starts_with_v4);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut merged = Vec::with_capacity(count);
    while merged.len() < count {
        merged.extend(first.next());
        merged.extend(second.next());
    }
    merged
}

async fn connect_to(addresses: Vec<SocketAddr>, local: Option<IpAddr>) -> io::Result<TcpStream> {
    let fits = |address: &SocketAddr| local.is_none_or(|ip| ip.is_ipv4() == address.is_ipv4());
    let addresses = addresses.into_iter().filter(fits);
    let none = io::Error::other("the host has no address of the right kind");
    race(addresses, none, |address| open(address, local)).await
}

/// Happy Eyeballs (RFC 8305, section 5): tries the next address when an attempt fails or takes
/// longer than 250 ms, and returns the first connection. The other attempts are dropped.
///
/// # Errors
/// The last failure, or `none` if there are no addresses.
pub(super) async fn race<T, E, F: Future<Output = Result<T, E>>>(
    addresses: impl IntoIterator<Item = SocketAddr>,
    none: E,
    open: impl Fn(SocketAddr) -> F,
) -> Result<T, E> {
    let mut attempts = FuturesUnordered::new();
    let mut failure = none;
    let mut addresses = addresses.into_iter().peekable();
    while let Some(address) = addresses.next() {
        attempts.push(open(address));
        // The last address has no successor to wait for.
        if addresses.peek().is_none() {
            break;
        }
        match timeout(ATTEMPT_DELAY, attempts.next()).await {
            Ok(Some(Ok(connection))) => return Ok(connection),
            // A refusal starts the next attempt at once.
            Ok(Some(Err(error))) => failure = error,
            Ok(None) | Err(_) => {}
        }
    }
    // All have started. The slowest of them may still be the one that succeeds.
    while let Some(attempt) = attempts.next().await {
        match attempt {
            Ok(connection) => return Ok(connection),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn open(address: SocketAddr, local: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    if let Some(local) = local {
        // Port 0: the system picks one.
        socket.bind((local, 0).into())?;
    }
    let stream = socket.connect(address).await?;
    // Small messages must not wait for each other (Nagle's algorithm).
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::{Instant, sleep};

    use super::*;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter()
            .map(|ip| SocketAddr::new(ip.parse().unwrap(), 443))
            .collect()
    }

    #[test]
    fn the_families_alternate_and_keep_their_order() {
        for (resolved, expected) in [
            (vec![], vec![]),
            (vec!["1.1.1.1", "2.2.2.2"], vec!["1.1.1.1", "2.2.2.2"]),
            (
                vec!["::1", "::2", "::3", "1.1.1.1"],
                vec!["::1", "1.1.1.1", "::2", "::3"],
            ),
            (
                vec!["1.1.1.1", "::1", "::2", "2.2.2.2"],
                vec!["1.1.1.1", "::1", "2.2.2.2", "::2"],
            ),
        ] {
            assert_eq!(alternating(addresses(&resolved)), addresses(&expected));
        }
    }

    #[test]
    fn a_connection_in_clear_stays_on_this_machine() {
        let within = |list: &[&str]| allowed(addresses(list), Reach::Loopback);
        assert_eq!(
            within(&["10.0.0.7", "127.0.0.1", "::1"]).unwrap(),
            addresses(&["127.0.0.1", "::1"])
        );
        assert_eq!(
            within(&["::ffff:127.0.0.1"]).unwrap(),
            addresses(&["::ffff:127.0.0.1"])
        );
        for elsewhere in [&["10.0.0.7"][..], &["::ffff:10.0.0.7", "2001:db8::1"]] {
            assert!(matches!(within(elsewhere), Err(TransportError::Cleartext)));
        }
        let any = allowed(addresses(&["10.0.0.7"]), Reach::AnyHost);
        assert_eq!(any.unwrap(), addresses(&["10.0.0.7"]));
    }

    /// Races these addresses, each of which connects or fails after a time. Returns the winner or
    /// the last failure, and when each attempt began, in milliseconds.
    async fn raced(
        outcomes: &[(u64, Result<(), &'static str>)],
    ) -> (Result<u16, &'static str>, Vec<u128>) {
        let begun = Mutex::new(Vec::new());
        let start = Instant::now();
        let ports = 0..u16::try_from(outcomes.len()).unwrap();
        let addresses = ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let result = race(addresses, "none", async |address| {
            begun.lock().unwrap().push(start.elapsed().as_millis());
            let (millis, outcome) = outcomes[usize::from(address.port())];
            sleep(Duration::from_millis(millis)).await;
            outcome.map(|()| address.port())
        })
        .await;
        (result, begun.into_inner().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_does_not_answer_delays_the_next_one_by_250_ms() {
        const NEVER: u64 = 1_000_000;
        let dead_first = raced(&[(NEVER, Err("dead")), (30, Ok(()))]).await;
        assert_eq!(dead_first, (Ok(1), vec![0, 250]));
        let slow_first = raced(&[(400, Ok(())), (NEVER, Ok(())), (NEVER, Ok(()))]).await;
        assert_eq!(slow_first, (Ok(0), vec![0, 250]));
        let refused_first = raced(&[(5, Err("refused")), (5, Ok(()))]).await;
        assert_eq!(refused_first, (Ok(1), vec![0, 5]));
        let all_fail = raced(&[(600, Err("slow")), (5, Err("refused"))]).await;
        assert_eq!(all_fail, (Err("slow"), vec![0, 250]));
        assert_eq!(raced(&[]).await, (Err("none"), vec![]));
    }
}
