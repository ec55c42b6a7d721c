//! Realtime server for tests and for a laptop: no key, no network, the protocol as the service
//! speaks it.
//!
//! Without a script it answers so that both directions can be seen to work. Text is answered in
//! text, or in a short tone with a transcript if the session's modality is audio. Speech is
//! answered with the same speech, and a transcript that tells its length. Turns are found by
//! energy, with the session's own thresholds. Functions and tools of MCP servers are called when
//! the user's text names them, or when `tool_choice` asks for one; an MCP tool gives back its
//! arguments. A translation session plays the speech back, too.
//!
//! A [`Script`] makes it answer anything, fail, stall, wait, and break connections. By default
//! replies are sent at once; [`EmulatorBuilder::pace`] sends them at the pace of speech, so that
//! they can be interrupted, and requests can collide.
//!
//! REST calls are served at the same port: client secrets, which the socket accepts as keys until
//! they expire, and calls, to whose sessions any number of sockets can attach.
//! [`Emulator::incoming_call`] adds a call over SIP with its signed webhook. There is no voice
//! channel: the answer to an offer rejects all media.
//!
//! ```
//! use openai_realtime_ws::emulator::{Emulator, Reply, Script};
//!
//! # async fn run() -> std::io::Result<()> {
//! let emulator = Emulator::builder()
//!     .api_key("sk-test")
//!     .script(Script::new().on_response(|_| Reply::new().text("Hello from next door")))
//!     .start()
//!     .await?;
//! println!("connect to {}/realtime?model=gpt-realtime-2.1", emulator.ws_url());
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

mod audio;
mod auth;
mod calls;
mod cors;
mod handshake;
mod http;
mod input_audio;
mod items;
mod listener;
mod machine;
mod mcp;
mod nulls;
mod output;
mod plan;
mod realtime;
mod record;
mod refusal;
mod request;
mod responder;
mod response;
mod rest;
mod script;
mod settings;
mod shared;
mod socket;
mod state;
mod tls;
mod translation;
mod turn;
mod upgrade;
mod usage;
mod vad;
mod webhook;

pub use calls::{CallRecord, CallState};
pub use record::ConnectionRecord;
pub use script::{Action, Admission, Reply, Script};
pub use turn::TurnRequest;
pub use upgrade::UpgradeRequest;
pub use webhook::IncomingCallWebhook;

use auth::KeyRing;
use calls::CallRegistry;
use record::ConnectionLog;
use state::{ServerState, now};
use tls::TlsSetup;

/// Lifetime of the service's sessions.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Realtime server on the loopback interface. It stops when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    certificate_pem: String,
    options: Arc<ServerState>,
    server: JoinHandle<()>,
}

impl Emulator {
    /// Starts an emulator on a free port. It accepts any key, or none, and has no script.
    ///
    /// # Errors
    /// An I/O error if there is no port to listen on.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Returns a builder, for an emulator with settings.
    #[must_use]
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder {
            api_key: None,
            port: 0,
            script: Script::new(),
            lifetime: LIFETIME,
            record_events: true,
            pace: None,
            models: Vec::new(),
            refuse_handshakes: false,
        }
    }

    /// Returns the base URL of plain connections, such as `ws://127.0.0.1:4242/v1`.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}/v1", self.address)
    }

    /// Returns the base URL of TLS connections, such as `wss://127.0.0.1:4242/v1`: the same port.
    /// The client must trust [`certificate_pem`](Self::certificate_pem).
    #[must_use]
    pub fn wss_url(&self) -> String {
        format!("wss://{}/v1", self.address)
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the server's self-signed certificate, made when it started. It is valid for
    /// `localhost`, `127.0.0.1` and `::1`.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Returns all connections so far, in the order of their handshakes; only those that are open,
    /// if the emulator does not [record](EmulatorBuilder::record_events).
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionRecord> {
        self.options.record.all()
    }

    /// Waits until the connections fulfil a condition, such as that the second one has ended, and
    /// returns them.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is lost if the future is dropped.
    pub async fn until(
        &self,
        fulfilled: impl FnMut(&[ConnectionRecord]) -> bool,
    ) -> Vec<ConnectionRecord> {
        self.options.record.until(fulfilled).await
    }

    /// Adds an incoming call over SIP, and returns the webhook that announces it, signed with the
    /// webhook's secret, such as `whsec_…`. It rings until it is accepted, rejected or hung up over
    /// REST.
    #[must_use]
    pub fn incoming_call(&self, webhook_secret: &str) -> IncomingCallWebhook {
        let (call_id, event_id) = (self.options.next_id("rtc"), self.options.next_id("evt"));
        self.options.calls.ring(&call_id);
        IncomingCallWebhook::new(call_id, &event_id, webhook_secret, now())
    }

    /// Returns the call with this ID: an [incoming one](Self::incoming_call), or one that a client
    /// created.
    #[must_use]
    pub fn call(&self, id: &str) -> Option<CallRecord> {
        self.options.calls.get(id)
    }

    /// Waits until the call with this ID fulfils a condition, such as that it was accepted, and
    /// returns it.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is lost if the future is dropped.
    pub async fn until_call(
        &self,
        id: &str,
        fulfilled: impl FnMut(&CallRecord) -> bool,
    ) -> CallRecord {
        self.options.calls.until(id, fulfilled).await
    }

    /// Expires all client secrets that were minted so far.
    pub fn expire_client_secrets(&self) {
        self.options.keys.expire();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Settings of an [`Emulator`].
pub struct EmulatorBuilder {
    api_key: Option<String>,
    port: u16,
    script: Script,
    lifetime: Duration,
    record_events: bool,
    pace: Option<f64>,
    models: Vec<String>,
    refuse_handshakes: bool,
}

/// Shows everything but the key.
impl fmt::Debug for EmulatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmulatorBuilder")
            .field("port", &self.port)
            .field("lifetime", &self.lifetime)
            .field("record_events", &self.record_events)
            .field("pace", &self.pace)
            .field("models", &self.models)
            .field("refuse_handshakes", &self.refuse_handshakes)
            .finish_non_exhaustive()
    }
}

impl EmulatorBuilder {
    /// Sets the only key that is accepted. As with the service, a connection with another one is
    /// opened, gets an `error` event with the code `invalid_api_key`, and is closed with code 3000;
    /// a REST call gets status 401.
    #[must_use]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// Sets the port to listen on, in place of a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets the behaviour that differs from the service's.
    #[must_use]
    pub fn script(mut self, script: Script) -> Self {
        self.script = script;
        self
    }

    /// Sets the lifetime of a session, in place of 60 minutes. Then it is closed with code 1001.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Sets if [`Emulator::connections`] has the events that clients sent, and connections that
    /// have ended. The default is true. Records take memory: switch them off in an emulator that
    /// runs for long.
    #[must_use]
    pub fn record_events(mut self, record: bool) -> Self {
        self.record_events = record;
        self
    }

    /// Sets the only models that sessions can have. A connection that asks for another one gets an
    /// `error` event with the code `invalid_model`, and is closed with code 4000. Any model is
    /// accepted by default.
    #[must_use]
    pub fn models<M: Into<String>>(mut self, models: impl IntoIterator<Item = M>) -> Self {
        self.models = models.into_iter().map(Into::into).collect();
        self
    }

    /// Refuses handshakes with a wrong key by HTTP status 401, and those with a wrong or without a
    /// model by 400, in place of opening the WebSocket to close it with an error. Proxies and older
    /// versions of the service do this.
    #[must_use]
    pub fn refuse_handshakes(mut self, refuse: bool) -> Self {
        self.refuse_handshakes = refuse;
        self
    }

    /// Sets how fast replies leave, relative to speech: with 1.0 a reply of ten seconds takes ten
    /// seconds, so that it can be interrupted as it can with the service, with 2.0 it takes five.
    /// `None`, the default, sends replies at once, which suits most tests. A factor that is not
    /// positive counts as `None`.
    ///
    /// The time is tokio's, so that a test can pause it, and a reply of minutes takes no time:
    ///
    /// ```
    /// use openai_realtime_ws::emulator::Emulator;
    ///
    /// #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// async fn main() -> std::io::Result<()> {
    ///     let emulator = Emulator::builder().pace(1.0).start().await?;
    ///     println!("{}", emulator.ws_url());
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn pace(mut self, factor: impl Into<Option<f64>>) -> Self {
        self.pace = factor.into();
        self
    }

    /// Starts the emulator on the current tokio runtime.
    ///
    /// # Errors
    /// An I/O error if the port is taken, or no certificate can be made.
    ///
    /// # Panics
    /// Outside of a tokio runtime, as all of tokio's input and output does.
    pub async fn start(self) -> io::Result<Emulator> {
        let TlsSetup {
            acceptor,
            certificate_pem,
        } = TlsSetup::new()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await?;
        let address = listener.local_addr()?;
        let options = Arc::new(ServerState {
            keys: KeyRing::new(self.api_key),
            script: Arc::new(self.script.with_pace(self.pace)),
            models: self.models,
            refuses_handshakes: self.refuse_handshakes,
            lifetime: self.lifetime,
            record: ConnectionLog::new(self.record_events),
            calls: CallRegistry::default(),
            made: AtomicU64::new(1),
        });
        let server = tokio::spawn(listener::listen(listener, acceptor, Arc::clone(&options)));
        Ok(Emulator {
            address,
            certificate_pem,
            options,
            server,
        })
    }
}
