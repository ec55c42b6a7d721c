//! The conversation's items, as far as a client can create them again.

use std::collections::BTreeSet;

use super::OVERHEAD;
use super::heard::heard_text;
use super::lost::{Lost, WhyLost};
use super::responses::refused_at;
use crate::protocol::{
    ContentPart, ContentType, ConversationItemCreate, FunctionCall, FunctionCallOutput, Item,
    ItemStatus, Message, Response, Role,
};

/// Number of items of which only the id is kept.
const MAX_IDS: usize = 64;

/// The items in the conversation's order.
#[derive(Debug, Default)]
pub(super) struct Items {
    entries: Vec<RememberedItem>,
    /// Number of items that were dropped with their ids.
    forgotten: u64,
}

#[derive(Debug)]
struct RememberedItem {
    id: Option<String>,
    state: ItemState,
    /// Without audio; `None` where there was no room.
    item: Option<Item>,
    bytes: usize,
    /// Set if the client made it.
    ours: bool,
    /// Length of its audio, in bytes, and bytes of a second.
    audio: (u64, u32),
    /// Set if its audio was cut off: what stays, in milliseconds.
    truncated_ms: Option<u64>,
}

#[derive(Debug, PartialEq)]
enum ItemState {
    /// The client sent it in an event of this id, and the server has not answered.
    Asked(Option<String>),
    /// The server is generating it, in the response of this id.
    Growing(Option<String>),
    There,
    /// The client asked to delete it.
    Deleted,
}

impl Items {
    /// Records an item that the client sent.
    pub(super) fn asked(&mut self, event: ConversationItemCreate) {
        let id = event.item.id().map(str::to_owned);
        if let Some(id) = id.as_deref() {
            // The server refuses a second one of the same id, unless the first is gone by then.
            self.entries.retain(|entry| {
                entry.id.as_deref() != Some(id) || entry.state != ItemState::Deleted
            });
            if self.position(id).is_some() {
                return;
            }
        }
        let at = match event.previous_item_id.as_deref() {
            Some("root") => 0,
            previous => self.behind(previous).unwrap_or(self.entries.len()),
        };
        let mut entry = RememberedItem::new(id, ItemState::Asked(event.event_id), event.item);
        entry.ours = true;
        self.entries.insert(at, entry);
    }

    /// Drops the item that the server refused: see [`refused_at`].
    pub(super) fn refused(&mut self, event_id: Option<&str>) {
        let ids = self.entries.iter().map(|entry| match &entry.state {
            ItemState::Asked(id) => Some(id.as_deref()),
            _ => None,
        });
        if let Some(at) = refused_at(ids, event_id) {
            self.entries.remove(at);
        }
    }

    /// Records an item that the server reported. `done` says that the event reports it as complete.
    pub(super) fn seen(&mut self, previous: Option<&str>, item: Item, done: bool) {
        let Some(id) = item.id().map(str::to_owned) else {
            return;
        };
        // Only the model's own work grows after it was added.
        let done = done || !is_models_work(&item) || item.status() == Some(&ItemStatus::Completed);
        let state = if done {
            ItemState::There
        } else {
            ItemState::Growing(None)
        };
        let asked = |entry: &RememberedItem| {
            entry.id.is_none()
                && entry
                    .item
                    .as_ref()
                    .is_some_and(|ours| are_alike(ours, &item))
        };
        // By its ID; or the first item of this shape that was asked for without one.
        let known = self.position(&id);
        let at = known.or_else(|| self.entries.iter().position(asked));
        let Some((at, entry)) = at.and_then(|at| Some((at, self.entries.get_mut(at)?))) else {
            let at = self.behind(previous).unwrap_or(self.entries.len());
            let entry = RememberedItem::new(Some(id), state, item);
            return self.entries.insert(at, entry);
        };
        entry.id = Some(id);
        entry.learn(item);
        match entry.state {
            ItemState::Asked(_) => {
                entry.state = ItemState::There;
                self.put_behind(at, previous);
            }
            ItemState::Growing(None) => entry.state = state,
            // The end of its response decides.
            ItemState::Growing(Some(_)) | ItemState::There | ItemState::Deleted => {}
        }
    }

    /// Records the message that the server made of the input audio.
    pub(super) fn committed(&mut self, previous: Option<&str>, item_id: String) {
        let part = ContentPart::default().kind(ContentType::InputAudio);
        self.seen(previous, Message::user(part).id(item_id).into(), true);
    }

    /// Records an item of a response that is under way in the conversation.
    pub(super) fn seen_in_response(&mut self, response_id: String, item: Item) {
        let Some(id) = item.id().map(str::to_owned) else {
            return;
        };
        let state = ItemState::Growing(Some(response_id));
        match self.find(&id) {
            None => self
                .entries
                .push(RememberedItem::new(Some(id), state, item)),
            Some(entry) => {
                entry.learn(item);
                if matches!(entry.state, ItemState::Growing(None) | ItemState::There) {
                    entry.state = state;
                }
            }
        }
    }

    /// Notes the end of a response: its items change no more.
    pub(super) fn finished(&mut self, response: Response) {
        for item in response.output {
            if let Some(entry) = item.id().and_then(|id| self.find(id)) {
                entry.learn(item);
            }
        }
        for entry in &mut self.entries {
            if matches!(&entry.state, ItemState::Growing(Some(id)) if *id == response.id) {
                entry.state = ItemState::There;
            }
        }
    }

    /// Records the transcript of a part of a user's message.
    pub(super) fn transcribed(&mut self, item_id: &str, index: u32, transcript: String) {
        let Some(entry) = self.find(item_id) else {
            return;
        };
        if let Some(Item::Message(message)) = &mut entry.item
            && let Some(part) = usize::try_from(index)
                .ok()
                .and_then(|index| message.content.get_mut(index))
            && part.kind == ContentType::InputAudio
        {
            part.transcript = Some(transcript);
            entry.weigh();
        }
    }

    /// Notes that audio of an item has arrived.
    pub(super) fn audible(&mut self, item_id: &str, bytes: usize, bytes_per_second: u32) {
        if let Some(entry) = self.find(item_id) {
            let before = entry.audio.0;
            entry.audio = (before.saturating_add(bytes as u64), bytes_per_second);
        }
    }

    /// Notes that an item's audio was cut off.
    pub(super) fn truncated(&mut self, item_id: &str, audio_end_ms: u64) {
        if let Some(entry) = self.find(item_id) {
            entry.truncated_ms = Some(audio_end_ms);
        }
    }

    /// Notes that the client asked to delete an item.
    pub(super) fn delete(&mut self, item_id: &str) {
        if let Some(entry) = self.find(item_id) {
            entry.state = ItemState::Deleted;
            entry.drop_item();
        }
    }

    /// Notes that the server deleted an item.
    pub(super) fn deleted(&mut self, item_id: &str) {
        self.entries
            .retain(|entry| entry.id.as_deref() != Some(item_id));
    }

    /// Drops the contents of the oldest items until the rest fits. An item that is too large on its
    /// own does not push the others out. Of dropped items the ids stay, which take no room from the
    /// others: the newest of them, as they are reported as lost.
    pub(super) fn trim(&mut self, max_bytes: usize) {
        let mut bytes: usize = self.entries.iter().map(|entry| entry.bytes).sum();
        while bytes > max_bytes {
            let held = |entry: &RememberedItem| entry.item.is_some();
            let too_large = |entry: &RememberedItem| held(entry) && entry.bytes > max_bytes;
            let entries = &mut self.entries;
            let at = entries.iter().position(too_large);
            let at = at.or_else(|| entries.iter().position(held));
            let Some(entry) = at.and_then(|at| entries.get_mut(at)) else {
                break;
            };
            bytes -= entry.bytes;
            entry.drop_item();
        }
        let mut ids = self
            .entries
            .iter()
            .filter(|entry| entry.item.is_none())
            .count();
        while ids > MAX_IDS
            && let Some(oldest) = self.entries.iter().position(|entry| entry.item.is_none())
        {
            let oldest = self.entries.remove(oldest);
            self.forgotten += u64::from(oldest.state != ItemState::Deleted);
            ids -= 1;
        }
    }

    /// Returns the items for a new session, and adds to `lost` those that cannot be restored. The
    /// returned items are unanswered from then on, and the others are forgotten.
    pub(super) fn restore(
        &mut self,
        mut new_id: impl FnMut() -> String,
        lost: &mut Vec<Lost>,
    ) -> Vec<ConversationItemCreate> {
        let items = std::mem::take(&mut self.forgotten);
        if items > 0 {
            lost.push(Lost::OldItems { items });
        }
        let mut calls = BTreeSet::new();
        let mut events = Vec::new();
        for entry in std::mem::take(&mut self.entries) {
            let id = entry.id.clone();
            let Remade { item, why } = entry.remade(&mut calls);
            if let Some(why) = why {
                let item_id = id.clone();
                lost.push(Lost::Item { item_id, why });
            }
            if let Some(mut item) = item {
                let event_id = new_id();
                // Without an id, the item could not be recognised when the server reports it.
                let id = id.unwrap_or_else(|| event_id.clone());
                item.set_id(&id);
                let state = ItemState::Asked(Some(event_id.clone()));
                events.push(ConversationItemCreate::new(item.clone()).event_id(event_id));
                self.entries.push(RememberedItem {
                    ours: entry.ours,
                    ..RememberedItem::new(Some(id), state, item)
                });
            }
        }
        events
    }

    fn position(&self, id: &str) -> Option<usize> {
        // It is mostly one of the last.
        let mut ids = self.entries.iter().map(|entry| entry.id.as_deref());
        ids.rposition(|found| found == Some(id))
    }

    fn find(&mut self, id: &str) -> Option<&mut RememberedItem> {
        let at = self.position(id)?;
        self.entries.get_mut(at)
    }

    /// Returns the place behind an item.
    fn behind(&self, previous: Option<&str>) -> Option<usize> {
        Some(self.position(previous?)? + 1)
    }

    fn put_behind(&mut self, at: usize, previous: Option<&str>) {
        let entry = self.entries.remove(at);
        let at = self.behind(previous).unwrap_or(at);
        self.entries.insert(at, entry);
    }
}

/// Fate of an item in a new session.
#[derive(Default)]
struct Remade {
    item: Option<Item>,
    why: Option<WhyLost>,
}

impl Remade {
    fn whole(item: impl Into<Item>) -> Self {
        Self {
            item: Some(item.into()),
            why: None,
        }
    }

    fn lost(why: WhyLost) -> Self {
        Self {
            item: None,
            why: Some(why),
        }
    }
}

impl RememberedItem {
    fn new(id: Option<String>, state: ItemState, item: Item) -> Self {
        let mut entry = Self {
            id,
            state,
            item: Some(without_audio(item)),
            bytes: 0,
            ours: false,
            audio: (0, 0),
            truncated_ms: None,
        };
        entry.weigh();
        entry
    }

    /// Takes over what the server says of the item. What the server leaves out, such as an image or
    /// an earlier transcript, stays.
    fn learn(&mut self, item: Item) {
        let Some(known) = &mut self.item else {
            return;
        };
        let mut item = without_audio(item);
        if let (Item::Message(known), Item::Message(new)) = (known, &mut item) {
            if new.content.is_empty() {
                new.content = std::mem::take(&mut known.content);
            }
            for (new, known) in new.content.iter_mut().zip(&mut known.content) {
                new.text = new.text.take().or(known.text.take());
                new.transcript = new.transcript.take().or(known.transcript.take());
                new.image_url = new.image_url.take().or(known.image_url.take());
                new.detail = new.detail.take().or(known.detail.take());
            }
        }
        self.item = Some(item);
        self.weigh();
    }

    fn drop_item(&mut self) {
        self.item = None;
        self.weigh();
    }

    fn weigh(&mut self) {
        let item = self.item.as_ref().map_or(0, |item| {
            serde_json::to_string(item).map_or(0, |json| json.len())
        });
        // Without its item, an entry is an id that is restored by nothing.
        self.bytes = match &self.item {
            Some(_) => OVERHEAD + self.id.as_ref().map_or(0, String::len) + item,
            None => 0,
        };
    }

    /// Returns the item to create again. `calls` holds the ids of the function calls that come
    /// before it and are created again.
    fn remade(&self, calls: &mut BTreeSet<String>) -> Remade {
        match self.state {
            ItemState::Deleted => return Remade::default(),
            ItemState::Growing(_) => return Remade::lost(WhyLost::HalfResponse),
            ItemState::Asked(_) | ItemState::There => {}
        }
        let Some(item) = &self.item else {
            return Remade::lost(WhyLost::OverBound);
        };
        match item {
            Item::Message(message) => match self.truncated_ms {
                Some(heard_ms) => self.remade_as_heard(message, heard_ms),
                None => remade_message(message),
            },
            Item::FunctionCall(FunctionCall {
                status: Some(ItemStatus::Incomplete | ItemStatus::InProgress),
                ..
            }) => Remade::lost(WhyLost::HalfResponse),
            Item::FunctionCall(call) => {
                calls.extend(call.call_id.clone());
                let status = None;
                Remade::whole(FunctionCall {
                    status,
                    ..call.clone()
                })
            }
            Item::FunctionCallOutput(output) if calls.contains(&output.call_id) => {
                let status = None;
                Remade::whole(FunctionCallOutput {
                    status,
                    ..output.clone()
                })
            }
            Item::FunctionCallOutput(_) | Item::McpApprovalResponse(_) => {
                Remade::lost(WhyLost::NothingToAnswer)
            }
            // The new session asks the MCP servers on its own.
            Item::McpListTools(_) => Remade::default(),
            item if self.ours => Remade::whole(item.clone()),
            _ => Remade::lost(WhyLost::ServerOnly),
        }
    }
}

impl RememberedItem {
    /// Returns the words of a truncated message that were heard. Nothing is lost if none was.
    fn remade_as_heard(&self, message: &Message, heard_ms: u64) -> Remade {
        let (bytes, bytes_per_second) = self.audio;
        let audio_ms = (bytes.saturating_mul(1000)).checked_div(bytes_per_second.into());
        if heard_ms == 0 {
            return Remade::default();
        }
        let Some(audio_ms) = audio_ms.filter(|ms| *ms > 0) else {
            return Remade::lost(WhyLost::Truncated);
        };
        let text = message.text();
        if text.is_empty() {
            return Remade::lost(WhyLost::NoText);
        }
        let heard = heard_text(&text, heard_ms, audio_ms);
        if heard.is_empty() {
            return Remade::default();
        }
        Remade::whole(Message {
            status: None,
            content: vec![ContentPart::output_text(heard)],
            ..message.clone()
        })
    }
}

/// Returns the message as text: for audio, its transcript.
fn remade_message(message: &Message) -> Remade {
    let mut why = None;
    let mut content = Vec::with_capacity(message.content.len());
    for part in &message.content {
        let part = match (&part.kind, &part.transcript) {
            (ContentType::InputAudio, Some(said)) if !said.is_empty() => {
                ContentPart::input_text(said)
            }
            (ContentType::OutputAudio, Some(said)) if !said.is_empty() => {
                ContentPart::output_text(said)
            }
            _ => part.clone(),
        };
        let there = match part.kind {
            ContentType::InputText | ContentType::OutputText => {
                // An empty text is no loss.
                if part.text.as_ref().is_none_or(String::is_empty) {
                    continue;
                }
                true
            }
            ContentType::InputAudio | ContentType::OutputAudio => false,
            ContentType::InputImage => part.image_url.is_some(),
            _ => true,
        };
        if there {
            content.push(part);
        } else {
            why = Some(WhyLost::NoText);
        }
    }
    let item = (!content.is_empty()).then(|| {
        Item::from(Message {
            status: None,
            content,
            ..message.clone()
        })
    });
    Remade { item, why }
}

/// Returns the item as it is recorded. Types that older servers call `text` and `audio` get today's
/// names.
fn without_audio(mut item: Item) -> Item {
    match &mut item {
        Item::Message(message) => {
            message.object = None;
            let by_model = message.role == Role::Assistant;
            for part in &mut message.content {
                part.audio = None;
                part.format = None;
                part.kind = match (&part.kind, by_model) {
                    (ContentType::Text, true) => ContentType::OutputText,
                    (ContentType::Text, false) => ContentType::InputText,
                    (ContentType::Audio, true) => ContentType::OutputAudio,
                    (ContentType::Audio, false) => ContentType::InputAudio,
                    (kind, _) => kind.clone(),
                };
            }
        }
        Item::FunctionCall(call) => call.object = None,
        Item::FunctionCallOutput(output) => output.object = None,
        _ => {}
    }
    item
}

/// Returns true if the model generates such an item piece by piece.
fn is_models_work(item: &Item) -> bool {
    match item {
        Item::Message(message) => message.role == Role::Assistant,
        Item::FunctionCallOutput(_) | Item::McpApprovalResponse(_) => false,
        _ => true,
    }
}

/// Returns true if `theirs` may be what the server made of `ours`.
fn are_alike(ours: &Item, theirs: &Item) -> bool {
    match (ours, theirs) {
        (Item::Message(ours), Item::Message(theirs)) => {
            ours.role == theirs.role && ours.content.len() == theirs.content.len()
        }
        (Item::FunctionCall(ours), Item::FunctionCall(theirs)) => ours.name == theirs.name,
        (Item::FunctionCallOutput(ours), Item::FunctionCallOutput(theirs)) => {
            ours.call_id == theirs.call_id
        }
        (ours, theirs) => std::mem::discriminant(ours) == std::mem::discriminant(theirs),
    }
}
