//! `cargo xtask`: what the project does beyond what cargo does by itself.

mod bench;
mod browser;
mod fuzz;
mod lint;
mod pack;
mod package;
mod process;
mod services;
mod setup;
mod soak;
mod test;
mod wasm;
mod workspace;

use std::process::ExitCode;

use process::Result;
use workspace::Workspace;

const USAGE: &str = "\
cargo xtask <command>

  setup                     install the tools that are missing, and nothing where they are found
  test [--native] [PART…]   run every part of the tests, or the fast half, or the named parts;
                            sets up what a part lacks, ends with a summary
  wasm                      build the npm package into target/npm, as wasm-pack.toml says, and print its size;
                            fails above its budget
  browser [--port N] […]    build the page of examples/browser and serve it
  lint                      rustfmt, clippy and rustdoc on both targets, warnings as errors
  bench [ARG…]              run the benchmarks (release build) with these arguments, `js` for those of the JavaScript
                            classes; the process gets NODE24, the Node 24 binary, and NODE_MODULES, the folder of
                            the npm packages
  soak [ARG…]               run many sessions over connections that break (release build): [--minutes N]
                            [--sessions N] [--seed N], 10 minutes and 1,000 sessions unless said
  fuzz [TARGET] [--seconds N]
                            run the fuzzers, all at once or one, for 60 seconds or so many
  help                      this text
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    match run(command, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, arguments: &[String]) -> Result<()> {
    let takes_arguments = matches!(command, "test" | "bench" | "browser" | "soak" | "fuzz");
    if let ([first, ..], false) = (arguments, takes_arguments) {
        return Err(format!("`{command}` takes no argument `{first}`\n\n{USAGE}").into());
    }
    match command {
        "setup" => setup::all(&Workspace::open()?),
        "test" => test::run(&Workspace::open()?, arguments),
        "wasm" => package::build(&Workspace::open()?).map(|_| ()),
        "browser" => browser::serve(&Workspace::open()?, arguments),
        "lint" => lint::run(&Workspace::open()?),
        "bench" => bench::run(&Workspace::open()?, arguments),
        "soak" => soak::run(&Workspace::open()?, arguments),
        "fuzz" => fuzz::run(&Workspace::open()?, arguments),
        "help" | "--help" | "-h" => {
            print!("{USAGE}\nParts of `test`:\n{}", test::describe_parts());
            Ok(())
        }
        unknown => Err(format!("no command `{unknown}`\n\n{USAGE}").into()),
    }
}
