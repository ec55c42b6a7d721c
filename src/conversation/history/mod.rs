//! History: the conversation's items in the server's order, with their text as it grows.

use serde::{Deserialize, Serialize};

use crate::protocol::{
    ContentPart, ContentType, ConversationItemCreate, Item, Message, Patch, Response,
    ResponseStatus, ServerEvent,
};
use crate::session::OutputFormats;

mod entry;
mod seed;

pub use entry::{EntryKind, EntryStatus, HistoryEntry};
pub use seed::SeedPlace;

/// Largest number of transcripts that are kept for items that have not been announced.
const MAX_EARLY: usize = 32;

/// Record of a conversation: its items in the server's order.
///
/// Feed it with every event of the server, and read [`entries`](Self::entries). The returned
/// [`Change`] says which entry to draw again:
///
/// ```
/// use openai_realtime_ws::ServerEvent;
/// use openai_realtime_ws::conversation::{Change, History};
/// use openai_realtime_ws::protocol::{Events, Role};
///
/// let mut history = History::new();
/// for event in [
///     r#"{"type":"input_audio_buffer.committed","previous_item_id":null,"item_id":"item_1"}"#,
///     r#"{"type":"conversation.item.added","previous_item_id":"item_1","item":{"type":"message",
///         "id":"item_2","role":"assistant","status":"in_progress","content":[]}}"#,
///     r#"{"type":"response.output_audio_transcript.delta","item_id":"item_2","delta":"Good morning!"}"#,
///     // The transcript of the user's speech comes late, and lands in its place.
///     r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"item_1",
///         "content_index":0,"transcript":"Hello."}"#,
/// ] {
///     match history.apply(&ServerEvent::parse(event)?) {
///         Change::Added(at) | Change::Grew(at) | Change::Updated(at) => {
///             println!("{:?}: {}", history.entries()[at].role(), history.entries()[at].text());
///         }
///         _ => {}
///     }
/// }
/// let texts: Vec<_> = history.entries().iter().map(|entry| entry.text()).collect();
/// assert_eq!(texts, ["Hello.", "Good morning!"]);
/// assert_eq!(history.entries()[0].role(), Some(&Role::User));
/// # Ok::<(), openai_realtime_ws::ParseError>(())
/// ```
///
/// - Order is by `previous_item_id`: null is the front; absent or unknown is the end.
/// - A reply that was interrupted keeps its text, and [`heard`](HistoryEntry::heard) gives the part
///   that was played.
/// - Audio is not kept. Images are.
/// - It serialises. [`seed`](Self::seed) gives the events that put it into a new session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct History {
    entries: Vec<HistoryEntry>,
    /// Transcripts of items that have not been announced, by item id.
    #[serde(skip)]
    early: Vec<(String, String)>,
    #[serde(skip)]
    formats: OutputFormats,
}

/// Change of a [`History`], for views. Indexes are those after the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Nothing that shows.
    Unchanged,
    /// There is a new entry here.
    Added(usize),
    /// The text of this entry has grown at its end.
    Grew(usize),
    /// Something of this entry is different.
    Updated(usize),
    /// An entry stands elsewhere, and may be different.
    #[non_exhaustive]
    Moved {
        /// Index before.
        from: usize,
        /// Index now.
        to: usize,
    },
    /// The entry that stood here is gone.
    Removed(usize),
}

/// Text of an entry that grows.
#[derive(Clone, Copy)]
enum Growing {
    Text,
    Transcript,
}

impl History {
    /// Returns an empty history.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the entries, in the server's order.
    #[must_use]
    pub fn entries(&self) -> &[HistoryEntry] {
        &self.entries
    }

    /// Returns the entry of an item.
    #[must_use]
    pub fn get(&self, item_id: &str) -> Option<&HistoryEntry> {
        self.entries.get(self.position(item_id)?)
    }

    /// Returns the place of an item's entry.
    #[must_use]
    pub fn position(&self, item_id: &str) -> Option<usize> {
        // Mostly it is one of the last.
        (self.entries.iter()).rposition(|entry| entry.id() == Some(item_id))
    }

    /// Takes an event of the server, and returns the change.
    pub fn apply(&mut self, event: &ServerEvent) -> Change {
        match event {
            ServerEvent::ResponseOutputTextDelta(event) => {
                let (id, index) = (&event.item_id, event.content_index);
                self.grow(id, index, &event.response_id, Growing::Text, &event.delta)
            }
            ServerEvent::ResponseOutputAudioTranscriptDelta(event) => {
                let (id, index) = (&event.item_id, event.content_index);
                self.grow(
                    id,
                    index,
                    &event.response_id,
                    Growing::Transcript,
                    &event.delta,
                )
            }
            ServerEvent::ResponseOutputAudioDelta(event) => {
                let bytes_per_second = self.formats.of(&event.response_id);
                if let Some((_, entry)) = self.find(&event.item_id) {
                    entry.hear(event.delta.decoded_len(), bytes_per_second);
                    entry.respond(&event.response_id);
                }
                Change::Unchanged
            }
            ServerEvent::ResponseFunctionCallArgumentsDelta(event) => {
                self.arguments(&event.item_id, &event.delta, false)
            }
            ServerEvent::ResponseFunctionCallArgumentsDone(event) => {
                self.arguments(&event.item_id, &event.arguments, true)
            }
            ServerEvent::ResponseMcpCallArgumentsDelta(event) => {
                self.arguments(&event.item_id, &event.delta, false)
            }
            ServerEvent::ResponseMcpCallArgumentsDone(event) => {
                self.arguments(&event.item_id, &event.arguments, true)
            }
            ServerEvent::ResponseOutputTextDone(event) => self.set(
                &event.item_id,
                event.content_index,
                Growing::Text,
                &event.text,
            ),
            ServerEvent::ResponseOutputAudioTranscriptDone(event) => {
                let (index, text) = (event.content_index, &event.transcript);
                self.set(&event.item_id, index, Growing::Transcript, text)
            }
            ServerEvent::ConversationItemInputAudioTranscriptionDelta(event) => {
                self.transcribed(&event.item_id, event.content_index, &event.delta, false)
            }
            ServerEvent::ConversationItemInputAudioTranscriptionCompleted(event) => {
                self.transcribed(&event.item_id, event.content_index, &event.transcript, true)
            }
            ServerEvent::ConversationItemInputAudioTranscriptionFailed(event) => {
                self.update(&event.item_id, |entry| entry.transcription_failed = true)
            }
            ServerEvent::ConversationItemTruncated(event) => self.update(&event.item_id, |entry| {
                entry.truncated_ms = Some(event.audio_end_ms);
            }),
            ServerEvent::ConversationItemDeleted(event) => match self.position(&event.item_id) {
                Some(at) => {
                    self.entries.remove(at);
                    Change::Removed(at)
                }
                None => Change::Unchanged,
            },
            event => self.apply_item(event),
        }
    }

    /// The events that announce items and end responses; the frequent ones are above.
    fn apply_item(&mut self, event: &ServerEvent) -> Change {
        match event {
            ServerEvent::ConversationItemAdded(event) => {
                self.place(&event.previous_item_id, &event.item, false)
            }
            ServerEvent::ConversationItemCreated(event) => {
                self.place(&event.previous_item_id, &event.item, false)
            }
            ServerEvent::ConversationItemDone(event) => {
                self.place(&event.previous_item_id, &event.item, true)
            }
            ServerEvent::ConversationItemRetrieved(event) => match event.item.id() {
                Some(id) => self.update(id, |entry| entry.learn(&event.item)),
                None => Change::Unchanged,
            },
            ServerEvent::InputAudioBufferCommitted(event) => {
                let part = ContentPart::default().kind(ContentType::InputAudio);
                let message = Message::user(part).id(event.item_id.as_str());
                self.place(&event.previous_item_id, &message.into(), true)
            }
            ServerEvent::ResponseOutputItemDone(event) => match event.item.id() {
                Some(id) => self.update(id, |entry| {
                    entry.respond(&event.response_id);
                    entry.learn(&event.item);
                    entry.settle(&event.item);
                }),
                None => Change::Unchanged,
            },
            ServerEvent::ResponseCreated(event) => {
                self.formats.learn_response(&event.response);
                Change::Unchanged
            }
            ServerEvent::ResponseDone(event) => self.response_done(&event.response),
            ServerEvent::SessionCreated(event) => {
                self.formats.learn_session(&event.session);
                Change::Unchanged
            }
            ServerEvent::SessionUpdated(event) => {
                self.formats.learn_session(&event.session);
                Change::Unchanged
            }
            _ => Change::Unchanged,
        }
    }

    /// Tells that the connection broke: items that were in progress stay incomplete, and none
    /// counts as [on the server](HistoryEntry::on_server) until it comes back.
    pub fn connection_lost(&mut self) {
        for entry in &mut self.entries {
            entry.on_server = false;
            if entry.status == EntryStatus::InProgress {
                entry.status = EntryStatus::Incomplete;
            }
        }
    }

    /// Returns the events that put the conversation into a new session, in text: speech as its
    /// transcript, interrupted replies as the part that was heard, function calls with their
    /// outputs. Items keep their ids.
    ///
    /// Calls without an output, items of MCP servers and items without text are left out.
    ///
    /// ```
    /// use openai_realtime_ws::ServerEvent;
    /// use openai_realtime_ws::conversation::{History, SeedPlace};
    /// use openai_realtime_ws::protocol::Events;
    ///
    /// let mut history = History::new();
    /// history.apply(&ServerEvent::parse(
    ///     r#"{"type":"conversation.item.added","item":{"type":"message","id":"item_1","role":"user",
    ///         "content":[{"type":"input_audio","transcript":"Hello."}]}}"#,
    /// )?);
    /// let saved = serde_json::to_string(&history).unwrap();
    ///
    /// let history: History = serde_json::from_str(&saved).unwrap();
    /// let events = history.seed(SeedPlace::Top);
    /// assert_eq!(events[0].previous_item_id.as_deref(), Some("root"));
    /// assert_eq!(
    ///     serde_json::to_string(&events[0].item).unwrap(),
    ///     r#"{"type":"message","id":"item_1","role":"user","content":[{"type":"input_text","text":"Hello."}]}"#
    /// );
    /// # Ok::<(), openai_realtime_ws::ParseError>(())
    /// ```
    #[must_use]
    pub fn seed(&self, place: SeedPlace) -> Vec<ConversationItemCreate> {
        seed::events(&self.entries, place)
    }

    fn find(&mut self, item_id: &str) -> Option<(usize, &mut HistoryEntry)> {
        let at = self.position(item_id)?;
        Some((at, self.entries.get_mut(at)?))
    }

    fn update(&mut self, item_id: &str, update: impl FnOnce(&mut HistoryEntry)) -> Change {
        let Some((at, entry)) = self.find(item_id) else {
            return Change::Unchanged;
        };
        update(entry);
        Change::Updated(at)
    }

    fn grow(
        &mut self,
        item_id: &str,
        index: u32,
        response_id: &str,
        growing: Growing,
        delta: &str,
    ) -> Change {
        let Some((at, entry)) = self.find(item_id) else {
            return Change::Unchanged;
        };
        entry.respond(response_id);
        match entry.text_mut(index, growing) {
            Some(text) => text.push_str(delta),
            None => return Change::Unchanged,
        }
        Change::Grew(at)
    }

    fn set(&mut self, item_id: &str, index: u32, growing: Growing, whole: &str) -> Change {
        let Some((at, entry)) = self.find(item_id) else {
            return Change::Unchanged;
        };
        match entry.text_mut(index, growing) {
            // An empty text is one that the server left out.
            Some(text) if text != whole && !whole.is_empty() => whole.clone_into(text),
            _ => return Change::Unchanged,
        }
        Change::Updated(at)
    }

    fn arguments(&mut self, item_id: &str, text: &str, whole: bool) -> Change {
        let Some((at, entry)) = self.find(item_id) else {
            return Change::Unchanged;
        };
        match entry.arguments_mut() {
            Some(arguments) if whole && arguments != text => text.clone_into(arguments),
            Some(arguments) if !whole => {
                arguments.push_str(text);
                return Change::Grew(at);
            }
            _ => return Change::Unchanged,
        }
        Change::Updated(at)
    }

    /// A transcript may come before its item, and long after it.
    fn transcribed(&mut self, item_id: &str, index: u32, text: &str, whole: bool) -> Change {
        if self.position(item_id).is_none() {
            self.keep_early(item_id, text, whole);
            return Change::Unchanged;
        }
        if whole {
            self.set(item_id, index, Growing::Transcript, text)
        } else {
            self.grow(item_id, index, "", Growing::Transcript, text)
        }
    }

    fn keep_early(&mut self, item_id: &str, text: &str, whole: bool) {
        match self.early.iter_mut().find(|(id, _)| id == item_id) {
            Some((_, early)) if whole => text.clone_into(early),
            Some((_, early)) => early.push_str(text),
            None => {
                if self.early.len() >= MAX_EARLY {
                    self.early.remove(0);
                }
                self.early.push((item_id.to_owned(), text.to_owned()));
            }
        }
    }

    /// Puts an item where the server says it stands.
    fn place(&mut self, previous: &Patch<String>, item: &Item, done: bool) -> Change {
        let Some(id) = item.id() else {
            return Change::Unchanged;
        };
        if let Some(at) = self.position(id) {
            return self.place_again(at, previous, item, done);
        }
        let mut entry = HistoryEntry::new(item, done);
        if let Some(at) = self.early.iter().position(|(early, _)| early == id) {
            let (_, transcript) = self.early.remove(at);
            if let Some(text) = entry.text_mut(0, Growing::Transcript) {
                *text = transcript;
            }
        }
        let at = match previous {
            Patch::Clear => 0,
            Patch::Set(previous) => self.behind(previous).unwrap_or(self.entries.len()),
            Patch::Keep => self.entries.len(),
        };
        self.entries.insert(at, entry);
        Change::Added(at)
    }

    /// The server tells of an item again: it is complete, or it came back after a reconnect.
    fn place_again(
        &mut self,
        at: usize,
        previous: &Patch<String>,
        item: &Item,
        done: bool,
    ) -> Change {
        if let Some(entry) = self.entries.get_mut(at) {
            entry.on_server = true;
            entry.learn(item);
            if done || entry.status != EntryStatus::InProgress {
                entry.settle(item);
            }
        }
        // It moves only if it stood at the end for want of the item before it.
        let anchor = previous
            .as_set()
            .and_then(|previous| self.position(previous));
        match anchor {
            Some(anchor) if anchor > at => {
                let entry = self.entries.remove(at);
                self.entries.insert(anchor, entry);
                Change::Moved {
                    from: at,
                    to: anchor,
                }
            }
            _ => Change::Updated(at),
        }
    }

    /// Returns the place behind an item, and behind those that only this history knows.
    fn behind(&self, item_id: &str) -> Option<usize> {
        let at = self.position(item_id)? + 1;
        let gone = self
            .entries
            .iter()
            .skip(at)
            .take_while(|entry| !entry.on_server);
        Some(at + gone.count())
    }

    /// A response ended: its items are as they will be.
    fn response_done(&mut self, response: &Response) -> Change {
        let mut change = Change::Unchanged;
        for item in &response.output {
            if let Some((at, entry)) = item.id().and_then(|id| self.find(id)) {
                entry.respond(&response.id);
                let before = entry.clone();
                entry.learn(item);
                entry.settle(item);
                if *entry != before {
                    change = Change::Updated(at);
                }
            }
        }
        let complete = response.status == Some(ResponseStatus::Completed);
        for (at, entry) in self.entries.iter_mut().enumerate() {
            let is_its = entry.response_id.as_deref() == Some(response.id.as_str());
            if is_its && entry.status == EntryStatus::InProgress {
                entry.status = if complete {
                    EntryStatus::Completed
                } else {
                    EntryStatus::Incomplete
                };
                change = Change::Updated(at);
            }
        }
        change
    }
}
