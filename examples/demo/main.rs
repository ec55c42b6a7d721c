//! Talks to the Realtime API in text, then in speech, and writes the spoken reply to a file.
//! Without a key, an emulator in this process answers. `cargo demo --help` says the rest.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, absolute};
use std::process::ExitCode;
use std::time::Duration;

use openai_realtime_ws::emulator::{Action, Admission, Emulator, Script};
use openai_realtime_ws::protocol::ErrorEvent;
use openai_realtime_ws::{Config, ConfigError, Reconnect, Restore, native};

mod conversation;
#[path = "../models/mod.rs"]
mod models;
mod options;
mod screen;
#[path = "../wav/mod.rs"]
mod wav;

use conversation::Conversation;
use options::Options;
use screen::{Screen, seconds};

/// Everything here ends in one line for a person.
type Failure = Box<dyn Error>;

/// The exit code for a command line that cannot be understood.
const USAGE: u8 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut screen = Screen::new();
    let options = match options::parse(options::arguments(std::env::args_os())) {
        Ok(options) => options,
        Err(error) => {
            complain(&format!("{error}; try --help"));
            return ExitCode::from(USAGE);
        }
    };
    let done = match options {
        Some(options) => run(&options, &mut screen).await,
        None => screen.line(options::HELP.trim_end()),
    };
    if let Err(failure) = done {
        let _ = screen.end_line();
        let text = with_causes(&*failure);
        match advice(&*failure) {
            Some(advice) => complain(&format!("{text}. {advice}")),
            None => complain(&text),
        }
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

async fn run(options: &Options, screen: &mut Screen) -> Result<(), Failure> {
    // What can fail on this machine fails before anybody is called.
    let (speech, source) = match &options.wav {
        Some(path) => (wav::read(path)?, path.display().to_string()),
        None => (
            wav::bell(),
            "a bell; --wav FILE to say something".to_owned(),
        ),
    };
    wav::check_writable(&options.out)?;
    let connector = connector(options.ca.as_deref())?;

    // It stops when it is dropped: at the end of this function.
    let emulator;
    let config = match Config::from_env() {
        Err(ConfigError::MissingKey(_)) => {
            screen.line("OPENAI_API_KEY is not set: an emulator in this process answers.")?;
            emulator = Emulator::builder()
                .script(script(options.drop_after))
                .pace(1.0)
                .start()
                .await
                .map_err(|error| format!("could not start the emulator: {error}"))?;
            Config::new("sk-emulator").insecure_loopback_url(emulator.ws_url())
        }
        Ok(_) if options.drop_after.is_some() => {
            return Err("--drop-after is for the emulator: unset OPENAI_API_KEY".into());
        }
        config => config?,
    };
    let mut config = config
        .model(&options.model)
        .connect_timeout(options.patience);
    if options.drop_after.is_some() {
        config = config
            .reconnect(Reconnect::default())
            .restore(Restore::default());
    }

    let mut conversation = Conversation::open(connector, config, options.patience, screen).await?;
    conversation.write(&options.text, screen).await?;
    if let Some(time) = options.drop_after {
        conversation.recover(time, screen).await?;
    }
    let reply = conversation.say(&speech, &source, screen).await?;
    conversation.close().await?;

    wav::write(&options.out, &reply)?;
    let path = absolute(&options.out)?;
    screen.line(&format!(
        "\nThe spoken reply ({}) is in {}",
        seconds(reply.len()),
        path.display()
    ))?;
    Ok(())
}

/// Returns the emulator's script, which cuts the first connection.
fn script(drop_after: Option<Duration>) -> Script {
    Script::new().on_connect(move |upgrade| match drop_after {
        Some(time) if upgrade.connection() == 0 => {
            Admission::accept().after_time(time, Action::Drop)
        }
        _ => Admission::accept(),
    })
}

fn connector(ca: Option<&Path>) -> Result<native::Connector, Failure> {
    let connector = native::Connector::new();
    let Some(path) = ca else { return Ok(connector) };
    let pem =
        fs::read(path).map_err(|error| format!("could not read {}: {error}", path.display()))?;
    connector.root_certificate_pem(&pem).map_err(|error| {
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        format!(
            "could not take a certificate from {}: {cause}",
            path.display()
        )
        .into()
    })
}

/// An error and what caused it, on one line.
fn with_causes(failure: &dyn Error) -> String {
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Returns advice about an error that the server reports. The service opens the connection even if
/// the key is wrong, and says so on it.
fn advice(failure: &(dyn Error + 'static)) -> Option<&'static str> {
    let event = match failure.downcast_ref::<openai_realtime_ws::Error>() {
        Some(openai_realtime_ws::Error::Server(event)) => &**event,
        _ => failure.downcast_ref::<ErrorEvent>()?,
    };
    match event.error.code.as_deref()? {
        "invalid_api_key" => Some("Check the API key"),
        "missing_model" | "invalid_model" | "model_not_found" => Some("Check --model"),
        "insufficient_quota" => Some("Check the account's plan and billing"),
        _ => None,
    }
}

fn complain(message: &str) {
    let line: String = message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    // Where nobody listens, the exit code has to do.
    let _ = writeln!(io::stderr(), "error: {line}");
}
