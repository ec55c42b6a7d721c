//! Formatting, clippy and rustdoc on both targets, with warnings as errors.

use std::process::Command;

use crate::process::{self, Result};
use crate::setup::{self, Need};
use crate::wasm::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// Runs every check, also after one has failed.
pub fn run(workspace: &Workspace) -> Result<()> {
    setup::ensure(workspace, &[Need::WasmStd])?;
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
        cargo.env("RUSTDOCFLAGS", "--deny warnings");
        cargo
    };
    Ok(vec![
        host("fmt --all --check"),
        host("fmt --manifest-path fuzz/Cargo.toml --check"),
        clippy(host("clippy --all-targets")),
        clippy(host("clippy --workspace --all-features --all-targets")),
        // No test by default, since it needs a server, and so not among all targets.
        clippy(host(
            "clippy --all-features --test aimock --test autobahn --test demo --test proxy",
        )),
        // Examples and the other tests are for the host; the library compiles with every feature.
        clippy(wasm("clippy --all-features --lib --test wasm_*")?),
        clippy(wasm("clippy --package browser-example --lib")?),
        clippy(wasm("clippy --package openai-realtime-ws-npm")?),
        rustdoc(host("doc --no-deps --all-features")),
        rustdoc(wasm("doc --no-deps --all-features")?),
    ])
}

fn with(mut command: Command, arguments: &str) -> Command {
    command.args(arguments.split(' '));
    command
}
