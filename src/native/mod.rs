//! The native transport: tokio-tungstenite over rustls.

use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ClientConfig;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use url::Url;

use crate::config::Config;
use crate::protocol::Protocol;
use crate::session::Error;
use crate::session::Session;
use crate::transport::{self, TransportError};
use crate::transport::{Handshake, Runtime};

mod http;
mod proxy;
#[cfg(feature = "rest")]
pub(crate) mod rest;
mod socket;
mod tcp;
mod tls;
mod upgrade;

pub use socket::Socket;

use proxy::Proxies;
use socket::Io;
use tcp::Server;
use tls::Tls;
use upgrade::Upgrade;

/// How much is read from the socket at once. It is also what an idle session's buffer costs; larger messages grow it
/// for as long as they are there.
const READ_BUFFER_BYTES: usize = 8 * 1024;

/// The largest frame where no limit is set. Room for a frame is made as soon as its head has announced it, so without a
/// limit ten bytes could ask for more than there is, which ends the process. Node takes no longer text, either.
const MAX_FRAME_BYTES: usize = 512 * 1024 * 1024;

/// Opens WebSocket connections over TCP, with TLS by rustls. Cheap to clone; its clones share the TLS settings.
///
/// | setting | unless set |
/// | --- | --- |
/// | whom to trust: [`root_certificate_pem`](Self::root_certificate_pem), `webpki_roots` (feature `webpki-roots`) | the platform's root certificates |
/// | who one is: [`client_certificate_pem`](Self::client_certificate_pem) | nobody; the API key does it |
/// | both, and all else of TLS: [`tls_config`](Self::tls_config) | TLS 1.2 and 1.3, by `ring` |
/// | [`proxy`](Self::proxy), [`no_proxy`](Self::no_proxy) | the environment's, `HTTPS_PROXY` |
/// | [`local_address`](Self::local_address) | the system's choice |
/// | [`handshake_timeout`](Self::handshake_timeout) | none but [`Config::connect_timeout`] |
/// | [`max_message_bytes`](Self::max_message_bytes) | no limit, as in the Node SDK (contract 21), but for 512 MiB a frame |
///
/// There is no compression (contract 21). A host's addresses are tried in the system's order, one after the other.
/// [`Config::connect_timeout`] limits it all: name, TCP, proxy, TLS and handshake. A redirect is never followed
/// (contracts 38 and 39), and a connection without TLS, which is to this machine only, never takes a proxy.
///
/// ```no_run
/// use openai_realtime_ws::native::Connector;
/// use openai_realtime_ws::{Config, OpenAIRealtimeWS};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let connector = Connector::new()
///     .root_certificate_pem(&std::fs::read("company-ca.pem")?)?
///     .proxy("http://user:password@proxy.example:3128")?
///     .max_message_bytes(16 * 1024 * 1024);
/// let rt = OpenAIRealtimeWS::open(connector, Config::from_env()?.model("gpt-realtime")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connector {
    tls: Tls,
    proxies: Proxies,
    local_address: Option<IpAddr>,
    handshake_timeout: Option<Duration>,
    max_message_bytes: Option<usize>,
    epoch: Instant,
}

impl Connector {
    /// With the platform's root certificates, and the proxy that the environment names.
    pub fn new() -> Self {
        Self {
            tls: Tls::default(),
            proxies: Proxies::from_env(),
            local_address: None,
            handshake_timeout: None,
            max_message_bytes: None,
            epoch: Instant::now(),
        }
    }

    /// Trusts these root certificates, too: one or more in PEM, such as a company's own or the emulator's.
    ///
    /// # Errors
    /// [`TransportError::Tls`] if there is no certificate in it, or one cannot be read.
    pub fn root_certificate_pem(mut self, pem: &[u8]) -> Result<Self, TransportError> {
        self.tls.trust(pem)?;
        Ok(self)
    }

    /// Trusts Mozilla's root certificates, which are compiled in, in place of the platform's: for images that have
    /// none. They age with the program.
    #[cfg(feature = "webpki-roots")]
    pub fn webpki_roots(mut self) -> Self {
        self.tls.trust_webpki_roots();
        self
    }

    /// Shows a certificate of one's own to servers that ask for one: it and what it was signed with, in PEM, and its
    /// private key, in PEM (PKCS #8, PKCS #1 or SEC 1).
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

    /// Uses TLS settings of the caller's own, in place of any that were made before.
    pub fn tls_config(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls.replace(config);
        self
    }

    /// Goes through this proxy, whatever the environment says: `http://` or `https://` for HTTP CONNECT, `socks5://` or
    /// `socks5h://` for SOCKS5. With the latter, the proxy looks the server's name up. A user name and a password may
    /// be in it, percent-encoded; they are never printed.
    ///
    /// Without a word here, it is as for curl and reqwest: `HTTPS_PROXY` or `https_proxy`, else `ALL_PROXY` or
    /// `all_proxy`, name a proxy, and `NO_PROXY` or `no_proxy` the servers that are reached without. A value that is no
    /// proxy's URL is passed over.
    ///
    /// # Errors
    /// [`TransportError::Proxy`] if it is no such URL.
    pub fn proxy(mut self, url: &str) -> Result<Self, TransportError> {
        self.proxies = Proxies::all(url)?;
        Ok(self)
    }

    /// Goes through no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxies = Proxies::none();
        self
    }

    /// The address of this machine to connect from. A server's addresses of the other kind, IPv4 or IPv6, are then left
    /// out.
    pub fn local_address(mut self, address: IpAddr) -> Self {
        self.local_address = Some(address);
        self
    }

    /// How long TLS and the WebSocket's handshake may take when TCP has connected; then
    /// [`TransportError::HandshakeTimeout`].
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = Some(timeout);
        self
    }

    /// Refuses larger messages, which then end the session with [`TransportError::TooLarge`].
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.max_message_bytes = Some(bytes);
        self
    }

    async fn open(self, handshake: Handshake) -> Result<Socket, TransportError> {
        let url = Url::parse(handshake.url())
            .map_err(|error| TransportError::Unsupported(error.into()))?;
        let upgrade = Upgrade::new(&url, &handshake)?;
        let server = Server::of(&url)?;
        let stream = self.connect_to(&server, &url).await?;
        let agree = async {
            let stream = if url.scheme() == "wss" {
                self.tls.connect(&server.host, stream).await?
            } else {
                stream
            };
            upgrade.ask(stream, self.websocket_config()).await
        };
        match self.handshake_timeout {
            None => agree.await,
            Some(limit) => timeout(limit, agree)
                .await
                .unwrap_or(Err(TransportError::HandshakeTimeout)),
        }
    }

    /// A stream to the server, through a proxy where there is one for it.
    async fn connect_to(&self, server: &Server, url: &Url) -> Result<Box<dyn Io>, TransportError> {
        if let Some(proxy) = self.proxies.find(url) {
            return proxy::connect(&proxy, server, self.local_address, &self.tls).await;
        }
        let stream = server.connect(self.local_address).await;
        Ok(Box::new(stream.map_err(|error| {
            TransportError::Unreachable(error.into())
        })?))
    }

    fn websocket_config(&self) -> WebSocketConfig {
        WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            // Every message is written as it comes; nothing gains by being held back.
            .write_buffer_size(0)
            .max_message_size(self.max_message_bytes)
            .max_frame_size(self.max_message_bytes.or(Some(MAX_FRAME_BYTES)))
    }
}

/// Without TLS settings and proxies: they hold secrets.
impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("local_address", &self.local_address)
            .field("handshake_timeout", &self.handshake_timeout)
            .field("max_message_bytes", &self.max_message_bytes)
            .finish_non_exhaustive()
    }
}

impl Default for Connector {
    fn default() -> Self {
        Self::new()
    }
}

impl transport::Connector for Connector {
    type Transport = Socket;

    fn runtime(&self) -> Runtime {
        Runtime::Native
    }

    fn connect(
        &self,
        handshake: Handshake,
    ) -> impl Future<Output = Result<Socket, TransportError>> + Send + 'static {
        self.clone().open(handshake)
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn unix_time(&self) -> Option<Duration> {
        SystemTime::UNIX_EPOCH.elapsed().ok()
    }

    fn seed(&self) -> u64 {
        // The standard library's hash tables are seeded by the system.
        RandomState::new().build_hasher().finish()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        tokio::time::sleep(duration)
    }
}

impl<P: Protocol> Session<Connector, P> {
    /// Opens a session over a [`Connector`] with the usual settings.
    ///
    /// ```no_run
    /// # use futures_util::StreamExt;
    /// use openai_realtime_ws::{Config, OpenAIRealtimeWS, ServerEvent};
    /// use openai_realtime_ws::protocol::{ConversationItemCreate, ResponseCreate};
    ///
    /// # async fn example() -> Result<(), openai_realtime_ws::Error> {
    /// let mut rt = OpenAIRealtimeWS::connect(Config::from_env()?.model("gpt-realtime")).await?;
    /// rt.send(ConversationItemCreate::user_text("Say a couple of paragraphs!")).await?;
    /// rt.send(ResponseCreate::default()).await?;
    /// while let Some(event) = rt.next().await {
    ///     if let ServerEvent::ResponseDone(_) = event? {
    ///         break;
    ///     }
    /// }
    /// rt.close().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`open`](Session::open).
    ///
    /// # Panics
    /// Outside a tokio runtime with its I/O and time enabled.
    pub async fn connect(config: Config) -> Result<Self, Error> {
        Self::open(Connector::new(), config).await
    }
}
