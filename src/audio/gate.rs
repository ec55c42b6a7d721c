//! Half duplex: the microphone is closed while the loudspeaker speaks.

use std::time::Duration;

use super::{Level, LevelMeter};

/// Gate of the microphone for devices without echo cancellation.
///
/// Such a microphone hears the loudspeaker, and the model takes its own voice for the user's and
/// interrupts itself. The gate replaces what the microphone hears with silence while the
/// loudspeaker speaks, and for a hold time after that, in which the room still echoes. The number
/// of samples stays the same, so the server's turn detection goes on.
///
/// Interrupting by voice is then impossible, unless [`open_above`](Self::open_above) sets a level
/// that only a person close to the microphone reaches. A headset, or a browser's or telephone's
/// echo cancellation, needs no gate.
///
/// Time is counted in samples. [`pass`](Self::pass) neither allocates nor blocks, so it can be
/// called from an audio callback.
///
/// ```
/// use std::time::Duration;
/// use openai_realtime_ws::audio::HalfDuplexGate;
///
/// let mut gate = HalfDuplexGate::new(24_000).hold(Duration::from_millis(1));
/// let mut heard = [500; 48];
/// assert!(!gate.pass(&mut heard, true)); // the loudspeaker speaks
/// assert_eq!(heard, [0; 48]);
/// let mut heard = [500; 48];
/// assert!(gate.pass(&mut heard, false)); // it fell silent: 24 samples more are echo
/// assert_eq!((heard[23], heard[24]), (0, 500));
/// ```
#[derive(Debug, Clone)]
pub struct HalfDuplexGate {
    rate: u32,
    hold: u64,
    /// Samples that are still to be silenced.
    closed_for: u64,
    open_above: Option<f32>,
}

impl HalfDuplexGate {
    /// Creates a gate for a microphone with a sample rate in Hz, with a hold time of 200 ms.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        let gate = Self {
            rate,
            hold: 0,
            closed_for: 0,
            open_above: None,
        };
        gate.hold(Duration::from_millis(200))
    }

    /// Sets how long the gate stays closed after the loudspeaker fell silent.
    #[must_use]
    pub fn hold(mut self, time: Duration) -> Self {
        let samples = time.as_nanos() * u128::from(self.rate) / 1_000_000_000;
        self.hold = u64::try_from(samples).unwrap_or(u64::MAX);
        self
    }

    /// Lets pieces through whose RMS level, in dBFS, is above this one, even while the loudspeaker
    /// speaks.
    #[must_use]
    pub fn open_above(mut self, rms: f32) -> Self {
        self.open_above = Some(rms);
        self
    }

    /// Silences what must not be heard of a piece of the microphone's samples, and returns whether
    /// any of it passes.
    pub fn pass(&mut self, samples: &mut [i16], speaking: bool) -> bool {
        let count = samples.len() as u64;
        let closed = if speaking {
            // The room's echo outlasts the loudspeaker: the gate stays closed for the hold.
            self.closed_for = self.hold;
            count
        } else {
            let closed = self.closed_for.min(count);
            self.closed_for -= closed;
            closed
        };
        if closed > 0 && !self.is_loud(samples) {
            let closed = usize::try_from(closed).unwrap_or(samples.len());
            samples
                .iter_mut()
                .take(closed)
                .for_each(|sample| *sample = 0);
            return closed < samples.len();
        }
        true
    }

    fn is_loud(&self, samples: &[i16]) -> bool {
        self.open_above.is_some_and(|limit| {
            let mut meter = LevelMeter::new();
            meter.push(samples);
            let Level { rms, .. } = meter.take();
            rms > limit
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a gate over pieces of 10 ms, and says of each whether it passed.
    fn passed(gate: &mut HalfDuplexGate, amplitude: i16, speaking: &[bool]) -> Vec<bool> {
        let piece = |speaking: &bool| {
            let mut samples = [amplitude; 240];
            let any = gate.pass(&mut samples, *speaking);
            assert_eq!(any, samples.iter().any(|sample| *sample != 0));
            any
        };
        speaking.iter().map(piece).collect()
    }

    #[test]
    fn it_is_closed_while_the_loudspeaker_speaks_and_a_while_after() {
        let mut gate = HalfDuplexGate::new(24_000).hold(Duration::from_millis(20));
        let (on, off) = (true, false);
        assert_eq!(
            passed(
                &mut gate,
                1_000,
                &[off, on, on, off, off, off, on, off, off, off]
            ),
            [on, off, off, off, off, on, off, off, off, on]
        );
    }

    #[test]
    fn a_loud_voice_passes_if_that_is_wanted() {
        let mut gate = HalfDuplexGate::new(24_000).open_above(-20.0);
        assert_eq!(passed(&mut gate, 1_000, &[true, true]), [false, false]);
        assert_eq!(passed(&mut gate, 10_000, &[true, true]), [true, true]);
    }
}
