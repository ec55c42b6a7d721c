//! Microphone, with samples at the rate of the service.

use futures_channel::mpsc::UnboundedSender;
use js_sys::{Array, Float32Array};
use openai_realtime_ws::audio::{Resampler, to_i16};
use openai_realtime_ws::protocol::AudioFormat;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AudioContext, AudioWorkletNode, MediaStream, MediaStreamConstraints, MediaStreamTrack,
    MediaTrackConstraints, MessageEvent, MessagePort,
};

use super::app::Input;
use super::speaker::WORKLET;

/// Open microphone. Dropping it closes the microphone and clears the browser's indicator.
pub struct Microphone {
    _stream: Stream,
    context: AudioContext,
    port: MessagePort,
    _on_samples: Closure<dyn FnMut(MessageEvent)>,
    _on_end: Closure<dyn FnMut()>,
}

/// Tracks, stopped on drop.
struct Stream(MediaStream);

impl Stream {
    fn tracks(&self) -> impl Iterator<Item = MediaStreamTrack> {
        let tracks: Array = self.0.get_audio_tracks().unchecked_into();
        tracks.into_iter().map(JsCast::unchecked_into)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.tracks().for_each(|track| {
            track.set_onended(None);
            track.stop();
        });
    }
}

impl Microphone {
    /// Asks the user for the microphone and reports its samples.
    pub async fn open(tell: UnboundedSender<Input>) -> Result<Self, JsValue> {
        let devices = web_sys::window()
            .ok_or("no window")?
            .navigator()
            .media_devices()?;
        let track = MediaTrackConstraints::new();
        // The loudspeaker's reply must not be recorded as speech of the user.
        track.set_echo_cancellation(&true.into());
        track.set_channel_count(&1.into());
        let constraints = MediaStreamConstraints::new();
        constraints.set_audio(&track);
        let stream = JsFuture::from(devices.get_user_media_with_constraints(&constraints)?).await?;
        let stream = Stream(stream.dyn_into()?);

        // At the sound card's rate: some browsers refuse a microphone in a context of another rate.
        let context = AudioContext::new()?;
        // No effect on a context that runs. Browsers start a context only after a press of a
        // button.
        let _ = context.resume()?;
        JsFuture::from(context.audio_worklet()?.add_module(WORKLET)?).await?;
        let node = AudioWorkletNode::new(&context, "microphone")?;
        let port = node.port()?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A whole number.
        let rate = context.sample_rate() as u32;
        let resampler = Resampler::new(rate, AudioFormat::default().sample_rate());
        let mut resampler = resampler.map_err(|error| error.to_string())?;
        let heard = tell.clone();
        let on_samples = Closure::new(move |message: MessageEvent| {
            let samples = Float32Array::new(&message.data()).to_vec();
            // An error means that the app has ended.
            let _ = heard.unbounded_send(Input::Heard(to_i16(&resampler.push(&samples))));
        });
        port.set_onmessage(Some(on_samples.as_ref().unchecked_ref()));
        let on_end = Closure::new(move || {
            let _ = tell.unbounded_send(Input::MicrophoneGone);
        });
        let ended = on_end.as_ref().unchecked_ref();
        stream
            .tracks()
            .for_each(|track| track.set_onended(Some(ended)));
        context
            .create_media_stream_source(&stream.0)?
            .connect_with_audio_node(&node)?;
        Ok(Self {
            _stream: stream,
            context,
            port,
            _on_samples: on_samples,
            _on_end: on_end,
        })
    }
}

impl Drop for Microphone {
    fn drop(&mut self) {
        self.port.set_onmessage(None);
        // The promise of an already closed context is ignored.
        let _ = self.context.close();
    }
}
