use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;

use serde_json::json;

use super::message::{self, Body, Request, Response};
use super::{Client, Error, Repeat};
use crate::protocol::RealtimeSession;

/// The characters to encode in a path segment: all but RFC 3986's unreserved ones (section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Calls over WebRTC and SIP. A server attaches to a call with
/// [`Target::Call`](crate::Target::Call) while the caller speaks. See
/// [calls](https://platform.openai.com/docs/api-reference/realtime-calls) in OpenAI's reference.
#[derive(Debug, Clone, Copy)]
pub struct Calls<'c> {
    pub(super) client: &'c Client,
}

/// Call that has been set up. Its `Debug` shows no description of the session, which holds the
/// passwords of its connections.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// Call id, `rtc_…`.
    pub id: String,
    /// The service's answer, for the client that made the offer.
    pub answer_sdp: String,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("id", &self.id)
            .field("answer_bytes", &self.answer_sdp.len())
            .finish()
    }
}

impl Calls<'_> {
    /// Sets up a call over WebRTC from the caller's offer. The answer goes back to the caller. An
    /// ephemeral key has a session of its own, so `session` can be left out with one.
    ///
    /// The request is never repeated once it has been sent, so that no call is set up twice.
    ///
    /// # Errors
    /// Any [`Error`].
    ///
    /// # Cancel safety
    /// If the future is dropped, the service may have set up the call.
    pub async fn create(
        &self,
        offer_sdp: impl Into<String>,
        session: impl Into<Option<RealtimeSession>>,
    ) -> Result<Call, Error> {
        let sdp = offer_sdp.into().into_bytes();
        let mut parts = vec![("sdp", "application/sdp", sdp)];
        if let Some(session) = session.into() {
            parts.push(("session", "application/json", message::json(&session)));
        }
        let request = Request {
            path: "/realtime/calls".to_owned(),
            accept: "application/sdp",
            body: Some(Body::form(&parts)),
        };
        // A second call would ring twice: repeated only if the first was never sent.
        let response = self.client.call(&request, Repeat::Unsent).await?;
        let id = id(&response).ok_or_else(|| response.unreadable("call id (`Location`)"))?;
        match std::str::from_utf8(&response.body) {
            Ok(sdp) if !sdp.trim().is_empty() => Ok(Call {
                id,
                answer_sdp: sdp.to_owned(),
            }),
            _ => Err(response.unreadable("SDP")),
        }
    }

    /// Accepts a SIP call that a [webhook](super::webhook) announced, with this configuration.
    ///
    /// # Errors
    /// Any [`Error`].
    ///
    /// # Cancel safety
    /// If the future is dropped, the service may have accepted the call.
    pub async fn accept(&self, call_id: &str, session: RealtimeSession) -> Result<(), Error> {
        self.act(call_id, "accept", Some(Body::json(&session)))
            .await
    }

    /// Rejects a SIP call with a SIP status, such as 486 (busy); 603 (declined) by default.
    ///
    /// # Errors
    /// Any [`Error`].
    ///
    /// # Cancel safety
    /// If the future is dropped, the service may have rejected the call.
    pub async fn reject(
        &self,
        call_id: &str,
        status_code: impl Into<Option<u16>>,
    ) -> Result<(), Error> {
        let body = match status_code.into() {
            Some(status_code) => json!({ "status_code": status_code }),
            None => json!({}),
        };
        self.act(call_id, "reject", Some(Body::json(&body))).await
    }

    /// Refers a SIP call to another party: a `tel:` or `sip:` URI.
    ///
    /// # Errors
    /// Any [`Error`].
    ///
    /// # Cancel safety
    /// If the future is dropped, the service may have referred the call.
    pub async fn refer(&self, call_id: &str, target_uri: &str) -> Result<(), Error> {
        let body = Body::json(&json!({ "target_uri": target_uri }));
        self.act(call_id, "refer", Some(body)).await
    }

    /// Ends a call.
    ///
    /// # Errors
    /// Any [`Error`]; a refusal of the kind [`NotFound`](crate::RefusalKind::NotFound) if the call
    /// does not exist or has ended.
    ///
    /// # Cancel safety
    /// If the future is dropped, the service may have ended the call.
    pub async fn hang_up(&self, call_id: &str) -> Result<(), Error> {
        self.act(call_id, "hangup", None).await
    }

    async fn act(&self, call_id: &str, action: &str, body: Option<Body>) -> Result<(), Error> {
        let request = Request {
            path: format!("/realtime/calls/{}/{action}", segment(call_id)?),
            accept: "*/*",
            body,
        };
        self.client.call(&request, Repeat::Refused).await.map(drop)
    }
}

/// Encodes an id as a path segment.
fn segment(id: &str) -> Result<String, Error> {
    match id {
        // Dots would climb out of the path, and servers resolve them even when encoded.
        "" | "." | ".." => Err(Error::CallId),
        id => Ok(utf8_percent_encode(id, ENCODED).to_string()),
    }
}

/// Reads the call id: the last segment of `Location`.
fn id(response: &Response) -> Option<String> {
    let path = response.header("location")?.split(['?', '#']).next()?;
    let segment = path.trim_end_matches('/').rsplit('/').next()?;
    let id = percent_decode_str(segment).decode_utf8().ok()?;
    (!id.is_empty()).then(|| id.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_in(location: &str) -> Option<String> {
        let headers = [("location", location.to_owned())];
        id(&Response::new(201, headers.into_iter()))
    }

    #[test]
    fn the_id_is_the_last_segment_of_location() {
        for (location, expected) in [
            ("/v1/realtime/calls/rtc_1", Some("rtc_1")),
            (
                "https://example.com/v1/realtime/calls/rtc_1?a=/b#c/d",
                Some("rtc_1"),
            ),
            ("/v1/realtime/calls/rtc_1/", Some("rtc_1")),
            ("/v1/realtime/calls/a%2Fb%20c", Some("a/b c")),
            ("rtc_1", Some("rtc_1")),
            ("/v1/realtime/calls/%FF", None),
            ("", None),
            ("/", None),
        ] {
            assert_eq!(id_in(location).as_deref(), expected, "{location}");
        }
    }

    #[test]
    fn an_id_stays_one_segment() {
        for (id, expected) in [
            ("rtc_1-~.x", "rtc_1-~.x"),
            ("a/../b", "a%2F..%2Fb"),
            ("%2e%2e", "%252e%252e"),
            ("a?b#c\\d", "a%3Fb%23c%5Cd"),
            ("é", "%C3%A9"),
            ("...", "..."),
        ] {
            assert_eq!(segment(id).unwrap(), expected);
        }
        for id in ["", ".", ".."] {
            assert!(matches!(segment(id), Err(Error::CallId)), "{id}");
        }
    }
}
