//! Refusals of handshakes and of REST calls.

use std::fmt;
use std::time::Duration;

use super::Handshake;
use super::refusal_body::RefusalBody;

/// Limit of a message.
const MAX_MESSAGE_CHARS: usize = 300;
/// Limit of an id or a code.
const MAX_NAME_CHARS: usize = 100;
/// Shorter header values are not credentials, and may be ordinary words of a message.
const MIN_SECRET_BYTES: usize = 8;

/// Headers that hold no credential. The value of any other header may be one.
const OPEN_HEADERS: [&str; 7] = [
    "accept",
    "content-type",
    "openai-beta",
    "openai-organization",
    "openai-project",
    "openai-safety-identifier",
    "user-agent",
];

/// Handshake or REST call that the server, or a proxy in front of it, did not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// URL of the request, without credentials; only for 404, where it is often the cause.
    pub url: Option<String>,
    /// HTTP status: 401 for a wrong key, 404 for a wrong path, 429 for too many sessions.
    pub status: u16,
    /// The `x-request-id` header, for the provider's support.
    pub request_id: Option<String>,
    /// Name of the error, such as `invalid_api_key`.
    pub code: Option<String>,
    /// The server's own message, cut to a few hundred characters. It is read from the JSON of
    /// OpenAI and of common servers and proxies, from HTML or from plain text.
    pub message: Option<String>,
    /// Pause before the next attempt that the service asks for: its `Retry-After`.
    pub retry_after: Option<Duration>,
}

/// Meaning of a refusal, by its HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalKind {
    /// 3xx: a redirect. It is never followed, because it would take the credential elsewhere.
    Redirect,
    /// 400: something in the request is wrong.
    BadRequest,
    /// 401: the credential is wrong, or has expired.
    Authentication,
    /// 403: the credential is right, but does not allow the request.
    PermissionDenied,
    /// 404: the path, the model or the call does not exist.
    NotFound,
    /// 409: the request does not fit the current state.
    Conflict,
    /// 422: the request is well-formed, but cannot be carried out.
    UnprocessableEntity,
    /// 429: too many requests, or the quota is spent.
    RateLimit,
    /// 5xx: the service failed.
    Server,
    /// Any other status.
    Other,
}

impl Refusal {
    /// Reads an HTTP response that refuses `handshake`, for a custom
    /// [`Connector`](crate::Connector). `header` looks up a header by its name in lower case.
    ///
    /// If the response repeats a credential of the handshake, `<REDACTED>` takes its place.
    pub fn from_response<'h>(
        handshake: &Handshake,
        status: u16,
        header: impl Fn(&str) -> Option<&'h str>,
        body: &[u8],
    ) -> Self {
        let body = RefusalBody::read(body);
        let text = |text: Option<&str>, max_chars| {
            let text = Self::without_credentials(handshake, text?);
            // Control characters could move a terminal's cursor, or forge a line of a log.
            let printable = |c: char| if c.is_control() { ' ' } else { c };
            Some(text.chars().take(max_chars).map(printable).collect())
        };
        Self {
            request_id: text(header("x-request-id"), MAX_NAME_CHARS),
            code: text(body.code.as_deref(), MAX_NAME_CHARS),
            message: text(body.message.as_deref(), MAX_MESSAGE_CHARS),
            retry_after: retry_after(header("retry-after-ms"), header("retry-after")),
            url: (status == 404).then(|| handshake.public_url().to_owned()),
            ..Self::new(status)
        }
    }

    /// Replaces the credentials of a handshake in a text of the server's.
    pub(crate) fn without_credentials(handshake: &Handshake, text: &str) -> String {
        let is_open = |name: &str| {
            OPEN_HEADERS
                .iter()
                .any(|open| name.eq_ignore_ascii_case(open))
        };
        let headers = handshake.headers().filter(|(name, _)| !is_open(name));
        // `Bearer`, and the words before a key in a subprotocol, are not secret.
        let headers = headers.filter_map(|(_, value)| value.rsplit(' ').next());
        let subprotocols = handshake.subprotocols();
        let subprotocols =
            subprotocols.filter_map(|name| name.strip_prefix("openai-insecure-api-key."));
        let mut text = text.to_owned();
        for secret in headers.chain(subprotocols) {
            if secret.len() >= MIN_SECRET_BYTES && text.contains(secret) {
                text = text.replace(secret, "<REDACTED>");
            }
        }
        text
    }

    /// Returns the meaning of the status.
    #[must_use]
    pub fn kind(&self) -> RefusalKind {
        match self.status {
            // Browsers hide the status of a redirect: it reads 0.
            0 | 300..=399 => RefusalKind::Redirect,
            400 => RefusalKind::BadRequest,
            401 => RefusalKind::Authentication,
            403 => RefusalKind::PermissionDenied,
            404 => RefusalKind::NotFound,
            409 => RefusalKind::Conflict,
            422 => RefusalKind::UnprocessableEntity,
            429 => RefusalKind::RateLimit,
            500..=599 => RefusalKind::Server,
            _ => RefusalKind::Other,
        }
    }
}

impl Refusal {
    /// Returns the shortest delay before another attempt, if one may succeed. The statuses above
    /// 511 are those of Cloudflare and other proxies in front of a service.
    // The official SDK retries fewer, see contract 91: 408, 429, 500, 502, 503 and 504.
    pub(super) fn retry(&self) -> Option<Duration> {
        let passes = matches!(
            self.status,
            408 | 409 | 425 | 429 | 500..=504 | 520..=526 | 529 | 530
        );
        // A spent quota also comes as 429, and no wait brings it back.
        let spent = self.code.as_deref() == Some("insufficient_quota");
        (passes && !spent).then(|| self.retry_after.unwrap_or_default())
    }
}

impl Refusal {
    /// Creates a refusal with nothing but its status.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            url: None,
            status,
            request_id: None,
            code: None,
            message: None,
            retry_after: None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unexpected server response: {}", self.status)?;
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        f.write_str(match self.status {
            // The advice is general: the server's own words, if any, stand before it.
            300..=399 => ". Redirects are not followed: set the base URL to where the service is.",
            401 => ". Check the API key.",
            403 => ". The key has no access to this.",
            404 => ". Check the base URL and the model.",
            429 => ". Too many requests.",
            500..=599 => ". The service is in trouble.",
            _ => return Ok(()),
        })?;
        if let Some(url) = &self.url {
            write!(f, " The URL was {url}")?;
        }
        match (self.status, self.retry_after) {
            (_, Some(wait)) => write!(f, " Try again in {} s.", wait.as_secs_f64().ceil()),
            (429 | 500..=599, None) => f.write_str(" Wait, then try again."),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

/// Prefers milliseconds to seconds. A date is ignored, because the clocks may differ.
fn retry_after(millis: Option<&str>, seconds: Option<&str>) -> Option<Duration> {
    let number = |text: Option<&str>| text?.trim().parse::<f64>().ok();
    let seconds = number(millis)
        .map(|millis| millis / 1000.0)
        .or_else(|| number(seconds))?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::protocol::Realtime;
    use crate::transport::Runtime;

    fn refusal(status: u16, headers: &[(&str, &'static str)], body: &str) -> Refusal {
        let config = Config::new("sk-0123456789");
        let handshake = config.rest_request("/x", Runtime::Native).unwrap();
        let header = |name: &str| {
            let found = headers.iter().find(|(known, _)| *known == name)?;
            Some(found.1)
        };
        Refusal::from_response(&handshake, status, header, body.as_bytes())
    }

    #[test]
    fn the_services_words_are_kept_and_cut() {
        let long = "w".repeat(1000);
        let body = format!(r#"{{"error":{{"message":"{long}","code":"too_long","type":"t"}}}}"#);
        let refusal = refusal(400, &[("x-request-id", "req_1")], &body);
        assert_eq!(
            refusal.message.as_deref(),
            Some(&*"w".repeat(MAX_MESSAGE_CHARS))
        );
        assert_eq!(refusal.code.as_deref(), Some("too_long"));
        assert_eq!(refusal.request_id.as_deref(), Some("req_1"));
        assert_eq!(refusal.retry_after, None);
    }

    #[test]
    fn a_credential_is_cut_out_and_the_message_stays() {
        let body = r#"{"error":{"message":"wrong: sk-0123456789!","code":"sk-0123456789"}}"#;
        let refusal = refusal(401, &[("x-request-id", "req-sk-0123456789")], body);
        assert_eq!(refusal.message.as_deref(), Some("wrong: <REDACTED>!"));
        assert_eq!(refusal.code.as_deref(), Some("<REDACTED>"));
        assert_eq!(refusal.request_id.as_deref(), Some("req-<REDACTED>"));
    }

    #[test]
    fn only_credentials_are_cut_out() {
        let config = Config::new("sk-0123456789")
            .organization("org-0123456789")
            .project("proj_0123456789")
            .header("X-Gateway-Key", "gateway-0123")
            .header("Cookie", "session=0123456789");
        let body = r#"{"error":{"message":"org-0123456789 may not use proj_0123456789 with sk-0123456789, gateway-0123 or session=0123456789"}}"#;
        let javascript = Runtime::javascript();
        for handshake in [
            config.rest_request("/x", Runtime::Native),
            config
                .clone()
                .model("m")
                .handshake::<Realtime>(Runtime::Native),
        ] {
            let handshake = handshake.unwrap();
            let refusal = Refusal::from_response(&handshake, 401, |_| None, body.as_bytes());
            assert_eq!(
                refusal.message.as_deref(),
                Some(
                    "org-0123456789 may not use proj_0123456789 with <REDACTED>, <REDACTED> or <REDACTED>"
                )
            );
        }
        let handshake = config.model("m").handshake::<Realtime>(javascript).unwrap();
        let refusal = Refusal::from_response(&handshake, 401, |_| None, b"wrong: sk-0123456789");
        assert_eq!(refusal.message.as_deref(), Some("wrong: <REDACTED>"));
    }

    #[test]
    fn a_body_without_words_is_only_a_status() {
        for body in ["", "<html>", "[]", "null"] {
            assert_eq!(refusal(502, &[], body), Refusal::new(502), "{body}");
        }
    }

    #[test]
    fn the_wait_is_in_milliseconds_or_seconds() {
        let waits = |headers| refusal(429, headers, "").retry_after;
        let millis = |millis| Some(Duration::from_millis(millis));
        assert_eq!(waits(&[("retry-after", "2")]), millis(2000));
        assert_eq!(waits(&[("retry-after", "0.25")]), millis(250));
        assert_eq!(
            waits(&[("retry-after-ms", "30"), ("retry-after", "2")]),
            millis(30)
        );
        for none in ["-1", "nan", "inf", "1e300", "soon", ""] {
            let refusal = Refusal::from_response(
                &Config::new("k")
                    .rest_request("/x", Runtime::Native)
                    .unwrap(),
                429,
                |name| (name == "retry-after").then_some(none),
                b"",
            );
            assert_eq!(refusal.retry_after, None, "{none}");
        }
    }
}
