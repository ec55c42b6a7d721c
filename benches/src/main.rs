//! Speed of the crate beside other clients: TLS on loopback, one core for each side, medians of
//! alternating runs.
//!
//! `cargo run --release -p benches -- [filter] [--runs N]`, where the filter is a part of
//! `bench/peer`. Prints a table and writes `target/bench.jsonl`. The peer openai-node needs
//! `NODE24`, a Node binary, and `NODE_MODULES`, a directory where `openai` and `ws` are installed.
//!
//! `js [--runs N]` holds the npm package's class, and the crate's session in wasm, against the
//! official class, in Node and in Chromium; `cargo xtask bench js` builds what it needs, and starts
//! it.

#![deny(clippy::unwrap_used, clippy::expect_used)]

mod client;
mod compare;
mod measure;
mod peers;
mod process;
mod server;

use std::{error::Error, process::ExitCode, str::FromStr};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A thing to measure. The client asks the server for it by its name, as its model.
#[derive(Clone, Copy, PartialEq)]
enum Bench {
    /// Small text deltas received, events per second.
    TextDelta,
    /// Audio deltas received and decoded to PCM, events per second.
    AudioDelta,
    /// Audio appends sent and seen by the server, events per second.
    Append,
    /// Resident bytes of one idle session.
    IdleSession,
}

/// A client to measure.
#[derive(Clone, Copy, PartialEq)]
enum Peer {
    Ours,
    Bare,
    AsyncOpenai,
    OpenaiNode,
}

impl Bench {
    const ALL: [Self; 4] = [
        Self::TextDelta,
        Self::AudioDelta,
        Self::Append,
        Self::IdleSession,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::TextDelta => "text_delta",
            Self::AudioDelta => "audio_delta",
            Self::Append => "append",
            Self::IdleSession => "idle_session",
        }
    }
}

impl Peer {
    const ALL: [Self; 4] = [Self::Ours, Self::Bare, Self::AsyncOpenai, Self::OpenaiNode];

    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Bare => "bare",
            Self::AsyncOpenai => "async-openai",
            Self::OpenaiNode => "openai-node",
        }
    }
}

impl FromStr for Bench {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|bench| bench.name() == name);
        found.ok_or_else(|| format!("no bench is called {name:?}"))
    }
}

impl FromStr for Peer {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|peer| peer.name() == name);
        found.ok_or_else(|| format!("no peer is called {name:?}"))
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        // The two roles this program starts itself in.
        ["server", certificate] => server::run(certificate),
        ["client", bench, peer, url, certificate] => client::run(bench, peer, url, certificate),
        ["js", ref rest @ ..] => compare::contest(rest),
        _ => compare::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benches: {error}");
            ExitCode::FAILURE
        }
    }
}
