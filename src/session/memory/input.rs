//! The user's speech: what the server has not made an item of, and what it still writes down.

use super::Lost;
use crate::protocol::{AudioInput, SessionConfig, TurnDetection};

/// Number of outstanding transcripts that are followed.
const MAX_TRANSCRIPTS: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Input {
    /// Bytes of audio in the server's buffer.
    bytes: usize,
    /// The bytes that the client has asked to commit.
    committing: Option<usize>,
    /// Set from the server's notice of speech until it is committed.
    speech: bool,
    /// Ids of the items whose transcripts are to come.
    transcripts: Vec<String>,
    settings: InputSettings,
}

/// The session's settings for input, as the server has them.
#[derive(Debug, Clone, Copy)]
struct InputSettings {
    /// Set if the server detects speech.
    detects: bool,
    /// Set if the server responds when a turn ends.
    responds: bool,
    transcribes: bool,
}

impl Default for InputSettings {
    /// Nothing is known: a server that detects speech is taken to respond to it.
    fn default() -> Self {
        Self {
            detects: false,
            responds: true,
            transcribes: false,
        }
    }
}

impl Input {
    /// Learns the settings from the server's session.
    pub(super) fn configured(&mut self, session: &SessionConfig) {
        let SessionConfig::Realtime(session) = session else {
            return;
        };
        let Some(AudioInput {
            turn_detection,
            transcription,
            ..
        }) = session
            .audio
            .as_ref()
            .and_then(|audio| audio.input.as_ref())
        else {
            return;
        };
        let detection = turn_detection.as_set();
        self.settings = InputSettings {
            detects: detection.is_some(),
            responds: detection.is_none_or(TurnDetection::responds),
            transcribes: transcription.as_set().is_some(),
        };
    }

    pub(super) fn appended(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Notes that the client asked to commit the buffer.
    pub(super) fn committing(&mut self) {
        self.committing = Some(self.bytes);
    }

    pub(super) fn speech_started(&mut self) {
        self.settings.detects = true;
        self.speech = true;
    }

    /// Notes that the server made an item of what was asked for, or of all where it decides on its
    /// own. Returns true if it responds to it on its own.
    pub(super) fn committed(&mut self, item_id: &str) -> bool {
        let committed = self.committing.take().unwrap_or(self.bytes);
        self.bytes -= committed.min(self.bytes);
        self.speech = false;
        if self.settings.transcribes && self.transcripts.len() < MAX_TRANSCRIPTS {
            self.transcripts.push(item_id.to_owned());
        }
        self.settings.detects && self.settings.responds
    }

    pub(super) fn cleared(&mut self) {
        self.bytes = 0;
        self.committing = None;
        self.speech = false;
    }

    /// Notes that an item's transcript is there, has failed, or is wanted no more.
    pub(super) fn transcribed(&mut self, item_id: &str) {
        self.transcripts.retain(|id| id != item_id);
    }

    /// Returns true if nobody speaks and no transcript is outstanding. Where the server detects
    /// speech, audio alone is no speech: a microphone stays on between turns.
    pub(super) fn is_settled(&self) -> bool {
        let speaks = self.speech || (!self.settings.detects && self.bytes > 0);
        !speaks && self.transcripts.is_empty()
    }

    /// Forgets the input, and adds to `lost` what a new session lacks.
    pub(super) fn lose(&mut self, lost: &mut Vec<Lost>) {
        let bytes = self.bytes;
        *self = Self {
            settings: self.settings,
            ..Self::default()
        };
        if bytes > 0 {
            lost.push(Lost::InputAudio { bytes });
        }
    }
}
