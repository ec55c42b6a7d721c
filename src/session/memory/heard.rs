//! The part of the model's speech that was heard: rules that the record shares with the
//! conversation's history.

use crate::protocol::{AudioFormat, Response, SessionConfig};

/// Sizes of output audio, in bytes per second.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OutputFormats {
    session: u32,
    /// Response under way that has a format of its own.
    response: Option<(String, u32)>,
}

impl Default for OutputFormats {
    fn default() -> Self {
        Self {
            session: AudioFormat::default().bytes_per_second(),
            response: None,
        }
    }
}

impl OutputFormats {
    pub(crate) fn of(&self, response_id: &str) -> u32 {
        match &self.response {
            Some((id, bytes)) if id == response_id => *bytes,
            _ => self.session,
        }
    }

    pub(crate) fn learn_session(&mut self, session: &SessionConfig) {
        if let SessionConfig::Realtime(session) = session
            && let Some(audio) = &session.audio
            && let Some(output) = &audio.output
            && let Some(format) = &output.format
        {
            self.session = format.bytes_per_second();
        }
    }

    pub(crate) fn learn_response(&mut self, response: &Response) {
        let output = response
            .audio
            .as_ref()
            .and_then(|audio| audio.output.as_ref());
        if let Some(format) = output.and_then(|output| output.format.as_ref()) {
            self.response = Some((response.id.clone(), format.bytes_per_second()));
        }
    }
}

/// Returns the part of a reply's text that was heard, by the share of its audio that was played. It
/// ends with a word.
pub(crate) fn heard_text(text: &str, heard_ms: u64, audio_ms: u64) -> &str {
    if heard_ms >= audio_ms {
        return text;
    }
    let chars = text.chars().count() as u128;
    let heard = chars * u128::from(heard_ms) / u128::from(audio_ms);
    let heard = usize::try_from(heard).unwrap_or(usize::MAX);
    let Some((cut, next)) = text.char_indices().nth(heard) else {
        return text;
    };
    let before = text.get(..cut).unwrap_or_default();
    let at_word = next.is_whitespace() || is_word_alone(next);
    let whole = if at_word {
        before
    } else {
        let last = before
            .char_indices()
            .rfind(|(_, c)| c.is_whitespace() || is_word_alone(*c));
        match last {
            Some((at, c)) => before.get(..at + c.len_utf8()).unwrap_or_default(),
            None => "",
        }
    };
    whole.trim_end()
}

/// Returns true for a character of a script that writes no spaces between words, such as Chinese.
fn is_word_alone(c: char) -> bool {
    matches!(u32::from(c), 0x2E80..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0xFF00..=0xFFEF
        | 0x2_0000..=0x3_FFFF)
}
