//! Tools that cargo builds from their sources, each in a folder of its own and version.

use std::path::PathBuf;
use std::process::Command;

use super::run_or_advise;
use crate::process::{self, Result};
use crate::workspace::Workspace;

/// A package of programs.
#[derive(Clone, Copy)]
pub struct Tool {
    package: &'static str,
    version: Version,
}

#[derive(Clone, Copy)]
enum Version {
    Fixed(&'static str),
    /// The version of this package in Cargo.lock.
    Locked(&'static str),
}

/// Generator of the glue between wasm and JavaScript, and the test runner.
pub const WASM_BINDGEN: Tool = Tool {
    package: "wasm-bindgen-cli",
    version: Version::Locked("wasm-bindgen"),
};

/// Builder of the npm package.
pub const WASM_PACK: Tool = Tool {
    package: "wasm-pack",
    version: Version::Fixed("0.15.1"),
};

/// Builder of the fuzzers.
pub const CARGO_FUZZ: Tool = Tool {
    package: "cargo-fuzz",
    version: Version::Fixed("0.13.2"),
};

/// Firefox's driver.
pub const GECKODRIVER: Tool = Tool {
    package: "geckodriver",
    version: Version::Fixed("0.37.1"),
};

impl Tool {
    /// Finds a program of this package in this version: the one that setup has built, or the one on
    /// PATH.
    pub fn program(self, workspace: &Workspace, name: &str) -> Result<Option<PathBuf>> {
        let version = self.version.read(workspace)?;
        let built = self.root(workspace, &version).join("bin").join(name);
        Ok([Some(built), process::find(name)]
            .into_iter()
            .flatten()
            .find(|program| {
                process::read(Command::new(program).arg("--version"))
                    .is_ok_and(|answer| is_version(&answer, &version))
            }))
    }

    /// Builds the package, which takes minutes on a small machine.
    pub fn install(self, workspace: &Workspace) -> Result<()> {
        let version = self.version.read(workspace)?;
        let command = || {
            let mut cargo = workspace.cargo();
            cargo
                .args(["install", self.package, "--version", &version, "--root"])
                .arg(self.root(workspace, &version));
            cargo
        };
        // The tool's own lock file names dependencies that a mirror of the registry may lack.
        let Err(error) = process::run(command().arg("--locked")) else {
            return Ok(());
        };
        process::say(&format!(
            "setup: {error}; trying again with newer dependencies"
        ));
        let by_hand = process::line_of(&command());
        run_or_advise(&mut command(), &by_hand)
    }

    fn root(self, workspace: &Workspace, version: &str) -> PathBuf {
        workspace.cache.join(format!("{}-{version}", self.package))
    }
}

impl Version {
    fn read(self, workspace: &Workspace) -> Result<String> {
        match self {
            Self::Fixed(version) => Ok(version.to_owned()),
            Self::Locked(package) => {
                let lock = std::fs::read_to_string(workspace.root.join("Cargo.lock"))?;
                version_in(&lock, package)
                    .ok_or_else(|| format!("Cargo.lock does not name {package}").into())
            }
        }
    }
}

/// Returns true if a program's answer to `--version` has this version behind the program's name.
fn is_version(answer: &str, version: &str) -> bool {
    answer.split_whitespace().nth(1) == Some(version)
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
    use super::{is_version, version_in};

    #[test]
    fn the_version_is_of_the_package_of_that_very_name() {
        let lock = "[[package]]\nname = \"js\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"js-sys\"\nversion = \"0.3.1\"\n";
        assert_eq!(version_in(lock, "js-sys").as_deref(), Some("0.3.1"));
        assert_eq!(version_in(lock, "js"), Some("1.0.0".to_owned()));
        assert_eq!(version_in(lock, "sys"), None);
    }

    #[test]
    fn a_program_says_its_name_and_its_version() {
        assert!(is_version("wasm-pack 0.15.1", "0.15.1"));
        assert!(is_version(
            "geckodriver 0.37.1 (abc 2026-01-01)\n\nMore.",
            "0.37.1"
        ));
        assert!(!is_version("wasm-pack 0.15.10", "0.15.1"));
        assert!(!is_version("", "0.15.1"));
    }
}
