//! The native transport: tokio-tungstenite over rustls, and HTTP for REST calls over the same
//! connections.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::ClientConfig;
use url::Url;

use crate::transport::TransportError;

mod head;
mod no_proxy;
mod proxy;
pub(crate) mod tcp;
mod tls;

cfg_if::cfg_if! {
    if #[cfg(feature = "native")] {
        mod arrivals;
        mod body;
        mod socket;
        mod upgrade;
        mod websocket;

        pub use socket::Socket;
    }
}

/// The version of rustls whose [`ClientConfig`]
/// [`Connector::tls_config`] takes.
#[doc(no_inline)]
pub use rustls;

use proxy::Proxies;
use tcp::{Addresses, Io, Reach, Server};
use tls::{Peer, Tls};

/// A session over a [`Connector`]: [`OpenAIRealtimeWS`](crate::OpenAIRealtimeWS) for the protocol
/// `Realtime`.
#[cfg(feature = "native")]
pub type Session<P = crate::protocol::Realtime> = crate::session::Session<Connector, P>;

/// Opens WebSocket connections over TCP, with TLS by rustls. REST calls use the same settings.
/// Cheap to clone; clones share the TLS settings.
///
/// | setting | default |
/// | --- | --- |
/// | trusted certificates: [`root_certificate_pem`](Self::root_certificate_pem), `webpki_roots` (feature `webpki-roots`) | the platform's root certificates |
/// | client certificate: [`client_certificate_pem`](Self::client_certificate_pem) | none; the API key is enough for OpenAI |
/// | every other TLS setting: [`tls_config`](Self::tls_config) | TLS 1.2 and 1.3, by `ring` |
/// | [`proxy`](Self::proxy), [`no_proxy`](Self::no_proxy) | the environment's `HTTPS_PROXY` and `NO_PROXY` |
/// | [`local_address`](Self::local_address) | the system's choice |
/// | [`resolve`](Self::resolve) | the system's name lookup |
/// | `handshake_timeout` | no limit of its own; `Config::connect_timeout` covers it |
/// | `max_message_bytes` | no limit, as in the Node SDK, but 512 MiB for one frame |
///
/// A host's addresses are raced as RFC 8305 (Happy Eyeballs) describes: IPv6 and IPv4 alternate,
/// and the next address is tried when an attempt fails or takes longer than 250 ms. This goes for
/// servers, proxies and REST calls alike.
///
/// [`Config::connect_timeout`](crate::Config::connect_timeout) limits name lookup, TCP, proxy, TLS
/// and handshake together. Messages are not compressed. Redirects are never followed. A connection
/// without TLS never takes a proxy.
///
/// ```no_run
/// # #[cfg(feature = "native")]
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use openai_realtime_ws::native::Connector;
/// use openai_realtime_ws::{Config, OpenAIRealtimeWS};
///
/// let connector = Connector::new()
///     .root_certificate_pem(&std::fs::read("company-ca.pem")?)?
///     .proxy("http://user:password@proxy.example:3128")?
///     .max_message_bytes(16 * 1024 * 1024);
/// let config = Config::from_env()?.model("gpt-realtime-2.1");
/// let rt = OpenAIRealtimeWS::open(connector, config).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connector {
    tls: Tls,
    proxies: Proxies,
    addresses: Addresses,
    #[cfg(feature = "native")]
    websocket: websocket::Settings,
}

impl Connector {
    /// Creates a connector with the platform's root certificates and the environment's proxy.
    #[must_use]
    pub fn new() -> Self {
        Self {
            tls: Tls::default(),
            proxies: Proxies::from_env(),
            addresses: Addresses::default(),
            #[cfg(feature = "native")]
            websocket: websocket::Settings::default(),
        }
    }

    /// Trusts these root certificates, too: one or more in PEM, such as a company's own or the
    /// emulator's.
    ///
    /// # Errors
    /// [`TransportError::Tls`] if the text holds no certificate, or one that cannot be read.
    pub fn root_certificate_pem(mut self, pem: &[u8]) -> Result<Self, TransportError> {
        self.tls.trust(pem)?;
        Ok(self)
    }

    /// Trusts Mozilla's root certificates, which are compiled in, instead of the platform's. This
    /// is for images that have none. The list ages with the program.
    #[cfg(feature = "webpki-roots")]
    #[must_use]
    pub fn webpki_roots(mut self) -> Self {
        self.tls.trust_webpki_roots();
        self
    }

    /// Shows this certificate to servers that ask for one. `certificates` is the certificate and
    /// its chain in PEM, `key` its private key in PEM (PKCS #8, PKCS #1 or SEC 1). A proxy is never
    /// shown the certificate.
    ///
    /// # Errors
    /// [`TransportError::Tls`] if either cannot be read, or they do not belong together.
    pub fn client_certificate_pem(
        mut self,
        certificates: &[u8],
        key: &[u8],
    ) -> Result<Self, TransportError> {
        self.tls.identify(certificates, key)?;
        Ok(self)
    }

    /// Uses the caller's own rustls configuration. It is the only source of TLS settings: together
    /// with root certificates or a client certificate of this connector, every connection fails
    /// with [`TransportError::Tls`], as neither setting may be dropped in silence.
    ///
    /// ALPN protocols other than `http/1.1` are left out.
    #[must_use]
    pub fn tls_config(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls.replace(config);
        self
    }

    /// Uses this proxy for every server, and ignores the environment. The schemes are `http://` and
    /// `https://` for HTTP CONNECT, `socks5://` and `socks5h://` for SOCKS5. With `socks5h` the
    /// proxy looks the server's name up. The URL may hold a user name and a password,
    /// percent-encoded; they are never printed.
    ///
    /// Without this call the environment decides, as for curl and Go: `HTTPS_PROXY` or
    /// `https_proxy`, else `ALL_PROXY` or `all_proxy`, names the proxy. A value that is not a proxy
    /// URL is ignored. `NO_PROXY` or `no_proxy` lists the servers that are reached without one,
    /// separated by commas:
    ///
    /// | entry | servers |
    /// | --- | --- |
    /// | `example.com`, `.example.com` | the domain and every name below it |
    /// | `*.example.com` | every name below the domain |
    /// | `10.0.0.7`, `10.0.0.0/8`, `::1` | the address, or the addresses of the network |
    /// | `example.com:8443`, `10.0.0.7:8000`, `[::1]:8000` | the same, on this port only |
    /// | `*` | every server |
    ///
    /// # Errors
    /// [`TransportError::Proxy`] if the URL is invalid or its scheme is not supported.
    pub fn proxy(mut self, url: &str) -> Result<Self, TransportError> {
        self.proxies = Proxies::all(url)?;
        Ok(self)
    }

    /// Uses no proxy, and ignores the environment.
    #[must_use]
    pub fn no_proxy(mut self) -> Self {
        self.proxies = Proxies::none();
        self
    }

    /// Connects from this address of the machine. Server addresses of the other family (IPv4 or
    /// IPv6) are then left out.
    #[must_use]
    pub fn local_address(mut self, address: IpAddr) -> Self {
        self.addresses.local = Some(address);
        self
    }

    /// Uses these addresses for a host, in place of a name lookup: for tests, or to pin a server.
    /// Port 0 stands for the URL's port. TLS still checks the host's name. A proxy that looks names
    /// up itself is sent the name.
    ///
    /// ```
    /// use openai_realtime_ws::native::Connector;
    ///
    /// let connector = Connector::new().resolve("gateway.example", [([10, 0, 0, 7], 0).into()]);
    /// ```
    #[must_use]
    pub fn resolve(mut self, host: &str, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.addresses
            .resolve(host, addresses.into_iter().collect());
        self
    }

    /// Checks the TLS settings before anything is opened.
    #[cfg(feature = "rest")]
    pub(crate) fn check_tls(&self) -> Result<(), TransportError> {
        self.tls.checked().map(drop)
    }

    /// Opens a byte stream to the server, through its proxy if it has one, without TLS to the
    /// server.
    pub(crate) async fn reach(
        &self,
        server: &Server,
        url: &Url,
        reach: Reach,
    ) -> Result<Box<dyn Io>, TransportError> {
        if let Some(proxy) = self.proxies.find(url) {
            return proxy::connect(&proxy, server, &self.addresses, &self.tls).await;
        }
        let stream = match url.scheme() {
            "ws" | "http" => server.connect_within(reach, &self.addresses).await?,
            _ => {
                server
                    .connect_within(Reach::AnyHost, &self.addresses)
                    .await?
            }
        };
        Ok(Box::new(stream))
    }

    /// Agrees on TLS if the URL asks for it.
    pub(crate) async fn secure(
        &self,
        server: &Server,
        url: &Url,
        stream: Box<dyn Io>,
    ) -> Result<Box<dyn Io>, TransportError> {
        match url.scheme() {
            "ws" | "http" => Ok(stream),
            _ => self.tls.connect(Peer::Server, &server.host, stream).await,
        }
    }
}

/// Leaves out TLS settings and proxies, which hold secrets.
impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Connector");
        debug.field("local_address", &self.addresses.local);
        #[cfg(feature = "native")]
        debug.field("websocket", &self.websocket);
        debug.finish_non_exhaustive()
    }
}

impl Default for Connector {
    fn default() -> Self {
        Self::new()
    }
}

pub(crate) fn invalid_header(name: &str) -> TransportError {
    let text = format!("the header {name:?} cannot be sent: HTTP forbids some of its characters");
    TransportError::Unsupported(text.into())
}
