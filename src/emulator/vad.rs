//! Server VAD: by energy, in frames of 20 ms, on the clock of the audio itself.

use super::audio::{SampleFormat, decibels};
use crate::protocol::ServerVad;

/// Length of a frame, in milliseconds.
const FRAME_MS: u64 = 20;

/// Thresholds of speech.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct VadThresholds {
    /// Loudness of speech, from 0 (-70 dB below full scale) to 1 (-10 dB).
    pub(super) threshold: f64,
    /// Audio before the speech that belongs to it, in milliseconds.
    pub(super) prefix_padding_ms: u64,
    /// Silence that ends the speech, in milliseconds.
    pub(super) silence_duration_ms: u64,
}

impl VadThresholds {
    /// The service's defaults.
    pub(super) const DEFAULT: Self = Self {
        threshold: 0.5,
        prefix_padding_ms: 300,
        silence_duration_ms: 500,
    };

    /// Returns the thresholds of a configuration, and the defaults of those that it leaves out.
    pub(super) fn of(vad: &ServerVad) -> Self {
        Self {
            threshold: vad.threshold.unwrap_or(Self::DEFAULT.threshold),
            prefix_padding_ms: vad
                .prefix_padding_ms
                .unwrap_or(Self::DEFAULT.prefix_padding_ms),
            silence_duration_ms: vad
                .silence_duration_ms
                .unwrap_or(Self::DEFAULT.silence_duration_ms),
        }
    }
}

/// Change that the detector heard, at a position in the stream of audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Speech began; the position includes the padding.
    Started { audio_start_ms: u64 },
    /// Speech ended; the position includes the silence.
    Stopped { audio_end_ms: u64 },
}

/// Detector of the beginning and the end of speech.
#[derive(Debug, Default)]
pub(super) struct Vad {
    /// Audio that is not a whole frame yet.
    rest: Vec<u8>,
    /// Position of `rest` in the stream.
    position_ms: u64,
    /// End of the last loud frame, while there is speech.
    loud_until_ms: Option<u64>,
}

impl Vad {
    /// Returns a detector whose stream begins at this position of a longer one.
    pub(super) fn starting_at(position_ms: u64) -> Self {
        Self {
            position_ms,
            ..Self::default()
        }
    }

    /// Returns true while there is speech.
    pub(super) fn is_speaking(&self) -> bool {
        self.loud_until_ms.is_some()
    }

    /// Forgets the speech and keeps the position: the buffer was committed or cleared.
    pub(super) fn reset(&mut self) {
        self.loud_until_ms = None;
    }

    /// Runs over the next audio, up to the first change. Call it again without audio until it
    /// returns `None`.
    pub(super) fn listen(
        &mut self,
        audio: &[u8],
        format: SampleFormat,
        thresholds: VadThresholds,
    ) -> Option<Heard> {
        self.rest.extend_from_slice(audio);
        let frame_len = format.bytes(FRAME_MS).max(2);
        let mut at = 0;
        let mut heard = None;
        while heard.is_none()
            && let Some(frame) = self.rest.get(at..at + frame_len)
        {
            let loudness = (decibels(&format.decode(frame)) + 70.0) / 60.0;
            at += frame_len;
            heard = self.frame(loudness >= thresholds.threshold, thresholds);
        }
        self.rest.drain(..at);
        heard
    }

    fn frame(&mut self, loud: bool, thresholds: VadThresholds) -> Option<Heard> {
        let start = self.position_ms;
        let end = start + FRAME_MS;
        self.position_ms = end;
        match self.loud_until_ms {
            None if loud => {
                self.loud_until_ms = Some(end);
                Some(Heard::Started {
                    audio_start_ms: start.saturating_sub(thresholds.prefix_padding_ms),
                })
            }
            Some(_) if loud => {
                self.loud_until_ms = Some(end);
                None
            }
            Some(loud_until) if end - loud_until >= thresholds.silence_duration_ms => {
                self.loud_until_ms = None;
                Some(Heard::Stopped { audio_end_ms: end })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: VadThresholds = VadThresholds {
        threshold: 0.5,
        prefix_padding_ms: 300,
        silence_duration_ms: 200,
    };

    /// A square wave this many decibels below full scale: its energy is its height.
    fn sound(decibels: i32, millis: u64) -> Vec<u8> {
        #[allow(clippy::cast_possible_truncation)]
        let height = (32_768.0 * 10f64.powf(f64::from(decibels) / 20.0)) as i16;
        let samples = usize::try_from(24 * millis).unwrap();
        (0..samples)
            .flat_map(|n| if n % 2 == 0 { height } else { -height }.to_le_bytes())
            .collect()
    }

    fn silence(millis: u64) -> Vec<u8> {
        vec![0; SampleFormat::default().bytes(millis)]
    }

    /// All that is heard when the audio comes in pieces of `piece` bytes.
    fn hear(audio: &[u8], piece: usize, thresholds: VadThresholds) -> Vec<Heard> {
        let mut vad = Vad::default();
        let mut all = Vec::new();
        for piece in audio.chunks(piece) {
            let mut heard = vad.listen(piece, SampleFormat::default(), thresholds);
            while let Some(one) = heard {
                all.push(one);
                heard = vad.listen(&[], SampleFormat::default(), thresholds);
            }
        }
        all
    }

    #[test]
    fn speech_begins_with_its_padding_and_ends_with_its_silence() {
        let audio = [silence(500), sound(-20, 1000), silence(400)].concat();
        let expected = [
            Heard::Started {
                audio_start_ms: 200,
            },
            Heard::Stopped { audio_end_ms: 1700 },
        ];
        // However the audio is cut, half samples included.
        for piece in [1, 7, 960, 4_800, audio.len()] {
            assert_eq!(
                hear(&audio, piece, THRESHOLDS),
                expected,
                "pieces of {piece}"
            );
        }
    }

    #[test]
    fn padding_ends_where_the_audio_begins() {
        assert_eq!(
            hear(&sound(-20, 20), 960, THRESHOLDS),
            [Heard::Started { audio_start_ms: 0 }]
        );
    }

    #[test]
    fn the_thresholds_are_the_sessions() {
        // 0.5 is -40 dB; 0.9 is -16 dB.
        assert_eq!(hear(&sound(-45, 500), 960, THRESHOLDS), []);
        assert_eq!(hear(&sound(-35, 500), 960, THRESHOLDS).len(), 1);
        assert_eq!(
            hear(
                &sound(-20, 500),
                960,
                VadThresholds {
                    threshold: 0.9,
                    ..THRESHOLDS
                }
            ),
            []
        );
        assert_eq!(
            hear(
                &sound(-12, 500),
                960,
                VadThresholds {
                    threshold: 0.9,
                    ..THRESHOLDS
                }
            )
            .len(),
            1
        );

        let audio = [sound(-20, 100), silence(300), sound(-20, 100), silence(600)].concat();
        assert_eq!(hear(&audio, 960, THRESHOLDS).len(), 4);
        let patient = VadThresholds {
            silence_duration_ms: 500,
            ..THRESHOLDS
        };
        assert_eq!(
            hear(&audio, 960, patient),
            [
                Heard::Started { audio_start_ms: 0 },
                Heard::Stopped { audio_end_ms: 1000 }
            ]
        );
    }

    #[test]
    fn a_second_turn_keeps_the_clock() {
        let turn = [sound(-20, 200), silence(200)].concat();
        assert_eq!(
            hear(&turn.repeat(2), 4_800, THRESHOLDS),
            [
                Heard::Started { audio_start_ms: 0 },
                Heard::Stopped { audio_end_ms: 400 },
                Heard::Started {
                    audio_start_ms: 100
                },
                Heard::Stopped { audio_end_ms: 800 },
            ]
        );
    }
}
