//! Configuration of a session: what to connect to, with which credential, and what to do about
//! losses. It makes a [`Handshake`](crate::transport::Handshake), and is pure.

use std::fmt;
use std::sync::Arc;

use crate::connection::Limits;
use crate::platform::{Callback, MaybeSend, MaybeSync};
use crate::protocol::EventNames;
use crate::secret::Secret;
use crate::transport::Source;

mod address;
mod credential;
mod environment;
mod error;
mod recovery;
mod request;
mod target;

pub use credential::{Credential, CredentialError};
pub use error::ConfigError;
pub use recovery::{Restore, Retry};
pub use target::Target;

use address::Cleartext;
use recovery::OnReconnecting;

const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// Provider of the endpoint, which decides how the endpoint is addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    OpenAI,
    Azure,
}

/// Configuration of sessions, the same on every transport.
///
/// ```
/// use openai_realtime_ws::{Config, Realtime, Runtime};
///
/// let config = Config::new("sk-example").model("gpt-realtime-2.1");
/// let handshake = config.handshake::<Realtime>(Runtime::Native)?;
/// assert_eq!(handshake.url(), "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1");
/// # Ok::<(), openai_realtime_ws::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Config {
    service: Service,
    credential: Credential,
    base_url: String,
    cleartext: Cleartext,
    target: Option<Target>,
    url_builder: Option<Arc<Callback<Target, Result<String, Source>>>>,
    /// `None` removes the crate's own header of that name.
    headers: Vec<(String, Option<Secret>)>,
    organization: Option<String>,
    project: Option<String>,
    allow_browser: Option<bool>,
    limits: Limits,
    restore: Option<Restore>,
    on_reconnecting: Option<OnReconnecting>,
    event_names: EventNames,
}

/// # Service and target
impl Config {
    /// Creates a configuration for OpenAI's service with this key.
    pub fn new(credential: impl Into<Credential>) -> Self {
        Self {
            service: Service::OpenAI,
            credential: credential.into(),
            base_url: DEFAULT_BASE_URL.to_owned(),
            cleartext: Cleartext::Never,
            target: None,
            url_builder: None,
            headers: Vec::new(),
            organization: None,
            project: None,
            allow_browser: None,
            limits: Self::usual_limits(),
            restore: None,
            on_reconnecting: None,
            event_names: EventNames::Present,
        }
    }

    /// Creates a configuration for a resource of [Azure
    /// OpenAI](https://learn.microsoft.com/azure/ai-foundry/openai/how-to/realtime-audio), such as
    /// `https://my-resource.openai.azure.com`. The [`model`](Self::model) is the name of a
    /// deployment.
    ///
    /// An API key is sent as the header `api-key`, a token or a provider's result as
    /// `Authorization`.
    ///
    /// The endpoint may be pasted as the portal shows it, with `/openai/v1/`, with a path of a
    /// deployment, of `realtime` or of a Foundry project, and with a query. Only its host and the
    /// path of a gateway in front of `/openai` are used.
    ///
    /// ```
    /// use openai_realtime_ws::{Config, Realtime, Runtime};
    ///
    /// let config = Config::azure("https://example.openai.azure.com", "key").model("my-deployment");
    /// let handshake = config.handshake::<Realtime>(Runtime::Native)?;
    /// assert_eq!(
    ///     handshake.url(),
    ///     "wss://example.openai.azure.com/openai/v1/realtime?model=my-deployment"
    /// );
    /// # Ok::<(), openai_realtime_ws::ConfigError>(())
    /// ```
    // Contracts 13, 24.
    pub fn azure(endpoint: impl AsRef<str>, credential: impl Into<Credential>) -> Self {
        Self::of_azure(credential).base_url(address::azure_base(endpoint.as_ref()))
    }

    /// Addresses Azure OpenAI, at a base URL that is still to be set.
    // The JavaScript class has the base URL, and its small package no room for reading endpoints.
    pub(crate) fn of_azure(credential: impl Into<Credential>) -> Self {
        let mut config = Self::new(credential);
        config.service = Service::Azure;
        config
    }

    /// Attaches to a new conversation with this model: short for [`Target::Model`].
    #[must_use]
    pub fn model(self, model: impl Into<String>) -> Self {
        self.target(Target::Model(model.into()))
    }

    /// Sets the target.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }
}

/// # Address
impl Config {
    /// Sets the base URL of the service, such as `https://example.com/v1`. The connection always
    /// uses TLS, whatever the scheme.
    #[must_use]
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        // A later call of another setter must not leave the key in clear.
        self.cleartext = Cleartext::Never;
        self
    }

    /// Makes the socket's URL by a function, for endpoints with another layout. The function is
    /// called once for each connection, with a checked target. Its result is used as it is, and
    /// must be a `wss:` URL.
    ///
    /// ```
    /// use openai_realtime_ws::{Config, Realtime, Runtime};
    ///
    /// let config = Config::new("key")
    ///     .model("m")
    ///     .url_builder(|target| Ok(format!("wss://example.com/speech?t={target:?}")));
    /// let handshake = config.handshake::<Realtime>(Runtime::Native)?;
    /// assert_eq!(handshake.url(), "wss://example.com/speech?t=Model(\"m\")");
    /// # Ok::<(), openai_realtime_ws::ConfigError>(())
    /// ```
    // Contracts 10 and 11.
    #[must_use]
    pub fn url_builder(
        mut self,
        builder: impl Fn(&Target) -> Result<String, Source> + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.url_builder = Some(Arc::new(builder));
        self
    }

    /// Reaches a server on this machine without TLS, such as the emulator:
    /// `ws://127.0.0.1:8080/v1`. Any other host is refused when the handshake is made.
    #[must_use]
    pub fn insecure_loopback_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self.cleartext = Cleartext::Loopback;
        self
    }

    /// Reaches a server without TLS on any host, such as a gateway in one's own network:
    /// `http://litellm:4000/v1`, `ws://10.0.0.7:8000/v1`. The credential, the audio and the text
    /// travel in clear: everybody on the way can read and change them. Pages refuse such a
    /// configuration.
    ///
    /// No proxy is used. For a server on this machine,
    /// [`insecure_loopback_url`](Self::insecure_loopback_url) is the safer choice.
    ///
    /// ```
    /// use openai_realtime_ws::{Config, Realtime, Runtime};
    ///
    /// let config = Config::new("key").model("m").insecure_cleartext_url("http://litellm:4000/v1");
    /// let handshake = config.handshake::<Realtime>(Runtime::Native)?;
    /// assert_eq!(handshake.url(), "ws://litellm:4000/v1/realtime?model=m");
    /// # Ok::<(), openai_realtime_ws::ConfigError>(())
    /// ```
    #[must_use]
    pub fn insecure_cleartext_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self.cleartext = Cleartext::AnyHost;
        self
    }
}

/// # Headers
impl Config {
    /// Sets the organization that pays, `org-…`.
    #[must_use]
    pub fn organization(mut self, id: impl Into<String>) -> Self {
        self.organization = Some(id.into());
        self
    }

    /// Sets the project that pays, `proj_…`.
    #[must_use]
    pub fn project(mut self, id: impl Into<String>) -> Self {
        self.project = Some(id.into());
        self
    }

    /// Adds a header to the handshake, in place of the crate's own of that name. Transports that
    /// cannot set headers leave it out.
    // Contract 19.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Some(Secret::new(value))));
        self
    }

    /// Removes the crate's own header of this name, such as `User-Agent`.
    // Contract 19.
    #[must_use]
    pub fn without_header(mut self, name: impl Into<String>) -> Self {
        self.headers.push((name.into(), None));
        self
    }

    /// Sets the names by which the server's events are known: [`EventNames::Older`] reads the
    /// events of servers that still speak the beta protocol, such as `response.audio.delta`.
    #[must_use]
    pub fn event_names(mut self, names: EventNames) -> Self {
        self.event_names = names;
        self
    }

    pub(crate) fn names(&self) -> EventNames {
        self.event_names
    }

    /// Sets the header `OpenAI-Safety-Identifier`: a hash of the end user's id, by which the
    /// service tells one user's abuse from another's.
    #[must_use]
    pub fn safety_identifier(self, id: impl Into<String>) -> Self {
        self.header("OpenAI-Safety-Identifier", id)
    }

    /// Allows or forbids keys in a page and its workers, where everybody who opens the page can
    /// read and use them. By default, only an ephemeral key, `ek_…`, is allowed there; `true`
    /// allows every key, `false` none. It has no effect elsewhere.
    // Contracts 35 to 37.
    #[must_use]
    pub fn dangerously_allow_browser(mut self, allow: bool) -> Self {
        self.allow_browser = Some(allow);
        self
    }

    /// Resolves the credential for one connection: a provider is called.
    pub(crate) async fn resolved(&self) -> Result<Self, CredentialError> {
        let credential = self.credential.resolve().await?;
        Ok(Self {
            credential,
            ..self.clone()
        })
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("service", &self.service)
            .field("credential", &self.credential)
            .field("base_url", &address::shown(&self.base_url))
            .field("target", &self.target)
            .field("headers", &self.headers)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
