//! Samples as 16-bit integers and as floats.

/// Full scale of a 16-bit sample. A power of two, so that integers survive the way to floats and
/// back.
pub(super) const FULL_SCALE: f32 = 32_768.0;

/// Converts 16-bit samples to floats from -1 to 1.
///
/// ```
/// use openai_realtime_ws::audio::{to_f32, to_i16};
///
/// assert_eq!(to_f32(&[i16::MIN, 0, 16_384]), [-1.0, 0.0, 0.5]);
/// assert_eq!(to_i16(&to_f32(&[1, -2, i16::MAX])), [1, -2, i16::MAX]);
/// ```
#[must_use]
pub fn to_f32(samples: &[i16]) -> Vec<f32> {
    samples
        .iter()
        .map(|sample| f32::from(*sample) / FULL_SCALE)
        .collect()
}

/// Converts floats from -1 to 1 to 16-bit samples, rounded to the nearest.
///
/// Values outside of -1 to 1 are clipped, and a value that is not a number becomes silence.
pub fn to_i16(samples: &[f32]) -> Vec<i16> {
    samples.iter().copied().map(round).collect()
}

/// Converts one float to a 16-bit sample.
#[allow(clippy::cast_possible_truncation)] // A cast of floats saturates.
pub(crate) fn round(sample: f32) -> i16 {
    (sample * FULL_SCALE).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_16_bit_sample_survives_a_round_trip() {
        let all: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        assert_eq!(to_i16(&to_f32(&all)), all);
    }

    #[test]
    fn too_loud_is_clipped_and_not_a_number_is_silence() {
        assert_eq!(
            to_i16(&[-2.0, -1.0, 1.0, f32::INFINITY, f32::NAN]),
            [i16::MIN, i16::MIN, i16::MAX, i16::MAX, 0]
        );
    }
}
