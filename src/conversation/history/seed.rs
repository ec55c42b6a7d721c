//! A history as the events that put it into a new session.

use std::collections::BTreeSet;

use super::{EntryStatus, HistoryEntry};
use crate::protocol::{
    ContentPart, ContentType, ConversationItemCreate, FunctionCall, FunctionCallOutput, Item,
    Message, Role,
};

/// Place of a seeded history in the session's conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeedPlace {
    /// Ahead of everything.
    Top,
    /// Behind the item of this id.
    Behind(String),
}

pub(super) fn events(entries: &[HistoryEntry], place: SeedPlace) -> Vec<ConversationItemCreate> {
    // A call without its output would leave the model waiting.
    let answered: BTreeSet<&str> = entries
        .iter()
        .filter_map(|entry| match &entry.item {
            Item::FunctionCallOutput(output) => Some(output.call_id.as_str()),
            _ => None,
        })
        .collect();
    let mut called = BTreeSet::new();
    let mut previous = match place {
        SeedPlace::Top => "root".to_owned(),
        SeedPlace::Behind(item_id) => item_id,
    };
    let mut events = Vec::new();
    for entry in entries {
        let item = match &entry.item {
            Item::Message(message) => seeded_message(message, entry).map(Item::from),
            Item::FunctionCall(call) => {
                let call_id = call.call_id.as_deref().unwrap_or_default();
                let whole = entry.status == EntryStatus::Completed && answered.contains(call_id);
                (whole && called.insert(call_id)).then(|| seeded_call(call).into())
            }
            Item::FunctionCallOutput(output) => {
                let is_called = called.remove(output.call_id.as_str());
                is_called.then(|| seeded_output(output).into())
            }
            _ => None,
        };
        if let (Some(item), Some(id)) = (item, entry.id()) {
            let id = id.to_owned();
            let behind = std::mem::replace(&mut previous, id);
            events.push(ConversationItemCreate::new(item).previous_item_id(behind));
        }
    }
    events
}

fn seeded_message(message: &Message, entry: &HistoryEntry) -> Option<Message> {
    let by_model = message.role == Role::Assistant;
    let text = |text: &str| {
        let part = if by_model {
            ContentPart::output_text(text)
        } else {
            ContentPart::input_text(text)
        };
        (!text.is_empty()).then_some(part)
    };
    let content: Vec<_> = if entry.truncated_ms.is_some() {
        text(&entry.heard()).into_iter().collect()
    } else {
        let parts = message.content.iter().filter_map(|part| match part.kind {
            ContentType::InputImage => part.image_url.is_some().then(|| part.clone()),
            _ => text(part.as_text().unwrap_or_default()),
        });
        parts.collect()
    };
    (!content.is_empty()).then(|| Message {
        status: None,
        object: None,
        phase: None,
        content,
        ..message.clone()
    })
}

fn seeded_call(call: &FunctionCall) -> FunctionCall {
    FunctionCall {
        status: None,
        object: None,
        ..call.clone()
    }
}

fn seeded_output(output: &FunctionCallOutput) -> FunctionCallOutput {
    FunctionCallOutput {
        status: None,
        object: None,
        ..output.clone()
    }
}
