//! tokio-tungstenite's defaults with `serde_json::Value`, as people write it.

use std::hint::black_box;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use crate::{
    Bench, Peer, Result,
    measure::Server,
    peers::bare::{self, Connector},
};

/// Runs a bench.
pub async fn run(bench: Bench, server: &Server) -> Result<f64> {
    let connector = Connector::new(bench, server)?;
    match bench {
        Bench::Append => bare::send(&connector, bare::append).await,
        Bench::Call => bare::call(&connector, handle, bare::append).await,
        Bench::IdleSession => Err(bench.not_for(Peer::Value)),
        _ => bare::receive(&connector, handle).await,
    }
}

fn handle(text: &str) -> Result<()> {
    let event: Value = serde_json::from_str(text)?;
    match event["type"].as_str() {
        Some("response.output_audio.delta") => {
            let audio = event["delta"].as_str().ok_or("no audio")?;
            black_box(BASE64_STANDARD.decode(audio)?);
        }
        Some("response.output_text.delta") => drop(black_box(event["delta"].as_str())),
        Some(_) => drop(black_box(event)),
        None => return Err("not an event".into()),
    }
    Ok(())
}
