//! Audio as the emulator needs it: lengths, loudness, conversion between formats, and a tone.

use std::f64::consts::TAU;

use crate::protocol::AudioFormat;

/// Coding of samples in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
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
    coding: Coding,
    /// Samples a second.
    rate: u32,
}

impl Default for SampleFormat {
    fn default() -> Self {
        Self {
            coding: Coding::Pcm,
            rate: 24_000,
        }
    }
}

impl From<&AudioFormat> for SampleFormat {
    fn from(format: &AudioFormat) -> Self {
        match format {
            AudioFormat::Pcmu(_) => Self {
                coding: Coding::MuLaw,
                rate: 8_000,
            },
            AudioFormat::Pcma(_) => Self {
                coding: Coding::ALaw,
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
        if self.coding == Coding::Pcm { 2 } else { 1 }
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
            Coding::Pcm => audio
                .as_chunks()
                .0
                .iter()
                .map(|sample| i16::from_le_bytes(*sample))
                .collect(),
            Coding::MuLaw => audio.iter().map(|code| from_mu_law(*code)).collect(),
            Coding::ALaw => audio.iter().map(|code| from_a_law(*code)).collect(),
        }
    }

    pub(super) fn encode(self, samples: &[i16]) -> Vec<u8> {
        match self.coding {
            Coding::Pcm => samples
                .iter()
                .flat_map(|sample| sample.to_le_bytes())
                .collect(),
            Coding::MuLaw => samples.iter().map(|sample| to_mu_law(*sample)).collect(),
            Coding::ALaw => samples.iter().map(|sample| to_a_law(*sample)).collect(),
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

// G.711: a sign, the position of the highest set bit, and the four bits that follow it.

fn from_mu_law(code: u8) -> i16 {
    const BIAS: i16 = 0x84;
    let code = !code;
    let magnitude = (((i16::from(code & 0x0F) << 3) + BIAS) << ((code >> 4) & 7)) - BIAS;
    if code & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

fn to_mu_law(sample: i16) -> u8 {
    const BIAS: u16 = 0x84;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = sample.unsigned_abs().min(0x7FFF - BIAS) + BIAS;
    !(sign | segments(magnitude, 7))
}

fn from_a_law(code: u8) -> i16 {
    let code = code ^ 0x55;
    let mantissa = (i16::from(code & 0x0F) << 4) + 8;
    let magnitude = match (code >> 4) & 7 {
        0 => mantissa,
        exponent => (mantissa + 0x100) << (exponent - 1),
    };
    if code & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

fn to_a_law(sample: i16) -> u8 {
    let sign = if sample < 0 { 0 } else { 0x80 };
    let magnitude = if sample < 0 { !sample } else { sample }.unsigned_abs();
    let code = if magnitude < 0x100 {
        low_byte(magnitude >> 4)
    } else {
        segments(magnitude, 7)
    };
    (sign | code) ^ 0x55
}

/// Exponent and mantissa of a magnitude whose exponent 0 has its highest bit at `lowest`.
fn segments(magnitude: u16, lowest: u32) -> u8 {
    let exponent = magnitude
        .checked_ilog2()
        .unwrap_or(0)
        .saturating_sub(lowest);
    low_byte(
        (u16::try_from(exponent).unwrap_or(0) << 4)
            | ((magnitude >> (exponent + lowest - 4)) & 0x0F),
    )
}

#[allow(clippy::cast_possible_truncation)]
fn low_byte(value: u16) -> u8 {
    value as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    const PCM: SampleFormat = SampleFormat {
        coding: Coding::Pcm,
        rate: 24_000,
    };
    const MU_LAW: SampleFormat = SampleFormat {
        coding: Coding::MuLaw,
        rate: 8_000,
    };
    const A_LAW: SampleFormat = SampleFormat {
        coding: Coding::ALaw,
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
    fn g711_codes_that_the_standard_names() {
        // Silence, the smallest steps and full scale.
        assert_eq!(
            [0, -1, 32_767, -32_768].map(to_mu_law),
            [0xFF, 0x7F, 0x80, 0x00]
        );
        assert_eq!(
            [0xFF, 0x7F, 0x80, 0x00].map(from_mu_law),
            [0, 0, 32_124, -32_124]
        );
        assert_eq!(
            [0, -1, 32_767, -32_768].map(to_a_law),
            [0xD5, 0x55, 0xAA, 0x2A]
        );
        assert_eq!(
            [0xD5, 0x55, 0xAA, 0x2A].map(from_a_law),
            [8, -8, 32_256, -32_256]
        );
    }

    #[test]
    fn every_g711_code_survives_a_round_trip() {
        for code in 0..=u8::MAX {
            // µ-law has two zeros.
            if code != 0x7F {
                assert_eq!(to_mu_law(from_mu_law(code)), code, "µ-law {code:#x}");
            }
            assert_eq!(to_a_law(from_a_law(code)), code, "A-law {code:#x}");
        }
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
