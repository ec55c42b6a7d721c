use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio_tungstenite::tungstenite::http::HeaderMap;
use tokio_tungstenite::tungstenite::http::response::Parts;

use crate::endpoint::Handshake;
use crate::transport::Refusal;

/// How much of the service's words is kept.
const MAX_MESSAGE_CHARS: usize = 300;

/// What a response that is no upgrade says.
pub fn refusal(head: &Parts, body: &[u8], handshake: &Handshake) -> Refusal {
    let request_id = text(&head.headers, "x-request-id");
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let message = body
        .as_ref()
        .and_then(|body| body.pointer("/error/message"))
        .and_then(Value::as_str);
    Refusal {
        request_id: request_id.and_then(|id| quotable(id, handshake)),
        message: message.and_then(|message| quotable(message, handshake)),
        retry_after: retry_after(&head.headers),
        ..Refusal::new(head.status.as_u16())
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The server's words in one line, unless they repeat what it was sent: the credential must not get into an error.
fn quotable(words: &str, handshake: &Handshake) -> Option<String> {
    let repeats_a_secret = handshake.headers().any(|(_, value)| {
        let secret = value.rsplit(' ').next().unwrap_or(value);
        secret.len() >= 8 && words.contains(secret)
    });
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    (!repeats_a_secret).then(|| {
        words
            .chars()
            .take(MAX_MESSAGE_CHARS)
            .map(printable)
            .collect()
    })
}

/// `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), and the service's own `retry-after-ms` before it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    if let Some(milliseconds) =
        text(headers, "retry-after-ms").and_then(|ms| ms.trim().parse().ok())
    {
        return Some(Duration::from_millis(milliseconds));
    }
    let value = text(headers, "retry-after")?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(name: &'static str, value: &str) -> Option<Duration> {
        retry_after(&HeaderMap::from_iter([(
            name.parse().unwrap(),
            value.parse().unwrap(),
        )]))
    }

    #[test]
    fn the_time_to_wait_is_in_seconds_milliseconds_or_a_date() {
        assert_eq!(after("retry-after", "20"), Some(Duration::from_secs(20)));
        assert_eq!(
            after("retry-after-ms", "1500"),
            Some(Duration::from_millis(1500))
        );
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
        let wait = after("retry-after", &date).unwrap();
        assert!((58..=60).contains(&wait.as_secs()), "{wait:?}");
        assert_eq!(
            after("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(after("retry-after", "soon"), None);
        assert_eq!(after("retry-after", "-1"), None);
    }
}
