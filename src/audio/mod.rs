//! Samples: the parts of a voice product between the socket and the sound card or the telephone
//! line.
//!
//! | task | use |
//! | --- | --- |
//! | samples of the reply | [`Decoder`], for every [`AudioFormat`](crate::protocol::AudioFormat) |
//! | samples to send | `Audio::from_samples`, and `Audio::from_f32` (feature `audio`) |
//! | 16 bits to floats and back | [`to_f32`], [`to_i16`] |
//! | telephone samples | [`g711`] |
//! | another sample rate | `Resampler` and `resample` (feature `audio`) |
//! | a level meter | [`LevelMeter`] |
//! | lost and late telephone packets | [`PacketFiller`] |
//! | loudspeaker and microphone without echo cancellation | [`HalfDuplexGate`] |
//!
//! Everything here is a pure function of its input: no device, no clock, no thread. All audio has
//! one channel.

mod convert;
mod decoder;
mod format;
pub mod g711;
mod gate;
mod level;
mod packets;
#[cfg(feature = "audio")]
mod resample;

pub use convert::{to_f32, to_i16};
pub use decoder::Decoder;
pub use gate::HalfDuplexGate;
pub use level::{Level, LevelMeter};
pub use packets::PacketFiller;
#[cfg(feature = "audio")]
pub use resample::{ResampleError, Resampler, resample};

// The guide's code is compiled like the rest.
#[cfg(all(doctest, feature = "audio", feature = "native"))]
#[doc = include_str!("../../docs/voice.md")]
mod guide {}
