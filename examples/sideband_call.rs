//! Sets up a call over WebRTC, attaches a second connection to it, and steers it. The caller's
//! audio goes straight to the service, while instructions, tools and logs stay on this server.
//!
//! ```text
//! cargo run --features rest,emulator --example sideband_call -- [--offer FILE]
//! ```
//!
//! The offer comes from the caller's browser: `RTCPeerConnection.createOffer()`, posted to a server
//! like this one, which returns the answer for `setRemoteDescription`. The emulator accepts any
//! offer; the service requires a real one.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use openai_realtime_ws::protocol::{
    ConversationItemCreate, Modality, RealtimeSession, ResponseCreate, SessionUpdate,
};
use openai_realtime_ws::{OpenAIRealtimeWS, ServerEvent, Target, rest};

mod models;
pub mod service;

use service::{Failure, Service};

/// Smallest text that is an offer.
pub const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n";

/// Holds the call, and reports its progress on `out`.
pub async fn steer(service: &Service, offer: &str, out: &mut impl Write) -> Result<(), Failure> {
    let client = rest::Client::new(service.config.clone())?;
    let session = RealtimeSession::new()
        .model(models::REALTIME)
        .output_modalities([Modality::Text]);
    let call = client.calls().create(offer, session).await?;
    writeln!(out, "call {} is set up", call.id)?;
    writeln!(
        out,
        "the caller gets {} bytes of SDP",
        call.answer_sdp.len()
    )?;

    let sideband = Target::Call(call.id.clone());
    let mut rt = OpenAIRealtimeWS::connect(service.config.clone().target(sideband)).await?;
    let instructions = "Answer in one short sentence.";
    rt.send(SessionUpdate::new(
        RealtimeSession::new().instructions(instructions),
    ))
    .await?;
    rt.send(ConversationItemCreate::user_text("What can you do for me?"))
        .await?;
    rt.send(ResponseCreate::default()).await?;
    while let Some(event) = rt.next().await {
        match event? {
            ServerEvent::SessionCreated(_) => writeln!(out, "attached to its session")?,
            ServerEvent::SessionUpdated(_) => writeln!(out, "its instructions are changed")?,
            ServerEvent::ResponseOutputTextDone(event) => writeln!(out, "model: {}", event.text)?,
            ServerEvent::ResponseDone(_) => break,
            ServerEvent::Error(error) => return Err(error.into()),
            _ => {}
        }
    }
    client.calls().hang_up(&call.id).await?;
    writeln!(out, "hung up")?;
    Ok(())
}

fn offer(mut args: lexopt::Parser) -> Result<Option<PathBuf>, lexopt::Error> {
    let mut offer = None;
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("offer") => offer = Some(args.value()?.into()),
            arg => return Err(arg.unexpected()),
        }
    }
    Ok(offer)
}

async fn run(offer: Option<PathBuf>) -> Result<(), Failure> {
    let service = Service::find().await?;
    let offer = match offer {
        Some(path) => std::fs::read_to_string(path)?,
        None if service.emulator.is_some() => OFFER.to_owned(),
        None => return Err("the service wants a browser's offer: --offer FILE".into()),
    };
    steer(&service, &offer, &mut io::stdout()).await
}

#[tokio::main]
async fn main() -> ExitCode {
    let offer = offer(lexopt::Parser::from_env());
    service::run(offer, "sideband_call [--offer FILE]", run).await
}
