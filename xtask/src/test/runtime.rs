//! The runtimes of JavaScript that tests run in.

use std::process::Command;

use crate::process::{self, Result};
use crate::setup;
use crate::workspace::Workspace;

/// A runtime of JavaScript.
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
    Workerd,
}

impl Runtime {
    /// Its name in `tests/runtimes/run.mjs`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Worker => "worker",
            Self::SharedWorker => "shared",
            Self::ServiceWorker => "service",
            Self::Firefox => "firefox",
            Self::Node24 => "node",
            Self::Node22 => "node22",
            Self::Deno => "deno",
            Self::Bun => "bun",
            Self::Workerd => "workerd",
        }
    }

    /// Cargo's arguments for the tests of the wasm transport here.
    pub fn wasm_tests(self) -> &'static str {
        if self.place().is_some() {
            "--features rest --test wasm_browser --test wasm_rest"
        } else {
            "--features rest --test wasm_node --test wasm_rest"
        }
    }

    /// The variable that tells wasm-bindgen's test runner to run a test in a browser, and in which
    /// part of it.
    fn place(self) -> Option<&'static str> {
        match self {
            Self::Page | Self::Firefox => Some("WASM_BINDGEN_USE_BROWSER"),
            Self::Worker => Some("WASM_BINDGEN_USE_DEDICATED_WORKER"),
            Self::SharedWorker => Some("WASM_BINDGEN_USE_SHARED_WORKER"),
            Self::ServiceWorker => Some("WASM_BINDGEN_USE_SERVICE_WORKER"),
            Self::Node24 | Self::Node22 | Self::Deno | Self::Bun | Self::Workerd => None,
        }
    }

    /// Tells wasm-bindgen's test runner to run a test here.
    pub fn choose(self, command: &mut Command, workspace: &Workspace) -> Result<()> {
        let Some(place) = self.place() else {
            return self.choose_node(command, workspace);
        };
        command.env(place, "1");
        name_drivers(command, workspace)?;
        // The runner takes the first driver that is named.
        if self == Self::Firefox {
            command.env(
                "WASM_BINDGEN_TEST_WEBDRIVER_JSON",
                workspace.runtimes().join("firefox.json"),
            );
        } else {
            command.env_remove(GECKODRIVER);
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

const GECKODRIVER: &str = "GECKODRIVER";

/// Tells a command where the browsers' drivers are, as far as there are any.
pub fn name_drivers(command: &mut Command, workspace: &Workspace) -> Result<()> {
    if let Some(driver) = process::find("chromedriver") {
        command.env("CHROMEDRIVER", driver);
    }
    if let Some(driver) = setup::geckodriver(workspace)? {
        command.env(GECKODRIVER, driver);
    }
    Ok(())
}
