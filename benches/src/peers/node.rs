//! `OpenAIRealtimeWS` of the npm package `openai`, on Node.

use std::{env, path::Path, process::Command};

use crate::Bench;

/// A Node to run it with.
pub struct Node {
    /// The binary.
    pub program: String,
    modules: String,
}

impl Node {
    /// From `NODE24` and `NODE_MODULES`; none where either is missing.
    pub fn from_env() -> Option<Self> {
        Some(Self {
            program: env::var("NODE24").ok()?,
            modules: env::var("NODE_MODULES").ok()?,
        })
    }

    /// The arguments and the environment of one run.
    pub fn prepare(&self, command: &mut Command, bench: Bench, url: &str, certificate: &Path) {
        command
            .arg("--expose-gc")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/node/peer.mjs"))
            .args([&self.modules, bench.name(), url])
            .env("NODE_EXTRA_CA_CERTS", certificate);
    }
}
