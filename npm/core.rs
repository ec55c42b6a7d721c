//! Core of the npm package: the exports of the crate's feature `js`, compiled to wasm and then to
//! JavaScript.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

extern crate openai_realtime_ws as _;

/// Small allocator: a connection allocates a few short texts.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
