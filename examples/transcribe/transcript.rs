//! The text of a recording, with its times, as JSON and as subtitles.

use std::fmt::Write;
use std::time::Duration;

use openai_realtime_ws::conversation::{self, TranscriptionTokens};
use serde::Serialize;

/// The text of a recording.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Transcript {
    /// Length of the recording, in milliseconds.
    pub duration_ms: u64,
    /// Turns in order, with what was said.
    pub segments: Vec<Segment>,
    /// Usage of the transcription.
    pub usage: TranscriptionTokens,
}

/// One turn.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Segment {
    /// Start, in milliseconds.
    pub start_ms: u64,
    /// End, in milliseconds.
    pub end_ms: u64,
    /// The text; absent where it could not be transcribed.
    pub text: Option<String>,
    /// Reason for a missing text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Segment {
    /// Returns a turn of a recording of this length. The silence behind the recording is not part
    /// of it.
    pub fn new(turn: conversation::Transcript, longest: u64) -> Self {
        let (text, error) = match turn.text {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self {
            start_ms: turn.start_ms.unwrap_or_default(),
            end_ms: turn.end_ms.unwrap_or(longest).min(longest),
            text,
            error,
        }
    }
}

impl Transcript {
    /// Writes it as subtitles, in the format of `.srt` files.
    pub fn to_srt(&self) -> String {
        let mut srt = String::new();
        let said = self.segments.iter().filter_map(|segment| {
            let text = segment.text.as_deref()?.trim();
            (!text.is_empty()).then_some((segment, text))
        });
        for (number, (segment, text)) in (1..).zip(said) {
            let (start, end) = (time(segment.start_ms), time(segment.end_ms));
            // Writing to a string cannot fail.
            let _ = write!(srt, "{number}\n{start} --> {end}\n{text}\n\n");
        }
        srt
    }
}

fn time(millis: u64) -> String {
    let at = Duration::from_millis(millis);
    let (seconds, millis) = (at.as_secs(), at.subsec_millis());
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    format!(
        "{hours:02}:{:02}:{:02},{millis:03}",
        minutes % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(start_ms: u64, end_ms: u64, text: Option<&str>) -> Segment {
        Segment {
            start_ms,
            end_ms,
            text: text.map(ToOwned::to_owned),
            ..Segment::default()
        }
    }

    #[test]
    fn subtitles_have_numbers_and_times() {
        let transcript = Transcript {
            segments: vec![
                segment(0, 1_500, Some("Hello.\n")),
                segment(2_000, 2_100, None),
                segment(3_599_999, 3_661_002, Some("Good bye.")),
            ],
            ..Transcript::default()
        };
        assert_eq!(
            transcript.to_srt(),
            "1\n00:00:00,000 --> 00:00:01,500\nHello.\n\n\
             2\n00:59:59,999 --> 01:01:01,002\nGood bye.\n\n"
        );
    }
}
