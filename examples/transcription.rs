//! Writes speech down: `transcription [FILE.wav]`. A WAV file of any rate goes in, its text comes
//! out on standard output; without a file, a bell is written down.
//!
//! Without `OPENAI_API_KEY`, an emulator in this process answers: it writes down how long the
//! speech was.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use openai_realtime_ws::conversation::Transcription;
use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::protocol::{
    Audio, AudioInput, ConversationItemInputAudioTranscriptionDelta, Patch, TranscriptionAudio,
    TranscriptionConfig, TranscriptionSession,
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
    let session = OpenAIRealtimeWS::open(native::Connector::new(), config).await?;

    // The file is one turn, silences and all.
    let input = AudioInput::default()
        .turn_detection(Patch::Clear)
        .transcription(TranscriptionConfig::default().model(models::TRANSCRIBER));
    let settings = TranscriptionSession::new().audio(TranscriptionAudio::default().input(input));
    let mut transcription = Transcription::new(session, settings);
    transcription
        .session_mut()
        .on(|event: &ConversationItemInputAudioTranscriptionDelta| {
            print!("{}", event.delta);
            // Nobody may read what is printed.
            let _ = std::io::stdout().flush();
        });
    for piece in speech.chunks(PIECE) {
        transcription.append(Audio::from_pcm16(piece)).await?;
    }
    let transcripts = transcription.finish().await?;
    if transcripts.is_empty() {
        return Err("there is nothing to write down: the service takes 100 ms or more".into());
    }
    for transcript in transcripts {
        // It was printed as it came.
        transcript.text?;
        println!();
    }
    transcription.close().await?;
    Ok(())
}
