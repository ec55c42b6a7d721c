//! URLs by the `url` crate. In wasm the runtime's own `URL` takes its place.

use url::{Host, Url};

/// URL with the scheme of a WebSocket.
pub(crate) struct WebSocketUrl(Url);

impl WebSocketUrl {
    /// Parses `base`, and gives it the scheme `wss`, or `ws` if `plain`. Returns `None` if it is
    /// not an absolute URL with a host.
    pub(crate) fn parse(base: &str, plain: bool) -> Option<Self> {
        let parsed = Url::parse(base).ok().filter(Url::has_host)?;
        let scheme = if plain { "ws" } else { "wss" };
        let (_, rest) = parsed.as_str().split_once(':')?;
        // Parsed again: the rules of the new scheme hold for the host, and its default port is
        // dropped.
        let mut url = Url::parse(&format!("{scheme}:{rest}")).ok()?;
        url.set_fragment(None);
        Some(Self(url))
    }

    /// Returns whether the host is this machine: `localhost`, 127.0.0.0/8 or `::1`.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    pub(crate) fn path(&self) -> String {
        self.0.path().to_owned()
    }

    pub(crate) fn set_path(&mut self, path: &str) {
        self.0.set_path(path);
    }

    /// Returns the parameters, in order.
    pub(crate) fn query(&self) -> Vec<(String, String)> {
        self.0.query_pairs().into_owned().collect()
    }

    /// Replaces the parameters, encoded as in an HTML form.
    pub(crate) fn set_query<'q>(&mut self, query: impl IntoIterator<Item = (&'q str, &'q str)>) {
        self.0.query_pairs_mut().clear().extend_pairs(query);
        if self.0.query() == Some("") {
            self.0.set_query(None);
        }
    }

    pub(crate) fn has_userinfo(&self) -> bool {
        !self.0.username().is_empty() || self.0.password().is_some()
    }

    pub(crate) fn remove_userinfo(&mut self) {
        // Both fail only for URLs without a host, which are not parsed.
        let _ = self.0.set_username("");
        let _ = self.0.set_password(None);
    }

    pub(crate) fn into_string(self) -> String {
        self.0.into()
    }
}

/// Returns whether the scheme of `url` is `wss`, or `None` if it is not an absolute URL.
pub(crate) fn is_wss(url: &str) -> Option<bool> {
    Some(Url::parse(url).ok()?.scheme() == "wss")
}
