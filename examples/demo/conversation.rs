//! A session with two turns: one written, one spoken.

use std::time::{Duration, Instant};

use openai_realtime_ws::protocol::{
    AudioConfig, AudioInput, ConversationItemCreate, InputAudioBufferAppend,
    InputAudioBufferCommit, Modality, Patch, RealtimeSession, Response, ResponseCreate,
    ResponseParams, ResponseStatus, SessionUpdate, SessionUpdated, StatusReason,
    TranscriptionConfig,
};
use openai_realtime_ws::{
    Config, Error, OpenAIRealtimeWS, Realtime, Runtime, ServerEvent, Update, native,
};
use tokio::time::timeout;

use crate::Failure;
use crate::models;
use crate::screen::{Meter, Screen, short};
use crate::wav::RATE;

/// Speech goes out in pieces of 100 ms, as a microphone would give it.
const PIECE: usize = RATE as usize / 10;

/// Longest wait for the transcript of the user's speech after the reply.
const LATE: Duration = Duration::from_secs(5);

/// Model that transcribes the user's speech; the conversation's model hears the sound itself.
const TRANSCRIBER: &str = models::LIVE_TRANSCRIBER;

/// An open session.
pub struct Conversation {
    session: OpenAIRealtimeWS,
    patience: Duration,
}

/// Reply of a turn, and its times.
struct Reply {
    asked: Instant,
    first_text: Option<Duration>,
    first_audio: Option<Duration>,
    /// PCM16, as the session's default format is.
    audio: Vec<u8>,
}

impl Conversation {
    /// Connects, and sees to it that turns end when the client says so.
    pub async fn open(
        connector: native::Connector,
        config: Config,
        patience: Duration,
        screen: &mut Screen,
    ) -> Result<Self, Failure> {
        let handshake = config.handshake::<Realtime>(Runtime::Native)?;
        screen.stream(&format!("Connecting to {} … ", handshake.url()))?;
        let started = Instant::now();
        let mut session = OpenAIRealtimeWS::open(connector, config)
            .await
            .map_err(|error| match error {
                Error::ConnectTimeout => silence(patience),
                error => error.into(),
            })?;
        screen.stream(&format!("connected in {}.", short(started.elapsed())))?;
        screen.line("")?;

        let input = AudioInput::default()
            .turn_detection(Patch::Clear)
            .transcription(TranscriptionConfig::default().model(TRANSCRIBER));
        let settings = RealtimeSession::new().audio(AudioConfig::default().input(input));
        session.send(SessionUpdate::new(settings)).await?;
        timeout(patience, session.emitted::<SessionUpdated>())
            .await
            .map_err(|_| silence(patience))??;
        Ok(Self { session, patience })
    }

    /// The written turn: text goes, text comes.
    pub async fn write(&mut self, text: &str, screen: &mut Screen) -> Result<(), Failure> {
        screen.row("you", text)?;
        self.session
            .send(ConversationItemCreate::user_text(text))
            .await?;
        let reply = self.reply(Modality::Text, screen).await?;
        let first_text = reply.first_text.ok_or("the reply has no text")?;
        screen.row("", &format!("first text after {}", short(first_text)))?;
        screen.line("")?;
        Ok(())
    }

    /// Waits until the connection breaks and the session reconnects, and asks for another answer:
    /// what it was told on the first connection.
    pub async fn recover(&mut self, after: Duration, screen: &mut Screen) -> Result<(), Failure> {
        if self.session.generation() == 1 {
            screen.line(&format!(
                "The connection is about to break, {} after it was made.",
                short(after)
            ))?;
        }
        let patience = after.saturating_add(self.patience);
        while self.session.generation() == 1 {
            timeout(patience, self.next(screen))
                .await
                .map_err(|_| silence(patience))??;
        }
        let reply = self.reply(Modality::Text, screen).await?;
        reply
            .first_text
            .ok_or("nothing is left of the conversation")?;
        screen.row("", "which it was told before the connection broke")?;
        screen.line("")
    }

    /// Returns the next update, and shows those about the connection.
    async fn next(&mut self, screen: &mut Screen) -> Result<Update, Failure> {
        let update = self.session.next_update().await;
        let update =
            update.ok_or("the server closed the connection before its reply was over")??;
        match &update {
            Update::Reconnecting(next) => screen.line(&format!(
                "The connection is lost (code {}). Attempt {} of {} in {} …",
                next.close,
                next.attempt,
                next.max_attempts,
                short(next.delay)
            ))?,
            Update::Reconnected(now) => screen.line(&format!(
                "Connected again. {} events put the session back, {} could not be kept.",
                now.restored,
                now.lost.len()
            ))?,
            _ => {}
        }
        Ok(update)
    }

    /// The spoken turn: sound goes, sound comes.
    pub async fn say(
        &mut self,
        speech: &[i16],
        source: &str,
        screen: &mut Screen,
    ) -> Result<Vec<i16>, Failure> {
        screen.row("you", &format!("({source})"))?;
        let mut meter = Meter::default();
        let mut pieces = speech.chunks(PIECE).peekable();
        while let Some(piece) = pieces.next() {
            self.session
                .send(InputAudioBufferAppend::pcm16(piece))
                .await?;
            meter.show(screen, piece, pieces.peek().is_none())?;
        }
        self.session.send(InputAudioBufferCommit::default()).await?;
        let reply = self.reply(Modality::Audio, screen).await?;
        let first_audio = reply.first_audio.ok_or("the reply has no sound")?;
        let text = match reply.first_text {
            Some(first_text) => format!("first text after {}, ", short(first_text)),
            None => String::new(),
        };
        screen.row(
            "",
            &format!("{text}first audio after {}", short(first_audio)),
        )?;
        let (samples, _) = reply.audio.as_chunks();
        Ok(samples
            .iter()
            .map(|sample| i16::from_le_bytes(*sample))
            .collect())
    }

    /// Ends the session.
    pub async fn close(mut self) -> Result<(), Failure> {
        self.session.close().await?;
        Ok(())
    }

    /// Asks for a reply, and shows it as it comes.
    async fn reply(&mut self, modality: Modality, screen: &mut Screen) -> Result<Reply, Failure> {
        // What the user said is written down at the same time; it may be there before the reply or
        // behind it.
        let mut is_transcribed = modality != Modality::Audio;
        let mut heard = None;
        let params = ResponseParams::default().output_modalities([modality]);
        let mut reply = Reply::new();
        let request = ResponseCreate::default().response(Box::new(params));
        self.session.send(request.clone()).await?;
        let mut is_done = false;
        while !(is_done && is_transcribed) {
            let patience = if is_done { LATE } else { self.patience };
            let event = match timeout(patience, self.next(screen)).await {
                Ok(next) => match next? {
                    Update::Event(event) => event,
                    Update::Reconnected(_) if !is_done => {
                        // The reply went with the connection.
                        reply = Reply::new();
                        self.session.send(request.clone()).await?;
                        continue;
                    }
                    _ => continue,
                },
                Err(_) if is_done => break,
                Err(_) => return Err(silence(patience)),
            };
            match event {
                ServerEvent::ResponseOutputTextDelta(e) => reply.show(&e.delta, screen)?,
                ServerEvent::ResponseOutputAudioTranscriptDelta(e) => {
                    reply.show(&e.delta, screen)?;
                }
                ServerEvent::ResponseOutputAudioDelta(e) => {
                    reply.first_audio.get_or_insert(reply.asked.elapsed());
                    reply.audio.append(&mut e.delta.bytes()?);
                }
                ServerEvent::ConversationItemInputAudioTranscriptionCompleted(e) => {
                    is_transcribed = true;
                    heard = Some(e.transcript);
                }
                ServerEvent::ConversationItemInputAudioTranscriptionFailed(_) => {
                    is_transcribed = true;
                    heard = Some("(nothing that could be written down)".to_owned());
                }
                ServerEvent::ResponseDone(e) => {
                    check(&e.response)?;
                    is_done = true;
                }
                ServerEvent::Error(e) => return Err(e.into()),
                _ => {}
            }
            // The reply's line is not broken into.
            if (is_done || reply.first_text.is_none())
                && let Some(transcript) = heard.take()
            {
                screen.row("heard", &transcript)?;
            }
        }
        screen.end_line()?;
        Ok(reply)
    }
}

impl Reply {
    fn new() -> Self {
        Self {
            asked: Instant::now(),
            first_text: None,
            first_audio: None,
            audio: Vec::new(),
        }
    }

    fn show(&mut self, text: &str, screen: &mut Screen) -> Result<(), Failure> {
        if self.first_text.is_none() {
            self.first_text = Some(self.asked.elapsed());
            screen.begin("model")?;
        }
        screen.stream(text)?;
        Ok(())
    }
}

/// Checks that the reply is complete.
fn check(response: &Response) -> Result<(), Failure> {
    let status = match &response.status {
        None | Some(ResponseStatus::Completed) => return Ok(()),
        Some(status) => status,
    };
    let details = response.status_details.as_ref();
    let error = details.and_then(|details| details.error.as_ref());
    let why = [
        details.and_then(|details| details.reason.as_ref().map(StatusReason::as_str)),
        error.and_then(|error| error.code.as_deref()),
        error.and_then(|error| error.message.as_deref()),
    ];
    let why = why.map(|part| part.map(|part| format!(": {part}")).unwrap_or_default());
    Err(format!("the reply is {status}{}", why.concat()).into())
}

fn silence(patience: Duration) -> Failure {
    format!(
        "nothing came from the server for {}; --timeout allows more",
        short(patience)
    )
    .into()
}
