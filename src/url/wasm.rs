//! URLs by the runtime's own `URL`, with the results of the native module.

use web_sys::{Url, UrlSearchParams};

/// URL with the scheme of a WebSocket.
pub(crate) struct WebSocketUrl(Url);

impl WebSocketUrl {
    /// Parses `base`, and gives it the scheme `wss`, or `ws` if `plain`. Returns `None` if it is
    /// not an absolute URL with a host.
    pub(crate) fn parse(base: &str, plain: bool) -> Option<Self> {
        let parsed = Url::new(base).ok().filter(|url| !url.host().is_empty())?;
        let scheme = if plain { "ws" } else { "wss" };
        let href = parsed.href();
        let (_, rest) = href.split_once(':')?;
        // Parsed again: the rules of the new scheme hold for the host, and its default port is
        // dropped.
        let url = Url::new(&format!("{scheme}:{rest}")).ok()?;
        url.set_hash("");
        // Chromium escapes what the standard forbids in a host, such as a space.
        Some(Self(url)).filter(|url| !url.0.host().contains('%'))
    }

    /// Returns whether the host is this machine: `localhost`, 127.0.0.0/8 or `::1`. The runtime has
    /// normalized addresses, and accepts no other host of digits and dots.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.0.hostname();
        let is_address = host.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.'));
        host == "localhost"
            || host.ends_with(".localhost")
            || host == "[::1]"
            || (is_address && host.starts_with("127."))
    }

    pub(crate) fn path(&self) -> String {
        self.0.pathname()
    }

    pub(crate) fn set_path(&mut self, path: &str) {
        self.0.set_pathname(path);
    }

    /// Returns the parameters, in order.
    pub(crate) fn query(&self) -> Vec<(String, String)> {
        let entries = self.0.search_params().entries();
        entries
            .into_iter()
            .flatten()
            .filter_map(|pair| {
                let pair = js_sys::Array::from(&pair);
                Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
            })
            .collect()
    }

    /// Replaces the parameters, encoded as in an HTML form.
    pub(crate) fn set_query<'q>(&mut self, query: impl IntoIterator<Item = (&'q str, &'q str)>) {
        let Ok(encoded) = UrlSearchParams::new() else {
            return;
        };
        for (name, value) in query {
            encoded.append(name, value);
        }
        self.0.set_search(&String::from(encoded.to_string()));
    }

    pub(crate) fn has_userinfo(&self) -> bool {
        !self.0.username().is_empty() || !self.0.password().is_empty()
    }

    pub(crate) fn remove_userinfo(&mut self) {
        self.0.set_username("");
        self.0.set_password("");
    }

    pub(crate) fn into_string(self) -> String {
        self.0.href()
    }
}

/// Returns whether the scheme of `url` is `wss`, or `None` if it is not an absolute URL.
pub(crate) fn is_wss(url: &str) -> Option<bool> {
    Some(Url::new(url).ok()?.protocol() == "wss:")
}
