//! The protocol as data: every event both ways, what counts as an event, and what a tolerant reader
//! accepts.
#![cfg(not(all(target_family = "wasm", target_os = "unknown")))]

mod agreement;
mod client;
mod fixtures;
mod frames;
mod properties;
mod server;
mod tolerance;
mod translation;
mod unread;
