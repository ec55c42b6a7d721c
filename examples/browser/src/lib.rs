//! A page on which a person types or speaks with a model. `cargo xtask browser` builds and serves
//! it; the README beside it has the rest.
//!
//! Compiled for a browser it is the page's code; natively only what needs no page is there, and has
//! its tests.

#![deny(clippy::unwrap_used, clippy::expect_used)]

pub mod playlist;
pub mod sound;
pub mod ticket;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod page;
