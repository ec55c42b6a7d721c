//! URLs by the runtime's own `URL`, with the same results as natively.

use web_sys::{Url, UrlSearchParams};

/// A URL with a WebSocket's scheme.
pub struct WebSocketUrl(Url);

impl WebSocketUrl {
    /// `base` with the scheme `wss`, or `ws` if `plain`. `None` if it is not an absolute URL with a
    /// host.
    pub fn parse(base: &str, plain: bool) -> Option<Self> {
        let parsed = Url::new(base).ok().filter(|url| !url.host().is_empty())?;
        let scheme = if plain { "ws" } else { "wss" };
        let href = parsed.href();
        let (_, rest) = href.split_once(':')?;
        // Parsed anew, so that the new scheme's rules hold for the host, and its default port is
        // dropped.
        let url = Url::new(&format!("{scheme}:{rest}")).ok()?;
        url.set_hash("");
        // Chromium escapes what the standard forbids in a host, such as a space.
        Some(Self(url)).filter(|url| !url.0.host().contains('%'))
    }

    /// Returns true if the host is this machine: `localhost`, 127.0.0.0/8 or `::1`. The runtime has
    /// brought addresses to one form, and takes no other host of digits and dots.
    pub fn is_loopback(&self) -> bool {
        let host = self.0.hostname();
        let is_address = host.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.'));
        host == "localhost"
            || host.ends_with(".localhost")
            || host == "[::1]"
            || (is_address && host.starts_with("127."))
    }

    pub fn path(&self) -> String {
        self.0.pathname()
    }

    pub fn set_path(&mut self, path: &str) {
        self.0.set_pathname(path);
    }

    /// The parameters, in order.
    pub fn query(&self) -> Vec<(String, String)> {
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
    pub fn set_query<'q>(&mut self, query: impl IntoIterator<Item = (&'q str, &'q str)>) {
        let Ok(encoded) = UrlSearchParams::new() else {
            return;
        };
        for (name, value) in query {
            encoded.append(name, value);
        }
        self.0.set_search(&String::from(encoded.to_string()));
    }

    pub fn into_string(self) -> String {
        self.0.href()
    }
}

/// Returns true if `url` is absolute and its scheme `wss`.
pub fn is_wss(url: &str) -> Option<bool> {
    Some(Url::new(url).ok()?.protocol() == "wss:")
}
