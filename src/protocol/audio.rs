//! Audio on the wire: base64 in the frame's own buffer until somebody asks for the samples.

use std::fmt;

use bytestring::ByteString;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::field::{Field, Source};
use super::members::is_plain;
use super::union::union;

/// Audio as it travels: base64 of the bytes in the session's format, PCM16 little-endian at 24,000 Hz unless the
/// session says otherwise.
///
/// What arrives is not decoded, and not copied, until [`pcm`](Self::pcm) or [`pcm16`](Self::pcm16) asks for it; such a
/// value keeps its whole frame alive.
///
/// ```
/// use openai_realtime_ws::protocol::Audio;
///
/// let audio = Audio::from_pcm16(&[1, -1]);
/// assert_eq!(audio.base64(), "AQD//w==");
/// assert_eq!(audio.pcm16()?, [1, -1]);
/// # Ok::<(), openai_realtime_ws::protocol::AudioError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Audio(ByteString);

impl Audio {
    /// From samples, written little-endian.
    pub fn from_pcm16(samples: &[i16]) -> Self {
        let bytes: Vec<u8> = samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        Self::from_bytes(&bytes)
    }

    /// From bytes in the session's format.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(base64_simd::STANDARD.encode_to_string(bytes).into())
    }

    /// From base64. It is not checked here: the server refuses what is none.
    pub fn from_base64(base64: impl Into<ByteString>) -> Self {
        Self(base64.into())
    }

    /// The base64, as it travels.
    pub fn base64(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes it is when decoded; if it is base64 at all.
    pub fn decoded_len(&self) -> usize {
        let padding = self.0.bytes().rev().take_while(|byte| *byte == b'=');
        (self.0.len() / 4 * 3).saturating_sub(padding.count())
    }

    /// The bytes, decoded: in the session's format, which is PCM16 little-endian by default.
    ///
    /// # Errors
    /// [`AudioError::NotBase64`] when the text is not base64.
    pub fn pcm(&self) -> Result<Vec<u8>, AudioError> {
        base64_simd::STANDARD
            .decode_to_vec(self.0.as_bytes())
            .map_err(|_| AudioError::NotBase64)
    }

    /// The samples of PCM16 audio.
    ///
    /// # Errors
    /// [`AudioError::NotBase64`], and [`AudioError::HalfSample`] when the number of bytes is odd: then use
    /// [`pcm`](Self::pcm) and carry the last byte over, or check the session's format.
    pub fn pcm16(&self) -> Result<Vec<i16>, AudioError> {
        let bytes = self.pcm()?;
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

/// Its size only.
impl fmt::Debug for Audio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Audio({} base64 characters)", self.0.len())
    }
}

impl Serialize for Audio {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.0)
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
                // A string that was read from the frame without escapes lies in its buffer.
                match self.0 {
                    Some(frame) if frame.as_bytes().as_ptr_range().contains(&base64.as_ptr()) => {
                        Ok(Audio(frame.slice_ref(base64)))
                    }
                    _ => self.visit_str(base64),
                }
            }

            fn visit_str<E>(self, base64: &str) -> Result<Audio, E> {
                Ok(Audio(base64.into()))
            }
        }

        input.deserialize_any(AudioVisitor(source.frame()))
    }

    // Base64 has nothing to escape, which a look at the whole finds faster than a JSON writer byte by byte.
    fn write(&self, out: &mut Vec<u8>) {
        if is_plain(&self.0) {
            out.reserve(self.0.len() + 3);
            out.push(b'"');
            out.extend_from_slice(self.0.as_bytes());
            out.push(b'"');
        } else {
            self.base64().to_owned().write(out);
        }
    }
}

union! {
    /// A format of audio.
    pub enum AudioFormat {
        /// PCM16: 16 bits a sample, little-endian, one channel.
        "audio/pcm" => Pcm(PcmFormat) {
            /// Samples a second: 24,000 with this protocol's own service.
            rate?: u32,
        }

        /// G.711 μ-law: 8 bits a sample, 8,000 samples a second.
        "audio/pcmu" => Pcmu(PcmuFormat) {
        }

        /// G.711 A-law: 8 bits a sample, 8,000 samples a second.
        "audio/pcma" => Pcma(PcmaFormat) {
        }
    }
}

impl AudioFormat {
    /// PCM16 of so many samples a second; the service takes 24,000.
    pub fn pcm(rate: u32) -> Self {
        PcmFormat::default().rate(rate).into()
    }

    /// How many bytes a second of audio takes; of a format that is not known, as many as of the default.
    pub fn bytes_per_second(&self) -> u32 {
        match self {
            Self::Pcm(format) => format.rate.unwrap_or(24_000).saturating_mul(2),
            Self::Pcmu(_) | Self::Pcma(_) => 8_000,
            Self::Other(_) => 48_000,
        }
    }

    /// G.711 μ-law.
    pub fn pcmu() -> Self {
        PcmuFormat::default().into()
    }

    /// G.711 A-law.
    pub fn pcma() -> Self {
        PcmaFormat::default().into()
    }
}

/// Why audio could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// The text is not base64.
    #[error("audio is not base64")]
    NotBase64,
    /// PCM16 has two bytes a sample, and the number of bytes is odd.
    #[error("{bytes} bytes are no whole number of 16-bit samples")]
    HalfSample {
        /// How many bytes there are.
        bytes: usize,
    },
}
