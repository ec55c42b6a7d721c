//! The runtimes of JavaScript that tests run in.

use std::process::Command;

use crate::process::{self, Result};
use crate::setup;
use crate::workspace::Workspace;

/// Where JavaScript runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// A page of Chromium.
    Page,
    /// A dedicated worker of Chromium.
    Worker,
    SharedWorker,
    ServiceWorker,
    /// A page of Firefox.
    Firefox,
    Node24,
    Node22,
    Deno,
    Bun,
}

impl Runtime {
    /// Tells wasm-bindgen's test runner to run a test here.
    pub fn choose(self, command: &mut Command, workspace: &Workspace) -> Result<()> {
        let place = match self {
            Self::Page | Self::Firefox => "WASM_BINDGEN_USE_BROWSER",
            Self::Worker => "WASM_BINDGEN_USE_DEDICATED_WORKER",
            Self::SharedWorker => "WASM_BINDGEN_USE_SHARED_WORKER",
            Self::ServiceWorker => "WASM_BINDGEN_USE_SERVICE_WORKER",
            Self::Node24 | Self::Node22 | Self::Deno | Self::Bun => {
                return self.choose_node(command, workspace);
            }
        };
        command.env(place, "1");
        if self == Self::Firefox {
            let driver = setup::geckodriver(workspace)?.ok_or("no geckodriver")?;
            command.env("GECKODRIVER", driver).env(
                "WASM_BINDGEN_TEST_WEBDRIVER_JSON",
                workspace.runtimes().join("firefox.json"),
            );
        } else {
            let driver = process::find("chromedriver").ok_or("no chromedriver")?;
            command.env("CHROMEDRIVER", driver);
        }
        Ok(())
    }

    /// The runner calls what it finds as `node`.
    fn choose_node(self, command: &mut Command, workspace: &Workspace) -> Result<()> {
        process::prepend_path(command, &workspace.npm_programs())?;
        let node = match self {
            Self::Node22 => workspace.node_modules().join("node22/bin"),
            Self::Deno => workspace.runtimes().join("deno"),
            Self::Bun => workspace.runtimes().join("bun"),
            _ => workspace.node_modules().join("node/bin"),
        };
        process::prepend_path(command, &node)
    }
}
