//! The conversation: the user's actions and the server's events, one after the other.

use std::pin::pin;
use std::time::Duration;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use openai_realtime_ws::protocol::{
    Audio, ConversationItemCreate, ConversationItemTruncate, InputAudioBufferClear,
    InputAudioBufferCommit, Modality, ResponseCancel, ResponseCreate, ResponseParams,
};
use openai_realtime_ws::{
    ClientEvent, Lost, OpenAIRealtimeWebSocket, Reconnecting, Sender, ServerEvent, Update,
};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::microphone::Microphone;
use super::speaker::Speaker;
use super::view::{Speaking, State, View, Who};
use super::{errors, ticket};
use crate::sound::{level, rms, to_pcm16};

/// Event of the page.
pub enum Input {
    /// The user typed a message.
    Say(String),
    /// The user pressed the microphone's button.
    Speak,
    /// Microphone and loudspeaker are open, or failed with a reason.
    Opened(Result<(Microphone, Speaker), JsValue>),
    /// The microphone recorded samples.
    Heard(Vec<f32>),
    /// The loudspeaker was silenced after this many samples.
    Silenced(u64),
    /// The microphone was unplugged, or its permission withdrawn.
    MicrophoneGone,
    /// The user asked for a new connection.
    Connect,
}

/// Most live audio to queue for the network or a connection. Older audio would arrive too late.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

const FORGOTTEN: &str = "The connection was lost for a moment. \
    The assistant may not remember all that was said before.";

struct App {
    view: View,
    tell: UnboundedSender<Input>,
    microphone: Option<Microphone>,
    speaker: Option<Speaker>,
    /// Set while the server detects speech.
    speech: bool,
    /// Set while the model replies. Only one reply at a time is possible.
    replying: bool,
    /// Number of typed messages.
    typed: u32,
}

/// Runs the page until it is closed.
pub async fn run() -> Result<(), JsValue> {
    let (tell, mut inputs) = unbounded();
    let view = View::find(&tell)?;
    let mut app = App {
        view,
        tell,
        microphone: None,
        speaker: None,
        speech: false,
        replying: false,
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
        app.replying = false;
        app.view.give_up()?;
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
    /// Runs a session. Returns the reason of its end.
    async fn converse(
        &mut self,
        mut session: OpenAIRealtimeWebSocket,
        inputs: &mut UnboundedReceiver<Input>,
    ) -> Result<String, JsValue> {
        let sender = session.sender();
        let mut why = None;
        self.view.state(State::Connected, "Connected");
        loop {
            let next = match select(pin!(session.next_update()), inputs.next()).await {
                Either::Left((update, _)) => Either::Left(update),
                Either::Right((input, _)) => Either::Right(input),
            };
            match next {
                Either::Left(Some(Ok(Update::Event(event)))) => self.hear(event)?,
                Either::Left(Some(Ok(Update::Reconnecting(next)))) => self.lost(&next)?,
                Either::Left(Some(Ok(Update::Reconnected(now)))) => {
                    self.view.state(State::Connected, "Connected");
                    // The page marks interrupted speech and replies on its own.
                    let shown = |lost: &Lost| {
                        matches!(lost, Lost::InputAudio { .. } | Lost::Response { .. })
                    };
                    if !now.lost.iter().all(shown) {
                        self.view.notice(Some(FORGOTTEN));
                    }
                }
                Either::Left(Some(Ok(_))) => {}
                Either::Left(Some(Err(error))) => why = Some(errors::ended(&error)),
                Either::Left(None) | Either::Right(None) => break,
                Either::Right(Some(input)) => self.act(input, &sender)?,
            }
        }
        Ok(why.unwrap_or_else(|| "The service ended the conversation.".to_owned()))
    }

    /// Shows that the connection broke and is being reconnected.
    fn lost(&mut self, next: &Reconnecting) -> Result<(), JsValue> {
        self.speech = false;
        self.replying = false;
        self.view.give_up()?;
        let words = format!("Reconnecting… ({} of {})", next.attempt, next.max_attempts);
        self.view.state(State::Reconnecting, &words);
        Ok(())
    }

    /// Carries out an action of the user.
    fn act(&mut self, input: Input, sender: &Sender) -> Result<(), JsValue> {
        match input {
            Input::Say(text) if text.trim().is_empty() => {}
            Input::Say(text) => {
                self.interrupt()?;
                if self.replying {
                    self.send(sender, ResponseCancel::default());
                }
                self.view.notice(None);
                self.typed += 1;
                let item = format!("typed {}", self.typed);
                self.view.append(&item, Who::Person, &text)?;
                self.view.complete(&item, None)?;
                self.send(sender, ConversationItemCreate::user_text(text));
                // A typed message is answered in text.
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
                            None => Speaker::open(meter, tell.clone()).await?,
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
                let samples = Audio::from_pcm16(&to_pcm16(&samples));
                // If the session has ended, its end is reported elsewhere.
                let _ = sender.live_audio(LONGEST_WAIT).push(samples);
            }
            Input::Silenced(played) => {
                let heard = self
                    .speaker
                    .as_mut()
                    .and_then(|speaker| speaker.silenced(played));
                if let Some((item, millis)) = heard {
                    self.view.interrupted(&item)?;
                    // The model learns how much of its reply was heard.
                    self.send(sender, ConversationItemTruncate::new(item, millis));
                }
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

    /// Shows and plays an event of the server.
    fn hear(&mut self, event: ServerEvent) -> Result<(), JsValue> {
        use ServerEvent as E;
        match event {
            E::InputAudioBufferSpeechStarted(e) => {
                self.speech = true;
                self.interrupt()?;
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
                if let (Some(speaker), Ok(samples)) = (&mut self.speaker, e.delta.to_pcm16()) {
                    speaker.play(&e.item_id, &samples)?;
                }
            }
            E::ResponseCreated(_) => self.replying = true,
            E::ResponseDone(e) => {
                self.replying = false;
                if let Some(words) = errors::reply(&e.response) {
                    self.view.notice(Some(&words));
                }
            }
            // The reply ended before the cancellation arrived.
            E::Error(e) if e.error.code.as_deref() == Some("response_cancel_not_active") => {}
            E::Error(e) => {
                let words = format!("The service reports a problem: {}", e.error.message);
                self.view.notice(Some(&words));
            }
            _ => {}
        }
        Ok(())
    }

    /// Stops the playback of a reply.
    fn interrupt(&mut self) -> Result<(), JsValue> {
        self.speaker.as_mut().map_or(Ok(()), Speaker::silence)
    }

    /// Closes the microphone.
    fn mute(&mut self) {
        self.microphone = None;
        self.speech = false;
        self.view.speaking(Speaking::Off);
    }

    /// Queues an event. The queue is full only if the network is far too slow for a conversation.
    fn send(&self, sender: &Sender, event: impl Into<ClientEvent>) {
        if sender.try_send(event).is_err() {
            self.view
                .notice(Some("The network is too slow: some of this was not sent."));
        }
    }
}
