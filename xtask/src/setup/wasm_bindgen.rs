//! wasm-bindgen's test runner. It has to be of the very version that the crate is locked to.

use std::path::PathBuf;
use std::process::Command;

use super::run_or_advise;
use crate::process::{self, Result};
use crate::workspace::Workspace;

const RUNNER: &str = "wasm-bindgen-test-runner";

/// The test runner of the locked version: the one on PATH, or the one that setup has built.
pub fn test_runner(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let version = locked_version(workspace)?;
    let built = install_root(workspace, &version).join("bin").join(RUNNER);
    Ok([Some(built), process::find(RUNNER)]
        .into_iter()
        .flatten()
        .find(|runner| {
            process::read(Command::new(runner).arg("--version"))
                .is_ok_and(|line| line.split_whitespace().last() == Some(&version))
        }))
}

/// Builds the locked version from source; minutes on a small machine.
pub fn install(workspace: &Workspace) -> Result<()> {
    let version = locked_version(workspace)?;
    let root = install_root(workspace, &version);
    let mut cargo = workspace.cargo();
    cargo
        .args([
            "install",
            "wasm-bindgen-cli",
            "--version",
            &version,
            "--root",
        ])
        .arg(root);
    let by_hand = process::line_of(&cargo);
    run_or_advise(&mut cargo, &by_hand)
}

fn install_root(workspace: &Workspace, version: &str) -> PathBuf {
    workspace.cache.join(format!("wasm-bindgen-{version}"))
}

fn locked_version(workspace: &Workspace) -> Result<String> {
    let lock = std::fs::read_to_string(workspace.root.join("Cargo.lock"))?;
    version_in(&lock, "wasm-bindgen").ok_or_else(|| "Cargo.lock does not name wasm-bindgen".into())
}

/// The version of a package in the text of a Cargo.lock.
fn version_in(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines.next()?.strip_prefix("version = \"")?;
    version.strip_suffix('"').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn the_version_is_of_the_package_of_that_very_name() {
        let lock = "[[package]]\nname = \"js\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"js-sys\"\nversion = \"0.3.1\"\n";
        assert_eq!(version_in(lock, "js-sys").as_deref(), Some("0.3.1"));
        assert_eq!(version_in(lock, "js").as_deref(), Some("1.0.0"));
        assert_eq!(version_in(lock, "sys"), None);
    }
}
