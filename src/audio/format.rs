//! Lengths, codings and silence of the protocol's audio formats.

use std::time::Duration;

use super::g711;
use crate::protocol::{Audio, AudioFormat};

/// Coding of samples in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Pcm16,
    MuLaw,
    ALaw,
}

impl Coding {
    /// Returns the coding of a format; an unknown format counts as the protocol's default.
    pub(crate) fn of(format: &AudioFormat) -> Self {
        match format {
            AudioFormat::Pcmu(_) => Self::MuLaw,
            AudioFormat::Pcma(_) => Self::ALaw,
            AudioFormat::Pcm(_) | AudioFormat::Other(_) => Self::Pcm16,
        }
    }

    pub(crate) fn bytes_per_sample(self) -> u32 {
        match self {
            Self::Pcm16 => 2,
            Self::MuLaw | Self::ALaw => 1,
        }
    }

    pub(crate) fn silence(self) -> u8 {
        match self {
            Self::Pcm16 => 0,
            Self::MuLaw => g711::MU_LAW_SILENCE,
            Self::ALaw => g711::A_LAW_SILENCE,
        }
    }
}

/// Lengths and samples of audio in a format.
impl AudioFormat {
    /// Returns the sample rate in Hz: that of PCM16 as configured, 24,000 if absent, and 8,000 for
    /// G.711.
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        // A rate of zero can come from a server only by mistake, and would divide by zero.
        (self.bytes_per_second() / Coding::of(self).bytes_per_sample()).max(1)
    }

    /// Returns how long a number of bytes plays, rounded down to the nanosecond.
    ///
    /// ```
    /// use std::time::Duration;
    /// use openai_realtime_ws::protocol::AudioFormat;
    ///
    /// assert_eq!(AudioFormat::pcm(24_000).duration_of(4_800), Duration::from_millis(100));
    /// assert_eq!(AudioFormat::pcmu().duration_of(160), Duration::from_millis(20));
    /// ```
    #[must_use]
    pub fn duration_of(&self, bytes: u64) -> Duration {
        let per_second = u64::from(self.bytes_per_second().max(1));
        // The remainder apart, so that days of audio do not overflow.
        let nanos = bytes % per_second * 1_000_000_000 / per_second;
        Duration::from_secs(bytes / per_second) + Duration::from_nanos(nanos)
    }

    /// Returns how many bytes play for a time, rounded down to whole samples.
    #[must_use]
    pub fn bytes_in(&self, time: Duration) -> usize {
        let samples = time.as_nanos() * u128::from(self.sample_rate()) / 1_000_000_000;
        let bytes = samples * u128::from(Coding::of(self).bytes_per_sample());
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Returns silence of a length, as bytes.
    #[must_use]
    pub fn silence(&self, time: Duration) -> Vec<u8> {
        vec![Coding::of(self).silence(); self.bytes_in(time)]
    }

    /// Encodes 16-bit samples, which must have the format's sample rate.
    #[must_use]
    pub fn encode(&self, samples: &[i16]) -> Vec<u8> {
        match Coding::of(self) {
            Coding::Pcm16 => samples.iter().flat_map(|s| s.to_le_bytes()).collect(),
            Coding::MuLaw => g711::encode_mu_law(samples),
            Coding::ALaw => g711::encode_a_law(samples),
        }
    }
}

/// Conversions from samples, and lengths.
impl Audio {
    /// Encodes 16-bit samples in a format, whose sample rate they must have.
    ///
    /// ```
    /// use std::time::Duration;
    /// use openai_realtime_ws::protocol::{Audio, AudioFormat};
    ///
    /// let line = AudioFormat::pcmu();
    /// let audio = Audio::from_samples(&[0; 800], &line);
    /// assert_eq!(audio.duration(&line), Duration::from_millis(100));
    /// ```
    #[must_use]
    pub fn from_samples(samples: &[i16], format: &AudioFormat) -> Self {
        Self::from_bytes(&format.encode(samples))
    }

    /// Converts floats from -1 to 1, at any sample rate in Hz, to PCM16 at 24,000 Hz, which is the
    /// format of a session unless it says otherwise.
    ///
    /// The samples are treated as a whole recording. Convert a stream piece by piece with a
    /// [`Resampler`](crate::audio::Resampler), which has no seams between pieces.
    ///
    /// # Errors
    /// [`ResampleError`](crate::audio::ResampleError) when the rate is zero or above 768,000 Hz.
    ///
    /// ```
    /// use openai_realtime_ws::protocol::Audio;
    ///
    /// let audio = Audio::from_f32(&[0.0; 480], 48_000)?;
    /// assert_eq!(audio.decoded_len(), 240 * 2);
    /// # Ok::<(), openai_realtime_ws::audio::ResampleError>(())
    /// ```
    #[cfg(feature = "audio")]
    pub fn from_f32(samples: &[f32], rate: u32) -> Result<Self, super::ResampleError> {
        let rate_of_sessions = AudioFormat::default().sample_rate();
        let samples = super::resample(samples, rate, rate_of_sessions)?;
        Ok(Self::from_pcm16(&super::to_i16(&samples)))
    }

    /// Returns how long the audio plays in a format, without decoding it.
    pub fn duration(&self, format: &AudioFormat) -> Duration {
        format.duration_of(self.decoded_len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_in_each_format() {
        let second = Duration::from_secs(1);
        for (format, rate, bytes) in [
            (AudioFormat::default(), 24_000, 48_000),
            (AudioFormat::pcm(16_000), 16_000, 32_000),
            (AudioFormat::pcmu(), 8_000, 8_000),
            (AudioFormat::pcma(), 8_000, 8_000),
        ] {
            assert_eq!(format.sample_rate(), rate);
            assert_eq!(format.bytes_in(second), bytes);
            assert_eq!(format.duration_of(bytes as u64), second);
            assert_eq!(format.silence(second / 10).len(), bytes / 10);
        }
        // No byte is half a sample.
        let odd = Duration::from_nanos(20_900);
        assert_eq!(AudioFormat::default().bytes_in(odd), 0);
        assert_eq!(AudioFormat::default().bytes_in(odd * 2), 2);
    }

    #[test]
    fn a_rate_of_zero_divides_nothing() {
        let format = AudioFormat::pcm(0);
        assert_eq!(format.sample_rate(), 1);
        assert_eq!(format.duration_of(u64::MAX).as_secs(), u64::MAX);
        assert_eq!(
            AudioFormat::pcm(u32::MAX).bytes_in(Duration::MAX),
            usize::MAX
        );
    }

    #[test]
    fn silence_is_silent() {
        for format in [
            AudioFormat::default(),
            AudioFormat::pcmu(),
            AudioFormat::pcma(),
        ] {
            let silence = Audio::from_bytes(&format.silence(Duration::from_millis(10)));
            let samples = super::super::Decoder::new(&format)
                .decode(&silence)
                .unwrap();
            assert!(samples.iter().all(|sample| sample.abs() <= 8), "{format:?}");
        }
    }
}
