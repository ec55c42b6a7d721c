//! REST calls: client secrets and calls.

use std::ops::RangeInclusive;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::{Method, Request, Response, StatusCode};
use multer::{Multipart, parse_boundary};
use serde_json::{Value, json};

use super::auth::Access;
use super::handshake::below_realtime;
use super::output::IdSource;
use super::plan::SessionPlan;
use super::refusal::{Body, HttpRefusal, json_response};
use super::request::{missing, read_value, refuse};
use super::shared::SharedSession;
use super::state::{ServerState, now};
use super::upgrade::credential;
use crate::protocol::{ErrorDetails, RealtimeSession, SessionConfig, TranslationSessionInfo};

/// Largest body that is read, in bytes.
const LARGEST_BODY: usize = 1024 * 1024;
/// Lifetime of a client secret in seconds: the default, and the range.
const SECRET_SECONDS: u64 = 600;
const SECRET_RANGE: RangeInclusive<u64> = 10..=7200;
/// SIP status of a rejected call: "Decline".
const DECLINE: u16 = 603;

type Answer = Result<Response<Body>, HttpRefusal>;

/// Endpoint of a request.
#[derive(Debug, PartialEq, Eq)]
enum RestEndpoint<'p> {
    ClientSecrets,
    TranslationSecrets,
    Calls,
    Call { id: &'p str, verb: &'p str },
}

impl<'p> RestEndpoint<'p> {
    fn of(path: &'p str) -> Option<Self> {
        let segments: Vec<_> = below_realtime(path)?.split('/').skip(1).collect();
        Some(match segments[..] {
            ["client_secrets"] => Self::ClientSecrets,
            ["translations", "client_secrets"] => Self::TranslationSecrets,
            ["calls"] => Self::Calls,
            [
                "calls",
                id,
                verb @ ("accept" | "reject" | "refer" | "hangup"),
            ] => Self::Call { id, verb },
            _ => return None,
        })
    }
}

/// Answers a request.
pub(super) async fn call(request: Request<Incoming>, options: &ServerState) -> Answer {
    let (head, body) = request.into_parts();
    let endpoint = RestEndpoint::of(head.uri.path()).ok_or_else(HttpRefusal::not_found)?;
    if head.method != Method::POST {
        let mut response =
            HttpRefusal::new(405, "method_not_allowed", "Only POST is served here.").response();
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("POST"));
        return Ok(response);
    }
    let header = |name: &str| head.headers.get(name)?.to_str().ok();
    let identity = options
        .keys
        .identify(credential(header, std::iter::empty()), now())?;
    let body = read_body(body).await?;
    match (endpoint, identity) {
        (RestEndpoint::Calls, identity) => {
            let offer = SdpOffer::read(header("content-type").unwrap_or_default(), body).await?;
            create_call(&offer, identity, options)
        }
        (_, Access::ClientSecret(_)) => {
            let message = "A client secret does not allow this; an API key does.";
            Err(HttpRefusal::new(401, "invalid_api_key", message))
        }
        (RestEndpoint::ClientSecrets, _) => mint(&object(&body)?, false, options),
        (RestEndpoint::TranslationSecrets, _) => mint(&object(&body)?, true, options),
        (RestEndpoint::Call { id, verb }, _) => steer(id, verb, &object(&body)?, options),
    }
}

async fn read_body(body: Incoming) -> Result<Bytes, HttpRefusal> {
    match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!("A body has at most {LARGEST_BODY} bytes.");
            Err(HttpRefusal::new(413, "request_too_large", message))
        }
        Err(_) => Err(HttpRefusal::new(
            400,
            "invalid_body",
            "The body is cut off.",
        )),
    }
}

/// Reads a body as a JSON object. An empty body counts as an empty object.
fn object(body: &[u8]) -> Result<Value, ErrorDetails> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_slice(body) {
        Ok(object @ Value::Object(_)) => Ok(object),
        Ok(_) => Err(refuse("invalid_type", "The body is not a JSON object.")),
        Err(_) => Err(refuse("invalid_json", "The body is not valid JSON.")),
    }
}

/// Checks that the body has no members but these.
fn check_members(body: &Value, known: &[&str]) -> Result<(), ErrorDetails> {
    let members = body.as_object().into_iter().flatten();
    match members
        .map(|(name, _)| name)
        .find(|name| !known.contains(&name.as_str()))
    {
        None => Ok(()),
        Some(name) => {
            let message = format!("Unknown parameter: '{name}'.");
            Err(refuse("unknown_parameter", message).param(name.as_str()))
        }
    }
}

/// Returns a member that is present and not null.
fn member<'b>(body: &'b Value, name: &str) -> Option<&'b Value> {
    body.get(name).filter(|value| !value.is_null())
}

fn mint(body: &Value, translation: bool, options: &ServerState) -> Answer {
    check_members(body, &["session", "expires_after"])?;
    let plan = match (member(body, "session"), translation) {
        (Some(session), false) => SessionPlan::Realtime(read_value(session, "session")?),
        (None, false) => SessionPlan::realtime(RealtimeSession::new()),
        (Some(session), true) => SessionPlan::Translation(translation_session(session)?),
        (None, true) => return Err(missing("session").into()),
    };
    let expires_at = now() + seconds(member(body, "expires_after"))?;
    let id = options.next_id("cs");
    let machine = plan.begin(IdSource::new(&id), expires_at, &options.script)?;
    let value = options.keys.mint(plan, &id, expires_at);
    Ok(json_response(
        &json!({"value": value, "expires_at": expires_at, "session": machine.config()}),
    ))
}

fn translation_session(session: &Value) -> Result<TranslationSessionInfo, ErrorDetails> {
    check_members(session, &["type", "model", "audio"])
        .map_err(|error| within("session", error))?;
    if member(session, "model").is_none() {
        return Err(missing("session.model"));
    }
    let mut session = session.clone();
    if let Some(session) = session.as_object_mut() {
        session.remove("type");
    }
    read_value(&session, "session")
}

/// Reads the lifetime of a secret, in seconds.
fn seconds(expires_after: Option<&Value>) -> Result<u64, ErrorDetails> {
    let Some(expires_after) = expires_after else {
        return Ok(SECRET_SECONDS);
    };
    check_members(expires_after, &["anchor", "seconds"])
        .map_err(|error| within("expires_after", error))?;
    match member(expires_after, "anchor").map(Value::as_str) {
        None | Some(Some("created_at")) => {}
        Some(_) => {
            return Err(refuse("invalid_value", "The only anchor is 'created_at'.")
                .param("expires_after.anchor"));
        }
    }
    match member(expires_after, "seconds").map(Value::as_u64) {
        None => Ok(SECRET_SECONDS),
        Some(Some(seconds)) if SECRET_RANGE.contains(&seconds) => Ok(seconds),
        Some(_) => {
            let (least, most) = (SECRET_RANGE.start(), SECRET_RANGE.end());
            let message = format!("The seconds are a number from {least} to {most}.");
            Err(refuse("invalid_value", message).param("expires_after.seconds"))
        }
    }
}

/// Turns the error of a part into one of the whole.
fn within(part: &str, mut error: ErrorDetails) -> ErrorDetails {
    error.param = error.param.map(|param| format!("{part}.{param}"));
    error
}

/// Offer of a WebRTC client.
struct SdpOffer {
    sdp: String,
    session: Option<Value>,
}

impl SdpOffer {
    /// Reads a form with the fields `sdp` and `session`, or the SDP alone.
    async fn read(content_type: &str, body: Bytes) -> Result<Self, HttpRefusal> {
        let offer = match parse_boundary(content_type) {
            Ok(boundary) => Self::read_form(boundary, body)
                .await
                .map_err(|error| refuse("invalid_form", error.to_string()))?,
            Err(_) if content_type.starts_with("application/sdp") => Self {
                sdp: String::from_utf8_lossy(&body).into_owned(),
                session: None,
            },
            Err(_) => {
                let message =
                    "The body is a form with `sdp` and `session`, or of the type application/sdp.";
                return Err(HttpRefusal::new(415, "unsupported_content_type", message));
            }
        };
        if !offer.sdp.starts_with("v=0") {
            return Err(refuse("invalid_offer", "The offer is not SDP.")
                .param("sdp")
                .into());
        }
        Ok(offer)
    }

    async fn read_form(boundary: String, body: Bytes) -> multer::Result<Self> {
        let body = stream::iter([Ok::<_, std::io::Error>(body)]);
        let mut form = Multipart::new(body, boundary);
        let mut offer = Self {
            sdp: String::new(),
            session: None,
        };
        while let Some(field) = form.next_field().await? {
            match field.name() {
                Some("sdp") => offer.sdp = field.text().await?,
                // What is no JSON is no session either.
                Some("session") => {
                    let session = field.text().await?;
                    offer.session = Some(serde_json::from_str(&session).unwrap_or_default());
                }
                _ => {}
            }
        }
        Ok(offer)
    }

    /// Returns an answer that rejects all media: the emulator has no voice channel.
    fn answer(&self) -> String {
        let session = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=Realtime emulator\r\nt=0 0\r\n";
        let media = self
            .sdp
            .lines()
            .filter_map(|shared| shared.strip_prefix("m="));
        let media = media.map(|media| {
            let mut words = media.split_whitespace();
            let (kind, _port) = (words.next().unwrap_or("audio"), words.next());
            let rest = words.collect::<Vec<_>>().join(" ");
            format!("m={kind} 0 {rest}\r\nc=IN IP4 127.0.0.1\r\na=inactive\r\n")
        });
        std::iter::once(session.to_owned()).chain(media).collect()
    }
}

fn create_call(offer: &SdpOffer, identity: Access, options: &ServerState) -> Answer {
    let session = match (&offer.session, identity) {
        (Some(session), Access::ApiKey) => read_value(session, "session")?,
        (None, Access::ApiKey) => RealtimeSession::new().into(),
        // It was said beforehand what the session is.
        (_, Access::ClientSecret(SessionPlan::Realtime(session))) => *session,
        (_, Access::ClientSecret(SessionPlan::Deployment(name))) => {
            RealtimeSession::new().model(name).into()
        }
        (_, Access::ClientSecret(SessionPlan::Translation(_))) => {
            let message = "The client secret is for translation sessions.";
            return Err(HttpRefusal::new(401, "invalid_api_key", message));
        }
    };
    let id = options.next_id("rtc");
    let shared = call_session(&id, &session, options)?;
    options.calls.create(&id, session, shared);
    let mut response = Response::new(Body::from(offer.answer()));
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/sdp"));
    if let Ok(location) = HeaderValue::try_from(format!("/v1/realtime/calls/{id}")) {
        headers.insert(LOCATION, location);
    }
    Ok(response)
}

fn call_session(
    id: &str,
    session: &SessionConfig,
    options: &ServerState,
) -> Result<Arc<SharedSession>, ErrorDetails> {
    if let SessionConfig::Transcription(_) = session {
        let message = "The session of a call has the type 'realtime'.";
        return Err(refuse("invalid_value", message).param("session.type"));
    }
    let plan = SessionPlan::realtime(session.clone());
    let machine = plan.begin(IdSource::new(id), options.session_end(), &options.script)?;
    Ok(SharedSession::new(machine))
}

fn steer(id: &str, verb: &str, body: &Value, options: &ServerState) -> Answer {
    let calls = &options.calls;
    match verb {
        "accept" => {
            calls.check(id)?;
            let session = read_value(body, "")?;
            // Here the session is the body, and no part of it.
            let shared = call_session(id, &session, options).map_err(|mut error| {
                let param = error.param.as_deref();
                error.param = param.map(|param| param.trim_start_matches("session.").to_owned());
                error
            })?;
            calls.accept(id, session, shared)
        }
        "reject" => {
            check_members(body, &["status_code"])?;
            let status = member(body, "status_code").map_or(Some(DECLINE), sip_status);
            let status = status.ok_or_else(|| {
                let message = "A call is rejected with a SIP status from 300 to 699.";
                refuse("invalid_value", message).param("status_code")
            })?;
            calls.reject(id, status)
        }
        "refer" => {
            check_members(body, &["target_uri"])?;
            let target = member(body, "target_uri").ok_or_else(|| missing("target_uri"))?;
            let target = target.as_str().filter(|uri| {
                ["tel:", "sip:", "sips:"]
                    .iter()
                    .any(|scheme| uri.starts_with(scheme))
            });
            let target = target.ok_or_else(|| {
                refuse("invalid_value", "The target is a tel: or sip: URI.").param("target_uri")
            })?;
            calls.refer(id, target.to_owned())
        }
        _ => {
            check_members(body, &[])?;
            calls.hang_up(id)
        }
    }
    .map(|()| Response::new(Body::default()))
}

fn sip_status(status: &Value) -> Option<u16> {
    let status = u16::try_from(status.as_u64()?).ok()?;
    (300..=699).contains(&status).then_some(status)
}
