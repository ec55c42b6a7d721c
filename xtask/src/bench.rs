//! The benchmarks, with the peers that they are held against.

use crate::process::{self, Result};
use crate::setup::{self, Need};
use crate::workspace::Workspace;

/// Runs the `benches` package, release build, with these arguments.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    setup::ensure(workspace, &[Need::NodePackages])?;
    process::run(
        workspace
            .cargo()
            .args(["run", "--release", "--package", "benches", "--"])
            .args(arguments)
            .env("NODE24", workspace.node())
            .env("NODE_MODULES", workspace.node_modules()),
    )
}
