//! The parts of the tests: what each is, what it needs, and how it runs.

use std::process::Command;

use super::counts::Counts;
use super::runtime::Runtime;
use crate::browser;
use crate::fuzz;
use crate::process::{self, Result};
use crate::services::{Aimock, Emulator};
use crate::setup::{self, Need};
use crate::wasm::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// A part of the tests.
pub struct Part {
    pub name: &'static str,
    pub about: &'static str,
    /// Whether it belongs to the fast half, `--native`.
    pub native: bool,
    pub needs: &'static [Need],
    pub run: fn(&mut Stage) -> Result<Outcome>,
}

/// The counts, and whether the runner itself ended well.
pub type Outcome = (Counts, bool);

const IN_CHROMIUM: &[Need] = &[Need::WasmStd, Need::WasmBindgen, Need::Chromium];
const IN_FIREFOX: &[Need] = &[Need::WasmStd, Need::WasmBindgen, Need::Firefox];
const IN_SERVERS: &[Need] = &[Need::WasmStd, Need::WasmBindgen, Need::NodePackages];

/// What a page needs, to be built and to be seen.
const IN_APP: &[Need] = &[
    Need::WasmStd,
    Need::WasmBindgen,
    Need::WasmPack,
    Need::Chromium,
    Need::NodePackages,
    Need::Recordings,
];

/// The tests of pages and workers.
const BROWSER_TESTS: &str = "--test wasm_browser";
/// The tests of JavaScript's servers.
const SERVER_TESTS: &str = "--features rest --test wasm_node --test wasm_rest";

/// Every part, in the order they run.
pub const PARTS: &[Part] = &[
    Part {
        name: "xtask",
        about: "these commands themselves",
        native: true,
        needs: &[],
        run: |stage| stage.cargo_test("--package xtask"),
    },
    Part {
        name: "core",
        about: "the crate without features",
        native: true,
        needs: &[],
        run: |stage| stage.cargo_test(""),
    },
    Part {
        name: "native",
        about: "the native transport and the emulator",
        native: true,
        needs: &[],
        run: |stage| stage.cargo_test("--all-features"),
    },
    Part {
        name: "page",
        about: "wasm in a page of Chromium",
        native: false,
        needs: IN_CHROMIUM,
        run: |stage| stage.wasm_test(Runtime::Page, BROWSER_TESTS),
    },
    Part {
        name: "worker",
        about: "wasm in a dedicated worker of Chromium",
        native: false,
        needs: IN_CHROMIUM,
        run: |stage| stage.wasm_test(Runtime::Worker, BROWSER_TESTS),
    },
    Part {
        name: "shared",
        about: "wasm in a shared worker of Chromium",
        native: false,
        needs: IN_CHROMIUM,
        run: |stage| stage.wasm_test(Runtime::SharedWorker, BROWSER_TESTS),
    },
    Part {
        name: "service",
        about: "wasm in a service worker of Chromium",
        native: false,
        needs: IN_CHROMIUM,
        run: |stage| stage.wasm_test(Runtime::ServiceWorker, BROWSER_TESTS),
    },
    Part {
        name: "firefox",
        about: "wasm in a page of Firefox",
        native: false,
        needs: IN_FIREFOX,
        run: |stage| stage.wasm_test(Runtime::Firefox, BROWSER_TESTS),
    },
    Part {
        name: "node",
        about: "wasm in Node 24",
        native: false,
        needs: IN_SERVERS,
        run: |stage| stage.wasm_test(Runtime::Node24, SERVER_TESTS),
    },
    Part {
        name: "node22",
        about: "wasm in Node 22",
        native: false,
        needs: IN_SERVERS,
        run: |stage| stage.wasm_test(Runtime::Node22, SERVER_TESTS),
    },
    Part {
        name: "deno",
        about: "wasm in Deno",
        native: false,
        needs: IN_SERVERS,
        run: |stage| stage.wasm_test(Runtime::Deno, SERVER_TESTS),
    },
    Part {
        name: "bun",
        about: "wasm in Bun",
        native: false,
        needs: IN_SERVERS,
        run: |stage| stage.wasm_test(Runtime::Bun, SERVER_TESTS),
    },
    Part {
        name: "sdk",
        about: "the official SDK on Node 24 against the emulator",
        native: false,
        needs: &[Need::NodePackages],
        run: |stage| stage.node_test(),
    },
    Part {
        name: "app",
        about: "the example of a page, with a recording for a microphone",
        native: false,
        needs: IN_APP,
        run: |stage| stage.app_test(),
    },
    Part {
        name: "aimock",
        about: "the client against aimock, a third party's mock server",
        native: false,
        needs: &[Need::NodePackages],
        run: |stage| stage.aimock_test(),
    },
    Part {
        name: "demo",
        about: "the demo on a recording of speech",
        native: false,
        needs: &[Need::Recordings],
        run: |stage| stage.cargo_test("--all-features --test demo"),
    },
    Part {
        name: "proxy",
        about: "sessions through tinyproxy and microsocks",
        native: false,
        needs: &[Need::Proxies],
        run: |stage| stage.cargo_test("--all-features --test proxy"),
    },
    Part {
        name: "fuzz",
        about: "the fuzzers, for a minute",
        native: false,
        needs: fuzz::NEEDS,
        run: |stage| stage.fuzz(),
    },
];

/// Where parts run: the checkout, and the server that several of them share.
pub struct Stage<'a> {
    pub workspace: &'a Workspace,
    emulator: Option<Emulator>,
}

impl<'a> Stage<'a> {
    pub fn new(workspace: &'a Workspace) -> Self {
        Self {
            workspace,
            emulator: None,
        }
    }

    fn cargo_test(&mut self, arguments: &str) -> Result<Outcome> {
        count(test(self.workspace.cargo(), arguments))
    }

    fn wasm_test(&mut self, runtime: Runtime, arguments: &str) -> Result<Outcome> {
        let workspace = self.workspace;
        let toolchain = Toolchain::find().ok_or("no toolchain builds for wasm")?;
        let runner = setup::test_runner(workspace)?.ok_or("no test runner for wasm")?;
        let mut command = test(toolchain.cargo(workspace)?, arguments);
        command
            .args(["--target", TARGET])
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)
            // Seconds; the default is for single small tests.
            .env("WASM_BINDGEN_TEST_TIMEOUT", "120");
        runtime.choose(&mut command, workspace)?;
        self.emulator()?.tell(&mut command);
        count(command)
    }

    fn node_test(&mut self) -> Result<Outcome> {
        let mut command = node_test(self.workspace, "*.test.mjs");
        self.emulator()?.tell(&mut command);
        count(command)
    }

    fn app_test(&mut self) -> Result<Outcome> {
        let server = browser::build(self.workspace)?;
        let mut command = node_test(self.workspace, "page/*.test.mjs");
        command
            .env("PAGE_SERVER", server)
            .env("PAGE_SCREENSHOTS", self.workspace.root.join("target/page"));
        if let Some(chromium) = process::find("chromium") {
            command.env("CHROMIUM", chromium);
        }
        self.emulator()?.tell(&mut command);
        count(command)
    }

    fn aimock_test(&mut self) -> Result<Outcome> {
        let aimock = Aimock::start(self.workspace)?;
        let mut command = test(self.workspace.cargo(), "--all-features --test aimock");
        command.env("AIMOCK_URL", &aimock.url);
        count(command)
    }

    /// A target counts as a test.
    fn fuzz(&mut self) -> Result<Outcome> {
        let found = fuzz::fuzz(self.workspace, None, fuzz::SECONDS)?;
        let passed = found.iter().filter(|found| found.passed).count();
        let counts = Counts {
            passed,
            failed: found.len() - passed,
        };
        Ok((counts, true))
    }

    /// The emulator, started by the first part that wants it.
    fn emulator(&mut self) -> Result<&Emulator> {
        let running = match self.emulator.take() {
            Some(emulator) => emulator,
            None => Emulator::start(self.workspace)?,
        };
        Ok(self.emulator.insert(running))
    }
}

/// Node 24's own test runner, on files of tests/node.
fn node_test(workspace: &Workspace, files: &str) -> Command {
    let mut command = Command::new(workspace.node());
    command
        .args([
            "--test",
            "--test-reporter=spec",
            "--test-timeout=60000",
            // A test that fails with its socket open must not keep the process.
            "--test-force-exit",
            files,
        ])
        .current_dir(workspace.node_tests())
        .env("NO_COLOR", "1");
    command
}

fn test(mut cargo: Command, arguments: &str) -> Command {
    cargo
        .args(["test", "--no-fail-fast"])
        .args(arguments.split_whitespace());
    cargo
}

fn count(mut command: Command) -> Result<Outcome> {
    let mut counts = Counts::default();
    let status = process::tee(&mut command, |line| counts.read(line))?;
    Ok((counts, status.success()))
}
