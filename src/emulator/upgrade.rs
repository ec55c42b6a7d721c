//! The request that opens a connection, and the place of the credential in it.

use std::fmt;

use hyper::http::HeaderValue;
use hyper::http::request::Parts;
use url::form_urlencoded;

/// Request that opened a connection.
///
/// Its `Debug` shows neither the query nor any header's value: they may hold a credential.
#[derive(Clone, PartialEq, Eq)]
pub struct UpgradeRequest {
    pub(super) connection: usize,
    pub(super) tls: bool,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
}

impl UpgradeRequest {
    /// Returns a request that is not numbered yet.
    pub(super) fn new(tls: bool, request: &Parts) -> Self {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Self {
            connection: 0,
            tls,
            target: request
                .uri
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            headers: request
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
        }
    }

    /// Returns the number of the connection in
    /// [`Emulator::connections`](super::Emulator::connections), from 0.
    #[must_use]
    pub fn connection(&self) -> usize {
        self.connection
    }

    /// Returns true if the connection uses TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// Returns path and query, such as `/v1/realtime?model=gpt-realtime`.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns all headers in the order of their arrival, names in lower case.
    #[must_use]
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Returns the value of the first header with this name, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the decoded value of a query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Returns the subprotocols that the client offers, in its order.
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        let offers = self
            .headers
            .iter()
            .filter(|(name, _)| name == "sec-websocket-protocol");
        offers
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
    }

    /// Returns true if the client offers this subprotocol.
    pub(super) fn offers(&self, name: &str) -> bool {
        self.subprotocols().any(|offer| offer == name)
    }

    pub(super) fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }

    /// Returns the credential, wherever the client put it.
    pub(super) fn credential(&self) -> Option<&str> {
        credential(|name| self.header(name), self.subprotocols())
    }
}

impl fmt::Debug for UpgradeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("UpgradeRequest")
            .field("connection", &self.connection)
            .field("tls", &self.tls)
            .field("path", &self.path())
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

/// Returns the credential, wherever the client put it: `Authorization`, `api-key` or a subprotocol.
pub(super) fn credential<'h>(
    header: impl Fn(&str) -> Option<&'h str>,
    mut subprotocols: impl Iterator<Item = &'h str>,
) -> Option<&'h str> {
    // Headers before subprotocols, as the service prefers them.
    header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .or_else(|| header("api-key"))
        .or_else(|| subprotocols.find_map(|offer| offer.strip_prefix("openai-insecure-api-key.")))
}
