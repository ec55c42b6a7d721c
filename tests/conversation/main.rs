//! The conversation layer: each piece on its own, then whole conversations over the emulator.
#![cfg(not(all(target_family = "wasm", target_os = "unknown")))]

mod complaints;
mod follow_ups;
mod history;
mod playback;
mod responses;
#[cfg(feature = "emulator")]
mod scripted;
mod table;
mod tools;
mod usage;
