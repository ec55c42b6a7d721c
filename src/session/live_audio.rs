//! A microphone's audio, which must not fall behind.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Sender;
use crate::connection::{DroppedAudio, SendError, SendErrorKind};
use crate::protocol::{Audio, AudioFormat, Events, Protocol, Realtime};

/// Handle that sends a microphone's audio and never waits: from [`Sender::live_audio`].
///
/// On a slow network, audio that is sent as it comes piles up, and the model hears it later and
/// later. Here at most a given length of it is queued. Beyond that the oldest audio is dropped and
/// counted, so that the model hears what was just said. Other events are never dropped, and events
/// stay in the order in which they were sent.
///
/// It is made for the server's turn detection: a `commit` that is sent by hand lacks the audio that
/// was dropped ahead of it.
///
/// [`push`](Self::push) can be called from where nothing may block, such as the callback of an
/// audio device:
///
/// ```no_run
/// # use std::time::Duration;
/// # use openai_realtime_ws::{Connector, Error, Session};
/// # struct Microphone;
/// # impl Microphone { fn on_samples(&self, _: impl FnMut(&[i16]) + Send + 'static) {} }
/// # async fn example<C: Connector>(
/// #     mut rt: Session<C>,
/// #     microphone: Microphone,
/// # ) -> Result<(), Error> {
/// use openai_realtime_ws::protocol::Audio;
///
/// let live = rt.sender().live_audio(Duration::from_millis(500));
/// let speaking = live.clone();
/// microphone.on_samples(move |samples| {
///     // An error means that the session is closed.
///     let _ = speaking.push(Audio::from_pcm16(samples));
/// });
/// rt.run().await?;
/// println!("{:?} of speech could not be sent in time", live.dropped().duration);
/// # Ok(())
/// # }
/// ```
pub struct LiveAudio<P: Protocol = Realtime> {
    sender: Sender<P>,
    longest: Duration,
    bytes_per_second: u32,
    gathers: Duration,
    gathered: Arc<Mutex<Gathered>>,
}

/// Audio that waits for more.
#[derive(Default)]
struct Gathered {
    base64: String,
    lasts: Duration,
}

impl Gathered {
    fn add(&mut self, audio: &Audio, lasts: Duration) {
        // Base64 is joined as it is, unless padding ends the first piece. A piece that is not
        // base64 stays so, and the server refuses it.
        let joined = self.base64.ends_with('=').then(|| {
            let mut bytes = Audio::from_base64(self.base64.as_str()).bytes().ok()?;
            bytes.extend(audio.bytes().ok()?);
            Some(Audio::from_bytes(&bytes))
        });
        match joined.flatten() {
            Some(joined) => joined.base64().clone_into(&mut self.base64),
            None => self.base64.push_str(audio.base64()),
        }
        self.lasts += lasts;
    }

    fn take(&mut self) -> (Audio, Duration) {
        let Self { base64, lasts } = std::mem::take(self);
        (Audio::from_base64(base64), lasts)
    }
}

impl<P: Protocol> Sender<P> {
    /// Returns a handle for a microphone, whose audio must not fall behind: where more than
    /// `longest` of it is queued, the oldest is dropped. See [`LiveAudio`].
    #[must_use]
    pub fn live_audio(&self, longest: Duration) -> LiveAudio<P> {
        LiveAudio::new(self.clone(), longest)
    }
}

impl<P: Protocol> LiveAudio<P> {
    pub(super) fn new(sender: Sender<P>, longest: Duration) -> Self {
        Self {
            sender,
            longest,
            bytes_per_second: AudioFormat::default().bytes_per_second(),
            gathers: Duration::ZERO,
            gathered: Arc::default(),
        }
    }

    /// Sets the session's input format, which gives the length of a piece of audio: PCM16 at 24,000
    /// Hz by default.
    #[must_use]
    pub fn format(mut self, format: &AudioFormat) -> Self {
        self.bytes_per_second = format.bytes_per_second();
        self
    }

    /// Gathers pieces until they last this long, and sends them as one event. By default each piece
    /// is an event of its own.
    ///
    /// Every event costs a write, a TLS record and an event of the server's own, whatever its
    /// length: with pieces of 20 ms, gathering to 60 ms saves about a third of a call's CPU time.
    /// The price is latency: the first piece of an event is heard later by up to this time, less
    /// one piece. Turn detection hears the end of speech later by as much.
    ///
    /// What was gathered is sent when it is long enough. [`flush`](Self::flush) sends it before:
    /// call it when the microphone is switched off.
    #[must_use]
    pub fn gather(mut self, duration: Duration) -> Self {
        self.gathers = duration;
        self
    }

    /// Queues a piece of audio, and drops the oldest queued pieces if that is too much. A piece
    /// counts as a whole.
    ///
    /// # Errors
    /// [`SendError`] gives the event back when the session is closed, with all audio that was
    /// [gathered](Self::gather) for it.
    pub fn push(&self, audio: Audio) -> Result<(), SendError<P::Client>> {
        let bytes = u32::try_from(audio.decoded_len()).unwrap_or(u32::MAX);
        let lasts = Duration::from_secs(1) * bytes / self.bytes_per_second.max(1);
        if self.gathers.is_zero() {
            return self.send(audio, lasts);
        }
        let (audio, lasts) = {
            let mut gathered = self.gathered();
            gathered.add(&audio, lasts);
            if gathered.lasts < self.gathers && !self.sender.is_closed() {
                return Ok(());
            }
            gathered.take()
        };
        self.send(audio, lasts)
    }

    /// Queues what was [gathered](Self::gather) and was not long enough yet.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn flush(&self) -> Result<(), SendError<P::Client>> {
        let (audio, lasts) = self.gathered().take();
        if audio.is_empty() {
            Ok(())
        } else {
            self.send(audio, lasts)
        }
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        // Nothing panics while the lock is held.
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, audio: Audio, lasts: Duration) -> Result<(), SendError<P::Client>> {
        let event = P::append(audio);
        let queued = (self.sender.backlog).push_live(event.encode(), lasts, self.longest);
        queued.map_err(|_| SendError {
            event,
            kind: SendErrorKind::Closed,
        })
    }

    /// Returns the length of the queued live audio, of all handles of the session.
    #[must_use]
    pub fn queued(&self) -> Duration {
        self.sender.backlog.live()
    }

    /// Returns the audio that was dropped so far, of all handles of the session.
    #[must_use]
    pub fn dropped(&self) -> DroppedAudio {
        self.sender.backlog.dropped()
    }
}

impl<P: Protocol> Clone for LiveAudio<P> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            gathered: Arc::clone(&self.gathered),
            ..*self
        }
    }
}

impl<P: Protocol> fmt::Debug for LiveAudio<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveAudio")
            .field("longest", &self.longest)
            .field("gathers", &self.gathers)
            .field("queued", &self.queued())
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}
