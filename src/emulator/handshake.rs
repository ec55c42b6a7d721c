//! The upgrade to a WebSocket: who asks for what, and whether it is let in.

use std::fmt;

use hyper::http::HeaderValue;
use hyper::http::request::Parts;
use url::form_urlencoded;

use super::auth::credential;
use super::dialogue::Plan;
use super::refusal::Refusal;

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
    pub(super) fn new(tls: bool, request: &Parts) -> Self {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Self {
            connection: 0,
            tls,
            target: request
                .uri
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            headers: request
                .headers
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

    /// The API key, wherever the client put it.
    pub(super) fn credential(&self) -> Option<&str> {
        credential(|name| self.header(name), self.subprotocols())
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

/// What a connection is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Purpose {
    /// A session of its own.
    Session(Plan),
    /// The session of the call of this id.
    Call(String),
}

/// A connection that is let in.
#[derive(Debug, PartialEq)]
pub struct Admitted {
    pub purpose: Purpose,
    /// The subprotocol to confirm: never the one that is a key.
    pub subprotocol: Option<&'static str>,
    /// Whether the client speaks the protocol's beta, which the service no longer does.
    pub beta: bool,
}

/// Whether there are sessions at this path.
pub fn check_path(upgrade: &Upgrade) -> Result<(), Refusal> {
    match below_realtime(upgrade.path()) {
        Some("" | "/translations") => Ok(()),
        _ => Err(Refusal::not_found()),
    }
}

/// What a client gets whose key is right. `preset` is what its key says about the session.
pub fn admit(upgrade: &Upgrade, preset: Option<Plan>) -> Result<Admitted, Refusal> {
    let purpose = if below_realtime(upgrade.path()) == Some("/translations") {
        Purpose::Session(translation(upgrade, preset)?)
    } else {
        purpose(upgrade, preset)?
    };
    let offers = |name| upgrade.subprotocols().any(|offer| offer == name);
    Ok(Admitted {
        purpose,
        subprotocol: offers("realtime").then_some("realtime"),
        beta: upgrade.header("openai-beta") == Some("realtime=v1")
            || offers("openai-beta.realtime-v1"),
    })
}

/// What follows `/realtime` in a path, whatever stands before it; `None` if it is not there.
pub fn below_realtime(path: &str) -> Option<&str> {
    let (_, below) = path.rsplit_once("/realtime")?;
    let below = below.trim_end_matches('/');
    (below.is_empty() || below.starts_with('/')).then_some(below)
}

fn purpose(upgrade: &Upgrade, preset: Option<Plan>) -> Result<Purpose, Refusal> {
    let named = |name| upgrade.query(name).filter(|value| !value.is_empty());
    Ok(
        match (
            named("model"),
            named("call_id"),
            named("intent").as_deref(),
            preset,
        ) {
            (None, Some(call), None, _) => Purpose::Call(call),
            (_, None, _, Some(Plan::Translation(_))) => return Err(wrong_secret()),
            (_, None, None | Some("transcription"), Some(preset)) => Purpose::Session(preset),
            (Some(model), None, None, None) => Purpose::Session(Plan::conversation(model)),
            (None, None, Some("transcription"), None) => Purpose::Session(Plan::transcription()),
            _ => {
                return Err(Refusal::new(
                    400,
                    "missing_model",
                    "Name exactly one of `model`, `call_id` and `intent=transcription`.",
                ));
            }
        },
    )
}

fn translation(upgrade: &Upgrade, preset: Option<Plan>) -> Result<Plan, Refusal> {
    if let Some(Plan::Realtime(_)) = preset {
        return Err(wrong_secret());
    }
    let model = upgrade.query("model").filter(|model| !model.is_empty());
    preset
        .or_else(|| model.map(Plan::translation))
        .ok_or_else(|| Refusal::new(400, "missing_model", "A translation model is required."))
}

fn wrong_secret() -> Refusal {
    let message = "The client secret is for sessions of another kind.";
    Refusal::new(401, "invalid_api_key", message)
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

    const TARGET: &str = "/v1/realtime?model=gpt-realtime";

    fn purpose(target: &str, preset: Option<Plan>) -> Result<Purpose, u16> {
        let upgrade = upgrade(target, &[]);
        check_path(&upgrade)
            .and_then(|()| admit(&upgrade, preset))
            .map(|admitted| admitted.purpose)
            .map_err(|refusal| refusal.status())
    }

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
            let upgrade = upgrade(TARGET, &[header]);
            assert_eq!(upgrade.credential(), Some("sk-test"), "{}", header.0);
        }
        let other = [
            ("authorization", "Basic sk-test"),
            ("sec-websocket-protocol", "realtime"),
        ];
        assert_eq!(upgrade(TARGET, &other).credential(), None);
    }

    #[test]
    fn the_target_is_one_of_four() {
        let conversation = |model: &str| Ok(Purpose::Session(Plan::conversation(model)));
        for (target, expected) in [
            ("/v1/realtime?model=my+model%2B", conversation("my model+")),
            ("/openai/v1/realtime?model=m", conversation("m")),
            ("/v1/realtime/?model=m", conversation("m")),
            (
                "/v1/realtime?call_id=rtc_1",
                Ok(Purpose::Call("rtc_1".to_owned())),
            ),
            (
                "/v1/realtime?intent=transcription",
                Ok(Purpose::Session(Plan::transcription())),
            ),
            (
                "/v1/realtime/translations?model=m",
                Ok(Purpose::Session(Plan::translation("m"))),
            ),
            ("/v1/realtime/translations", Err(400)),
            ("/v1/realtime?model=m&intent=transcription", Err(400)),
            ("/v1/realtime?model=", Err(400)),
            ("/v1/realtime", Err(400)),
            ("/v1/models?model=m", Err(404)),
            ("/v1/realtimes?model=m", Err(404)),
            ("/v1/realtime/calls?model=m", Err(404)),
        ] {
            assert_eq!(purpose(target, None), expected, "{target}");
        }
    }

    #[test]
    fn a_secret_says_what_the_session_is() {
        let (realtime, translation) = (Plan::conversation("own"), Plan::translation("own"));
        for (target, preset, expected) in [
            ("/v1/realtime?model=m", &realtime, Ok(&realtime)),
            ("/v1/realtime", &realtime, Ok(&realtime)),
            (
                "/v1/realtime/translations?model=m",
                &translation,
                Ok(&translation),
            ),
            ("/v1/realtime?model=m", &translation, Err(401)),
            ("/v1/realtime/translations?model=m", &realtime, Err(401)),
        ] {
            let expected = expected.cloned().map(Purpose::Session);
            assert_eq!(purpose(target, Some(preset.clone())), expected, "{target}");
        }
    }

    #[test]
    fn only_realtime_is_confirmed_as_a_subprotocol() {
        let confirmed = |offers| {
            let upgrade = upgrade(TARGET, &[("sec-websocket-protocol", offers)]);
            admit(&upgrade, None)
                .map(|admitted| (admitted.subprotocol, admitted.beta))
                .map_err(|refusal| refusal.status())
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
}
