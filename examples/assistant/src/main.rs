//! A voice assistant in the terminal: it listens by the microphone and speaks by the loudspeaker,
//! can be interrupted by speech, and calls tools. With `--text` it reads lines and writes.
//!
//! ```text
//! cargo run -- [--text] [--half-duplex] [--seconds N]
//! ```
//!
//! Without `OPENAI_API_KEY`, an emulator in this process answers: it says what it heard. Without a
//! headset or echo cancellation, `--half-duplex` keeps the model from hearing itself.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use openai_realtime_ws::conversation::{
    Conversation, ConversationEvent, ConversationHandle, Json, Playback, Tools, TurnEvent,
};
use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::protocol::{
    AudioConfig, AudioInput, FunctionTool, Modality, NoiseReduction, RealtimeSession, ServerVad,
    SessionUpdate, TranscriptionConfig,
};
use openai_realtime_ws::{Config, ConfigError, Connector, OpenAIRealtimeWS, Reconnect, Restore};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

mod devices;
mod screen;

use devices::{Loudspeaker, Open};
use screen::Screen;

/// Everything ends in one line for a person.
type Failure = Box<dyn Error + Send + Sync>;

/// Options of the command line.
#[derive(Default)]
struct Options {
    text: bool,
    half_duplex: bool,
    /// Time that the assistant runs; until it is interrupted if absent.
    seconds: Option<u64>,
}

fn options(mut args: lexopt::Parser) -> Result<Options, lexopt::Error> {
    use lexopt::ValueExt;
    let mut options = Options::default();
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("text") => options.text = true,
            lexopt::Arg::Long("half-duplex") => options.half_duplex = true,
            lexopt::Arg::Long("seconds") => options.seconds = Some(args.value()?.parse()?),
            arg => return Err(arg.unexpected()),
        }
    }
    Ok(options)
}

/// Tools of the model.
fn tools() -> Tools {
    let dice = FunctionTool::default()
        .name("roll_dice")
        .description("Rolls a die with a number of sides")
        .parameters(json!({"type": "object", "required": ["sides"],
            "properties": {"sides": {"type": "integer", "minimum": 2}}}));
    Tools::new().function(dice, |wish: Value| async move {
        let sides = wish["sides"].as_u64().filter(|sides| *sides >= 2);
        let sides = sides.ok_or("a die has at least two sides")?;
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        let shown = u64::from(now.subsec_nanos()) / 64 % sides + 1;
        Ok::<_, &str>(Json(json!({"shown": shown})))
    })
}

fn settings(options: &Options) -> SessionUpdate {
    let input = AudioInput::default()
        .turn_detection(ServerVad::default())
        .noise_reduction(NoiseReduction::far_field())
        .transcription(TranscriptionConfig::default().model("gpt-realtime-whisper"));
    let modality = if options.text {
        Modality::Text
    } else {
        Modality::Audio
    };
    SessionUpdate::new(
        RealtimeSession::new()
            .instructions("You are a helpful assistant. Be brief.")
            .output_modalities([modality])
            .audio(AudioConfig::default().input(input)),
    )
}

async fn run(options: &Options) -> Result<(), Failure> {
    // Kept to the end: the emulator stops when it is dropped.
    let emulator;
    let config = match Config::from_env() {
        Err(ConfigError::MissingKey(_)) => {
            println!("OPENAI_API_KEY is not set: an emulator in this process answers.");
            // It speaks at the pace of speech, so that it can be interrupted.
            emulator = Emulator::builder().pace(1.0).start().await?;
            Config::new("sk-emulator").insecure_loopback_url(emulator.ws_url())
        }
        config => config?,
    };
    let config = config
        .model("gpt-realtime-2.1")
        .reconnect(Reconnect::default())
        .restore(Restore::default())
        .renew();
    let rt = OpenAIRealtimeWS::connect(config).await?;
    let conversation = Conversation::new(rt).tools(tools());
    let handle = conversation.handle();
    handle.send(settings(options));
    if options.text {
        return converse(conversation, &handle, options, None).await;
    }
    let loudspeaker = Loudspeaker::find()?;
    let (playback, speaker) = Playback::with_speaker(loudspeaker.rate());
    let monitor = options.half_duplex.then(|| speaker.monitor());
    let live = handle.live_audio(Duration::from_millis(500));
    let devices = [devices::listen(live, monitor)?, loudspeaker.play(speaker)?];
    println!("Speak. Control-C ends it.");
    let conversation = conversation.playback(playback);
    converse(conversation, &handle, options, Some(&devices)).await
}

/// Shows the conversation until it ends.
async fn converse<C: Connector>(
    mut conversation: Conversation<C>,
    handle: &ConversationHandle,
    options: &Options,
    devices: Option<&[Open; 2]>,
) -> Result<(), Failure> {
    let mut screen = Screen::new();
    let mut typed = BufReader::new(tokio::io::stdin()).lines();
    let mut is_typing = options.text;
    let mut meters = tokio::time::interval(Duration::from_millis(50));
    let end = tokio::time::sleep(Duration::from_secs(
        options.seconds.unwrap_or(u64::MAX >> 20),
    ));
    tokio::pin!(end);
    let mut answers = FuturesUnordered::new();
    loop {
        if options.text && !is_typing && answers.is_empty() {
            handle.close();
        }
        tokio::select! {
            event = conversation.next() => match event {
                Some(event) => show(&mut screen, event?),
                None => break,
            },
            line = typed.next_line(), if is_typing => match line? {
                Some(line) => answers.push(handle.say(line)),
                None => is_typing = false,
            },
            // What was typed is answered before the end.
            Some(_) = answers.next() => {}
            _ = meters.tick(), if devices.is_some() => {
                if let Some([microphone, loudspeaker]) = devices {
                    screen.meters(microphone.level.get(), loudspeaker.level.get());
                }
            }
            () = &mut end => handle.close(),
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                handle.close();
            }
        }
    }
    let gaps: u32 = devices.into_iter().flatten().map(Open::gaps).sum();
    if gaps > 0 {
        screen.line(&format!(
            "[{gaps} gaps in the sound: this computer was busy]"
        ));
    }
    let tokens = conversation.usage().total();
    screen.line(&format!(
        "{} responses, {} tokens",
        tokens.responses,
        tokens.total()
    ));
    Ok(())
}

fn show(screen: &mut Screen, event: ConversationEvent) {
    match event {
        ConversationEvent::Text(event) => screen.add("model: ", &event.delta),
        ConversationEvent::Transcript(event) => screen.add("model: ", &event.delta),
        ConversationEvent::UserTranscript(event) => {
            screen.line(&format!("you: {}", event.transcript.trim()));
        }
        ConversationEvent::Interrupted(interruption) => {
            screen.end_line();
            for heard in &interruption.heard {
                let (played, received) = (heard.played.as_millis(), heard.received.as_millis());
                screen.line(&format!(
                    "[interrupted: {played} of {received} ms were heard]"
                ));
            }
        }
        ConversationEvent::ToolStarted(call) => screen.line(&format!("[{} …]", call.name)),
        ConversationEvent::ToolDone { call, .. } => screen.line(&format!("[{} done]", call.name)),
        ConversationEvent::Turn(TurnEvent::TurnDone(turn)) => {
            screen.end_line();
            if let Some(latency) = turn.latency() {
                screen.line(&format!("[first audio after {} ms]", latency.as_millis()));
            }
        }
        ConversationEvent::Reconnecting(next) => {
            screen.line(&format!("[reconnecting in {:?}]", next.delay));
        }
        ConversationEvent::ServerError(error) => screen.line(&format!("[{error}]")),
        _ => {}
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match options(lexopt::Parser::from_env()) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}; usage: assistant-example [--text] [--half-duplex] [--seconds N]");
            return ExitCode::from(2);
        }
    };
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
