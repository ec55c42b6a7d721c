//! REST calls beside the socket: [client secrets](ClientSecrets) for browsers, [calls](Calls) over
//! WebRTC and SIP, and the [webhook] that announces a call.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use openai_realtime_ws::protocol::RealtimeSession;
//! use openai_realtime_ws::{Config, rest};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = rest::Client::new(Config::from_env()?)?;
//! let session = RealtimeSession::new().model("gpt-realtime-2.1");
//! let secret = client.client_secrets().create(session, Duration::from_secs(60)).await?;
//! println!("for the page, until {}: {}", secret.expires_at, secret.value.expose());
//! # Ok(())
//! # }
//! ```

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::config::Config;
use crate::platform::random;
use crate::secret::Secret;
use crate::transport::Refusal;

#[cfg_attr(
    all(target_family = "wasm", target_os = "unknown"),
    path = "backend/wasm.rs"
)]
#[cfg_attr(
    not(all(target_family = "wasm", target_os = "unknown")),
    path = "backend/native.rs"
)]
mod backend;
mod calls;
mod client_secrets;
mod error;
pub(crate) mod message;
mod retry;
pub mod webhook;

pub use calls::{Call, Calls};
pub use client_secrets::{ClientSecret, ClientSecrets};
pub use error::Error;

use backend::{Connector, Http};
use message::{Request, Response};
use retry::Repeat;

const TIMEOUT: Duration = Duration::from_secs(60);
const MAX_RETRIES: u32 = 2;

/// Makes REST calls, with the same [`Config`] as a session: base URL, credential, organization,
/// project and headers. The target and the URL builder of the configuration are for sockets only.
/// Cheap to clone; clones share their connections.
///
/// The credential goes to the configured server alone: redirects are not followed. A provider is
/// asked again for every request. In a page, the key must be ephemeral, as for a socket.
///
/// Natively, calls run in a tokio runtime with I/O and time enabled. Without a runtime they fail
/// with [`TransportError::Unsupported`](crate::TransportError::Unsupported).
///
/// # Repeated calls
/// A call is repeated only if it was certainly not carried out: after a failure to connect, and,
/// except for [`Calls::create`], after 429 and 503. The service's `Retry-After` sets the pause.
/// Without it, the pause is half a second and doubles. After any other failure, such as 500 or a
/// lost connection, the service may have carried the call out, so the caller decides.
///
/// # Cancel safety
/// Dropping the future of a call abandons the call. The service may have carried it out.
#[derive(Debug, Clone)]
pub struct Client {
    config: Config,
    http: Http,
    timeout: Duration,
    max_retries: u32,
}

impl Client {
    /// Creates a client with the default settings.
    ///
    /// # Errors
    /// [`Error::Transport`] if the system's root certificates cannot be read.
    pub fn new(config: Config) -> Result<Self, Error> {
        Self::with_connector(config, Connector::new())
    }

    /// Creates a client with the settings of a connector: its TLS, its proxies and its local
    /// address.
    ///
    /// # Errors
    /// [`Error::Transport`] if the system's root certificates cannot be read, or the connector's
    /// TLS settings contradict each other.
    pub fn with_connector(config: Config, connector: Connector) -> Result<Self, Error> {
        Ok(Self {
            http: Http::new(connector, config.allows_cleartext())?,
            config,
            timeout: TIMEOUT,
            max_retries: MAX_RETRIES,
        })
    }

    /// Limits the time of a call, including its repetitions and their pauses: 60 s by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Limits the number of repetitions of a call: 2 by default.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// Short-lived keys for browsers.
    #[must_use]
    pub fn client_secrets(&self) -> ClientSecrets<'_> {
        ClientSecrets { client: self }
    }

    /// Calls over WebRTC and SIP.
    #[must_use]
    pub fn calls(&self) -> Calls<'_> {
        Calls { client: self }
    }

    /// Makes a call, and repeats it where that is allowed.
    async fn call(&self, request: &Request, repeat: Repeat) -> Result<Response, Error> {
        Http::check_runtime()?;
        // A timeout that overflows the clock is no limit.
        let deadline = self.http.now().checked_add(self.timeout);
        let mut attempt = 0;
        loop {
            let error = match self.within(deadline, self.attempt(request)).await {
                Some(Ok(response)) => return Ok(response),
                Some(Err(error)) => error,
                None => return Err(Error::Timeout),
            };
            let pause = retry::pause(repeat, &error, attempt, random());
            let pause = pause.filter(|pause| {
                let over = self.http.now().checked_add(*pause);
                let in_time = over.is_some() && deadline.is_none_or(|end| over < Some(end));
                in_time && attempt < self.max_retries
            });
            let Some(pause) = pause else {
                return Err(error);
            };
            Http::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, request: &Request) -> Result<Response, Error> {
        let config = self.config.resolved().await?;
        let handshake = config.rest_request(&request.path, Http::runtime())?;
        let mut response = self.http.send(&handshake, request).await?;
        if response.is_success() {
            // The request id may end up in an error, so it must not repeat the credential.
            response.headers.retain_mut(|(name, value)| {
                *value = Refusal::without_credentials(&handshake, value);
                *name != "x-request-id" || !value.is_empty()
            });
            return Ok(response);
        }
        let header = |name: &str| response.header(name);
        let refusal = Refusal::from_response(&handshake, response.status, header, &response.body);
        Err(refusal.into())
    }

    /// Returns the future's output, or `None` if the deadline passes first.
    async fn within<T>(
        &self,
        deadline: Option<Duration>,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let Some(deadline) = deadline else {
            return Some(future.await);
        };
        let left = deadline.saturating_sub(self.http.now());
        match select(pin!(future), pin!(Http::sleep(left))).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(_) => None,
        }
    }
}
