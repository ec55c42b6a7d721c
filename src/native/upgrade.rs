//! The opening handshake (RFC 6455, section 4.1). tungstenite's own logs the request with the
//! credential in it, and leaves the body of a refusal unread.

use std::io;

use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use http::{HeaderMap, HeaderName, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use url::{Position, Url};
use zeroize::Zeroizing;

use super::socket::Socket;
use super::tcp::Io;
use super::{body, head, invalid_header};
use crate::transport::{Handshake, Refusal, TransportError};

/// Headers that the handshake sets itself. The caller's of these names are dropped, as the `ws`
/// package does for the SDK.
const OWN: [HeaderName; 4] = [
    CONNECTION,
    UPGRADE,
    HeaderName::from_static("sec-websocket-key"),
    HeaderName::from_static("sec-websocket-version"),
];

/// Request for a WebSocket.
pub(super) struct Upgrade<'h> {
    handshake: &'h Handshake,
    /// Random key that the server's response must answer.
    key: String,
    /// The request's text. It holds the credential, so it is wiped when it is dropped.
    text: Zeroizing<Vec<u8>>,
}

impl<'h> Upgrade<'h> {
    pub(super) fn new(url: &Url, handshake: &'h Handshake) -> Result<Self, TransportError> {
        let key = generate_key();
        let text = request(url, handshake, &key)?;
        Ok(Self {
            handshake,
            key,
            text,
        })
    }

    /// Sends the request, and reads the acceptance or the refusal.
    pub(super) async fn ask(
        self,
        mut stream: Box<dyn Io>,
        config: WebSocketConfig,
    ) -> Result<Socket, TransportError> {
        stream.write_all(&self.text).await.map_err(failed)?;
        stream.flush().await.map_err(failed)?;
        let response = head::read_head(&mut stream).await.map_err(failed)?;
        let (head, rest) = response.into_parts();
        if head.status != StatusCode::SWITCHING_PROTOCOLS {
            let body = body::read_body(&mut stream, &head.headers, rest).await;
            let header = |name: &str| head.headers.get(name)?.to_str().ok();
            let status = head.status.as_u16();
            return Err(Refusal::from_response(self.handshake, status, header, &body).into());
        }
        let checked = check(&head.headers, self.handshake, &self.key);
        checked.map_err(|error| TransportError::Protocol(error.into()))?;
        Ok(Socket::new(stream, rest, config))
    }
}

fn failed(error: io::Error) -> TransportError {
    match error.kind() {
        io::ErrorKind::InvalidData => TransportError::Protocol(error.into()),
        _ => TransportError::Lost(error.into()),
    }
}

/// Writes the request. If two headers have the same name, the last one is sent.
fn request(
    url: &Url,
    handshake: &Handshake,
    key: &str,
) -> Result<Zeroizing<Vec<u8>>, TransportError> {
    // The fragment stays here (RFC 6455, section 3).
    let target = &url[Position::BeforePath..Position::AfterQuery];
    let mut request = Zeroizing::new(Vec::with_capacity(2048));
    request.extend(format!("GET {target} HTTP/1.1\r\n").bytes());
    let mut names = OWN.to_vec();
    let headers: Vec<_> = handshake.headers().collect();
    // From the last: of two headers with one name, the later setting wins.
    for (name, value) in headers.into_iter().rev() {
        // A line break in a value would add headers of its own.
        let parsed: HeaderName = name.parse().map_err(|_| invalid_header(name))?;
        if !value
            .bytes()
            .all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
        {
            return Err(invalid_header(name));
        }
        if !names.contains(&parsed) {
            names.push(parsed);
            for part in [name, ": ", value, "\r\n"] {
                request.extend_from_slice(part.as_bytes());
            }
        }
    }
    if !names.contains(&HeaderName::from_static("host")) {
        let host = &url[Position::BeforeHost..Position::AfterPort];
        request.extend(format!("Host: {host}\r\n").bytes());
    }
    let own = format!(
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    );
    request.extend(own.bytes());
    Ok(request)
}

/// Checks that the response agrees to the request, and to nothing else (RFC 6455, section 4.1).
fn check(headers: &HeaderMap, handshake: &Handshake, key: &str) -> Result<(), &'static str> {
    let lists = |name: HeaderName, wanted: &str| {
        let values = headers
            .get_all(name)
            .into_iter()
            .filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|value| value.trim().eq_ignore_ascii_case(wanted))
    };
    let accept = headers.get(SEC_WEBSOCKET_ACCEPT);
    if !lists(UPGRADE, "websocket") || !lists(CONNECTION, "upgrade") {
        return Err("the server did not switch to a WebSocket");
    }
    if accept.is_none_or(|accept| *accept != derive_accept_key(key.as_bytes())) {
        return Err("the server's Sec-WebSocket-Accept does not belong to this request");
    }
    if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return Err("the server uses an extension that was not requested");
    }
    let offered = |chosen: &str| {
        let mut offers = handshake
            .headers()
            .filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"));
        offers.any(|(_, offers)| offers.split(',').any(|offer| offer.trim() == chosen))
    };
    if headers
        .get(SEC_WEBSOCKET_PROTOCOL)
        .is_some_and(|chosen| !chosen.to_str().is_ok_and(offered))
    {
        return Err("the server chose a subprotocol that was not offered");
    }
    Ok(())
}
