//! Writes recordings down, many at once: a JSON file or subtitles beside each WAV file, with the
//! times of what was said.
//!
//! ```text
//! cargo run --features emulator --example transcribe -- \
//!     [--srt] [--at-once N] [--out FOLDER] FILE.wav...
//! ```
//!
//! Without `OPENAI_API_KEY`, an emulator in this process answers: it writes down how long each turn
//! was.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use futures_util::{StreamExt, stream};
use openai_realtime_ws::conversation::Transcription;
use openai_realtime_ws::protocol::{
    Audio, AudioInput, ServerVad, TranscriptionAudio, TranscriptionConfig, TranscriptionSession,
};
use openai_realtime_ws::{Config, OpenAIRealtimeWS, Target};

#[path = "../models/mod.rs"]
mod models;
#[allow(dead_code)] // The emulator is only kept.
#[path = "../service/mod.rs"]
mod service;
mod transcript;
#[allow(dead_code)] // Nothing is recorded here.
#[path = "../wav/mod.rs"]
mod wav;

use service::{Failure, Service};
use transcript::{Segment, Transcript};

/// Audio goes out in pieces of 100 ms.
const PIECE: usize = wav::RATE as usize / 10;

/// Options of the command line.
struct Options {
    files: Vec<PathBuf>,
    at_once: usize,
    out: Option<PathBuf>,
    srt: bool,
}

fn options(mut args: lexopt::Parser) -> Result<Options, lexopt::Error> {
    use lexopt::ValueExt;
    let mut options = Options {
        files: Vec::new(),
        at_once: 4,
        out: None,
        srt: false,
    };
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("srt") => options.srt = true,
            lexopt::Arg::Long("at-once") => options.at_once = args.value()?.parse()?,
            lexopt::Arg::Long("out") => options.out = Some(args.value()?.into()),
            lexopt::Arg::Value(file) => options.files.push(file.into()),
            arg => return Err(arg.unexpected()),
        }
    }
    if options.files.is_empty() {
        return Err("no file is named".into());
    }
    Ok(options)
}

/// Opens a session, and transcribes a recording in it.
async fn transcribe(config: Config, samples: &[i16]) -> Result<Transcript, Failure> {
    let session = OpenAIRealtimeWS::connect(config.target(Target::Transcription)).await?;
    // The server finds the turns, which gives the text its times.
    let input = AudioInput::default()
        .turn_detection(ServerVad::default())
        .transcription(TranscriptionConfig::default().model(models::TRANSCRIBER));
    let settings = TranscriptionSession::new().audio(TranscriptionAudio::default().input(input));
    let mut transcription = Transcription::new(session, settings);
    let mut transcript = Transcript {
        duration_ms: samples.len() as u64 * 1_000 / u64::from(wav::RATE),
        ..Transcript::default()
    };
    let handle = transcription.handle();
    let speaking = async {
        for piece in samples.chunks(PIECE) {
            handle.append(Audio::from_pcm16(piece)).await?;
        }
        handle.finish();
        Ok::<(), Failure>(())
    };
    let listening = async {
        while let Some(turn) = transcription.next().await {
            let segment = Segment::new(turn?, transcript.duration_ms);
            transcript.segments.push(segment);
        }
        Ok(())
    };
    futures_util::future::try_join(listening, speaking).await?;
    transcript.usage = transcription.usage().total().transcription.clone();
    transcription.close().await?;
    Ok(transcript)
}

/// Transcribes a file into another one beside it, and returns the latter.
async fn convert(config: Config, file: &Path, options: &Options) -> Result<PathBuf, Failure> {
    let transcript = transcribe(config, &wav::read(file)?).await?;
    let (extension, text) = if options.srt {
        ("srt", transcript.to_srt())
    } else {
        ("json", serde_json::to_string_pretty(&transcript)? + "\n")
    };
    let name = file.file_name().map(OsString::from).unwrap_or_default();
    let folder = options
        .out
        .as_deref()
        .or(file.parent())
        .unwrap_or(Path::new(""));
    let out = folder.join(name).with_extension(extension);
    std::fs::write(&out, text)
        .map_err(|error| format!("could not write {}: {error}", out.display()))?;
    Ok(out)
}

/// Transcribes all files, and fails at the end if one of them did.
async fn run(options: Options) -> Result<(), Failure> {
    let service = Service::find().await?;
    let options = &options;
    let mut results = stream::iter(&options.files)
        .map(|file| {
            let config = service.config.clone();
            async move { (file, convert(config, file, options).await) }
        })
        .buffer_unordered(options.at_once.max(1));
    let mut failed = 0;
    while let Some((file, result)) = results.next().await {
        match result {
            Ok(out) => println!("{} -> {}", file.display(), out.display()),
            Err(error) => {
                failed += 1;
                eprintln!("{}: {error}", file.display());
            }
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(format!(
            "{failed} of {} files could not be transcribed",
            options.files.len()
        )
        .into()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let usage = "transcribe [--srt] [--at-once N] [--out FOLDER] FILE.wav...";
    service::run(options(lexopt::Parser::from_env()), usage, run).await
}
