//! Loudspeaker: replies without gaps, and silence when the user speaks.

use std::cell::RefCell;

use futures_channel::mpsc::UnboundedSender;
use js_sys::{Array, Float32Array};
use openai_realtime_ws::audio::{Decoder, to_f32};
use openai_realtime_ws::protocol::{AudioFormat, ResponseOutputAudioDelta};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AudioContext, AudioContextOptions, AudioWorkletNode, HtmlMeterElement, MessageEvent,
    MessagePort,
};

use super::app::Input;
use super::view::meter_value;

/// Module of the audio thread.
pub const WORKLET: &str = "/audio.js";

/// Open loudspeaker.
pub struct Speaker {
    port: MessagePort,
    decoder: RefCell<Decoder>,
    context: AudioContext,
    _on_progress: Closure<dyn FnMut(MessageEvent)>,
}

impl Speaker {
    /// Opens the loudspeaker, whose level the meter shows, and reports what it plays. Browsers
    /// allow it only after a press of a button.
    pub async fn open(
        meter: HtmlMeterElement,
        tell: UnboundedSender<Input>,
    ) -> Result<Self, JsValue> {
        let rate = AudioFormat::default().sample_rate();
        let options = AudioContextOptions::new();
        #[allow(clippy::cast_precision_loss)] // A small number.
        options.set_sample_rate(rate as f32);
        let context = AudioContext::new_with_context_options(&options)?;
        // No effect on a context that runs. Browsers start a context only after a press of a
        // button.
        let _ = context.resume()?;
        JsFuture::from(context.audio_worklet()?.add_module(WORKLET)?).await?;
        let node = AudioWorkletNode::new(&context, "speaker")?;
        node.connect_with_audio_node(&context.destination())?;
        let port = node.port()?;
        let on_progress = Closure::new(move |message: MessageEvent| {
            let told = Array::from(&message.data());
            let number = |at| told.get(at).as_f64().unwrap_or_default();
            #[allow(clippy::cast_possible_truncation)] // A level.
            meter.set_value(meter_value(number(3) as f32).into());
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Whole numbers.
            let (content_index, samples) = (number(1) as u32, number(2) as u64);
            // An error means that the app has ended.
            let _ = tell.unbounded_send(Input::Played {
                item_id: told.get(0).as_string().unwrap_or_default(),
                content_index,
                ms: samples * 1000 / u64::from(rate),
            });
        });
        port.set_onmessage(Some(on_progress.as_ref().unchecked_ref()));
        Ok(Self {
            port,
            decoder: RefCell::new(Decoder::new(&AudioFormat::default())),
            context,
            _on_progress: on_progress,
        })
    }

    /// Plays audio of a reply after the earlier one.
    pub fn play(&self, audio: &ResponseOutputAudioDelta) -> Result<(), JsValue> {
        let samples = self.decoder.borrow_mut().decode(&audio.delta);
        let samples = to_f32(&samples.unwrap_or_default());
        let samples = Float32Array::from(samples.as_slice());
        let (item, part) = (audio.item_id.as_str().into(), audio.content_index.into());
        let block = Array::of3(&samples, &item, &part);
        self.port
            .post_message_with_transferable(&block, &Array::of1(&samples.buffer()))
    }

    /// Silences playback: what is queued is never played.
    pub fn silence(&self) -> Result<(), JsValue> {
        self.decoder.borrow_mut().reset();
        self.port.post_message(&JsValue::NULL)
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.port.set_onmessage(None);
        let _ = self.context.close();
    }
}
