//! WebSocket connections of a [`Connector`].

use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use url::Url;

use super::Connector;
use super::socket::Socket;
use super::tcp::{Reach, Server};
use super::upgrade::Upgrade;
use crate::config::Config;
use crate::protocol::Protocol;
use crate::session::{Error, Session};
use crate::transport::{self, Handshake, Runtime, TransportError};

/// Size of one read from the socket, and of an idle session's buffer. Larger messages grow the
/// buffer until they are read.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Size of one write to the socket, if as much is queued: the largest record of TLS.
pub(super) const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// Largest frame if no limit is set. A frame's head announces its length, and memory is allocated
/// for it at once: without a limit, ten bytes could ask for more memory than there is, which ends
/// the process. Node's limit for a text is the same.
const MAX_FRAME_BYTES: usize = 512 * 1024 * 1024;

/// Settings for sockets only.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    handshake_timeout: Option<Duration>,
    max_message_bytes: Option<usize>,
    /// Start of the connector's clock.
    epoch: Instant,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            handshake_timeout: None,
            max_message_bytes: None,
            epoch: Instant::now(),
        }
    }
}

impl Settings {
    fn config(&self) -> WebSocketConfig {
        WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            // A session flushes when it has written what is queued, so nothing is delayed.
            .write_buffer_size(WRITE_BUFFER_BYTES)
            .max_message_size(self.max_message_bytes)
            .max_frame_size(self.max_message_bytes.or(Some(MAX_FRAME_BYTES)))
    }
}

impl Connector {
    /// Limits the time for TLS and the WebSocket handshake after TCP has connected. A slower
    /// handshake fails with [`TransportError::HandshakeTimeout`].
    #[must_use]
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.websocket.handshake_timeout = Some(timeout);
        self
    }

    /// Limits the size of a received message. A larger one ends the session with
    /// [`TransportError::TooLarge`].
    #[must_use]
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.websocket.max_message_bytes = Some(bytes);
        self
    }

    async fn open(self, handshake: Handshake) -> Result<Socket, TransportError> {
        let url = Url::parse(handshake.url())
            .map_err(|error| TransportError::Unsupported(error.into()))?;
        // Before any connection: a header that HTTP forbids is the caller's mistake.
        let upgrade = Upgrade::new(&url, &handshake)?;
        let server = Server::of(&url)?;
        let reach = Reach::new(handshake.allows_cleartext());
        let stream = self.reach(&server, &url, reach).await?;
        let agree = async {
            let stream = self.secure(&server, &url, stream).await?;
            upgrade.ask(stream, self.websocket.config()).await
        };
        match self.websocket.handshake_timeout {
            None => agree.await,
            Some(limit) => timeout(limit, agree)
                .await
                .unwrap_or(Err(TransportError::HandshakeTimeout)),
        }
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
        self.websocket.epoch.elapsed()
    }

    fn unix_time(&self) -> Option<Duration> {
        SystemTime::UNIX_EPOCH.elapsed().ok()
    }

    fn seed(&self) -> u64 {
        // The system seeds the standard library's hash tables.
        RandomState::new().build_hasher().finish()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        tokio::time::sleep(duration)
    }
}

impl<P: Protocol> Session<Connector, P> {
    /// Opens a session over a [`Connector`] with the default settings.
    ///
    /// ```no_run
    /// use openai_realtime_ws::{Config, OpenAIRealtimeWS, ServerEvent};
    /// use openai_realtime_ws::protocol::{ConversationItemCreate, ResponseCreate};
    ///
    /// # async fn example() -> Result<(), openai_realtime_ws::Error> {
    /// let config = Config::from_env()?.model("gpt-realtime-2.1");
    /// let mut rt = OpenAIRealtimeWS::connect(config).await?;
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
    /// Panics outside of a tokio runtime with I/O and time enabled.
    pub async fn connect(config: Config) -> Result<Self, Error> {
        Self::open(Connector::new(), config).await
    }
}
