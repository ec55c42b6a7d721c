//! Alternates our client with a peer's, and reports the medians.

use std::{fmt::Write, fs, path::Path};

use crate::{Bench, Peer, Result, peers, process::Processes};

/// The comparisons, each with the goal for our side.
const COMPARISONS: [(Bench, Peer, &str); 11] = [
    (Bench::TextDelta, Peer::Bare, "at least 0.50"),
    (Bench::TextDelta, Peer::AsyncOpenai, "at least 1.40"),
    (Bench::TextDelta, Peer::OpenaiNode, ""),
    (Bench::AudioDelta, Peer::Bare, "at least 0.50"),
    (Bench::AudioDelta, Peer::AsyncOpenai, ""),
    (Bench::AudioDelta, Peer::OpenaiNode, ""),
    (Bench::Append, Peer::Bare, "at least 1.10"),
    (Bench::Append, Peer::AsyncOpenai, ""),
    (Bench::Append, Peer::OpenaiNode, ""),
    (Bench::IdleSession, Peer::Bare, "at most 20480 bytes"),
    (Bench::IdleSession, Peer::OpenaiNode, "at most 20480 bytes"),
];

/// Runs the contest of the JavaScript classes.
pub fn contest(arguments: &[&str]) -> Result<()> {
    let (_, runs) = parse(arguments)?;
    Processes::start(peers::node::Node::from_env())?.contest(runs)
}

/// Runs every comparison the arguments leave.
pub fn run(arguments: &[&str]) -> Result<()> {
    let (filter, runs) = parse(arguments)?;
    let node = peers::node::Node::from_env();
    if node.is_none() {
        eprintln!(
            "without openai-node: set NODE24 (a Node binary) and NODE_MODULES (with openai and ws in it)"
        );
    }
    let processes = Processes::start(node)?;
    let mut lines = String::new();
    println!(
        "{:12}  {:12}  {:>12}  {:>12}  {:>6}  goal",
        "bench", "peer", "ours", "theirs", "ratio"
    );
    for (bench, peer, goal) in COMPARISONS {
        let wanted = format!("{}/{}", bench.name(), peer.name()).contains(filter);
        if !wanted || (peer == Peer::OpenaiNode && !processes.has_node()) {
            continue;
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            ours.push(processes.measure(bench, Peer::Ours)?);
            theirs.push(processes.measure(bench, peer)?);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        println!(
            "{:12}  {:12}  {ours:12.0}  {theirs:12.0}  {:6.2}  {goal}",
            bench.name(),
            peer.name(),
            ours / theirs
        );
        writeln!(
            lines,
            r#"{{"bench": "{}", "ours": {ours:.0}, "peer": "{}", "theirs": {theirs:.0}}}"#,
            bench.name(),
            peer.name()
        )?;
    }
    if lines.is_empty() {
        return Err(format!("nothing to run for {filter:?}").into());
    }
    record(&lines)
}

/// Writes the lines to `target/bench.jsonl`, behind those of earlier benches; the lines of an
/// earlier run of the same benches are replaced.
pub fn record(lines: &str) -> Result<()> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target");
    fs::create_dir_all(&target)?;
    let path = target.join("bench.jsonl");
    // The first and the third member: the bench and the peer.
    let name = |line: &str| {
        let mut members = line.split(',').map(str::to_owned);
        (members.next(), members.nth(1))
    };
    let new: Vec<_> = lines.lines().map(name).collect();
    let earlier = fs::read_to_string(&path).unwrap_or_default();
    let mut kept: String = earlier
        .lines()
        .filter(|line| !new.contains(&name(line)))
        .flat_map(|line| [line, "\n"])
        .collect();
    kept.push_str(lines);
    fs::write(path, kept)?;
    Ok(())
}

fn parse<'a>(arguments: &[&'a str]) -> Result<(&'a str, usize)> {
    let (mut filter, mut runs) = ("", 5);
    let mut arguments = arguments.iter();
    while let Some(&argument) = arguments.next() {
        match argument {
            "--runs" => runs = arguments.next().ok_or("--runs wants a number")?.parse()?,
            _ if argument.starts_with('-') => {
                return Err("usage: benches [filter] [--runs N]".into());
            }
            _ => filter = argument,
        }
    }
    if runs == 0 {
        Err("--runs wants at least 1".into())
    } else {
        Ok((filter, runs))
    }
}

/// Returns the median.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    if figures.len() % 2 == 1 {
        figures[middle]
    } else {
        f64::midpoint(figures[middle - 1], figures[middle])
    }
}
