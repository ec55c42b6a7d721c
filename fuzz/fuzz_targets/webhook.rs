//! A webhook's request: one that the service did not sign is refused, and a signed one is read
//! whatever its body says.
#![no_main]

use std::time::{Duration, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use openai_realtime_ws::rest::webhook::{Webhook, WebhookError, WebhookEvent};
use sha2::Sha256;

const SECRET: &str = "a secret of plain bytes";
const NOW: u64 = 1_750_287_000;

#[derive(Arbitrary, Debug)]
struct Request<'a> {
    id: Option<&'a str>,
    timestamp: Option<&'a str>,
    signatures: Option<&'a str>,
    body: &'a str,
}

fuzz_target!(|request: Request| {
    let webhook = Webhook::new(SECRET).expect("a secret");
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    let header = |name: &str| match name {
        "webhook-id" => request.id,
        "webhook-timestamp" => request.timestamp,
        "webhook-signature" => request.signatures,
        _ => None,
    };
    let body = request.body.as_bytes();
    let unsigned = webhook.verify(header, body, now);
    assert!(unsigned.is_err(), "{unsigned:?}");

    let id = request.id.unwrap_or("wh_1");
    let signature = sign(id, body);
    let timestamp = NOW.to_string();
    let header = |name: &str| match name {
        "webhook-id" => Some(id),
        "webhook-timestamp" => Some(timestamp.as_str()),
        "webhook-signature" => Some(signature.as_str()),
        _ => None,
    };
    match webhook.verify(header, body, now) {
        Ok(WebhookEvent::IncomingCall(call)) => {
            assert!(!call.call_id.is_empty());
            assert!(
                call.sip_headers
                    .iter()
                    .all(|header| !header.name.is_empty())
            );
        }
        Ok(_) | Err(WebhookError::Body) => {}
        Err(error) => panic!("{error}"),
    }
});

fn sign(id: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes());
    let mut mac = mac.expect("a key");
    mac.update(format!("{id}.{NOW}.").as_bytes());
    mac.update(body);
    let signature = mac.finalize().into_bytes();
    format!("v1,{}", base64_simd::STANDARD.encode_to_string(signature))
}
