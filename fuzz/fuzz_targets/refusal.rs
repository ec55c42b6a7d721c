//! The body of a refusal, with `KEY` for the credential: its message is short and printable, and
//! never shows the credential.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openai_realtime_ws::{Config, Refusal, Runtime};

const KEY: &str = "sk-The-Key-That-Nobody-May-See";

fuzz_target!(|body: &[u8]| {
    let body = with_key(body);
    let config = Config::new(KEY).organization("org-The-Organization");
    let handshake = config.rest_request("/x", Runtime::Native);
    let handshake = handshake.expect("a handshake");
    let header = |_: &str| std::str::from_utf8(&body).ok();
    let refusal = Refusal::from_response(&handshake, 400, header, &body);
    let shown = format!("{refusal} {refusal:?}");
    assert!(!shown.contains(KEY), "{shown}");
    for (text, most) in [
        (&refusal.message, 300),
        (&refusal.code, 100),
        (&refusal.request_id, 100),
    ] {
        let Some(text) = text else { continue };
        assert!(text.chars().count() <= most, "{text}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
});

/// The body with the credential in every place that asks for it.
fn with_key(body: &[u8]) -> Vec<u8> {
    const PLACE: &[u8] = b"KEY";
    let mut filled = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.windows(PLACE.len()).position(|part| part == PLACE) {
        filled.extend_from_slice(&rest[..at]);
        filled.extend_from_slice(KEY.as_bytes());
        rest = &rest[at + PLACE.len()..];
    }
    filled.extend_from_slice(rest);
    filled
}
