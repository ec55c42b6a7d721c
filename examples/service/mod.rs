//! Where the examples find the service.

use std::error::Error;
use std::process::ExitCode;

use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::{Config, ConfigError};

/// Everything in the examples ends in one line for a person.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The service, or an emulator in this process.
pub struct Service {
    /// How to reach it.
    pub config: Config,
    /// Kept to the end: the emulator stops when it is dropped.
    pub emulator: Option<Emulator>,
}

impl Service {
    /// With `OPENAI_API_KEY` the service itself, without it an emulator.
    pub async fn find() -> Result<Self, Failure> {
        match Config::from_env() {
            Err(ConfigError::MissingKey(_)) => {
                println!("OPENAI_API_KEY is not set: an emulator in this process answers.");
                Self::emulated().await
            }
            config => Ok(Self {
                config: config?,
                emulator: None,
            }),
        }
    }

    /// An emulator.
    pub async fn emulated() -> Result<Self, Failure> {
        let emulator = Emulator::start().await?;
        Ok(Self {
            config: Config::new("sk-emulator").insecure_loopback_url(emulator.ws_url()),
            emulator: Some(emulator),
        })
    }
}

/// Runs an example with what its command line says: 2 for one that says nothing known, 1 for a failure, each with a line.
pub async fn run<A, F>(
    argument: Result<A, lexopt::Error>,
    usage: &str,
    run: impl FnOnce(A) -> F,
) -> ExitCode
where
    F: Future<Output = Result<(), Failure>>,
{
    let argument = match argument {
        Ok(argument) => argument,
        Err(error) => {
            eprintln!("{error}; usage: {usage}");
            return ExitCode::from(2);
        }
    };
    match run(argument).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
