//! URLs of sockets and REST calls, made from a base URL.
// Contracts 1 to 16.

use super::{ConfigError, Service, Target};
use crate::url::WebSocketUrl;

/// Parameters of the target. Those of the base URL are dropped.
const TARGETS: [&str; 3] = ["model", "intent", "call_id"];

/// Hosts that are reached without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cleartext {
    Never,
    Loopback,
    AnyHost,
}

/// Returns the parameter of a target.
pub(super) fn parameter(
    service: Service,
    target: &Target,
) -> Result<(&'static str, &str), ConfigError> {
    target.parameter().ok_or(match (service, target) {
        // On Azure the model's place is the deployment's name, and the error says so.
        (Service::Azure, Target::Model(_)) => ConfigError::Deployment,
        _ => ConfigError::Target,
    })
}

/// Returns the URL of a socket.
pub(super) fn socket_url(
    base: &str,
    cleartext: Cleartext,
    service: Service,
    path: &str,
    parameter: (&str, &str),
) -> Result<String, ConfigError> {
    Ok(endpoint_url(base, cleartext, service, path, Some(parameter))?.into_string())
}

/// Returns the URL of a REST call. The rules are those of sockets, the scheme is that of HTTP.
pub(super) fn rest_url(
    base: &str,
    cleartext: Cleartext,
    service: Service,
    path: &str,
) -> Result<String, ConfigError> {
    let url = endpoint_url(base, cleartext, service, path, None)?.into_string();
    // `ws` becomes `http` and `wss` becomes `https`, which have the same rules and ports.
    let rest = url.strip_prefix("ws").ok_or(ConfigError::InvalidUrl)?;
    Ok(format!("http{rest}"))
}

fn endpoint_url(
    base: &str,
    cleartext: Cleartext,
    service: Service,
    path: &str,
    parameter: Option<(&str, &str)>,
) -> Result<WebSocketUrl, ConfigError> {
    let plain = cleartext != Cleartext::Never;
    let mut url = WebSocketUrl::parse(base, plain).ok_or(ConfigError::InvalidUrl)?;
    // The name alone; the native connector checks the resolved address as well.
    if cleartext == Cleartext::Loopback && !url.is_loopback() {
        return Err(ConfigError::InsecureUrl);
    }
    match service {
        Service::OpenAI => {
            let base_path = url.path();
            let base_path = base_path.strip_suffix('/').unwrap_or(&base_path);
            url.set_path(&format!("{base_path}{path}"));
            let query = url.query();
            let kept = query
                .iter()
                // A base URL that was copied whole must not name a second target.
                .filter(|(name, _)| !TARGETS.contains(&name.as_str()));
            let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
            url.set_query(kept.chain(parameter));
        }
        Service::Azure => {
            let base_path = azure_path(&url.path());
            url.set_path(&format!("{base_path}{path}"));
            url.set_query(parameter);
        }
    }
    Ok(url)
}

/// Returns the base URL of an Azure endpoint, however it was pasted: as a host, with `/openai/v1/`,
/// as the URI of a deployment or of `realtime`, with a query, or as the endpoint of a Foundry
/// project, whose resource has the sockets.
pub(super) fn azure_base(endpoint: &str) -> String {
    let endpoint = endpoint.trim();
    let end = endpoint.find(['?', '#']).unwrap_or(endpoint.len());
    let address = &endpoint[..end];
    // By hand: what people paste need not be a URL yet, and the error is the parser's to give.
    let start = address.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = address.split_at(start);
    let segments: Vec<&str> = rest.split('/').collect();
    if segments.first().is_none_or(|host| host.is_empty()) {
        // With a path behind it, `https://` would lead to a host of the path's name.
        return String::new();
    }
    // Everything before is the host and, perhaps, the path of a gateway.
    let own = (1..segments.len()).find(|&at| {
        let is = |at: usize, name: &str| {
            let segment = segments.get(at);
            segment.is_some_and(|segment| segment.eq_ignore_ascii_case(name))
        };
        is(at, "openai") || (is(at, "api") && is(at + 1, "projects"))
    });
    let kept = segments.get(..own.unwrap_or(segments.len()));
    let kept = kept.unwrap_or_default().join("/");
    format!("{scheme}{}/openai", kept.trim_end_matches('/'))
}

/// Returns a base path without needless slashes, and with the `v1` of Azure's GA API.
// Contract 13.
fn azure_path(base_path: &str) -> String {
    let segments: Vec<&str> = base_path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    // Both forms are in use: an endpoint with its version, and one without.
    let version = if segments.last() == Some(&"v1") {
        ""
    } else {
        "/v1"
    };
    let path: String = segments.iter().flat_map(|segment| ["/", segment]).collect();
    path + version
}

/// Removes the parameters that hold a credential. Returns the URL for the socket, and the one that
/// the official SDK shows: it names the credential's header, and the removed parameters, with
/// `<REDACTED>` for a value.
// Contract 30.
pub(super) fn redacted(url: &str, header: &str) -> Result<(String, String), ConfigError> {
    let is_credential = |name: &str| CREDENTIALS.iter().any(|c| name.eq_ignore_ascii_case(c));
    let plain = url.starts_with("ws:");
    let parse = || WebSocketUrl::parse(url, plain).ok_or(ConfigError::InvalidUrl);
    let (mut socket, mut public) = (parse()?, parse()?);
    let query = socket.query();
    let kept = query
        .iter()
        .filter(|(name, _)| !is_credential(name))
        .map(|(name, value)| (name.as_str(), value.as_str()));
    if query.iter().any(|(name, _)| is_credential(name)) {
        socket.set_query(kept.clone());
    }
    let shown = CREDENTIALS.into_iter().filter(|credential| {
        let mut named = query.iter().map(|(name, _)| name.as_str()).chain([header]);
        named.any(|name| name.eq_ignore_ascii_case(credential))
    });
    public.set_query(kept.chain(shown.map(|name| (name, REDACTED))));
    Ok((socket.into_string(), public.into_string()))
}

/// Headers that hold a credential, as parameters.
const CREDENTIALS: [&str; 2] = ["api-key", "Authorization"];

const REDACTED: &str = "<REDACTED>";

/// Parameters whose values can be shown.
const OPEN: [&str; 5] = ["model", "api-version", "intent", "call_id", "deployment"];

/// Returns a URL that can be shown: without a user name and password, without a fragment, and with
/// the values of all parameters redacted but for those that are known to be harmless.
pub(super) fn shown(url: &str) -> String {
    let scheme = url.split(':').next().unwrap_or_default();
    let plain = matches!(scheme, "ws" | "http");
    let Some(mut shown) = WebSocketUrl::parse(url, plain) else {
        return "<invalid URL>".to_owned();
    };
    let is_open = |name: &str| OPEN.iter().any(|open| name.eq_ignore_ascii_case(open));
    let query = shown.query();
    let open = query.iter().all(|(name, _)| is_open(name));
    // Unchanged where nothing is hidden: parsing would write some characters differently.
    if open && !shown.has_userinfo() && !url.contains('#') {
        return url.to_owned();
    }
    shown.remove_userinfo();
    shown.set_query(query.iter().map(|(name, value)| {
        match (is_open(name), value.is_empty()) {
            (true, _) => (name.as_str(), value.as_str()),
            (false, false) => (name.as_str(), REDACTED),
            // A parameter without a value may be a key itself.
            (false, true) => (REDACTED, ""),
        }
    }));
    let text = shown.into_string();
    // The scheme as it was given: parsing made a WebSocket's out of `https`.
    let rest = text.split_once(':').map_or("", |(_, rest)| rest);
    format!("{scheme}:{rest}")
}
