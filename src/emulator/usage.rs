//! Token counts: about those of the service, and the same in every run.

use super::audio::SampleFormat;
use super::items::audio;
use crate::protocol::{
    InputTokenDetails, Item, MaxOutputTokens, OutputTokenDetails, ResponseParams, Usage,
};

/// Returns the tokens of a text, about one for four letters.
pub(super) fn text_tokens(text: &str) -> u64 {
    text.len().div_ceil(4) as u64
}

/// Returns the tokens of audio that a model hears: one for 100 ms.
pub(super) fn audio_tokens_in(millis: u64) -> u64 {
    millis.div_ceil(100)
}

/// Counts a response's tokens up to its limit.
#[derive(Debug, Default)]
pub(super) struct TokenMeter {
    limit: Option<u64>,
    text_in: u64,
    audio_in: u64,
    text_out: u64,
    audio_out: u64,
}

impl TokenMeter {
    /// Counts what a response reads.
    pub(super) fn new(params: &ResponseParams, items: &[Item], input_format: SampleFormat) -> Self {
        let mut meter = Self {
            limit: match params.max_output_tokens {
                Some(MaxOutputTokens::Limit(limit)) => Some(u64::from(limit)),
                _ => None,
            },
            text_in: params.instructions.as_deref().map_or(0, text_tokens),
            ..Self::default()
        };
        for item in items {
            match item {
                Item::Message(message) => {
                    let texts = message.content.iter().filter_map(|part| part.as_text());
                    meter.text_in += texts.map(text_tokens).sum::<u64>();
                    meter.audio_in += audio_tokens_in(input_format.millis(audio(message).len()));
                }
                Item::FunctionCall(call) => meter.text_in += text_tokens(&call.arguments),
                Item::FunctionCallOutput(output) => meter.text_in += text_tokens(&output.output),
                _ => {}
            }
        }
        meter
    }

    /// Counts text that is said. Returns false if it exceeds the limit.
    pub(super) fn spend_text(&mut self, text: &str) -> bool {
        let tokens = text_tokens(text);
        let fits = self.fits(tokens);
        if fits {
            self.text_out += tokens;
        }
        fits
    }

    /// Counts audio that is said, one token for 50 ms. Returns false if it exceeds the limit.
    pub(super) fn spend_audio(&mut self, millis: u64) -> bool {
        let tokens = millis.div_ceil(50);
        let fits = self.fits(tokens);
        if fits {
            self.audio_out += tokens;
        }
        fits
    }

    fn fits(&self, tokens: u64) -> bool {
        self.limit
            .is_none_or(|limit| self.text_out + self.audio_out + tokens <= limit)
    }

    pub(super) fn usage(&self) -> Usage {
        let (input, output) = (self.text_in + self.audio_in, self.text_out + self.audio_out);
        Usage::default()
            .total_tokens(input + output)
            .input_tokens(input)
            .output_tokens(output)
            .input_token_details(
                InputTokenDetails::default()
                    .text_tokens(self.text_in)
                    .audio_tokens(self.audio_in)
                    .cached_tokens(0u64),
            )
            .output_token_details(
                OutputTokenDetails::default()
                    .text_tokens(self.text_out)
                    .audio_tokens(self.audio_out),
            )
    }
}
