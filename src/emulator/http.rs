//! HTTP: requests in, answers out, and the way to a WebSocket.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::handshake::server::create_response;

use super::auth::Access;
use super::cors;
use super::handshake::{UpgradeTarget, admit, check_path};
use super::output::IdSource;
use super::refusal::{Body, HttpRefusal};
use super::request::refuse;
use super::script::{Action, Admission, HandshakeAnswer};
use super::shared::{AttachedSocket, SharedSession};
use super::socket::{AcceptedSocket, serve_socket};
use super::state::{ServerState, now};
use super::upgrade::UpgradeRequest;
use crate::protocol::ErrorEvent;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Serves a stream: requests one after another, until one of them is for a WebSocket.
pub(super) async fn serve<S>(stream: S, tls: bool, options: Arc<ServerState>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let guest = Mutex::new(None);
    let service = service_fn(|request| {
        let (options, guest) = (&options, &guest);
        async move { Ok::<_, Infallible>(answer(request, tls, options, guest).await) }
    });
    let served = http1::Builder::new()
        // Head and body leave together.
        .writev(false)
        .serve_connection(TokioIo::new(stream), service)
        .without_shutdown()
        .await;
    let Ok(parts) = served else { return };
    let (mut stream, read) = (parts.io.into_inner(), parts.read_buf);
    match guest.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(guest) => serve_socket(stream, read.to_vec(), guest).await,
        None => {
            // The peer is gone, or will be.
            let _ = stream.shutdown().await;
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    tls: bool,
    options: &ServerState,
    guest: &Mutex<Option<AcceptedSocket>>,
) -> Response<Body> {
    let mut response = if request.headers().contains_key(UPGRADE) {
        let (parts, _) = request.into_parts();
        match welcome(parts, tls, options).await {
            Ok((welcomed, response)) => {
                *guest.lock().unwrap_or_else(PoisonError::into_inner) = Some(welcomed);
                response
            }
            Err(refusal) => refusal.response(),
        }
    } else {
        cors::call(request, options).await
    };
    if let Ok(id) = HeaderValue::try_from(options.next_id("req")) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Decides on an upgrade.
async fn welcome(
    request: Parts,
    tls: bool,
    options: &ServerState,
) -> Result<(AcceptedSocket, Response<Body>), HttpRefusal> {
    let entry = options.record.open(UpgradeRequest::new(tls, &request));
    let Admission {
        answer,
        after,
        mut alarms,
    } = options.script.admission(entry.upgrade());
    let attached = match answer {
        HandshakeAnswer::Accept => attach(entry.upgrade(), after, options),
        HandshakeAnswer::Refuse(status) => {
            let message = "The emulator was told to refuse this connection.";
            Err(HttpRefusal::new(status, "refused", message))
        }
        // Until the client hangs up.
        HandshakeAnswer::Nothing => pending().await,
    };
    let welcomed = attached.and_then(|(session, subprotocol)| {
        let mut response = create_response(&Request::from_parts(request, ()))
            .map_err(|error| HttpRefusal::new(400, "invalid_upgrade", error.to_string()))?;
        if let Some(name) = subprotocol {
            let name = HeaderValue::from_static(name);
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
        }
        Ok((session, response.map(|()| Body::default())))
    });
    match welcomed {
        Ok((session, response)) => {
            alarms.push((options.lifetime, expiry(options.lifetime)));
            let guest = AcceptedSocket {
                entry,
                session,
                alarms,
            };
            Ok((guest, response))
        }
        Err(refusal) => {
            entry.refused(refusal.status());
            Err(refusal)
        }
    }
}

/// The session that a connection asks for, and the subprotocol to confirm.
fn attach(
    upgrade: &UpgradeRequest,
    after: Vec<(usize, Action)>,
    options: &ServerState,
) -> Result<(AttachedSocket, Option<&'static str>), HttpRefusal> {
    check_path(upgrade)?;
    let preset = match options.keys.identify(upgrade.credential(), now())? {
        Access::ApiKey => None,
        Access::ClientSecret(plan) => Some(plan),
    };
    let admitted = admit(upgrade, preset)?;
    let line = match admitted.purpose {
        UpgradeTarget::Call(id) => options.calls.line(&id)?,
        UpgradeTarget::Session(plan) => {
            let ids = IdSource::of_connection(upgrade.connection());
            SharedSession::new(plan.begin(ids, options.session_end(), &options.script)?)
        }
    };
    let instead = admitted.beta.then(beta_is_over);
    let session = line.attach(upgrade.connection(), after, instead);
    Ok((session, admitted.subprotocol))
}

/// The end of a session that has lasted as long as one may.
fn expiry(lifetime: Duration) -> Action {
    let minutes = lifetime.as_secs() / 60;
    let reason = format!("Your session hit the maximum duration of {minutes} minutes.");
    Action::close(1001, reason)
}

fn beta_is_over() -> [Action; 2] {
    let code = "beta_api_shape_disabled";
    let message =
        "The beta of the Realtime API is switched off; leave out its header and subprotocol.";
    [
        Action::send(ErrorEvent::default().error(refuse(code, message))),
        Action::close(4000, format!("invalid_request_error.{code}")),
    ]
}
