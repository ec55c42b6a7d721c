//! From a base URL to the socket's.

use super::{ConfigError, Service, Target};
use crate::url::WebSocketUrl;

/// Parameters that the target sets: a base URL's own of these names are dropped.
const TARGETS: [&str; 3] = ["model", "intent", "call_id"];

/// Hosts that are reached without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cleartext {
    Never,
    Loopback,
    AnyHost,
}

/// The target's parameter.
pub(crate) fn parameter(
    service: Service,
    target: &Target,
) -> Result<(&'static str, &str), ConfigError> {
    target.parameter().ok_or(match (service, target) {
        (Service::Azure, Target::Model(_)) => ConfigError::Deployment,
        _ => ConfigError::Target,
    })
}

/// The socket's URL.
pub(crate) fn socket_url(
    base: &str,
    cleartext: Cleartext,
    service: Service,
    path: &str,
    parameter: (&str, &str),
) -> Result<String, ConfigError> {
    Ok(endpoint_url(base, cleartext, service, path, Some(parameter))?.into_string())
}

/// A REST call's URL, by the socket's rules, with the scheme of HTTP.
pub(crate) fn rest_url(
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

/// A base path without needless slashes, and with the `v1` that Azure's GA API has.
fn azure_path(base_path: &str) -> String {
    let segments: Vec<&str> = base_path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let version = if segments.last() == Some(&"v1") {
        ""
    } else {
        "/v1"
    };
    let path: String = segments.iter().flat_map(|segment| ["/", segment]).collect();
    path + version
}

/// For a URL and a credential's header: the URL for the socket, without any parameter that holds a
/// credential, and the one to show, which names the header, and those parameters, with `<REDACTED>`
/// for a value.
pub(crate) fn redacted(url: &str, header: &str) -> Result<(String, String), ConfigError> {
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
    public.set_query(kept.chain(shown.map(|name| (name, "<REDACTED>"))));
    Ok((socket.into_string(), public.into_string()))
}

/// The headers that hold a credential, as parameters.
const CREDENTIALS: [&str; 2] = ["api-key", "Authorization"];
