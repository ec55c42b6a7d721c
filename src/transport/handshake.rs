use std::fmt;

use crate::secret::Secret;

/// Request that opens a socket, or makes an HTTP call. Its headers and subprotocols hold the
/// credential, so it prints without them, and wipes them when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Handshake {
    pub(crate) url: String,
    pub(crate) public_url: Option<String>,
    pub(crate) cleartext: bool,
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) subprotocols: Vec<Secret>,
}

impl Handshake {
    /// Returns the URL: `wss:`, `https:` for a REST call, or `ws:` and `http:` on this machine if
    /// that was asked for. It never holds the credential.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL to show: with Azure in JavaScript it names the credential's header, `api-key` or
    /// `Authorization`, with `<REDACTED>` for the value. Else it is [`url`](Self::url).
    #[must_use]
    pub fn public_url(&self) -> &str {
        self.public_url.as_ref().unwrap_or(&self.url)
    }

    /// Returns whether a connection without TLS may go to any host, because
    /// [`Config::insecure_cleartext_url`](crate::Config::insecure_cleartext_url) asked for it.
    /// Otherwise a `ws:` or `http:` URL must lead to this machine, whatever its host name resolves
    /// to.
    #[must_use]
    pub fn allows_cleartext(&self) -> bool {
        self.cleartext
    }

    /// The headers to send, the credential's among them.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
    }

    /// The subprotocols to offer, in this order; none where the credential travels as a header
    /// natively.
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        self.subprotocols.iter().map(Secret::expose)
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("url", &self.url)
            .field("headers", &self.headers)
            .field("subprotocols", &self.subprotocols.len())
            .finish_non_exhaustive()
    }
}
