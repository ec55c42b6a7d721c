//! Where the examples find the service.

use std::error::Error;

use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::{Config, ConfigError};

/// Everything in the examples ends in one line for a person.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The service, or an emulator in this process.
pub struct Service {
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

    pub async fn emulated() -> Result<Self, Failure> {
        let emulator = Emulator::start().await?;
        Ok(Self {
            config: Config::new("sk-emulator").insecure_loopback_url(emulator.ws_url()),
            emulator: Some(emulator),
        })
    }
}
