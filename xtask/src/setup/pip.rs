//! A program of the Python Package Index, in an environment of its own.

use std::path::PathBuf;
use std::process::Command;

use super::{apt, run_or_advise};
use crate::process::{self, Result};
use crate::workspace::Workspace;

/// The runner of the Autobahn test suite's cases, with the hashes of its packages for Linux, macOS
/// and Windows.
const REQUIREMENTS: &str = include_str!("kosoku.txt");

/// The same file, from the root of the checkout.
const REQUIREMENTS_FILE: &str = "xtask/src/setup/kosoku.txt";

/// Returns the path of its program, which exists once it is installed.
pub fn kosoku(workspace: &Workspace) -> PathBuf {
    environment(workspace).join("bin/kosoku")
}

/// Returns a folder for each version, so that a new one is installed beside the old one.
fn environment(workspace: &Workspace) -> PathBuf {
    let package = REQUIREMENTS.split_whitespace().next().unwrap_or_default();
    workspace.cache.join(package.replace("==", "-"))
}

/// Installs it with the system's Python, if the package is the one that the hashes name.
pub fn install(workspace: &Workspace) -> Result<()> {
    let environment = environment(workspace);
    let make = || {
        process::run(
            Command::new("python3")
                .args(["-m", "venv"])
                .arg(&environment),
        )
    };
    // Debian's Python comes without the module that makes environments.
    if process::find("python3").is_none() || make().is_err() {
        apt::install(&["python3", "python3-venv"])?;
        make()?;
    }
    let mut pip = Command::new(environment.join("bin/pip"));
    pip.args(["install", "--quiet", "--require-hashes", "--requirement"])
        .arg(workspace.root.join(REQUIREMENTS_FILE));
    let by_hand = process::line_of(&pip);
    run_or_advise(&mut pip, &by_hand)
}
