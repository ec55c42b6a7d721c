//! Many sessions over connections that break: the `soak` package.

use std::process::Command;

use crate::process::{self, Result};
use crate::workspace::Workspace;

/// Raises the limit of open files: both ends of every session are files of the process.
const WITH_MANY_FILES: &str = r#"ulimit -n "$(ulimit -Hn)" && exec "$@""#;

/// Returns the command of a run with these arguments, of the release build or the debug build.
pub fn command(workspace: &Workspace, release: bool, arguments: &[&str]) -> Command {
    let mut shell = workspace.caller_of_cargo("sh");
    shell.args(["-c", WITH_MANY_FILES, "sh", "cargo", "run", "--quiet"]);
    if release {
        shell.arg("--release");
    }
    shell.args(["--package", "soak", "--"]).args(arguments);
    shell
}

/// Runs the release build with these arguments.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    process::run(&mut command(workspace, true, &arguments))
}
