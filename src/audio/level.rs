//! Loudness of samples.

use super::convert::FULL_SCALE;

/// Loudness of some samples, in decibels relative to full scale (dBFS): 0 is the loudest,
/// [`Level::SILENCE`] silence.
///
/// The reference is a constant signal at full scale, so a sine wave at full scale has an RMS of -3
/// dBFS.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Root mean square: how loud it sounds.
    pub rms: f32,
    /// Loudest sample: 0 means that the signal is, or is about to be, clipped.
    pub peak: f32,
}

impl Level {
    /// Lowest level that is reported, -100 dBFS; 16-bit samples reach down to -90.
    pub const SILENCE: f32 = -100.0;

    /// Measures 16-bit samples.
    #[must_use]
    pub fn of(samples: &[i16]) -> Self {
        let mut meter = LevelMeter::new();
        meter.push(samples);
        meter.take()
    }
}

/// Level meter of a stream: takes samples in pieces of any size, and is read at the pace of the
/// display.
///
/// [`push`](Self::push) neither allocates nor blocks, so it can be called from an audio callback.
///
/// ```
/// use openai_realtime_ws::audio::LevelMeter;
///
/// let mut meter = LevelMeter::new();
/// meter.push(&[16_384, -16_384]);
/// let level = meter.take();
/// assert!((level.rms + 6.02).abs() < 0.01 && (level.peak + 6.02).abs() < 0.01);
/// ```
#[derive(Debug, Clone, Default)]
pub struct LevelMeter {
    squares: f64,
    count: u32,
    peak: f32,
}

impl LevelMeter {
    /// Creates a meter that has measured nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Measures 16-bit samples.
    pub fn push(&mut self, samples: &[i16]) {
        for sample in samples {
            self.add(f32::from(*sample) / FULL_SCALE);
        }
    }

    /// Measures floats from -1 to 1. Values that are not finite are left out.
    pub fn push_f32(&mut self, samples: &[f32]) {
        // One NaN from a device would blank the meter for good.
        for sample in samples.iter().filter(|sample| sample.is_finite()) {
            self.add(*sample);
        }
    }

    /// Returns the level since the last call, and starts over.
    pub fn take(&mut self) -> Level {
        let measured = std::mem::take(self);
        let mean = measured.squares / f64::from(measured.count.max(1));
        Level {
            rms: decibels(mean.sqrt()),
            peak: decibels(measured.peak.into()),
        }
    }

    fn add(&mut self, sample: f32) {
        self.squares += f64::from(sample) * f64::from(sample);
        self.count = self.count.saturating_add(1);
        self.peak = self.peak.max(sample.abs());
    }
}

#[allow(clippy::cast_possible_truncation)] // A level needs no more than the digits of a float.
fn decibels(amplitude: f64) -> f32 {
    let decibels = 20.0 * amplitude.log10();
    (decibels as f32).max(Level::SILENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_level(samples: &[i16], rms: f32, peak: f32) {
        let level = Level::of(samples);
        assert!((level.rms - rms).abs() < 0.01, "{level:?}");
        assert!((level.peak - peak).abs() < 0.01, "{level:?}");
    }

    #[test]
    fn known_levels() {
        assert_level(&[], -100.0, -100.0);
        assert_level(&[0; 480], -100.0, -100.0);
        assert_level(&[i16::MIN; 10], 0.0, 0.0);
        assert_level(&[3_277, -3_277], -20.0, -20.0);
        assert_level(&[1], -90.31, -90.31);
        assert_level(&[16_384, 0], -9.03, -6.02);
        let sine: Vec<i16> = (0..24_000)
            .map(|n| (f64::from(n) * std::f64::consts::TAU / 240.0).sin() * 32_767.0)
            .map(|value| {
                #[expect(clippy::cast_possible_truncation, reason = "a sine fits")]
                let sample = value as i16;
                sample
            })
            .collect();
        assert_level(&sine, -3.01, 0.0);
    }

    #[test]
    fn pieces_count_as_one_until_the_meter_is_read() {
        let mut meter = LevelMeter::new();
        meter.push(&[16_384]);
        meter.push_f32(&[0.0, f32::NAN]);
        assert_eq!(meter.take(), Level::of(&[16_384, 0]));
        assert_eq!(meter.take(), Level::of(&[]));
    }
}
