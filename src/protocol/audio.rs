//! Audio on the wire: base64 in the frame's own buffer, decoded when the samples are asked for.

use std::fmt;

use bytestring::ByteString;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::field::{Field, Source, push_quoted};
use super::members::is_plain;
use super::union::union;

/// Audio as it travels: base64 of the bytes in the session's format, PCM16 little-endian at 24,000
/// Hz by default.
///
/// Received audio is not decoded, and not copied, until [`bytes`](Self::bytes) or
/// [`to_pcm16`](Self::to_pcm16) is called. Until it is dropped, it keeps the whole frame alive.
///
/// ```
/// use openai_realtime_ws::protocol::Audio;
///
/// let audio = Audio::from_pcm16(&[1, -1]);
/// assert_eq!(audio.base64(), "AQD//w==");
/// assert_eq!(audio.to_pcm16()?, [1, -1]);
/// # Ok::<(), openai_realtime_ws::protocol::AudioError>(())
/// ```
#[derive(Clone, Default)]
pub struct Audio {
    base64: ByteString,
    /// True if it is known that the text needs no escapes in JSON.
    plain: bool,
}

impl Audio {
    /// Encodes samples of PCM16, little-endian.
    #[must_use]
    pub fn from_pcm16(samples: &[i16]) -> Self {
        let mut bytes = vec![0; samples.len() * 2];
        for (bytes, sample) in bytes.as_chunks_mut().0.iter_mut().zip(samples) {
            *bytes = sample.to_le_bytes();
        }
        Self::from_bytes(&bytes)
    }

    /// Encodes bytes in the session's format.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self {
            base64: base64_simd::STANDARD.encode_to_string(bytes).into(),
            plain: true,
        }
    }

    /// Takes base64. It is not checked here; the server refuses text that is not base64.
    #[must_use]
    pub fn from_base64(base64: impl Into<ByteString>) -> Self {
        Self {
            base64: base64.into(),
            plain: false,
        }
    }

    /// Returns the base64, as it travels.
    #[must_use]
    pub fn base64(&self) -> &str {
        &self.base64
    }

    /// Returns true if there is no audio.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.base64.is_empty()
    }

    /// Returns the number of bytes that the audio decodes to, if it is base64 at all.
    #[must_use]
    pub fn decoded_len(&self) -> usize {
        let padding = self.base64.bytes().rev().take_while(|byte| *byte == b'=');
        (self.base64.len() / 4 * 3).saturating_sub(padding.count())
    }

    /// Decodes the bytes, which are in the session's format: PCM16 little-endian by default, or
    /// G.711.
    ///
    /// # Errors
    /// [`AudioError::NotBase64`] when the text is not base64.
    pub fn bytes(&self) -> Result<Vec<u8>, AudioError> {
        base64_simd::STANDARD
            .decode_to_vec(self.base64.as_bytes())
            .map_err(|_| AudioError::NotBase64)
    }

    /// Decodes the samples of PCM16 audio.
    ///
    /// The pieces of a stream need not end between two samples.
    /// [`audio::Decoder`](crate::audio::Decoder) carries an odd byte over to the next piece.
    ///
    /// # Errors
    /// [`AudioError::NotBase64`], and [`AudioError::HalfSample`] when the number of bytes is odd.
    pub fn to_pcm16(&self) -> Result<Vec<i16>, AudioError> {
        let bytes = self.bytes()?;
        let (samples, rest) = bytes.as_chunks();
        if rest.is_empty() {
            Ok(samples
                .iter()
                .map(|sample| i16::from_le_bytes(*sample))
                .collect())
        } else {
            Err(AudioError::HalfSample { bytes: bytes.len() })
        }
    }
}

impl PartialEq for Audio {
    fn eq(&self, other: &Self) -> bool {
        self.base64 == other.base64
    }
}

impl Eq for Audio {}

/// Prints the size only.
impl fmt::Debug for Audio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Audio({} base64 characters)", self.base64.len())
    }
}

impl Serialize for Audio {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.base64)
    }
}

impl<'de> Deserialize<'de> for Audio {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::read(input, Source::Serde)
    }
}

impl Field for Audio {
    fn read<'de, D: Deserializer<'de>>(input: D, source: Source<'_>) -> Result<Self, D::Error> {
        struct AudioVisitor<'f>(Option<&'f ByteString>);

        impl<'de> Visitor<'de> for AudioVisitor<'_> {
            type Value = Audio;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("base64")
            }

            fn visit_unit<E>(self) -> Result<Audio, E> {
                Ok(Audio::default())
            }

            fn visit_borrowed_str<E: de::Error>(self, base64: &'de str) -> Result<Audio, E> {
                // A string without escapes lies in the frame's buffer, and shares it.
                match self.0 {
                    Some(frame) if frame.as_bytes().as_ptr_range().contains(&base64.as_ptr()) => {
                        Ok(Audio::from_base64(frame.slice_ref(base64)))
                    }
                    _ => self.visit_str(base64),
                }
            }

            fn visit_str<E>(self, base64: &str) -> Result<Audio, E> {
                Ok(Audio::from_base64(base64))
            }
        }

        input.deserialize_any(AudioVisitor(source.frame()))
    }

    // Base64 has nothing to escape. A scan of the whole text shows that faster than a JSON writer
    // does byte by byte, and what was encoded here needs none.
    fn write(&self, out: &mut String) {
        if self.plain || is_plain(&self.base64) {
            push_quoted(out, &self.base64);
        } else {
            self.base64().to_owned().write(out);
        }
    }
}

/// Entry of OpenAI's reference that shows the types of this file.
macro_rules! reference {
    () => {
        "https://developers.openai.com/api/reference/resources/realtime/client-events#session.update"
    };
}

union! {
    /// Format of audio.
    pub enum AudioFormat {
        /// PCM16: 16 bits per sample, little-endian, one channel.
        "audio/pcm" => Pcm(PcmFormat) {
            /// Sample rate in Hz. OpenAI's service takes 24,000.
            rate?: u32,
        }

        /// G.711 μ-law: 8 bits per sample, 8,000 Hz.
        "audio/pcmu" => Pcmu(PcmuFormat) {
        }

        /// G.711 A-law: 8 bits per sample, 8,000 Hz.
        "audio/pcma" => Pcma(PcmaFormat) {
        }
    }
}

impl AudioFormat {
    /// Returns PCM16 with this sample rate in Hz. OpenAI's service takes 24,000.
    #[must_use]
    pub fn pcm(rate: u32) -> Self {
        PcmFormat::default().rate(rate).into()
    }

    /// Returns the number of bytes per second. An unknown format counts as the default one.
    #[must_use]
    pub fn bytes_per_second(&self) -> u32 {
        match self {
            Self::Pcm(format) => format.rate.unwrap_or(24_000).saturating_mul(2),
            Self::Pcmu(_) | Self::Pcma(_) => 8_000,
            Self::Other(_) => 48_000,
        }
    }

    /// Returns G.711 μ-law.
    #[must_use]
    pub fn pcmu() -> Self {
        PcmuFormat::default().into()
    }

    /// Returns G.711 A-law.
    #[must_use]
    pub fn pcma() -> Self {
        PcmaFormat::default().into()
    }
}

/// Error of audio that could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// The text is not base64.
    #[error("audio is not base64")]
    NotBase64,
    /// PCM16 has two bytes a sample, and the number of bytes is odd.
    #[error("{bytes} bytes are not a whole number of 16-bit samples")]
    #[non_exhaustive]
    HalfSample {
        /// Number of bytes.
        bytes: usize,
    },
}
