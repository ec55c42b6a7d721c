//! Input audio buffer: audio that was appended and is not committed yet, and the speech in it.

use super::audio::SampleFormat;
use super::vad::{Heard, Vad, VadThresholds};

/// Longest silence that is kept while the server detects turns, in milliseconds.
const LONGEST_SILENCE_MS: u64 = 60_000;

/// Buffer with its position on the clock of all audio of the session.
#[derive(Debug, Default)]
pub(super) struct InputBuffer {
    audio: Vec<u8>,
    format: SampleFormat,
    /// Position on the clock at which this format began; `received` counts the bytes since.
    format_since_ms: u64,
    received: usize,
    vad: Vad,
    /// ID of the item that the current speech will become.
    pub(super) item_id: Option<String>,
}

impl InputBuffer {
    /// Returns the position on the clock at which the audio ends, in milliseconds.
    pub(super) fn now_ms(&self) -> u64 {
        self.at(self.received)
    }

    fn start_ms(&self) -> u64 {
        self.at(self.received - self.audio.len())
    }

    fn at(&self, bytes: usize) -> u64 {
        self.format_since_ms + self.format.millis(bytes)
    }

    /// Returns the length of the audio that can be committed, in milliseconds.
    pub(super) fn len_ms(&self) -> u64 {
        self.format.millis(self.audio.len())
    }

    pub(super) fn is_speaking(&self) -> bool {
        self.vad.is_speaking()
    }

    pub(super) fn append(&mut self, audio: &[u8]) {
        self.received += audio.len();
        self.audio.extend_from_slice(audio);
    }

    /// Changes the format of the audio that follows. Audio in the buffer, in another format, is
    /// lost.
    pub(super) fn set_format(&mut self, format: SampleFormat) {
        if self.format != format {
            self.format_since_ms = self.now_ms();
            self.received = 0;
            self.audio.clear();
            self.format = format;
            self.vad = Vad::starting_at(self.format_since_ms);
            self.item_id = None;
        }
    }

    /// Runs the detector over audio that was just appended, up to the first change. Call it again
    /// without audio until it returns `None`.
    pub(super) fn listen(&mut self, audio: &[u8], thresholds: VadThresholds) -> Option<Heard> {
        let heard = self.vad.listen(audio, self.format, thresholds);
        match heard {
            Some(Heard::Started { audio_start_ms }) => {
                let audio_start_ms = audio_start_ms.max(self.start_ms());
                self.drop_until(audio_start_ms);
                Some(Heard::Started { audio_start_ms })
            }
            None if !self.is_speaking() => {
                self.drop_until(self.now_ms().saturating_sub(LONGEST_SILENCE_MS));
                None
            }
            _ => heard,
        }
    }

    /// Skips audio that was just appended: turns are not detected.
    pub(super) fn overhear(&mut self) {
        self.vad = Vad::starting_at(self.now_ms());
        self.item_id = None;
    }

    /// Takes the audio up to a position on the clock.
    pub(super) fn take_until(&mut self, end_ms: u64) -> Vec<u8> {
        let len = self
            .format
            .bytes(end_ms.saturating_sub(self.start_ms()))
            .min(self.audio.len());
        let rest = self.audio.split_off(len);
        std::mem::replace(&mut self.audio, rest)
    }

    fn drop_until(&mut self, start_ms: u64) {
        if start_ms > self.start_ms() {
            self.take_until(start_ms);
        }
    }

    /// Takes all audio, that of current speech included.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.vad.reset();
        std::mem::take(&mut self.audio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::AudioFormat;

    const THRESHOLDS: VadThresholds = VadThresholds {
        threshold: 0.5,
        prefix_padding_ms: 100,
        silence_duration_ms: 200,
    };

    fn pcm(level: i16, millis: u64) -> Vec<u8> {
        let samples = usize::try_from(millis * 24).unwrap();
        (0..samples)
            .flat_map(|n| if n % 2 == 0 { level } else { -level }.to_le_bytes())
            .collect()
    }

    #[test]
    fn a_turn_is_cut_out_of_the_stream() {
        let mut input = InputBuffer::default();
        let audio = [pcm(0, 500), pcm(9_000, 400), pcm(0, 300)].concat();
        input.append(&audio);
        assert_eq!(
            input.listen(&audio, THRESHOLDS),
            Some(Heard::Started {
                audio_start_ms: 400
            })
        );
        assert_eq!(
            input.listen(&[], THRESHOLDS),
            Some(Heard::Stopped { audio_end_ms: 1100 })
        );
        assert_eq!(
            input.take_until(1100),
            audio[SampleFormat::default().bytes(400)..SampleFormat::default().bytes(1100)]
        );
        assert_eq!(input.listen(&[], THRESHOLDS), None);
        assert_eq!((input.len_ms(), input.now_ms()), (100, 1200));

        // The next speech cannot begin before the last one ended.
        let audio = pcm(9_000, 20);
        input.append(&audio);
        assert_eq!(
            input.listen(&audio, THRESHOLDS),
            Some(Heard::Started {
                audio_start_ms: 1100
            })
        );
    }

    #[test]
    fn odd_lengths_do_not_move_the_clock() {
        let mut input = InputBuffer::default();
        for _ in 0..1000 {
            input.append(&[0; 47]);
            input.take();
        }
        assert_eq!(input.now_ms(), 47_000 / 48);
    }

    #[test]
    fn silence_does_not_pile_up() {
        let mut input = InputBuffer::default();
        let second = pcm(0, 1000);
        for _ in 0..90 {
            input.append(&second);
            assert_eq!(input.listen(&second, THRESHOLDS), None);
        }
        assert_eq!(
            (input.len_ms(), input.now_ms()),
            (LONGEST_SILENCE_MS, 90_000)
        );
    }

    #[test]
    fn another_format_goes_on_with_the_clock() {
        let mut input = InputBuffer::default();
        input.append(&pcm(0, 500));
        input.set_format(SampleFormat::from(&AudioFormat::pcmu()));
        assert_eq!((input.len_ms(), input.now_ms()), (0, 500));
        let loud = [0x80; 160];
        input.append(&loud);
        assert_eq!(
            input.listen(&loud, THRESHOLDS),
            Some(Heard::Started {
                audio_start_ms: 500
            })
        );
        assert_eq!((input.len_ms(), input.now_ms()), (20, 520));
    }
}
