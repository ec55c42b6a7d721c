//! The parts of the tests: what each is, what it needs, and how it runs.

use std::path::PathBuf;
use std::process::Command;

use super::counts::Counts;
use super::runtime::{self, Runtime};
use crate::browser;
use crate::fuzz;
use crate::package;
use crate::process::{self, Result};
use crate::services::{Aimock, Emulator};
use crate::setup::{self, Need};
use crate::soak;
use crate::wasm::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// A part of the tests.
pub struct Part {
    pub name: &'static str,
    pub about: &'static str,
    /// True if it belongs to the fast half, `--native`.
    pub native: bool,
    pub needs: &'static [Need],
    /// True if it is left out on machines that cannot get its tools, which no package registry has.
    pub optional: bool,
    pub run: fn(&mut Stage) -> Result<Outcome>,
}

/// The counts, and whether the runner itself ended well.
pub type Outcome = (Counts, bool);

const IN_CHROMIUM: &[Need] = &[
    Need::WasmStd,
    Need::WasmBindgen,
    Need::WasmPack,
    Need::NodePackages,
    Need::Chromium,
];
const IN_FIREFOX: &[Need] = &[
    Need::WasmStd,
    Need::WasmBindgen,
    Need::WasmPack,
    Need::NodePackages,
    Need::Firefox,
];
const ON_SERVERS: &[Need] = package::NEEDS;

/// The tools to build a page and to look at it.
const IN_APP: &[Need] = &[
    Need::WasmStd,
    Need::WasmBindgen,
    Need::WasmPack,
    Need::Chromium,
    Need::Firefox,
    Need::NodePackages,
    Need::Recordings,
];

/// Tests that are worth their time under Miri, which takes about a thousand times as long: data
/// shared by threads, the state machine, and code that cuts and decodes text. Tests of many cases
/// or many samples are left out, and one that reads a file.
const MIRI_TESTS: &str = "--lib --test protocol -- connection:: session::sender frames::contract \
    audio --skip properties --skip audio:: --skip backlog::nothing_is_lost --skip diagram";

/// Every part, in the order they run.
pub const PARTS: &[Part] = &[
    Part {
        name: "xtask",
        about: "these commands themselves",
        native: true,
        needs: &[],
        optional: false,
        run: |stage| stage.cargo_test("--package xtask --package soak"),
    },
    Part {
        name: "core",
        about: "the crate without features",
        native: true,
        needs: &[],
        optional: false,
        run: |stage| stage.cargo_test(""),
    },
    Part {
        name: "native",
        about: "the native transport and the emulator",
        native: true,
        needs: &[],
        optional: false,
        run: |stage| stage.cargo_test("--all-features"),
    },
    Part {
        name: "miri",
        about: "the core under Miri, which sees undefined behaviour, also that of dependencies",
        native: false,
        needs: &[Need::Miri],
        optional: true,
        run: |stage| stage.miri_test(MIRI_TESTS),
    },
    Part {
        name: "page",
        about: "the wasm transport and the npm package in a page of Chromium",
        native: false,
        needs: IN_CHROMIUM,
        optional: false,
        run: |stage| stage.everything_in(Runtime::Page),
    },
    Part {
        name: "worker",
        about: "the wasm transport and the npm package in a dedicated worker of Chromium",
        native: false,
        needs: IN_CHROMIUM,
        optional: false,
        run: |stage| stage.everything_in(Runtime::Worker),
    },
    Part {
        name: "shared",
        about: "the wasm transport and the npm package in a shared worker of Chromium",
        native: false,
        needs: IN_CHROMIUM,
        optional: false,
        run: |stage| stage.everything_in(Runtime::SharedWorker),
    },
    Part {
        name: "service",
        about: "the wasm transport and the npm package in a service worker of Chromium",
        native: false,
        needs: IN_CHROMIUM,
        optional: false,
        run: |stage| stage.everything_in(Runtime::ServiceWorker),
    },
    Part {
        name: "firefox",
        about: "the wasm transport and the npm package in a page of Firefox",
        native: false,
        needs: IN_FIREFOX,
        optional: false,
        run: |stage| stage.everything_in(Runtime::Firefox),
    },
    Part {
        name: "node",
        about: "the wasm transport and the npm package in Node 24",
        native: false,
        needs: ON_SERVERS,
        optional: false,
        run: |stage| stage.everything_in(Runtime::Node24),
    },
    Part {
        name: "node22",
        about: "the wasm transport and the npm package in Node 22",
        native: false,
        needs: ON_SERVERS,
        optional: false,
        run: |stage| stage.everything_in(Runtime::Node22),
    },
    Part {
        name: "deno",
        about: "the wasm transport and the npm package in Deno",
        native: false,
        needs: ON_SERVERS,
        optional: false,
        run: |stage| stage.everything_in(Runtime::Deno),
    },
    Part {
        name: "bun",
        about: "the wasm transport and the npm package in Bun",
        native: false,
        needs: ON_SERVERS,
        optional: false,
        run: |stage| stage.everything_in(Runtime::Bun),
    },
    Part {
        name: "workerd",
        about: "the npm package in Cloudflare's workerd",
        native: false,
        needs: ON_SERVERS,
        optional: false,
        run: |stage| stage.package_in(Runtime::Workerd),
    },
    Part {
        name: "class",
        about: "the npm package's class beside the official SDK's, on Node 24",
        native: false,
        needs: ON_SERVERS,
        optional: false,
        run: |stage| stage.package_test("tests/js"),
    },
    Part {
        name: "package",
        about: "what is in the npm package, and that bundlers take it",
        native: false,
        needs: IN_CHROMIUM,
        optional: false,
        run: |stage| stage.contents_test(),
    },
    Part {
        name: "sdk",
        about: "the official SDK on Node 24 against the emulator",
        native: false,
        needs: &[Need::NodePackages],
        optional: false,
        run: |stage| stage.sdk_test(),
    },
    Part {
        name: "clients",
        about: "OpenAI's Agents SDK and the AI SDK on Node 24 against the emulator",
        native: false,
        needs: &[Need::NodePackages],
        optional: false,
        run: |stage| stage.clients_test(),
    },
    Part {
        name: "python",
        about: "openai-python, OpenAI's Agents SDK, Pipecat, LiveKit and LiteLLM against the emulator",
        native: false,
        needs: &[Need::PythonClients],
        optional: false,
        run: |stage| stage.python_test(),
    },
    Part {
        name: "app",
        about: "the example of a page, in Chromium and in Firefox",
        native: false,
        needs: IN_APP,
        optional: false,
        run: |stage| stage.app_test(),
    },
    Part {
        name: "aimock",
        about: "the client against aimock, a third party's mock server",
        native: false,
        needs: &[Need::NodePackages],
        optional: false,
        run: |stage| stage.aimock_test(),
    },
    Part {
        name: "demo",
        about: "the demo on a recording of speech",
        native: false,
        needs: &[Need::Recordings],
        optional: false,
        run: |stage| stage.cargo_test("--all-features --test demo"),
    },
    Part {
        name: "assistant",
        about: "the voice assistant on PulseAudio's devices without hardware",
        native: false,
        needs: &[Need::Sound],
        optional: false,
        run: |stage| {
            let mut cargo = stage.workspace.assistant();
            cargo.args(["test", "--no-fail-fast"]);
            count(cargo)
        },
    },
    Part {
        name: "soak",
        about: "200 sessions over connections that break, for half a minute",
        native: true,
        needs: &[],
        optional: false,
        run: |stage| {
            let arguments = ["--seconds", "30", "--sessions", "200"];
            count(soak::command(stage.workspace, false, &arguments))
        },
    },
    Part {
        name: "autobahn",
        about: "the native transport before the Autobahn test suite for RFC 6455",
        native: false,
        needs: &[Need::Autobahn],
        optional: false,
        run: |stage| {
            let mut command = test(stage.workspace.cargo(), "--all-features --test autobahn");
            command.env("KOSOKU", setup::KOSOKU.program(stage.workspace, "kosoku"));
            count(command)
        },
    },
    Part {
        name: "proxy",
        about: "sessions through tinyproxy and microsocks",
        native: false,
        needs: &[Need::Proxies],
        optional: false,
        run: |stage| stage.cargo_test("--all-features --test proxy"),
    },
    Part {
        name: "fuzz",
        about: "the fuzzers, for a minute",
        native: false,
        needs: fuzz::NEEDS,
        optional: false,
        run: |stage| stage.fuzz(),
    },
];

/// The checkout that parts run in, and the services that several of them share.
pub struct Stage<'a> {
    pub workspace: &'a Workspace,
    emulator: Option<Emulator>,
    /// Emulator whose replies take as long as speech, so that clients can interrupt them.
    speaker: Option<Emulator>,
    /// The folder of the npm package.
    package: Option<PathBuf>,
}

impl<'a> Stage<'a> {
    pub fn new(workspace: &'a Workspace) -> Self {
        Self {
            workspace,
            emulator: None,
            speaker: None,
            package: None,
        }
    }

    fn cargo_test(&mut self, arguments: &str) -> Result<Outcome> {
        count(test(self.workspace.cargo(), arguments))
    }

    fn miri_test(&mut self, arguments: &str) -> Result<Outcome> {
        let mut miri = setup::miri(self.workspace);
        miri.args(["test", "--no-fail-fast"])
            .args(arguments.split_whitespace());
        count(miri)
    }

    fn wasm_test(&mut self, runtime: Runtime) -> Result<Outcome> {
        let workspace = self.workspace;
        let toolchain = Toolchain::find().ok_or("no toolchain builds for wasm")?;
        let runner = setup::test_runner(workspace)?.ok_or("no test runner for wasm")?;
        let mut command = test(toolchain.cargo(workspace)?, runtime.wasm_tests());
        command
            .args(["--target", TARGET])
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)
            // Seconds; the default is for single small tests.
            .env("WASM_BINDGEN_TEST_TIMEOUT", "120");
        runtime.choose(&mut command, workspace)?;
        self.emulator()?.tell(&mut command);
        count(command)
    }

    /// Runs the suite of the wasm transport, then the npm package's.
    fn everything_in(&mut self, runtime: Runtime) -> Result<Outcome> {
        let (mut counts, succeeded) = self.wasm_test(runtime)?;
        let (more, succeeded_too) = self.package_in(runtime)?;
        counts.add(more);
        Ok((counts, succeeded && succeeded_too))
    }

    fn package_in(&mut self, runtime: Runtime) -> Result<Outcome> {
        let mut command = Command::new(self.workspace.node());
        command
            .arg(self.workspace.runtimes().join("run.mjs"))
            .arg(runtime.name());
        self.prepare_for_package(&mut command)?;
        count(command)
    }

    /// Gives a command the addresses of the emulator, the npm package and the browsers' drivers.
    fn prepare_for_package(&mut self, command: &mut Command) -> Result<()> {
        let package = match self.package.take() {
            Some(package) => package,
            None => package::build(self.workspace)?,
        };
        command.env("JS_PACKAGE", self.package.insert(package));
        runtime::name_drivers(command, self.workspace)?;
        self.emulator()?.tell(command);
        Ok(())
    }

    /// Runs a folder's tests of the npm package.
    fn package_test(&mut self, folder: &str) -> Result<Outcome> {
        let mut command = node_test(self.workspace, folder, "*.test.mjs");
        self.prepare_for_package(&mut command)?;
        count(command)
    }

    fn contents_test(&mut self) -> Result<Outcome> {
        let mut command = node_test(self.workspace, "tests/runtimes", "*.test.mjs");
        self.prepare_for_package(&mut command)?;
        let wasm = package::wasm_without_features(self.workspace)?;
        command.env("WASM_WITHOUT_FEATURES", wasm);
        count(command)
    }

    fn sdk_test(&mut self) -> Result<Outcome> {
        let mut command = node_test(self.workspace, "tests/node", "*.test.mjs");
        self.emulator()?.tell(&mut command);
        count(command)
    }

    fn clients_test(&mut self) -> Result<Outcome> {
        let mut command = node_test(self.workspace, "tests/node", "clients/*.test.mjs");
        self.speaker()?.tell(&mut command);
        count(command)
    }

    fn python_test(&mut self) -> Result<Outcome> {
        let mut command = Command::new(setup::CLIENTS.program(self.workspace, "python"));
        command.arg("tests/python/run.py");
        command.current_dir(&self.workspace.root);
        self.speaker()?.tell(&mut command);
        count(command)
    }

    fn app_test(&mut self) -> Result<Outcome> {
        let (mut counts, succeeded) = self.cargo_test("--package browser-example")?;
        let server = browser::build(self.workspace)?;
        let mut command = node_test(self.workspace, "tests/node", "page/*.test.mjs");
        command
            .env("PAGE_SERVER", server)
            .env("PAGE_SCREENSHOTS", self.workspace.root.join("target/page"));
        if let Some(chromium) = process::find("chromium") {
            command.env("CHROMIUM", chromium);
        }
        runtime::name_drivers(&mut command, self.workspace)?;
        self.emulator()?.tell(&mut command);
        let (in_browser, all) = count(command)?;
        counts.add(in_browser);
        Ok((counts, succeeded && all))
    }

    fn aimock_test(&mut self) -> Result<Outcome> {
        let aimock = Aimock::start(self.workspace)?;
        let mut command = test(self.workspace.cargo(), "--all-features --test aimock");
        command.env("AIMOCK_URL", &aimock.url);
        count(command)
    }

    /// Runs the fuzzers. A target counts as a test.
    fn fuzz(&mut self) -> Result<Outcome> {
        let found = fuzz::fuzz(self.workspace, None, fuzz::SECONDS)?;
        let passed = found.iter().filter(|found| found.passed).count();
        let counts = Counts {
            passed,
            failed: found.len() - passed,
        };
        Ok((counts, true))
    }

    /// Returns the emulator, which the first part that needs it starts.
    fn emulator(&mut self) -> Result<&Emulator> {
        running(&mut self.emulator, self.workspace, "none")
    }

    /// Returns the emulator that speaks at the pace of speech, as [`Self::emulator`] does.
    fn speaker(&mut self) -> Result<&Emulator> {
        running(&mut self.speaker, self.workspace, "1")
    }
}

/// Returns the emulator of this slot, and starts it if there is none.
fn running<'e>(
    slot: &'e mut Option<Emulator>,
    workspace: &Workspace,
    pace: &str,
) -> Result<&'e Emulator> {
    let emulator = match slot.take() {
        Some(emulator) => emulator,
        None => Emulator::start(workspace, pace)?,
    };
    Ok(slot.insert(emulator))
}

/// Returns the command for Node 24's own test runner.
fn node_test(workspace: &Workspace, folder: &str, files: &str) -> Command {
    let mut command = Command::new(workspace.node());
    command
        .arg("--import")
        .arg(workspace.node_tests().join("leave.mjs"))
        .args([
            "--expose-gc",
            "--test",
            "--test-reporter=spec",
            "--test-timeout=60000",
            files,
        ])
        .current_dir(workspace.root.join(folder))
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
