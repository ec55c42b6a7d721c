//! Record of a session, from which a new one is restored.

use bytestring::ByteString;

use crate::protocol::{
    ClientEvent, ConversationItemAdded, ConversationItemCreate, ConversationItemCreated,
    ConversationItemDelete, ConversationItemDeleted, ConversationItemDone,
    ConversationItemInputAudioTranscriptionCompleted,
    ConversationItemInputAudioTranscriptionFailed, ConversationItemTruncated, ErrorDetails,
    ErrorEvent, Event, Events, InputAudioBufferAppend, InputAudioBufferClear,
    InputAudioBufferCleared, InputAudioBufferCommit, InputAudioBufferCommitted,
    InputAudioBufferSpeechStarted, InputAudioBufferTimeoutTriggered, Item, Patch, RawEvent,
    ResponseCreate, ResponseCreated, ResponseDone, ResponseOutputAudioDelta,
    ResponseOutputItemAdded, ResponseOutputItemDone, ServerEvent, SessionCreated, SessionUpdate,
    SessionUpdated,
};

mod heard;
mod input;
mod items;
mod lost;
mod responses;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use heard::{OutputFormats, heard_text};
pub use lost::{Lost, WhyLost};

use input::Input;
use items::Items;
use responses::Responses;
use settings::Settings;

/// Bytes that an event takes beside its item or session, and more.
const OVERHEAD: usize = 128;

/// Record of a session's configuration and conversation, as far as a client can restore them.
///
/// A reconnect gives a blank session. From the events of the old session,
/// [`restore`](Self::restore) makes the events that bring the new one to the same state. It does no
/// I/O. A `Session` has a record when it is asked to restore; the driver of a
/// [`Connection`](crate::Connection) can keep one, too.
///
/// - The configuration is the client's own: its `session.update`s, merged, without those that the
///   server refused.
/// - The conversation is what the server reported, in its order, and what the client added that the
///   server has neither taken nor refused.
/// - Audio is not recorded: speech comes back as the text of its transcript, and images as they
///   are. A truncated message comes back as the words that were heard, by the share of its audio.
/// - A function call comes back if it is complete, with its output if it has one. Items of a
///   response that was under way do not come back.
/// - Items keep their ids.
///
/// ```
/// use openai_realtime_ws::{Memory, RawEvent};
///
/// let mut memory = Memory::new(256 * 1024);
/// memory.sent(&RawEvent::parse(r#"{"type":"session.update","session":{"type":"realtime","instructions":"Be brief."}}"#)?);
/// let added = r#"{"type":"conversation.item.added","item":{"type":"message","id":"item_1","role":"user",
///     "status":"completed","content":[{"type":"input_audio","transcript":"Hello."}]}}"#;
/// memory.received("conversation.item.added", &added.into());
///
/// let restoration = memory.restore();
/// let types: Vec<_> = restoration.events.iter().map(RawEvent::event_type).collect();
/// assert_eq!(types, ["session.update", "conversation.item.create"]);
/// assert!(restoration.events[1].text().contains(r#"{"type":"input_text","text":"Hello."}"#));
/// assert!(restoration.lost.is_empty());
/// # Ok::<(), openai_realtime_ws::ParseError>(())
/// ```
#[derive(Debug)]
pub struct Memory {
    max_bytes: usize,
    settings: Settings,
    items: Items,
    responses: Responses,
    input: Input,
    formats: OutputFormats,
    /// Number of events made so far, for their ids.
    made: u64,
}

/// Events that restore a session, and what they cannot restore.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Restoration {
    /// The events to send before any other, in this order. Each has an `event_id` of its own, which
    /// an `error` names if the server refuses the event.
    pub events: Vec<RawEvent>,
    /// The parts of the conversation that are not restored.
    pub lost: Vec<Lost>,
}

impl Memory {
    /// Empty record that gives back at most `max_bytes` of events. The configuration comes first
    /// and is kept whatever its size; then the newest items.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            settings: Settings::default(),
            items: Items::default(),
            responses: Responses::default(),
            input: Input::default(),
            formats: OutputFormats::default(),
            made: 0,
        }
    }

    /// Records an event that was handed to the socket, even one that [`restore`](Self::restore)
    /// made.
    pub fn sent(&mut self, event: &RawEvent) {
        let decoded = || event.clone().decode_as();
        match event.event_type() {
            SessionUpdate::TYPE => self.settings.sent(event),
            ConversationItemCreate::TYPE => {
                if let ClientEvent::ConversationItemCreate(event) = decoded() {
                    self.items.asked(event);
                }
            }
            ConversationItemDelete::TYPE => {
                if let ClientEvent::ConversationItemDelete(event) = decoded() {
                    self.items.delete(&event.item_id);
                    self.input.transcribed(&event.item_id);
                }
            }
            ResponseCreate::TYPE => {
                if let ClientEvent::ResponseCreate(event) = decoded() {
                    self.responses.asked(event.event_id);
                }
                return;
            }
            // Counted only: audio that was not committed cannot be restored, but its loss is told.
            InputAudioBufferAppend::TYPE => {
                if let ClientEvent::InputAudioBufferAppend(event) = decoded() {
                    self.input.appended(event.audio.decoded_len());
                }
                return;
            }
            InputAudioBufferCommit::TYPE => self.input.committing(),
            InputAudioBufferClear::TYPE => self.input.cleared(),
            _ => return,
        }
        self.trim();
    }

    /// Records an event that arrived. Most types, such as the deltas of texts, are not recorded,
    /// and their text is not read.
    pub fn received(&mut self, event_type: &str, text: &ByteString) {
        if event_type == ResponseOutputAudioDelta::TYPE {
            // Its length alone counts: it tells which share of the words was heard.
            let event = ServerEvent::parse(text.clone());
            if let Ok(ServerEvent::ResponseOutputAudioDelta(delta)) = event {
                let rate = self.formats.of(&delta.response_id);
                (self.items).audible(&delta.item_id, delta.delta.decoded_len(), rate);
            }
        } else if is_recorded(event_type)
            && let Ok(event) = ServerEvent::parse(text.clone())
        {
            self.learn(event);
            self.trim();
        }
    }

    /// Returns the ids of the events by which a restored session is given its settings.
    pub(super) fn updates(&self) -> Vec<String> {
        self.settings.event_ids()
    }

    /// Returns true between turns: nobody speaks, no response is asked for or under way, and every
    /// transcript is there.
    pub(super) fn is_between_turns(&self) -> bool {
        self.responses.are_settled() && self.input.is_settled()
    }

    fn learn(&mut self, event: ServerEvent) {
        match event {
            ServerEvent::SessionCreated(event) => {
                self.formats.learn_session(&event.session);
                self.input.configured(&event.session);
            }
            ServerEvent::SessionUpdated(event) => {
                self.settings.taken();
                self.formats.learn_session(&event.session);
                self.input.configured(&event.session);
            }
            ServerEvent::Error(event) => self.refused(&event.error),
            ServerEvent::ConversationItemAdded(event) => {
                (self.items).seen(previous(&event.previous_item_id), event.item, false);
            }
            ServerEvent::ConversationItemCreated(event) => {
                (self.items).seen(previous(&event.previous_item_id), event.item, false);
            }
            ServerEvent::ConversationItemDone(event) => {
                (self.items).seen(previous(&event.previous_item_id), event.item, true);
            }
            ServerEvent::ConversationItemTruncated(event) => {
                self.items.truncated(&event.item_id, event.audio_end_ms);
            }
            ServerEvent::ConversationItemDeleted(event) => {
                self.items.deleted(&event.item_id);
                self.input.transcribed(&event.item_id);
            }
            ServerEvent::ConversationItemInputAudioTranscriptionCompleted(event) => {
                self.input.transcribed(&event.item_id);
                (self.items).transcribed(&event.item_id, event.content_index, event.transcript);
            }
            ServerEvent::ConversationItemInputAudioTranscriptionFailed(event) => {
                self.input.transcribed(&event.item_id);
            }
            ServerEvent::InputAudioBufferSpeechStarted(_) => self.input.speech_started(),
            ServerEvent::InputAudioBufferCommitted(event) => {
                if self.input.committed(&event.item_id) {
                    self.responses.expect();
                }
                (self.items).committed(previous(&event.previous_item_id), event.item_id);
            }
            ServerEvent::InputAudioBufferCleared(_)
            | ServerEvent::InputAudioBufferTimeoutTriggered(_) => self.input.cleared(),
            ServerEvent::ResponseCreated(event) => {
                let response = event.response;
                self.formats.learn_response(&response);
                (self.responses).begun(response.id, response.conversation_id.is_some());
            }
            ServerEvent::ResponseOutputItemAdded(event) => {
                self.seen_in_response(event.response_id, event.item);
            }
            ServerEvent::ResponseOutputItemDone(event) => {
                self.seen_in_response(event.response_id, event.item);
            }
            ServerEvent::ResponseDone(event) => {
                self.responses.ended(&event.response.id);
                self.items.finished(*event.response);
            }
            _ => {}
        }
    }

    /// Returns the events for a blank session. The record stays: call this again when that session
    /// breaks off in turn, even if not all of its events were sent.
    pub fn restore(&mut self) -> Restoration {
        let mut lost = Vec::new();
        self.responses.lose(&mut lost);
        self.input.lose(&mut lost);
        let mut new_id = || {
            self.made += 1;
            format!("restore_{}", self.made)
        };
        let settings = self.settings.restore(&mut new_id);
        // Settings first: the items' audio and tools are read by them.
        let items = self.items.restore(&mut new_id, &mut lost);
        let settings = settings.into_iter().map(ClientEvent::from);
        let items = items.into_iter().map(ClientEvent::from);
        Restoration {
            events: settings.chain(items).map(|event| event.encode()).collect(),
            lost,
        }
    }

    fn seen_in_response(&mut self, response_id: String, item: Item) {
        if self.responses.has(&response_id) {
            self.items.seen_in_response(response_id, item);
        }
    }

    /// Notes an error. Servers name the event that they refuse if it has an id, but not always:
    /// without one, the field at fault says what was refused.
    fn refused(&mut self, error: &ErrorDetails) {
        let event_id = error.event_id.as_deref();
        let at_fault =
            |field| (error.param.as_deref()).is_some_and(|param| param.starts_with(field));
        if event_id.is_some() || at_fault("session") {
            self.settings.refused(event_id);
        }
        if event_id.is_some() || at_fault("item") {
            self.items.refused(event_id);
        }
        self.responses.refused(error);
    }

    fn trim(&mut self) {
        self.items
            .trim(self.max_bytes.saturating_sub(self.settings.bytes()));
    }
}

/// Returns the item that another stands behind, as the server names it.
fn previous(id: &Patch<String>) -> Option<&str> {
    id.as_set().map(String::as_str)
}

/// Returns true for the types of events that [`Memory::received`] records.
fn is_recorded(event_type: &str) -> bool {
    matches!(
        event_type,
        SessionCreated::TYPE
            | SessionUpdated::TYPE
            | ErrorEvent::TYPE
            | ConversationItemAdded::TYPE
            | ConversationItemCreated::TYPE
            | ConversationItemDone::TYPE
            | ConversationItemTruncated::TYPE
            | ConversationItemDeleted::TYPE
            | ConversationItemInputAudioTranscriptionCompleted::TYPE
            | ConversationItemInputAudioTranscriptionFailed::TYPE
            | InputAudioBufferSpeechStarted::TYPE
            | InputAudioBufferCommitted::TYPE
            | InputAudioBufferCleared::TYPE
            | InputAudioBufferTimeoutTriggered::TYPE
            | ResponseCreated::TYPE
            | ResponseOutputItemAdded::TYPE
            | ResponseOutputItemDone::TYPE
            | ResponseDone::TYPE
    )
}
