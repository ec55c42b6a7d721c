//! A program of the Python Package Index, in an environment of its own.

use std::path::PathBuf;
use std::process::Command;

use super::{apt, run_or_advise};
use crate::process::{self, Result};
use crate::workspace::Workspace;

/// The runner of the Autobahn test suite's cases.
const KOSOKU: &str = "kosoku==0.1.0";

/// Its program, where it is installed.
pub fn kosoku(workspace: &Workspace) -> PathBuf {
    environment(workspace).join("bin/kosoku")
}

fn environment(workspace: &Workspace) -> PathBuf {
    workspace.cache.join(KOSOKU.replace("==", "-"))
}

/// Installs it with the system's Python.
pub fn install(workspace: &Workspace) -> Result<()> {
    let environment = environment(workspace);
    let make = || {
        process::run(
            Command::new("python3")
                .args(["-m", "venv"])
                .arg(&environment),
        )
    };
    // Debian's Python comes without what makes environments.
    if process::find("python3").is_none() || make().is_err() {
        apt::install(&["python3", "python3-venv"])?;
        make()?;
    }
    let pip = environment.join("bin/pip");
    let by_hand = format!("{} install {KOSOKU}", pip.display());
    run_or_advise(
        Command::new(pip).args(["install", "--quiet", KOSOKU]),
        &by_hand,
    )
}
