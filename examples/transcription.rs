//! Writes speech down: `transcription [FILE.wav]`. A WAV file of any rate goes in, its text comes
//! out on standard output; without a file, a bell is written down.
//!
//! Without `OPENAI_API_KEY`, an emulator in this process answers: it writes down how long the
//! speech was.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::protocol::{
    AudioInput, InputAudioBufferAppend, InputAudioBufferCommit, Patch, ServerEvent, SessionUpdate,
    TranscriptionAudio, TranscriptionConfig, TranscriptionSession,
};
use openai_realtime_ws::{Config, ConfigError, OpenAIRealtimeWS, Target, native};

mod models;
#[allow(dead_code)] // Nothing is written to a file here.
mod wav;

type Failure = Box<dyn Error>;

/// Speech goes out in pieces of 100 ms, as a microphone would give it.
const PIECE: usize = wav::RATE as usize / 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let speech = match std::env::args().nth(1) {
        Some(path) => wav::read(Path::new(&path))?,
        None => wav::bell(),
    };

    // Kept to the end: it stops when it is dropped.
    let emulator;
    let config = match Config::from_env() {
        Err(ConfigError::MissingKey(_)) => {
            eprintln!("OPENAI_API_KEY is not set: an emulator in this process answers.");
            emulator = Emulator::start().await?;
            Config::new("sk-emulator").insecure_loopback_url(emulator.ws_url())
        }
        config => config?,
    };
    let config = config.target(Target::Transcription);
    let mut session = OpenAIRealtimeWS::open(native::Connector::new(), config).await?;

    // The file is one turn, silences and all.
    let input = AudioInput::default()
        .turn_detection(Patch::Clear)
        .transcription(TranscriptionConfig::default().model(models::TRANSCRIBER));
    let settings = TranscriptionSession::new().audio(TranscriptionAudio::default().input(input));
    session.send(SessionUpdate::new(settings)).await?;
    for piece in speech.chunks(PIECE) {
        session.send(InputAudioBufferAppend::pcm16(piece)).await?;
    }
    session.send(InputAudioBufferCommit::default()).await?;

    while let Some(event) = session.next().await {
        match event? {
            ServerEvent::ConversationItemInputAudioTranscriptionDelta(event) => {
                print!("{}", event.delta);
                std::io::stdout().flush()?;
            }
            ServerEvent::ConversationItemInputAudioTranscriptionCompleted(_) => {
                println!();
                session.close().await?;
                return Ok(());
            }
            ServerEvent::ConversationItemInputAudioTranscriptionFailed(event) => {
                let why = event.error.message.unwrap_or_default();
                return Err(format!("the speech could not be written down: {why}").into());
            }
            ServerEvent::Error(event) => return Err(event.into()),
            _ => {}
        }
    }
    Err("the server closed the connection before it had written everything down".into())
}
