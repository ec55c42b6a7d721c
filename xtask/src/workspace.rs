//! Paths: the checkout, the npm packages, and the tools that all checkouts share.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use crate::process::Result;

/// The checkout that `cargo xtask` was called in.
pub struct Workspace {
    /// The folder of the workspace's Cargo.toml.
    pub root: PathBuf,
    /// Folder of tools that took long to build, outside the checkout, so that a clean clone finds
    /// them.
    pub cache: PathBuf,
}

impl Workspace {
    /// Finds both folders from the environment that cargo gives.
    pub fn open() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("call it as `cargo xtask`")?;
        let root = PathBuf::from(manifest)
            .parent()
            .ok_or("xtask lies in no workspace")?
            .to_owned();
        let cache = match (std::env::var_os("XDG_CACHE_HOME"), std::env::home_dir()) {
            (Some(folder), _) if !folder.is_empty() => PathBuf::from(folder),
            (_, Some(home)) => home.join(".cache"),
            _ => root.join("target"),
        };
        Ok(Self {
            root,
            cache: cache.join("openai-realtime-ws"),
        })
    }

    /// The tests in JavaScript, with their packages.
    pub fn node_tests(&self) -> PathBuf {
        self.root.join("tests/node")
    }

    /// The installed npm packages.
    pub fn node_modules(&self) -> PathBuf {
        self.node_tests().join("node_modules")
    }

    /// The programs of the npm packages.
    pub fn npm_programs(&self) -> PathBuf {
        self.node_modules().join(".bin")
    }

    /// The folder of the files that JavaScript runtimes need for tests.
    pub fn runtimes(&self) -> PathBuf {
        self.root.join("tests/runtimes")
    }

    /// Node 24, from the npm package `node`, because the system's own may be older.
    pub fn node(&self) -> PathBuf {
        self.node_modules().join("node/bin/node")
    }

    /// Returns a cargo command, as if it were typed in the checkout.
    pub fn cargo(&self) -> Command {
        self.caller_of_cargo("cargo")
    }

    /// Returns a cargo command for the example of an assistant, a package outside of the workspace.
    /// It shares the workspace's builds.
    pub fn assistant(&self) -> Command {
        let mut command = self.cargo();
        command
            .current_dir(self.root.join("examples/assistant"))
            .env("CARGO_TARGET_DIR", self.root.join("target"));
        command
    }

    /// Returns a command for a program that calls cargo, as if it were typed in the checkout.
    pub fn caller_of_cargo(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        forget_outer_cargo(&mut command);
        command
    }
}

/// Removes the variables that cargo set for xtask. Build scripts that watch them would run again
/// each time the caller changes, and their crates be compiled again.
fn forget_outer_cargo(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let tells_of_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
            .iter()
            .any(|prefix| text.starts_with(prefix));
        if tells_of_package
            || matches!(
                &*text,
                "CARGO" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE"
            )
        {
            command.env_remove(&name);
        }
    }
}
