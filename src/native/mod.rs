//! The native transport: tokio-tungstenite over rustls.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Request, Uri};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::Session;
use crate::endpoint::{Config, Handshake, Runtime};
use crate::error::Error;
use crate::protocol::Protocol;
use crate::transport::{self, TransportError};

mod refusal;
#[cfg(feature = "rest")]
pub(crate) mod rest;
mod socket;
mod tls;

pub use socket::Socket;

/// How much is read from the socket at once. It is also what an idle session's buffer costs; larger messages grow it
/// for as long as they are there.
const READ_BUFFER_BYTES: usize = 8 * 1024;

/// Opens WebSocket connections over TCP, with TLS by rustls. Cheap to clone; its clones share the TLS settings.
///
/// The system's root certificates are trusted. There is no compression and no limit on the size of what arrives, as in
/// the Node SDK (contract 21).
#[derive(Debug, Clone)]
pub struct Connector {
    tls: Option<Arc<ClientConfig>>,
    max_message_bytes: Option<usize>,
    epoch: Instant,
}

impl Connector {
    /// With the system's root certificates.
    pub fn new() -> Self {
        Self {
            tls: None,
            max_message_bytes: None,
            epoch: Instant::now(),
        }
    }

    /// Trusts these root certificates, too: one or more in PEM, such as a company's own or the emulator's.
    ///
    /// # Errors
    /// [`TransportError::Tls`] if there is no certificate in it, or one cannot be read.
    pub fn root_certificate_pem(mut self, pem: &[u8]) -> Result<Self, TransportError> {
        self.tls = Some(tls::with_roots(pem)?);
        Ok(self)
    }

    /// Uses TLS settings of the caller's own, such as client certificates or other roots.
    pub fn tls_config(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Refuses larger messages, which then end the session with [`TransportError::TooLarge`].
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.max_message_bytes = Some(bytes);
        self
    }

    fn websocket_config(&self) -> WebSocketConfig {
        WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            // Every message is written as it comes; nothing gains by being held back.
            .write_buffer_size(0)
            .max_message_size(self.max_message_bytes)
            .max_frame_size(self.max_message_bytes)
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
        let config = self.websocket_config();
        let tls = self.tls.clone();
        async move {
            let request = request(&handshake)?;
            let stream = connect_tcp(request.uri()).await?;
            let stream = if request.uri().scheme_str() == Some("wss") {
                tls::connect(tls, host(request.uri())?, stream).await?
            } else {
                Box::new(stream)
            };
            match client_async_with_config(request, stream, Some(config)).await {
                Ok((stream, _)) => Ok(Socket::new(stream)),
                Err(error) => Err(refusal::from_handshake(error, &handshake)),
            }
        }
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
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

/// The handshake as an HTTP request.
fn request(handshake: &Handshake) -> Result<Request<()>, TransportError> {
    let mut request = handshake
        .url()
        .into_client_request()
        .map_err(|error| TransportError::Unsupported(error.into()))?;
    for (name, value) in handshake.headers() {
        let (name, value) = header(name, value)?;
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), TransportError> {
    let invalid = || {
        TransportError::Unsupported(
            format!("the header {name:?} cannot be sent: it has characters that HTTP forbids")
                .into(),
        )
    };
    let valid_name = name.parse().map_err(|_| invalid())?;
    let mut value = HeaderValue::from_str(value).map_err(|_| invalid())?;
    value.set_sensitive(true);
    Ok((valid_name, value))
}

/// The host's name or address, without the brackets of an IPv6 address.
fn host(uri: &Uri) -> Result<&str, TransportError> {
    let host = uri
        .host()
        .ok_or_else(|| TransportError::Unreachable("the URL has no host".into()))?;
    Ok(host.trim_start_matches('[').trim_end_matches(']'))
}

async fn connect_tcp(uri: &Uri) -> Result<TcpStream, TransportError> {
    let default_port = if uri.scheme_str() == Some("wss") {
        443
    } else {
        80
    };
    let address = (host(uri)?, uri.port_u16().unwrap_or(default_port));
    let stream = TcpStream::connect(address)
        .await
        .map_err(|error| TransportError::Unreachable(error.into()))?;
    // Small messages must not wait for each other (Nagle's algorithm).
    stream
        .set_nodelay(true)
        .map_err(|error| TransportError::Lost(error.into()))?;
    Ok(stream)
}
