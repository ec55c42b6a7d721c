//! Memory of a session: events from which a new one can continue.

use bytestring::ByteString;

use crate::protocol::{
    ClientEvent, ErrorDetails, Event, Events, Item, Patch, RawEvent, ServerEvent, SessionUpdate,
};

mod items;
mod lost;
mod settings;
#[cfg(test)]
mod tests;

pub use lost::{Lost, WhyLost};

use items::Items;
use settings::Settings;

/// Upper bound of an event's bytes beside its item or session.
const OVERHEAD: usize = 128;

/// Responses of the conversation under way, at most; services allow one.
const MAX_RESPONSES: usize = 16;

/// The configuration and the conversation of a session, as far as a client can make them again, in
/// so many bytes.
///
/// A reconnect gives a blank session. From what is told to this about the old one,
/// [`restore`](Self::restore) makes the events that bring the new one to where the old one was. It
/// does no I/O. `Session` has one when it is asked to restore; whoever drives a
/// [`Connection`](crate::Connection) can have one, too.
///
/// - The configuration is the client's own: its `session.update`s, merged, without those that the
///   server refused.
/// - The conversation is what the server said it is, in its order, and what the client added that
///   the server has neither taken nor refused.
/// - Audio is not remembered: speech comes back as the text of its transcript, and images as they
///   are. A message that was truncated does not come back: which of its words were heard is
///   unknown.
/// - A function call comes back if it is complete, with its output if it has one. Items of a
///   response that was under way do not.
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
    /// The ids of the conversation's responses that are under way.
    responses: Vec<String>,
    /// The event ids of the responses that the client asked for, and that the server has neither
    /// begun nor refused.
    asked: Vec<Option<String>>,
    input: InputAudio,
    /// Number of events made, for their ids.
    made: u64,
}

/// Events that restore a session, and a list of everything that they cannot restore.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Restoration {
    /// The events to send before any other, in this order. Each has an `event_id` of its own, which
    /// an `error` names if the server refuses one.
    pub events: Vec<RawEvent>,
    /// Everything that is not restored.
    pub lost: Vec<Lost>,
}

/// Input audio in the server's buffer.
#[derive(Debug, Default)]
struct InputAudio {
    bytes: usize,
    /// Bytes that the client has asked to commit.
    committing: Option<usize>,
}

impl Memory {
    /// One that remembers nothing yet. The bound is for what it gives back, in bytes of events. The
    /// configuration comes first, and is kept whatever its size; then the newest items.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            settings: Settings::default(),
            items: Items::default(),
            responses: Vec::new(),
            asked: Vec::new(),
            input: InputAudio::default(),
            made: 0,
        }
    }

    /// The client's event was handed to the socket. It may be one that [`restore`](Self::restore)
    /// made.
    pub fn sent(&mut self, event: &RawEvent) {
        let decoded = || event.clone().decode_as();
        match event.event_type() {
            SessionUpdate::TYPE => self.settings.sent(event),
            "conversation.item.create" => {
                if let ClientEvent::ConversationItemCreate(event) = decoded() {
                    self.items.asked(event);
                }
            }
            "conversation.item.delete" => {
                if let ClientEvent::ConversationItemDelete(event) = decoded() {
                    self.items.delete(&event.item_id);
                }
            }
            "response.create" => {
                if let ClientEvent::ResponseCreate(event) = decoded()
                    && self.asked.len() < MAX_RESPONSES
                {
                    self.asked.push(event.event_id);
                }
                return;
            }
            "input_audio_buffer.append" => {
                if let ClientEvent::InputAudioBufferAppend(event) = decoded() {
                    self.input.bytes += event.audio.decoded_len();
                }
                return;
            }
            "input_audio_buffer.commit" => self.input.committing = Some(self.input.bytes),
            "input_audio_buffer.clear" => self.input = InputAudio::default(),
            _ => return,
        }
        self.trim();
    }

    /// The server's event arrived. Of most types, such as the deltas, nothing is remembered, and
    /// the text is not looked at.
    pub fn received(&mut self, event_type: &str, text: &ByteString) {
        if is_remembered(event_type)
            && let Ok(event) = ServerEvent::parse(text.clone())
        {
            self.learn(event);
            self.trim();
        }
    }

    fn learn(&mut self, event: ServerEvent) {
        match event {
            ServerEvent::SessionUpdated(_) => self.settings.taken(),
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
            ServerEvent::ConversationItemTruncated(event) => self.items.truncated(&event.item_id),
            ServerEvent::ConversationItemDeleted(event) => self.items.deleted(&event.item_id),
            ServerEvent::ConversationItemInputAudioTranscriptionCompleted(event) => {
                (self.items).transcribed(&event.item_id, event.content_index, event.transcript);
            }
            ServerEvent::InputAudioBufferCommitted(event) => {
                self.input.commit();
                (self.items).committed(previous(&event.previous_item_id), event.item_id);
            }
            ServerEvent::InputAudioBufferCleared(_) => self.input = InputAudio::default(),
            ServerEvent::ResponseCreated(event) => {
                if !self.asked.is_empty() {
                    self.asked.remove(0);
                }
                let response = event.response;
                // One beside the conversation leaves nothing in it.
                if response.conversation_id.is_some() && self.responses.len() < MAX_RESPONSES {
                    self.responses.push(response.id);
                }
            }
            ServerEvent::ResponseOutputItemAdded(event) => {
                self.seen_in_response(event.response_id, event.item);
            }
            ServerEvent::ResponseOutputItemDone(event) => {
                self.seen_in_response(event.response_id, event.item);
            }
            ServerEvent::ResponseDone(event) => {
                self.responses.retain(|id| *id != event.response.id);
                self.items.finished(*event.response);
            }
            _ => {}
        }
    }

    /// Everything anew, for a session that knows nothing. The memory stays: call it again when that
    /// session breaks off, were it before all of its events were sent.
    pub fn restore(&mut self) -> Restoration {
        let mut lost = Vec::new();
        let begun = std::mem::take(&mut self.responses).into_iter().map(Some);
        let asked = std::mem::take(&mut self.asked).into_iter().map(|_| None);
        lost.extend(
            begun
                .chain(asked)
                .map(|response_id| Lost::Response { response_id }),
        );
        let InputAudio { bytes, .. } = std::mem::take(&mut self.input);
        if bytes > 0 {
            lost.push(Lost::InputAudio { bytes });
        }
        let mut new_id = || {
            self.made += 1;
            format!("restore_{}", self.made)
        };
        let settings = self.settings.restore(&mut new_id);
        let items = self.items.restore(&mut new_id, &mut lost);
        let settings = settings.into_iter().map(ClientEvent::from);
        let items = items.into_iter().map(ClientEvent::from);
        Restoration {
            events: settings.chain(items).map(|event| event.encode()).collect(),
            lost,
        }
    }

    fn seen_in_response(&mut self, response_id: String, item: Item) {
        if self.responses.contains(&response_id) {
            self.items.seen_in_response(response_id, item);
        }
    }

    /// Servers name the event that they refuse, if it has an id; the field at fault they name
    /// always.
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
        let busy = error.code.as_deref() == Some("conversation_already_has_active_response");
        if event_id.is_some() || busy || at_fault("response") {
            let refused = self.asked.iter().position(|id| id.as_deref() == event_id);
            refused.map(|at| self.asked.remove(at));
        }
    }

    fn trim(&mut self) {
        self.items
            .trim(self.max_bytes.saturating_sub(self.settings.bytes()));
    }
}

impl InputAudio {
    /// The server made a message of what was asked for, or of all where it decides by itself.
    fn commit(&mut self) {
        let committed = self.committing.take().unwrap_or(self.bytes);
        self.bytes -= committed.min(self.bytes);
    }
}

/// Returns the item that another stands behind, as the server names it.
fn previous(id: &Patch<String>) -> Option<&str> {
    id.as_set().map(String::as_str)
}

fn is_remembered(event_type: &str) -> bool {
    matches!(
        event_type,
        "session.updated"
            | "error"
            | "conversation.item.added"
            | "conversation.item.created"
            | "conversation.item.done"
            | "conversation.item.truncated"
            | "conversation.item.deleted"
            | "conversation.item.input_audio_transcription.completed"
            | "input_audio_buffer.committed"
            | "input_audio_buffer.cleared"
            | "response.created"
            | "response.output_item.added"
            | "response.output_item.done"
            | "response.done"
    )
}
