//! The npm packages of tests/node, exactly as locked.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{apt, run_or_advise};
use crate::process::{self, Result};
use crate::workspace::Workspace;

/// Returns true if the installed packages are those of the lock file.
pub fn found(workspace: &Workspace) -> bool {
    let same = || -> std::io::Result<bool> {
        Ok(std::fs::read(installed_lock(workspace))? == std::fs::read(lock(workspace))?)
    };
    workspace.node().is_file() && same().unwrap_or(false)
}

/// Installs the locked packages with the system's npm.
pub fn install(workspace: &Workspace) -> Result<()> {
    if process::find("npm").is_none() {
        apt::install(&["nodejs", "npm"])?;
    }
    let folder = workspace.node_tests();
    let by_hand = format!("npm ci --prefix {}", folder.display());
    run_or_advise(Command::new("npm").arg("ci").current_dir(folder), &by_hand)?;
    std::fs::copy(lock(workspace), installed_lock(workspace))?;
    Ok(())
}

fn lock(workspace: &Workspace) -> PathBuf {
    workspace.node_tests().join("package-lock.json")
}

/// A copy of the lock file that the packages were installed from.
fn installed_lock(workspace: &Workspace) -> PathBuf {
    workspace
        .node_modules()
        .join(Path::new(".installed-from.json"))
}
