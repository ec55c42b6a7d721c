//! Transcription sessions: speech in, transcripts out, in order and to the last one.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_channel::mpsc;
use futures_core::Stream;
use futures_util::StreamExt;

use super::Usage;
use super::transcripts::{Transcript, TranscriptError, Transcripts};
use crate::connection::{Closed, SendError};
use crate::platform::BoxFuture;
use crate::protocol::{
    Audio, AudioInput, ClientEvent, ErrorKind, InputAudioBufferAppend, InputAudioBufferClear,
    InputAudioBufferCommit, Patch, ServerEvent, SessionConfig, SessionUpdate, TranscriptionSession,
    TurnDetection,
};
use crate::session::{Error, LiveAudio, Sender, Session};
use crate::transport::{Connector, InvalidClose};

/// Longest time without an event of the server after the end of the audio.
const PATIENCE: Duration = Duration::from_secs(60);

/// Silence that ends a turn, unless the session says otherwise.
const SILENCE_MS: u64 = 500;

/// Transcription of speech: a [`Stream`] of [`Transcript`]s, one for each turn, in order.
///
/// [`finish`](Self::finish) ends it once the transcript of every turn is there. For text as it
/// grows, listen to the session: [`session_mut`](Self::session_mut).
///
/// ```no_run
/// # #[cfg(feature = "native")]
/// # mod example {
/// use openai_realtime_ws::conversation::Transcription;
/// use openai_realtime_ws::protocol::{
///     Audio, AudioInput, TranscriptionAudio, TranscriptionConfig, TranscriptionSession,
/// };
/// use openai_realtime_ws::{Config, OpenAIRealtimeWS, Target};
///
/// async fn example(speech: &[i16]) -> Result<(), Box<dyn std::error::Error>> {
///     let config = Config::from_env()?.target(Target::Transcription);
///     let transcriber = TranscriptionConfig::default().model("gpt-4o-transcribe");
///     let input = AudioInput::default().transcription(transcriber);
///     let audio = TranscriptionAudio::default().input(input);
///     let session = OpenAIRealtimeWS::connect(config).await?;
///     let mut transcription =
///         Transcription::new(session, TranscriptionSession::new().audio(audio));
///     for piece in speech.chunks(2_400) {
///         transcription.append(Audio::from_pcm16(piece)).await?;
///     }
///     for transcript in transcription.finish().await? {
///         println!("{}", transcript.text?);
///     }
///     Ok(())
/// }
/// # }
/// ```
pub struct Transcription<C: Connector> {
    session: Session<C>,
    sender: Sender,
    handle: TranscriptionHandle,
    finish_asked: mpsc::UnboundedReceiver<()>,
    /// Settings of the input, as far as they are known.
    input: AudioInput,
    /// Events that wait for room in the session's queue.
    outgoing: VecDeque<ClientEvent>,
    transcripts: Transcripts,
    usage: Usage,
    stage: Stage,
    timer: Option<BoxFuture<()>>,
}

/// Progress towards the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Audio may follow.
    Open,
    /// The end of the audio is on its way to the server.
    Finishing,
    /// The server has taken all audio, and found all turns in it.
    Heard,
    Ended,
}

impl<C: Connector> Transcription<C> {
    /// Takes a session for transcription, and sends its settings.
    pub fn new(session: Session<C>, settings: TranscriptionSession) -> Self {
        let (finish, finish_asked) = mpsc::unbounded();
        let sender = session.sender();
        let input = settings
            .audio
            .as_ref()
            .and_then(|audio| audio.input.clone());
        let mut transcription = Self {
            handle: TranscriptionHandle {
                sender: sender.clone(),
                finish,
            },
            sender,
            session,
            finish_asked,
            input: input.unwrap_or_default(),
            outgoing: VecDeque::from([SessionUpdate::new(settings).into()]),
            transcripts: Transcripts::new(),
            usage: Usage::new(),
            stage: Stage::Open,
            timer: None,
        };
        // Ahead of audio that handles send.
        transcription.flush();
        transcription
    }

    /// Sends audio, in the session's input format. Returns when the socket has taken it.
    ///
    /// # Errors
    /// [`SendError`] gives the event back when the session is closed.
    ///
    /// # Cancel safety
    /// That of [`Session::send`].
    pub async fn append(&mut self, audio: Audio) -> Result<(), SendError<ClientEvent>> {
        // The settings go first.
        while let Some(event) = self.outgoing.pop_front() {
            self.session.send(event).await?;
        }
        let event = InputAudioBufferAppend::default().audio(audio);
        self.session.send(event).await
    }

    /// Ends the audio, and waits for the transcripts that are still to come: see
    /// [`TranscriptionHandle::finish`].
    ///
    /// # Errors
    /// The first error of the session. Calling it again goes on.
    ///
    /// # Cancel safety
    /// Transcripts that came before the future is dropped are lost; read them from the stream to
    /// keep them.
    pub async fn finish(&mut self) -> Result<Vec<Transcript>, Error> {
        self.handle.finish();
        let mut transcripts = Vec::new();
        while let Some(transcript) = self.next().await {
            transcripts.push(transcript?);
        }
        Ok(transcripts)
    }

    /// Waits for the next transcript; `None` at the end.
    ///
    /// # Errors
    /// Those of the session, and the server's errors as [`Error::Server`]. A turn whose speech
    /// could not be transcribed is a [`Transcript`] that says so.
    ///
    /// # Cancel safety
    /// Nothing is lost between two calls.
    #[expect(
        clippy::should_implement_trait,
        reason = "a transcription is a stream, not an iterator"
    )]
    pub fn next(&mut self) -> impl Future<Output = Option<Result<Transcript, Error>>> + Unpin {
        StreamExt::next(self)
    }

    /// Returns a handle that sends audio from elsewhere.
    pub fn handle(&self) -> TranscriptionHandle {
        self.handle.clone()
    }

    /// Returns the count of tokens.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Returns the session, for listeners. Do not read events from it: the transcription would miss
    /// them.
    pub fn session_mut(&mut self) -> &mut Session<C> {
        &mut self.session
    }

    /// Closes the session: see [`Session::close`].
    ///
    /// # Errors
    /// Those of [`Session::close`].
    ///
    /// # Cancel safety
    /// Dropping the future leaves the session closing.
    pub async fn close(&mut self) -> Result<Closed, InvalidClose> {
        self.session.close().await
    }

    /// Tells the server that no more audio comes. Its last answer is `input_audio_buffer.cleared`.
    fn end_audio(&mut self) {
        let detection = self.input.turn_detection.as_set();
        let event = match detection {
            // Committed silence would be a turn of its own.
            Some(TurnDetection::ServerVad(vad)) => {
                let silence = vad.silence_duration_ms.unwrap_or(SILENCE_MS) + SILENCE_MS;
                let format = self.input.format.clone().unwrap_or_default();
                let silence = format.silence(Duration::from_millis(silence));
                InputAudioBufferAppend::bytes(&silence).into()
            }
            _ => InputAudioBufferCommit::default().into(),
        };
        self.outgoing.push_back(event);
        self.outgoing
            .push_back(InputAudioBufferClear::default().into());
        self.stage = Stage::Finishing;
    }

    fn received(&mut self, event: &ServerEvent) -> Result<(), Error> {
        self.timer = None;
        self.usage.received(event);
        self.transcripts.received(event);
        match event {
            ServerEvent::SessionCreated(event) => self.configured(&event.session),
            ServerEvent::SessionUpdated(event) => self.configured(&event.session),
            ServerEvent::InputAudioBufferCleared(_) if self.stage == Stage::Finishing => {
                self.stage = Stage::Heard;
            }
            // An empty commit among them: all audio was committed before.
            ServerEvent::Error(event) if event.error.kind() != ErrorKind::Harmless => {
                return Err(Error::Server(Box::new(event.clone())));
            }
            _ => {}
        }
        Ok(())
    }

    /// Learns what the settings leave to the server.
    fn configured(&mut self, session: &SessionConfig) {
        if let SessionConfig::Transcription(session) = session
            && let Some(input) = session
                .audio
                .as_ref()
                .and_then(|audio| audio.input.as_ref())
        {
            if self.input.turn_detection == Patch::Keep {
                self.input.turn_detection = input.turn_detection.clone();
            }
            if self.input.format.is_none() {
                self.input.format.clone_from(&input.format);
            }
        }
    }

    fn flush(&mut self) {
        while let Some(event) = self.outgoing.pop_front() {
            if let Err(refused) = self.sender.try_send(event) {
                self.outgoing.push_front(refused.event);
                return;
            }
        }
    }

    /// Ready when the server has been silent for too long.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !matches!(self.stage, Stage::Finishing | Stage::Heard) {
            return Poll::Pending;
        }
        let timer = (self.timer).get_or_insert_with(|| self.session.sleep(PATIENCE));
        std::task::ready!(timer.as_mut().poll(cx));
        self.timer = None;
        // On a slow network, the server has not got everything yet.
        if self.outgoing.is_empty() && self.sender.buffered_amount() == 0 {
            self.transcripts.give_up(&TranscriptError::TimedOut);
            self.stage = Stage::Ended;
        }
        Poll::Ready(())
    }
}

impl<C: Connector> Stream for Transcription<C> {
    type Item = Result<Transcript, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(transcript) = this.transcripts.poll() {
                return Poll::Ready(Some(Ok(transcript)));
            }
            if this.stage == Stage::Heard && this.transcripts.is_settled() {
                this.stage = Stage::Ended;
            }
            if this.stage == Stage::Ended {
                return Poll::Ready(None);
            }
            if this.stage == Stage::Open
                && let Poll::Ready(Some(())) = this.finish_asked.poll_next_unpin(cx)
            {
                this.end_audio();
            }
            this.flush();
            match this.session.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(event))) => {
                    if let Err(error) = this.received(&event) {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => {
                    this.transcripts.give_up(&TranscriptError::Ended);
                    this.stage = Stage::Ended;
                }
                Poll::Pending => {
                    let waited = this.outgoing.len();
                    // The session's writes make room.
                    this.flush();
                    if this.outgoing.len() == waited && this.poll_timer(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

impl<C: Connector> fmt::Debug for Transcription<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcription")
            .field("session", &self.session)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// Handle that sends audio to a [`Transcription`] from elsewhere. It can be cloned.
#[derive(Clone)]
pub struct TranscriptionHandle {
    sender: Sender,
    finish: mpsc::UnboundedSender<()>,
}

impl TranscriptionHandle {
    /// Queues audio, in the session's input format, and waits for room in the queue.
    ///
    /// # Errors
    /// [`SendError`] gives the event back when the session is closed.
    ///
    /// # Cancel safety
    /// Dropping the future before it returns drops the audio.
    pub async fn append(&self, audio: Audio) -> Result<(), SendError<ClientEvent>> {
        let event = InputAudioBufferAppend::default().audio(audio);
        self.sender.send(event).await
    }

    /// Returns a handle for a microphone, whose audio must not fall behind: of more than `longest`,
    /// the oldest is dropped.
    #[must_use]
    pub fn live_audio(&self, longest: Duration) -> LiveAudio {
        self.sender.live_audio(longest)
    }

    /// Ends the audio: what was appended is committed, and the transcription's stream ends when the
    /// transcript of every turn is final, or when the server has said nothing for a minute.
    ///
    /// A session with `server_vad` is given silence in place of a commit, so that the server ends
    /// the last turn on its own. Less than 100 ms of audio cannot be committed, and is left out.
    pub fn finish(&self) {
        // Once the transcription is gone, it is finished.
        let _ = self.finish.unbounded_send(());
    }
}

impl fmt::Debug for TranscriptionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TranscriptionHandle")
            .field("is_closed", &self.sender.is_closed())
            .finish_non_exhaustive()
    }
}
