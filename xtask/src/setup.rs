//! Installs the tools that are missing. A tool that is found is left alone.

mod apt;
mod cargo;
mod miri;
mod npm;
mod pip;
mod wasm_std;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Result};
use crate::wasm::Toolchain;
use crate::workspace::Workspace;

use cargo::{CARGO_FUZZ, GECKODRIVER, WASM_BINDGEN, WASM_PACK};

pub use miri::miri;
pub use pip::{CLIENTS, KOSOKU};

/// A tool, or a set of files, that some command needs.
#[derive(Clone, Copy)]
pub enum Need {
    /// A toolchain with the standard library of wasm32-unknown-unknown.
    WasmStd,
    /// The locked wasm-bindgen, with its test runner.
    WasmBindgen,
    /// wasm-pack, which builds the npm package.
    WasmPack,
    /// Chromium and its driver.
    Chromium,
    /// Firefox and its driver.
    Firefox,
    /// The npm packages of tests/node: the official SDK, a mock server, Node 24 and 22, Deno, Bun,
    /// workerd, and the tools that make and check an npm package.
    NodePackages,
    /// Recordings of speech.
    Recordings,
    /// Proxies for HTTP CONNECT and SOCKS5.
    Proxies,
    /// The cases of the Autobahn test suite, and their runner.
    Autobahn,
    /// The clients in Python that tests/python drives.
    PythonClients,
    /// cargo-fuzz, and a compiler for libFuzzer's own C++.
    CargoFuzz,
    /// Miri, the interpreter that detects undefined behaviour.
    Miri,
    /// Valgrind, whose callgrind counts instructions.
    Valgrind,
    /// A sound server, and the headers and the plugin of ALSA.
    Sound,
}

const ALL: [Need; 13] = [
    Need::WasmStd,
    Need::WasmBindgen,
    Need::WasmPack,
    Need::Chromium,
    Need::Firefox,
    Need::NodePackages,
    Need::Recordings,
    Need::Proxies,
    Need::Autobahn,
    Need::PythonClients,
    Need::CargoFuzz,
    Need::Valgrind,
    Need::Sound,
];

/// A folder of spoken WAV files, 48 kHz, mono, 16 bit.
const RECORDINGS: &str = "/usr/share/sounds/alsa";

/// Name of the program and of its package.
const FIREFOX: &str = "firefox-esr";

/// Names of the programs and of their packages.
const PROXIES: &[&str] = &["tinyproxy", "microsocks"];

/// Names of the packages: the server, its clients, and the library through which cpal reaches it.
const SOUND: &[&str] = &[
    "pulseaudio",
    "pulseaudio-utils",
    "libasound2-dev",
    "libasound2-plugins",
];

/// Installs every missing tool, except for Miri, which no package registry has.
pub fn all(workspace: &Workspace) -> Result<()> {
    ensure(workspace, &ALL)?;
    process::say("all tools are set up");
    Ok(())
}

/// Installs the missing ones of these tools. All are tried, so that one run tells everything that
/// is left to do by hand.
pub fn ensure(workspace: &Workspace, needs: &[Need]) -> Result<()> {
    process::all(needs.iter().map(|need| need.ensure(workspace)))
}

impl Need {
    fn name(self) -> &'static str {
        match self {
            Self::WasmStd => "the standard library of wasm32-unknown-unknown",
            Self::WasmBindgen => "wasm-bindgen and its test runner",
            Self::WasmPack => "wasm-pack",
            Self::Chromium => "Chromium and ChromeDriver",
            Self::Firefox => "Firefox and geckodriver",
            Self::NodePackages => "the npm packages of tests/node",
            Self::Recordings => "recordings of speech",
            Self::Proxies => "tinyproxy and microsocks",
            Self::Autobahn => "the Autobahn test suite's runner",
            Self::PythonClients => "the clients in Python",
            Self::CargoFuzz => "cargo-fuzz and a C++ compiler",
            Self::Miri => "Miri",
            Self::Valgrind => "Valgrind",
            Self::Sound => "PulseAudio and the headers of ALSA",
        }
    }

    fn ensure(self, workspace: &Workspace) -> Result<()> {
        if self.found(workspace)? {
            return Ok(());
        }
        process::say(&format!("setup: installing {}", self.name()));
        self.install(workspace)
            .map_err(|error| format!("cannot set up {}: {error}", self.name()))?;
        if self.found(workspace)? {
            Ok(())
        } else {
            Err(format!("{} cannot be found after its installation", self.name()).into())
        }
    }

    fn found(self, workspace: &Workspace) -> Result<bool> {
        Ok(match self {
            Self::WasmStd => Toolchain::find().is_some(),
            Self::WasmBindgen => test_runner(workspace)?.is_some(),
            Self::WasmPack => wasm_pack(workspace)?.is_some(),
            Self::Chromium => found(&["chromium", "chromedriver"]),
            Self::Firefox => found(&[FIREFOX]) && geckodriver(workspace)?.is_some(),
            Self::NodePackages => npm::found(workspace),
            Self::Recordings => Path::new(RECORDINGS).join("Front_Center.wav").is_file(),
            Self::Proxies => found(PROXIES),
            Self::Autobahn => KOSOKU.found(workspace),
            Self::PythonClients => CLIENTS.found(workspace),
            Self::CargoFuzz => found(&["c++"]) && cargo_fuzz(workspace)?.is_some(),
            Self::Miri => miri::found(workspace),
            Self::Valgrind => found(&["valgrind"]),
            Self::Sound => found(&["pulseaudio", "pacat"]) && has_alsa(),
        })
    }

    fn install(self, workspace: &Workspace) -> Result<()> {
        match self {
            Self::WasmStd => wasm_std::install(workspace),
            Self::WasmBindgen => WASM_BINDGEN.install(workspace),
            Self::WasmPack => WASM_PACK.install(workspace),
            Self::Chromium => apt::install(&["chromium", "chromium-driver"]),
            Self::Firefox => {
                if !found(&[FIREFOX]) {
                    apt::install(&[FIREFOX])?;
                }
                if geckodriver(workspace)?.is_none() {
                    GECKODRIVER.install(workspace)?;
                }
                Ok(())
            }
            Self::NodePackages => npm::install(workspace),
            Self::Recordings => apt::install(&["alsa-utils"]),
            Self::Proxies => apt::install(PROXIES),
            Self::Autobahn => KOSOKU.install(workspace),
            Self::PythonClients => CLIENTS.install(workspace),
            Self::CargoFuzz => {
                if !found(&["c++"]) {
                    apt::install(&["g++"])?;
                }
                if cargo_fuzz(workspace)?.is_none() {
                    CARGO_FUZZ.install(workspace)?;
                }
                Ok(())
            }
            Self::Miri => miri::install(),
            Self::Valgrind => apt::install(&["valgrind"]),
            Self::Sound => apt::install(SOUND),
        }
    }
}

/// The test runner of the locked wasm-bindgen.
pub fn test_runner(workspace: &Workspace) -> Result<Option<PathBuf>> {
    WASM_BINDGEN.program(workspace, "wasm-bindgen-test-runner")
}

/// The locked wasm-bindgen.
pub fn wasm_bindgen(workspace: &Workspace) -> Result<Option<PathBuf>> {
    WASM_BINDGEN.program(workspace, "wasm-bindgen")
}

/// wasm-pack.
pub fn wasm_pack(workspace: &Workspace) -> Result<Option<PathBuf>> {
    WASM_PACK.program(workspace, "wasm-pack")
}

/// cargo-fuzz.
pub fn cargo_fuzz(workspace: &Workspace) -> Result<Option<PathBuf>> {
    CARGO_FUZZ.program(workspace, "cargo-fuzz")
}

/// Firefox's driver.
pub fn geckodriver(workspace: &Workspace) -> Result<Option<PathBuf>> {
    GECKODRIVER.program(workspace, "geckodriver")
}

/// Returns whether programs can be built with ALSA, and their sound can go to `pulseaudio`.
fn has_alsa() -> bool {
    let pulse = "alsa-lib/libasound_module_pcm_pulse.so";
    let mut folders = std::fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten();
    Path::new("/usr/include/alsa/asoundlib.h").is_file()
        && folders.any(|folder| folder.path().join(pulse).is_file())
}

fn found(programs: &[&str]) -> bool {
    programs
        .iter()
        .all(|program| process::find(program).is_some())
}

/// Runs a command that installs something. If it fails, the error has the command to run by hand.
fn run_or_advise(command: &mut Command, advice: &str) -> Result<()> {
    process::run(command).map_err(|error| format!("{error}; run by hand: {advice}").into())
}
