//! The page: what a person does and what the server says, taken one after the other.

mod app;
mod errors;
mod microphone;
mod speaker;
mod ticket;
mod view;

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;

/// Begins when the module is loaded.
#[wasm_bindgen(start)]
fn start() {
    spawn_local(async {
        if let Err(thrown) = app::run().await {
            web_sys::console::error_1(&thrown);
        }
    });
}
