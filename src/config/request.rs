//! Handshakes and REST requests, as a configuration makes them.

use super::address::{self, Cleartext};
use super::credential::Kind;
use super::{Config, ConfigError, Service, Target};
use crate::protocol::{Protocol, Targets};
use crate::secret::Secret;
use crate::transport::{Handshake, Runtime};
use crate::url;

/// Quotation marks that are copied along with a key.
const QUOTES: [char; 7] = ['"', '\'', '`', '“', '”', '‘', '’'];

impl Config {
    /// Makes the handshake of a connection with events of the protocol `P`. The credential is a
    /// header natively, and a subprotocol in JavaScript.
    ///
    /// # Errors
    /// [`ConfigError`] says what is missing or wrong. The first check is whether the runtime may
    /// have the credential at all.
    // Contracts 18, 22 to 24, 37.
    pub fn handshake<P: Protocol>(&self, runtime: Runtime) -> Result<Handshake, ConfigError> {
        let key = self.key()?;
        self.guard(key, runtime)?;
        let target = self.target.as_ref().ok_or(ConfigError::Target)?;
        let named = matches!(target, Target::Model(model) if !model.is_empty());
        if P::TARGETS == Targets::Model && !named {
            return Err(ConfigError::TranslationModel);
        }
        let recovers = self.limits.reconnect.is_some() || self.limits.renew;
        // A call is over when its session is, and a transcription has no history to restore.
        if recovers && !matches!(target, Target::Model(_)) {
            return Err(ConfigError::Recovery);
        }
        if self.restore.is_some() && !recovers {
            return Err(ConfigError::Restore);
        }
        let url = self.url(P::PATH, target)?;
        let mut handshake = Handshake {
            public_url: address::shown(&url),
            url,
            cleartext: self.allows_cleartext(),
            headers: Vec::new(),
            subprotocols: Vec::new(),
        };
        match (runtime, self.service) {
            // Headers wherever they can be sent: a subprotocol shows up in more logs.
            (Runtime::Native, _) => handshake.headers = self.all_headers(),
            (Runtime::JavaScript { .. }, Service::OpenAI) => {
                handshake.subprotocols = self.subprotocols(key);
            }
            (Runtime::JavaScript { headers: false, .. }, Service::Azure) => {
                return Err(ConfigError::AzureHeaders);
            }
            (Runtime::JavaScript { headers: true, .. }, Service::Azure) => {
                let (name, value) = self.credential_header(key);
                let (url, sdk_url) = address::redacted(&handshake.url, name)?;
                handshake.url = url;
                handshake.public_url = address::shown(&sdk_url);
                handshake.headers.push((name.to_owned(), value));
                handshake.subprotocols.push(Secret::new("realtime"));
            }
        }
        Ok(handshake)
    }

    /// Makes a REST request: the URL of this path below the base URL, such as
    /// `/realtime/client_secrets`, and the headers with the credential. It is for `rest::Client`,
    /// or for another HTTP client, which must not follow redirects with these headers.
    ///
    /// The rules for the base URL are those of sockets, with `https:` for `wss:`. A
    /// [`url_builder`](Self::url_builder) has no part in it.
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
    /// As for [`handshake`](Self::handshake), without those about targets.
    pub fn rest_request(&self, path: &str, runtime: Runtime) -> Result<Handshake, ConfigError> {
        let key = self.key()?;
        self.guard(key, runtime)?;
        let url = address::rest_url(&self.base_url, self.cleartext, self.service, path)?;
        let mut headers = self.all_headers();
        if matches!(runtime, Runtime::JavaScript { browser: true, .. }) {
            // A page sends its own; across origins, the server would have to allow another one.
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("user-agent"));
        }
        Ok(Handshake {
            public_url: address::shown(&url),
            url,
            cleartext: self.allows_cleartext(),
            headers,
            subprotocols: Vec::new(),
        })
    }

    /// Returns the key or token without white space around it, such as the line end of a file.
    pub(super) fn key(&self) -> Result<&str, ConfigError> {
        let (Kind::Key(key) | Kind::Token(key)) = &self.credential.0 else {
            return Err(ConfigError::Unresolved);
        };
        // Checked here, with words: the socket would only say that a header is wrong.
        match key.expose().trim() {
            "" => Err(ConfigError::EmptyKey),
            key if key.starts_with(QUOTES) || key.ends_with(QUOTES) => Err(ConfigError::QuotedKey),
            key if !key.bytes().all(|b| b.is_ascii_graphic()) => Err(ConfigError::MalformedKey),
            key => Ok(key),
        }
    }

    pub(crate) fn guard(&self, key: &str, runtime: Runtime) -> Result<(), ConfigError> {
        let in_browser = matches!(runtime, Runtime::JavaScript { browser: true, .. });
        // Ephemeral keys are made for pages; a permanent one needs an explicit yes.
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
        // The caller's own URL is not rewritten, only refused where it is not safe.
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
        // The caller's headers replace the crate's own, and a removed one stays away.
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
