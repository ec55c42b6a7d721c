//! async-openai's realtime types over tokio-tungstenite, as its own example does.

use std::hint::black_box;

use async_openai::types::realtime::{
    RealtimeClientEvent, RealtimeClientEventInputAudioBufferAppend, RealtimeServerEvent,
};
use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    Bench, Peer, Result,
    frames::DELTA_PCM,
    measure::Server,
    peers::bare::{self, Connector},
};

/// Runs a bench.
pub async fn run(bench: Bench, server: &Server) -> Result<f64> {
    let connector = Connector::new(bench, server)?;
    match bench {
        Bench::TextDelta => bare::receive(&connector, text_delta).await,
        Bench::AudioDelta => bare::receive(&connector, audio_delta).await,
        Bench::ItemAdded | Bench::ResponseDone | Bench::SessionCreated => {
            bare::receive(&connector, any).await
        }
        Bench::Append => bare::send(&connector, append).await,
        Bench::Call => bare::call(&connector, spoken, append).await,
        Bench::IdleSession => Err(bench.not_for(Peer::AsyncOpenai)),
    }
}

fn text_delta(text: &str) -> Result<()> {
    match serde_json::from_str(text)? {
        RealtimeServerEvent::ResponseOutputTextDelta(event) => drop(black_box(event.delta)),
        _ => return Err("not a text delta".into()),
    }
    Ok(())
}

fn audio_delta(text: &str) -> Result<()> {
    match serde_json::from_str(text)? {
        RealtimeServerEvent::ResponseOutputAudioDelta(event)
            if BASE64_STANDARD.decode(&event.delta)?.len() == DELTA_PCM =>
        {
            Ok(())
        }
        _ => Err("not an audio delta".into()),
    }
}

fn any(text: &str) -> Result<()> {
    let event: RealtimeServerEvent = serde_json::from_str(text)?;
    drop(black_box(event));
    Ok(())
}

fn spoken(text: &str) -> Result<()> {
    match serde_json::from_str(text)? {
        RealtimeServerEvent::ResponseOutputAudioDelta(event) => {
            black_box(BASE64_STANDARD.decode(&event.delta)?);
            Ok(())
        }
        _ => Err("not an audio delta".into()),
    }
}

fn append(pcm: &[u8]) -> Result<String> {
    let append = RealtimeClientEventInputAudioBufferAppend {
        event_id: None,
        audio: BASE64_STANDARD.encode(pcm),
    };
    Ok(serde_json::to_string(
        &RealtimeClientEvent::InputAudioBufferAppend(append),
    )?)
}
