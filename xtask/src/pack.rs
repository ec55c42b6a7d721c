//! wasm-pack, as every build of a page or a package calls it.

use std::path::Path;
use std::process::Command;

use crate::process::{self, Result};
use crate::setup;
use crate::wasm::Toolchain;
use crate::workspace::Workspace;

/// Returns wasm-pack's build of a crate into a folder, without the files of an npm package; the
/// caller still has to name target and profile.
pub fn build(workspace: &Workspace, package: &str, folder: &Path) -> Result<Command> {
    let toolchain = Toolchain::find().ok_or("no toolchain builds for wasm")?;
    let wasm_pack = setup::wasm_pack(workspace)?.ok_or("no wasm-pack")?;
    let wasm_bindgen = setup::wasm_bindgen(workspace)?.ok_or("no wasm-bindgen")?;
    let mut build = toolchain.caller_of_cargo(workspace, wasm_pack)?;
    // wasm-pack takes the wasm-bindgen that it finds first.
    process::prepend_path(&mut build, wasm_bindgen.parent().ok_or("no folder")?)?;
    build
        .args(["--log-level", "error", "build", package])
        .args(["--mode", "no-install", "--no-opt", "--no-pack"])
        .args(["--no-gitignore", "--out-dir"])
        .arg(folder);
    Ok(build)
}
