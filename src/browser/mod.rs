//! Browser transport: the runtime's own `WebSocket`, in pages, workers, Node, Deno, Bun and
//! Cloudflare Workers.
//!
//! # In a page
//! Everybody who opens a page can read its contents, so a page must not contain an API key. The
//! page asks its server for a short-lived key (`ek_…`), which the server mints with its own key, by
//! `rest::ClientSecrets`. Such keys last about a minute:
//! [`Credential::provider`](crate::Credential::provider) fetches a new one for every connection.
//!
//! A session advances only while it is polled, so it needs a task of its own: with
//! wasm-bindgen-futures, one of `spawn_local`. Other code reaches that task through a channel, or
//! sends events through a [`Sender`](crate::Sender). The callback of an audio worklet sends speech
//! through [`Sender::live_audio`](crate::Sender::live_audio), which never waits.
//!
//! ```no_run
//! # fn spawn_local(_: impl Future<Output = ()> + 'static) {}
//! # async fn fetch_key() -> Result<String, std::io::Error> { Ok("ek_example".into()) }
//! # fn show(_: &str) {}
//! # fn on_samples(_: impl FnMut(&[i16]) + 'static) {}
//! use std::time::Duration;
//!
//! use openai_realtime_ws::protocol::Audio;
//! use openai_realtime_ws::{
//!     Config, Credential, Error, OpenAIRealtimeWebSocket, Reconnect, ServerEvent, Update,
//! };
//!
//! async fn converse() -> Result<(), Error> {
//!     let config = Config::new(Credential::provider(fetch_key))
//!         .model("gpt-realtime-2.1")
//!         .reconnect(Reconnect::default());
//!     let mut rt = OpenAIRealtimeWebSocket::connect(config).await?;
//!     let microphone = rt.sender().live_audio(Duration::from_secs(1));
//!     on_samples(move |samples| {
//!         // An error means that the session is closed.
//!         let _ = microphone.push(Audio::from_pcm16(samples));
//!     });
//!     while let Some(update) = rt.next_update().await {
//!         match update? {
//!             Update::Event(ServerEvent::ResponseOutputAudioTranscriptDelta(e)) => show(&e.delta),
//!             Update::Reconnecting(_) => show("…"),
//!             _ => {}
//!         }
//!     }
//!     Ok(())
//! }
//!
//! spawn_local(async {
//!     if let Err(error) = converse().await {
//!         show(&error.to_string());
//!     }
//! });
//! ```
//!
//! The package `examples/browser` in this crate's repository is a complete page, with microphone,
//! playback, interruptions and its server.
//!
//! # Differences in browsers
//! - Browsers do not say why a connection was refused: [`TransportError::Unexplained`]. The server
//!   that mints the keys learns the reason when the service refuses to mint one.
//! - Scripts cannot send pings, so a vanished server is noticed late. Use
//!   [`Config::idle_timeout`](crate::Config::idle_timeout).
//! - Scripts cannot set headers. They can close with code 1000 and 3000 to 4999.
//! - REST calls cross origins, so a page can call only servers that allow it (CORS).

use std::future::Future;
use std::time::Duration;

use crate::config::Config;
use crate::protocol::Protocol;
use crate::session::Error;
use crate::transport::{self, Handshake, Runtime, TransportError};

pub(crate) mod clock;
mod inbox;
#[cfg(feature = "js")]
#[doc(hidden)]
pub mod js;
pub(crate) mod runtime;
pub(crate) mod socket;

pub use socket::Socket;

use clock::Clock;

/// A session over a [`Connector`]: [`OpenAIRealtimeWebSocket`](crate::OpenAIRealtimeWebSocket) for
/// the protocol `Realtime`.
pub type Session<P = crate::protocol::Realtime> = crate::session::Session<Connector, P>;

/// Opens sockets of the runtime's own `WebSocket`. It needs only the global of that name, and no
/// window.
///
/// Scripts cannot set headers of the handshake, so the credential is sent as a subprotocol, and
/// [`Config::header`] has no effect. The user of a page can read it there: give browsers an
/// ephemeral key, `ek_…`.
#[derive(Debug, Clone)]
pub struct Connector {
    clock: Clock,
    max_unread_bytes: usize,
}

impl Connector {
    /// Creates a connector with the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            clock: Clock::default(),
            max_unread_bytes: 64 * 1024 * 1024,
        }
    }

    /// Sets the most bytes of unread messages, 64 MiB by default. A runtime reads from the network
    /// even if the session is not polled. Beyond this bound the connection is closed, and the
    /// session ends with [`TransportError::Unread`] after the messages that were queued.
    #[must_use]
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

impl<P: Protocol> crate::session::Session<Connector, P> {
    /// Opens a session over the runtime's own `WebSocket`.
    ///
    /// ```no_run
    /// # #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    /// # async fn example() -> Result<(), openai_realtime_ws::Error> {
    /// use openai_realtime_ws::{Config, OpenAIRealtimeWebSocket, ServerEvent};
    /// use openai_realtime_ws::protocol::{ConversationItemCreate, ResponseCreate};
    ///
    /// let config = Config::new("ek_example").model("gpt-realtime-2.1");
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
    /// The same as for [`open`](Session::open). Runtimes do not tell scripts why a handshake
    /// failed, so that error is [`TransportError::Unexplained`].
    ///
    /// # Cancel safety
    /// Dropping the future closes a socket that is opening.
    pub async fn connect(config: Config) -> Result<Self, Error> {
        Self::open(Connector::new(), config).await
    }
}
