//! The conversation: the user's actions and the conversation's events, one after the other.

use std::time::Duration;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use openai_realtime_ws::audio::Level;
use openai_realtime_ws::conversation::{
    Change, Conversation, ConversationEvent, ConversationHandle, Interruption, Playback,
    RequestError, ResponseEnd, TurnEvent,
};
use openai_realtime_ws::protocol::{
    Audio, ConversationItemCreate, InputAudioBufferClear, InputAudioBufferCommit, Modality,
    ResponseCreate, ResponseOutputAudioDelta, ResponseParams,
};
use openai_realtime_ws::{
    Connector, Lost, OpenAIRealtimeWebSocket, Reconnected, Reconnecting, Session,
};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::microphone::Microphone;
use super::speaker::Speaker;
use super::tools::tools;
use super::view::{Speaking, State, View};
use super::{errors, ticket};

/// Event of the page.
pub enum Input {
    /// The user typed a message.
    Say(String),
    /// The user pressed the microphone's button.
    Speak,
    /// Microphone and loudspeaker are open, or failed with a reason.
    Opened(Result<(Microphone, Speaker), JsValue>),
    /// The microphone recorded samples.
    Heard(Vec<i16>),
    /// The loudspeaker played a content part up to here.
    Played {
        item_id: String,
        content_index: u32,
        ms: u64,
    },
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
    };
    loop {
        app.view.state(State::Connecting, "Connecting…");
        app.view.notice(None);
        let why = match connect().await {
            Ok(session) => app.converse(session, &mut inputs).await?,
            Err(why) => why,
        };
        app.mute();
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
    async fn converse<C: Connector>(
        &mut self,
        session: Session<C>,
        inputs: &mut UnboundedReceiver<Input>,
    ) -> Result<String, JsValue> {
        let conversation = Conversation::new(session).tools(tools());
        let mut conversation = conversation.playback(Playback::new());
        let handle = conversation.handle();
        let mut why = None;
        self.view.state(State::Connected, "Connected");
        self.view.begin();
        loop {
            let next = match select(conversation.next(), inputs.next()).await {
                Either::Left((event, _)) => Either::Left(event),
                Either::Right((input, _)) => Either::Right(input),
            };
            match next {
                Either::Left(Some(Ok(event))) => self.hear(&conversation, event)?,
                Either::Left(Some(Err(error))) => why = Some(errors::ended(&error)),
                Either::Left(None) | Either::Right(None) => break,
                Either::Right(Some(input)) => {
                    let is_speaking = conversation.turns().is_user_speaking();
                    self.act(input, &handle, is_speaking);
                }
            }
        }
        Ok(why.unwrap_or_else(|| "The service ended the conversation.".to_owned()))
    }

    /// Carries out an action of the user, or tells the conversation what a device did.
    fn act(&mut self, input: Input, handle: &ConversationHandle, is_speaking: bool) {
        match input {
            Input::Say(text) if text.trim().is_empty() => {}
            Input::Say(text) => {
                self.view.notice(None);
                handle.interrupt();
                handle.send(ConversationItemCreate::user_text(text));
                // A typed message is answered in text.
                let text = ResponseParams::default().output_modalities([Modality::Text]);
                handle.respond(ResponseCreate::new(text));
            }
            Input::Speak if self.microphone.is_some() => {
                if is_speaking {
                    handle.send(InputAudioBufferCommit::default());
                    handle.respond(ResponseCreate::default());
                } else {
                    handle.send(InputAudioBufferClear::default());
                }
                self.mute();
            }
            Input::Speak => {
                self.view.speaking(Speaking::Asking);
                self.view.notice(None);
                self.open_devices();
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
                self.view.hear(Level::of(&samples).rms);
                // If the session has ended, its end is reported elsewhere.
                let _ = handle
                    .live_audio(LONGEST_WAIT)
                    .push(Audio::from_pcm16(&samples));
            }
            Input::Played {
                item_id,
                content_index,
                ms,
            } => handle.played_ms(item_id, content_index, ms),
            Input::MicrophoneGone => {
                self.mute();
                self.view
                    .notice(Some("The microphone is gone. You can still type."));
            }
            Input::Connect => {}
        }
    }

    /// Opens microphone and loudspeaker while the conversation goes on.
    fn open_devices(&mut self) {
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

    /// Shows and plays an event of the conversation.
    fn hear<C: Connector>(
        &mut self,
        conversation: &Conversation<C>,
        event: ConversationEvent,
    ) -> Result<(), JsValue> {
        use ConversationEvent as E;
        match event {
            E::History(change) => self.draw(conversation, change)?,
            E::UserTranscript(event) => self.view.understood(&event.item_id)?,
            E::Audio(event) => self.play(&conversation.handle(), &event)?,
            E::Interrupted(interruption) => self.interrupted(&interruption)?,
            E::Turn(TurnEvent::SpeechStarted { item_id, .. }) => self.view.expect(&item_id)?,
            E::ToolStarted(call) => self.view.tool(&call.item_id, true)?,
            E::ToolDone { call, .. } => self.view.tool(&call.item_id, false)?,
            E::Response(end) => {
                self.view.usage(conversation.usage().total());
                self.ended(&end);
            }
            E::Reconnecting(next) => self.lost(&next)?,
            E::Reconnected(now) => self.back(&now),
            E::ServerError(event) => {
                let words = format!("The service reports a problem: {}", event.error.message);
                self.view.notice(Some(&words));
            }
            _ => {}
        }
        Ok(())
    }

    /// Draws a change of the history.
    fn draw<C: Connector>(
        &mut self,
        conversation: &Conversation<C>,
        change: Change,
    ) -> Result<(), JsValue> {
        let entries = conversation.history().entries();
        match change {
            Change::Added(at) => {
                if let Some(entry) = entries.get(at) {
                    self.view.add(at, entry)?;
                }
            }
            Change::Removed(at) => self.view.remove(at),
            Change::Moved { from, to, .. } => self.view.shift(from, to)?,
            _ => {}
        }
        if let Change::Grew(at) | Change::Updated(at) | Change::Moved { to: at, .. } = change
            && let Some(entry) = entries.get(at)
        {
            self.view.update(at, entry)?;
        }
        Ok(())
    }

    fn play(
        &self,
        handle: &ConversationHandle,
        audio: &ResponseOutputAudioDelta,
    ) -> Result<(), JsValue> {
        if let Some(speaker) = &self.speaker {
            return speaker.play(audio);
        }
        // Without a loudspeaker, the transcript is what reaches the user.
        handle.played_ms(audio.item_id.as_str(), audio.content_index, u64::MAX);
        Ok(())
    }

    /// Stops the playback of a reply. The server knows how much of it was heard.
    fn interrupted(&mut self, interruption: &Interruption) -> Result<(), JsValue> {
        for heard in &interruption.heard {
            self.view.interrupted(&heard.item_id)?;
        }
        self.speaker.as_ref().map_or(Ok(()), Speaker::silence)
    }

    /// Shows why a reply is not complete, or did not come.
    fn ended(&mut self, end: &ResponseEnd) {
        let words = match &end.result {
            Ok(finished) => errors::reply(&finished.response),
            Err(error @ (RequestError::Busy { .. } | RequestError::TimedOut)) => {
                Some(format!("There is no reply: {error}."))
            }
            // Errors of the server and of the connection are shown on their own.
            Err(_) => None,
        };
        if let Some(words) = words {
            self.view.notice(Some(&words));
        }
    }

    /// Shows that the connection broke and is being reconnected.
    fn lost(&mut self, next: &Reconnecting) -> Result<(), JsValue> {
        self.view.give_up()?;
        let words = format!("Reconnecting… ({} of {})", next.attempt, next.max_attempts);
        self.view.state(State::Reconnecting, &words);
        Ok(())
    }

    fn back(&mut self, now: &Reconnected) {
        self.view.state(State::Connected, "Connected");
        // The page marks interrupted speech and replies on its own.
        let is_shown =
            |lost: &Lost| matches!(lost, Lost::InputAudio { .. } | Lost::Response { .. });
        if !now.lost.iter().all(is_shown) {
            self.view.notice(Some(FORGOTTEN));
        }
    }

    /// Closes the microphone.
    fn mute(&mut self) {
        self.microphone = None;
        self.view.speaking(Speaking::Off);
    }
}
