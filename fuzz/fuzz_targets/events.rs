//! The text of a frame, as an event of every kind: what is read does not depend on how, and agrees
//! with `serde_json`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/protocol/agreement.rs"]
mod agreement;

fuzz_target!(|text: &str| agreement::check_all(text));
