use tokio_tungstenite::tungstenite::http::response::Parts;

use crate::endpoint::Handshake;
use crate::transport::Refusal;

/// What a response that is no upgrade says.
pub fn refusal(head: &Parts, body: &[u8], handshake: &Handshake) -> Refusal {
    let header = |name: &str| head.headers.get(name)?.to_str().ok();
    Refusal::from_response(handshake, head.status.as_u16(), header, body)
}
