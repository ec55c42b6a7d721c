//! The benchmarks, with the other clients that they compare.

use std::process::Command;

use crate::pack;
use crate::package;
use crate::process::{self, Result};
use crate::setup::{self, Need};
use crate::workspace::Workspace;

/// Runs the `benches` package, release build, with these arguments.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let first = arguments.first().map_or("", String::as_str);
    let need = match first {
        "instructions" => Need::Valgrind,
        _ => Need::NodePackages,
    };
    setup::ensure(workspace, &[need])?;
    let mut bench = workspace.cargo();
    bench
        .args(["run", "--release", "--package", "benches", "--"])
        .args(arguments)
        .env("NODE24", workspace.node())
        .env("NODE_MODULES", workspace.node_modules());
    if first == "js" {
        bring_contestants(workspace, &mut bench)?;
    }
    process::run(&mut bench)
}

/// Builds the packages that `bench js` measures, and gives the command their paths.
fn bring_contestants(workspace: &Workspace, bench: &mut Command) -> Result<()> {
    setup::ensure(workspace, &[Need::Chromium])?;
    let typed = workspace.root.join("target/npm-parts/typed");
    bench.env("JS_PACKAGE", package::build(workspace)?);
    bench.env("TYPED", &typed);
    if let Some(driver) = process::find("chromedriver") {
        bench.env("CHROMEDRIVER", driver);
    }
    let mut build = pack::build(workspace, "benches/wasm", &typed)?;
    process::run(build.args(["--target", "web", "--release", "--out-name", "typed"]))
}
