use std::path::PathBuf;

use super::*;

/// A file for one test, gone at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("demo-wav-{}-{name}", std::process::id())))
    }

    fn with(name: &str, bytes: &[u8]) -> Self {
        let scratch = Self::new(name);
        fs::write(&scratch.0, bytes).unwrap();
        scratch
    }

    fn read_error(&self) -> String {
        read(&self.0).unwrap_err().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

const TONE: f64 = 440.0;

/// A tone of half the full scale, from -1 to 1.
fn tone(rate: u32, frames: u32) -> Vec<f32> {
    (0..frames)
        .map(|n| narrow(0.5 * (TAU * TONE * f64::from(n) / f64::from(rate)).sin()))
        .collect()
}

fn spec(rate: u32, channels: u16, bits_per_sample: u16, sample_format: SampleFormat) -> WavSpec {
    WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample,
        sample_format,
    }
}

/// Measures the strength of a frequency in a second of 24 kHz sound: 1 for a sine of full scale.
fn strength(samples: &[i16], frequency: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in (0_u32..).zip(samples) {
        let phase = TAU * frequency * f64::from(n) / f64::from(RATE);
        re += f64::from(*sample) * phase.cos();
        im += f64::from(*sample) * phase.sin();
    }
    2.0 * re.hypot(im) / f64::from(RATE) / 32_768.0
}

/// The tone at half scale, a second of it, and nothing else to speak of.
fn assert_is_tone(samples: &[i16], what: &str) {
    assert_eq!(samples.len(), RATE as usize, "{what}");
    let tone = strength(samples, TONE);
    assert!((tone - 0.5).abs() < 0.005, "{what}: {tone} of the tone");
    let power = samples
        .iter()
        .map(|sample| (f64::from(*sample) / 32_768.0).powi(2))
        .sum::<f64>()
        / f64::from(RATE);
    // A sine's power is half of its height's square: what goes beyond is something else.
    let rest = power - tone * tone / 2.0;
    assert!(
        rest < 0.001 * power,
        "{what}: {rest} of {power} is not the tone"
    );
}

#[test]
fn every_rate_gives_a_second_for_a_second_and_the_same_tone() {
    for rate in [
        8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 44_101, 48_000, 96_000, 192_000,
    ] {
        let file = Scratch::new(&format!("rate-{rate}"));
        let mut writer =
            WavWriter::create(&file.0, spec(rate, 1, 32, SampleFormat::Float)).unwrap();
        for sample in tone(rate, rate) {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        assert_is_tone(&read(&file.0).unwrap(), &format!("{rate} Hz"));
    }
}

#[test]
fn every_size_of_sample_is_read_at_its_loudness() {
    for bits in [8, 16, 24, 32_u16] {
        let file = Scratch::new(&format!("bits-{bits}"));
        let mut writer =
            WavWriter::create(&file.0, spec(48_000, 1, bits, SampleFormat::Int)).unwrap();
        let full_scale = (f64::from(bits) - 1.0).exp2();
        for sample in tone(48_000, 48_000) {
            #[allow(clippy::cast_possible_truncation)]
            writer
                .write_sample((f64::from(sample) * full_scale).round() as i32)
                .unwrap();
        }
        writer.finalize().unwrap();
        assert_is_tone(&read(&file.0).unwrap(), &format!("{bits} bits"));
    }
}

#[test]
fn channels_are_mixed() {
    let file = Scratch::new("stereo");
    let mut writer = WavWriter::create(&file.0, spec(44_100, 2, 32, SampleFormat::Float)).unwrap();
    // One channel has all of the tone, twice as loud; the other is silent.
    for sample in tone(44_100, 44_100) {
        writer.write_sample(2.0 * sample).unwrap();
        writer.write_sample(0.0_f32).unwrap();
    }
    writer.finalize().unwrap();
    assert_is_tone(&read(&file.0).unwrap(), "stereo");
}

#[test]
fn what_would_alias_is_filtered_out() {
    let above = |n: u32| (TAU * 15_000.0 * f64::from(n) / 48_000.0).sin();
    let samples = resample((0..48_000).map(|n| narrow(above(n))).collect(), 48_000).unwrap();
    let samples: Vec<i16> = samples.into_iter().map(to_pcm16).collect();
    // 15 kHz would come back as 9 kHz.
    let alias = strength(&samples, 9_000.0);
    assert!(alias < 0.001, "{alias}");
}

#[test]
fn at_the_sessions_own_rate_nothing_changes() {
    let file = Scratch::new("same");
    let samples = [0, 1, -1, 1_000, i16::MAX, i16::MIN];
    write(&file.0, &samples).unwrap();
    assert_eq!(read(&file.0).unwrap(), samples);
    let reader = WavReader::open(&file.0).unwrap();
    assert_eq!(reader.spec(), spec(24_000, 1, 16, SampleFormat::Int));
}

#[test]
fn samples_that_are_no_numbers_are_silence_and_loud_ones_are_clipped() {
    let file = Scratch::new("odd-floats");
    let mut writer = WavWriter::create(&file.0, spec(RATE, 1, 32, SampleFormat::Float)).unwrap();
    for sample in [f32::NAN, 2.0, f32::INFINITY, -2.0, 0.5] {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    assert_eq!(read(&file.0).unwrap(), [0, i16::MAX, 0, i16::MIN, 16_384]);
}

#[test]
fn the_bell_is_a_second_of_sound() {
    let bell = bell();
    assert_eq!(bell.len(), RATE as usize);
    let loudest = bell
        .iter()
        .map(|sample| sample.unsigned_abs())
        .max()
        .unwrap();
    assert!((14_000..17_000).contains(&loudest), "{loudest}");
    assert_eq!((bell[0], strength(&bell, 440.0) > 0.1), (0, true));
}

#[test]
fn what_is_no_wav_file_is_said_to_be_none() {
    for (name, bytes) in [
        ("empty", &b""[..]),
        ("short", b"RI"),
        ("text", b"Dear diary, this is not a recording at all."),
        ("other-riff", b"RIFF\x10\0\0\0AVI LIST"),
    ] {
        let file = Scratch::with(name, bytes);
        assert_eq!(
            file.read_error(),
            format!("{} is not a WAV file", file.0.display())
        );
    }
}

/// A WAV file with any header, and four bytes of sound.
fn wav(coding: u16, channels: u16, rate: u32, bits: u16, data_len: u32) -> Vec<u8> {
    let align = channels * bits / 8;
    let mut bytes = b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    bytes.extend(coding.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * u32::from(align)).to_le_bytes());
    bytes.extend(align.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(data_len.to_le_bytes());
    bytes.extend([1, 0, 2, 0]);
    bytes
}

#[test]
fn other_kinds_of_wav_are_said_to_be_unsupported() {
    let good = Scratch::with("good", &wav(1, 1, 24_000, 16, 4));
    assert_eq!(read(&good.0).unwrap(), [1, 2]);
    for (name, bytes, what) in [
        ("adpcm", wav(2, 1, 24_000, 16, 4), "a coding other than PCM"),
        ("mu-law", wav(7, 1, 8_000, 8, 4), "a coding other than PCM"),
        (
            "double",
            wav(3, 1, 24_000, 64, 8),
            "bits per sample is not 32",
        ),
        (
            "12-bytes",
            wav(1, 1, 24_000, 40, 5),
            "an unusual size of samples",
        ),
        ("too-slow", wav(1, 1, 1, 16, 4), "1 samples a second"),
        (
            "too-fast",
            wav(1, 1, 1_000_000_000, 16, 4),
            "1000000000 samples a second",
        ),
    ] {
        let file = Scratch::with(name, &bytes);
        let error = file.read_error();
        assert!(
            error.contains("not supported") && error.contains(what),
            "{name}: {error}"
        );
    }
}

#[test]
fn a_file_that_is_cut_off_or_empty_is_refused() {
    let cut = Scratch::with("cut", &wav(1, 1, 24_000, 16, 400));
    assert!(
        cut.read_error()
            .ends_with("is cut off: it is shorter than its header says"),
        "{}",
        cut.read_error()
    );
    let silent = Scratch::with("silent", &wav(1, 1, 24_000, 16, 0));
    assert!(
        silent.read_error().starts_with("there is no sound in "),
        "{}",
        silent.read_error()
    );
}

#[test]
fn what_cannot_be_opened_is_named() {
    let missing = Scratch::new("missing");
    let error = missing.read_error();
    assert!(
        error.starts_with("could not open ") && error.contains("missing"),
        "{error}"
    );
    let directory = read(&std::env::temp_dir()).unwrap_err().to_string();
    assert!(directory.starts_with("could not "), "{directory}");
}

#[test]
fn looking_whether_a_file_can_be_written_leaves_no_trace() {
    let new = Scratch::new("new");
    check_writable(&new.0).unwrap();
    assert!(!new.0.exists());
    let old = Scratch::with("old", b"kept");
    check_writable(&old.0).unwrap();
    assert_eq!(fs::read(&old.0).unwrap(), b"kept");
    let nowhere = std::env::temp_dir().join("no such folder/reply.wav");
    let error = check_writable(&nowhere).unwrap_err().to_string();
    assert!(
        error.starts_with("could not write ") && error.contains("--out"),
        "{error}"
    );
}
