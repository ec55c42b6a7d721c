//! The diagram of docs/connection.md, drawn from the state machine itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::{CloseFrame, Connection, Duration, Limits, NO_TIME, Reconnect};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/connection.md");

/// Set to draw the diagram again.
const UPDATE: &str = "UPDATE_DIAGRAM";

const BEGIN: &str = "```mermaid\n";
const END: &str = "```\n";

/// Inputs in a row: enough for an outage with two attempts.
const LONGEST: usize = 8;

type Input = (&'static str, fn(&mut Connection, Duration));

/// Everything that can move a connection, each named after its method.
const INPUTS: &[Input] = &[
    ("start", |connection, now| connection.start(now)),
    ("opened", |connection, now| connection.opened(now)),
    ("peer_closed", |connection, now| {
        connection.peer_closed(now, code(1000));
    }),
    ("peer_closed", |connection, now| {
        connection.peer_closed(now, code(1001));
    }),
    ("ended", |connection, now| connection.ended(now)),
    ("failed", |connection, now| connection.failed(now, NO_TIME)),
    ("failed", |connection, now| connection.failed(now, None)),
    ("given_up", |connection, now| {
        connection.given_up(now, NO_TIME);
    }),
    ("given_up", |connection, now| connection.given_up(now, None)),
    ("close", |connection, now| {
        connection.close(now, CloseFrame::NORMAL);
    }),
    ("abort", |connection, _| connection.abort("enough")),
    ("tick", |connection, now| {
        connection.tick(connection.wake_at().unwrap_or(now));
    }),
];

fn code(code: u16) -> CloseFrame {
    CloseFrame {
        code,
        reason: "".into(),
    }
}

#[test]
fn the_diagram_shows_every_transition() {
    let drawn = draw(&transitions());
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let (before, rest) = document.split_once(BEGIN).unwrap();
    let (diagram, after) = rest.split_once(END).unwrap();
    if std::env::var_os(UPDATE).is_some() {
        fs::write(DOCUMENT, format!("{before}{BEGIN}{drawn}{END}{after}")).unwrap();
    } else {
        assert_eq!(
            diagram, drawn,
            "{UPDATE}=1 cargo test --lib diagram draws it again"
        );
    }
}

/// Inputs that lead from one state to another.
type Transitions = BTreeMap<(String, String), BTreeSet<&'static str>>;

/// Tries every input in every state that can be reached.
fn transitions() -> Transitions {
    let mut transitions = Transitions::new();
    let one = Reconnect::default().max_attempts(1);
    for reconnect in [None, Some(one), Some(Reconnect::default())] {
        let limits = Limits {
            reconnect,
            idle_timeout: Some(Duration::from_secs(60)),
            ..Limits::default()
        };
        let mut ways: Vec<Vec<&Input>> = vec![Vec::new()];
        let mut seen = BTreeSet::new();
        // A connection cannot be copied, so each way to a state is gone again from the beginning.
        while let Some(way) = ways.pop() {
            let from = name(&drive(limits, &way));
            for input in INPUTS {
                let longer = [&way[..], &[input]].concat();
                let connection = drive(limits, &longer);
                let to = name(&connection);
                if to != from {
                    let inputs = transitions.entry((from.clone(), to.clone())).or_default();
                    inputs.insert(input.0);
                }
                // States that look alike may differ in what they remember, such as deadlines.
                let state = format!("{:?}", connection.state);
                let looks = (state, connection.is_reconnecting(), connection.wake_at());
                if longer.len() < LONGEST && seen.insert((longer.len(), looks)) {
                    ways.push(longer);
                }
            }
        }
    }
    transitions
}

fn drive(limits: Limits, way: &[&Input]) -> Connection {
    let mut connection = Connection::new(limits, 7);
    for (at, (_, input)) in (0..).zip(way) {
        input(&mut connection, Duration::from_secs(at));
    }
    connection
}

/// The state's name without what it holds.
fn name(connection: &Connection) -> String {
    let state = format!("{:?}", connection.state);
    state.split(' ').next().unwrap().to_owned()
}

fn draw(transitions: &Transitions) -> String {
    let mut lines = vec!["stateDiagram-v2".to_owned(), "    [*] --> Idle".to_owned()];
    lines.extend(transitions.iter().map(|((from, to), inputs)| {
        let inputs: Vec<_> = inputs.iter().copied().collect();
        format!("    {from} --> {to}: {}", inputs.join(", "))
    }));
    lines.push("    Closed --> [*]\n".to_owned());
    lines.join("\n")
}
