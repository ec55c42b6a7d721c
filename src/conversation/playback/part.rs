//! One content part of the model's speech, and how much of it was heard.

use std::time::Duration;

#[cfg(feature = "audio")]
use crate::audio::Decoder;
use crate::protocol::AudioFormat;

/// Heard part of a content part of the model's speech.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heard {
    /// Response that the part belongs to.
    pub response_id: String,
    /// Message item that the part belongs to.
    pub item_id: String,
    /// Place of the part in the item.
    pub content_index: u32,
    /// Length of the audio that was heard.
    pub played: Duration,
    /// Length of the audio that was received.
    pub received: Duration,
    /// Set when the server has sent the part to its end.
    pub is_complete: bool,
}

impl Heard {
    /// Returns the share that was heard of what was received, from 0 to 1; 1 if nothing was
    /// received.
    ///
    /// The share of the text that was heard is about the same: the transcript that arrived by then
    /// belongs to the audio that arrived by then.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.received.is_zero() {
            return 1.0;
        }
        (self.played.as_secs_f64() / self.received.as_secs_f64()).clamp(0.0, 1.0)
    }

    /// Returns true if all of the part was heard: it is complete, and less than a millisecond of it
    /// is left.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_complete && self.played.as_millis() >= self.received.as_millis()
    }
}

/// Book-keeping for one content part.
#[derive(Debug)]
pub(super) struct PlayedPart {
    pub(super) response_id: String,
    pub(super) item_id: String,
    pub(super) content_index: u32,
    pub(super) format: AudioFormat,
    #[cfg(feature = "audio")]
    pub(super) decoder: Decoder,
    /// Bytes that were received, decoded from base64.
    pub(super) received: u64,
    /// Bytes of it that were given out with marks.
    pub(super) marked: u64,
    /// Length that was heard, as far as the player has told.
    pub(super) played: Duration,
    /// Set when the server has sent it to its end.
    pub(super) is_complete: bool,
    /// Set when an interruption has decided what becomes of it.
    pub(super) is_settled: bool,
    /// Set when all of it arrived after the interruption of its response, which settles it at the
    /// response's end.
    pub(super) is_late: bool,
    /// Place in the stream of a sound card.
    #[cfg(feature = "audio")]
    pub(super) spans: Vec<std::ops::Range<u64>>,
}

impl PlayedPart {
    /// Returns true if it is to be played, or was.
    pub(super) fn is_queued(&self) -> bool {
        !self.is_settled && !self.is_late
    }

    pub(super) fn is(&self, item_id: &str, content_index: u32) -> bool {
        self.item_id == item_id && self.content_index == content_index
    }

    pub(super) fn length(&self) -> Duration {
        self.format.duration_of(self.received)
    }

    /// Notes that it was played up to a place. Reports never run backwards or beyond what was
    /// received.
    pub(super) fn played_to(&mut self, place: Duration) {
        self.played = self.played.max(place.min(self.length()));
    }

    /// Returns how much was heard of it once a sound card has pulled its stream up to a position.
    #[cfg(feature = "audio")]
    pub(super) fn pulled_at(&self, position: u64, rate: u32) -> Duration {
        let pulled: u64 = self
            .spans
            .iter()
            .map(|span| position.clamp(span.start, span.end) - span.start)
            .sum();
        let bytes = pulled.saturating_mul(2);
        AudioFormat::pcm(rate).duration_of(bytes).min(self.length())
    }

    /// Notes that it was written to the stream of a sound card.
    #[cfg(feature = "audio")]
    pub(super) fn written_to(&mut self, start: u64, end: u64) {
        match self.spans.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => self.spans.push(start..end),
        }
    }

    /// Returns true if it was the last to be written to that stream, which ends at this position.
    #[cfg(feature = "audio")]
    pub(super) fn ends_at(&self, position: u64) -> bool {
        !self.is_settled && self.spans.last().is_some_and(|span| span.end == position)
    }

    pub(super) fn heard(&self) -> Heard {
        Heard {
            response_id: self.response_id.clone(),
            item_id: self.item_id.clone(),
            content_index: self.content_index,
            played: self.played,
            received: self.length(),
            is_complete: self.is_complete,
        }
    }

    /// Milliseconds that were heard.
    pub(super) fn played_ms(&self) -> u64 {
        u64::try_from(self.played.as_millis()).unwrap_or(u64::MAX)
    }
}
