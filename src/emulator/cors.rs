//! CORS headers: a browser lets a page of another origin read an answer only if the answer allows
//! it.

use hyper::body::Incoming;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN,
};
use hyper::{Method, Request, Response, StatusCode};

use super::refusal::Body;
use super::rest;
use super::state::ServerState;

/// Answers a request, or the preflight request that a browser sends before it.
pub(super) async fn call(request: Request<Incoming>, options: &ServerState) -> Response<Body> {
    let headers = request.headers();
    let by_a_page = headers.contains_key(ORIGIN);
    if by_a_page
        && request.method() == Method::OPTIONS
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    {
        return allow_all(headers.get(ACCESS_CONTROL_REQUEST_HEADERS));
    }
    let mut response = rest::call(request, options)
        .await
        .unwrap_or_else(|refusal| refusal.response());
    if by_a_page {
        open_to_all(&mut response);
    }
    response
}

/// Allows any page to send anything: the key is the protection.
fn allow_all(asked: Option<&HeaderValue>) -> Response<Body> {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("POST"),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    // A star would leave out `Authorization`.
    if let Some(asked) = asked {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    open_to_all(&mut response);
    response
}

fn open_to_all(response: &mut Response<Body>) {
    let all = HeaderValue::from_static("*");
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, all.clone());
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, all);
}
