//! The emulator as a client sees it: over sockets, by a client that is not this crate's.
#![cfg(feature = "emulator")]
#![cfg(not(all(target_family = "wasm", target_os = "unknown")))]

mod client;
mod conversation;
mod handshake;
mod mcp;
mod reconnect;
mod refusals;
mod rest;
mod schema;
mod script;
mod time;
mod translation;
