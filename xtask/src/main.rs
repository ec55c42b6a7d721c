//! `cargo xtask`: the project's commands beyond those of cargo.

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

  setup                     install the missing tools; tools that are found stay as they are
  test [--native] [PART…]   run all parts of the tests, the native half, or the named parts, and
                            print a summary; missing tools are installed first
  wasm                      build the npm package into target/npm from wasm-pack.toml and print
                            its size; fails if it is larger than its budget
  browser [--port N] […]    build the page of examples/browser and serve it
  lint                      format, clippy and rustdoc on both targets, each feature alone, and
                            the project's own rules; warnings are errors
  bench [FILTER] [--runs N] compare speed and memory with other clients (release build);
                            `bench js` compares the JavaScript classes, `bench calls` the CPU time
                            of calls, `bench instructions [--write] [--peers]` counts instructions
                            and fails above benches/instructions.toml by more than 5 %
  soak [--minutes N] [--sessions N] [--seed N]
                            run sessions over connections that break (release build); by default
                            1,000 sessions for 10 minutes
  fuzz [TARGET] [--seconds N]
                            run all fuzzers, or one; by default for 60 seconds
  help                      print this text and the parts of the tests
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
