//! The short body of an HTTP/1.1 response that refuses a handshake (RFC 9112, section 6).

use std::time::Duration;

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use httparse::Status;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

const MAX_BODY_BYTES: usize = 8 * 1024;
/// The status is known by now. The text is not worth a longer wait.
const BODY_TIMEOUT: Duration = Duration::from_secs(1);

/// Reads a body that begins with `bytes`, up to a few kilobytes and for at most a second.
pub(super) async fn read_body(
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
    // If the body is late or cut short, its beginning is returned.
    let _ = timeout(BODY_TIMEOUT, reading).await;
    match length {
        Length::Known(length) => bytes.truncate(length),
        Length::Chunked => bytes = unchunked(&bytes).0,
        Length::UntilEnd => {}
    }
    bytes
}

/// The rule by which a body ends.
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

/// Takes the framing off a chunked body (RFC 9112, section 7.1). Returns whether it is complete.
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
    use super::super::head::parse_head;
    use super::*;

    async fn body(head: &str, mut pieces: &[u8]) -> String {
        let head = parse_head(head.as_bytes()).unwrap().unwrap();
        let (parts, bytes) = head.into_parts();
        String::from_utf8(read_body(&mut pieces, &parts.headers, bytes).await).unwrap()
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
