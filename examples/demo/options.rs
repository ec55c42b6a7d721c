//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::{Long, Short, ValueExt};

use crate::models;

/// Text of `--help`.
pub const HELP: &str = "\
Talks to the OpenAI Realtime API: a turn of text, then a turn of speech.

Usage: cargo demo [OPTIONS]

  --text TEXT        what to write in the first turn
  --wav FILE         what to say in the second: a WAV file of any rate, mono or
                     stereo; a bell if there is none
  --out FILE         where to write the spoken reply (reply.wav)
  --model MODEL      the model to talk to (gpt-realtime-2.1)
  --ca FILE          root certificates in PEM to trust besides the system's
  --timeout SECONDS  how long to wait for the server at any time (30)
  --drop-after TIME  have the emulator cut the connection after a time, such as 2s
                     or 500ms, to see the session recover and go on
  -h, --help         this text

Environment:
  OPENAI_API_KEY     the key. Without one, an emulator in this process answers:
                     it needs no network, and plays your own speech back.
  OPENAI_BASE_URL    where the service is (https://api.openai.com/v1)
  OPENAI_ORG_ID, OPENAI_PROJECT_ID
                     who pays, where the key leaves that open
";

/// Options of the command line.
#[derive(Debug)]
pub struct Options {
    /// The user's words in the text turn.
    pub text: String,
    /// The user's words in the speech turn.
    pub wav: Option<PathBuf>,
    /// Path of the file for the spoken reply.
    pub out: PathBuf,
    /// Model to talk to.
    pub model: String,
    /// Further root certificates.
    pub ca: Option<PathBuf>,
    /// Longest time without anything from the server.
    pub patience: Duration,
    /// Time after which the emulator cuts the connection.
    pub drop_after: Option<Duration>,
}

/// Returns a parser of the arguments behind the program's name. A `--` at the front is skipped, so
/// that cargo's usual form, `cargo demo -- --text hi`, works as well as the alias alone.
pub fn arguments(line: impl Iterator<Item = OsString>) -> lexopt::Parser {
    let mut arguments = line.skip(1).peekable();
    arguments.next_if(|first| first == "--");
    lexopt::Parser::from_args(arguments)
}

/// Reads the command line; `None` if it asks for help.
pub fn parse(mut line: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options {
        text: "Hello! In one short sentence: what can you do?".to_owned(),
        wav: None,
        out: "reply.wav".into(),
        model: models::REALTIME.to_owned(),
        ca: None,
        patience: Duration::from_secs(30),
        drop_after: None,
    };
    while let Some(argument) = line.next()? {
        match argument {
            Long("text") => options.text = line.value()?.string()?,
            Long("wav") => options.wav = Some(line.value()?.into()),
            Long("out") => options.out = line.value()?.into(),
            Long("model") => options.model = line.value()?.string()?,
            Long("ca") => options.ca = Some(line.value()?.into()),
            Long("timeout") => options.patience = Duration::from_secs(line.value()?.parse()?),
            Long("drop-after") => options.drop_after = Some(line.value()?.parse_with(time)?),
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

/// A time in seconds or milliseconds.
fn time(text: &str) -> Result<Duration, &'static str> {
    let number = |text: &str| text.parse().map_err(|_| "not a time such as 2s or 500ms");
    match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(millis), _) => Ok(Duration::from_millis(number(millis)?)),
        (None, Some(seconds)) => Ok(Duration::from_secs(number(seconds)?)),
        (None, None) => Ok(Duration::from_secs(number(text)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_args(args: &[&str]) -> Result<Option<Options>, String> {
        let line = std::iter::once("demo").chain(args.iter().copied());
        parse(arguments(line.map(OsString::from))).map_err(|error| error.to_string())
    }

    #[test]
    fn cargos_dashes_are_skipped() {
        let options = parse_args(&["--", "--text", "Hi"]).unwrap().unwrap();
        assert_eq!(options.text, "Hi");
        assert!(parse_args(&["--", "--", "--text", "Hi"]).is_err());
        assert!(parse_args(&["--text", "Hi", "--", "more"]).is_err());
    }

    #[test]
    fn every_option_is_taken() {
        let args = [
            "--text=Hi",
            "--wav",
            "in.wav",
            "--out",
            "out.wav",
            "--model",
            "m",
            "--ca",
            "ca.pem",
            "--timeout",
            "7",
            "--drop-after",
            "250ms",
        ];
        let options = parse_args(&args).unwrap().unwrap();
        assert_eq!((options.text.as_str(), options.model.as_str()), ("Hi", "m"));
        assert_eq!(options.wav, Some("in.wav".into()));
        assert_eq!(options.out, PathBuf::from("out.wav"));
        assert_eq!(options.ca, Some("ca.pem".into()));
        assert_eq!(options.patience, Duration::from_secs(7));
        assert_eq!(options.drop_after, Some(Duration::from_millis(250)));
        assert_eq!(time("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(time("3"), Ok(Duration::from_secs(3)));
        assert!(time("soon").is_err());
        assert!(parse_args(&["--help"]).unwrap().is_none());
    }

    #[test]
    fn help_names_every_option() {
        for option in [
            "--text",
            "--wav",
            "--out",
            "--model",
            "--ca",
            "--timeout",
            "--help",
        ] {
            assert!(HELP.contains(option), "{option}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            parse_args(&["--txet", "Hi"]).unwrap_err(),
            "invalid option '--txet'"
        );
        assert_eq!(
            parse_args(&["in.wav"]).unwrap_err(),
            "unexpected argument \"in.wav\""
        );
        assert_eq!(
            parse_args(&["--wav"]).unwrap_err(),
            "missing argument for option '--wav'"
        );
        assert!(
            parse_args(&["--timeout", "soon"])
                .unwrap_err()
                .contains("\"soon\"")
        );
    }
}
