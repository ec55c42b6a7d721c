//! Properties of `audio`: a stream in pieces of any size is the same as the whole.
#![cfg(feature = "audio")]
#![cfg(not(all(target_family = "wasm", target_os = "unknown")))]

use std::f64::consts::TAU;
use std::time::Duration;

use openai_realtime_ws::audio::{
    Decoder, HalfDuplexGate, Level, LevelMeter, PacketFiller, Resampler, resample, to_i16,
};
use openai_realtime_ws::protocol::{Audio, AudioFormat};
use proptest::prelude::*;

const RATES: [u32; 9] = [
    8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000,
];

fn rate() -> impl Strategy<Value = u32> {
    proptest::sample::select(&RATES[..])
}

fn format() -> impl Strategy<Value = AudioFormat> {
    prop_oneof![
        Just(AudioFormat::default()),
        Just(AudioFormat::pcm(16_000)),
        Just(AudioFormat::pcmu()),
        Just(AudioFormat::pcma()),
    ]
}

/// A stream, and the sizes of the pieces in which it comes.
fn pieces<T: std::fmt::Debug>(
    item: impl Strategy<Value = T>,
    longest: usize,
) -> impl Strategy<Value = (Vec<T>, Vec<usize>)> {
    let stream = proptest::collection::vec(item, 0..longest);
    (stream, proptest::collection::vec(0..longest / 4, 0..12))
}

/// Cuts a stream into pieces of these sizes; the rest is the last piece.
fn cut<'a, T>(mut stream: &'a [T], sizes: &[usize]) -> Vec<&'a [T]> {
    let mut pieces = Vec::new();
    for size in sizes {
        let (piece, rest) = stream.split_at((*size).min(stream.len()));
        pieces.push(piece);
        stream = rest;
    }
    pieces.push(stream);
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_resampled_stream_is_the_resampled_whole(
        (samples, sizes) in pieces(-1.0_f32..1.0, 4_000),
        from in rate(),
        to in rate(),
    ) {
        let whole = resample(&samples, from, to).unwrap();
        let expected = (samples.len() as u64 * u64::from(to)).div_ceil(u64::from(from));
        prop_assert_eq!(whole.len() as u64, expected);

        let mut resampler = Resampler::new(from, to).unwrap();
        // A resampler that was used before is as good as a new one.
        for _ in 0..2 {
            let mut streamed: Vec<f32> = Vec::new();
            for piece in cut(&samples, &sizes) {
                streamed.extend(resampler.push(piece));
            }
            streamed.extend(resampler.finish());
            prop_assert_eq!(&streamed, &whole);
        }
    }

    #[test]
    fn a_decoded_stream_is_the_decoded_whole(
        (bytes, sizes) in pieces(any::<u8>(), 400),
        format in format(),
    ) {
        let whole = Decoder::new(&format).decode_bytes(&bytes);
        let samples = bytes.len() as u64 * u64::from(format.sample_rate())
            / u64::from(format.bytes_per_second());
        prop_assert_eq!(whole.len() as u64, samples);

        let mut decoder = Decoder::new(&format);
        let mut streamed = Vec::new();
        for piece in cut(&bytes, &sizes) {
            streamed.extend(decoder.decode(&Audio::from_bytes(piece)).unwrap());
        }
        prop_assert_eq!(streamed, whole);
    }

    #[test]
    fn what_is_encoded_lasts_as_long_as_its_samples(
        samples in proptest::collection::vec(any::<i16>(), 0..2_000),
        format in format(),
    ) {
        let audio = Audio::from_samples(&samples, &format);
        let lasts = audio.duration(&format);
        prop_assert_eq!(Decoder::new(&format).decode(&audio).unwrap().len(), samples.len());
        prop_assert_eq!(
            lasts.as_nanos(),
            samples.len() as u128 * 1_000_000_000 / u128::from(format.sample_rate())
        );
        // A length in bytes and a length in time are the same thing.
        prop_assert!(format.bytes_in(lasts) <= audio.decoded_len());
        prop_assert!(format.bytes_in(lasts + Duration::from_micros(1)) >= audio.decoded_len());
    }

    #[test]
    fn a_level_is_the_same_in_pieces(
        (samples, sizes) in pieces(any::<i16>(), 1_000),
    ) {
        let mut meter = LevelMeter::new();
        for piece in cut(&samples, &sizes) {
            meter.push(piece);
        }
        let level = meter.take();
        prop_assert_eq!(level, Level::of(&samples));
        prop_assert!(Level::SILENCE <= level.rms && level.rms <= level.peak + 1e-3);
        prop_assert!(level.peak <= 0.0);
    }

    #[test]
    fn a_line_with_losses_keeps_its_time(
        // Of each packet: whether it is lost, and how far its timestamp is off.
        packets in proptest::collection::vec((any::<bool>(), 0_u64..5), 1..200),
        format in prop_oneof![Just(AudioFormat::pcmu()), Just(AudioFormat::pcma())],
    ) {
        let mut filler = PacketFiller::new(&format);
        let mut sent = 0;
        let first = packets.iter().position(|(lost, _)| !lost);
        for (n, (lost, jitter)) in packets.iter().enumerate().filter(|(_, (lost, _))| !lost) {
            prop_assert!(!lost);
            sent += filler.push(n as u64 * 20 + jitter, &[0x11; 160]).len();
            // Whatever was lost: what was sent ends where the line is, but for the clock's jitter.
            let line = (n - first.unwrap() + 1) * 160;
            prop_assert!(sent.abs_diff(line) <= 14 * 8, "{sent} of {line}");
        }
    }

    #[test]
    fn a_gate_keeps_the_time_and_never_lets_the_loudspeaker_through(
        pieces in proptest::collection::vec((any::<bool>(), 0_usize..500), 0..50),
        hold in 0_u64..100,
    ) {
        let mut gate = HalfDuplexGate::new(8_000).hold(Duration::from_millis(hold));
        let mut since = u64::MAX;
        for (speaking, len) in pieces {
            let mut samples = vec![7; len];
            gate.pass(&mut samples, speaking);
            prop_assert_eq!(samples.len(), len);
            since = if speaking { 0 } else { since };
            for sample in samples {
                let closed = speaking || since < hold * 8;
                prop_assert_eq!(sample, if closed { 0 } else { 7 });
                since = if speaking { 0 } else { since.saturating_add(1) };
            }
        }
    }
}

/// A second of a tone.
#[allow(clippy::cast_possible_truncation)] // Samples are floats of 32 bits.
fn tone(hertz: f64, rate: u32) -> Vec<f32> {
    let sample = |n: u32| 0.5 * (TAU * hertz * f64::from(n) / f64::from(rate)).sin();
    (0..rate).map(|n| sample(n) as f32).collect()
}

#[test]
fn a_tone_stays_that_tone_at_that_time() {
    for from in RATES {
        for to in RATES {
            let out = resample(&tone(440.0, from), from, to).unwrap();
            let expected = tone(440.0, to);
            // The filter builds up and dies away at the ends.
            let inner = (to / 20) as usize..(to - to / 20) as usize;
            let error = out[inner.clone()]
                .iter()
                .zip(&expected[inner])
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            // A block of an odd length has its middle between two samples.
            let half_a_sample = match (from % 11_025, to % 11_025) {
                (0, _) | (_, 0) => 692.0 / f64::from(from.min(to)),
                _ => 0.0,
            };
            assert!(
                f64::from(error) < 0.002 + half_a_sample,
                "{from} to {to}: {error}"
            );
        }
    }
}

#[test]
fn what_the_rate_cannot_carry_is_gone() {
    for (hertz, from, to) in [(15_000.0, 48_000, 24_000), (5_000.0, 24_000, 8_000)] {
        let out = resample(&tone(hertz, from), from, to).unwrap();
        let inner = &out[out.len() / 10..out.len() * 9 / 10];
        let level = Level::of(&to_i16(inner));
        assert!(
            level.rms < -80.0,
            "{hertz} Hz from {from} to {to}: {level:?}"
        );
    }
}

#[test]
fn one_sample_that_is_no_number_spoils_only_itself() {
    let mut samples = tone(440.0, 48_000);
    samples[24_000] = f32::NAN;
    samples[24_001] = f32::INFINITY;
    let out = resample(&samples, 48_000, 24_000).unwrap();
    assert!(out.iter().all(|sample| sample.abs() < 0.7));
}

#[test]
fn rates_that_are_none() {
    for (from, to) in [
        (0, 24_000),
        (24_000, 0),
        (768_001, 24_000),
        (24_000, u32::MAX),
    ] {
        let error = Resampler::new(from, to).unwrap_err();
        assert_eq!((error.from, error.to), (from, to));
    }
    assert_eq!(
        Audio::from_f32(&[0.0], 0).unwrap_err().to_string(),
        "cannot resample from 0 Hz to 24000 Hz: rates from 1 to 768,000 Hz are supported"
    );
}

#[test]
fn floats_of_a_sound_card_become_audio_of_a_session() {
    let samples = tone(440.0, 44_100);
    let audio = Audio::from_f32(&samples, 44_100).unwrap();
    let expected = to_i16(&resample(&samples, 44_100, 24_000).unwrap());
    assert_eq!(audio.to_pcm16().unwrap(), expected);
    assert_eq!(
        audio.duration(&AudioFormat::default()),
        Duration::from_secs(1)
    );
}

#[test]
fn a_resampler_of_live_speech_holds_back_little() {
    for (from, to) in [(48_000, 24_000), (8_000, 24_000), (24_000, 44_100)] {
        let mut resampler = Resampler::new(from, to).unwrap();
        let mut given = 0;
        for n in 1..=100 {
            given += resampler.push(&vec![0.0; from as usize / 100]).len();
            let late = n * to as usize / 100 - given;
            // A block that is not full yet, and half of the filter.
            assert!(late <= to as usize * 32 / 1_000, "{from} to {to}: {late}");
        }
    }
}
