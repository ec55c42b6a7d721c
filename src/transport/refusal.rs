//! What a server says when it refuses: the same on the socket's handshake and on REST calls.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::{Handshake, TransportError};

/// How much of the service's words is kept.
const MAX_MESSAGE_CHARS: usize = 300;
/// How much of an id or code is kept.
const MAX_NAME_CHARS: usize = 100;
/// Shorter values are no credential, and may well stand in a message by themselves.
const MIN_SECRET_BYTES: usize = 8;

/// A handshake, or a REST call, that the server did not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The HTTP status: 401 for a wrong key, 404 for a wrong path, 429 for too many sessions.
    pub status: u16,
    /// The `x-request-id` header, for the provider's support.
    pub request_id: Option<String>,
    /// The service's own name for the error, such as `invalid_api_key`.
    pub code: Option<String>,
    /// The service's own words, cut to a few hundred characters.
    pub message: Option<String>,
    /// How long the service asks to wait before the next attempt: its `Retry-After`.
    pub retry_after: Option<Duration>,
}

/// What a refusal means, by its HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalKind {
    /// 3xx: a redirect, which is never followed, as it would take the credential elsewhere.
    Redirect,
    /// 400: something in the request is wrong.
    BadRequest,
    /// 401: the credential is wrong, or has expired.
    Authentication,
    /// 403: the credential is right, and not enough for this.
    PermissionDenied,
    /// 404: there is no such thing.
    NotFound,
    /// 409: the request does not fit the state that things are in.
    Conflict,
    /// 422: the request was read, and makes no sense.
    UnprocessableEntity,
    /// 429: too many requests, or the money is spent.
    RateLimit,
    /// 5xx: the service failed.
    Server,
    /// Any other status.
    Other,
}

impl Refusal {
    /// Reads an HTTP response that refuses what was asked for with `handshake`: for a
    /// [`Connector`](crate::Connector) of one's own. `header` gives a header by its name in lower case.
    ///
    /// A text of the server's that repeats the credential is left out.
    pub fn from_response<'h>(
        handshake: &Handshake,
        status: u16,
        header: impl Fn(&str) -> Option<&'h str>,
        body: &[u8],
    ) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |text: Option<&str>, max_chars| {
            let text = text.filter(|text| !repeats_a_secret(text, handshake))?;
            let printable = |c: char| if c.is_control() { ' ' } else { c };
            Some(text.chars().take(max_chars).map(printable).collect())
        };
        let said = |path| body.pointer(path).and_then(Value::as_str);
        Self {
            request_id: text(header("x-request-id"), MAX_NAME_CHARS),
            code: text(said("/error/code"), MAX_NAME_CHARS),
            message: text(said("/error/message"), MAX_MESSAGE_CHARS),
            retry_after: retry_after(header("retry-after-ms"), header("retry-after")),
            ..Self::new(status)
        }
    }

    /// What the status means.
    pub fn kind(&self) -> RefusalKind {
        match self.status {
            // Browsers keep a redirect's status to themselves, and say 0.
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

impl From<Refusal> for TransportError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl Refusal {
    /// A refusal with nothing but its status.
    pub fn new(status: u16) -> Self {
        Self {
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
            300..=399 => ". Redirects are not followed: set the base URL to where the service is.",
            401 => ". Check the API key.",
            403 => ". The key has no access to this.",
            404 => ". Check the base URL and the model.",
            429 => ". Too many requests.",
            500..=599 => ". The service is in trouble.",
            _ => return Ok(()),
        })?;
        match (self.status, self.retry_after) {
            (_, Some(wait)) => write!(f, " Try again in {} s.", wait.as_secs_f64().ceil()),
            (429 | 500..=599, None) => f.write_str(" Wait, then try again."),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

/// Milliseconds count before seconds; a date is left unread, as the clocks may differ.
fn retry_after(millis: Option<&str>, seconds: Option<&str>) -> Option<Duration> {
    let number = |text: Option<&str>| text?.trim().parse::<f64>().ok();
    let seconds = number(millis)
        .map(|millis| millis / 1000.0)
        .or_else(|| number(seconds))?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Whether a text of the server's holds what it was sent: it must not bring the credential into an error.
pub fn repeats_a_secret(text: &str, handshake: &Handshake) -> bool {
    handshake.headers().any(|(_, value)| {
        let secret = value.rsplit(' ').next().unwrap_or(value);
        secret.len() >= MIN_SECRET_BYTES && text.contains(secret)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
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
    fn a_text_with_the_credential_is_left_out() {
        let body = r#"{"error":{"message":"wrong: sk-0123456789!","code":"sk-0123456789"}}"#;
        let refusal = refusal(401, &[("x-request-id", "sk-0123456789")], body);
        assert_eq!(refusal, Refusal::new(401));
    }

    #[test]
    fn a_body_that_is_no_error_says_nothing() {
        for body in ["", "<html>", "[]", r#"{"error":"text"}"#, "null"] {
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
