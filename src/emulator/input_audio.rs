//! The input audio buffer: what was appended and not yet committed, and the speech in it.

use super::audio::SampleFormat;
use super::vad::{Heard, Vad, VadThresholds};

/// The longest silence that is kept while turns are detected: nobody will commit it.
const LONGEST_SILENCE_MS: u64 = 60_000;

/// The buffer, with its place on the clock of all audio that was sent in the session.
#[derive(Debug, Default)]
pub(super) struct InputBuffer {
    audio: Vec<u8>,
    format: SampleFormat,
    /// Where on the clock this format began, and how many bytes came since.
    format_since_ms: u64,
    received: usize,
    vad: Vad,
    /// The item that the speech under way will become.
    pub(super) item_id: Option<String>,
}

impl InputBuffer {
    /// Where the audio ends on the clock.
    pub(super) fn now_ms(&self) -> u64 {
        self.at(self.received)
    }

    fn start_ms(&self) -> u64 {
        self.at(self.received - self.audio.len())
    }

    fn at(&self, bytes: usize) -> u64 {
        self.format_since_ms + self.format.millis(bytes)
    }

    /// How much there is to commit.
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

    /// From now on audio comes in this format. What is in the buffer, in another, is lost.
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

    /// Listens to audio that was just appended, up to the first thing heard; then call it again with nothing.
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

    /// Does not listen to audio that was just appended.
    pub(super) fn overhear(&mut self) {
        self.vad = Vad::starting_at(self.now_ms());
        self.item_id = None;
    }

    /// Takes the audio up to a place on the clock.
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

    /// Takes everything, speech under way included.
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
