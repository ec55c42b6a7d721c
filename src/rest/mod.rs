//! The REST calls beside the socket: [client secrets](ClientSecrets) for browsers, [calls](Calls) over WebRTC and SIP,
//! and the [webhook] that announces one.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use openai_realtime_ws::protocol::RealtimeSession;
//! use openai_realtime_ws::{Config, rest};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = rest::Client::new(Config::from_env()?)?;
//! let session = RealtimeSession::new().model("gpt-realtime");
//! let secret = client.client_secrets().create(session, Duration::from_secs(60)).await?;
//! println!("for the page, until {}: {}", secret.expires_at, secret.value.expose());
//! # Ok(())
//! # }
//! ```

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::backend::Connector;
use crate::backend::rest::{Http, random};
use crate::config::Config;
use crate::secret::Secret;
use crate::transport::repeats_a_secret;
use crate::transport::{Connector as _, Refusal};

mod calls;
mod client_secrets;
mod error;
pub(crate) mod message;
mod retry;
pub mod webhook;

pub use calls::{Call, Calls};
pub use client_secrets::{ClientSecret, ClientSecrets};
pub use error::Error;

use message::{Request, Response};
use retry::Repeat;

const TIMEOUT: Duration = Duration::from_secs(60);
const MAX_RETRIES: u32 = 2;

/// Makes REST calls, with the same [`Config`] as a session: base URL, credential, organization, project and headers.
/// Its target and its URL builder are for sockets. Cheap to clone; clones share their connections.
///
/// The credential goes to the configured server alone: redirects are not followed. A provider is asked anew for every
/// request. In a page, the key must be ephemeral, as for a socket (contracts 35 to 37).
///
/// # Repeated calls
/// A call is repeated only where it is sure that it was not carried out: after a failure to connect, and, but for
/// [`Calls::create`], after 429 and 503. The service's `Retry-After` is heeded; else the pause is half a second, and
/// doubles. What was asked for may have been done after any other failure, such as 500 or a lost connection: these are
/// the caller's to decide on.
///
/// # Cancel safety
/// A call whose future is dropped is given up. The service may have done what it was asked for.
#[derive(Debug, Clone)]
pub struct Client {
    config: Config,
    connector: Connector,
    http: Http,
    timeout: Duration,
    max_retries: u32,
}

impl Client {
    /// One with the usual settings.
    ///
    /// # Errors
    /// [`Error::Transport`] if the system's root certificates cannot be read.
    pub fn new(config: Config) -> Result<Self, Error> {
        Self::with_connector(config, Connector::new())
    }

    /// One with the settings of a connector for sockets: its TLS, its proxies and its local address.
    ///
    /// # Errors
    /// [`Error::Transport`] if the system's root certificates cannot be read.
    pub fn with_connector(config: Config, connector: Connector) -> Result<Self, Error> {
        Ok(Self {
            config,
            http: Http::new(&connector)?,
            connector,
            timeout: TIMEOUT,
            max_retries: MAX_RETRIES,
        })
    }

    /// How long a call may take, its repetitions and their pauses included: 60 s unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often a call is repeated at most: twice unless set.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// Short-lived keys, for browsers.
    pub fn client_secrets(&self) -> ClientSecrets<'_> {
        ClientSecrets { client: self }
    }

    /// Calls over WebRTC and SIP.
    pub fn calls(&self) -> Calls<'_> {
        Calls { client: self }
    }

    /// Makes a call, more than once if need be.
    async fn call(&self, request: &Request, repeat: Repeat) -> Result<Response, Error> {
        // What is too long to count has no end.
        let deadline = self.connector.now().checked_add(self.timeout);
        let mut attempt = 0;
        loop {
            let error = match self.within(deadline, self.attempt(request)).await {
                Some(Ok(response)) => return Ok(response),
                Some(Err(error)) => error,
                None => return Err(Error::Timeout),
            };
            let pause = retry::pause(repeat, &error, attempt, random());
            let pause = pause.filter(|pause| {
                let over = self.connector.now().checked_add(*pause);
                let in_time = over.is_some() && deadline.is_none_or(|end| over < Some(end));
                in_time && attempt < self.max_retries
            });
            let Some(pause) = pause else {
                return Err(error);
            };
            self.connector.sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, request: &Request) -> Result<Response, Error> {
        let config = self.config.resolved().await?;
        let handshake = config.rest_request(&request.path, self.connector.runtime())?;
        let mut response = self.http.send(&handshake, request).await?;
        if response.is_success() {
            // The id may come to be in an error.
            let is_safe = |(name, value): &(&str, String)| {
                *name != "x-request-id" || !repeats_a_secret(value, &handshake)
            };
            response.headers.retain(is_safe);
            return Ok(response);
        }
        let header = |name: &str| response.header(name);
        let refusal = Refusal::from_response(&handshake, response.status, header, &response.body);
        Err(refusal.into())
    }

    /// What the future gives, unless the time comes first.
    async fn within<T>(
        &self,
        deadline: Option<Duration>,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let Some(deadline) = deadline else {
            return Some(future.await);
        };
        let left = deadline.saturating_sub(self.connector.now());
        match select(pin!(future), pin!(self.connector.sleep(left))).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(_) => None,
        }
    }
}
