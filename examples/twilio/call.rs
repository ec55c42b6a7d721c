//! One phone call: the caller on one side, the model on the other.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use openai_realtime_ws::audio::PacketFiller;
use openai_realtime_ws::conversation::{Interruption, Playback, Responses, Usage};
use openai_realtime_ws::protocol::{
    Audio, AudioConfig, AudioFormat, AudioInput, AudioOutput, ConversationItemCreate,
    RealtimeSession, ResponseCreate, ResponseOutputAudioDelta, ServerVad, SessionUpdate,
};
use openai_realtime_ws::{Config, LiveAudio, OpenAIRealtimeWS, Sender, ServerEvent, Update};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep_until};

use super::messages::{FromLine, Mark, Payload, ToLine};
use super::service::Failure;

/// Length of the pieces that the line reports as played: an interruption is exact to about this
/// much.
const PIECE: Duration = Duration::from_millis(100);

/// How long nothing may come while the caller speaks, before it counts as silence.
const IDLE: Duration = Duration::from_millis(750);

/// Everything that belongs to one call.
pub struct Call {
    line: WebSocket,
    stream_sid: String,
    sender: Sender,
    /// Speech of the caller, which never waits and never piles up.
    live: LiveAudio,
    filler: PacketFiller,
    playback: Playback,
    responses: Responses,
    usage: Usage,
    began: Instant,
    /// When the line counts as silent, while the caller speaks.
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
    // Telephone audio both ways: what Twilio speaks, the service speaks, too, so nothing is
    // converted.
    let format = AudioFormat::pcmu();
    let audio = AudioConfig::default()
        .input(
            AudioInput::default()
                .format(format.clone())
                .turn_detection(ServerVad::default()),
        )
        .output(AudioOutput::default().format(format.clone()));
    let settings = RealtimeSession::new()
        .instructions("You answer the phone of a small bakery. Greet the caller, and be brief.")
        .audio(audio);
    let sender = rt.sender();
    sender.try_send(SessionUpdate::new(settings))?;
    let mut call = Call {
        line,
        stream_sid,
        live: sender.live_audio(Duration::from_secs(1)).format(&format),
        sender,
        filler: PacketFiller::new(&format),
        playback: Playback::new(),
        responses: Responses::new(),
        usage: Usage::new(),
        began: Instant::now(),
        idle_at: None,
        log,
    };
    // The caller waits to be greeted.
    call.ask()?;
    let result = call.run(rt).await;
    let tokens = call.usage.total();
    call.say(format!(
        "over: {} responses, {} tokens",
        tokens.responses,
        tokens.total()
    ));
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
    async fn run(&mut self, mut rt: OpenAIRealtimeWS) -> Result<(), Failure> {
        loop {
            let idle_at = self.idle_at;
            let idle = async {
                match idle_at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                update = rt.next_update() => match update {
                    Some(update) => self.updated(update?).await?,
                    None => return Ok(()),
                },
                message = next_message(&mut self.line) => match message? {
                    Some(FromLine::Stop) | None => {
                        rt.close().await?;
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
                self.playback.played_mark(&mark.name);
            }
            FromLine::Dtmf { dtmf } => {
                self.say(format!("key: {}", dtmf.digit));
                let text = format!("(The caller pressed the key {}.)", dtmf.digit);
                self.sender
                    .try_send(ConversationItemCreate::user_text(text))?;
                self.ask()?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes what happens in the session.
    async fn updated(&mut self, update: Update) -> Result<(), Failure> {
        let event = match update {
            Update::Event(event) => event,
            Update::Reconnecting(_) => {
                self.responses.connection_lost();
                return Ok(());
            }
            Update::Reconnected(_) => {
                self.playback.reconnected();
                self.responses.connected(self.began.elapsed());
                return self.send_requests();
            }
            _ => return Ok(()),
        };
        if let Some(interruption) = self.playback.received(&event) {
            self.interrupted(interruption).await?;
        }
        self.responses.received(self.began.elapsed(), &event);
        self.usage.received(&event);
        match &event {
            ServerEvent::ResponseOutputAudioDelta(delta) => self.play(delta).await?,
            ServerEvent::InputAudioBufferSpeechStarted(_) => {
                self.idle_at = Some(Instant::now() + IDLE);
            }
            ServerEvent::InputAudioBufferSpeechStopped(_) => self.idle_at = None,
            ServerEvent::ResponseOutputAudioTranscriptDone(done) => {
                self.say(format!("model: {}", done.transcript));
            }
            ServerEvent::Error(error) => self.say(format!("error: {error}")),
            _ => {}
        }
        self.send_requests()
    }

    /// Plays a piece of the reply, with marks that come back when it was heard.
    async fn play(&mut self, delta: &ResponseOutputAudioDelta) -> Result<(), Failure> {
        for (audio, name) in self.playback.pieces(delta, PIECE) {
            let media = Payload { payload: audio };
            let stream_sid = self.stream_sid.clone();
            self.tell(&ToLine::Media {
                stream_sid: &stream_sid,
                media,
            })
            .await?;
            self.tell(&ToLine::Mark {
                stream_sid: &stream_sid,
                mark: Mark { name },
            })
            .await?;
        }
        Ok(())
    }

    /// The caller spoke: the line falls silent, and the model learns how much was heard.
    async fn interrupted(&mut self, interruption: Interruption) -> Result<(), Failure> {
        let stream_sid = self.stream_sid.clone();
        self.tell(&ToLine::Clear {
            stream_sid: &stream_sid,
        })
        .await?;
        for heard in &interruption.heard {
            let (played, received) = (heard.played.as_millis(), heard.received.as_millis());
            self.say(format!("interrupted: heard {played} of {received} ms"));
        }
        for event in interruption.into_events() {
            self.sender.try_send(event)?;
        }
        Ok(())
    }

    /// Asks for a reply, once no other one is under way.
    fn ask(&mut self) -> Result<(), Failure> {
        let now = self.began.elapsed();
        self.responses.request(now, ResponseCreate::default());
        self.send_requests()
    }

    fn send_requests(&mut self) -> Result<(), Failure> {
        self.responses.tick(self.began.elapsed());
        while let Some(event) = self.responses.poll() {
            self.sender.try_send(event)?;
        }
        while self.responses.poll_end().is_some() {}
        Ok(())
    }

    async fn tell(&mut self, message: &ToLine<'_>) -> Result<(), Failure> {
        let text = serde_json::to_string(message)?;
        Ok(self.line.send(Message::Text(text.into())).await?)
    }

    fn say(&self, line: String) {
        // Where nobody reads the log, it is lost.
        let _ = self.log.send(line);
    }
}
