//! HTTP requests and their answers, and the upgrade to a WebSocket.

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
use super::handshake::{UpgradeTarget, accept, check_path, subprotocol};
use super::output::IdSource;
use super::plan::SessionPlan;
use super::refusal::{Body, HttpRefusal};
use super::request::refuse;
use super::script::{Action, Admission, HandshakeAnswer};
use super::shared::{AttachedSocket, SharedSession};
use super::socket::{AcceptedSocket, serve_socket};
use super::state::{ServerState, now};
use super::upgrade::UpgradeRequest;
use crate::protocol::{ErrorDetails, ErrorEvent};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Serves the requests of a stream one after another, until one of them opens a WebSocket.
pub(super) async fn serve<S>(stream: S, tls: bool, state: Arc<ServerState>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let accepted = Mutex::new(None);
    let service = service_fn(|request| {
        let (state, accepted) = (&state, &accepted);
        async move { Ok::<_, Infallible>(answer(request, tls, state, accepted).await) }
    });
    let served = http1::Builder::new()
        // Head and body leave together.
        .writev(false)
        .serve_connection(TokioIo::new(stream), service)
        .without_shutdown()
        .await;
    let Ok(parts) = served else { return };
    let (mut stream, read) = (parts.io.into_inner(), parts.read_buf);
    match accepted
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
    {
        Some(socket) => serve_socket(stream, read.to_vec(), socket).await,
        None => {
            // The peer is gone, or will be.
            let _ = stream.shutdown().await;
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    tls: bool,
    state: &ServerState,
    accepted: &Mutex<Option<AcceptedSocket>>,
) -> Response<Body> {
    let mut response = if request.headers().contains_key(UPGRADE) {
        let (parts, _) = request.into_parts();
        match upgrade(parts, tls, state).await {
            Ok((socket, response)) => {
                *accepted.lock().unwrap_or_else(PoisonError::into_inner) = Some(socket);
                response
            }
            Err(refusal) => refusal.response(),
        }
    } else {
        cors::call(request, state).await
    };
    if let Ok(id) = HeaderValue::try_from(state.next_id("req")) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Decides on a handshake.
async fn upgrade(
    request: Parts,
    tls: bool,
    state: &ServerState,
) -> Result<(AcceptedSocket, Response<Body>), HttpRefusal> {
    let entry = state.record.open(UpgradeRequest::new(tls, &request));
    let Admission {
        answer,
        after,
        mut alarms,
    } = state.script.admission(entry.upgrade());
    let attached = match answer {
        HandshakeAnswer::Accept => attach(entry.upgrade(), after, state),
        HandshakeAnswer::Refuse {
            status,
            retry_after,
        } => {
            let message = "The emulator was told to refuse this connection.";
            Err(HttpRefusal::new(status, "refused", message).retry_after(retry_after))
        }
        // Until the client hangs up.
        HandshakeAnswer::Nothing => pending().await,
    };
    let upgraded = attached.and_then(|session| {
        let mut response = create_response(&Request::from_parts(request, ()))
            .map_err(|error| HttpRefusal::new(400, "invalid_upgrade", error.to_string()))?;
        if let Some(name) = subprotocol(entry.upgrade()) {
            let name = HeaderValue::from_static(name);
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
        }
        Ok((session, response.map(|()| Body::default())))
    });
    match upgraded {
        Ok((session, response)) => {
            alarms.push((state.lifetime, expiry(state.lifetime)));
            let socket = AcceptedSocket {
                entry,
                session,
                alarms,
            };
            Ok((socket, response))
        }
        Err(refusal) => {
            entry.refused(refusal.status());
            Err(refusal)
        }
    }
}

/// Attaches a connection to the session that it asks for, or to one that says why there is none.
fn attach(
    upgrade: &UpgradeRequest,
    after: Vec<(usize, Action)>,
    state: &ServerState,
) -> Result<AttachedSocket, HttpRefusal> {
    let connection = upgrade.connection();
    match session(upgrade, state) {
        Ok((session, false)) => Ok(session.attach(connection, after, None)),
        Ok((session, true)) => Ok(session.attach(connection, after, Some(beta_is_over()))),
        Err(refusal) => {
            let code = refusal.close_code().filter(|_| !state.refuses_handshakes);
            let code = code.ok_or_else(|| refusal.clone())?;
            // Nobody gets to talk to this session: it is closed before it says what it is.
            let ids = IdSource::of_connection(connection);
            let unused = SessionPlan::transcription().begin(ids, now(), &state.script)?;
            let instead = error_and_close(&refusal.error, code);
            Ok(SharedSession::new(unused).attach(connection, after, Some(instead)))
        }
    }
}

/// Returns the session that a connection asks for, and true if the client speaks the beta of the
/// protocol.
fn session(
    upgrade: &UpgradeRequest,
    state: &ServerState,
) -> Result<(Arc<SharedSession>, bool), HttpRefusal> {
    check_path(upgrade)?;
    let preset = match state.keys.identify(upgrade.credential(), now())? {
        Access::ApiKey => None,
        Access::ClientSecret(plan) => Some(plan),
    };
    let accepted = accept(upgrade, preset)?;
    let session = match accepted.target {
        UpgradeTarget::Call(id) => state.calls.shared(&id)?,
        UpgradeTarget::Session(plan) => {
            state.check_model(plan.model())?;
            let ids = IdSource::of_connection(upgrade.connection());
            SharedSession::new(plan.begin(ids, state.session_end(), &state.script)?)
        }
    };
    Ok((session, accepted.beta))
}

/// Returns the end of a session that has lasted as long as one may.
fn expiry(lifetime: Duration) -> Action {
    let minutes = lifetime.as_secs() / 60;
    let reason = format!("Your session hit the maximum duration of {minutes} minutes.");
    Action::close(1001, reason)
}

fn beta_is_over() -> [Action; 2] {
    let message =
        "The beta of the Realtime API is switched off; leave out its header and subprotocol.";
    error_and_close(&refuse("beta_api_shape_disabled", message), 4000)
}

/// Returns an `error` event, and a close with the error's type and code as the reason.
fn error_and_close(error: &ErrorDetails, code: u16) -> [Action; 2] {
    let name = error.code.as_deref().unwrap_or_default();
    let reason = format!("{}.{name}", error.error_type);
    [
        Action::send(ErrorEvent::default().error(error.clone())),
        Action::close(code, reason),
    ]
}
