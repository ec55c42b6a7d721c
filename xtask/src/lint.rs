//! Everything that is checked without running the crate: format, clippy, rustdoc, each feature, and
//! the project's own rules.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde::Deserialize;

use crate::process::{self, Result};
use crate::setup::{self, Need};
use crate::wasm::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// The part of Cargo.toml that lists the features.
#[derive(Deserialize)]
struct Manifest {
    features: BTreeMap<String, Vec<String>>,
}

/// Runs every check, also after one has failed.
pub fn run(workspace: &Workspace) -> Result<()> {
    setup::ensure(workspace, &[Need::WasmStd, Need::Sound])?;
    process::all(checks(workspace)?.iter_mut().map(|check| {
        process::say(&process::line_of(check));
        process::run(check)
    }))
}

fn checks(workspace: &Workspace) -> Result<Vec<Command>> {
    let host = |arguments: &str| with(workspace.cargo(), arguments);
    let toolchain = Toolchain::find().ok_or("no toolchain builds for wasm")?;
    let wasm = |arguments: &str| -> Result<Command> {
        let mut cargo = with(toolchain.cargo(workspace)?, arguments);
        cargo.args(["--target", TARGET]);
        Ok(cargo)
    };
    let clippy = |mut cargo: Command| {
        cargo.args(["--", "--deny", "warnings"]);
        cargo
    };
    let rustdoc = |mut cargo: Command| {
        // Dead links between items are warnings, too.
        cargo.env("RUSTDOCFLAGS", "--deny warnings");
        cargo
    };
    let mut checks = vec![
        host("fmt --all --check"),
        host("fmt --manifest-path fuzz/Cargo.toml --check"),
        with(workspace.assistant(), "fmt --check"),
        // Layers, comments, dead links in documents, contracts.
        host("test --quiet --package xtask --test project"),
        clippy(host("clippy --all-targets")),
        clippy(host("clippy --workspace --all-features --all-targets")),
        // These tests need a server and are off by default, so they are not among all targets.
        clippy(host(
            "clippy --all-features --test aimock --test autobahn --test demo --test proxy",
        )),
        clippy(with(workspace.assistant(), "clippy --all-targets")),
        // Examples and the other tests are for the host; the library compiles with every feature.
        clippy(wasm("clippy --all-features --lib --test wasm_*")?),
        clippy(wasm("clippy --package browser-example --lib")?),
        clippy(wasm("clippy --package openai-realtime-ws-npm")?),
    ];
    for feature in features(workspace)? {
        let alone = format!("clippy --lib --no-default-features --features {feature}");
        checks.push(clippy(host(&alone)));
        checks.push(clippy(wasm(&alone)?));
    }
    checks.push(clippy(wasm("clippy --lib --no-default-features")?));
    checks.push(rustdoc(host("doc --no-deps --all-features")));
    checks.push(rustdoc(wasm("doc --no-deps --all-features")?));
    if process::find("cargo-deny").is_some() {
        // Advisories come from the network, which CI has.
        checks.push(host("deny --all-features check bans licenses sources"));
    }
    Ok(checks)
}

/// Reads the names of the features, without `default` and internal ones, whose names begin with
/// `_`.
fn features(workspace: &Workspace) -> Result<Vec<String>> {
    let manifest = fs::read_to_string(workspace.root.join("Cargo.toml"))?;
    let manifest: Manifest = toml::from_str(&manifest)?;
    let names = manifest.features.into_keys();
    Ok(names
        .filter(|name| name != "default" && !name.starts_with('_'))
        .collect())
}

fn with(mut command: Command, arguments: &str) -> Command {
    command.args(arguments.split(' '));
    command
}
