//! The little of HTTP/1.1 (RFC 9112) that a handshake needs: a response's head, and a short body.

use std::io;
use std::time::Duration;

use httparse::Status;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use tokio_tungstenite::tungstenite::http::{HeaderMap, Response};

use crate::transport::Source;

/// As much as Node takes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 128;
const MAX_BODY_BYTES: usize = 8 * 1024;
/// The answer is known by then; its words are not worth a longer wait.
const BODY_TIMEOUT: Duration = Duration::from_secs(1);

/// Reads a response's head. Its body is what has come after it so far.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] for what is no response.
pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Response<Vec<u8>>> {
    let invalid = |error: Source| io::Error::new(io::ErrorKind::InvalidData, error);
    let mut bytes = Vec::with_capacity(2048);
    while bytes.len() < MAX_HEAD_BYTES {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(response) = parse_head(&bytes).map_err(invalid)? {
            return Ok(response);
        }
    }
    Err(invalid("the response's head is too long".into()))
}

fn parse_head(bytes: &[u8]) -> Result<Option<Response<Vec<u8>>>, Source> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let Status::Complete(length) = head.parse(bytes)? else {
        return Ok(None);
    };
    let mut response = Response::builder().status(head.code.unwrap_or_default());
    for header in head.headers {
        response = response.header(header.name, header.value);
    }
    let rest = bytes.get(length..).unwrap_or_default();
    Ok(Some(response.body(rest.to_vec())?))
}

/// Reads a body of which `bytes` have come already, as far as it is short and comes soon.
pub async fn read_body(
    stream: &mut (impl AsyncRead + Unpin),
    headers: &HeaderMap,
    mut bytes: Vec<u8>,
) -> Vec<u8> {
    let length = Length::of(headers);
    let reading = async {
        while bytes.len() < MAX_BODY_BYTES && !length.is_reached(&bytes) {
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                break;
            }
        }
    };
    // Late or cut short, what has come is what there is.
    let _ = timeout(BODY_TIMEOUT, reading).await;
    match length {
        Length::Known(length) => bytes.truncate(length),
        Length::Chunked => bytes = unchunked(&bytes).0,
        Length::UntilEnd => {}
    }
    bytes
}

/// Where a body ends.
enum Length {
    Known(usize),
    Chunked,
    UntilEnd,
}

impl Length {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name)?.to_str().ok();
        if text(TRANSFER_ENCODING).is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            return Self::Chunked;
        }
        match text(CONTENT_LENGTH).and_then(|length| length.parse().ok()) {
            Some(length) => Self::Known(length),
            None => Self::UntilEnd,
        }
    }

    fn is_reached(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Known(length) => bytes.len() >= *length,
            Self::Chunked => unchunked(bytes).1,
            Self::UntilEnd => false,
        }
    }
}

/// A chunked body without its framing, and whether it is whole.
fn unchunked(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Ok(Status::Complete((start, size))) = httparse::parse_chunk_size(bytes) {
        if size == 0 {
            return (body, true);
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let chunk = bytes.get(start..).unwrap_or_default();
        body.extend(chunk.iter().take(size));
        // The chunk ends with a line break of its own.
        let Some(rest) = chunk.get(size.saturating_add(2)..) else {
            break;
        };
        bytes = rest;
    }
    (body, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(head: &str, mut pieces: &[u8]) -> String {
        let head = parse_head(head.as_bytes()).unwrap().unwrap();
        let (parts, bytes) = head.into_parts();
        String::from_utf8(read_body(&mut pieces, &parts.headers, bytes).await).unwrap()
    }

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

    #[tokio::test]
    async fn a_body_ends_by_length_by_chunks_or_with_the_connection() {
        let plain = "HTTP/1.1 400 Bad\r\n\r\none, ";
        assert_eq!(body(plain, b"two").await, "one, two");
        let known = "HTTP/1.1 400 Bad\r\ncontent-length: 8\r\n\r\none, ";
        assert_eq!(body(known, b"two, three").await, "one, two");
        let chunked = "HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n5\r\none, ";
        assert_eq!(
            body(chunked, b"\r\n3\r\ntwo\r\n0\r\n\r\nmore").await,
            "one, two"
        );
        assert_eq!(
            body(chunked, b"\r\nFFFFFFFFFFFFFFFF\r\ntwo").await,
            "one, two"
        );
        assert_eq!(body(chunked, b"\r\nno size\r\n").await, "one, ");
    }

    #[tokio::test]
    async fn a_long_body_is_left_unread() {
        let long = vec![b'x'; 100 * 1024];
        let read = body("HTTP/1.1 500 Oh\r\ncontent-length: 102400\r\n\r\n", &long).await;
        assert!(
            (MAX_BODY_BYTES..3 * MAX_BODY_BYTES).contains(&read.len()),
            "{}",
            read.len()
        );
    }
}
