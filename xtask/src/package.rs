//! The npm package, built as wasm-pack.toml says: wasm-pack compiles the core to wasm with its
//! glue, wasm2js translates the wasm to JavaScript, and esbuild bundles the class, the glue and the
//! core into one script for each module format. The conversation layer is plain JavaScript, and a
//! script of its own.
//!
//! The package holds no wasm: a page's Content Security Policy has to allow wasm, edge runtimes
//! take it from files only, and `node --jitless` has none. JavaScript of the same source runs
//! everywhere, and is no larger in gzip than wasm that a script carries in base64.

use std::collections::BTreeMap;
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

/// Needs of a build.
pub const NEEDS: &[Need] = &[
    Need::WasmStd,
    Need::WasmBindgen,
    Need::WasmPack,
    Need::NodePackages,
];

/// The class, in JavaScript.
const CLASS: &str = "src/browser/js";

/// The conversation layer, in JavaScript: its folder, and its name in the package.
const LAYER: &str = "npm/conversation";
const CONVERSATION: &str = "conversation";

/// Files of wasm-pack.toml's crate that go into the package unchanged.
const UNCHANGED: &[&str] = &["package.json", "README.md"];

/// Entry points by name, in the folder of the class or of wasm-pack.toml's crate.
const ENTRIES: &[&str] = &["index", "workerd"];

/// The package's declarations, but for the conversation layer's.
const DECLARATIONS: &[&str] = &["index", "events", "workerd"];

/// Module formats: esbuild's name, and the extensions of scripts and declarations.
const FORMATS: &[(&str, &str, &str)] = &[("esm", "js", "d.ts"), ("cjs", "cjs", "d.cts")];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(rename = "crate")]
    package: String,
    profile: String,
    features: Vec<String>,
    target: String,
    rustflags: String,
    optimize: Vec<String>,
    /// By entry point.
    budget: BTreeMap<String, Budget>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    raw: usize,
    gzipped: usize,
}

/// Builds the package, prints its size and returns its folder.
///
/// # Errors
/// Fails if a script is larger than its budget.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    setup::ensure(workspace, NEEDS)?;
    process::say("building the npm package");
    let settings: Settings =
        toml::from_str(&fs::read_to_string(workspace.root.join("wasm-pack.toml"))?)?;
    let parts = emptied(workspace.root.join("target/npm-parts"))?;
    let package = emptied(workspace.root.join("target/npm"))?;
    build_core(workspace, &settings, &parts.join("core"))?;
    let core = ["core/core.js", "--minify", "--format=esm"];
    bundle(workspace, &parts, &core, &parts.join("core.js"))?;
    let source = workspace.root.join(&settings.package);
    copy(&workspace.root.join(CLASS), &parts)?;
    copy(&source, &parts)?;
    let layer = workspace.root.join(LAYER);
    let scripts = ENTRIES.iter().map(|name| (*name, format!("{name}.js")));
    let index = |extension: &str| layer.join(format!("index.{extension}"));
    let layer_script = (CONVERSATION, index("js").display().to_string());
    let scripts: Vec<_> = scripts.chain([layer_script]).collect();
    let declarations = DECLARATIONS.iter();
    let declarations = declarations.map(|name| (*name, parts.join(format!("{name}.d.ts"))));
    let declarations: Vec<_> = declarations
        .chain([(CONVERSATION, index("d.ts"))])
        .collect();
    for &(format, extension, declaration) in FORMATS {
        for (entry, input) in &scripts {
            // The names of the class stay readable in stack traces.
            let small = ["--minify-syntax", "--minify-whitespace"];
            let format = format!("--format={format}");
            let arguments = [&[input, &*format], &small[..]].concat();
            let output = package.join(format!("{entry}.{extension}"));
            bundle(workspace, &parts, &arguments, &output)?;
        }
        for (name, input) in &declarations {
            // A declaration imports those of its own module format.
            let text = fs::read_to_string(input)?
                .replace("'openai-realtime-ws'", "'./index.js'")
                .replace(".js'", &format!(".{extension}'"));
            fs::write(package.join(format!("{name}.{declaration}")), text)?;
        }
    }
    for name in UNCHANGED {
        fs::copy(source.join(name), package.join(name))?;
    }
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(workspace.root.join(name), package.join(name))?;
    }
    let weighed = settings.budget.iter().flat_map(|(entry, budget)| {
        let scripts = FORMATS
            .iter()
            .map(move |(_, script, _)| format!("{entry}.{script}"));
        scripts.map(|script| weigh(&package.join(script), *budget))
    });
    process::all(weighed)?;
    Ok(package)
}

/// Builds the wasm of a crate that depends on ours and on none of its features.
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

/// Leaves `core.js` in the folder, with the scripts that it imports.
fn build_core(workspace: &Workspace, settings: &Settings, folder: &Path) -> Result<()> {
    let features = settings.features.iter();
    let features: Vec<_> = features
        .map(|feature| format!("openai-realtime-ws/{feature}"))
        .collect();
    let mut build = pack::build(workspace, &settings.package, folder)?;
    build
        .env("RUSTFLAGS", &settings.rustflags)
        .args(["--target", &settings.target, "--profile", &settings.profile])
        .args(["--out-name", "core"])
        .args(["--", "--features", &features.join(",")]);
    process::run(&mut build)?;
    let (wasm, small) = (folder.join("core_bg.wasm"), folder.join("small.wasm"));
    process::run(
        npm_program(workspace, "wasm-opt")
            .args(&settings.optimize)
            .arg(&wasm)
            .arg("-o")
            .arg(&small),
    )?;
    process::run(
        npm_program(workspace, "wasm2js")
            .arg("-Oz")
            .arg(&small)
            .arg("-o")
            .arg(folder.join("core_wasm.js")),
    )?;
    replace_once(&folder.join("core.js"), "./core_bg.wasm", "./core_wasm.js")?;
    // When wasm's memory grows, its old buffer is detached; wasm2js leaves the old buffer as it is.
    let glue = folder.join("core_bg.js");
    for (view, old_buffer) in [
        (
            "cachedUint8ArrayMemory0",
            "cachedUint8ArrayMemory0.byteLength === 0",
        ),
        (
            "cachedDataViewMemory0",
            "cachedDataViewMemory0.buffer.detached === true || (cachedDataViewMemory0.buffer.detached \
             === undefined && cachedDataViewMemory0.buffer !== wasm.memory.buffer)",
        ),
    ] {
        replace_once(
            &glue,
            old_buffer,
            &format!("{view}.buffer !== wasm.memory.buffer"),
        )?;
    }
    Ok(())
}

/// Changes generated code; fails if it no longer contains the text.
fn replace_once(file: &Path, from: &str, to: &str) -> Result<()> {
    let text = fs::read_to_string(file)?;
    match text.matches(from).count() {
        1 => Ok(fs::write(file, text.replace(from, to))?),
        count => Err(format!("{} has {count} times: {from}", file.display()).into()),
    }
}

/// Copies the scripts and declarations of a folder.
fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let file = entry?;
        let name = file.file_name();
        let text = name.to_string_lossy();
        if text.ends_with(".js") || text.ends_with(".d.ts") {
            fs::copy(file.path(), to.join(&name))?;
        }
    }
    Ok(())
}

fn npm_program(workspace: &Workspace, name: &str) -> Command {
    Command::new(workspace.npm_programs().join(name))
}

/// Bundles an entry point, with what it imports, into one script.
fn bundle(workspace: &Workspace, parts: &Path, arguments: &[&str], script: &Path) -> Result<()> {
    process::run(
        npm_program(workspace, "esbuild")
            .current_dir(parts)
            .args(arguments)
            .args(["--bundle", "--platform=neutral", "--target=es2022"])
            .arg("--log-level=warning")
            .arg(format!("--outfile={}", script.display())),
    )
}

/// Prints the size of a script.
fn weigh(script: &Path, budget: Budget) -> Result<()> {
    let bytes = fs::read(script)?;
    let (raw, gzipped) = (bytes.len(), gzipped(&bytes)?);
    let name = script.file_name().unwrap_or_default().to_string_lossy();
    let line = format!(
        "size: {raw} bytes raw, {gzipped} gzipped, of {} and {} ({name})",
        budget.raw, budget.gzipped,
    );
    if raw > budget.raw || gzipped > budget.gzipped {
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
