//! Instructions of one event, and of a second of a call, as callgrind counts them.
//!
//! A count hardly depends on the load of the machine, so it is compared with the one in
//! `benches/instructions.toml`. The difference of a long and a short run leaves out the start of
//! the process and the handshakes.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path, process::Command};

use crate::{Bench, Peer, Result, compare::record, process::Processes};

/// The benches, each with the number of events of the short run, and of one unit.
const ROWS: [(Bench, u32, u32); 7] = [
    (Bench::TextDelta, 4_000, 1),
    (Bench::AudioDelta, 400, 1),
    (Bench::Append, 800, 1),
    (Bench::ItemAdded, 2_000, 1),
    (Bench::ResponseDone, 600, 1),
    (Bench::SessionCreated, 100, 1),
    // 50 appends are a second.
    (Bench::Call, 50, 50),
];

/// The long run has this many times the events of the short one.
const LONG: u32 = 5;

/// A count that is larger than the recorded one by this part fails.
const TOLERANCE: f64 = 0.05;

const PEERS: [Peer; 5] = [
    Peer::Floor,
    Peer::Tuned,
    Peer::Value,
    Peer::AsyncOpenai,
    Peer::FastWebsockets,
];

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.toml");

/// Counts, and compares with the recorded counts. `--write` records them, `--peers` counts those of
/// other clients, too.
pub fn run(arguments: &[&str]) -> Result<()> {
    let (mut filter, mut write, mut peers) = ("", false, false);
    for &argument in arguments {
        match argument {
            "--write" => write = true,
            "--peers" => peers = true,
            _ if argument.starts_with('-') => {
                return Err("usage: benches instructions [--write] [--peers] [filter]".into());
            }
            _ => filter = argument,
        }
    }
    let processes = Processes::start(None)?;
    let mut recorded = Recorded::read();
    let mut lines = String::new();
    let mut grown = Vec::new();
    for (bench, events, unit) in ROWS {
        if !bench.name().contains(filter) {
            continue;
        }
        let count = |peer: Peer| -> Result<f64> {
            let short = processes.instructions(bench, peer, events)?;
            let long = processes.instructions(bench, peer, events * LONG)?;
            Ok((long - short) / f64::from(events * (LONG - 1)) * f64::from(unit))
        };
        let ours = count(Peer::Ours)?;
        let before = recorded.counts.get(bench.name()).copied();
        let ratio = before.map_or(1.0, |before| ours / before);
        println!(
            "{:16} {ours:10.0}  {:+.1} %",
            bench.name(),
            (ratio - 1.0) * 100.0
        );
        if ratio > 1.0 + TOLERANCE {
            grown.push(bench.name());
        }
        recorded.counts.insert(bench.name().to_owned(), ours);
        for peer in PEERS.into_iter().filter(|_| peers) {
            // Not every client has every bench.
            let Ok(theirs) = count(peer) else { continue };
            println!("  {:14} {theirs:10.0}  {:.2}", peer.name(), ours / theirs);
            writeln!(
                lines,
                r#"{{"bench": "{}_instructions", "ours": {ours:.0}, "peer": "{}", "theirs": {theirs:.0}}}"#,
                bench.name(),
                peer.name()
            )?;
        }
        if !peers {
            writeln!(
                lines,
                r#"{{"bench": "{}_instructions", "ours": {ours:.0}, "peer": "recorded", "theirs": {:.0}}}"#,
                bench.name(),
                before.unwrap_or(ours)
            )?;
        }
    }
    record(&lines)?;
    if write {
        recorded.write()
    } else if grown.is_empty() {
        Ok(())
    } else if recorded.compiler == compiler() {
        let grown = grown.join(", ");
        Err(format!("more than 5 % above benches/instructions.toml: {grown}").into())
    } else {
        // Another compiler counts otherwise.
        eprintln!("above benches/instructions.toml, which another compiler made: {grown:?}");
        Ok(())
    }
}

/// The counts in the repository.
struct Recorded {
    compiler: String,
    counts: BTreeMap<String, f64>,
}

impl Recorded {
    fn read() -> Self {
        let text = fs::read_to_string(FILE).unwrap_or_default();
        let mut recorded = Self {
            compiler: String::new(),
            counts: BTreeMap::new(),
        };
        for (key, value) in text.lines().filter_map(|line| line.split_once(" = ")) {
            if key == "compiler" {
                value.trim_matches('"').clone_into(&mut recorded.compiler);
            } else if let Ok(count) = value.parse() {
                recorded.counts.insert(key.to_owned(), count);
            }
        }
        recorded
    }

    fn write(&self) -> Result<()> {
        let mut text = format!(
            "# Instructions of one event, and of a second of a call, as callgrind counts them.\n\
             # `cargo xtask bench instructions --write` writes this file.\n\
             compiler = \"{}\"\n",
            compiler()
        );
        for (bench, count) in &self.counts {
            writeln!(text, "{bench} = {count:.0}")?;
        }
        Ok(fs::write(Path::new(FILE), text)?)
    }
}

/// Returns the compiler's version and target.
fn compiler() -> String {
    let output = Command::new("rustc").arg("-vV").output();
    let text = output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    let member = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    format!(
        "{} {}",
        member("release: ").unwrap_or("unknown"),
        member("host: ").unwrap_or("unknown")
    )
}
