//! Everything that can go wrong between a caller and a server: what the caller gets of each fault
//! is what the tables of `docs/faults.md` say, nothing hangs, and nothing is left behind.
//!
//! The tables are the expectation. Where one is to change, `FAULTS=write cargo test --all-features
//! --test faults` rewrites them; read the difference before you keep it.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::task::JoinHandle;
use tokio::time::timeout;

mod caller;
mod closing;
mod connection;
#[path = "../raw_server/deaf.rs"]
mod deaf;
mod document;
mod frames;
mod handshake;
mod leaks;
mod peer;
#[path = "../raw_server/mod.rs"]
mod raw_server;
mod reconnecting;

use document::Document;
use leaks::Resources;

/// Longer than any fault takes, on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

/// A row of a table.
struct Fault {
    name: String,
    seen: LocalBoxFuture<'static, Seen>,
}

impl Fault {
    fn new(name: impl Into<String>, seen: impl Future<Output = Seen> + 'static) -> Self {
        Self {
            name: name.into(),
            seen: seen.boxed_local(),
        }
    }
}

/// Fault, as both ends see it.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    caller: String,
    server: String,
}

impl Seen {
    /// Outcome for the caller, and then for the server.
    async fn both(caller: String, server: JoinHandle<String>) -> Self {
        let server = server.await.unwrap();
        Self { caller, server }
    }
}

/// A table, with what stands above it in the document.
type Section = (&'static str, fn() -> Vec<Fault>);

const SECTIONS: &[Section] = &[
    ("Opening", handshake::faults),
    ("The connection", connection::faults),
    ("Frames and messages", frames::faults),
    ("Closing", closing::faults),
    ("Reconnecting", reconnecting::faults),
];

/// Each fault is a test. They run one after the other, so that what one of them leaves behind is
/// told from the next.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let filter = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'))
        .unwrap_or_default();
    let mut document = Document::read();
    let (mut passed, mut failed) = (0, 0);
    for (section, faults) in SECTIONS {
        let mut names = Vec::new();
        for fault in faults() {
            let test = format!("{section}: {}", fault.name);
            names.push(fault.name.clone());
            if !test.contains(&filter) {
                continue;
            }
            match check(section, fault, &mut document).await {
                Ok(()) => {
                    println!("test {test} ... ok");
                    passed += 1;
                }
                Err(failure) => {
                    println!("test {test} ... FAILED\n{failure}\n");
                    failed += 1;
                }
            }
        }
        document.keep(section, &names);
    }
    if let Err(failure) = document.finish() {
        println!("{failure}");
        failed += 1;
    }
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {result}. {passed} passed; {failed} failed;");
    ExitCode::from(u8::from(failed > 0))
}

/// Runs a fault, and holds it against the document and against what was there before it.
async fn check(section: &str, fault: Fault, document: &mut Document) -> Result<(), String> {
    let before = Resources::now();
    let run = AssertUnwindSafe(timeout(LONGEST, fault.seen)).catch_unwind();
    let seen = match run.await {
        Ok(Ok(seen)) => seen,
        Ok(Err(_)) => return Err("it hangs".to_owned()),
        Err(panic) => return Err(message(&*panic)),
    };
    before.are_back().await?;
    document.compare(section, &fault.name, &seen)
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panics")
        .to_owned()
}
