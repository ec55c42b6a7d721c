//! The example of a page: its code in wasm, and its server.

use std::path::PathBuf;
use std::process::Command;

use crate::pack;
use crate::process::{self, Result};
use crate::setup::{self, Need};
use crate::workspace::Workspace;

/// The tools of a build.
pub const NEEDS: &[Need] = &[Need::WasmStd, Need::WasmBindgen, Need::WasmPack];

const FOLDER: &str = "examples/browser";
const PACKAGE: &str = "browser-example";

/// Builds the page and serves it, with these arguments, until it is interrupted.
pub fn serve(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    process::run(Command::new(build(workspace)?).args(arguments))
}

/// Builds the page, and its server, whose path it returns.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    setup::ensure(workspace, NEEDS)?;
    process::say("building the page");
    let folder = workspace.root.join(FOLDER);
    let mut page = pack::build(workspace, FOLDER, &folder.join("pkg"))?;
    process::run(page.args(["--target", "web", "--profile", "small", "--no-typescript"]))?;
    process::run(workspace.cargo().args(["build", "--package", PACKAGE]))?;
    // Cargo puts it where it has put this program.
    Ok(std::env::current_exe()?.with_file_name(PACKAGE))
}
