//! Levels, 16-bit samples, and resampling to the rate of the service.

use std::f32::consts::PI;

/// Samples a second, in both directions.
pub const RATE: u32 = 24_000;

/// Zero crossings of the sinc function on either side of a kernel.
const CROSSINGS: f32 = 16.0;

/// Share of the spectrum that passes; the rest is the slope.
const PASSED: f32 = 0.95;

/// Returns the reading of a meter for a root mean square: 0 at -60 dB, 1 at full scale.
pub fn level(rms: f32) -> f32 {
    (1.0 + 20.0 * rms.max(1e-9).log10() / 60.0).clamp(0.0, 1.0)
}

/// Returns the root mean square.
pub fn rms(samples: &[f32]) -> f32 {
    let energy: f32 = samples.iter().map(|sample| sample * sample).sum();
    #[allow(clippy::cast_precision_loss)] // Blocks are short.
    let count = samples.len().max(1) as f32;
    (energy / count).sqrt()
}

/// Converts samples from -1 to 1 into 16-bit samples.
pub fn to_pcm16(samples: &[f32]) -> Vec<i16> {
    #[allow(clippy::cast_possible_truncation)] // A cast of floats saturates.
    let round = |sample: &f32| (sample * 32_768.0).round() as i16;
    samples.iter().map(round).collect()
}

/// Converts 16-bit samples into samples from -1 to 1.
pub fn from_pcm16(samples: &[i16]) -> Vec<f32> {
    samples
        .iter()
        .map(|&sample| f32::from(sample) / 32_768.0)
        .collect()
}

/// Streaming conversion from the sound card's rate to [`RATE`] by windowed sinc functions.
pub struct Resampler {
    /// Samples in for samples out.
    ratio: (usize, usize),
    /// A kernel for each position of a sample out between two samples in.
    kernels: Vec<Vec<f32>>,
    /// Samples that later output needs.
    rest: Vec<f32>,
    /// Position of the next sample out after the first of `rest`, in units of 1 / `ratio.1`.
    position: usize,
}

impl Resampler {
    /// Creates a converter from this rate, in Hz.
    pub fn new(rate: u32) -> Self {
        let divisor = gcd(rate.max(1), RATE);
        let (from, to) = (rate.max(1) / divisor, RATE / divisor);
        #[allow(clippy::cast_precision_loss)] // Rates are small numbers.
        let cutoff = PASSED * (to as f32 / from as f32).min(1.0);
        let kernels: Vec<_> = (0..to).map(|place| kernel(place, to, cutoff)).collect();
        // The first kernel needs samples before the beginning.
        let rest = vec![0.0; kernels.first().map_or(0, |kernel| kernel.len() - 1)];
        Self {
            ratio: (from as usize, to as usize),
            kernels,
            rest,
            position: 0,
        }
    }

    /// Returns the samples out that these samples complete.
    pub fn resample(&mut self, samples: &[f32]) -> Vec<f32> {
        self.rest.extend_from_slice(samples);
        let (from, to) = self.ratio;
        let mut out = Vec::with_capacity(samples.len() * to / from + 1);
        let at = |position: usize| (position / to, position % to);
        while let (start, place) = at(self.position)
            && let Some(kernel) = self.kernels.get(place)
            && let Some(window) = self.rest.get(start..start + kernel.len())
        {
            out.push(
                window
                    .iter()
                    .zip(kernel)
                    .map(|(sample, weight)| sample * weight)
                    .sum(),
            );
            self.position += from;
        }
        let (done, place) = at(self.position);
        let done = done.min(self.rest.len());
        self.rest.drain(..done);
        self.position = place + (self.position / to - done) * to;
        out
    }
}

/// Returns the weights of the samples in around a sample out at `place / places` after one of them.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
fn kernel(place: u32, places: u32, cutoff: f32) -> Vec<f32> {
    let half = (CROSSINGS / cutoff).ceil();
    let centre = half - 1.0 + place as f32 / places as f32;
    let weights: Vec<f32> = (0..2 * half as usize)
        .map(|at| {
            let x = at as f32 - centre;
            let sinc = if x == 0.0 {
                1.0
            } else {
                (PI * cutoff * x).sin() / (PI * cutoff * x)
            };
            // A Hann window.
            sinc * (0.5 + 0.5 * (PI * x / half).cos())
        })
        .collect();
    // A constant input gives the same constant output.
    let sum: f32 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a second of a tone.
    fn tone(hertz: f32, rate: u32) -> Vec<f32> {
        #[allow(clippy::cast_precision_loss)]
        let sample = |n: u32| 0.5 * (2.0 * PI * hertz * n as f32 / rate as f32).sin();
        (0..rate).map(sample).collect()
    }

    #[test]
    fn a_tone_stays_that_tone() {
        for rate in [8_000, 24_000, 44_100, 48_000, 96_000] {
            let mut resampler = Resampler::new(rate);
            let out: Vec<f32> = tone(440.0, rate)
                .chunks(128)
                .flat_map(|piece| resampler.resample(piece))
                .collect();
            assert!(out.len().abs_diff(24_000) < 2, "{rate}: {}", out.len());
            // After the kernel's delay.
            let expected = tone(440.0, RATE);
            let error = |delay: usize| {
                let pairs = out[2_000..20_000].iter().zip(&expected[2_000 - delay..]);
                pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
            };
            let best = (0..200).map(error).fold(f32::MAX, f32::min);
            assert!(best < 0.05, "{rate}: {best}");
            assert!(
                (rms(&out[2_000..]) - 0.3536).abs() < 0.002,
                "{rate}: {}",
                rms(&out)
            );
        }
    }

    #[test]
    fn what_the_rate_cannot_carry_is_gone() {
        let out = Resampler::new(48_000).resample(&tone(15_000.0, 48_000));
        assert!(level(rms(&out[1_000..])) == 0.0, "{}", rms(&out[1_000..]));
    }

    #[test]
    fn samples_survive_16_bits() {
        let samples = [i16::MIN, -1, 0, 1, i16::MAX];
        assert_eq!(to_pcm16(&from_pcm16(&samples)), samples);
        assert_eq!(to_pcm16(&[-2.0, 2.0, f32::NAN]), [i16::MIN, i16::MAX, 0]);
    }

    #[test]
    fn a_meter_shows_decibels() {
        for (rms, shown) in [(1.0, 1.0), (0.031_623, 0.5), (0.001, 0.0), (0.0, 0.0)] {
            assert!((level(rms) - shown).abs() < 1e-3, "{rms}: {}", level(rms));
        }
        assert!(rms(&[]).abs() < 1e-9);
    }
}
