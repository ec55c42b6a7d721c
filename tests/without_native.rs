//! Words of the compiler for somebody who forgot the feature: its own, since the type is gated and
//! not hidden.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

#[test]
fn the_compiler_names_the_feature_that_is_missing() {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("without_native");
    fs::create_dir_all(dir.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"without_native\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nopenai-realtime-ws = {{ path = {crate_dir:?} }}\n\n[workspace]\n"
    );
    fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    // The same versions as this crate's own, so that nothing new is fetched.
    fs::copy(crate_dir.join("Cargo.lock"), dir.join("Cargo.lock")).unwrap();
    fs::write(
        dir.join("src/main.rs"),
        "use openai_realtime_ws::OpenAIRealtimeWS;\n\nfn main() {\n    let _: Option<OpenAIRealtimeWS> = None;\n}\n",
    )
    .unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--color=never"])
        .current_dir(&dir)
        .env("CARGO_TARGET_DIR", dir.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{told}");
    for expected in [
        "error[E0432]: unresolved import `openai_realtime_ws::OpenAIRealtimeWS`",
        "the item is gated behind the `native` feature",
    ] {
        assert!(told.contains(expected), "no {expected:?} in:\n{told}");
    }
}
