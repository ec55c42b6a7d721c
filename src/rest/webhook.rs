//! What the service tells a server of its own accord: that somebody calls, over SIP. Pure: it takes a request that
//! arrived, whatever server took it.
//!
//! ```
//! use std::time::SystemTime;
//!
//! use openai_realtime_ws::rest::webhook::{Webhook, WebhookError, WebhookEvent};
//!
//! # fn on_request<'h>(header: impl Fn(&str) -> Option<&'h str>, body: &[u8]) -> Result<(), WebhookError> {
//! let webhook = Webhook::new("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")?;
//! match webhook.verify(header, body, SystemTime::now())? {
//!     WebhookEvent::IncomingCall(call) => println!("{} calls", call.sip_header("From").unwrap_or("somebody")),
//!     _ => println!("something else happened"),
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

use crate::protocol::record::record;
use crate::protocol::words::open_enum;

/// How old, or how far ahead, a request may be.
const TOLERANCE: Duration = Duration::from_secs(300);
/// More signatures than a server that changes its secret has; the rest is not looked at.
const MAX_SIGNATURES: usize = 16;
/// HMAC-SHA256 in base64.
const SIGNATURE_CHARS: usize = 44;

/// Verifies that requests come from the service, by the secret that it shares with the endpoint
/// ([Standard Webhooks](https://www.standardwebhooks.com)).
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
    /// With the endpoint's secret: base64 after `whsec_`, else the text's own bytes.
    ///
    /// # Errors
    /// [`WebhookError::Secret`] if it is empty, or not base64 where it should be.
    pub fn new(secret: &str) -> Result<Self, WebhookError> {
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

    /// How old a request may be, or how far ahead of this machine's clock: 5 minutes unless set. Within it, somebody
    /// who overheard a request can send it once more; whoever minds keeps the ids that have come (`webhook-id`).
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Checks a request and reads it. `header` gives a header by its name in lower case, `body` is as it arrived, to
    /// the byte, and `now` is the time: in wasm, `UNIX_EPOCH` and the milliseconds of `Date.now()`.
    ///
    /// # Errors
    /// [`WebhookError`]: the request is not to be trusted. Answer it with status 400, and do nothing.
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
        let apart = match now.duration_since(sent) {
            Ok(age) => age,
            Err(ahead) => ahead.duration(),
        };
        if apart > self.tolerance {
            return Err(WebhookError::Time);
        }
        // Every length of key will do.
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).map_err(|_| WebhookError::Secret)?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        let mut candidates = signatures.split(' ').take(MAX_SIGNATURES);
        if !candidates.any(|candidate| matches(&mac, candidate)) {
            return Err(WebhookError::Signature);
        }
        read(body)
    }
}

/// Digits only: seconds of Unix time.
fn parse_timestamp(text: &str) -> Option<SystemTime> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| is_number)?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// Whether a signature of the header is the one, compared in constant time.
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

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    event_type: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    created_at: u64,
    data: Announcement,
}

#[derive(Deserialize)]
struct Announcement {
    call_id: String,
    #[serde(default)]
    sip_headers: Vec<SipHeader>,
    sip_media_security: Option<SipMediaSecurity>,
}

fn read(body: &[u8]) -> Result<WebhookEvent, WebhookError> {
    let value: Value = serde_json::from_slice(body).map_err(|_| WebhookError::Body)?;
    Ok(match Envelope::deserialize(&value) {
        Ok(event)
            if event.event_type == "realtime.call.incoming" && !event.data.call_id.is_empty() =>
        {
            WebhookEvent::IncomingCall(IncomingCall {
                id: event.id,
                created_at: event.created_at,
                call_id: event.data.call_id,
                sip_headers: event.data.sip_headers,
                sip_media_security: event.data.sip_media_security,
            })
        }
        _ => WebhookEvent::Other(value),
    })
}

/// What the service tells.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum WebhookEvent {
    /// `realtime.call.incoming`: somebody calls.
    IncomingCall(IncomingCall),
    /// Any other event, or one that this version does not know, as it was sent.
    Other(Value),
}

/// A call that waits to be [accepted](super::Calls::accept) or [rejected](super::Calls::reject).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct IncomingCall {
    /// The event's own id.
    pub id: String,
    /// When the call came in, in seconds of Unix time.
    pub created_at: u64,
    /// The call's id, `rtc_…`.
    pub call_id: String,
    /// The headers of the SIP invitation, such as `From` and `To`.
    pub sip_headers: Vec<SipHeader>,
    /// How the call's audio is protected, where the service says.
    pub sip_media_security: Option<SipMediaSecurity>,
}

impl IncomingCall {
    /// The value of the first SIP header of this name, in whatever case.
    pub fn sip_header(&self, name: &str) -> Option<&str> {
        let mut headers = self.sip_headers.iter();
        let found = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(&found.value)
    }
}

record! {
    /// A header of a SIP message.
    pub struct SipHeader {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    }
}

open_enum! {
    /// How the audio of a SIP call is protected.
    pub enum SipMediaSecurity {
        /// It is not.
        Rtp = "rtp",
        /// It is encrypted.
        Srtp = "srtp",
    }
}

/// Why a request is not to be trusted, or not to be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The secret is none.
    #[error("the webhook's secret is empty, or not base64 after `whsec_`: copy it again")]
    Secret,
    /// A header is missing, or makes no sense.
    #[error("the request has no valid header `{0}`: it does not come from the service")]
    Header(&'static str),
    /// The request is too old, or from the future.
    #[error("the request is too old or ahead of time: it was recorded, or a clock is wrong")]
    Time,
    /// No signature fits.
    #[error("no signature fits: the request was tampered with, or the webhook's secret is another")]
    Signature,
    /// The body is not JSON, though signed.
    #[error("the request's body is not JSON")]
    Body,
}
