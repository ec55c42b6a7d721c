//! Cargo for `wasm32-unknown-unknown`: which toolchain has its standard library, and how it is called.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Result};
use crate::setup;
use crate::workspace::Workspace;

/// The target of browsers, workers and JavaScript servers.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler, under the name that rustup knows it by once it is set up.
pub const DEBIAN_TOOLCHAIN: &str = "debian-web";

/// A toolchain that can build for [`TARGET`].
pub enum Toolchain {
    /// The one that builds for the host.
    Active,
    /// Debian's, with the standard library that setup built; it has no linker for wasm of its own.
    Debian {
        /// The folder of the active toolchain's `rust-lld`.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// The first toolchain that has the standard library.
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

    /// A cargo command of this toolchain; the caller still has to name the target.
    pub fn cargo(&self, workspace: &Workspace) -> Result<Command> {
        self.caller_of_cargo(workspace, "cargo")
    }

    /// A program that calls this toolchain's cargo.
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

/// wasm-pack's build of a crate, into this folder, without what belongs to a package; the caller still has to say how.
pub fn pack(workspace: &Workspace, package: &str, folder: &Path) -> Result<Command> {
    let toolchain = Toolchain::find().ok_or("no toolchain builds for wasm")?;
    let wasm_pack = setup::wasm_pack(workspace)?.ok_or("no wasm-pack")?;
    let wasm_bindgen = setup::wasm_bindgen(workspace)?.ok_or("no wasm-bindgen")?;
    let mut build = toolchain.caller_of_cargo(workspace, wasm_pack)?;
    // wasm-pack takes the one that it finds.
    process::prepend_path(&mut build, wasm_bindgen.parent().ok_or("no folder")?)?;
    build
        .args(["--log-level", "error", "build", package])
        .args(["--mode", "no-install", "--no-opt", "--no-pack"])
        .args(["--no-gitignore", "--out-dir"])
        .arg(folder);
    Ok(build)
}

/// Where this compiler keeps the libraries of a target, by default its own.
pub fn target_libdir(rustc: impl AsRef<OsStr>, target: Option<&str>) -> Result<PathBuf> {
    let mut command = Command::new(rustc);
    command.args(["--print", "target-libdir"]);
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    process::read(&mut command).map(PathBuf::from)
}

/// Which compiler built the libraries in this folder: another version's could not read them.
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
