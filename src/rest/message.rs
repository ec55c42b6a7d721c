//! Requests and responses of the REST calls, apart from HTTP itself. Every call is a `POST`.

use bytes::Bytes;
use memchr::memmem;
use serde::Serialize;

use super::Error;
use crate::platform::random;
use crate::transport::TransportError;

/// The response headers that are kept.
pub(crate) const KEPT_HEADERS: [&str; 4] =
    ["location", "retry-after", "retry-after-ms", "x-request-id"];

/// Limit of a response's body. A session's configuration or an SDP is much smaller.
pub(crate) const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Request of one call.
pub(crate) struct Request {
    /// Path below the base URL, percent-encoded.
    pub(crate) path: String,
    pub(crate) accept: &'static str,
    pub(crate) body: Option<Body>,
}

pub(crate) struct Body {
    pub(crate) content_type: String,
    pub(crate) content: Bytes,
}

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The headers of the call itself. They replace the configuration's of the same names.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let content_type = self.body.as_ref().map(|body| body.content_type.as_str());
        [("Accept", self.accept)]
            .into_iter()
            .chain(content_type.map(|content_type| ("Content-Type", content_type)))
    }
}

impl Body {
    pub(crate) fn json(value: &impl Serialize) -> Self {
        Self {
            content_type: "application/json".to_owned(),
            content: json(value).into(),
        }
    }

    /// Form of named parts (RFC 7578): name, type and content.
    pub(crate) fn form(parts: &[(&str, &str, Vec<u8>)]) -> Self {
        let boundary = boundary(parts, random);
        let mut content = Vec::new();
        for (name, content_type, part) in parts {
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\
                 Content-Type: {content_type}\r\n\r\n"
            );
            content.extend_from_slice(head.as_bytes());
            content.extend_from_slice(part);
            content.extend_from_slice(b"\r\n");
        }
        content.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        Self {
            content_type: format!("multipart/form-data; boundary={boundary}"),
            content: content.into(),
        }
    }
}

/// Encodes a value of the protocol as JSON.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    // The protocol's types hold nothing that JSON cannot express.
    serde_json::to_vec(value).unwrap_or_default()
}

/// Draws a random line that none of the parts contains. Whoever makes an offer cannot guess the
/// line, and so can neither end the part early nor make the search long.
fn boundary(parts: &[(&str, &str, Vec<u8>)], mut random: impl FnMut() -> f64) -> String {
    loop {
        let boundary = format!(
            "form-{:016x}{:016x}",
            random().to_bits(),
            random().to_bits()
        );
        // A chance match is next to impossible; a body that was made to match is not.
        let finder = memmem::Finder::new(&boundary);
        if parts.iter().all(|(_, _, part)| finder.find(part).is_none()) {
            return boundary;
        }
    }
}

impl Response {
    /// Response without its body yet.
    pub(crate) fn new(status: u16, headers: impl Iterator<Item = (&'static str, String)>) -> Self {
        Self {
            status,
            headers: headers.collect(),
            body: Vec::new(),
        }
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| *known == name)?;
        Some(&found.1)
    }

    pub(crate) fn too_large() -> Error {
        let size = format!("more than {MAX_ANSWER_BYTES} bytes");
        TransportError::TooLarge(size.into()).into()
    }

    /// The error for a response without the value that the call is for.
    pub(crate) fn unreadable(&self, missing: &'static str) -> Error {
        Error::Unreadable {
            missing,
            request_id: self.header("x-request-id").map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(sdp: &[u8]) -> Vec<(&'static str, &'static str, Vec<u8>)> {
        vec![
            ("sdp", "application/sdp", sdp.to_vec()),
            ("session", "application/json", b"{}".to_vec()),
        ]
    }

    fn boundary_of(body: &Body) -> &str {
        let boundary = body.content_type.split_once("boundary=");
        boundary.unwrap().1
    }

    #[test]
    fn a_forms_parts_stand_between_boundaries() {
        let body = Body::form(&parts(b"v=0\r\n"));
        let boundary = boundary_of(&body);
        assert!(body.content_type.starts_with("multipart/form-data; "));
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"sdp\"\r\n\
             Content-Type: application/sdp\r\n\r\nv=0\r\n\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"session\"\r\n\
             Content-Type: application/json\r\n\r\n{{}}\r\n--{boundary}--\r\n"
        );
        assert_eq!(std::str::from_utf8(&body.content).unwrap(), expected);
    }

    #[test]
    fn an_offer_does_not_choose_the_boundary() {
        let long = format!("form-boundary{}", "-".repeat(64 * 1024));
        let (first, second) = (
            Body::form(&parts(long.as_bytes())),
            Body::form(&parts(long.as_bytes())),
        );
        assert_ne!(boundary_of(&first), boundary_of(&second));
        for body in [first, second] {
            let boundary = boundary_of(&body);
            assert_eq!(boundary.len(), "form-".len() + 32);
            assert_eq!(memmem::find_iter(&body.content, boundary).count(), 3);
        }
    }

    #[test]
    fn a_boundary_that_a_part_contains_is_drawn_again() {
        let mut drawn = [0.25, 0.5, 0.75, 0.125].into_iter();
        let taken = format!("form-{:016x}{:016x}", 0.25f64.to_bits(), 0.5f64.to_bits());
        let boundary = boundary(&parts(taken.as_bytes()), || drawn.next().unwrap());
        let expected = format!("form-{:016x}{:016x}", 0.75f64.to_bits(), 0.125f64.to_bits());
        assert_eq!(boundary, expected);
    }
}
