//! The fuzzers of fuzz/: libFuzzer with the address sanitizer, all targets at once.
//!
//! Inputs that reach new code stay in target/fuzz/corpus; inputs that make a target fail lie in
//! target/fuzz/artifacts.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::process::{self, Result};
use crate::setup::{self, Need};
use crate::workspace::Workspace;

/// The tools of a build.
pub const NEEDS: &[Need] = &[Need::CargoFuzz];

/// Seconds that each target runs by default.
pub const SECONDS: u32 = 60;

/// The targets, each with the fixtures whose lines it begins with, beside what lies in fuzz/seeds.
const TARGETS: &[(&str, &[&str])] = &[
    (
        "events",
        &[
            "server.jsonl",
            "client.jsonl",
            "translation_server.jsonl",
            "translation_client.jsonl",
        ],
    ),
    ("handshake", &[]),
    ("connection", &[]),
    ("client", &[]),
    ("emulator", &["client.jsonl"]),
    ("emulator_http", &[]),
    ("refusal", &[]),
    ("webhook", &[]),
    ("azure", &[]),
];

/// Fuzzes with these arguments: a target's name, or `--seconds N`, or both.
///
/// # Errors
/// If a target failed, or tried nothing.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let (chosen, seconds) = parse(arguments)?;
    setup::ensure(workspace, NEEDS)?;
    if fuzz(workspace, chosen, seconds)?
        .iter()
        .all(|found| found.passed)
    {
        Ok(())
    } else {
        Err("the fuzzers found something".into())
    }
}

fn parse(arguments: &[String]) -> Result<(Option<&str>, u32)> {
    let (mut chosen, mut seconds) = (None, SECONDS);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            seconds = arguments
                .next()
                .ok_or("--seconds wants a number")?
                .parse()?;
        } else if TARGETS.iter().any(|(name, _)| name == argument) {
            chosen = Some(argument.as_str());
        } else {
            let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
            return Err(format!("no target `{argument}`; there are {}", names.join(", ")).into());
        }
    }
    Ok((chosen, seconds))
}

/// Result of one target.
pub struct Found {
    /// True if it ran to its end and found nothing.
    pub passed: bool,
    /// A line if so; else what it said last.
    report: String,
}

/// Runs all targets at once, or the chosen one, and prints a line for each.
pub fn fuzz(workspace: &Workspace, chosen: Option<&str>, seconds: u32) -> Result<Vec<Found>> {
    build(workspace)?;
    process::say(&format!("fuzzing for {seconds} s"));
    let targets = TARGETS.iter();
    let running = targets
        .filter(|(name, _)| chosen.is_none_or(|chosen| chosen == *name))
        .map(|(name, fixtures)| Running::start(workspace, name, fixtures, seconds))
        .collect::<Result<Vec<_>>>()?;
    let found = running
        .into_iter()
        .map(Running::wait)
        .collect::<Result<Vec<_>>>()?;
    for found in &found {
        println!("{}", found.report);
    }
    Ok(found)
}

/// The sanitizer and the coverage are not for stable compilers, so this one is told to be another.
fn build(workspace: &Workspace) -> Result<()> {
    let program = setup::cargo_fuzz(workspace)?.ok_or("no cargo-fuzz")?;
    process::run(
        workspace
            .caller_of_cargo(program)
            .args(["build", "--target-dir", "target/fuzz"])
            .env("RUSTC_BOOTSTRAP", "1"),
    )
}

struct Running {
    name: &'static str,
    process: Child,
    log: PathBuf,
}

impl Running {
    fn start(
        workspace: &Workspace,
        name: &'static str,
        fixtures: &[&str],
        seconds: u32,
    ) -> Result<Self> {
        let target = workspace.root.join("target/fuzz");
        let corpus = folder(target.join("corpus").join(name))?;
        let artifacts = folder(target.join("artifacts").join(name))?;
        let lines = folder(target.join("fixtures").join(name))?;
        for fixture in fixtures {
            split(&workspace.root.join("tests/fixtures").join(fixture), &lines)?;
        }
        let seeds = workspace.root.join("fuzz/seeds").join(name);
        let host = process::read(Command::new("rustc").args(["--print", "host-tuple"]))?;
        let log = target.join(format!("{name}.log"));
        let mut fuzzer = Command::new(target.join(host).join("release").join(name));
        fuzzer
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            // Long inputs from the beginning: a minute is short.
            .arg("-len_control=0")
            // Seconds for one input; the machine may be busy.
            .arg("-timeout=20")
            .args([corpus, lines])
            .args(seeds.is_dir().then_some(seeds))
            .env("RUST_BACKTRACE", "1")
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        let process = fuzzer
            .spawn()
            .map_err(|error| format!("cannot start `{}`: {error}", process::line_of(&fuzzer)))?;
        Ok(Self { name, process, log })
    }

    fn wait(mut self) -> Result<Found> {
        let status = self.process.wait()?;
        let log = fs::read(&self.log)?;
        let log = String::from_utf8_lossy(&log);
        let done = status.success().then(|| last_line(&log)).flatten();
        let report = match done {
            Some(done) => format!("fuzz {:<14} {done}", self.name),
            None => format!("fuzz {:<14} FAILED\n{}", self.name, tail(&log)),
        };
        Ok(Found {
            passed: done.is_some(),
            report,
        })
    }
}

fn tail(log: &str) -> String {
    const LINES: usize = 60;
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

/// Finds libFuzzer's closing line, `#123 DONE cov: 45 …`. None if it tried no input.
fn last_line(log: &str) -> Option<&str> {
    let line = log.lines().rfind(|line| line.contains("\tDONE"))?;
    let count = line.strip_prefix('#')?.split_whitespace().next()?;
    (count.parse::<u64>().ok()? > 0).then_some(line)
}

fn folder(path: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&path)?;
    Ok(path)
}

/// Makes a file of every line.
fn split(file: &Path, folder: &Path) -> Result<()> {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    for (number, line) in fs::read_to_string(file)?.lines().enumerate() {
        fs::write(folder.join(format!("{name}-{number}")), line)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{SECONDS, last_line, parse};

    fn parsed(arguments: &[&str]) -> Option<(Option<String>, u32)> {
        let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
        let (chosen, seconds) = parse(&arguments).ok()?;
        Some((chosen.map(str::to_owned), seconds))
    }

    #[test]
    fn arguments_choose_a_target_and_a_time() {
        assert_eq!(parsed(&[]), Some((None, SECONDS)));
        let events = Some("events".to_owned());
        assert_eq!(
            parsed(&["events", "--seconds", "5"]),
            Some((events.clone(), 5))
        );
        assert_eq!(parsed(&["--seconds", "5", "events"]), Some((events, 5)));
        assert_eq!(parsed(&["nothing"]), None);
        assert_eq!(parsed(&["--seconds"]), None);
    }

    #[test]
    fn a_run_counts_that_tried_something() {
        let line = "#1024\tDONE   cov: 12 ft: 34 corp: 5/60b exec/s: 512 rss: 40Mb";
        assert_eq!(
            last_line(&format!("#2\tINITED\n{line}\nDone 1024 runs in 2 s\n")),
            Some(line)
        );
        assert_eq!(last_line("#0\tDONE   cov: 0\n"), None);
        assert_eq!(last_line("==1==ERROR\n"), None);
    }
}
