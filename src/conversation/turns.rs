//! Turns: who speaks, and how long the model takes to answer.

use std::time::Duration;

use super::Outcome;
use crate::protocol::ServerEvent;

/// Number of turns that are followed at a time: responses beside the conversation run, too.
const MAX_TURNS: usize = 16;

/// Observer of turns: the user's, as turn detection finds them, and the model's.
///
/// Feed it with every event of the server. Times are counted from any moment of the caller's
/// choice.
///
/// ```
/// use std::time::Duration;
/// use openai_realtime_ws::ServerEvent;
/// use openai_realtime_ws::conversation::{TurnEvent, Turns};
/// use openai_realtime_ws::protocol::Events;
///
/// let mut turns = Turns::new();
/// let mut last = None;
/// for (ms, event) in [
///     (0, r#"{"type":"input_audio_buffer.speech_stopped","item_id":"item_1"}"#),
///     (20, r#"{"type":"response.created","response":{"id":"resp_1"}}"#),
///     (310, r#"{"type":"response.output_audio.delta","response_id":"resp_1","delta":"AAAA"}"#),
/// ] {
///     last = turns.received(Duration::from_millis(ms), &ServerEvent::parse(event)?);
/// }
/// let Some(TurnEvent::FirstAudio { latency, .. }) = last else { unreachable!() };
/// assert_eq!(latency, Some(Duration::from_millis(310)));
/// # Ok::<(), openai_realtime_ws::ParseError>(())
/// ```
#[derive(Debug, Default)]
pub struct Turns {
    speaking: bool,
    /// Time at which the user's last turn ended, until a response begins.
    ended: Option<Duration>,
    under_way: Vec<ModelTurn>,
}

/// Turn of the model: one response.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelTurn {
    /// Id of the response.
    pub response_id: String,
    /// Time when it began.
    pub started: Duration,
    /// Time when the user's turn before it ended, if it answers one.
    pub user_ended: Option<Duration>,
    /// Time when its first audio arrived.
    pub first_audio: Option<Duration>,
    /// Outcome; `None` while it is under way.
    pub outcome: Option<Outcome>,
}

impl ModelTurn {
    /// Returns the time from the end of the user's speech to the first audio.
    #[must_use]
    pub fn latency(&self) -> Option<Duration> {
        Some(self.first_audio?.saturating_sub(self.user_ended?))
    }
}

/// Beginning or end of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TurnEvent {
    /// The user began to speak.
    #[non_exhaustive]
    SpeechStarted {
        /// Item that the speech will become.
        item_id: String,
        /// Place in the session's input audio, in milliseconds.
        audio_start_ms: u64,
    },
    /// The user stopped speaking.
    #[non_exhaustive]
    SpeechStopped {
        /// Item that the speech will become.
        item_id: String,
        /// Place in the session's input audio, in milliseconds.
        audio_end_ms: u64,
    },
    /// The model's turn began.
    #[non_exhaustive]
    TurnStarted {
        /// Id of the response.
        response_id: String,
    },
    /// The first audio of the model's turn arrived.
    #[non_exhaustive]
    FirstAudio {
        /// Id of the response.
        response_id: String,
        /// Time since the user's speech ended, if the turn answers speech.
        latency: Option<Duration>,
    },
    /// The model's turn ended.
    TurnDone(ModelTurn),
}

impl Turns {
    /// Returns an observer that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns true while the user speaks.
    #[must_use]
    pub fn is_user_speaking(&self) -> bool {
        self.speaking
    }

    /// Returns the turns of the model under way.
    #[must_use]
    pub fn under_way(&self) -> &[ModelTurn] {
        &self.under_way
    }

    /// Takes an event of the server.
    pub fn received(&mut self, now: Duration, event: &ServerEvent) -> Option<TurnEvent> {
        match event {
            ServerEvent::ResponseOutputAudioDelta(event) => {
                let turn =
                    (self.under_way.iter_mut()).find(|turn| turn.response_id == event.response_id);
                let turn = turn.filter(|turn| turn.first_audio.is_none())?;
                turn.first_audio = Some(now);
                Some(TurnEvent::FirstAudio {
                    response_id: event.response_id.clone(),
                    latency: turn.latency(),
                })
            }
            ServerEvent::InputAudioBufferSpeechStarted(event) => {
                self.speaking = true;
                self.ended = None;
                Some(TurnEvent::SpeechStarted {
                    item_id: event.item_id.clone(),
                    audio_start_ms: event.audio_start_ms,
                })
            }
            ServerEvent::InputAudioBufferSpeechStopped(event) => {
                self.speaking = false;
                self.ended = Some(now);
                Some(TurnEvent::SpeechStopped {
                    item_id: event.item_id.clone(),
                    audio_end_ms: event.audio_end_ms,
                })
            }
            // Without turn detection, the commit ends the user's turn.
            ServerEvent::InputAudioBufferCommitted(_) => {
                self.speaking = false;
                self.ended.get_or_insert(now);
                None
            }
            ServerEvent::ResponseCreated(event) => {
                if self.under_way.len() >= MAX_TURNS {
                    self.under_way.remove(0);
                }
                self.under_way.push(ModelTurn {
                    response_id: event.response.id.clone(),
                    started: now,
                    user_ended: self.ended.take(),
                    first_audio: None,
                    outcome: None,
                });
                Some(TurnEvent::TurnStarted {
                    response_id: event.response.id.clone(),
                })
            }
            ServerEvent::ResponseDone(event) => {
                let is_it = |turn: &ModelTurn| turn.response_id == event.response.id;
                let at = self.under_way.iter().position(is_it)?;
                let mut turn = self.under_way.remove(at);
                turn.outcome = Some(Outcome::of(&event.response));
                Some(TurnEvent::TurnDone(turn))
            }
            _ => None,
        }
    }

    /// Tells that the connection broke: turns under way are over, without an event.
    pub fn connection_lost(&mut self) {
        *self = Self::default();
    }
}
