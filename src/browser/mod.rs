//! The browser transport: the runtime's own `WebSocket`, in pages, workers, Node, Deno, Bun and Cloudflare Workers.

use std::future::Future;
use std::time::Duration;

use crate::Session;
use crate::endpoint::{Config, Handshake, Runtime};
use crate::error::Error;
use crate::protocol::Protocol;
use crate::transport::{self, TransportError};

mod clock;
mod inbox;
#[cfg(feature = "js")]
pub mod js;
#[cfg(feature = "rest")]
pub(crate) mod rest;
mod runtime;
mod socket;
pub(crate) mod url;

pub use socket::Socket;

use clock::Clock;

/// Opens sockets of the runtime's own `WebSocket`, whatever the runtime: it needs the global of that name, and no window.
///
/// A script cannot set the handshake's headers, so the credential travels as a subprotocol (contract 22), and
/// [`Config::header`] has no effect. Whoever runs the page can read it there: give browsers an ephemeral key, `ek_…`.
#[derive(Debug, Clone)]
pub struct Connector {
    clock: Clock,
    max_unread_bytes: usize,
}

impl Connector {
    /// One with the defaults.
    pub fn new() -> Self {
        Self {
            clock: Clock::default(),
            max_unread_bytes: 64 * 1024 * 1024,
        }
    }

    /// How many bytes of messages may wait to be read, 64 MiB unless it is set. A runtime takes what the server sends,
    /// whether or not the session is polled; beyond this the connection is closed, and the session ends, behind the
    /// messages that wait, with [`TransportError::Unread`].
    pub fn max_unread_bytes(mut self, bytes: usize) -> Self {
        self.max_unread_bytes = bytes;
        self
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
        runtime::detect()
    }

    fn may_close_with(code: u16) -> bool {
        socket::may_close_with(code)
    }

    fn connect(
        &self,
        handshake: Handshake,
    ) -> impl Future<Output = Result<Socket, TransportError>> + 'static {
        Socket::open(handshake, self.max_unread_bytes)
    }

    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn unix_time(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(js_sys::Date::now() / 1000.0).ok()
    }

    fn seed(&self) -> u64 {
        js_sys::Math::random().to_bits()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + 'static {
        clock::sleep(duration)
    }
}

impl<P: Protocol> Session<Connector, P> {
    /// Opens a session over the runtime's own `WebSocket`.
    ///
    /// ```no_run
    /// # #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    /// # async fn example() -> Result<(), openai_realtime_ws::Error> {
    /// # use futures_util::StreamExt;
    /// use openai_realtime_ws::{Config, OpenAIRealtimeWebSocket, ServerEvent};
    /// use openai_realtime_ws::protocol::{ConversationItemCreate, ResponseCreate};
    ///
    /// let config = Config::new("ek_example").model("gpt-realtime");
    /// let mut rt = OpenAIRealtimeWebSocket::connect(config).await?;
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
    /// As for [`open`](Session::open). Runtimes do not tell scripts why a handshake failed: that is
    /// [`TransportError::Unexplained`].
    pub async fn connect(config: Config) -> Result<Self, Error> {
        Self::open(Connector::new(), config).await
    }
}
