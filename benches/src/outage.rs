//! An outage of the service, simulated: 100,000 clients, each with the crate's own `Connection`,
//! lose their connections at once and reconnect on virtual time.
//!
//! The service takes a number of handshakes a second and refuses the others. Prints how long the
//! clients take with several spreads, and draws the service's load into `docs/outage.svg`.

use std::{cmp::Reverse, collections::BinaryHeap, fmt::Write, fs, path::Path, time::Duration};

use openai_realtime_ws::{Connection, Limits, Notice, Reconnect};

use crate::Result;

const CLIENTS: usize = 100_000;

/// Handshakes a second that the service takes.
const CAPACITY: usize = 10_000;

/// The spreads, in seconds, each with the color of its line.
const SPREADS: [(u64, &str); 3] = [(0, "#c0392b"), (10, "#e2a03f"), (30, "#5b83b0")];

/// Seconds that the picture shows.
const SHOWN: usize = 40;

/// How the clients of one policy fared.
struct Outcome {
    /// Handshakes in each second, refused ones included.
    load: Vec<usize>,
    refused: usize,
    gave_up: usize,
    /// Time after which all were back that did not give up.
    last: Duration,
}

/// Simulates, prints and draws.
pub fn run() -> Result<()> {
    println!("spread  peak/s   refused  gave up  all back");
    let mut lines = String::new();
    for (seconds, color) in SPREADS {
        let policy = Reconnect::default().spread(Duration::from_secs(seconds));
        let outcome = simulate(policy);
        let peak = outcome.load.iter().max().copied().unwrap_or_default();
        println!(
            "{seconds:4} s  {peak:6}  {:8}  {:7}  {:6.1} s",
            outcome.refused,
            outcome.gave_up,
            outcome.last.as_secs_f64()
        );
        draw(&mut lines, &outcome, seconds, color)?;
    }
    let picture = picture(&lines)?;
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("docs");
    Ok(fs::write(docs.join("outage.svg"), picture)?)
}

fn simulate(policy: Reconnect) -> Outcome {
    let mut limits = Limits::default();
    limits.reconnect = Some(policy);
    let start = Duration::from_secs(120);
    let mut outcome = Outcome {
        load: Vec::new(),
        refused: 0,
        gave_up: 0,
        last: Duration::ZERO,
    };
    let mut clients = Vec::with_capacity(CLIENTS);
    let mut due = BinaryHeap::new();
    for client in 0..CLIENTS {
        let mut connection: Connection = Connection::new(limits, client as u64);
        connection.start(Duration::ZERO);
        connection.opened(Duration::ZERO);
        // All connections are lost in the same moment.
        connection.ended(start);
        due.extend(connection.wake_at().map(|at| Reverse((at, client))));
        while connection.poll().is_some() {}
        clients.push(connection);
    }
    while let Some(Reverse((now, client))) = due.pop() {
        let connection = &mut clients[client];
        connection.tick(now);
        while let Some(notice) = connection.poll() {
            match notice {
                Notice::Connect => {
                    let second =
                        usize::try_from(now.saturating_sub(start).as_secs()).unwrap_or(usize::MAX);
                    if outcome.load.len() <= second {
                        outcome.load.resize(second + 1, 0);
                    }
                    outcome.load[second] += 1;
                    if outcome.load[second] <= CAPACITY {
                        outcome.last = now.saturating_sub(start);
                        connection.opened(now);
                    } else {
                        outcome.refused += 1;
                        connection.failed(now, Some(Duration::ZERO));
                    }
                }
                Notice::Closed(_) => outcome.gave_up += 1,
                _ => {}
            }
        }
        let waits = connection.is_reconnecting() && !connection.is_open();
        due.extend(
            connection
                .wake_at()
                .filter(|_| waits)
                .map(|at| Reverse((at, client))),
        );
    }
    outcome
}

/// Draws one line: a step for each second, on a scale of thousands of handshakes.
fn draw(lines: &mut String, outcome: &Outcome, spread: u64, color: &str) -> Result<()> {
    let mut path = String::new();
    for second in 0..SHOWN {
        let load = outcome.load.get(second).copied().unwrap_or_default();
        let (x, y) = (x(second), y(load));
        let first = if second == 0 { 'M' } else { 'L' };
        write!(path, "{first}{x} {y}H{}", x + 18)?;
    }
    writeln!(
        lines,
        r#"  <path d="{path}" fill="none" stroke="{color}" stroke-width="2"/>"#
    )?;
    let row = SPREADS.iter().position(|(seconds, _)| *seconds == spread);
    let at = 60 + 22 * row.unwrap_or_default();
    writeln!(
        lines,
        r##"  <path d="M500 {at}h24" stroke="{color}" stroke-width="2"/><text x="532" y="{}" fill="#222">spread {spread} s: back after {:.1} s, {} gave up</text>"##,
        at + 4,
        outcome.last.as_secs_f64(),
        outcome.gave_up
    )?;
    Ok(())
}

fn x(second: usize) -> usize {
    80 + 18 * second
}

fn y(load: usize) -> usize {
    280 - load * 240 / CLIENTS
}

fn picture(lines: &str) -> Result<String> {
    let mut axes = String::new();
    for second in (0..=SHOWN).step_by(10) {
        let x = x(second);
        writeln!(
            axes,
            r##"  <text x="{x}" y="300" fill="#666" text-anchor="middle">{second} s</text>"##
        )?;
    }
    for load in (0..=CLIENTS).step_by(25_000) {
        let y = y(load);
        writeln!(
            axes,
            r##"  <path d="M80 {y}H800" stroke="#ddd"/><text x="72" y="{}" fill="#666" text-anchor="end">{load}</text>"##,
            y + 4
        )?;
    }
    let capacity = y(CAPACITY);
    Ok(format!(
        concat!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 330" font-family="sans-serif" "##,
            r##"font-size="13" role="img" aria-label="Handshakes a second after an outage, for three spreads">"##,
            "\n",
            r##"  <rect width="860" height="330" fill="#fff"/>"##,
            "\n{axes}",
            r##"  <path d="M80 {capacity}H800" stroke="#222" stroke-dasharray="4 3"/>"##,
            "\n{lines}",
            r##"  <text x="430" y="322" fill="#666" text-anchor="middle">Handshakes a second; dashed: what the service takes.</text>"##,
            "\n</svg>\n"
        ),
        axes = axes,
        capacity = capacity,
        lines = lines
    ))
}
