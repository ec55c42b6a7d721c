//! Webhooks of the service, which announce calls over SIP. Nothing here does I/O: a web server of
//! the caller's takes the request. See
//! [webhooks](https://platform.openai.com/docs/guides/webhooks) in OpenAI's documentation.
//!
//! ```
//! use std::time::SystemTime;
//!
//! use openai_realtime_ws::rest::webhook::{Webhook, WebhookError, WebhookEvent};
//!
//! # fn on_request<'h>(
//! #     header: impl Fn(&str) -> Option<&'h str>,
//! #     body: &[u8],
//! # ) -> Result<(), WebhookError> {
//! let webhook = Webhook::new("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")?;
//! match webhook.verify(header, body, SystemTime::now())? {
//!     WebhookEvent::IncomingCall(call) => println!("call from {:?}", call.sip_header("From")),
//!     _ => println!("another event"),
//! }
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::protocol::words::open_enum;

/// Largest difference between a request's timestamp and the clock.
const TOLERANCE: Duration = Duration::from_secs(300);
/// Number of signatures that are checked. A server that changes its secret sends two.
const MAX_SIGNATURES: usize = 16;
/// Length of an HMAC-SHA256 in base64.
const SIGNATURE_CHARS: usize = 44;

/// Verifies that requests come from the service, by the secret that the service and the endpoint
/// share ([Standard Webhooks](https://www.standardwebhooks.com)).
#[derive(Clone)]
pub struct Webhook {
    key: Zeroizing<Vec<u8>>,
    tolerance: Duration,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}

impl Webhook {
    /// Takes the endpoint's secret: base64 after `whsec_`, else the text's own bytes. White space
    /// around the secret is ignored.
    ///
    /// # Errors
    /// [`WebhookError::Secret`] if the secret is empty, or not base64 after `whsec_`.
    pub fn new(secret: &str) -> Result<Self, WebhookError> {
        let secret = secret.trim();
        let key = match secret.strip_prefix("whsec_") {
            Some(encoded) => base64_simd::STANDARD
                .decode_to_vec(encoded)
                .map_err(|_| WebhookError::Secret)?,
            None => secret.as_bytes().to_vec(),
        };
        if key.is_empty() {
            return Err(WebhookError::Secret);
        }
        Ok(Self {
            key: Zeroizing::new(key),
            tolerance: TOLERANCE,
        })
    }

    /// Limits the difference between a request's timestamp and the clock, in both directions: 5
    /// minutes by default. Within that time a recorded request passes again; to reject replays,
    /// remember the ids of the requests (`webhook-id`).
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Checks a request and reads it. `header` looks up a header by its name in lower case, `body`
    /// holds the exact bytes that arrived, and `now` is the time: in wasm, `UNIX_EPOCH` plus the
    /// milliseconds of `Date.now()`.
    ///
    /// # Errors
    /// Any [`WebhookError`]: do not trust the request, and answer it with status 400.
    pub fn verify<'h>(
        &self,
        header: impl Fn(&str) -> Option<&'h str>,
        body: &[u8],
        now: SystemTime,
    ) -> Result<WebhookEvent, WebhookError> {
        let required = |name| header(name).ok_or(WebhookError::Header(name));
        let id = required("webhook-id")?;
        let timestamp = required("webhook-timestamp")?;
        let signatures = required("webhook-signature")?;
        let sent = parse_timestamp(timestamp).ok_or(WebhookError::Header("webhook-timestamp"))?;
        // Checked first: it is cheaper than the signature.
        let apart = match now.duration_since(sent) {
            Ok(age) => age,
            Err(ahead) => ahead.duration(),
        };
        if apart > self.tolerance {
            return Err(WebhookError::Time);
        }
        // HMAC takes keys of every length.
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).map_err(|_| WebhookError::Secret)?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        // Several, while a secret is being replaced; bounded, because anyone can send them.
        let mut candidates = signatures.split(' ').take(MAX_SIGNATURES);
        if !candidates.any(|candidate| matches(&mac, candidate)) {
            return Err(WebhookError::Signature);
        }
        read(body)
    }
}

/// Parses seconds of Unix time, in digits only.
fn parse_timestamp(text: &str) -> Option<SystemTime> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| is_number)?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// Compares a signature of the header in constant time.
fn matches(mac: &Hmac<Sha256>, candidate: &str) -> bool {
    let Some(encoded) = candidate.strip_prefix("v1,") else {
        return false;
    };
    if encoded.len() != SIGNATURE_CHARS {
        return false;
    }
    base64_simd::STANDARD
        .decode_to_vec(encoded)
        .is_ok_and(|signature| mac.clone().verify_slice(&signature).is_ok())
}

fn read(body: &[u8]) -> Result<WebhookEvent, WebhookError> {
    let event: Value = serde_json::from_slice(body).map_err(|_| WebhookError::Body)?;
    Ok(match incoming_call(&event) {
        Some(call) => WebhookEvent::IncomingCall(call),
        None => WebhookEvent::Other(event),
    })
}

/// Reads the announcement of a call. Only the type and the call id are required: an odd member
/// elsewhere must not make a server miss a call.
fn incoming_call(event: &Value) -> Option<IncomingCall> {
    if event.get("type")?.as_str()? != "realtime.call.incoming" {
        return None;
    }
    let data = event.get("data")?;
    let call_id = data.get("call_id")?.as_str()?;
    let text = |record: &Value, name| {
        let text = record.get(name).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let sip_header = |header: &Value| SipHeader {
        name: text(header, "name"),
        value: text(header, "value"),
    };
    let sip_headers = data.get("sip_headers").and_then(Value::as_array);
    let security = data.get("sip_media_security");
    (!call_id.is_empty()).then(|| IncomingCall {
        id: text(event, "id"),
        created_at: event.get("created_at").and_then(seconds).unwrap_or(0),
        call_id: call_id.to_owned(),
        sip_headers: sip_headers.map_or_else(Vec::new, |headers| {
            let headers = headers.iter().map(sip_header);
            headers.filter(|header| !header.name.is_empty()).collect()
        }),
        sip_media_security: security.and_then(|value| Option::deserialize(value).ok()?),
    })
}

/// Whole seconds of a number that may have a fraction.
fn seconds(value: &Value) -> Option<u64> {
    let fraction = || Some(Duration::try_from_secs_f64(value.as_f64()?).ok()?.as_secs());
    value.as_u64().or_else(fraction)
}

/// Event that a webhook delivers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum WebhookEvent {
    /// `realtime.call.incoming`: a call came in over SIP.
    IncomingCall(IncomingCall),
    /// Any other event, as it was sent.
    Other(Value),
}

/// Call that waits to be [accepted](super::Calls::accept) or [rejected](super::Calls::reject).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct IncomingCall {
    /// Event id, or an empty text if the service sent none.
    pub id: String,
    /// Time of the call, in seconds of Unix time; 0 if the service sent none.
    pub created_at: u64,
    /// Call id, `rtc_…`.
    pub call_id: String,
    /// Headers of the SIP invitation, such as `From` and `To`.
    pub sip_headers: Vec<SipHeader>,
    /// Protection of the call's audio, if the service tells it.
    pub sip_media_security: Option<SipMediaSecurity>,
}

impl IncomingCall {
    /// Returns the value of the first SIP header of this name. Case does not matter.
    #[must_use]
    pub fn sip_header(&self, name: &str) -> Option<&str> {
        let mut headers = self.sip_headers.iter();
        let found = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(&found.value)
    }
}

/// Header of a SIP message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SipHeader {
    /// Header name.
    pub name: String,
    /// Header value, which may be empty.
    pub value: String,
}

/// Page of OpenAI's documentation that shows the types of this file.
macro_rules! reference {
    () => {
        "https://platform.openai.com/docs/guides/webhooks"
    };
}

open_enum! {
    /// Protection of a SIP call's audio.
    pub enum SipMediaSecurity {
        /// Not encrypted.
        Rtp = "rtp",
        /// Encrypted.
        Srtp = "srtp",
    }
}

/// Reason to distrust a request, or failure to read it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The secret cannot be used.
    #[error("the webhook secret is empty, or not base64 after `whsec_`: copy it again")]
    Secret,
    /// A header is missing or malformed.
    #[error("the request has no valid header `{0}`: it does not come from the service")]
    Header(&'static str),
    /// The timestamp is too old, or in the future.
    #[error(
        "the request's timestamp is too old or in the future: it is a replay, or a clock is wrong"
    )]
    Time,
    /// No signature fits.
    #[error("no signature fits: the request was changed, or the webhook secret is another one")]
    Signature,
    /// The body is signed, but not JSON.
    #[error("the request's body is not JSON")]
    Body,
}
