//! The crate's own session in wasm, as a contestant of `js/contest.mjs`.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

use futures_util::StreamExt;
use js_sys::Date;
use openai_realtime_ws::{Config, Error, OpenAIRealtimeWebSocket, ServerEvent};
use wasm_bindgen::prelude::*;

/// Counts the typed events that arrive in this time.
///
/// # Errors
/// The errors of the session.
#[wasm_bindgen]
pub async fn count_events(base: String, bench: String, millis: f64) -> Result<u32, JsError> {
    Ok(count(base, bench, millis).await?)
}

async fn count(base: String, bench: String, millis: f64) -> Result<u32, Error> {
    let started = Date::now();
    let config = Config::new("none")
        .base_url(base)
        .model(bench)
        .dangerously_allow_browser(true);
    let mut rt = OpenAIRealtimeWebSocket::connect(config).await?;
    let (mut count, mut bytes) = (0_u32, 0_usize);
    while let Some(event) = rt.next().await {
        bytes += match event? {
            ServerEvent::ResponseOutputTextDelta(event) => event.delta.len(),
            ServerEvent::ResponseOutputAudioDelta(event) => event.delta.base64().len(),
            _ => continue,
        };
        count += 1;
        if count.is_multiple_of(64) && Date::now() - started > millis {
            break;
        }
    }
    assert!(bytes > 0, "the events are empty");
    Ok(count)
}
