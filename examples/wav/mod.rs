//! Recordings: a WAV file of any kind in, 24 kHz mono PCM16 out and back into a file.

use std::error::Error;
use std::f64::consts::TAU;
use std::fs::{self, File, OpenOptions};
use std::io::BufReader;
use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use rubato::audioadapter_buffers::owned::InterleavedOwned;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

use crate::Failure;

/// Samples a second of the session's audio, both ways.
pub const RATE: u32 = 24_000;

/// Scale of 16-bit samples, the same both ways, so that samples come through unchanged.
const FULL_SCALE: f32 = 32_768.0;

/// Rates outside of these are a damaged header rather than sound.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// The file's sound as the session takes it.
pub fn read(path: &Path) -> Result<Vec<i16>, Failure> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| format!("could not open {shown}: {error}"))?;
    let mut reader =
        WavReader::new(BufReader::new(file)).map_err(|error| unreadable(path, &error))?;
    let WavSpec {
        channels,
        sample_rate,
        sample_format,
        bits_per_sample,
    } = reader.spec();
    if !RATES.contains(&sample_rate) {
        return Err(unsupported(
            path,
            &format!("{sample_rate} samples a second"),
        ));
    }
    let samples: Result<Vec<f32>, hound::Error> = match sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect(),
        SampleFormat::Int => {
            let full_scale = (f64::from(bits_per_sample) - 1.0).exp2();
            reader
                .samples::<i32>()
                .map(|sample| Ok(narrow(f64::from(sample?) / full_scale)))
                .collect()
        }
    };
    let samples = samples.map_err(|error| damaged(path, &error))?;
    if samples.is_empty() {
        return Err(format!("there is no sound in {shown}").into());
    }
    let mono = mix_down(&samples, channels);
    Ok(resample(mono, sample_rate)?
        .into_iter()
        .map(to_pcm16)
        .collect())
}

/// A bell of one second, for want of speech.
pub fn bell() -> Vec<i16> {
    (0..RATE)
        .map(|n| {
            let seconds = f64::from(n) / f64::from(RATE);
            let loudness = 0.5 * (seconds / 0.01).min(1.0) * (-3.0 * seconds).exp();
            to_pcm16(narrow(loudness * (TAU * 440.0 * seconds).sin()))
        })
        .collect()
}

/// Checks that a file can be written, before anything is said and paid for. An existing file stays.
pub fn check_writable(path: &Path) -> Result<(), Failure> {
    let is_new = !path.exists();
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(|error| unwritable(path, &error))?;
    if is_new {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Writes sound of the session as a WAV file.
pub fn write(path: &Path, samples: &[i16]) -> Result<(), Failure> {
    let spec = WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let written = WavWriter::create(path, spec).and_then(|mut writer| {
        samples
            .iter()
            .try_for_each(|sample| writer.write_sample(*sample))?;
        writer.finalize()
    });
    written.map_err(|error| unwritable(path, &error))
}

/// The mean of the channels.
fn mix_down(samples: &[f32], channels: u16) -> Vec<f32> {
    // One sample that is no number would spoil all of its neighbours in the resampler.
    let number = |sample: &f32| if sample.is_finite() { *sample } else { 0.0 };
    let share = 1.0 / f32::from(channels);
    samples
        .chunks(channels.into())
        .map(|frame| frame.iter().map(number).sum::<f32>() * share)
        .collect()
}

fn resample(samples: Vec<f32>, rate: u32) -> Result<Vec<f32>, Failure> {
    if rate == RATE {
        return Ok(samples);
    }
    // Nothing waits for the first block here, so it is a long one: a sharper filter leaves more of
    // the treble.
    let (block, parts, channels) = (1024, 1, 1);
    let window = WindowFunction::BlackmanHarris2;
    let (from, to) = (rate as usize, RATE as usize);
    let mut resampler =
        Fft::<f32>::new_custom(from, to, block, parts, channels, window, FixedSync::Input)?;
    let frames = samples.len();
    let input = InterleavedOwned::new_from(samples, channels, frames)?;
    let mut sound = resampler.process_all(&input, frames, None)?.take_data();
    // Its own length is rounded up from a fraction, at times by one too many.
    sound.truncate((frames * to).div_ceil(from));
    Ok(sound)
}

#[allow(clippy::cast_possible_truncation)] // Sixteen bits are what comes of it in the end.
fn narrow(value: f64) -> f32 {
    value as f32
}

#[allow(clippy::cast_possible_truncation)] // The cast saturates: what is too loud is clipped.
fn to_pcm16(sample: f32) -> i16 {
    (sample * FULL_SCALE).round() as i16
}

/// A header that could not be read.
fn unreadable(path: &Path, error: &hound::Error) -> Failure {
    match error {
        hound::Error::IoError(error) if error.raw_os_error().is_some() => {
            format!("could not read {}: {error}", path.display()).into()
        }
        hound::Error::IoError(_)
        | hound::Error::FormatError("no RIFF tag found" | "no WAVE tag found") => {
            format!("{} is not a WAV file", path.display()).into()
        }
        hound::Error::FormatError(reason) => unsupported(path, reason),
        _ => unsupported(path, "a coding other than PCM"),
    }
}

/// Sound that could not be read, behind a header that could.
fn damaged(path: &Path, error: &hound::Error) -> Failure {
    match error {
        hound::Error::IoError(_) => format!(
            "{} is cut off: it is shorter than its header says",
            path.display()
        )
        .into(),
        _ => unsupported(path, "an unusual size of samples"),
    }
}

fn unsupported(path: &Path, what: &str) -> Failure {
    let kinds = "PCM of 8, 16, 24 or 32 bits and 32-bit float are";
    format!(
        "{} is a WAV file of a kind that is not supported ({what}); {kinds}",
        path.display()
    )
    .into()
}

fn unwritable(path: &Path, error: &dyn Error) -> Failure {
    format!(
        "could not write {}: {error}; name another file with --out",
        path.display()
    )
    .into()
}

#[cfg(test)]
mod tests;
