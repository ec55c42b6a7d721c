//! The command line.

use std::time::Duration;

use crate::Result;

pub const HELP: &str = "\
Many sessions at once, over connections that break at random, against the emulator in the same
process: every event is accounted for, memory stays flat, and nothing is left behind.

Usage: cargo xtask soak [OPTIONS]

  --minutes N    how long it takes (10)
  --seconds N    the same, for short runs
  --sessions N   how many sessions there are at any time (1000)
  --seed N       the numbers that decide what breaks when; printed, and another one in every run";

/// Command.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub duration: Duration,
    pub sessions: usize,
    pub seed: u64,
}

/// Reads the command line; `None` if it asks for help.
pub fn parse(arguments: impl Iterator<Item = String>, seed: u64) -> Result<Option<Options>> {
    let mut options = Options {
        duration: Duration::from_secs(600),
        sessions: 1_000,
        seed,
    };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        if matches!(argument.as_str(), "--help" | "-h") {
            return Ok(None);
        }
        let value = arguments
            .next()
            .ok_or_else(|| format!("{argument} needs a number"))?;
        let number: u64 = value
            .parse()
            .map_err(|_| format!("{argument}: '{value}' is no number"))?;
        match argument.as_str() {
            "--minutes" => options.duration = Duration::from_secs(number * 60),
            "--seconds" => options.duration = Duration::from_secs(number),
            "--sessions" => options.sessions = usize::try_from(number)?,
            "--seed" => options.seed = number,
            _ => return Err(format!("unknown option '{argument}'; try --help").into()),
        }
    }
    Ok(Some(options))
}
