//! Telephone packets that were lost or came late.

use std::time::Duration;

use super::format::Coding;
use crate::protocol::AudioFormat;

/// Longest gap that is filled; a longer one is a pause of the line, not a loss.
const LONGEST_GAP: u64 = 10_000;

/// Difference between a packet's timestamp and its place, in ms, that is jitter of the clock rather
/// than a loss.
const TOLERANCE: u64 = 10;

/// Filler of the gaps that lost packets leave in telephone audio, by the packets' timestamps.
///
/// Without it a loss shortens the speech, and the server's turn detection and its times run ahead
/// of the line's. Gaps become silence, up to 10 s at a time; packets that come after their gap was
/// filled are dropped, and the part of a packet that repeats earlier audio is cut off.
///
/// ```
/// use openai_realtime_ws::audio::PacketFiller;
/// use openai_realtime_ws::protocol::AudioFormat;
///
/// let mut filler = PacketFiller::new(&AudioFormat::pcmu());
/// let packet = [0x7E; 160]; // 20 ms of µ-law
/// assert_eq!(filler.push(0, &packet).len(), 160);
/// assert_eq!(filler.push(40, &packet).len(), 320); // the packet of 20 ms is lost
/// assert_eq!(filler.push(20, &packet).len(), 0); // and comes too late
/// ```
#[derive(Debug, Clone)]
pub struct PacketFiller {
    format: AudioFormat,
    /// Timestamp that the next packet should have, in ms.
    expected: Option<u64>,
    /// Silence that was sent ahead of the line's clock, in ms.
    ahead: u64,
}

impl PacketFiller {
    /// Creates a filler for packets in a format.
    #[must_use]
    pub fn new(format: &AudioFormat) -> Self {
        Self {
            format: format.clone(),
            expected: None,
            ahead: 0,
        }
    }

    /// Takes a packet with its timestamp in milliseconds, and returns what is to be sent: silence
    /// for what was lost before it, and of the packet what is new.
    pub fn push(&mut self, timestamp_ms: u64, packet: &[u8]) -> Vec<u8> {
        let lasts = self.millis(packet.len());
        let expected = self.expected.unwrap_or(timestamp_ms);
        let gap = timestamp_ms.saturating_sub(expected);
        let overlap = expected.saturating_sub(timestamp_ms);
        // Nearly all of it was there before: a repetition, or a packet that came too late.
        if overlap > TOLERANCE && overlap + TOLERANCE >= lasts {
            return Vec::new();
        }
        if gap <= TOLERANCE && overlap <= TOLERANCE {
            // The clock jitters: the audio is continuous, and its length is counted instead.
            self.expected = Some(expected.saturating_add(lasts));
            self.ahead = self.ahead.saturating_sub(gap);
            return packet.to_vec();
        }
        self.expected = Some(timestamp_ms.saturating_add(lasts));
        // Silence that was sent while the packet was waited for counts as part of the gap.
        let lost = gap.min(LONGEST_GAP).saturating_sub(self.ahead);
        self.ahead = self.ahead.saturating_sub(gap);
        let mut sent = self.format.silence(Duration::from_millis(lost));
        let repeated = self.format.bytes_in(Duration::from_millis(overlap));
        sent.extend_from_slice(packet.get(repeated..).unwrap_or_default());
        sent
    }

    /// Returns silence to send in place of packets that do not come, so that the server's turn
    /// detection sees the end of a turn. It counts towards the gap in front of the next packet.
    ///
    /// Some lines send nothing at all while the caller is silent or muted. Call it when nothing
    /// came for about 750 ms while the user speaks; a second is enough for the default turn
    /// detection.
    pub fn silence(&mut self, time: Duration) -> Vec<u8> {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.ahead = self.ahead.saturating_add(millis);
        self.format.silence(time)
    }

    fn millis(&self, bytes: usize) -> u64 {
        let samples = bytes as u64 / u64::from(Coding::of(&self.format).bytes_per_sample());
        samples * 1_000 / u64::from(self.format.sample_rate())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: [u8; 160] = [0x11; 160];

    fn filler() -> PacketFiller {
        PacketFiller::new(&AudioFormat::pcmu())
    }

    /// Output for packets with these timestamps: lengths of silence and of speech, in
    /// bytes.
    fn sent(filler: &mut PacketFiller, timestamps: &[u64]) -> Vec<(usize, usize)> {
        let push = |timestamp: &u64| {
            let bytes = filler.push(*timestamp, &PACKET);
            let silence = bytes.iter().take_while(|byte| **byte == 0xFF).count();
            assert!(bytes[silence..].iter().all(|byte| *byte == 0x11));
            (silence, bytes.len() - silence)
        };
        timestamps.iter().map(push).collect()
    }

    #[test]
    fn a_line_without_loss_passes_as_it_is() {
        let timestamps: Vec<u64> = (0..50).map(|n| 1_234 + n * 20).collect();
        assert_eq!(sent(&mut filler(), &timestamps), [(0, 160); 50]);
    }

    #[test]
    fn jitter_is_no_loss() {
        assert_eq!(sent(&mut filler(), &[0, 27, 38, 65, 80]), [(0, 160); 5]);
    }

    #[test]
    fn what_is_lost_becomes_silence() {
        assert_eq!(
            sent(&mut filler(), &[0, 60, 80]),
            [(0, 160), (320, 160), (0, 160)]
        );
    }

    #[test]
    fn late_and_repeated_packets_are_dropped() {
        assert_eq!(
            sent(&mut filler(), &[0, 40, 20, 40, 60]),
            [(0, 160), (160, 160), (0, 0), (0, 0), (0, 160)]
        );
    }

    #[test]
    fn of_a_packet_that_overlaps_the_new_part_is_sent() {
        let mut filler = filler();
        assert_eq!(filler.push(0, &[0x11; 480]).len(), 480);
        assert_eq!(filler.push(40, &[0x22; 480]), [0x22; 320]);
        assert_eq!(filler.push(100, &PACKET).len(), 160);
    }

    #[test]
    fn no_gap_is_filled_with_more_than_ten_seconds() {
        assert_eq!(
            sent(&mut filler(), &[0, 3_600_000, 3_600_020]),
            [(0, 160), (80_000, 160), (0, 160)]
        );
        assert_eq!(
            sent(&mut filler(), &[5, u64::MAX]),
            [(0, 160), (80_000, 160)]
        );
    }

    #[test]
    fn silence_sent_ahead_is_not_sent_twice() {
        let mut filler = filler();
        filler.push(0, &PACKET);
        assert_eq!(filler.silence(Duration::from_secs(1)), vec![0xFF; 8_000]);
        // Speech is never cut, even if it comes before the silence is over.
        assert_eq!(sent(&mut filler, &[820, 840]), [(0, 160), (0, 160)]);
        assert_eq!(filler.silence(Duration::from_secs(1)).len(), 8_000);
        // 200 ms were ahead already, now it is 1,200 ms: of a gap of 1,500 ms, 300 ms are missing.
        assert_eq!(sent(&mut filler, &[2_360]), [(2_400, 160)]);
    }
}
