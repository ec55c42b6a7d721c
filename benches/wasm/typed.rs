//! The crate's own session in wasm, as a contestant of `js/contest.mjs`.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

use futures_util::StreamExt;
use js_sys::Date;
use openai_realtime_ws::{Config, Error, OpenAIRealtimeWebSocket, ServerEvent};
use wasm_bindgen::prelude::*;

/// Typed events a second.
///
/// # Errors
/// What the session says.
#[wasm_bindgen]
pub async fn events_per_second(base: String, bench: String, millis: f64) -> Result<f64, JsError> {
    Ok(measure(base, bench, millis).await?)
}

async fn measure(base: String, bench: String, millis: f64) -> Result<f64, Error> {
    let config = Config::new("none")
        .base_url(base)
        .model(bench)
        .dangerously_allow_browser(true);
    let mut rt = OpenAIRealtimeWebSocket::connect(config).await?;
    let (mut count, mut bytes) = (0_u32, 0_usize);
    let mut started = Date::now();
    while let Some(event) = rt.next().await {
        bytes += match event? {
            ServerEvent::ResponseOutputTextDelta(event) => event.delta.len(),
            ServerEvent::ResponseOutputAudioDelta(event) => event.delta.base64().len(),
            _ => {
                started = Date::now();
                continue;
            }
        };
        count += 1;
        if count.is_multiple_of(64) && Date::now() - started > millis {
            break;
        }
    }
    let rate = f64::from(count) / (Date::now() - started) * 1000.0;
    assert!(bytes > 0, "the events are empty");
    Ok(rate)
}
