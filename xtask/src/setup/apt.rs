//! Packages of Debian and its kin.

use std::process::Command;

use super::run_or_advise;
use crate::process::{self, Result};

/// Installs packages. Without the right to do so, the error has the command for somebody who has.
pub fn install(packages: &[&str]) -> Result<()> {
    let packages_line = packages.join(" ");
    if process::find("apt-get").is_none() {
        return Err(
            format!("there is no apt-get here; install what Debian calls {packages_line}").into(),
        );
    }
    let by_hand = format!(
        "sudo apt-get update && sudo apt-get install --yes --no-install-recommends {packages_line}"
    );
    if process::read(Command::new("id").arg("-u"))? != "0" {
        return Err(format!("only root may install packages; run: {by_hand}").into());
    }
    // The lists of a new machine are empty or old. Without new lists, the packages may still be
    // there.
    if let Err(error) = process::run(apt_get().arg("update")) {
        process::say(&format!(
            "setup: {error}; going on with the old package lists"
        ));
    }
    let mut install = apt_get();
    install
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages);
    run_or_advise(&mut install, &by_hand)
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command
        .arg("--quiet")
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}
