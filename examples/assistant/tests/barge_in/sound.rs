//! Sounds that the test speaks and hears.

use std::f64::consts::TAU;
use std::time::Duration;

/// Samples per second of all devices.
pub const RATE: u32 = 48_000;

/// Amplitude of speech, far above the threshold of voice detection.
const LOUD: f64 = 9_000.0;
/// Amplitude of a room, far below that threshold, and yet not silence: so the padding of a turn,
/// which a reply repeats, can be told from a loudspeaker that rests.
const QUIET: f64 = 60.0;
/// Largest sample of a loudspeaker that rests.
const RESTING: u16 = 8;

/// Samples in order.
#[derive(Default)]
pub struct Clip(Vec<i16>);

impl Clip {
    /// Adds the hum of a room.
    pub fn quiet(self, time: Duration) -> Self {
        self.tone(time, QUIET)
    }

    /// Adds speech.
    pub fn loud(self, time: Duration) -> Self {
        self.tone(time, LOUD)
    }

    /// Adds zeros.
    pub fn silent(self, time: Duration) -> Self {
        self.tone(time, 0.0)
    }

    /// Returns the samples.
    pub fn samples(&self) -> &[i16] {
        &self.0
    }

    #[expect(clippy::cast_possible_truncation, reason = "the amplitudes are small")]
    fn tone(mut self, time: Duration, amplitude: f64) -> Self {
        let count = time.as_nanos() * u128::from(RATE) / 1_000_000_000;
        let sample = |at| {
            let cycles = 400.0 * f64::from(at) / f64::from(RATE);
            (amplitude * (TAU * cycles).sin()).round() as i16
        };
        let count = u32::try_from(count).expect("a clip is short");
        self.0.extend((0..count).map(sample));
        self
    }
}

/// Returns the lengths of the sounds between long pauses, in milliseconds. Shorter gaps in a sound
/// do not count.
pub fn sounding(samples: &[i16], pause: Duration) -> Vec<u64> {
    const PIECE_MS: u64 = 10;
    let mut sounds = Vec::new();
    let mut rests_for = pause;
    for piece in samples.chunks_exact(RATE as usize / 100) {
        if piece.iter().all(|sample| sample.unsigned_abs() <= RESTING) {
            rests_for += Duration::from_millis(PIECE_MS);
            continue;
        }
        if rests_for >= pause {
            sounds.push(0);
        }
        if let Some(sound) = sounds.last_mut() {
            *sound += PIECE_MS;
        }
        rests_for = Duration::ZERO;
    }
    sounds
}
