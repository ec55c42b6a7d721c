//! The head of an HTTP/1.1 response (RFC 9112, section 2.1), as far as a handshake needs it.

use std::io;

use http::Response;
use httparse::Status;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::transport::Source;

/// Node's limit.
const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 128;

/// Reads a response's head. The response's body holds the bytes that arrived behind the head.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] for bytes that are not a response.
pub(super) async fn read_head(
    stream: &mut (impl AsyncRead + Unpin),
) -> io::Result<Response<Vec<u8>>> {
    let invalid = |error: Source| io::Error::new(io::ErrorKind::InvalidData, error);
    let mut bytes = Vec::with_capacity(2048);
    while bytes.len() < MAX_HEAD_BYTES {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // Parsed again with each read: a head is short and mostly comes whole.
        if let Some(response) = parse_head(&bytes).map_err(invalid)? {
            return Ok(response);
        }
    }
    Err(invalid("the response's head is too long".into()))
}

/// Parses a head; `None` if it is not complete yet.
pub(super) fn parse_head(bytes: &[u8]) -> Result<Option<Response<Vec<u8>>>, Source> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let Status::Complete(length) = head.parse(bytes)? else {
        return Ok(None);
    };
    let mut response = Response::builder().status(head.code.unwrap_or_default());
    for header in head.headers {
        response = response.header(header.name, header.value);
    }
    // What follows belongs to the WebSocket already: servers may send at once.
    let rest = bytes.get(length..).unwrap_or_default();
    Ok(Some(response.body(rest.to_vec())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_head_may_come_in_pieces_and_is_limited() {
        let head = b"HTTP/1.0 407 Who Are You\r\nA: 1\r\na: 2\r\n\r\nrest";
        assert!(parse_head(&head[..head.len() - 6]).unwrap().is_none());
        let response = read_head(&mut &head[..]).await.unwrap();
        assert_eq!(response.status(), 407);
        assert_eq!(response.headers().get_all("a").iter().count(), 2);
        assert_eq!(response.body(), b"rest");

        let kind = async |bytes: &[u8]| read_head(&mut &*bytes).await.unwrap_err().kind();
        assert_eq!(kind(b"SSH-2.0\r\n\r\n").await, io::ErrorKind::InvalidData);
        assert_eq!(kind(b"HTTP/1.1 200").await, io::ErrorKind::UnexpectedEof);
        let long = format!("HTTP/1.1 200 OK\r\nA: {}", "a".repeat(MAX_HEAD_BYTES));
        assert_eq!(kind(long.as_bytes()).await, io::ErrorKind::InvalidData);
        assert_eq!(
            kind(b"HTTP/1.1 000 No\r\n\r\n").await,
            io::ErrorKind::InvalidData
        );
    }
}
