//! The npm package, made from wasm-pack.toml: wasm-pack builds the wasm and its glue, wasm-opt
//! makes the wasm small, esbuild puts the class, the glue and a loader into one script for each
//! kind of runtime.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;

use crate::pack;
use crate::process::{self, Result};
use crate::setup::{self, Need};
use crate::wasm::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// The tools of a build.
pub const NEEDS: &[Need] = &[
    Need::WasmStd,
    Need::WasmBindgen,
    Need::WasmPack,
    Need::NodePackages,
];

/// The class, in JavaScript.
const CLASS: &str = "src/browser/js";

/// The files of wasm-pack.toml's crate that go into the package as they are.
const AS_THEY_ARE: &[&str] = &["package.json", "README.md", "workerd.js", "workerd.d.ts"];

/// Files that runtimes load together, and these runtimes.
const LOADS: &[(&[&str], &str)] = &[
    (&["index.js"], "pages, workers, Node, Deno, Bun"),
    (
        &["edge.js", "core.wasm"],
        "Cloudflare Workers, edge runtimes",
    ),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(rename = "crate")]
    package: String,
    profile: String,
    features: Vec<String>,
    target: String,
    optimize: Vec<String>,
    budget: Budget,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    raw: usize,
    gzipped: usize,
}

/// Builds the package and prints its size.
///
/// # Errors
/// If it is larger than its budget.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    setup::ensure(workspace, NEEDS)?;
    process::say("building the npm package");
    let settings: Settings =
        toml::from_str(&fs::read_to_string(workspace.root.join("wasm-pack.toml"))?)?;
    let parts = emptied(workspace.root.join("target/npm-parts"))?;
    let package = emptied(workspace.root.join("target/npm"))?;
    build_wasm(workspace, &settings, &parts)?;
    let source = workspace.root.join(&settings.package);
    copy(&workspace.root.join(CLASS), ".js", &parts)?;
    copy(&source, ".js", &parts)?;
    copy(&workspace.root.join(CLASS), ".d.ts", &package)?;
    optimize(workspace, &settings, &parts, &package)?;
    bundle(workspace, &parts, "inline.js", &package.join("index.js"))?;
    bundle(
        workspace,
        &parts,
        "precompiled.js",
        &package.join("edge.js"),
    )?;
    for name in AS_THEY_ARE {
        fs::copy(source.join(name), package.join(name))?;
    }
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(workspace.root.join(name), package.join(name))?;
    }
    process::all(
        LOADS
            .iter()
            .map(|(files, runtimes)| weigh(&package, files, runtimes, settings.budget)),
    )?;
    Ok(package)
}

/// Builds the wasm of a crate that depends on ours without any feature: the package's own crate,
/// without wasm-pack.toml's settings.
pub fn wasm_without_features(workspace: &Workspace) -> Result<PathBuf> {
    let toolchain = Toolchain::find().ok_or("no toolchain builds for wasm")?;
    process::run(toolchain.cargo(workspace)?.args([
        "build",
        "--package",
        "openai-realtime-ws-npm",
        "--target",
        TARGET,
    ]))?;
    let built = workspace.root.join("target").join(TARGET).join("debug");
    Ok(built.join("openai_realtime_ws_npm.wasm"))
}

fn emptied(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Leaves `core.js` and `core_bg.wasm` in the folder.
fn build_wasm(workspace: &Workspace, settings: &Settings, folder: &Path) -> Result<()> {
    let features = settings.features.iter();
    let features: Vec<_> = features
        .map(|feature| format!("openai-realtime-ws/{feature}"))
        .collect();
    let mut build = pack::build(workspace, &settings.package, folder)?;
    build
        .args(["--target", &settings.target, "--profile", &settings.profile])
        .args(["--out-name", "core"])
        .args(["--", "--features", &features.join(",")]);
    process::run(&mut build)
}

/// Copies the files whose names end so.
fn copy(from: &Path, ending: &str, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let file = entry?;
        let name = file.file_name();
        if name.to_string_lossy().ends_with(ending) {
            fs::copy(file.path(), to.join(name))?;
        }
    }
    Ok(())
}

/// Makes the wasm smaller: `core_bg.wasm` for the scripts that contain it, `core.wasm` in the
/// package.
fn optimize(
    workspace: &Workspace,
    settings: &Settings,
    parts: &Path,
    package: &Path,
) -> Result<()> {
    let small = package.join("core.wasm");
    let whole = parts.join("core_bg.wasm");
    process::run(
        Command::new(workspace.npm_programs().join("wasm-opt"))
            .args(&settings.optimize)
            .arg(&whole)
            .arg("-o")
            .arg(&small),
    )?;
    fs::copy(&small, &whole)?;
    Ok(())
}

/// Bundles a script. Names stay as they are, so that stack traces are readable.
fn bundle(workspace: &Workspace, parts: &Path, entry: &str, script: &Path) -> Result<()> {
    process::run(
        Command::new(workspace.npm_programs().join("esbuild"))
            .current_dir(parts)
            .arg(entry)
            .args([
                "--bundle",
                "--format=esm",
                "--platform=neutral",
                "--target=es2022",
            ])
            .args(["--minify", "--keep-names", "--log-level=warning"])
            .args(["--loader:.wasm=binary", "--external:*.wasm?module"])
            .arg(format!("--outfile={}", script.display())),
    )
}

/// Prints how large the files are together.
fn weigh(package: &Path, files: &[&str], runtimes: &str, budget: Budget) -> Result<()> {
    let mut size = Budget { raw: 0, gzipped: 0 };
    for file in files {
        let bytes = fs::read(package.join(file))?;
        size.raw += bytes.len();
        size.gzipped += gzipped(&bytes)?;
    }
    let line = format!(
        "size: {} bytes raw, {} gzipped, of {} and {} ({}: {runtimes})",
        size.raw,
        size.gzipped,
        budget.raw,
        budget.gzipped,
        files.join(" + "),
    );
    if size.raw > budget.raw || size.gzipped > budget.gzipped {
        return Err(format!("the npm package is above its budget: {line}").into());
    }
    println!("{line}");
    Ok(())
}

fn gzipped(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}
