//! Tokens that a conversation used, by kind.

use std::collections::VecDeque;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::protocol::{
    CachedTokenDetails, InputTokenDetails, OutputTokenDetails, Response, ServerEvent,
    TranscriptionUsage,
};

/// Number of responses and transcriptions that are remembered, so that none counts twice.
const REMEMBERED: usize = 64;

/// Meter of the tokens that a conversation used: per response, per session, and in all, across
/// reconnects.
///
/// It reads `response.done`, whatever the response's outcome, and the end of each transcription of
/// the user's speech. Each counts once. It serialises, so that the totals of a conversation can be
/// kept with it.
///
/// ```
/// use openai_realtime_ws::conversation::Usage;
/// use openai_realtime_ws::protocol::{Events, ServerEvent};
///
/// let mut usage = Usage::new();
/// let done = ServerEvent::parse(r#"{"type":"response.done","response":{"id":"resp_1","usage":{
///     "input_tokens":120,"input_token_details":{"text_tokens":100,"audio_tokens":20,"cached_tokens":64},
///     "output_tokens":50,"output_token_details":{"text_tokens":10,"audio_tokens":40}}}}"#)?;
/// let response = usage.received(&done).unwrap();
/// assert_eq!((response.input.audio, response.output.audio), (20, 40));
/// assert_eq!(usage.total().total(), 170);
/// assert_eq!(usage.total().input.uncached(), 56);
/// # Ok::<(), openai_realtime_ws::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    total: Tokens,
    session: Tokens,
    counted: VecDeque<String>,
}

impl Usage {
    /// Creates a meter that has counted nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an event of the server, and returns the tokens of the response or transcription that
    /// it ends.
    pub fn received(&mut self, event: &ServerEvent) -> Option<Tokens> {
        let (key, tokens) = match event {
            ServerEvent::ResponseDone(event) => (
                event.response.id.clone(),
                Tokens::of_response(&event.response)?,
            ),
            ServerEvent::ConversationItemInputAudioTranscriptionCompleted(event) => {
                let key = format!("{}/{}", event.item_id, event.content_index);
                (key, Tokens::of_transcription(event.usage.as_deref()?))
            }
            ServerEvent::SessionCreated(_) => {
                self.session = Tokens::default();
                return None;
            }
            _ => return None,
        };
        // A sideband or a replay can report a response twice.
        if self.counted.contains(&key) {
            return None;
        }
        self.counted.push_back(key);
        if self.counted.len() > REMEMBERED {
            self.counted.pop_front();
        }
        self.session += &tokens;
        self.total += &tokens;
        Some(tokens)
    }

    /// Returns the tokens of the session on the present connection: since the last
    /// `session.created`.
    #[must_use]
    pub fn session(&self) -> &Tokens {
        &self.session
    }

    /// Returns the tokens of the whole conversation, across reconnects.
    #[must_use]
    pub fn total(&self) -> &Tokens {
        &self.total
    }
}

/// Numbers of tokens, by kind.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Tokens {
    /// Number of responses that were counted.
    pub responses: u64,
    /// Tokens that the model read.
    pub input: InputTokens,
    /// Tokens that the model wrote.
    pub output: OutputTokens,
    /// Usage of the transcriptions of the user's speech. They run beside the model, and are billed
    /// apart.
    pub transcription: TranscriptionTokens,
}

/// Tokens that the model read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct InputTokens {
    /// All of them.
    pub total: u64,
    /// Tokens of text, a part of the total.
    pub text: u64,
    /// Tokens of audio, a part of the total.
    pub audio: u64,
    /// Tokens of images, a part of the total.
    pub image: u64,
    /// Tokens that were cached, and are cheaper. They are a part of the total and of each kind, not
    /// in addition to it.
    pub cached: u64,
    /// Tokens of text that were cached, a part of `cached`.
    pub cached_text: u64,
    /// Tokens of audio that were cached, a part of `cached`.
    pub cached_audio: u64,
    /// Tokens of images that were cached, a part of `cached`.
    pub cached_image: u64,
}

/// Tokens that the model wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct OutputTokens {
    /// All of them.
    pub total: u64,
    /// Tokens of text, a part of the total.
    pub text: u64,
    /// Tokens of audio, a part of the total.
    pub audio: u64,
    /// Tokens of the model's thinking: a part of the text, not in addition to it.
    pub reasoning: u64,
}

/// Usage of transcriptions: tokens or time, by the model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TranscriptionTokens {
    /// Tokens read and written.
    pub total: u64,
    /// Tokens read, a part of the total.
    pub input: u64,
    /// Tokens of audio read, a part of the input.
    pub input_audio: u64,
    /// Tokens written, a part of the total.
    pub output: u64,
    /// Length of the audio in seconds, of models that are billed by it.
    pub seconds: f64,
}

impl Tokens {
    /// Returns all tokens that the model read and wrote, without transcriptions.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.input.total.saturating_add(self.output.total)
    }

    fn of_response(response: &Response) -> Option<Self> {
        let usage = response.usage.as_ref()?;
        let input = usage.input_token_details.as_ref();
        let output = usage.output_token_details.as_ref();
        let mut tokens = Self {
            responses: 1,
            input: input.map(InputTokens::from).unwrap_or_default(),
            output: output.map(OutputTokens::from).unwrap_or_default(),
            ..Self::default()
        };
        // Details may be missing, and so may the totals.
        tokens.input.total = usage.input_tokens.unwrap_or(tokens.input.total);
        tokens.input.cached = tokens.input.cached.min(tokens.input.total);
        tokens.output.total = usage.output_tokens.unwrap_or(tokens.output.total);
        tokens.output.reasoning = tokens.output.reasoning.min(tokens.output.total);
        Some(tokens)
    }

    fn of_transcription(usage: &TranscriptionUsage) -> Self {
        let mut tokens = Self::default();
        match usage {
            TranscriptionUsage::Tokens(used) => {
                let details = used.input_token_details.as_ref();
                tokens.transcription = TranscriptionTokens {
                    total: used.total_tokens,
                    input: used.input_tokens,
                    input_audio: details.and_then(|kinds| kinds.audio_tokens).unwrap_or(0),
                    output: used.output_tokens,
                    seconds: 0.0,
                };
            }
            TranscriptionUsage::Duration(used) if used.seconds.is_finite() => {
                tokens.transcription.seconds = used.seconds.max(0.0);
            }
            _ => {}
        }
        tokens
    }
}

impl InputTokens {
    /// Returns the tokens that were not cached.
    #[must_use]
    pub fn uncached(&self) -> u64 {
        self.total.saturating_sub(self.cached)
    }
}

impl From<&InputTokenDetails> for InputTokens {
    fn from(details: &InputTokenDetails) -> Self {
        let none = CachedTokenDetails::default();
        let cached = details.cached_tokens_details.as_ref().unwrap_or(&none);
        let [text, audio, image] = [
            details.text_tokens,
            details.audio_tokens,
            details.image_tokens,
        ]
        .map(Option::unwrap_or_default);
        let [cached_text, cached_audio, cached_image] =
            [cached.text_tokens, cached.audio_tokens, cached.image_tokens]
                .map(Option::unwrap_or_default);
        Self {
            total: sum([text, audio, image]),
            text,
            audio,
            image,
            cached: details
                .cached_tokens
                .unwrap_or_else(|| sum([cached_text, cached_audio, cached_image])),
            cached_text,
            cached_audio,
            cached_image,
        }
    }
}

impl From<&OutputTokenDetails> for OutputTokens {
    fn from(details: &OutputTokenDetails) -> Self {
        let [text, audio, reasoning] = [
            details.text_tokens,
            details.audio_tokens,
            details.reasoning_tokens,
        ]
        .map(Option::unwrap_or_default);
        Self {
            total: sum([text, audio]),
            text,
            audio,
            reasoning,
        }
    }
}

/// Adds numbers of a server, which may be any.
fn sum(numbers: impl IntoIterator<Item = u64>) -> u64 {
    numbers.into_iter().fold(0, u64::saturating_add)
}

fn add(total: &mut u64, more: u64) {
    *total = total.saturating_add(more);
}

impl AddAssign<&Self> for Tokens {
    fn add_assign(&mut self, more: &Self) {
        add(&mut self.responses, more.responses);
        self.input += &more.input;
        self.output += &more.output;
        self.transcription += &more.transcription;
    }
}

impl AddAssign<&Self> for InputTokens {
    fn add_assign(&mut self, more: &Self) {
        add(&mut self.total, more.total);
        add(&mut self.text, more.text);
        add(&mut self.audio, more.audio);
        add(&mut self.image, more.image);
        add(&mut self.cached, more.cached);
        add(&mut self.cached_text, more.cached_text);
        add(&mut self.cached_audio, more.cached_audio);
        add(&mut self.cached_image, more.cached_image);
    }
}

impl AddAssign<&Self> for OutputTokens {
    fn add_assign(&mut self, more: &Self) {
        add(&mut self.total, more.total);
        add(&mut self.text, more.text);
        add(&mut self.audio, more.audio);
        add(&mut self.reasoning, more.reasoning);
    }
}

impl AddAssign<&Self> for TranscriptionTokens {
    fn add_assign(&mut self, more: &Self) {
        add(&mut self.total, more.total);
        add(&mut self.input, more.input);
        add(&mut self.input_audio, more.input_audio);
        add(&mut self.output, more.output);
        self.seconds += more.seconds;
    }
}
