//! Calls at their own pace: the CPU time of many calls, beside other clients.

use std::fmt::Write;

use crate::{
    Bench, Peer, Result,
    compare::{median, record},
    process::Processes,
};

const PEERS: [Peer; 5] = [
    Peer::Floor,
    Peer::Tuned,
    Peer::Value,
    Peer::AsyncOpenai,
    Peer::FastWebsockets,
];

/// Measures, and prints microseconds of CPU for a second of one call.
pub fn run(arguments: &[&str]) -> Result<()> {
    let runs = match arguments {
        [] => 3,
        ["--runs", runs] => runs.parse()?,
        _ => return Err("usage: benches calls [--runs N]".into()),
    };
    let processes = Processes::start(None)?;
    let mut figures = vec![Vec::new(); PEERS.len() + 1];
    for _ in 0..runs {
        let clients = [Peer::Ours].into_iter().chain(PEERS);
        for (peer, figures) in clients.zip(&mut figures) {
            figures.push(processes.measure(Bench::Call, peer)?);
        }
    }
    let mut medians = figures.into_iter().map(median);
    let ours = medians.next().unwrap_or_default();
    println!("{:16} {:7.0} µs", Peer::Ours.name(), ours / 1_000.0);
    let mut lines = String::new();
    for (peer, theirs) in PEERS.into_iter().zip(medians) {
        println!(
            "{:16} {:7.0} µs  {:.2}",
            peer.name(),
            theirs / 1_000.0,
            ours / theirs
        );
        writeln!(
            lines,
            r#"{{"bench": "call", "ours": {ours:.0}, "peer": "{}", "theirs": {theirs:.0}}}"#,
            peer.name()
        )?;
    }
    record(&lines)
}
