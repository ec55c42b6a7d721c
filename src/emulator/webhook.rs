//! Webhook that announces a call, signed after Standard Webhooks.

use std::fmt;

use base64_simd::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

/// Incoming call over SIP, and the webhook that announces it. Deliver it with any HTTP client: a
/// `POST` with [`headers`](Self::headers) and [`body`](Self::body).
///
/// Its `Debug` shows the call's id alone.
#[derive(Clone, PartialEq, Eq)]
pub struct IncomingCallWebhook {
    call_id: String,
    headers: [(&'static str, String); 4],
    body: String,
}

impl IncomingCallWebhook {
    pub(super) fn new(call_id: String, event_id: &str, secret: &str, now: u64) -> Self {
        let sip = |name: &str, value: &str| json!({"name": name, "value": value});
        let headers = [
            sip("From", "sip:+14155550100@sip.example.com"),
            sip("To", "sip:+14155550199@sip.example.com"),
            sip("Call-ID", &call_id),
        ];
        let body = json!({
            "id": event_id,
            "object": "event",
            "created_at": now,
            "type": "realtime.call.incoming",
            "data": {"call_id": call_id, "sip_headers": headers},
        });
        let body = body.to_string();
        let signature = format!("v1,{}", sign(secret, event_id, now, &body));
        Self {
            call_id,
            headers: [
                ("content-type", "application/json".to_owned()),
                ("webhook-id", event_id.to_owned()),
                ("webhook-timestamp", now.to_string()),
                ("webhook-signature", signature),
            ],
            body,
        }
    }

    /// Returns the call's ID, for [`Emulator::call`](super::Emulator::call).
    #[must_use]
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Returns the webhook's headers, names in lower case: content type, ID, time and signature.
    #[must_use]
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// Returns the webhook's body, JSON. The signature is valid for exactly these bytes.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }
}

impl fmt::Debug for IncomingCallWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingCallWebhook")
            .field("call_id", &self.call_id)
            .finish_non_exhaustive()
    }
}

/// Returns the signature of a message in base64. The key is the base64 behind `whsec_`, or else the
/// secret itself.
fn sign(secret: &str, id: &str, timestamp: u64, body: &str) -> String {
    let key = secret
        .strip_prefix("whsec_")
        .and_then(|key| STANDARD.decode_to_vec(key).ok())
        .unwrap_or_else(|| secret.into());
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
        return String::new();
    };
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    STANDARD.encode_to_string(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        // The expected value was computed by another implementation, Python's.
        let signed = |secret| sign(secret, "evt_1", 1_700_000_000, "{}");
        assert_eq!(signed("whsec_SmVmZQ=="), signed("Jefe"));
        assert_eq!(
            signed("Jefe"),
            "YPhlEYmpqDgq4sfZTb9VRD4OP+unnq9O1agRGjwDLQg="
        );
        assert_ne!(signed("Jeff"), signed("Jefe"));
    }

    #[test]
    fn debug_shows_no_signature() {
        let call = IncomingCallWebhook::new("rtc_1".to_owned(), "evt_1", "whsec_", 7);
        assert_eq!(
            format!("{call:?}"),
            "IncomingCallWebhook { call_id: \"rtc_1\", .. }"
        );
    }
}
