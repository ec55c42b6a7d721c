//! Miri, which comes with the nightly toolchain only.

use std::process::Command;

use super::run_or_advise;
use crate::process::{self, Result};
use crate::workspace::Workspace;

/// Any nightly that has Miri.
const TOOLCHAIN: &str = "nightly";

/// Returns the command `cargo miri`.
pub fn miri(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.arg("miri").env("RUSTUP_TOOLCHAIN", TOOLCHAIN);
    cargo
}

pub fn found(workspace: &Workspace) -> bool {
    // It also builds the standard library, once for each nightly.
    process::read(miri(workspace).arg("setup")).is_ok()
}

pub fn install() -> Result<()> {
    let arguments = ["toolchain", "install", TOOLCHAIN, "--profile", "minimal"];
    let components = ["--component", "miri", "--component", "rust-src"];
    let mut rustup = Command::new("rustup");
    rustup.args(arguments).args(components);
    let by_hand = process::line_of(&rustup);
    run_or_advise(&mut rustup, &by_hand)
}
