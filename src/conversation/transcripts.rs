//! Transcripts of the user's turns, in the order of the turns.

use std::collections::VecDeque;

use crate::protocol::{ServerEvent, TranscriptionError};

/// Final transcript of a turn.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Transcript {
    /// Item of the turn.
    pub item_id: String,
    /// Start of the speech, in milliseconds of the session's audio, if the server detects turns.
    pub start_ms: Option<u64>,
    /// End of the speech, likewise. It includes the silence that ended the turn.
    pub end_ms: Option<u64>,
    /// The text, or the reason why there is none.
    pub text: Result<String, TranscriptError>,
}

/// Reason for a missing transcript.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TranscriptError {
    /// The service could not transcribe the speech.
    #[error("the speech could not be transcribed: {}", reason(.0))]
    Failed(TranscriptionError),
    /// The server said nothing for a minute.
    #[error("the transcript did not come in time")]
    TimedOut,
    /// The session ended before.
    #[error("the session ended before the transcript came")]
    Ended,
}

fn reason(error: &TranscriptionError) -> &str {
    let reason = error.message.as_deref().or(error.code.as_deref());
    reason.unwrap_or("no reason was given")
}

/// Record of the turns whose transcripts are to come.
///
/// Feed it with every event of the server, and read the final transcripts from
/// [`poll`](Self::poll): in the order of the turns, whichever comes first. It does no I/O.
///
/// ```
/// use openai_realtime_ws::ServerEvent;
/// use openai_realtime_ws::conversation::Transcripts;
/// use openai_realtime_ws::protocol::Events;
///
/// let mut transcripts = Transcripts::new();
/// for event in [
///     r#"{"type":"input_audio_buffer.committed","previous_item_id":null,"item_id":"item_1"}"#,
///     r#"{"type":"input_audio_buffer.committed","previous_item_id":"item_1","item_id":"item_2"}"#,
///     r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"item_2",
///         "content_index":0,"transcript":"And you?"}"#,
/// ] {
///     transcripts.received(&ServerEvent::parse(event)?);
/// }
/// assert_eq!(transcripts.poll(), None, "the first turn comes first");
/// transcripts.received(&ServerEvent::parse(
///     r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"item_1",
///         "content_index":0,"transcript":"Hello."}"#,
/// )?);
/// let texts: Vec<_> = std::iter::from_fn(|| transcripts.poll()).map(|turn| turn.text).collect();
/// assert_eq!(texts, [Ok("Hello.".to_owned()), Ok("And you?".to_owned())]);
/// assert!(transcripts.is_settled());
/// # Ok::<(), openai_realtime_ws::ParseError>(())
/// ```
#[derive(Debug, Default)]
pub struct Transcripts {
    turns: VecDeque<SpokenTurn>,
}

#[derive(Debug)]
struct SpokenTurn {
    item_id: String,
    start_ms: Option<u64>,
    end_ms: Option<u64>,
    /// Set once the server has made an item of it, whose transcript then comes.
    committed: bool,
    text: Option<Result<String, TranscriptError>>,
}

impl Transcripts {
    /// Returns an empty record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an event of the server. Only those about the user's speech matter.
    pub fn received(&mut self, event: &ServerEvent) {
        match event {
            ServerEvent::InputAudioBufferSpeechStarted(event) => {
                self.turn(&event.item_id).start_ms = Some(event.audio_start_ms);
            }
            ServerEvent::InputAudioBufferSpeechStopped(event) => {
                self.turn(&event.item_id).end_ms = Some(event.audio_end_ms);
            }
            ServerEvent::InputAudioBufferCommitted(event) => {
                self.turn(&event.item_id).committed = true;
                if let Some(previous) = event.previous_item_id.as_set() {
                    self.put_behind(previous, &event.item_id);
                }
            }
            ServerEvent::ConversationItemInputAudioTranscriptionCompleted(event) => {
                self.turn(&event.item_id).text = Some(Ok(event.transcript.clone()));
            }
            ServerEvent::ConversationItemInputAudioTranscriptionFailed(event) => {
                let error = TranscriptError::Failed(event.error.clone());
                self.turn(&event.item_id).text = Some(Err(error));
            }
            ServerEvent::ConversationItemDeleted(event) => {
                self.turns.retain(|turn| turn.item_id != event.item_id);
            }
            _ => {}
        }
    }

    /// Returns the next final transcript, once those of all turns before it were given.
    pub fn poll(&mut self) -> Option<Transcript> {
        self.turns.front()?.text.as_ref()?;
        let turn = self.turns.pop_front()?;
        Some(Transcript {
            item_id: turn.item_id,
            start_ms: turn.start_ms,
            end_ms: turn.end_ms,
            text: turn.text?,
        })
    }

    /// Returns true if no transcript of a committed turn is to come.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let outstanding = |turn: &SpokenTurn| turn.committed && turn.text.is_none();
        !self.turns.iter().any(outstanding)
    }

    /// Ends the turns whose transcripts have not come with this error. Speech that was not
    /// committed is forgotten.
    pub fn give_up(&mut self, error: &TranscriptError) {
        self.turns
            .retain(|turn| turn.committed || turn.text.is_some());
        for turn in &mut self.turns {
            turn.text.get_or_insert_with(|| Err(error.clone()));
        }
    }

    fn position(&self, item_id: &str) -> Option<usize> {
        self.turns.iter().position(|turn| turn.item_id == item_id)
    }

    /// Returns the turn of an item, which is a new one behind the others if it is not known.
    fn turn(&mut self, item_id: &str) -> &mut SpokenTurn {
        let at = self.position(item_id).unwrap_or_else(|| {
            self.turns.push_back(SpokenTurn {
                item_id: item_id.to_owned(),
                start_ms: None,
                end_ms: None,
                committed: false,
                text: None,
            });
            self.turns.len() - 1
        });
        &mut self.turns[at]
    }

    fn put_behind(&mut self, previous: &str, item_id: &str) {
        if let (Some(previous), Some(at)) = (self.position(previous), self.position(item_id))
            && at < previous
            && let Some(turn) = self.turns.remove(at)
        {
            // The ones behind it have moved up.
            self.turns.insert(previous, turn);
        }
    }
}
