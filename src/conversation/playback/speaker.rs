//! Sound between the session and a sound card's callback: a queue that never blocks, and empties at
//! once.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::audio::{Resampler, to_f32};
use crate::protocol::AudioFormat;

/// Positions in the stream of all samples that ever were queued, at the device's rate.
#[derive(Debug, Default)]
struct Positions {
    /// Samples before this one were pulled, or cut off before they were. Both sides move it
    /// forwards, and only by a single atomic operation: a pull claims its samples with it, an
    /// interruption all that is left. So each sample is either heard and counted, or cut off.
    claimed: AtomicU64,
    /// Samples that were queued.
    written: AtomicU64,
}

/// Queued samples, and a link to the next ones.
///
/// The writer keeps a reference to each chunk until the reader has passed it, so that the reader's
/// callback never frees memory.
#[derive(Debug, Default)]
struct Chunk {
    start: u64,
    samples: Box<[i16]>,
    next: OnceLock<Arc<Chunk>>,
}

impl Chunk {
    fn end(&self) -> u64 {
        self.start + self.samples.len() as u64
    }
}

/// A chain of chunks is freed in a loop: recursion could use up the stack.
impl Drop for Chunk {
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(chunk) = next {
            next = Arc::into_inner(chunk).and_then(|mut chunk| chunk.next.take());
        }
    }
}

/// Writing side of a [`Speaker`].
#[derive(Debug)]
pub(super) struct SpeakerFeed {
    rate: u32,
    positions: Arc<Positions>,
    /// Chunks that the reader may still hold, the newest last; never empty.
    chunks: VecDeque<Arc<Chunk>>,
    /// Resampler from the rate of the audio that is being written.
    resampler: Option<(u32, Resampler)>,
}

impl SpeakerFeed {
    pub(super) fn new(rate: u32) -> (Self, Speaker) {
        let positions = Arc::new(Positions::default());
        let first = Arc::new(Chunk::default());
        let speaker = Speaker {
            positions: Arc::clone(&positions),
            chunk: Arc::clone(&first),
        };
        let feed = Self {
            rate: rate.max(1),
            positions,
            chunks: VecDeque::from([first]),
            resampler: None,
        };
        (feed, speaker)
    }

    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    /// Queues samples of a format, and returns the position behind them.
    pub(super) fn write(&mut self, samples: &[i16], format: &AudioFormat) -> u64 {
        let from = format.sample_rate();
        if from == self.rate {
            return self.push(samples.into());
        }
        if self
            .resampler
            .as_ref()
            .is_none_or(|(rate, _)| *rate != from)
        {
            // A rate that cannot be converted is a server's mistake: its audio is left out.
            self.resampler = Resampler::new(from, self.rate)
                .ok()
                .map(|made| (from, made));
        }
        let resampled = match &mut self.resampler {
            Some((_, resampler)) => resampler.push(&to_f32(samples)),
            None => Vec::new(),
        };
        self.push(crate::audio::to_i16(&resampled).into())
    }

    /// Queues what the resampler still holds of a content part, and returns the position behind it.
    pub(super) fn finish(&mut self) -> u64 {
        match &mut self.resampler {
            Some((_, resampler)) => {
                let rest = resampler.finish_i16();
                self.push(rest.into())
            }
            None => self.written(),
        }
    }

    /// Returns how many samples were queued.
    pub(super) fn written(&self) -> u64 {
        // Only this side writes it.
        self.positions.written.load(Ordering::Relaxed)
    }

    /// Returns the position up to which samples were pulled.
    pub(super) fn pulled(&self) -> u64 {
        self.positions.claimed.load(Ordering::Acquire)
    }

    /// Cuts off everything that was not pulled, and returns the position up to which samples were.
    pub(super) fn cut(&mut self) -> u64 {
        if let Some((_, resampler)) = &mut self.resampler {
            resampler.reset();
        }
        self.positions
            .claimed
            .swap(self.written(), Ordering::AcqRel)
    }

    fn push(&mut self, samples: Box<[i16]>) -> u64 {
        let start = self.written();
        if samples.is_empty() {
            return start;
        }
        let chunk = Arc::new(Chunk {
            start,
            samples,
            next: OnceLock::new(),
        });
        let end = chunk.end();
        if let Some(last) = self.chunks.back() {
            // Set once, as this is the only writer and a chunk is the last one only once.
            let _ = last.next.set(Arc::clone(&chunk));
        }
        self.chunks.push_back(chunk);
        self.positions.written.store(end, Ordering::Release);
        self.free(end);
        end
    }

    /// Frees the chunks that the reader has passed and no longer holds. Where the reader is gone,
    /// nothing is kept.
    fn free(&mut self, written: u64) {
        let has_reader = Arc::strong_count(&self.positions) > 1;
        let passed = if has_reader { self.pulled() } else { written };
        // The newest stays, as the next one is linked to it.
        while self.chunks.len() > 1
            && let Some(first) = self.chunks.front()
            && first.end() <= passed
            && Arc::strong_count(first) == 1
        {
            self.chunks.pop_front();
        }
    }
}

/// Samples that were not pulled when the playback ends are never heard.
impl Drop for SpeakerFeed {
    fn drop(&mut self) {
        self.cut();
    }
}

/// Device side of a [`Playback`](super::Playback): the samples to play next, for the callback of a
/// sound card.
///
/// Pulling never blocks, allocates or frees memory. Where there is nothing to play, it gives
/// silence; after an interruption it does so at once. What was pulled counts as heard.
///
/// Drop it when the device is gone. The playback then takes what was not pulled for never heard.
///
/// ```no_run
/// # struct Device;
/// # impl Device { fn on_output(&self, _: impl FnMut(&mut [f32]) + Send + 'static) {} }
/// # fn example(device: Device) {
/// use openai_realtime_ws::conversation::Playback;
///
/// let (playback, mut speaker) = Playback::with_speaker(48_000);
/// device.on_output(move |frames| {
///     speaker.pull_frames(frames, 2); // stereo
/// });
/// # }
/// ```
#[derive(Debug)]
pub struct Speaker {
    positions: Arc<Positions>,
    /// Chunk of the sample that is next, or one before it.
    chunk: Arc<Chunk>,
}

impl Speaker {
    /// Fills a buffer with the samples that are next, as floats from -1 to 1, and then with
    /// silence. Returns how many samples are audio.
    pub fn pull(&mut self, out: &mut [f32]) -> usize {
        self.pull_frames(out, 1)
    }

    /// Fills a buffer with the samples that are next, as 16-bit integers; otherwise as
    /// [`pull`](Self::pull).
    pub fn pull_i16(&mut self, out: &mut [i16]) -> usize {
        let filled = self.claim(out.len(), |at, samples| {
            let place = out.iter_mut().skip(at);
            place.zip(samples).for_each(|(out, sample)| *out = *sample);
        });
        out.iter_mut().skip(filled).for_each(|out| *out = 0);
        filled
    }

    /// Fills a buffer of interleaved frames, with the same sample in each channel; otherwise as
    /// [`pull`](Self::pull). Returns how many frames are audio.
    pub fn pull_frames(&mut self, out: &mut [f32], channels: usize) -> usize {
        let channels = channels.max(1);
        let filled = self.claim(out.len() / channels, |at, samples| {
            let frames = out.chunks_exact_mut(channels).skip(at);
            for (frame, sample) in frames.zip(samples) {
                frame.fill(f32::from(*sample) / 32_768.0);
            }
        });
        out.iter_mut()
            .skip(filled * channels)
            .for_each(|out| *out = 0.0);
        filled
    }

    /// Returns a handle that says whether there is something to play.
    #[must_use]
    pub fn monitor(&self) -> SpeakerMonitor {
        SpeakerMonitor(Arc::downgrade(&self.positions))
    }

    /// Claims up to `count` samples and hands them on, with the place of the first of them.
    fn claim(&mut self, count: usize, mut hand_on: impl FnMut(usize, &[i16])) -> usize {
        let mut filled = 0;
        while filled < count {
            let start = self.positions.claimed.load(Ordering::Acquire);
            while self.chunk.end() <= start
                && let Some(next) = self.chunk.next.get()
            {
                self.chunk = Arc::clone(next);
            }
            let at = usize::try_from(start.saturating_sub(self.chunk.start)).unwrap_or(usize::MAX);
            let Some(rest) = self.chunk.samples.get(at..).filter(|rest| !rest.is_empty()) else {
                break;
            };
            let wanted = rest.get(..count - filled).unwrap_or(rest);
            let end = start + wanted.len() as u64;
            // It fails only if an interruption came between: then nothing of this chunk may be
            // played, and the next round looks for what was queued after it.
            let claimed = self.positions.claimed.compare_exchange(
                start,
                end,
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            if claimed.is_ok() {
                hand_on(filled, wanted);
                filled += wanted.len();
            }
        }
        filled
    }
}

/// Handle that says whether a [`Speaker`] has something to play, for another thread: a
/// [`HalfDuplexGate`](crate::audio::HalfDuplexGate) in the microphone's callback, or a display.
#[derive(Debug, Clone)]
pub struct SpeakerMonitor(std::sync::Weak<Positions>);

impl SpeakerMonitor {
    /// Returns true while queued samples wait to be pulled. Neither blocks nor allocates.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.0.upgrade().is_some_and(|positions| {
            positions.claimed.load(Ordering::Acquire) < positions.written.load(Ordering::Acquire)
        })
    }
}
