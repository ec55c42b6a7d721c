//! The text of a recording, with its times, as JSON and as subtitles.

use std::fmt::Write;
use std::time::Duration;

use openai_realtime_ws::conversation::TranscriptionTokens;
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
    #[serde(skip)]
    pub item_id: String,
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
    /// Returns true once nothing more comes of it.
    pub fn is_final(&self) -> bool {
        self.text.is_some() || self.error.is_some()
    }
}

impl Transcript {
    /// Returns the turn of an item, which is a new one behind the others if it is not known.
    pub fn segment(&mut self, item_id: &str) -> &mut Segment {
        let known = |segment: &Segment| segment.item_id == item_id;
        let at = self.segments.iter().position(known).unwrap_or_else(|| {
            self.segments.push(Segment {
                item_id: item_id.to_owned(),
                ..Segment::default()
            });
            self.segments.len() - 1
        });
        &mut self.segments[at]
    }

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
