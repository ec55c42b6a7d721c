//! The standard library of wasm32-unknown-unknown.
//!
//! rustup has it ready. Where its server cannot be reached, Debian's compiler comes with the
//! library's sources, and the library is built from them, once.

use std::path::Path;
use std::process::Command;

use super::{apt, run_or_advise};
use crate::process::{self, Result};
use crate::wasm::{DEBIAN_TOOLCHAIN, TARGET, std_stamp, target_libdir};
use crate::workspace::Workspace;

const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";

/// Adds the target to the active toolchain, or else sets up Debian's.
pub fn install(workspace: &Workspace) -> Result<()> {
    let mut add = Command::new("rustup");
    add.args(["target", "add", TARGET])
        .env("RUST_BACKTRACE", "0")
        .current_dir(&workspace.root);
    let Err(error) = process::run(&mut add) else {
        return Ok(());
    };
    process::say(&format!(
        "setup: {error}; building it from Debian's sources instead"
    ));
    apt::install(&["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy"])
        .and_then(|()| build(&workspace.cache.join("wasm-std")))
        .and_then(|()| link())
        .map_err(|error| {
            format!("{error}\nor, with rustup's server in reach: rustup target add {TARGET}").into()
        })
}

/// Builds the library as a by-product of an empty crate, and puts it where the compiler looks for
/// it.
fn build(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder.join("src"))?;
    std::fs::write(folder.join("src/lib.rs"), "")?;
    std::fs::write(
        folder.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n",
    )?;
    let target = folder.join("target");
    process::run(
        Command::new(CARGO)
            .args(["build", "--release", "-Zbuild-std=std,panic_abort,test"])
            .args(["--target", TARGET, "--target-dir"])
            .arg(&target)
            .current_dir(folder)
            .env("RUSTC", RUSTC)
            .env("RUSTC_BOOTSTRAP", "1"),
    )?;
    let libdir = target_libdir(RUSTC, Some(TARGET))?;
    if libdir.exists() {
        // The libraries of an older version would be found as well.
        std::fs::remove_dir_all(&libdir)?;
    }
    std::fs::create_dir_all(&libdir)?;
    for entry in std::fs::read_dir(target.join(TARGET).join("release/deps"))? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default();
        let is_library = file
            .extension()
            .is_some_and(|extension| extension == "rlib");
        if is_library && !name.to_string_lossy().starts_with("libempty-") {
            std::fs::copy(&file, libdir.join(name))?;
        }
    }
    let version = process::read(Command::new(RUSTC).arg("--version"))?;
    std::fs::write(std_stamp(&libdir), version)?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

/// Makes rustup know Debian's toolchain, so that one variable chooses it.
fn link() -> Result<()> {
    let arguments = ["toolchain", "link", DEBIAN_TOOLCHAIN, "/usr"];
    let by_hand = format!("rustup {}", arguments.join(" "));
    run_or_advise(Command::new("rustup").args(arguments), &by_hand)
}
