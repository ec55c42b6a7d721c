//! What `src/url.rs` does, by the runtime's own `URL`, with the same results.

use std::net::{Ipv4Addr, Ipv6Addr};

use web_sys::Url;

/// `base` with the scheme `wss` (or `ws` if `plain`), `segments` added to its path, no hash, the parameters in `drop`
/// removed and `parameter` added. `None` if `base` is not an absolute URL with a host.
pub fn endpoint(
    base: &str,
    plain: bool,
    segments: &str,
    drop: &[&str],
    parameter: (&str, &str),
) -> Option<String> {
    let url = parse(base, plain)?;
    url.set_hash("");
    let path = url.pathname();
    let path = path.strip_suffix('/').unwrap_or(&path);
    url.set_pathname(&format!("{path}{segments}"));
    let query = url.search_params();
    for name in drop {
        query.delete(name);
    }
    query.append(parameter.0, parameter.1);
    Some(url.href())
}

/// Whether the URL's host is this machine: `localhost`, 127.0.0.0/8 or `::1`.
pub fn is_loopback(base: &str) -> bool {
    let Some(url) = parse(base, true) else {
        return false;
    };
    let host = url.hostname();
    let v6 = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    if let Some(v6) = v6 {
        v6.parse()
            .is_ok_and(|address: Ipv6Addr| address.is_loopback())
    } else if let Ok(address) = host.parse::<Ipv4Addr>() {
        address.is_loopback()
    } else {
        host == "localhost" || host.ends_with(".localhost")
    }
}

/// `base` with the scheme of a WebSocket.
fn parse(base: &str, plain: bool) -> Option<Url> {
    let parsed = Url::new(base).ok().filter(|url| !url.host().is_empty())?;
    let scheme = if plain { "ws" } else { "wss" };
    let href = parsed.href();
    let (_, rest) = href.split_once(':')?;
    // Parsed anew, so that the new scheme's rules hold for the host, and its default port is dropped.
    Url::new(&format!("{scheme}:{rest}")).ok()
}
