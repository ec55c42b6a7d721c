//! One entry of the history.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Growing;
use crate::protocol::{ContentPart, ContentType, Item, ItemStatus, Message, Role};
use crate::session::heard_text;

/// One item of the conversation, as far as it is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// The item, without audio. Its text and transcripts grow as they arrive.
    pub item: Item,
    /// Progress.
    pub status: EntryStatus,
    /// Response that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_id: Option<String>,
    /// Set if the item was truncated: the audio that stays, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated_ms: Option<u64>,
    /// Set if the user's speech could not be transcribed.
    #[serde(default)]
    pub transcription_failed: bool,
    /// Set while the server has the item. After a reconnect, items that did not come back are only
    /// kept here.
    #[serde(skip)]
    pub on_server: bool,
    /// Size of the audio that was received.
    #[serde(default)]
    audio_bytes: u64,
    #[serde(default)]
    bytes_per_second: u32,
}

/// Kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryKind {
    /// Something that the user, the model or the system wrote or said.
    Message,
    /// Call of a function.
    FunctionCall,
    /// Output of a function.
    FunctionOutput,
    /// Something of an MCP server: a list of tools, a call, a request for approval or its answer.
    Mcp,
    /// An item of a kind that this version does not know.
    Other,
}

/// Progress of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EntryStatus {
    /// It grows.
    InProgress,
    /// It is complete.
    Completed,
    /// It was cut short.
    Incomplete,
}

impl HistoryEntry {
    pub(super) fn new(item: &Item, done: bool) -> Self {
        let mut entry = Self {
            item: without_audio(item),
            status: EntryStatus::InProgress,
            response_id: None,
            truncated_ms: None,
            transcription_failed: false,
            on_server: true,
            audio_bytes: 0,
            bytes_per_second: 0,
        };
        if done || !grows(item) {
            entry.settle(item);
        }
        entry
    }

    /// Returns the item's id.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.item.id()
    }

    /// Returns the kind of item.
    #[must_use]
    pub fn kind(&self) -> EntryKind {
        match &self.item {
            Item::Message(_) => EntryKind::Message,
            Item::FunctionCall(_) => EntryKind::FunctionCall,
            Item::FunctionCallOutput(_) => EntryKind::FunctionOutput,
            Item::McpApprovalRequest(_)
            | Item::McpApprovalResponse(_)
            | Item::McpListTools(_)
            | Item::McpCall(_) => EntryKind::Mcp,
            _ => EntryKind::Other,
        }
    }

    /// Returns the author of a message.
    #[must_use]
    pub fn role(&self) -> Option<&Role> {
        match &self.item {
            Item::Message(message) => Some(&message.role),
            _ => None,
        }
    }

    /// Returns the text so far: of a message what was written or said, of a call its arguments, of
    /// an output the output.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match &self.item {
            Item::Message(message) => match message.content.as_slice() {
                [part] => Cow::Borrowed(part.as_text().unwrap_or_default()),
                _ => Cow::Owned(message.text()),
            },
            Item::FunctionCall(call) => Cow::Borrowed(&call.arguments),
            Item::FunctionCallOutput(output) => Cow::Borrowed(&output.output),
            Item::McpCall(call) => Cow::Borrowed(call.output.as_deref().unwrap_or(&call.arguments)),
            _ => Cow::Borrowed(""),
        }
    }

    /// Returns the text that the user heard of a reply: all of it, unless it was truncated. Then it
    /// is cut by the share of its audio that was played, at the end of a word.
    #[must_use]
    pub fn heard(&self) -> Cow<'_, str> {
        let text = self.text();
        let Some(heard_ms) = self.truncated_ms else {
            return text;
        };
        let Some(audio_ms) = self.audio_ms().filter(|ms| *ms > 0) else {
            // Without the audio's length, only nothing is certain.
            return if heard_ms == 0 {
                Cow::Borrowed("")
            } else {
                text
            };
        };
        let len = heard_text(&text, heard_ms, audio_ms).len();
        match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(..len).unwrap_or_default()),
            Cow::Owned(mut text) => {
                text.truncate(len);
                Cow::Owned(text)
            }
        }
    }

    /// Returns the length of the audio that was received, in milliseconds, if there was any.
    #[must_use]
    pub fn audio_ms(&self) -> Option<u64> {
        let rate = u64::from(self.bytes_per_second);
        (self.audio_bytes.saturating_mul(1000)).checked_div(rate)
    }

    pub(super) fn hear(&mut self, bytes: usize, bytes_per_second: u32) {
        self.audio_bytes = (self.audio_bytes).saturating_add(bytes.try_into().unwrap_or(u64::MAX));
        self.bytes_per_second = bytes_per_second;
    }

    pub(super) fn respond(&mut self, response_id: &str) {
        if self.response_id.is_none() && !response_id.is_empty() {
            self.response_id = Some(response_id.to_owned());
        }
    }

    /// Returns the growing text of a part, which is made if it is not there.
    pub(super) fn text_mut(&mut self, index: u32, growing: Growing) -> Option<&mut String> {
        let Item::Message(message) = &mut self.item else {
            return None;
        };
        let index = usize::try_from(index).ok()?;
        let by_model = message.role == Role::Assistant;
        let kind = match (growing, by_model) {
            (Growing::Text, true) => ContentType::OutputText,
            (Growing::Text, false) => ContentType::InputText,
            (Growing::Transcript, true) => ContentType::OutputAudio,
            (Growing::Transcript, false) => ContentType::InputAudio,
        };
        // A part announces itself before it grows, so no more than one is missing.
        if index == message.content.len() {
            message.content.push(ContentPart::default().kind(kind));
        }
        let part = message.content.get_mut(index)?;
        Some(match growing {
            Growing::Text => part.text.get_or_insert_default(),
            Growing::Transcript => part.transcript.get_or_insert_default(),
        })
    }

    pub(super) fn arguments_mut(&mut self) -> Option<&mut String> {
        match &mut self.item {
            Item::FunctionCall(call) => Some(&mut call.arguments),
            Item::McpCall(call) => Some(&mut call.arguments),
            _ => None,
        }
    }

    /// Takes the server's account of the item. What it leaves out, such as the transcript of a
    /// truncated reply, stays, and so does what was said: a restored session has speech as text.
    pub(super) fn learn(&mut self, item: &Item) {
        let item = without_audio(item);
        match (&mut self.item, item) {
            (Item::Message(known), Item::Message(new)) => {
                known.phase = new.phase.or(known.phase.take());
                learn_content(known, new.content, self.truncated_ms.is_some());
            }
            (Item::FunctionCall(known), Item::FunctionCall(new)) => {
                known.call_id = new.call_id.or(known.call_id.take());
                if !new.name.is_empty() {
                    known.name = new.name;
                }
                if !new.arguments.is_empty() {
                    known.arguments = new.arguments;
                }
            }
            (known, new) => *known = new,
        }
    }

    /// Takes the status of an item that will not change any more.
    pub(super) fn settle(&mut self, item: &Item) {
        let incomplete = match item {
            Item::Message(item) => item.status == Some(ItemStatus::Incomplete),
            Item::FunctionCall(item) => item.status == Some(ItemStatus::Incomplete),
            _ => false,
        };
        self.status = if incomplete {
            EntryStatus::Incomplete
        } else {
            EntryStatus::Completed
        };
    }
}

fn learn_content(known: &mut Message, content: Vec<ContentPart>, truncated: bool) {
    for (index, new) in content.into_iter().enumerate() {
        let Some(known) = known.content.get_mut(index) else {
            known.content.push(new);
            continue;
        };
        known.image_url = new.image_url.or(known.image_url.take());
        known.detail = new.detail.or(known.detail.take());
        let said = new.text.or(new.transcript).filter(|said| !said.is_empty());
        let Some(said) = said.filter(|_| !truncated) else {
            continue;
        };
        let is_audio = matches!(
            known.kind,
            ContentType::InputAudio | ContentType::OutputAudio
        );
        if is_audio {
            known.transcript = Some(said);
        } else {
            known.text = Some(said);
        }
    }
}

/// Returns true for an item that the model makes piece by piece.
fn grows(item: &Item) -> bool {
    let status = match item {
        Item::Message(item) if item.role == Role::Assistant => &item.status,
        Item::FunctionCall(item) => &item.status,
        Item::McpCall(_) => return true,
        _ => return false,
    };
    *status == Some(ItemStatus::InProgress)
}

/// Returns the item as it is kept. Parts that older servers call `text` and `audio` get today's
/// names.
fn without_audio(item: &Item) -> Item {
    let Item::Message(message) = item else {
        return item.clone();
    };
    let by_model = message.role == Role::Assistant;
    let parts = message.content.iter().map(|part| ContentPart {
        audio: None,
        format: None,
        kind: match (&part.kind, by_model) {
            (ContentType::Text, true) => ContentType::OutputText,
            (ContentType::Text, false) => ContentType::InputText,
            (ContentType::Audio, true) => ContentType::OutputAudio,
            (ContentType::Audio, false) => ContentType::InputAudio,
            (kind, _) => kind.clone(),
        },
        text: part.text.clone(),
        transcript: part.transcript.clone(),
        image_url: part.image_url.clone(),
        detail: part.detail.clone(),
        ..ContentPart::default()
    });
    Item::Message(Message {
        id: message.id.clone(),
        object: None,
        status: None,
        role: message.role.clone(),
        phase: message.phase.clone(),
        content: parts.collect(),
        ..Message::default()
    })
}
