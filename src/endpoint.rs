//! Where to connect and with what: configuration in, a [`Handshake`] out. Pure.

use std::fmt;
use std::time::Duration;

use crate::connection::Limits;
use crate::url;

const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// What a session is attached to. One of them, by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// A new conversation with this model.
    Model(String),
    /// A call that is under way over WebRTC or SIP, by its id.
    Call(String),
    /// A new session that only transcribes.
    Transcription,
}

/// What proves who is calling. It prints as `…`, never as itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential(String);

impl Credential {
    /// An API key, `sk-…`, or an ephemeral one for browsers, `ek_…`.
    pub fn api_key(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(…)")
    }
}

impl From<&str> for Credential {
    fn from(key: &str) -> Self {
        Self::api_key(key)
    }
}

impl From<String> for Credential {
    fn from(key: String) -> Self {
        Self::api_key(key)
    }
}

/// How to reach the service: a builder of [`Handshake`]s, the same on every transport.
///
/// ```
/// use openai_realtime_ws::Config;
///
/// let config = Config::new("sk-example").model("gpt-realtime");
/// assert_eq!(config.handshake(true)?.url(), "wss://api.openai.com/v1/realtime?model=gpt-realtime");
/// # Ok::<(), openai_realtime_ws::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    credential: Credential,
    base_url: String,
    insecure_loopback: bool,
    target: Option<Target>,
    organization: Option<String>,
    project: Option<String>,
    headers: Headers,
    limits: Limits,
}

impl Config {
    /// The service at its usual place, with this key.
    pub fn new(credential: impl Into<Credential>) -> Self {
        Self {
            credential: credential.into(),
            base_url: DEFAULT_BASE_URL.to_owned(),
            insecure_loopback: false,
            target: None,
            organization: None,
            project: None,
            headers: Headers::default(),
            limits: Limits::default(),
        }
    }

    /// From the environment: `OPENAI_API_KEY`, and where they are set `OPENAI_BASE_URL`, `OPENAI_ORG_ID` and
    /// `OPENAI_PROJECT_ID`.
    ///
    /// # Errors
    /// [`ConfigError::MissingKey`] where there is no key, as always in a browser, which has no environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        let variable = |name: &str| {
            std::env::var(name)
                .ok()
                .filter(|value| !value.trim().is_empty())
        };
        let mut config = Self::new(variable("OPENAI_API_KEY").ok_or(ConfigError::MissingKey)?);
        if let Some(base_url) = variable("OPENAI_BASE_URL") {
            config.base_url = base_url;
        }
        config.organization = variable("OPENAI_ORG_ID");
        config.project = variable("OPENAI_PROJECT_ID");
        Ok(config)
    }

    /// A conversation with this model: short for [`Target::Model`].
    pub fn model(self, model: impl Into<String>) -> Self {
        self.target(Target::Model(model.into()))
    }

    /// What to attach to.
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// Where the service is, such as `https://example.com/v1`. The connection is always secure, whatever the scheme.
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self.insecure_loopback = false;
        self
    }

    /// A server on this machine without TLS, such as the emulator: `ws://127.0.0.1:8080/v1`. Any host but this
    /// machine's own is refused when the handshake is made.
    pub fn insecure_loopback_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self.insecure_loopback = true;
        self
    }

    /// The organization that pays, `org-…`.
    pub fn organization(mut self, id: impl Into<String>) -> Self {
        self.organization = Some(id.into());
        self
    }

    /// The project that pays, `proj_…`.
    pub fn project(mut self, id: impl Into<String>) -> Self {
        self.project = Some(id.into());
        self
    }

    /// Adds a header to the handshake, in place of the crate's own of that name (contract 19). Transports that cannot
    /// set headers leave it out.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.0.push((name.into(), value.into()));
        self
    }

    /// How long to wait for a connection: 30 s unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect_timeout = timeout;
        self
    }

    /// How long [`close`](crate::Session::close) waits for what is queued to go out and for the peer's answer: 5 s
    /// unless set.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.limits.close_timeout = timeout;
        self
    }

    /// How many bytes of events may wait to be sent: 1 MiB unless set. See [`Sender`](crate::Sender).
    pub fn max_queue_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_queue_bytes = bytes;
        self
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// What to ask the server with: the credential as a header where the transport can send headers, as a
    /// subprotocol where it cannot (contracts 18 and 22).
    ///
    /// # Errors
    /// [`ConfigError`] says what is missing or wrong. Nothing is opened then.
    pub fn handshake(&self, headers: bool) -> Result<Handshake, ConfigError> {
        let key = self.credential.reveal();
        if key.trim().is_empty() {
            return Err(ConfigError::MissingKey);
        }
        if !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(ConfigError::MalformedKey);
        }
        if self.insecure_loopback && !url::is_loopback(&self.base_url) {
            return Err(ConfigError::InsecureUrl);
        }
        let parameter = match self.target.as_ref().ok_or(ConfigError::Target)? {
            Target::Model(model) => ("model", model.as_str()),
            Target::Call(id) => ("call_id", id.as_str()),
            Target::Transcription => ("intent", "transcription"),
        };
        if parameter.1.is_empty() {
            return Err(ConfigError::Target);
        }
        let drop = ["model", "intent", "call_id"];
        let url = url::endpoint(
            &self.base_url,
            self.insecure_loopback,
            "/realtime",
            &drop,
            parameter,
        )
        .ok_or(ConfigError::InvalidUrl)?;
        let mut handshake = Handshake {
            url,
            headers: Headers::default(),
            subprotocols: Vec::new(),
        };
        if headers {
            self.add_headers(key, &mut handshake.headers);
        } else {
            self.add_subprotocols(key, &mut handshake.subprotocols);
        }
        Ok(handshake)
    }

    fn add_headers(&self, key: &str, headers: &mut Headers) {
        let own = [
            ("Authorization", Some(format!("Bearer {key}"))),
            (
                "User-Agent",
                Some(concat!("openai-realtime-ws/", env!("CARGO_PKG_VERSION")).to_owned()),
            ),
            ("OpenAI-Organization", self.organization.clone()),
            ("OpenAI-Project", self.project.clone()),
        ];
        let replaced = |name: &str| {
            self.headers
                .0
                .iter()
                .any(|(caller, _)| caller.eq_ignore_ascii_case(name))
        };
        for (name, value) in own {
            if let Some(value) = value.filter(|_| !replaced(name)) {
                headers.0.push((name.to_owned(), value));
            }
        }
        headers.0.extend(self.headers.0.iter().cloned());
    }

    fn add_subprotocols(&self, key: &str, subprotocols: &mut Vec<String>) {
        subprotocols.push("realtime".to_owned());
        subprotocols.push(format!("openai-insecure-api-key.{key}"));
        let routes = [
            ("openai-organization.", &self.organization),
            ("openai-project.", &self.project),
        ];
        for (prefix, id) in routes {
            if let Some(id) = id {
                subprotocols.push(format!("{prefix}{id}"));
            }
        }
    }
}

/// Names and values. It prints the names.
#[derive(Clone, PartialEq, Eq, Default)]
struct Headers(Vec<(String, String)>);

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

/// What a transport needs to open a socket. Its headers and subprotocols hold the credential, so it prints without.
#[derive(Clone, PartialEq, Eq)]
pub struct Handshake {
    url: String,
    headers: Headers,
    subprotocols: Vec<String>,
}

impl Handshake {
    /// Where to: a `wss:` URL, or `ws:` on this machine if that was asked for. It never holds the credential.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The headers to send, the credential's among them.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers.0
    }

    /// The subprotocols to offer, in this order; none where the credential travels as a header.
    pub fn subprotocols(&self) -> &[String] {
        &self.subprotocols
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("url", &self.url)
            .field("headers", &self.headers)
            .field("subprotocols", &self.subprotocols.len())
            .finish()
    }
}

/// What is missing or wrong in a [`Config`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no key.
    #[error(
        "no API key: set the OPENAI_API_KEY environment variable, or pass a key to `Config::new`"
    )]
    MissingKey,
    /// The key has characters that no key has, such as a space or a line's end.
    #[error(
        "the API key has a space, a line break or another character that does not belong in it: copy it again"
    )]
    MalformedKey,
    /// No target was chosen, or an empty one (contract 8).
    #[error(
        "Pass exactly one of `model`, `call_id`, or transcription `intent` when opening a Realtime WebSocket, not an empty one"
    )]
    Target,
    /// The base URL is none.
    #[error("invalid base URL: it must be absolute, such as https://api.openai.com/v1")]
    InvalidUrl,
    /// A connection without TLS was asked for, to another machine.
    #[error(
        "a connection without TLS is allowed to this machine only (localhost, 127.0.0.1, [::1])"
    )]
    InsecureUrl,
}
