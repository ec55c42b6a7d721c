//! Another sample rate, piece by piece.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

/// Rates above this one are a damaged header rather than sound.
const HIGHEST_RATE: u32 = 768_000;

/// Blocks a second. Longer blocks have a sharper filter, shorter ones less delay; speech does well
/// with 20 ms.
const BLOCKS_PER_SECOND: usize = 50;

/// Resampler of a stream: takes samples in pieces of any size, and returns what they become at
/// another rate.
///
/// The pieces together are sample by sample what [`resample`] makes of the whole, and exactly as
/// long as it is: `n` samples become `n * to / from`, rounded up. The first sample in and the first
/// sample out are at the same time, within half a sample; about 30 ms of the newest samples stay
/// inside until more come, or until [`finish`](Self::finish).
///
/// Rates with a large common divisor are cheap, which is true of all rates of sound cards and
/// telephones.
///
/// ```
/// use openai_realtime_ws::audio::Resampler;
///
/// let mut microphone = Resampler::new(48_000, 24_000)?;
/// let mut samples = microphone.push(&[0.0; 4_800]);
/// samples.extend(microphone.finish());
/// assert_eq!(samples.len(), 2_400);
/// # Ok::<(), openai_realtime_ws::audio::ResampleError>(())
/// ```
pub struct Resampler {
    from: u32,
    to: u32,
    /// Absent where both rates are the same.
    filter: Option<Fft<f32>>,
    /// Samples that do not fill a block yet.
    waiting: Vec<f32>,
    /// Samples out that are still to be left out, as they stand before the first sample in.
    delay: usize,
    taken: u64,
    given: u64,
}

impl Resampler {
    /// Creates a resampler between two sample rates in Hz.
    ///
    /// # Errors
    /// [`ResampleError`] when a rate is zero or above 768,000 Hz.
    pub fn new(from: u32, to: u32) -> Result<Self, ResampleError> {
        let error = || ResampleError { from, to };
        let in_range = |rate| (1..=HIGHEST_RATE).contains(&rate);
        if !in_range(from) || !in_range(to) {
            return Err(error());
        }
        let mut resampler = Self {
            from,
            to,
            filter: None,
            waiting: Vec::new(),
            delay: 0,
            taken: 0,
            given: 0,
        };
        if from != to {
            let block = (from as usize / BLOCKS_PER_SECOND).max(1);
            let filter = Fft::new_custom(
                from as usize,
                to as usize,
                block,
                1,
                1,
                WindowFunction::BlackmanHarris2,
                FixedSync::Both,
            );
            resampler.filter = Some(filter.map_err(|_| error())?);
            resampler.reset();
        }
        Ok(resampler)
    }

    /// Takes the next samples, floats from -1 to 1, and returns those that are ready.
    ///
    /// A value that is not finite counts as silence: it would spoil its neighbours, too.
    pub fn push(&mut self, samples: &[f32]) -> Vec<f32> {
        let clean = samples.iter().map(|s| if s.is_finite() { *s } else { 0.0 });
        self.taken += samples.len() as u64;
        if self.filter.is_none() {
            self.given += samples.len() as u64;
            return clean.collect();
        }
        self.waiting.extend(clean);
        self.drain()
    }

    /// Takes 16-bit samples and returns 16-bit samples; otherwise as [`push`](Self::push).
    pub fn push_i16(&mut self, samples: &[i16]) -> Vec<i16> {
        super::to_i16(&self.push(&super::to_f32(samples)))
    }

    /// Returns the rest of the stream; the next sample begins another one.
    pub fn finish(&mut self) -> Vec<f32> {
        let whole = (self.taken * u64::from(self.to)).div_ceil(u64::from(self.from));
        let mut rest = Vec::new();
        while self.given < whole
            && let Some(filter) = &self.filter
        {
            // Silence pushes the last samples through the filter.
            let block = filter.input_frames_next();
            self.waiting.resize(self.waiting.len().max(block), 0.0);
            rest.extend(self.drain());
        }
        let surplus = usize::try_from(self.given.saturating_sub(whole)).unwrap_or(0);
        rest.truncate(rest.len().saturating_sub(surplus));
        self.reset();
        rest
    }

    /// Returns the rest of the stream as 16-bit samples; otherwise as [`finish`](Self::finish).
    pub fn finish_i16(&mut self) -> Vec<i16> {
        super::to_i16(&self.finish())
    }

    /// Forgets the stream so far; the next sample begins another one.
    pub fn reset(&mut self) {
        self.waiting.clear();
        (self.taken, self.given) = (0, 0);
        if let Some(filter) = &mut self.filter {
            filter.reset();
            self.delay = filter.output_delay();
        }
    }

    /// Resamples all whole blocks. Their borders depend on nothing but the stream itself, which is
    /// why pieces of any size give the same samples.
    fn drain(&mut self) -> Vec<f32> {
        let Some(filter) = &mut self.filter else {
            return Vec::new();
        };
        let mut out = Vec::new();
        let (block_in, block_out) = (filter.input_frames_next(), filter.output_frames_next());
        let mut block = vec![0.0; block_out];
        let whole = self.waiting.len() / block_in * block_in;
        for input in self.waiting[..whole].chunks_exact(block_in) {
            // The sizes are the filter's own, so there is nothing that it could refuse.
            if let Ok(input) = InterleavedSlice::new(input, 1, block_in)
                && let Ok(mut output) = InterleavedSlice::new_mut(&mut block, 1, block_out)
            {
                let _ = filter.process_into_buffer(&input, &mut output, None);
            }
            let skipped = self.delay.min(block.len());
            self.delay -= skipped;
            out.extend_from_slice(block.get(skipped..).unwrap_or_default());
        }
        self.waiting.drain(..whole);
        self.given += out.len() as u64;
        out
    }
}

/// The rates only.
impl std::fmt::Debug for Resampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resampler")
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

/// Resamples a whole recording, floats from -1 to 1, between two sample rates in Hz.
///
/// # Errors
/// [`ResampleError`] when a rate is zero or above 768,000 Hz.
pub fn resample(samples: &[f32], from: u32, to: u32) -> Result<Vec<f32>, ResampleError> {
    let mut resampler = Resampler::new(from, to)?;
    let mut out = resampler.push(samples);
    out.extend(resampler.finish());
    Ok(out)
}

/// Error for sample rates that cannot be converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot resample from {from} Hz to {to} Hz: rates from 1 to 768,000 Hz are supported")]
#[non_exhaustive]
pub struct ResampleError {
    /// Sample rate of the input, in Hz.
    pub from: u32,
    /// Sample rate of the output, in Hz.
    pub to: u32,
}
