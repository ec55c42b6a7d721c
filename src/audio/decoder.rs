//! Bytes of the protocol to samples.

use super::format::Coding;
use super::g711;
use crate::protocol::{Audio, AudioError, AudioFormat};

/// Decoder of a stream of audio in any of the protocol's formats to 16-bit samples.
///
/// A piece of PCM16 may end in the middle of a sample: the decoder keeps the odd byte and puts it
/// before the next piece.
///
/// ```
/// use openai_realtime_ws::audio::Decoder;
/// use openai_realtime_ws::protocol::{Audio, AudioFormat};
///
/// let mut decoder = Decoder::new(&AudioFormat::default());
/// assert_eq!(decoder.decode(&Audio::from_bytes(&[1, 0, 2]))?, [1]);
/// assert_eq!(decoder.decode(&Audio::from_bytes(&[0, 3, 0]))?, [2, 3]);
/// # Ok::<(), openai_realtime_ws::protocol::AudioError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Decoder {
    coding: Coding,
    /// First half of a sample whose second half is in the next piece.
    odd: Option<u8>,
}

impl Decoder {
    /// Creates a decoder for a format; an unknown format is read as PCM16.
    #[must_use]
    pub fn new(format: &AudioFormat) -> Self {
        Self {
            coding: Coding::of(format),
            odd: None,
        }
    }

    /// Decodes the next piece.
    ///
    /// # Errors
    /// [`AudioError::NotBase64`]; the decoder then stays as it was before.
    pub fn decode(&mut self, audio: &Audio) -> Result<Vec<i16>, AudioError> {
        Ok(self.decode_bytes(&audio.bytes()?))
    }

    /// Decodes the next piece, as bytes without base64.
    pub fn decode_bytes(&mut self, bytes: &[u8]) -> Vec<i16> {
        match self.coding {
            Coding::MuLaw => g711::decode_mu_law(bytes),
            Coding::ALaw => g711::decode_a_law(bytes),
            Coding::Pcm16 => self.decode_pcm16(bytes),
        }
    }

    /// Forgets an odd byte, for the beginning of another stream.
    pub fn reset(&mut self) {
        self.odd = None;
    }

    fn decode_pcm16(&mut self, bytes: &[u8]) -> Vec<i16> {
        let mut samples = Vec::with_capacity(bytes.len() / 2 + 1);
        let mut bytes = bytes;
        // The pieces of a stream may be cut in the middle of a sample.
        if let (Some(low), Some((high, rest))) = (self.odd, bytes.split_first()) {
            samples.push(i16::from_le_bytes([low, *high]));
            self.odd = None;
            bytes = rest;
        }
        let (pairs, odd) = bytes.as_chunks();
        samples.extend(pairs.iter().map(|pair| i16::from_le_bytes(*pair)));
        self.odd = odd.first().copied().or(self.odd);
        samples
    }
}
