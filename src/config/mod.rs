//! Configuration in, a [`Handshake`] out. Pure.

use std::sync::Arc;

use crate::connection::Limits;
use crate::platform::{Callback, MaybeSend, MaybeSync};
use crate::protocol::{Protocol, Targets};
use crate::secret::Secret;
use crate::transport::{Handshake, Runtime, Source};
use crate::url;

mod address;
mod credential;
mod error;
mod recovery;
mod target;

pub use credential::{Credential, CredentialError};
pub use error::ConfigError;
pub use recovery::{Restore, Retry};
pub use target::Target;

use address::Cleartext;
use credential::Kind;
use recovery::OnReconnecting;

const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// Operator of the endpoint, which decides how it is addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    OpenAI,
    Azure,
}

/// Configuration of a session: a builder of [`Handshake`]s, the same for every transport.
///
/// ```
/// use openai_realtime_ws::{Config, Realtime, Runtime};
///
/// let config = Config::new("sk-example").model("gpt-realtime");
/// let handshake = config.handshake::<Realtime>(Runtime::Native)?;
/// assert_eq!(handshake.url(), "wss://api.openai.com/v1/realtime?model=gpt-realtime");
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
    /// `None` takes the crate's own header of that name away.
    headers: Vec<(String, Option<Secret>)>,
    organization: Option<String>,
    project: Option<String>,
    allow_browser: Option<bool>,
    limits: Limits,
    restore: Option<Restore>,
    on_reconnecting: Option<OnReconnecting>,
}

impl Config {
    /// OpenAI's service at its usual place, with this key.
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
        }
    }

    /// A resource of Azure OpenAI, such as `https://my-resource.openai.azure.com`, whose
    /// [`model`](Self::model) is a deployment's name.
    ///
    /// An API key goes as the header `api-key`; a token, or what a provider gives, as
    /// `Authorization`.
    ///
    /// ```
    /// use openai_realtime_ws::{Config, Realtime, Runtime};
    ///
    /// let config = Config::azure("https://example.openai.azure.com", "key").model("my-deployment");
    /// let handshake = config.handshake::<Realtime>(Runtime::Native)?;
    /// assert_eq!(handshake.url(), "wss://example.openai.azure.com/openai/v1/realtime?model=my-deployment");
    /// # Ok::<(), openai_realtime_ws::ConfigError>(())
    /// ```
    pub fn azure(endpoint: impl AsRef<str>, credential: impl Into<Credential>) -> Self {
        let mut config = Self::new(credential);
        config.service = Service::Azure;
        config.base_url = format!("{}/openai", endpoint.as_ref().trim_end_matches('/'));
        config
    }

    /// From the environment: `OPENAI_API_KEY`, and where they are set `OPENAI_BASE_URL`,
    /// `OPENAI_ORG_ID` and `OPENAI_PROJECT_ID`.
    ///
    /// # Errors
    /// [`ConfigError::MissingKey`] where there is no key, as always in a browser, which has no
    /// environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Azure from the environment: `AZURE_OPENAI_ENDPOINT` and `AZURE_OPENAI_API_KEY`.
    /// `OPENAI_API_VERSION` may be there; the GA API has no use for it.
    ///
    /// # Errors
    /// [`ConfigError::MissingEndpoint`] and [`ConfigError::MissingKey`].
    pub fn azure_from_env() -> Result<Self, ConfigError> {
        Self::azure_from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variable = |name| lookup(name).filter(|value| !value.trim().is_empty());
        let key = variable("OPENAI_API_KEY").ok_or(ConfigError::MissingKey("OPENAI_API_KEY"))?;
        let mut config = Self::new(key);
        if let Some(base_url) = variable("OPENAI_BASE_URL") {
            config.base_url = base_url;
        }
        config.organization = variable("OPENAI_ORG_ID");
        config.project = variable("OPENAI_PROJECT_ID");
        Ok(config)
    }

    fn azure_from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variable = |name| lookup(name).filter(|value| !value.trim().is_empty());
        let endpoint = variable("AZURE_OPENAI_ENDPOINT").ok_or(ConfigError::MissingEndpoint)?;
        let missing_key = ConfigError::MissingKey("AZURE_OPENAI_API_KEY");
        let key = variable("AZURE_OPENAI_API_KEY").ok_or(missing_key)?;
        Ok(Self::azure(endpoint, key))
    }

    /// A conversation with this model: short for [`Target::Model`].
    #[must_use]
    pub fn model(self, model: impl Into<String>) -> Self {
        self.target(Target::Model(model.into()))
    }

    /// Sets the target of the session.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// Sets the base URL, such as `https://example.com/v1`. The connection is always secure,
    /// whatever the scheme.
    #[must_use]
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self.cleartext = Cleartext::Never;
        self
    }

    /// Makes the socket's URL by a function of the caller's own, for endpoints that are laid out
    /// otherwise . It is called once for each connection, with a target that has been checked, and
    /// its result is used as it is; it must be a `wss:` URL.
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
    #[must_use]
    pub fn url_builder(
        mut self,
        builder: impl Fn(&Target) -> Result<String, Source> + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.url_builder = Some(Arc::new(builder));
        self
    }

    /// A server on this machine without TLS, such as the emulator: `ws://127.0.0.1:8080/v1`. Any
    /// host but this machine's own is refused when the handshake is made.
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

    /// The organization that pays, `org-…`.
    #[must_use]
    pub fn organization(mut self, id: impl Into<String>) -> Self {
        self.organization = Some(id.into());
        self
    }

    /// The project that pays, `proj_…`.
    #[must_use]
    pub fn project(mut self, id: impl Into<String>) -> Self {
        self.project = Some(id.into());
        self
    }

    /// Adds a header to the handshake, in place of the crate's own of that name. Transports that
    /// cannot set headers leave it out.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Some(Secret::new(value))));
        self
    }

    /// Takes the crate's own header of this name away, such as `User-Agent`.
    #[must_use]
    pub fn without_header(mut self, name: impl Into<String>) -> Self {
        self.headers.push((name.into(), None));
        self
    }

    /// A hash of the end user's id, by which the service tells one user's abuse from another's: the
    /// header `OpenAI-Safety-Identifier`.
    #[must_use]
    pub fn safety_identifier(self, id: impl Into<String>) -> Self {
        self.header("OpenAI-Safety-Identifier", id)
    }

    /// Allows any key in a page and its workers, where everybody who opens the page can read and
    /// use it . Without a word here, only an ephemeral key, `ek_…`, is allowed there; with `false`,
    /// none. Elsewhere it has no effect.
    #[must_use]
    pub fn dangerously_allow_browser(mut self, allow: bool) -> Self {
        self.allow_browser = Some(allow);
        self
    }

    /// The configuration for one connection: a provider is asked for its credential.
    pub(crate) async fn resolved(&self) -> Result<Self, CredentialError> {
        let credential = self.credential.resolve().await?;
        Ok(Self {
            credential,
            ..self.clone()
        })
    }

    /// Returns the handshake for events of the protocol `P`: the credential is a header natively,
    /// and a subprotocol in JavaScript.
    ///
    /// # Errors
    /// [`ConfigError`] says what is missing or wrong. What is checked first is whether the
    /// credential may be in this runtime at all.
    pub fn handshake<P: Protocol>(&self, runtime: Runtime) -> Result<Handshake, ConfigError> {
        let key = self.key()?;
        self.guard(key, runtime)?;
        let target = self.target.as_ref().ok_or(ConfigError::Target)?;
        let named = matches!(target, Target::Model(model) if !model.is_empty());
        if P::TARGETS == Targets::Model && !named {
            return Err(ConfigError::TranslationModel);
        }
        let recovers = self.limits.reconnect.is_some() || self.limits.renew;
        if recovers && !matches!(target, Target::Model(_)) {
            return Err(ConfigError::Recovery);
        }
        let url = self.url(P::PATH, target)?;
        let mut handshake = Handshake {
            url,
            public_url: None,
            cleartext: self.allows_cleartext(),
            headers: Vec::new(),
            subprotocols: Vec::new(),
        };
        match (runtime, self.service) {
            (Runtime::Native, _) => handshake.headers = self.all_headers(),
            (Runtime::JavaScript { .. }, Service::OpenAI) => {
                handshake.subprotocols = self.subprotocols(key);
            }
            (Runtime::JavaScript { headers: false, .. }, Service::Azure) => {
                return Err(ConfigError::AzureHeaders);
            }
            (Runtime::JavaScript { headers: true, .. }, Service::Azure) => {
                let (name, value) = self.credential_header(key);
                let (url, public_url) = address::redacted(&handshake.url, name)?;
                handshake.url = url;
                handshake.public_url = Some(public_url);
                handshake.headers.push((name.to_owned(), value));
                handshake.subprotocols.push(Secret::new("realtime"));
            }
        }
        Ok(handshake)
    }

    /// Returns the parts of a REST call: the URL of this path below the base URL, such as
    /// `/realtime/client_secrets`, and the headers, the credential's among them. For
    /// `rest::Client`, or for an HTTP client of the caller's own, which must follow no redirect
    /// with them.
    ///
    /// The base URL's rules are the socket's, with `https:` for `wss:`; a
    /// [`url_builder`](Self::url_builder) makes sockets' URLs only.
    ///
    /// ```
    /// use openai_realtime_ws::{Config, Runtime};
    ///
    /// let config = Config::new("sk-example");
    /// let request = config.rest_request("/realtime/client_secrets", Runtime::Native)?;
    /// assert_eq!(request.url(), "https://api.openai.com/v1/realtime/client_secrets");
    /// # Ok::<(), openai_realtime_ws::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// As for [`handshake`](Self::handshake), but for those about targets.
    pub fn rest_request(&self, path: &str, runtime: Runtime) -> Result<Handshake, ConfigError> {
        let key = self.key()?;
        self.guard(key, runtime)?;
        let url = address::rest_url(&self.base_url, self.cleartext, self.service, path)?;
        let mut headers = self.all_headers();
        if matches!(runtime, Runtime::JavaScript { browser: true, .. }) {
            // The page's own; a server would have to allow another to cross origins.
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("user-agent"));
        }
        Ok(Handshake {
            url,
            public_url: None,
            cleartext: self.allows_cleartext(),
            headers,
            subprotocols: Vec::new(),
        })
    }

    fn key(&self) -> Result<&str, ConfigError> {
        let (Kind::Key(key) | Kind::Token(key)) = &self.credential.0 else {
            return Err(ConfigError::Unresolved);
        };
        match key.expose() {
            key if key.trim().is_empty() => Err(ConfigError::EmptyKey),
            key if !key.bytes().all(|b| b.is_ascii_graphic()) => Err(ConfigError::MalformedKey),
            key => Ok(key),
        }
    }

    pub(crate) fn guard(&self, key: &str, runtime: Runtime) -> Result<(), ConfigError> {
        let in_browser = matches!(runtime, Runtime::JavaScript { browser: true, .. });
        if in_browser && !self.allow_browser.unwrap_or(key.starts_with("ek_")) {
            return Err(ConfigError::Browser);
        }
        if in_browser && self.allows_cleartext() {
            return Err(ConfigError::Cleartext);
        }
        Ok(())
    }

    /// Returns whether a connection without TLS may leave this machine.
    pub(crate) fn allows_cleartext(&self) -> bool {
        self.cleartext == Cleartext::AnyHost
    }

    pub(crate) fn url(&self, path: &str, target: &Target) -> Result<String, ConfigError> {
        let parameter = address::parameter(self.service, target)?;
        let Some(builder) = &self.url_builder else {
            let cleartext = self.cleartext;
            return address::socket_url(&self.base_url, cleartext, self.service, path, parameter);
        };
        let custom = builder(target).map_err(ConfigError::UrlBuilder)?;
        match url::is_wss(&custom) {
            Some(true) => Ok(custom),
            Some(false) if self.allows_cleartext() && custom.starts_with("ws:") => Ok(custom),
            Some(false) => Err(ConfigError::CustomUrl),
            None => Err(ConfigError::InvalidUrl),
        }
    }

    fn credential_header(&self, key: &str) -> (&'static str, Secret) {
        match (self.service, &self.credential.0) {
            (Service::Azure, Kind::Key(_)) => ("api-key", Secret::new(key)),
            _ => ("Authorization", Secret::new(format!("Bearer {key}"))),
        }
    }

    fn all_headers(&self) -> Vec<(String, Secret)> {
        let credential = self.key().ok().map(|key| self.credential_header(key));
        let agent = concat!("openai-realtime-ws/", env!("CARGO_PKG_VERSION"));
        let routes = [
            ("OpenAI-Organization", &self.organization),
            ("OpenAI-Project", &self.project),
        ];
        let own = credential
            .into_iter()
            .chain([("User-Agent", Secret::new(agent))])
            .chain(
                routes
                    .into_iter()
                    .filter_map(|(name, id)| Some((name, Secret::new(id.as_ref()?)))),
            );
        let said = |name: &str| {
            self.headers
                .iter()
                .any(|(said, _)| said.eq_ignore_ascii_case(name))
        };
        let mut headers: Vec<_> = own
            .filter(|(name, _)| !said(name))
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        headers.extend(
            self.headers
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.clone()?))),
        );
        headers
    }

    fn subprotocols(&self, key: &str) -> Vec<Secret> {
        let routes = [
            ("openai-organization.", &self.organization),
            ("openai-project.", &self.project),
        ];
        let routes = routes
            .into_iter()
            .filter_map(|(prefix, id)| Some(format!("{prefix}{}", id.as_ref()?)));
        [
            "realtime".to_owned(),
            format!("openai-insecure-api-key.{key}"),
        ]
        .into_iter()
        .chain(routes)
        .map(Secret::new)
        .collect()
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("service", &self.service)
            .field("credential", &self.credential)
            .field("base_url", &self.base_url)
            .field("target", &self.target)
            .field("headers", &self.headers)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
