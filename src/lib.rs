//! To come.
#![deny(clippy::unwrap_used, clippy::expect_used)]
pub mod protocol;
pub use protocol::{ClientEvent, ParseError, RawEvent, ServerEvent};
