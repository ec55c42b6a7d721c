//! What goes to the service and what comes back, without saying how. Every call is a `POST`.

use bytes::Bytes;
use memchr::memmem;
use serde::Serialize;

use super::Error;
use crate::transport::TransportError;

/// The headers of an answer that are looked at.
pub const KEPT_HEADERS: [&str; 4] = ["location", "retry-after", "retry-after-ms", "x-request-id"];

/// An answer is a session's configuration or an SDP: much smaller.
pub const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// One call.
pub struct Request {
    /// Below the base URL, percent-encoded.
    pub path: String,
    pub accept: &'static str,
    pub body: Option<Body>,
}

pub struct Body {
    pub content_type: String,
    pub content: Bytes,
}

pub struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// The headers that follow from what is asked. They count before the configuration's.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let content_type = self.body.as_ref().map(|body| body.content_type.as_str());
        [("Accept", self.accept)]
            .into_iter()
            .chain(content_type.map(|content_type| ("Content-Type", content_type)))
    }
}

impl Body {
    pub fn json(value: &impl Serialize) -> Self {
        Self {
            content_type: "application/json".to_owned(),
            content: json(value).into(),
        }
    }

    /// A form of named parts (RFC 7578), each with its type and content.
    pub fn form(parts: &[(&str, &str, Vec<u8>)]) -> Self {
        let boundary = boundary(parts);
        let mut content = Vec::new();
        for (name, content_type, part) in parts {
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\nContent-Type: {content_type}\r\n\r\n"
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

/// A value of the protocol as JSON.
pub fn json(value: &impl Serialize) -> Vec<u8> {
    // The protocol's types have nothing that JSON could not hold.
    serde_json::to_vec(value).unwrap_or_default()
}

/// A line that none of the parts has.
fn boundary(parts: &[(&str, &str, Vec<u8>)]) -> String {
    let mut boundary = "form-boundary".to_owned();
    let is_in = |boundary: &str| {
        parts
            .iter()
            .any(|(_, _, part)| memmem::find(part, boundary.as_bytes()).is_some())
    };
    while is_in(&boundary) {
        boundary.push('-');
    }
    boundary
}

impl Response {
    /// An answer whose body is to come.
    pub fn new(status: u16, headers: impl Iterator<Item = (&'static str, String)>) -> Self {
        Self {
            status,
            headers: headers.collect(),
            body: Vec::new(),
        }
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| *known == name)?;
        Some(&found.1)
    }

    pub fn too_large() -> Error {
        let size = format!("more than {MAX_ANSWER_BYTES} bytes");
        TransportError::TooLarge(size.into()).into()
    }

    /// The error for an answer that is not what was asked for.
    pub fn unreadable(&self, missing: &'static str) -> Error {
        Error::Unreadable {
            missing,
            request_id: self.header("x-request-id").map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forms_parts_stand_between_boundaries() {
        let body = Body::form(&[
            ("sdp", "application/sdp", b"v=0\r\n".to_vec()),
            ("session", "application/json", b"{}".to_vec()),
        ]);
        assert_eq!(
            body.content_type,
            "multipart/form-data; boundary=form-boundary"
        );
        let expected = "--form-boundary\r\nContent-Disposition: form-data; name=\"sdp\"\r\n\
            Content-Type: application/sdp\r\n\r\nv=0\r\n\r\n\
            --form-boundary\r\nContent-Disposition: form-data; name=\"session\"\r\n\
            Content-Type: application/json\r\n\r\n{}\r\n--form-boundary--\r\n";
        assert_eq!(std::str::from_utf8(&body.content).unwrap(), expected);
    }

    #[test]
    fn no_part_has_the_boundary_in_it() {
        let body = Body::form(&[(
            "sdp",
            "text/plain",
            b"form-boundary--form-boundary".to_vec(),
        )]);
        assert_eq!(
            body.content_type,
            "multipart/form-data; boundary=form-boundary---"
        );
    }
}
