//! Decision on a WebSocket handshake: the session that a URL and a credential ask for.

use super::plan::SessionPlan;
use super::refusal::HttpRefusal;
use super::upgrade::UpgradeRequest;

/// Session that a connection asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum UpgradeTarget {
    /// A session of its own.
    Session(SessionPlan),
    /// The session of the call with this ID.
    Call(String),
}

/// Answer to a handshake that is accepted.
#[derive(Debug, PartialEq)]
pub(super) struct AcceptedUpgrade {
    pub(super) target: UpgradeTarget,
    /// Subprotocol to confirm: never the one that carries a key.
    pub(super) subprotocol: Option<&'static str>,
    /// Set if the client speaks the beta of the protocol, which the service has switched off.
    pub(super) beta: bool,
}

/// Checks that sessions are served at the path.
pub(super) fn check_path(upgrade: &UpgradeRequest) -> Result<(), HttpRefusal> {
    match below_realtime(upgrade.path()) {
        Some("" | "/translations") => Ok(()),
        _ => Err(HttpRefusal::not_found()),
    }
}

/// Decides on a handshake whose credential is valid. `preset` is the session that a client secret
/// was minted for.
pub(super) fn accept(
    upgrade: &UpgradeRequest,
    preset: Option<SessionPlan>,
) -> Result<AcceptedUpgrade, HttpRefusal> {
    let target = if below_realtime(upgrade.path()) == Some("/translations") {
        UpgradeTarget::Session(translation(upgrade, preset)?)
    } else {
        target(upgrade, preset)?
    };
    Ok(AcceptedUpgrade {
        target,
        subprotocol: subprotocol(upgrade),
        beta: upgrade.header("openai-beta") == Some("realtime=v1")
            || upgrade.offers("openai-beta.realtime-v1"),
    })
}

/// Returns the subprotocol to confirm.
pub(super) fn subprotocol(upgrade: &UpgradeRequest) -> Option<&'static str> {
    upgrade.offers("realtime").then_some("realtime")
}

/// Returns the part of a path behind `/realtime`, whatever stands before it.
pub(super) fn below_realtime(path: &str) -> Option<&str> {
    let (_, below) = path.rsplit_once("/realtime")?;
    let below = below.trim_end_matches('/');
    (below.is_empty() || below.starts_with('/')).then_some(below)
}

fn target(
    upgrade: &UpgradeRequest,
    preset: Option<SessionPlan>,
) -> Result<UpgradeTarget, HttpRefusal> {
    let named = |name| upgrade.query(name).filter(|value| !value.is_empty());
    // On Azure a URL names a deployment, in the parameter of that name or, in newer versions, as
    // the model.
    let is_azure = upgrade.path().starts_with("/openai/");
    let model = named("model").or_else(|| named("deployment").filter(|_| is_azure));
    let (call, intent) = (named("call_id"), named("intent"));
    // A client secret fixes the session, and the URL may then name nothing else.
    let session = match (model, call, intent.as_deref(), preset) {
        (None, Some(call), None, _) => return Ok(UpgradeTarget::Call(call)),
        (_, None, _, Some(SessionPlan::Translation(_))) => return Err(wrong_secret()),
        (_, None, None | Some("transcription"), Some(preset)) => preset,
        (Some(name), None, None, None) if is_azure => SessionPlan::Deployment(name),
        (Some(model), None, None, None) => SessionPlan::conversation(model),
        (None, None, Some("transcription"), None) => SessionPlan::transcription(),
        _ => {
            let message = "Name exactly one of `model`, `call_id` and `intent=transcription`.";
            return Err(HttpRefusal::new(400, "missing_model", message));
        }
    };
    Ok(UpgradeTarget::Session(session))
}

fn translation(
    upgrade: &UpgradeRequest,
    preset: Option<SessionPlan>,
) -> Result<SessionPlan, HttpRefusal> {
    if matches!(&preset, Some(plan) if !matches!(plan, SessionPlan::Translation(_))) {
        return Err(wrong_secret());
    }
    let model = upgrade.query("model").filter(|model| !model.is_empty());
    preset
        .or_else(|| model.map(SessionPlan::translation))
        .ok_or_else(|| HttpRefusal::new(400, "missing_model", "A translation model is required."))
}

fn wrong_secret() -> HttpRefusal {
    let message = "The client secret is for sessions of another kind.";
    HttpRefusal::new(401, "invalid_api_key", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upgrade(target: &str, headers: &[(&str, &str)]) -> UpgradeRequest {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        UpgradeRequest {
            connection: 0,
            tls: false,
            target: target.to_owned(),
            headers,
        }
    }

    const TARGET: &str = "/v1/realtime?model=gpt-realtime";

    fn purpose(target: &str, preset: Option<SessionPlan>) -> Result<UpgradeTarget, u16> {
        let upgrade = upgrade(target, &[]);
        check_path(&upgrade)
            .and_then(|()| accept(&upgrade, preset))
            .map(|accepted| accepted.target)
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
        let deployment = |name: &str| {
            Ok(UpgradeTarget::Session(SessionPlan::Deployment(
                name.to_owned(),
            )))
        };
        let conversation =
            |model: &str| Ok(UpgradeTarget::Session(SessionPlan::conversation(model)));
        for (target, expected) in [
            ("/v1/realtime?model=my+model%2B", conversation("my model+")),
            ("/openai/v1/realtime?model=m", deployment("m")),
            (
                "/openai/realtime?api-version=2025-08-28&deployment=m",
                deployment("m"),
            ),
            ("/v1/realtime?deployment=m", Err(400)),
            ("/v1/realtime/?model=m", conversation("m")),
            (
                "/v1/realtime?call_id=rtc_1",
                Ok(UpgradeTarget::Call("rtc_1".to_owned())),
            ),
            (
                "/v1/realtime?intent=transcription",
                Ok(UpgradeTarget::Session(SessionPlan::transcription())),
            ),
            (
                "/v1/realtime/translations?model=m",
                Ok(UpgradeTarget::Session(SessionPlan::translation("m"))),
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
        let (realtime, translation) = (
            SessionPlan::conversation("own"),
            SessionPlan::translation("own"),
        );
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
            let expected = expected.cloned().map(UpgradeTarget::Session);
            assert_eq!(purpose(target, Some(preset.clone())), expected, "{target}");
        }
    }

    #[test]
    fn only_realtime_is_confirmed_as_a_subprotocol() {
        let confirmed = |offers| {
            let upgrade = upgrade(TARGET, &[("sec-websocket-protocol", offers)]);
            accept(&upgrade, None)
                .map(|accepted| (accepted.subprotocol, accepted.beta))
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
