//! The microphone and the loudspeaker of this computer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, SampleFormat, Stream, StreamConfig, StreamError};
use openai_realtime_ws::LiveAudio;
use openai_realtime_ws::audio::{HalfDuplexGate, Level, LevelMeter, Resampler, to_i16};
use openai_realtime_ws::conversation::{Speaker, SpeakerMonitor};
use openai_realtime_ws::protocol::Audio;

use crate::Failure;

/// Samples a second of the session.
const RATE: u32 = 24_000;

/// Latest level of a device, from its callback to the display.
#[derive(Clone)]
pub struct SharedLevel(Arc<AtomicU32>);

impl SharedLevel {
    fn new() -> Self {
        Self(Arc::new(AtomicU32::new(Level::SILENCE.to_bits())))
    }

    fn set(&self, level: Level) {
        self.0.store(level.rms.to_bits(), Ordering::Relaxed);
    }

    /// Returns the level in dBFS.
    pub fn get(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// A loudspeaker that is not open yet: its sample rate is needed first.
pub struct Loudspeaker {
    device: cpal::Device,
    config: StreamConfig,
}

/// An open device. It stops when this is dropped.
pub struct Open {
    _stream: Stream,
    /// Its level.
    pub level: SharedLevel,
    gaps: Arc<AtomicU32>,
}

impl Open {
    /// Returns the number of times that the device lost sound, because this computer was busy.
    pub fn gaps(&self) -> u32 {
        self.gaps.load(Ordering::Relaxed)
    }
}

impl Loudspeaker {
    /// Finds the default device.
    pub fn find() -> Result<Self, Failure> {
        let device = cpal::default_host()
            .default_output_device()
            .ok_or("there is no loudspeaker; use --text to type instead")?;
        let supported = device.default_output_config()?;
        let config = StreamConfig {
            channels: supported.channels(),
            sample_rate: supported.sample_rate(),
            buffer_size: BufferSize::Default,
        };
        Ok(Self { device, config })
    }

    /// Returns its sample rate, in Hz.
    pub fn rate(&self) -> u32 {
        self.config.sample_rate
    }

    /// Plays what the speaker gives.
    pub fn play(self, mut speaker: Speaker) -> Result<Open, Failure> {
        let channels = usize::from(self.config.channels);
        let level = SharedLevel::new();
        let shown = level.clone();
        let mut meter = LevelMeter::new();
        // Nothing here blocks or allocates.
        let callback = move |frames: &mut [f32], _: &cpal::OutputCallbackInfo| {
            speaker.pull_frames(frames, channels);
            meter.push_f32(frames);
            shown.set(meter.take());
        };
        let (gaps, complain) = watch();
        let stream = self
            .device
            .build_output_stream(&self.config, callback, complain, None)?;
        stream.play()?;
        Ok(Open {
            _stream: stream,
            level,
            gaps,
        })
    }
}

/// Opens the default microphone, and sends what it hears.
///
/// With the loudspeaker's monitor it is closed while the loudspeaker speaks.
pub fn listen(live: LiveAudio, half_duplex: Option<SpeakerMonitor>) -> Result<Open, Failure> {
    let device = cpal::default_host()
        .default_input_device()
        .ok_or("there is no microphone; use --text to type instead")?;
    let supported = device.default_input_config()?;
    if supported.sample_format() == SampleFormat::U8 {
        return Err("the microphone has 8 bits only".into());
    }
    let config: StreamConfig = supported.config();
    let channels = usize::from(config.channels.max(1));
    let mut resampler = Resampler::new(config.sample_rate, RATE)?;
    let mut gate = HalfDuplexGate::new(RATE).hold(Duration::from_millis(300));
    let level = SharedLevel::new();
    let shown = level.clone();
    let mut meter = LevelMeter::new();
    let callback = move |frames: &[f32], _: &cpal::InputCallbackInfo| {
        // The first channel will do: microphones of laptops say the same on all of them.
        let mono: Vec<f32> = frames.iter().copied().step_by(channels).collect();
        meter.push_f32(&mono);
        shown.set(meter.take());
        let mut samples = to_i16(&resampler.push(&mono));
        if let Some(monitor) = &half_duplex {
            gate.pass(&mut samples, monitor.is_playing());
        }
        if !samples.is_empty() {
            // It fails once the session is closed, when nobody listens any more.
            let _ = live.push(Audio::from_pcm16(&samples));
        }
    };
    let (gaps, complain) = watch();
    let stream = device.build_input_stream(&config, callback, complain, None)?;
    stream.play()?;
    Ok(Open {
        _stream: stream,
        level,
        gaps,
    })
}

/// Returns a number of gaps, and a callback for a device's errors that counts them.
fn watch() -> (Arc<AtomicU32>, impl FnMut(StreamError) + Send + 'static) {
    let gaps = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&gaps);
    let complain = move |error| match error {
        // The device goes on. What it still had is lost.
        StreamError::BufferUnderrun => drop(counted.fetch_add(1, Ordering::Relaxed)),
        error => eprintln!("sound: {error}"),
    };
    (gaps, complain)
}
