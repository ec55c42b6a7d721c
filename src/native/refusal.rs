use tokio_tungstenite::tungstenite;

use super::socket::from_error;
use crate::endpoint::Handshake;
use crate::transport::{Refusal, TransportError};

/// What a handshake's failure means.
pub fn from_handshake(error: tungstenite::Error, handshake: &Handshake) -> TransportError {
    match error {
        tungstenite::Error::Http(response) => {
            let header = |name: &str| response.headers().get(name)?.to_str().ok();
            let body = response.body().as_deref().unwrap_or_default();
            let status = response.status().as_u16();
            Refusal::from_response(handshake, status, header, body).into()
        }
        error => from_error(error),
    }
}
