//! To come.
#![deny(clippy::unwrap_used, clippy::expect_used)]
pub mod protocol;
pub use protocol::{ClientEvent, ParseError, RawEvent, ServerEvent};
#[cfg(feature = "emulator")]
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub mod emulator;
