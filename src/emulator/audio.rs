//! Audio as the emulator needs it: lengths, loudness, conversion between formats, and a tone.

use std::f64::consts::TAU;

use crate::audio::g711;
use crate::protocol::AudioFormat;

/// Coding of samples in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SampleCoding {
    /// 16 bits, little-endian.
    Pcm,
    /// G.711 µ-law, a byte a sample.
    MuLaw,
    /// G.711 A-law, a byte a sample.
    ALaw,
}

/// Audio format on the wire: coding and sample rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SampleFormat {
    coding: SampleCoding,
    /// Samples a second.
    rate: u32,
}

impl Default for SampleFormat {
    fn default() -> Self {
        Self {
            coding: SampleCoding::Pcm,
            rate: 24_000,
        }
    }
}

impl From<&AudioFormat> for SampleFormat {
    fn from(format: &AudioFormat) -> Self {
        match format {
            AudioFormat::Pcmu(_) => Self {
                coding: SampleCoding::MuLaw,
                rate: 8_000,
            },
            AudioFormat::Pcma(_) => Self {
                coding: SampleCoding::ALaw,
                rate: 8_000,
            },
            AudioFormat::Pcm(pcm) => Self {
                rate: pcm.rate.filter(|rate| *rate > 0).unwrap_or(24_000),
                ..Self::default()
            },
            _ => Self::default(),
        }
    }
}

impl SampleFormat {
    fn bytes_per_sample(self) -> usize {
        if self.coding == SampleCoding::Pcm {
            2
        } else {
            1
        }
    }

    fn bytes_per_second(self) -> u64 {
        u64::from(self.rate) * self.bytes_per_sample() as u64
    }

    /// Returns how long this many bytes play, in milliseconds, rounded down.
    pub(super) fn millis(self, bytes: usize) -> u64 {
        bytes as u64 * 1000 / self.bytes_per_second()
    }

    /// Returns the bytes of this many milliseconds, in whole samples.
    pub(super) fn bytes(self, millis: u64) -> usize {
        let samples = u64::from(self.rate).saturating_mul(millis) / 1000;
        usize::try_from(samples)
            .unwrap_or(usize::MAX)
            .saturating_mul(self.bytes_per_sample())
    }

    /// The samples; half a sample at the end is left out.
    pub(super) fn decode(self, audio: &[u8]) -> Vec<i16> {
        match self.coding {
            SampleCoding::Pcm => audio
                .as_chunks()
                .0
                .iter()
                .map(|sample| i16::from_le_bytes(*sample))
                .collect(),
            SampleCoding::MuLaw => g711::decode_mu_law(audio),
            SampleCoding::ALaw => g711::decode_a_law(audio),
        }
    }

    pub(super) fn encode(self, samples: &[i16]) -> Vec<u8> {
        match self.coding {
            SampleCoding::Pcm => samples
                .iter()
                .flat_map(|sample| sample.to_le_bytes())
                .collect(),
            SampleCoding::MuLaw => g711::encode_mu_law(samples),
            SampleCoding::ALaw => g711::encode_a_law(samples),
        }
    }

    /// The audio in another format: byte for byte the same where that is the same.
    pub(super) fn convert(self, audio: &[u8], to: Self) -> Vec<u8> {
        if self == to {
            audio.to_vec()
        } else {
            to.encode(&resample(&self.decode(audio), self.rate, to.rate))
        }
    }

    /// A short tone, faded in and out.
    pub(super) fn beep(self) -> Vec<u8> {
        const FADE: f64 = 0.02;
        let seconds = 0.25;
        let rate = f64::from(self.rate);
        let samples: Vec<i16> = (0..self.rate / 4)
            .map(|n| {
                let at = f64::from(n) / rate;
                // Faded at both ends, or it would click.
                let loudness = 0.25 * (at / FADE).min((seconds - at) / FADE).clamp(0.0, 1.0);
                to_sample(loudness * (TAU * 440.0 * at).sin())
            })
            .collect();
        self.encode(&samples)
    }
}

/// A sample from -1 to 1, as 16 bits.
#[allow(clippy::cast_possible_truncation)]
fn to_sample(value: f64) -> i16 {
    (value * f64::from(i16::MAX)).round() as i16
}

/// The nearest samples at another rate: enough to hear, which is all that an echo needs.
fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    // The nearest earlier sample: coarse, and good enough for a stand-in.
    let len = samples.len() as u64 * u64::from(to) / u64::from(from.max(1));
    (0..len)
        .filter_map(|n| usize::try_from(n * u64::from(from) / u64::from(to.max(1))).ok())
        .filter_map(|n| samples.get(n).copied())
        .collect()
}

/// The loudness of some samples in decibels below full scale: 0 at the loudest, -100 in silence.
pub(super) fn decibels(samples: &[i16]) -> f64 {
    let squares: f64 = samples
        .iter()
        .map(|sample| (f64::from(*sample) / 32_768.0).powi(2))
        .sum();
    #[allow(clippy::cast_precision_loss)]
    let mean = squares / samples.len().max(1) as f64;
    (10.0 * mean.log10()).max(-100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PCM: SampleFormat = SampleFormat {
        coding: SampleCoding::Pcm,
        rate: 24_000,
    };
    const MU_LAW: SampleFormat = SampleFormat {
        coding: SampleCoding::MuLaw,
        rate: 8_000,
    };
    const A_LAW: SampleFormat = SampleFormat {
        coding: SampleCoding::ALaw,
        rate: 8_000,
    };

    #[test]
    fn lengths() {
        assert_eq!((PCM.bytes(100), PCM.millis(4_800)), (4_800, 100));
        assert_eq!((MU_LAW.bytes(100), MU_LAW.millis(800)), (800, 100));
        assert_eq!((A_LAW.bytes(1), A_LAW.millis(7)), (8, 0));
        assert_eq!(PCM.bytes(u64::MAX) % 2, 0);
    }

    #[test]
    fn conversion_keeps_the_length_and_the_loudness() {
        let tone = PCM.beep();
        assert_eq!(PCM.millis(tone.len()), 250);
        assert_eq!(PCM.convert(&tone, PCM), tone);
        for other in [MU_LAW, A_LAW] {
            let converted = PCM.convert(&tone, other);
            assert_eq!(other.millis(converted.len()), 250);
            assert!(
                (decibels(&other.decode(&converted)) - decibels(&PCM.decode(&tone))).abs() < 0.5
            );
        }
    }

    #[test]
    fn loudness() {
        assert!((decibels(&[32_767, -32_768]) - 0.0).abs() < 0.01);
        assert!((decibels(&[3_277, -3_277]) + 20.0).abs() < 0.01);
        assert!((decibels(&[0; 480]) + 100.0).abs() < f64::EPSILON);
        assert!((decibels(&[]) + 100.0).abs() < f64::EPSILON);
    }
}
