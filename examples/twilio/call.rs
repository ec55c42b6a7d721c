//! One phone call: the caller on one side, the model on the other.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use openai_realtime_ws::audio::PacketFiller;
use openai_realtime_ws::conversation::{
    Conversation, ConversationEvent, Interruption, Playback, TurnEvent,
};
use openai_realtime_ws::protocol::{
    Audio, AudioConfig, AudioFormat, AudioInput, AudioOutput, RealtimeSession, ResponseCreate,
    ResponseOutputAudioDelta, ServerVad, SessionUpdate,
};
use openai_realtime_ws::{Config, LiveAudio, OpenAIRealtimeWS, ServerEvent, native};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep_until};

use super::messages::{FromLine, Mark, Payload, ToLine};
use super::service::Failure;

/// Length of the pieces that the line reports as played: an interruption is exact to about this
/// much.
const PIECE: Duration = Duration::from_millis(100);

/// Time without audio, while the caller speaks, that counts as silence.
const IDLE: Duration = Duration::from_millis(750);

/// Everything that belongs to one call.
struct Call {
    line: WebSocket,
    stream_sid: String,
    conversation: Conversation<native::Connector>,
    /// Speech of the caller, which never waits and never piles up.
    live: LiveAudio,
    filler: PacketFiller,
    /// Time at which the line counts as silent, while the caller speaks.
    idle_at: Option<Instant>,
    log: UnboundedSender<String>,
}

/// Takes a call on an open media stream, until one side ends it.
pub async fn take(
    mut line: WebSocket,
    config: Config,
    log: UnboundedSender<String>,
) -> Result<(), Failure> {
    // Twilio names the stream first.
    let stream_sid = loop {
        match next_message(&mut line).await? {
            Some(FromLine::Start { start }) => break start.stream_sid,
            Some(_) => {}
            None => return Ok(()),
        }
    };
    let rt = OpenAIRealtimeWS::connect(config).await?;
    let conversation = Conversation::new(rt).playback(Playback::new());
    let handle = conversation.handle();
    // Telephone audio both ways: what Twilio speaks, the service speaks, too, so nothing is
    // converted.
    let format = AudioFormat::pcmu();
    let input = AudioInput::default()
        .format(format.clone())
        .turn_detection(ServerVad::default());
    let output = AudioOutput::default().format(format.clone());
    handle.send(SessionUpdate::new(
        RealtimeSession::new()
            .instructions("You answer the phone of a small bakery. Greet the caller, and be brief.")
            .audio(AudioConfig::default().input(input).output(output)),
    ));
    // The caller waits to be greeted.
    drop(handle.respond(ResponseCreate::default()));
    let mut call = Call {
        line,
        stream_sid,
        live: handle.live_audio(Duration::from_secs(1)).format(&format),
        conversation,
        filler: PacketFiller::new(&format),
        idle_at: None,
        log,
    };
    let result = call.run().await;
    let used = call.conversation.usage().total();
    let (responses, tokens) = (used.responses, used.total());
    call.say(format!("over: {responses} responses, {tokens} tokens"));
    result
}

/// Reads the next message of the line; there is none once it is closed.
async fn next_message(line: &mut WebSocket) -> Result<Option<FromLine>, Failure> {
    while let Some(message) = line.recv().await {
        if let Message::Text(text) = message? {
            return Ok(Some(serde_json::from_str(&text)?));
        }
    }
    Ok(None)
}

impl Call {
    async fn run(&mut self) -> Result<(), Failure> {
        loop {
            let idle_at = self.idle_at;
            let idle = async {
                match idle_at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = self.conversation.next() => match event {
                    Some(event) => self.happened(event?).await?,
                    None => return Ok(()),
                },
                message = next_message(&mut self.line) => match message? {
                    Some(FromLine::Stop) | None => {
                        self.conversation.close().await?;
                        return Ok(());
                    }
                    Some(message) => self.heard(message)?,
                },
                // A muted line sends nothing at all, and the turn would never end.
                () = idle => {
                    let silence = self.filler.silence(Duration::from_secs(1));
                    self.live.push(Audio::from_bytes(&silence))?;
                    self.idle_at = None;
                }
            }
        }
    }

    /// Takes a message of the line.
    fn heard(&mut self, message: FromLine) -> Result<(), Failure> {
        match message {
            FromLine::Media { media } => {
                let packet = Audio::from_base64(media.payload).bytes()?;
                let speech = self.filler.push(media.timestamp.parse()?, &packet);
                if !speech.is_empty() {
                    self.live.push(Audio::from_bytes(&speech))?;
                }
                if self.idle_at.is_some() {
                    self.idle_at = Some(Instant::now() + IDLE);
                }
            }
            FromLine::Mark { mark } => {
                if let Some(playback) = self.conversation.playback_mut() {
                    playback.played_mark(&mark.name);
                }
            }
            FromLine::Dtmf { dtmf } => {
                self.say(format!("key: {}", dtmf.digit));
                let text = format!("(The caller pressed the key {}.)", dtmf.digit);
                drop(self.conversation.handle().say(text));
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes what happens in the conversation.
    async fn happened(&mut self, event: ConversationEvent) -> Result<(), Failure> {
        match event {
            ConversationEvent::Audio(delta) => self.play(&delta).await?,
            ConversationEvent::Interrupted(interruption) => self.interrupted(interruption).await?,
            ConversationEvent::Turn(TurnEvent::SpeechStarted { .. }) => {
                self.idle_at = Some(Instant::now() + IDLE);
            }
            ConversationEvent::Turn(TurnEvent::SpeechStopped { .. }) => self.idle_at = None,
            ConversationEvent::ServerError(error) => self.say(format!("error: {error}")),
            ConversationEvent::Other(event) => {
                if let ServerEvent::ResponseOutputAudioTranscriptDone(done) = *event {
                    self.say(format!("model: {}", done.transcript));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Plays a piece of the reply, with marks that come back when it was heard.
    async fn play(&mut self, delta: &ResponseOutputAudioDelta) -> Result<(), Failure> {
        let playback = self.conversation.playback_mut();
        let pieces = playback.map(|playback| playback.pieces(delta, PIECE));
        for (payload, name) in pieces.unwrap_or_default() {
            let media = Payload { payload };
            let mark = Mark { name };
            let stream_sid = self.stream_sid.as_str();
            let media = ToLine::Media { stream_sid, media }.to_message()?;
            let mark = ToLine::Mark { stream_sid, mark }.to_message()?;
            self.line.send(media).await?;
            self.line.send(mark).await?;
        }
        Ok(())
    }

    /// The caller spoke: the line falls silent. The model has been told how much was heard.
    async fn interrupted(&mut self, interruption: Interruption) -> Result<(), Failure> {
        let stream_sid = self.stream_sid.as_str();
        let clear = ToLine::Clear { stream_sid }.to_message()?;
        self.line.send(clear).await?;
        for heard in &interruption.heard {
            let (played, received) = (heard.played.as_millis(), heard.received.as_millis());
            self.say(format!("interrupted: heard {played} of {received} ms"));
        }
        Ok(())
    }

    fn say(&self, line: String) {
        // Where nobody reads the log, it is lost.
        let _ = self.log.send(line);
    }
}
