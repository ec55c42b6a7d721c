//! The upgrade to a WebSocket: who asks for what, and whether it is let in.

use std::fmt;

use serde_json::json;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request};
use tokio_tungstenite::tungstenite::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response, StatusCode};
use url::form_urlencoded;

/// The request with which a client opened a connection.
///
/// Its `Debug` shows neither the query nor any header's value: they may hold a credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Upgrade {
    pub(super) connection: usize,
    tls: bool,
    target: String,
    headers: Vec<(String, String)>,
}

impl Upgrade {
    /// One that is not numbered yet.
    pub(super) fn new(tls: bool, request: &Request) -> Self {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Self {
            connection: 0,
            tls,
            target: request
                .uri()
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
        }
    }

    /// Which of [`Emulator::connections`](super::Emulator::connections) it opens, from 0.
    pub fn connection(&self) -> usize {
        self.connection
    }

    /// Whether it came over TLS.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// Path and query, such as `/v1/realtime?model=gpt-realtime`.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// All headers, names in lower case, in the order of their arrival.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The value of the first header of that name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of a query parameter, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The subprotocols that the client offers, in its order.
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        let offers = self
            .headers
            .iter()
            .filter(|(name, _)| name == "sec-websocket-protocol");
        offers
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
    }

    fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The API key, wherever the client put it: `Authorization`, `api-key` or a subprotocol.
    fn credential(&self) -> Option<&str> {
        self.header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .or_else(|| self.header("api-key"))
            .or_else(|| {
                self.subprotocols()
                    .find_map(|offer| offer.strip_prefix("openai-insecure-api-key."))
            })
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Upgrade")
            .field("connection", &self.connection)
            .field("tls", &self.tls)
            .field("path", &self.path())
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

/// What kind of session a connection is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A conversation with a model.
    Conversation { model: String },
    /// Transcription alone.
    Transcription,
}

/// A connection that is let in.
#[derive(Debug, PartialEq, Eq)]
pub struct Admitted {
    pub purpose: Purpose,
    /// The subprotocol to confirm: never the one that is a key.
    pub subprotocol: Option<&'static str>,
    /// Whether the client speaks the protocol's beta, which the service no longer does.
    pub beta: bool,
}

/// Why a connection is not let in, in the service's terms.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: &'static str,
}

/// Decides as the service would. With no `api_key`, any credential will do, and none.
pub fn admit(upgrade: &Upgrade, api_key: Option<&str>) -> Result<Admitted, Refusal> {
    let refuse = |status, code, message| {
        Err(Refusal {
            status,
            code,
            message,
        })
    };
    if !upgrade.path().trim_end_matches('/').ends_with("/realtime") {
        return refuse(
            404,
            "not_found",
            "Nothing is served at this path; try /v1/realtime.",
        );
    }
    match (api_key, upgrade.credential()) {
        (Some(_), None) => return refuse(401, "invalid_api_key", "You didn't provide an API key."),
        (Some(expected), Some(given)) if expected != given => {
            return refuse(401, "invalid_api_key", "Incorrect API key provided.");
        }
        _ => {}
    }
    let named = |name| upgrade.query(name).filter(|value| !value.is_empty());
    let purpose = match (named("model"), named("call_id"), named("intent").as_deref()) {
        (Some(model), None, None) => Purpose::Conversation { model },
        // A call's session has a model already.
        (None, Some(_), None) => Purpose::Conversation {
            model: "gpt-realtime".to_owned(),
        },
        (None, None, Some("transcription")) => Purpose::Transcription,
        _ => {
            return refuse(
                400,
                "missing_model",
                "Name exactly one of `model`, `call_id` and `intent=transcription`.",
            );
        }
    };
    let offers = |name| upgrade.subprotocols().any(|offer| offer == name);
    Ok(Admitted {
        purpose,
        subprotocol: offers("realtime").then_some("realtime"),
        beta: upgrade.header("openai-beta") == Some("realtime=v1")
            || offers("openai-beta.realtime-v1"),
    })
}

/// A refusal's HTTP response, with the service's JSON body.
pub fn refusal(status: u16, code: &str, message: &str) -> ErrorResponse {
    let body = json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": code}});
    let body = body.to_string();
    let mut response = Response::new(None);
    // A status below 300 would not refuse anything.
    *response.status_mut() = StatusCode::from_u16(status)
        .ok()
        .filter(|status| !status.is_success() && !status.is_informational())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    *response.body_mut() = Some(body);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upgrade(target: &str, headers: &[(&str, &str)]) -> Upgrade {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Upgrade {
            connection: 0,
            tls: false,
            target: target.to_owned(),
            headers,
        }
    }

    fn status(target: &str, headers: &[(&str, &str)], api_key: Option<&str>) -> Option<u16> {
        admit(&upgrade(target, headers), api_key)
            .err()
            .map(|refusal| refusal.status)
    }

    const TARGET: &str = "/v1/realtime?model=gpt-realtime";

    #[test]
    fn a_key_may_come_in_three_ways() {
        for header in [
            ("authorization", "Bearer sk-test"),
            ("api-key", "sk-test"),
            (
                "sec-websocket-protocol",
                "realtime, openai-insecure-api-key.sk-test",
            ),
        ] {
            assert_eq!(
                status(TARGET, &[header], Some("sk-test")),
                None,
                "{}",
                header.0
            );
            assert_eq!(
                status(TARGET, &[header], Some("sk-other")),
                Some(401),
                "{}",
                header.0
            );
            assert_eq!(status(TARGET, &[header], None), None, "{}", header.0);
        }
        assert_eq!(status(TARGET, &[], Some("sk-test")), Some(401));
        assert_eq!(status(TARGET, &[], None), None);
    }

    #[test]
    fn the_target_is_one_of_three() {
        let purpose = |target| {
            admit(&upgrade(target, &[]), None)
                .map(|admitted| admitted.purpose)
                .map_err(|r| r.status)
        };
        let conversation = |model: &str| {
            Ok(Purpose::Conversation {
                model: model.to_owned(),
            })
        };
        assert_eq!(
            purpose("/v1/realtime?model=my+model%2B"),
            conversation("my model+")
        );
        assert_eq!(purpose("/openai/v1/realtime?model=m"), conversation("m"));
        assert_eq!(
            purpose("/v1/realtime?call_id=rtc_1"),
            conversation("gpt-realtime")
        );
        assert_eq!(
            purpose("/v1/realtime?intent=transcription"),
            Ok(Purpose::Transcription)
        );
        assert_eq!(
            purpose("/v1/realtime?model=m&intent=transcription"),
            Err(400)
        );
        assert_eq!(purpose("/v1/realtime?model="), Err(400));
        assert_eq!(purpose("/v1/realtime"), Err(400));
        assert_eq!(purpose("/v1/models?model=m"), Err(404));
    }

    #[test]
    fn only_realtime_is_confirmed_as_a_subprotocol() {
        let confirmed = |offers| {
            let upgrade = upgrade(TARGET, &[("sec-websocket-protocol", offers)]);
            admit(&upgrade, None).map(|admitted| (admitted.subprotocol, admitted.beta))
        };
        assert_eq!(
            confirmed("realtime,openai-insecure-api-key.k"),
            Ok((Some("realtime"), false))
        );
        assert_eq!(confirmed("openai-insecure-api-key.k"), Ok((None, false)));
        assert_eq!(
            confirmed("realtime, openai-beta.realtime-v1"),
            Ok((Some("realtime"), true))
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let upgrade = upgrade(
            "/v1/realtime?key=secret",
            &[("authorization", "Bearer secret")],
        );
        let debug = format!("{upgrade:?}");
        assert!(
            !debug.contains("secret")
                && debug.contains("/v1/realtime")
                && debug.contains("authorization"),
            "{debug}"
        );
    }

    #[test]
    fn a_refusal_is_never_a_success() {
        assert_eq!(refusal(200, "c", "m").status(), 500);
        assert_eq!(refusal(99, "c", "m").status(), 500);
        assert_eq!(refusal(503, "c", "m").status(), 503);
    }
}
