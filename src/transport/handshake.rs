use std::fmt;

use crate::secret::Secret;

/// Request that opens a socket, or makes an HTTP call. Its headers and subprotocols hold the
/// credential, so it prints without them, and wipes them when it is dropped.
///
/// See [RFC 6455, section 4](https://www.rfc-editor.org/rfc/rfc6455#section-4) for the handshake.
#[derive(Clone, PartialEq, Eq)]
pub struct Handshake {
    pub(crate) url: String,
    pub(crate) public_url: String,
    pub(crate) cleartext: bool,
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) subprotocols: Vec<Secret>,
}

impl Handshake {
    /// Returns the URL: `wss:`, or `https:` for a REST call; `ws:` and `http:` if the configuration
    /// asked for cleartext. It can hold credentials that the caller put into the base URL: show
    /// [`public_url`](Self::public_url) instead.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the URL that can be shown: without a user name and password, and with `<REDACTED>`
    /// for the values of all parameters but `model`, `api-version`, `intent`, `call_id` and
    /// `deployment`. With Azure in JavaScript it also names the credential's header, as the
    /// official SDK does.
    // Contract 30.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Returns whether a connection without TLS may go to any host, because
    /// [`Config::insecure_cleartext_url`](crate::Config::insecure_cleartext_url) asked for it.
    /// Otherwise a `ws:` or `http:` URL must lead to this machine, whatever its host name resolves
    /// to.
    #[must_use]
    pub fn allows_cleartext(&self) -> bool {
        self.cleartext
    }

    /// Returns the headers to send, the credential's included.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
    }

    /// Returns the subprotocols to offer, in this order. Natively there are none.
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        self.subprotocols.iter().map(Secret::expose)
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("url", &self.public_url)
            .field("headers", &self.headers)
            .field("subprotocols", &self.subprotocols.len())
            .finish_non_exhaustive()
    }
}
