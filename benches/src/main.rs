//! Speed of the crate beside other clients: TLS on loopback, one core for each side, medians of
//! alternating runs.
//!
//! `cargo run --release -p benches -- [filter] [--runs N]`, where the filter is a part of
//! `bench/peer`. Prints a table and writes `target/bench.jsonl`. The peer openai-node needs
//! `NODE24`, a Node binary, and `NODE_MODULES`, a directory where `openai` and `ws` are installed.
//!
//! `instructions [--write] [--peers] [filter]` counts the instructions of one event, and of a
//! second of a call, with callgrind, and compares them with `benches/instructions.toml`. `calls
//! [--runs N]` measures the CPU time of many calls at their own pace. `outage` simulates clients
//! that reconnect together.
//!
//! `js [--runs N]` holds the npm package's class, and the crate's session in wasm, against the
//! official class, in Node and in Chromium; `cargo xtask bench js` builds what it needs, and starts
//! it.

#![deny(clippy::unwrap_used, clippy::expect_used)]

mod calls;
mod client;
mod compare;
mod frames;
mod instructions;
mod measure;
mod outage;
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
    /// `conversation.item.added` received, events per second.
    ItemAdded,
    /// `response.done` received, events per second.
    ResponseDone,
    /// `session.created` with ten tools received, events per second.
    SessionCreated,
    /// Calls at their own pace: 50 appends and 25 audio deltas a second, decoded to PCM.
    /// Nanoseconds of CPU for a second of one call.
    Call,
}

/// A client to measure.
#[derive(Clone, Copy, PartialEq)]
enum Peer {
    Ours,
    Bare,
    /// TLS and one pass over each frame: less is not possible.
    Floor,
    /// A loop by hand: tungstenite, a small buffer, borrowed serde, SIMD base64.
    Tuned,
    /// tokio-tungstenite's defaults with `serde_json::Value`.
    Value,
    AsyncOpenai,
    /// The loop by hand over fastwebsockets.
    FastWebsockets,
    OpenaiNode,
}

impl Bench {
    const ALL: [Self; 8] = [
        Self::TextDelta,
        Self::AudioDelta,
        Self::Append,
        Self::IdleSession,
        Self::ItemAdded,
        Self::ResponseDone,
        Self::SessionCreated,
        Self::Call,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::TextDelta => "text_delta",
            Self::AudioDelta => "audio_delta",
            Self::Append => "append",
            Self::IdleSession => "idle_session",
            Self::ItemAdded => "item_added",
            Self::ResponseDone => "response_done",
            Self::SessionCreated => "session_created",
            Self::Call => "call",
        }
    }
}

impl Peer {
    const ALL: [Self; 8] = [
        Self::Ours,
        Self::Bare,
        Self::Floor,
        Self::Tuned,
        Self::Value,
        Self::AsyncOpenai,
        Self::FastWebsockets,
        Self::OpenaiNode,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Bare => "bare",
            Self::Floor => "floor",
            Self::Tuned => "tuned",
            Self::Value => "value",
            Self::AsyncOpenai => "async-openai",
            Self::FastWebsockets => "fastwebsockets",
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
        ["client", bench, peer, url, certificate] => {
            client::run(bench, peer, url, certificate, None)
        }
        ["client", bench, peer, url, certificate, count] => {
            client::run(bench, peer, url, certificate, Some(count))
        }
        ["js", ref rest @ ..] => compare::contest(rest),
        ["instructions", ref rest @ ..] => instructions::run(rest),
        ["calls", ref rest @ ..] => calls::run(rest),
        ["outage"] => outage::run(),
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
