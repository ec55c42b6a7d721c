//! The loudspeaker: replies one after the other without gaps, and silence at once when the person speaks.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Array, Float32Array};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AudioContext, AudioContextOptions, AudioWorkletNode, HtmlMeterElement, MessageEvent,
    MessagePort,
};

use crate::playlist::Playlist;
use crate::sound::{RATE, from_pcm16, level};

/// The module with what runs on the audio thread.
pub const WORKLET: &str = "/audio.js";

/// An open loudspeaker.
pub struct Speaker {
    port: MessagePort,
    playlist: Playlist,
    /// The reply that was interrupted: what comes late of it is not played.
    interrupted: Option<String>,
    progress: Rc<Progress>,
    context: AudioContext,
    _on_progress: Closure<dyn FnMut(MessageEvent)>,
}

/// What the audio thread told.
#[derive(Default)]
struct Progress {
    /// How often it was silenced; what it tells of before is past.
    silenced: Cell<u32>,
    /// How many samples it has played since.
    played: Cell<u64>,
}

impl Speaker {
    /// Opens the loudspeaker, whose level the meter shows. Browsers want it to be done on a person's press of a button.
    pub async fn open(meter: HtmlMeterElement) -> Result<Self, JsValue> {
        let options = AudioContextOptions::new();
        #[allow(clippy::cast_precision_loss)] // A small number.
        options.set_sample_rate(RATE as f32);
        let context = AudioContext::new_with_context_options(&options)?;
        JsFuture::from(context.audio_worklet()?.add_module(WORKLET)?).await?;
        let node = AudioWorkletNode::new(&context, "speaker")?;
        node.connect_with_audio_node(&context.destination())?;
        let port = node.port()?;
        let progress = Rc::new(Progress::default());
        let told = Rc::clone(&progress);
        let on_progress = Closure::new(move |message: MessageEvent| {
            let told_now = Array::from(&message.data());
            let number = |at| told_now.get(at).as_f64().unwrap_or_default();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Whole numbers.
            if number(0) as u32 == told.silenced.get() {
                told.played.set(number(1) as u64);
                meter.set_value(level(number(2) as f32).into());
            }
        });
        port.set_onmessage(Some(on_progress.as_ref().unchecked_ref()));
        Ok(Self {
            port,
            playlist: Playlist::default(),
            interrupted: None,
            progress,
            context,
            _on_progress: on_progress,
        })
    }

    /// Plays samples of a reply behind those that came before.
    pub fn play(&mut self, item: &str, samples: &[i16]) -> Result<(), JsValue> {
        if self.interrupted.as_deref() == Some(item) {
            return Ok(());
        }
        self.playlist
            .add(item, samples.len(), self.progress.played.get());
        let samples = Float32Array::from(from_pcm16(samples).as_slice());
        self.port
            .post_message_with_transferable(&samples, &Array::of1(&samples.buffer()))
    }

    /// Falls silent. Returns the reply that was being played, and how many milliseconds of it were heard.
    pub fn silence(&mut self) -> Result<Option<(String, u64)>, JsValue> {
        let heard = self.playlist.at(self.progress.played.get());
        let heard = heard.map(|(item, millis)| (item.to_owned(), millis));
        self.interrupted = heard.as_ref().map(|(item, _)| item.clone());
        self.playlist = Playlist::default();
        self.progress.played.set(0);
        let silenced = self.progress.silenced.get() + 1;
        self.progress.silenced.set(silenced);
        self.port.post_message(&silenced.into())?;
        Ok(heard)
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.port.set_onmessage(None);
        let _ = self.context.close();
    }
}
