//! The wasm of the npm package: what the crate exports to JavaScript with its feature `js`.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

extern crate openai_realtime_ws as _;

/// A small one: what is allocated here is a few short texts for every connection.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
