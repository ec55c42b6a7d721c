//! The conversation: what a person does and what the server says, one after the other.

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use openai_realtime_ws::protocol::{
    ConversationItemCreate, ConversationItemTruncate, InputAudioBufferAppend,
    InputAudioBufferClear, InputAudioBufferCommit, Modality, ResponseCreate, ResponseParams,
};
use openai_realtime_ws::{ClientEvent, OpenAIRealtimeWebSocket, Sender, ServerEvent};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::microphone::Microphone;
use super::speaker::Speaker;
use super::view::{Speaking, State, View, Who};
use super::{errors, ticket};
use crate::sound::{level, rms, to_pcm16};

/// What happens on the page.
pub enum Input {
    /// The person typed something.
    Say(String),
    /// The person pressed the microphone's button.
    Speak,
    /// Microphone and loudspeaker are open; or why not.
    Opened(Result<(Microphone, Speaker), JsValue>),
    /// The microphone heard these samples.
    Heard(Vec<f32>),
    /// The microphone was unplugged, or taken away.
    MicrophoneGone,
    /// The person asks for a new connection.
    Connect,
}

struct App {
    view: View,
    tell: UnboundedSender<Input>,
    microphone: Option<Microphone>,
    speaker: Option<Speaker>,
    /// Whether the server hears somebody speak.
    speech: bool,
    /// How many messages were typed.
    typed: u32,
}

/// Runs the page for as long as it is there.
pub async fn run() -> Result<(), JsValue> {
    let (tell, mut inputs) = unbounded();
    let view = View::find(&tell)?;
    let mut app = App {
        view,
        tell,
        microphone: None,
        speaker: None,
        speech: false,
        typed: 0,
    };
    loop {
        app.view.state(State::Connecting, "Connecting…");
        app.view.notice(None);
        let why = match connect().await {
            Ok(session) => app.converse(session, &mut inputs).await?,
            Err(why) => why,
        };
        app.mute();
        app.view.state(State::Closed, "Not connected");
        app.view.notice(Some(&why));
        while !matches!(inputs.next().await, None | Some(Input::Connect)) {}
    }
}

async fn connect() -> Result<OpenAIRealtimeWebSocket, String> {
    let config = ticket::config().await?;
    let session = OpenAIRealtimeWebSocket::connect(config).await;
    session.map_err(|error| errors::ended(&error))
}

impl App {
    /// Holds a conversation. Returns why it ended.
    async fn converse(
        &mut self,
        session: OpenAIRealtimeWebSocket,
        inputs: &mut UnboundedReceiver<Input>,
    ) -> Result<String, JsValue> {
        let (sender, mut events) = session.split();
        let mut why = None;
        self.view.state(State::Connected, "Connected");
        loop {
            match select(events.next(), inputs.next()).await {
                Either::Left((Some(Ok(event)), _)) => self.hear(event, &sender)?,
                Either::Left((Some(Err(error)), _)) => why = Some(errors::ended(&error)),
                Either::Left((None, _)) | Either::Right((None, _)) => break,
                Either::Right((Some(input), _)) => self.act(input, &sender)?,
            }
        }
        Ok(why.unwrap_or_else(|| "The service ended the conversation.".to_owned()))
    }

    /// Does what a person wants.
    fn act(&mut self, input: Input, sender: &Sender) -> Result<(), JsValue> {
        match input {
            Input::Say(text) if text.trim().is_empty() => {}
            Input::Say(text) => {
                self.interrupt(sender)?;
                self.typed += 1;
                let item = format!("typed {}", self.typed);
                self.view.append(&item, Who::Person, &text)?;
                self.view.complete(&item, None)?;
                self.send(sender, ConversationItemCreate::user_text(text));
                // Who types is answered in writing.
                let text = ResponseParams::default().output_modalities([Modality::Text]);
                self.send(sender, ResponseCreate::new(text));
            }
            Input::Speak if self.microphone.is_some() => {
                if self.speech {
                    self.send(sender, InputAudioBufferCommit::default());
                    self.send(sender, ResponseCreate::default());
                } else {
                    self.send(sender, InputAudioBufferClear::default());
                }
                self.mute();
            }
            Input::Speak => {
                self.view.speaking(Speaking::Asking);
                self.view.notice(None);
                let (tell, speaker) = (self.tell.clone(), self.speaker.take());
                let meter = self.view.speaker_meter();
                spawn_local(async move {
                    let opened = async {
                        let speaker = match speaker {
                            Some(speaker) => speaker,
                            None => Speaker::open(meter).await?,
                        };
                        Ok((Microphone::open(tell.clone()).await?, speaker))
                    };
                    let _ = tell.unbounded_send(Input::Opened(opened.await));
                });
            }
            Input::Opened(Ok((microphone, speaker))) => {
                self.microphone = Some(microphone);
                self.speaker = Some(speaker);
                self.view.speaking(Speaking::On);
            }
            Input::Opened(Err(thrown)) => {
                self.view.speaking(Speaking::Off);
                self.view.notice(Some(&errors::microphone(&thrown)));
            }
            Input::Heard(samples) => {
                self.view.hear(level(rms(&samples)));
                let samples = to_pcm16(&samples);
                self.send(sender, InputAudioBufferAppend::pcm16(&samples));
            }
            Input::MicrophoneGone => {
                self.mute();
                self.view
                    .notice(Some("The microphone is gone. You can still type."));
            }
            Input::Connect => {}
        }
        Ok(())
    }

    /// Shows and plays what the server says.
    fn hear(&mut self, event: ServerEvent, sender: &Sender) -> Result<(), JsValue> {
        use ServerEvent as E;
        match event {
            E::InputAudioBufferSpeechStarted(e) => {
                self.speech = true;
                self.interrupt(sender)?;
                self.view.expect(&e.item_id, Who::Person)?;
            }
            E::InputAudioBufferSpeechStopped(_) => self.speech = false,
            E::InputAudioBufferCommitted(e) => self.view.expect(&e.item_id, Who::Person)?,
            E::ConversationItemInputAudioTranscriptionDelta(e) => {
                self.view.append(&e.item_id, Who::Person, &e.delta)?;
            }
            E::ConversationItemInputAudioTranscriptionCompleted(e) => {
                self.view.complete(&e.item_id, Some(&e.transcript))?;
            }
            E::ConversationItemInputAudioTranscriptionFailed(e) => {
                self.view
                    .complete(&e.item_id, Some("(This was not understood.)"))?;
            }
            E::ResponseOutputTextDelta(e) => {
                self.view.append(&e.item_id, Who::Model, &e.delta)?;
            }
            E::ResponseOutputTextDone(e) => self.view.complete(&e.item_id, Some(&e.text))?,
            E::ResponseOutputAudioTranscriptDelta(e) => {
                self.view.append(&e.item_id, Who::Model, &e.delta)?;
            }
            E::ResponseOutputAudioTranscriptDone(e) => {
                self.view.complete(&e.item_id, Some(&e.transcript))?;
            }
            E::ResponseOutputAudioDelta(e) => {
                if let (Some(speaker), Ok(samples)) = (&mut self.speaker, e.delta.pcm16()) {
                    speaker.play(&e.item_id, &samples)?;
                }
            }
            E::ResponseDone(e) => {
                if let Some(words) = errors::reply(&e.response) {
                    self.view.notice(Some(&words));
                }
            }
            E::Error(e) => {
                let words = format!("The service reports a problem: {}", e.error.message);
                self.view.notice(Some(&words));
            }
            _ => {}
        }
        Ok(())
    }

    /// Stops the reply that is being played, and tells the model how much of it was heard.
    fn interrupt(&mut self, sender: &Sender) -> Result<(), JsValue> {
        let Some(speaker) = &mut self.speaker else {
            return Ok(());
        };
        if let Some((item, heard)) = speaker.silence()? {
            self.view.interrupted(&item)?;
            self.send(sender, ConversationItemTruncate::new(item, heard));
        }
        Ok(())
    }

    fn mute(&mut self) {
        self.microphone = None;
        self.speech = false;
        self.view.speaking(Speaking::Off);
    }

    /// Queues an event. There is no room only where the network is far too slow for speech.
    fn send(&self, sender: &Sender, event: impl Into<ClientEvent>) {
        if sender.try_send(event).is_err() {
            self.view
                .notice(Some("The network is too slow: some of this was not sent."));
        }
    }
}
