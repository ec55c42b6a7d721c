//! HTTP for the REST calls: the runtime's own `fetch`.

use js_sys::{ArrayBuffer, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestInit, RequestRedirect};

use super::Connector;
use super::socket::exception_name;
use crate::rest::Error;
use crate::rest::message::{KEPT_HEADERS, MAX_ANSWER_BYTES, Request, Response};
use crate::transport::Handshake;
use crate::transport::TransportError;

/// Makes REST calls.
#[derive(Debug, Clone)]
pub struct Http;

/// Ends a call when it is given up.
struct Call(AbortController);

impl Drop for Call {
    fn drop(&mut self) {
        // Of no effect on a call that is over.
        self.0.abort();
    }
}

impl Http {
    /// There is nothing to set.
    #[allow(clippy::unnecessary_wraps)] // As natively, where it can fail.
    pub fn new(_: &Connector) -> Result<Self, TransportError> {
        Ok(Self)
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, handshake: &Handshake, request: &Request) -> Result<Response, Error> {
        let call = Call(AbortController::new().map_err(|thrown| unsupported(&thrown))?);
        let fetched = fetch(handshake, request, &call).map_err(|thrown| unsupported(&thrown))?;
        let response = JsFuture::from(fetched).await;
        let response = response.map_err(|thrown| Error::Unexplained(exception_name(&thrown)))?;
        // What another library put in the runtime's place will do, too.
        let response: web_sys::Response = response.unchecked_into();
        let headers = response.headers();
        let kept = KEPT_HEADERS
            .into_iter()
            .filter_map(|name| Some((name, headers.get(name).ok()??)));
        let mut answer = Response::new(response.status(), kept);
        match body(&response).await {
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

fn fetch(handshake: &Handshake, request: &Request, call: &Call) -> Result<Promise, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in handshake.headers().chain(request.headers()) {
        headers.set(name, value)?;
    }
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    // Not `error`, which Cloudflare Workers lack.
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(&call.0.signal()));
    if let Some(body) = &request.body {
        init.set_body(&Uint8Array::from(body.content.as_ref()));
    }
    let fetch: Function = Reflect::get(&js_sys::global(), &"fetch".into())?.dyn_into()?;
    let promise = fetch.call2(&js_sys::global(), &handshake.url().into(), &init)?;
    Ok(Promise::resolve(&promise))
}

async fn body(response: &web_sys::Response) -> Result<ArrayBuffer, JsValue> {
    let body = JsFuture::from(response.array_buffer()?).await?;
    body.dyn_into()
}

/// A number from 0 to 1.
pub fn random() -> f64 {
    js_sys::Math::random()
}

fn unsupported(thrown: &JsValue) -> Error {
    let name = exception_name(thrown);
    TransportError::Unsupported(format!("`fetch` threw {name}").into()).into()
}
