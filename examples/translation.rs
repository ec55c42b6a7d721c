//! Translates speech: `translation FILE.wav OUT.wav [LANGUAGE]`. What was said and its translation
//! are printed; the translated speech is in the second file. `-` in place of the first is a bell.
//!
//! Without `OPENAI_API_KEY`, an emulator in this process answers: it plays the speech back and says
//! how long it was.

use std::error::Error;
use std::path::Path;

use openai_realtime_ws::audio::Decoder;
use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::protocol::{
    AudioFormat, SessionClose, SessionInputAudioBufferAppend, TranslationAudio,
    TranslationAudioInput, TranslationAudioOutput, TranslationServerEvent,
    TranslationSessionConfig, TranslationSessionUpdate, TranslationTranscription,
};
use openai_realtime_ws::{Config, ConfigError, OpenAIRealtimeTranslationWS, native};

mod models;
mod wav;

type Failure = Box<dyn Error>;

/// Speech goes out in pieces of 100 ms, as a microphone would give it.
const PIECE: usize = wav::RATE as usize / 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [original, translated, rest @ ..] = &arguments[..] else {
        return Err("usage: translation FILE.wav|- OUT.wav [LANGUAGE]".into());
    };
    let language = rest.first().map_or("es", String::as_str);
    let speech = match original.as_str() {
        "-" => wav::bell(),
        path => wav::read(Path::new(path))?,
    };
    wav::check_writable(Path::new(translated))?;

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
    let connector = native::Connector::new();
    let mut session =
        OpenAIRealtimeTranslationWS::open(connector, config.model(models::TRANSLATOR)).await?;

    let input = TranslationAudioInput::default()
        .transcription(TranslationTranscription::default().model(models::LIVE_TRANSCRIBER));
    let output = TranslationAudioOutput::default().language(language);
    let audio = TranslationAudio::default().input(input).output(output);
    let settings = TranslationSessionConfig::default().audio(audio);
    session
        .send(TranslationSessionUpdate::new(settings))
        .await?;
    for piece in speech.chunks(PIECE) {
        session
            .send(SessionInputAudioBufferAppend::pcm16(piece))
            .await?;
    }
    // What is under way still comes.
    session.send(SessionClose::default()).await?;

    let mut decoder = Decoder::new(&AudioFormat::default());
    let (mut said, mut meant, mut heard) = (String::new(), String::new(), Vec::new());
    while let Some(event) = session.next().await {
        match event? {
            TranslationServerEvent::SessionInputTranscriptDelta(event) => said += &event.delta,
            TranslationServerEvent::SessionOutputTranscriptDelta(event) => meant += &event.delta,
            TranslationServerEvent::SessionOutputAudioDelta(event) => {
                heard.append(&mut decoder.decode(&event.delta)?);
            }
            TranslationServerEvent::SessionClosed(_) => {
                println!("said: {said}");
                println!("in {language}: {meant}");
                wav::write(Path::new(translated), &heard)?;
                session.close().await?;
                return Ok(());
            }
            TranslationServerEvent::Error(event) => return Err(event.error.to_string().into()),
            _ => {}
        }
    }
    Err("the server closed the connection before the translation was over".into())
}
