//! Cargo for `wasm32-unknown-unknown`: the toolchain that has its standard library, and its
//! commands.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Result};
use crate::workspace::Workspace;

/// The target of browsers, workers and JavaScript servers.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler, under the name that rustup knows it by once it is set up.
pub const DEBIAN_TOOLCHAIN: &str = "debian-web";

/// A toolchain that can build for [`TARGET`].
pub enum Toolchain {
    /// The toolchain that builds for the host.
    Active,
    /// Debian's, with the standard library that setup built; it has no linker for wasm of its own.
    Debian {
        /// The folder of the active toolchain's `rust-lld`.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// Finds the first toolchain that has the standard library.
    pub fn find() -> Option<Self> {
        if has_std(&target_libdir("rustc", Some(TARGET)).ok()?) {
            return Some(Self::Active);
        }
        let rustc = Path::new("/usr/bin/rustc");
        let known_to_rustup = process::read(Command::new("rustup").args(["toolchain", "list"]))
            .is_ok_and(|list| list.lines().any(|line| line.starts_with(DEBIAN_TOOLCHAIN)));
        let usable = known_to_rustup
            && Path::new("/usr/bin/cargo-clippy").is_file()
            && debian_std_is_current(rustc).unwrap_or(false);
        let linker = target_libdir("rustc", None).ok()?.parent()?.join("bin");
        (usable && linker.join("rust-lld").is_file()).then_some(Self::Debian { linker })
    }

    /// Returns a cargo command of this toolchain; the caller still has to name the target.
    pub fn cargo(&self, workspace: &Workspace) -> Result<Command> {
        self.caller_of_cargo(workspace, "cargo")
    }

    /// Returns a command for a program that calls this toolchain's cargo.
    pub fn caller_of_cargo(
        &self,
        workspace: &Workspace,
        program: impl AsRef<OsStr>,
    ) -> Result<Command> {
        let mut command = workspace.caller_of_cargo(program);
        if let Self::Debian { linker } = self {
            command.env("RUSTUP_TOOLCHAIN", DEBIAN_TOOLCHAIN);
            process::prepend_path(&mut command, linker)?;
        }
        Ok(command)
    }
}

/// Returns the folder where a compiler keeps the libraries of a target, by default its own.
pub fn target_libdir(rustc: impl AsRef<OsStr>, target: Option<&str>) -> Result<PathBuf> {
    let mut command = Command::new(rustc);
    command.args(["--print", "target-libdir"]);
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    process::read(&mut command).map(PathBuf::from)
}

/// The file that says which compiler built the libraries in a folder. Another version could not
/// read them.
pub fn std_stamp(libdir: &Path) -> PathBuf {
    libdir.join("built-by")
}

fn debian_std_is_current(rustc: &Path) -> Result<bool> {
    let libdir = target_libdir(rustc, Some(TARGET))?;
    let version = process::read(Command::new(rustc).arg("--version"))?;
    let built_by = std::fs::read_to_string(std_stamp(&libdir))?;
    Ok(built_by == version && has_std(&libdir))
}

fn has_std(libdir: &Path) -> bool {
    std::fs::read_dir(libdir).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
    })
}
