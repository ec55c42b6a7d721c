//! Entries of `NO_PROXY` that hyper-util's matcher does not know: ports, `*.` and brackets.

use std::net::IpAddr;

use url::{Host, Url};

/// An entry of `NO_PROXY`, with the rules of Go's `net/http` and newer versions of curl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exception {
    host: ExceptedHost,
    /// `None` for every port.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ExceptedHost {
    Address(IpAddr),
    /// The name and every name below it.
    Domain(String),
    /// The names below it: `*.example.com`.
    Below(String),
}

impl Exception {
    /// The entries of a list that the matcher would get wrong.
    pub(super) fn parse_list(list: &str) -> Vec<Self> {
        list.split(',')
            .filter_map(|entry| Self::parse(entry.trim()))
            .collect()
    }

    fn parse(entry: &str) -> Option<Self> {
        // A bare IPv6 address has colons, and no port.
        if entry.parse::<IpAddr>().is_ok() {
            return None;
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
            _ => (entry, None),
        };
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let below = host.strip_prefix("*.");
        if port.is_none() && bare.is_none() && below.is_none() {
            return None;
        }
        let name = |name: &str| {
            // Anything else is a typing error, which must not open a way around the proxy.
            let is_name = !name.is_empty() && !name.contains(['*', ':', '/', '[', ']']);
            is_name.then(|| name.to_ascii_lowercase())
        };
        let host = match (bare.unwrap_or(host).parse(), below) {
            (Ok(address), _) => ExceptedHost::Address(address),
            (Err(_), Some(domain)) => ExceptedHost::Below(name(domain)?),
            (Err(_), None) => ExceptedHost::Domain(name(host.strip_prefix('.').unwrap_or(host))?),
        };
        Some(Self { host, port })
    }

    /// Returns whether the server of this URL is reached without a proxy.
    pub(super) fn covers(&self, url: &Url) -> bool {
        if self.port.is_some() && self.port != url.port_or_known_default() {
            return false;
        }
        match (&self.host, url.host()) {
            (ExceptedHost::Address(address), Some(Host::Ipv4(host))) => *address == host,
            (ExceptedHost::Address(address), Some(Host::Ipv6(host))) => *address == host,
            (ExceptedHost::Domain(domain), Some(Host::Domain(host))) => {
                host == domain || is_below(host, domain)
            }
            (ExceptedHost::Below(domain), Some(Host::Domain(host))) => is_below(host, domain),
            _ => false,
        }
    }
}

fn is_below(host: &str, domain: &str) -> bool {
    let prefix = host.strip_suffix(domain);
    prefix.is_some_and(|prefix| prefix.len() > 1 && prefix.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(entry: &str, url: &str) -> bool {
        let url = Url::parse(url).unwrap();
        let exceptions = Exception::parse_list(entry);
        exceptions.iter().any(|exception| exception.covers(&url))
    }

    #[test]
    fn a_port_narrows_an_entry() {
        for (entry, url, expected) in [
            ("example.com:8443", "wss://example.com:8443/", true),
            ("example.com:8443", "wss://eu.example.com:8443/v1", true),
            ("example.com:8443", "wss://example.com/", false),
            ("example.com:443", "wss://example.com/", true),
            ("Example.COM:443", "wss://example.com/", true),
            ("example.com:443", "wss://notexample.com/", false),
            (".example.com:443", "wss://eu.example.com/", true),
            ("10.0.0.7:8000", "wss://10.0.0.7:8000/", true),
            ("10.0.0.7:8000", "wss://10.0.0.7/", false),
            ("[::1]:8000", "wss://[::1]:8000/", true),
            ("[::1]:8000", "wss://[::1]:8001/", false),
            ("a, b:1, example.com:443", "wss://example.com/", true),
        ] {
            assert_eq!(covers(entry, url), expected, "{entry} {url}");
        }
    }

    #[test]
    fn a_star_stands_for_the_names_below() {
        for (entry, url, expected) in [
            ("*.example.com", "wss://eu.example.com/", true),
            ("*.example.com", "wss://a.eu.example.com:8443/", true),
            ("*.example.com", "wss://example.com/", false),
            ("*.example.com", "wss://notexample.com/", false),
            ("*.example.com:8443", "wss://eu.example.com:8443/", true),
            ("*.example.com:8443", "wss://eu.example.com/", false),
            ("[::1]", "wss://[::1]:9/", true),
        ] {
            assert_eq!(covers(entry, url), expected, "{entry} {url}");
        }
    }

    #[test]
    fn entries_that_the_matcher_knows_or_nobody_does_are_left_out() {
        for entry in [
            "",
            "*",
            "example.com",
            ".example.com",
            "10.0.0.7",
            "10.0.0.0/8",
            "::1",
            "*:443",
            "example.com:port",
            "example.com:",
            ":443",
            "*.",
            "a*b:1",
            "[",
            "]:1",
        ] {
            assert_eq!(Exception::parse_list(entry), [], "{entry}");
        }
    }
}
