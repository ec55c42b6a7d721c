//! HTTP for the REST calls: hyper over the connections of a [`Connector`].
//!
//! The connections are made by the same code as the sockets', so that TLS, proxies and the choice
//! of an address cannot differ between the two.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::runtime::Handle;
use tokio::time::Instant;
use tower_service::Service;
use url::Url;

use super::Error;
use super::message::{KEPT_HEADERS, MAX_ANSWER_BYTES, Request, Response};
pub(super) use crate::native::Connector;
use crate::native::invalid_header;
use crate::native::tcp::{Io, Reach, Server};
use crate::transport::{Handshake, Runtime, TransportError};

/// Makes REST calls. Clones share their connections.
#[derive(Clone)]
pub(super) struct Http {
    client: Client<Opener, Full<Bytes>>,
    /// Start of the clock.
    epoch: Instant,
}

impl Http {
    /// Creates a client with the connector's TLS, proxies and local address. `cleartext` says
    /// whether a connection without TLS may leave this machine.
    pub(super) fn new(connector: Connector, cleartext: bool) -> Result<Self, TransportError> {
        connector.check_tls()?;
        let reach = Reach::new(cleartext);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(Opener { connector, reach });
        Ok(Self {
            client,
            epoch: Instant::now(),
        })
    }

    pub(super) fn runtime() -> Runtime {
        Runtime::Native
    }

    pub(super) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    pub(super) fn sleep(duration: Duration) -> impl Future<Output = ()> {
        tokio::time::sleep(duration)
    }

    /// Checks that there is a tokio runtime, without which sockets and timers panic.
    pub(super) fn check_runtime() -> Result<(), TransportError> {
        match Handle::try_current() {
            Ok(_) => Ok(()),
            Err(error) => Err(TransportError::Unsupported(error.into())),
        }
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn send(
        &self,
        handshake: &Handshake,
        request: &Request,
    ) -> Result<Response, Error> {
        let request = to_http(handshake, request)?;
        let response = self.client.request(request).await.map_err(call_error)?;
        let kept = KEPT_HEADERS.into_iter().filter_map(|name| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some((name, value.to_owned()))
        });
        let mut answer = Response::new(response.status().as_u16(), kept);
        let mut body = response.into_body();
        loop {
            let data = match body.frame().await {
                None => return Ok(answer),
                Some(frame) => frame.map(|frame| frame.into_data().unwrap_or_default()),
            };
            match data {
                Ok(data) if answer.body.len() + data.len() <= MAX_ANSWER_BYTES => {
                    answer.body.extend_from_slice(&data);
                }
                // The status says enough.
                _ if !answer.is_success() => return Ok(answer),
                Ok(_) => return Err(Response::too_large()),
                Err(error) => return Err(TransportError::Lost(error.into()).into()),
            }
        }
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

fn to_http(
    handshake: &Handshake,
    request: &Request,
) -> Result<http::Request<Full<Bytes>>, TransportError> {
    let mut headers = HeaderMap::new();
    for (name, value) in handshake.headers().chain(request.headers()) {
        let invalid = || invalid_header(name);
        let name: HeaderName = name.parse().map_err(|_| invalid())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| invalid())?;
        // hyper then shows no header in its own log lines.
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    let body = request.body.as_ref().map(|body| body.content.clone());
    let mut sent = http::Request::new(Full::new(body.unwrap_or_default()));
    *sent.method_mut() = Method::POST;
    *sent.headers_mut() = headers;
    let uri = handshake.url().parse();
    *sent.uri_mut() = uri.map_err(|_| TransportError::Unsupported("not a URL".into()))?;
    Ok(sent)
}

/// Opens connections for hyper's client.
#[derive(Clone)]
struct Opener {
    connector: Connector,
    reach: Reach,
}

impl Opener {
    async fn open(self, uri: Uri) -> Result<TokioIo<Box<dyn Io>>, TransportError> {
        let url = Url::parse(&uri.to_string());
        let url = url.map_err(|error| TransportError::Unsupported(error.into()))?;
        let server = Server::of(&url)?;
        let stream = self.connector.reach(&server, &url, self.reach).await?;
        let stream = self.connector.secure(&server, &url, stream).await?;
        Ok(TokioIo::new(stream))
    }
}

impl Service<Uri> for Opener {
    type Response = TokioIo<Box<dyn Io>>;
    type Error = OpenError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, OpenError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let opening = self.clone().open(uri);
        Box::pin(async { opening.await.map_err(OpenError::new) })
    }
}

impl Connection for Box<dyn Io> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

/// Carries a [`TransportError`] through hyper's client, which lends its cause but does not give it
/// back.
#[derive(Debug, thiserror::Error)]
#[error("could not connect")]
struct OpenError(Mutex<Option<TransportError>>);

impl OpenError {
    fn new(error: TransportError) -> Self {
        Self(Mutex::new(Some(error)))
    }

    fn take(&self) -> Option<TransportError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The failure of a call. Hyper's errors do not hold the URL.
fn call_error(error: legacy::Error) -> TransportError {
    // hyper wraps what the opener reports; the cause is what the caller needs.
    let opening = error.source().and_then(|cause| cause.downcast_ref());
    match opening.and_then(OpenError::take) {
        // No request was sent, so the call may be repeated as after any failure to connect.
        Some(TransportError::Lost(cause)) => TransportError::Unreachable(cause),
        Some(error) => error,
        None => TransportError::Lost(error.into()),
    }
}
