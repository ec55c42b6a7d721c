//! Page on which a person types or speaks with a model. `cargo xtask browser` builds and serves it;
//! the README beside it explains the rest.
//!
//! Compiled for a browser this is the page's code. Natively only the modules that need no page are
//! compiled, with their tests.

// A library for its own program and page alone.
#![allow(clippy::must_use_candidate, clippy::return_self_not_must_use)]
#![deny(clippy::unwrap_used, clippy::expect_used)]

pub mod ticket;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod page;
