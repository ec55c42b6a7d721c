//! One run of one client, in a process of its own: prints its figure.

use std::fs;

use crate::measure::{self, Server};
use crate::{Peer, Result, peers};

/// Runs one client and prints its figure.
pub fn run(
    bench: &str,
    peer: &str,
    url: &str,
    certificate: &str,
    count: Option<&str>,
) -> Result<()> {
    let bench = bench.parse()?;
    let server = Server {
        base_url: url.to_owned(),
        certificate: fs::read(certificate)?,
        events: count.map(str::parse).transpose()?,
    };
    let figure = measure::runtime()?.block_on(async {
        match peer.parse()? {
            Peer::Ours => peers::ours::run(bench, &server).await,
            Peer::Bare => peers::bare::run(bench, &server).await,
            Peer::Floor => peers::floor::run(bench, &server).await,
            Peer::Tuned => peers::tuned::run(bench, &server).await,
            Peer::Value => peers::value::run(bench, &server).await,
            Peer::FastWebsockets => peers::fast::run(bench, &server).await,
            Peer::AsyncOpenai => peers::async_openai::run(bench, &server).await,
            Peer::OpenaiNode => Err("openai-node is not a Rust client".into()),
        }
    })?;
    println!("{figure}");
    Ok(())
}
