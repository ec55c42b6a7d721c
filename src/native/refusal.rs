use serde_json::Value;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::http::Response;

use super::socket::from_error;
use crate::endpoint::Handshake;
use crate::transport::{Refusal, TransportError};

/// How much of the service's words is kept.
const MAX_MESSAGE_CHARS: usize = 300;

/// What a handshake's failure means.
pub fn from_handshake(error: tungstenite::Error, handshake: &Handshake) -> TransportError {
    match error {
        tungstenite::Error::Http(response) => {
            TransportError::Refused(refusal(&response, handshake))
        }
        error => from_error(error),
    }
}

fn refusal(response: &Response<Option<Vec<u8>>>, handshake: &Handshake) -> Refusal {
    let request_id = response
        .headers()
        .get("x-request-id")
        .and_then(|id| id.to_str().ok())
        .map(str::to_owned);
    let body: Option<Value> = response
        .body()
        .as_deref()
        .and_then(|body| serde_json::from_slice(body).ok());
    let message = body
        .as_ref()
        .and_then(|body| body.pointer("/error/message"))
        .and_then(Value::as_str)
        // A server that repeats what it was sent must not bring the credential into an error.
        .filter(|message| !repeats_a_secret(message, handshake))
        .map(|message| message.chars().take(MAX_MESSAGE_CHARS).collect());
    Refusal {
        request_id,
        message,
        ..Refusal::new(response.status().as_u16())
    }
}

fn repeats_a_secret(message: &str, handshake: &Handshake) -> bool {
    handshake.headers().any(|(_, value)| {
        let secret = value.rsplit(' ').next().unwrap_or(value);
        secret.len() >= 8 && message.contains(secret)
    })
}
