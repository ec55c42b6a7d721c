//! The few things that an endpoint does with URLs, by the `url` crate. In wasm the runtime's own
//! `URL` does them.

use url::{Host, Url};

/// A URL with a WebSocket's scheme.
pub(crate) struct WebSocketUrl(Url);

impl WebSocketUrl {
    /// `base` with the scheme `wss`, or `ws` if `plain`. `None` if it is not an absolute URL with a
    /// host.
    pub(crate) fn parse(base: &str, plain: bool) -> Option<Self> {
        let parsed = Url::parse(base).ok().filter(Url::has_host)?;
        let scheme = if plain { "ws" } else { "wss" };
        let (_, rest) = parsed.as_str().split_once(':')?;
        // Parsed anew, so that the new scheme's rules hold for the host, and its default port is
        // dropped.
        let mut url = Url::parse(&format!("{scheme}:{rest}")).ok()?;
        url.set_fragment(None);
        Some(Self(url))
    }

    /// Returns true if the host is this machine: `localhost`, 127.0.0.0/8 or `::1`.
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

    /// The parameters, in order.
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

    pub(crate) fn into_string(self) -> String {
        self.0.into()
    }
}

/// Returns true if `url` is absolute and its scheme `wss`.
pub(crate) fn is_wss(url: &str) -> Option<bool> {
    Some(Url::parse(url).ok()?.scheme() == "wss")
}
