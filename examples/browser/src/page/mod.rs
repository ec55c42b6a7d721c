//! The page: one queue of the user's actions and the conversation's events.

mod app;
mod errors;
mod microphone;
mod speaker;
mod ticket;
mod tools;
mod view;

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;

/// Starts the page when the module is loaded.
#[wasm_bindgen(start)]
fn start() {
    spawn_local(async {
        if let Err(thrown) = app::run().await {
            web_sys::console::error_1(&thrown);
        }
    });
}
