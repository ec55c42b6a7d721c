//! HTTP for the REST calls: gloo-net over the runtime's own `fetch`.
//!
//! gloo-net panics on rejections that are not an `Error`, on responses that are not a `Response`
//! and on headers that are not valid. It builds the request and holds the response here; `fetch`,
//! the headers and the body are awaited and checked outside of it.

use std::future::Future;
use std::time::Duration;

use gloo_net::http;
use js_sys::{ArrayBuffer, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestRedirect};

use super::Error;
use super::message::{KEPT_HEADERS, MAX_ANSWER_BYTES, Request, Response};
pub(super) use crate::browser::Connector;
use crate::browser::clock::{self, Clock};
use crate::browser::runtime;
use crate::browser::socket::exception_name;
use crate::transport::{Handshake, Runtime, TransportError};

/// Makes REST calls.
#[derive(Debug, Clone)]
pub(super) struct Http {
    clock: Clock,
}

/// Ends a call when it is dropped.
struct Abort(AbortController);

impl Drop for Abort {
    fn drop(&mut self) {
        // This has no effect on a call that is over.
        self.0.abort();
    }
}

impl Http {
    /// Creates a client. The runtime has its own rules about connections without TLS.
    #[allow(clippy::unnecessary_wraps)] // The native client can fail here.
    pub(super) fn new(_: Connector, _cleartext: bool) -> Result<Self, TransportError> {
        Ok(Self {
            clock: Clock::default(),
        })
    }

    pub(super) fn runtime() -> Runtime {
        runtime::detect()
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    pub(super) fn sleep(duration: Duration) -> impl Future<Output = ()> {
        clock::sleep(duration)
    }

    /// JavaScript always has an event loop.
    #[allow(clippy::unnecessary_wraps)] // The native client can fail here.
    pub(super) fn check_runtime() -> Result<(), TransportError> {
        Ok(())
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn send(
        &self,
        handshake: &Handshake,
        request: &Request,
    ) -> Result<Response, Error> {
        let abort = Abort(AbortController::new().map_err(|thrown| unsupported(&thrown))?);
        let request = to_fetch(handshake, request, &abort)?;
        let fetched = fetch(request).map_err(|thrown| unsupported(&thrown))?;
        let fetched = JsFuture::from(fetched).await;
        // Scripts learn nothing of the cause, so as not to probe networks.
        let fetched = fetched.map_err(|thrown| Error::Unexplained(exception_name(&thrown)))?;
        if !is_response(&fetched) {
            let error = "`fetch` returned something other than a `Response`";
            return Err(TransportError::Unsupported(error.into()).into());
        }
        let response = http::Response::from(fetched.unchecked_into::<web_sys::Response>());
        let headers = response.headers().into_raw();
        let kept = KEPT_HEADERS
            .into_iter()
            .filter_map(|name| Some((name, headers.get(name).ok()??)));
        let mut answer = Response::new(response.status(), kept);
        match body(response.into()).await {
            Ok(body) if body.byte_length() as usize <= MAX_ANSWER_BYTES => {
                answer.body = Uint8Array::new(&body).to_vec();
                Ok(answer)
            }
            // The status says enough.
            _ if !answer.is_success() => Ok(answer),
            Ok(_) => Err(Response::too_large()),
            Err(thrown) => Err(Error::Unexplained(exception_name(&thrown))),
        }
    }
}

fn to_fetch(
    handshake: &Handshake,
    request: &Request,
    abort: &Abort,
) -> Result<http::Request, Error> {
    let headers = (|| {
        let headers = Headers::new()?;
        for (name, value) in handshake.headers().chain(request.headers()) {
            headers.set(name, value)?;
        }
        Ok(headers)
    })();
    let headers = headers.map_err(|thrown: JsValue| unsupported(&thrown))?;
    let builder = http::Request::post(handshake.url())
        .headers(http::Headers::from_raw(headers))
        // Cloudflare Workers do not have `error`.
        .redirect(RequestRedirect::Manual)
        .abort_signal(Some(&abort.0.signal()));
    let built = match &request.body {
        Some(body) => builder.body(Uint8Array::from(body.content.as_ref())),
        None => builder.build(),
    };
    // The error's text may hold the URL, whose query is the user's.
    built.map_err(|_| TransportError::Unsupported("`Request` rejected the call".into()).into())
}

fn fetch(request: http::Request) -> Result<Promise, JsValue> {
    let request: web_sys::Request = request.into();
    let fetch: Function = Reflect::get(&js_sys::global(), &"fetch".into())?.dyn_into()?;
    let promise = fetch.call1(&js_sys::global(), &request)?;
    Ok(Promise::resolve(&promise))
}

/// Returns whether a value has the members of a `Response` that are used here. A library that
/// replaces the runtime's `fetch` may have a class of its own.
fn is_response(value: &JsValue) -> bool {
    let member = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).unwrap_or_default();
    member(value, "status").as_f64().is_some()
        && member(value, "arrayBuffer").is_function()
        && member(&member(value, "headers"), "get").is_function()
}

async fn body(response: web_sys::Response) -> Result<ArrayBuffer, JsValue> {
    let body = JsFuture::from(response.array_buffer()?).await?;
    body.dyn_into()
}

fn unsupported(thrown: &JsValue) -> Error {
    let name = exception_name(thrown);
    TransportError::Unsupported(format!("`fetch` threw {name}").into()).into()
}
