//! This crate.

use std::hint::black_box;

use futures_util::FutureExt;
use openai_realtime_ws::{
    Config, OpenAIRealtimeWS, ServerEvent,
    native::Connector,
    protocol::{InputAudioBufferAppend, InputAudioBufferCommit},
};

use crate::{
    Bench, Result,
    frames::DELTA_PCM,
    measure::{self, Meter, Server, Speech},
};

/// Runs a bench.
pub async fn run(bench: Bench, server: &Server) -> Result<f64> {
    let connector = Connector::new().root_certificate_pem(&server.certificate)?;
    let mut config = Config::new("none")
        .base_url(&server.base_url)
        .model(bench.name());
    if server.events.is_some() {
        // Under valgrind a run takes long, and the server answers no ping.
        config = config.keep_alive(None);
    }
    let open = || open(connector.clone(), config.clone());
    match bench {
        Bench::TextDelta => text_deltas(open().await?, server).await,
        Bench::AudioDelta => audio_deltas(open().await?, server).await,
        Bench::ItemAdded | Bench::ResponseDone | Bench::SessionCreated => {
            events(open().await?, server).await
        }
        Bench::Append => appends(open().await?, server).await,
        Bench::IdleSession => measure::resident(|| async { idle(open().await?) }).await,
        Bench::Call => measure::calls(server, || async { Ok(call(open().await?)) }).await,
    }
}

async fn open(connector: Connector, config: Config) -> Result<OpenAIRealtimeWS> {
    let mut rt = OpenAIRealtimeWS::open(connector, config).await?;
    match rt.next().await {
        Some(Ok(ServerEvent::SessionCreated(_))) => Ok(rt),
        _ => Err("not session.created".into()),
    }
}

async fn text_deltas(mut rt: OpenAIRealtimeWS, server: &Server) -> Result<f64> {
    let mut meter = Meter::start(server);
    while let Some(event) = rt.next().await {
        match event? {
            ServerEvent::ResponseOutputTextDelta(event) => drop(black_box(event.delta)),
            _ => return Err("not a text delta".into()),
        }
        if !meter.tick() {
            return Ok(meter.rate());
        }
    }
    Err("the server hung up".into())
}

async fn audio_deltas(mut rt: OpenAIRealtimeWS, server: &Server) -> Result<f64> {
    let mut meter = Meter::start(server);
    while let Some(event) = rt.next().await {
        match event? {
            ServerEvent::ResponseOutputAudioDelta(event)
                if event.delta.bytes()?.len() == DELTA_PCM => {}
            _ => return Err("not an audio delta".into()),
        }
        if !meter.tick() {
            return Ok(meter.rate());
        }
    }
    Err("the server hung up".into())
}

async fn events(mut rt: OpenAIRealtimeWS, server: &Server) -> Result<f64> {
    let mut meter = Meter::start(server);
    while let Some(event) = rt.next().await {
        match event? {
            ServerEvent::Other(_) => return Err("not a known event".into()),
            event => drop(black_box(event)),
        }
        if !meter.tick() {
            return Ok(meter.rate());
        }
    }
    Err("the server hung up".into())
}

/// Holds a call in two halves, as the README shows it.
async fn call(rt: OpenAIRealtimeWS) -> Result<()> {
    let (sender, mut receiver) = rt.split();
    tokio::spawn(async move {
        let mut speech = Speech::new();
        while (sender
            .send(InputAudioBufferAppend::bytes(speech.next().await))
            .await)
            .is_ok()
        {}
    });
    while let Some(event) = receiver.next().await {
        if let ServerEvent::ResponseOutputAudioDelta(event) = event? {
            black_box(event.delta.bytes()?);
        }
    }
    Ok(())
}

async fn appends(mut rt: OpenAIRealtimeWS, server: &Server) -> Result<f64> {
    let pcm = measure::append_pcm();
    let mut meter = Meter::start(server);
    loop {
        rt.send(InputAudioBufferAppend::bytes(&pcm)).await?;
        if !meter.tick() {
            break;
        }
    }
    rt.send(InputAudioBufferCommit::default()).await?;
    let Some(Ok(ServerEvent::InputAudioBufferCommitted(committed))) = rt.next().await else {
        return Err("not the acknowledgement".into());
    };
    let rate = meter.rate();
    if committed.item_id != measure::acknowledged(meter.count()) {
        return Err("the server counted otherwise".into());
    }
    Ok(rate)
}

fn idle(mut rt: OpenAIRealtimeWS) -> Result<OpenAIRealtimeWS> {
    match rt.next().now_or_never() {
        None => Ok(rt),
        Some(_) => Err("not idle".into()),
    }
}
