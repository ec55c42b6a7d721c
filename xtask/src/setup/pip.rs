//! Packages of the Python Package Index, in environments of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{apt, run_or_advise};
use crate::process::{self, Result};
use crate::workspace::Workspace;

/// Python environment with exactly the packages of a requirements file, by their hashes.
pub struct Environment {
    /// Its folder in the cache.
    name: &'static str,
    requirements: &'static str,
    /// The file of the requirements, from the root of the checkout.
    file: &'static str,
}

/// The runner of the Autobahn test suite's cases, with the hashes of its packages for Linux, macOS
/// and Windows.
pub const KOSOKU: Environment = Environment {
    name: "kosoku",
    requirements: include_str!("kosoku.txt"),
    file: "xtask/src/setup/kosoku.txt",
};

/// The clients of tests/python, for Linux and macOS, Python 3.11 to 3.13. Of what they depend on,
/// only the packages that the tests load are there: the rest is larger than all of these.
pub const CLIENTS: Environment = Environment {
    name: "clients",
    requirements: include_str!("clients.txt"),
    file: "xtask/src/setup/clients.txt",
};

impl Environment {
    /// Returns the path of a program, which exists once the environment is installed.
    pub fn program(&self, workspace: &Workspace, name: &str) -> PathBuf {
        self.folder(workspace).join("bin").join(name)
    }

    /// Returns true if the installed packages are those of the requirements.
    pub fn found(&self, workspace: &Workspace) -> bool {
        std::fs::read_to_string(self.installed_from(workspace))
            .is_ok_and(|installed| installed == self.requirements)
    }

    /// Installs the packages with the system's Python, if they are those that the hashes name.
    pub fn install(&self, workspace: &Workspace) -> Result<()> {
        let folder = self.folder(workspace);
        // Debian's Python comes without the module that makes environments.
        if process::find("python3").is_none() || make(&folder).is_err() {
            apt::install(&["python3", "python3-venv"])?;
            make(&folder)?;
        }
        let mut pip = Command::new(self.program(workspace, "pip"));
        pip.args(["install", "--quiet", "--no-deps", "--no-compile"])
            .args(["--require-hashes", "--requirement"])
            .arg(workspace.root.join(self.file));
        let by_hand = process::line_of(&pip);
        run_or_advise(&mut pip, &by_hand)?;
        std::fs::write(self.installed_from(workspace), self.requirements)?;
        Ok(())
    }

    fn folder(&self, workspace: &Workspace) -> PathBuf {
        workspace.cache.join("python").join(self.name)
    }

    /// A copy of the requirements that the packages were installed from.
    fn installed_from(&self, workspace: &Workspace) -> PathBuf {
        self.folder(workspace).join("installed-from.txt")
    }
}

/// Makes an environment without packages, also where there is one.
fn make(folder: &Path) -> Result<()> {
    let mut venv = Command::new("python3");
    process::run(venv.args(["-m", "venv", "--clear"]).arg(folder))
}
