//! Refusals by HTTP, as the service words them.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::json;

use super::request::refuse;
use crate::protocol::ErrorDetails;

/// Body of an answer, which is complete from the start.
pub(super) type Body = Full<Bytes>;

/// Refusal of a request: HTTP status and the service's error.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HttpRefusal {
    status: StatusCode,
    retry_after: Option<Duration>,
    pub(super) error: Box<ErrorDetails>,
}

/// Converts the error of a request's body.
impl From<ErrorDetails> for HttpRefusal {
    fn from(error: ErrorDetails) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            retry_after: None,
            error: Box::new(error),
        }
    }
}

impl HttpRefusal {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        let error = Box::new(refuse(code, message));
        // A status below 300 would not refuse anything.
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(|status| !status.is_success() && !status.is_informational())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            status,
            retry_after: None,
            error,
        }
    }

    /// Says when to try again, in whole seconds.
    pub(super) fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    pub(super) fn not_found() -> Self {
        let message = "Nothing is served at this path; try /v1/realtime.";
        Self::new(404, "not_found", message)
    }

    pub(super) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Returns the close code that says the same on a WebSocket which was opened nevertheless, as
    /// the service does with wrong keys and models; `None` if this is said by HTTP alone.
    pub(super) fn close_code(&self) -> Option<u16> {
        match self.error.code.as_deref()? {
            "invalid_api_key" => Some(3000),
            "missing_model" | "invalid_model" => Some(4000),
            _ => None,
        }
    }

    pub(super) fn response(&self) -> Response<Body> {
        let ErrorDetails {
            error_type,
            code,
            message,
            param,
            ..
        } = &*self.error;
        let error = json!({"message": message, "type": error_type, "param": param, "code": code});
        let mut response = json_response(&json!({ "error": error }));
        *response.status_mut() = self.status;
        if let Some(wait) = self.retry_after {
            let seconds = HeaderValue::from(wait.as_secs());
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

/// Returns an answer with status 200 and a JSON body.
pub(super) fn json_response(body: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_never_a_success() {
        for (status, sent) in [(200, 500), (99, 500), (503, 503)] {
            assert_eq!(HttpRefusal::new(status, "c", "m").status(), sent);
        }
    }
}
