//! The few things that an endpoint does with URLs, by the `url` crate. In wasm the runtime's own `URL` does them.

use url::Url;

/// `base` with the scheme `wss` (or `ws` if `plain`), `segments` added to its path, no hash, the parameters in `drop`
/// removed and `parameter` added. `None` if `base` is not an absolute URL with a host.
pub fn endpoint(
    base: &str,
    plain: bool,
    segments: &str,
    drop: &[&str],
    parameter: (&str, &str),
) -> Option<String> {
    let mut url = parse(base, plain)?;
    url.set_fragment(None);
    let path = url
        .path()
        .strip_suffix('/')
        .unwrap_or(url.path())
        .to_owned();
    url.set_path(&format!("{path}{segments}"));
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .into_owned()
        .filter(|(name, _)| !drop.contains(&name.as_str()))
        .collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(kept)
        .append_pair(parameter.0, parameter.1);
    Some(url.into())
}

/// Whether the URL's host is this machine: `localhost`, 127.0.0.0/8 or `::1`.
pub fn is_loopback(base: &str) -> bool {
    match parse(base, true).as_ref().and_then(Url::host) {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// `base` with the scheme of a WebSocket.
fn parse(base: &str, plain: bool) -> Option<Url> {
    let parsed = Url::parse(base).ok().filter(Url::has_host)?;
    let scheme = if plain { "ws" } else { "wss" };
    let (_, rest) = parsed.as_str().split_once(':')?;
    // Parsed anew, so that the new scheme's rules hold for the host, and its default port is dropped.
    Url::parse(&format!("{scheme}:{rest}")).ok()
}
