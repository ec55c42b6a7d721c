//! The service that the examples talk to, or an emulator in its place.

use std::error::Error;
use std::process::ExitCode;

use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::{Config, ConfigError};

/// Any failure of an example, for a person to read.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The service, or an emulator in this process.
pub struct Service {
    /// Configuration that reaches it.
    pub config: Config,
    /// Kept to the end: the emulator stops when it is dropped.
    pub emulator: Option<Emulator>,
}

impl Service {
    /// Finds the service itself if `OPENAI_API_KEY` is set, else starts an emulator.
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

    /// Starts an emulator.
    pub async fn emulated() -> Result<Self, Failure> {
        let emulator = Emulator::start().await?;
        Ok(Self {
            config: Config::new("sk-emulator").insecure_loopback_url(emulator.ws_url()),
            emulator: Some(emulator),
        })
    }
}

/// Runs an example with its argument. The exit code is 2 for a command line that is not understood
/// and 1 for a failure, each with a line that says why.
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
