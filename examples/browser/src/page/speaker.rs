//! Loudspeaker: replies without gaps, and immediate silence when the user speaks.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use futures_channel::mpsc::UnboundedSender;
use js_sys::{Array, Float32Array};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AudioContext, AudioContextOptions, AudioWorkletNode, HtmlMeterElement, MessageEvent,
    MessagePort,
};

use super::app::Input;
use crate::playlist::Playlist;
use crate::sound::{RATE, from_pcm16, level};

/// Module of the audio thread.
pub const WORKLET: &str = "/audio.js";

/// Open loudspeaker.
pub struct Speaker {
    port: MessagePort,
    playlist: Playlist,
    /// Playlist at the time of the silencing, until the audio thread reports its position.
    silenced: VecDeque<Playlist>,
    /// Interrupted reply. Its late audio is not played.
    interrupted: Option<String>,
    played: Rc<Cell<u64>>,
    context: AudioContext,
    _on_progress: Closure<dyn FnMut(MessageEvent)>,
}

impl Speaker {
    /// Opens the loudspeaker, whose level the meter shows. Browsers allow it only after a press of
    /// a button.
    pub async fn open(
        meter: HtmlMeterElement,
        tell: UnboundedSender<Input>,
    ) -> Result<Self, JsValue> {
        let options = AudioContextOptions::new();
        #[allow(clippy::cast_precision_loss)] // A small number.
        options.set_sample_rate(RATE as f32);
        let context = AudioContext::new_with_context_options(&options)?;
        // No effect on a context that runs. Browsers start a context only after a press of a
        // button.
        let _ = context.resume()?;
        JsFuture::from(context.audio_worklet()?.add_module(WORKLET)?).await?;
        let node = AudioWorkletNode::new(&context, "speaker")?;
        node.connect_with_audio_node(&context.destination())?;
        let port = node.port()?;
        let played = Rc::new(Cell::new(0));
        let progress = Rc::clone(&played);
        let on_progress = Closure::new(move |message: MessageEvent| {
            let told = Array::from(&message.data());
            let number = |at| told.get(at).as_f64().unwrap_or_default();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A whole number.
            let samples = number(0) as u64;
            #[allow(clippy::cast_possible_truncation)] // A level, from 0 to 1.
            meter.set_value(level(number(1) as f32).into());
            if told.get(2).is_truthy() {
                // An error means that the app has ended.
                let _ = tell.unbounded_send(Input::Silenced(samples));
                progress.set(0);
            } else {
                progress.set(samples);
            }
        });
        port.set_onmessage(Some(on_progress.as_ref().unchecked_ref()));
        Ok(Self {
            port,
            playlist: Playlist::default(),
            silenced: VecDeque::new(),
            interrupted: None,
            played,
            context,
            _on_progress: on_progress,
        })
    }

    /// Plays samples of a reply after the earlier ones.
    pub fn play(&mut self, item: &str, samples: &[i16]) -> Result<(), JsValue> {
        if self.interrupted.as_deref() == Some(item) {
            return Ok(());
        }
        self.playlist.add(item, samples.len(), self.played());
        let samples = Float32Array::from(from_pcm16(samples).as_slice());
        self.port
            .post_message_with_transferable(&samples, &Array::of1(&samples.buffer()))
    }

    /// Silences playback. The audio thread then reports its position: see
    /// [`silenced`](Self::silenced).
    pub fn silence(&mut self) -> Result<(), JsValue> {
        if self.playlist.at(self.played()).is_some() {
            let playlist = std::mem::take(&mut self.playlist);
            self.interrupted = playlist.last().map(ToOwned::to_owned);
            self.silenced.push_back(playlist);
            self.port.post_message(&JsValue::NULL)?;
        }
        Ok(())
    }

    /// Returns the interrupted reply with the milliseconds of it that were heard, after a silencing
    /// at this many samples.
    pub fn silenced(&mut self, played: u64) -> Option<(String, u64)> {
        let playlist = self.silenced.pop_front()?;
        playlist
            .at(played)
            .map(|(item, heard)| (item.to_owned(), heard))
    }

    /// Notes how much of the playlist was played.
    fn played(&self) -> u64 {
        // Until the audio thread is silent, its reports are about the earlier playlist.
        if self.silenced.is_empty() {
            self.played.get()
        } else {
            0
        }
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.port.set_onmessage(None);
        let _ = self.context.close();
    }
}
