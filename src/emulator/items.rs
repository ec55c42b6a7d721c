//! Items of a conversation in their order, with their audio.

use std::collections::HashMap;

use super::audio::SampleFormat;
use super::request::refuse;
use crate::protocol::{
    Audio, ContentPart, ContentType, ErrorDetails, Item, ItemStatus, ListedTool, McpCall, Message,
    Patch, Role,
};

/// Returns the place of an item behind another, or at the front, as events tell it.
pub(super) fn behind(previous: Option<&str>) -> Patch<String> {
    previous.map_or(Patch::Clear, Patch::from)
}

/// Items of one conversation.
#[derive(Debug)]
pub(super) struct ItemStore {
    pub(super) id: String,
    items: Vec<Item>,
    /// Format of the model's audio, by the item's ID.
    formats: HashMap<String, SampleFormat>,
    /// Calls of MCP tools that wait for approval, by the ID of the request.
    pending: HashMap<String, PendingMcpCall>,
}

/// Call of an MCP server's tool that was not made yet.
#[derive(Debug)]
pub(super) struct PendingMcpCall {
    pub(super) call: McpCall,
    /// Index of the call in its response.
    pub(super) output_index: u32,
    /// Output of the tool, or the message of its error.
    pub(super) result: Result<String, String>,
}

impl ItemStore {
    pub(super) fn new(id: String) -> Self {
        Self {
            id,
            items: Vec::new(),
            formats: HashMap::new(),
            pending: HashMap::new(),
        }
    }

    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    pub(super) fn get(&self, id: &str) -> Option<&Item> {
        self.position(id).and_then(|at| self.items.get(at))
    }

    pub(super) fn last_id(&self) -> Option<&str> {
        self.items.last().and_then(Item::id)
    }

    /// Returns the ID of the item before.
    pub(super) fn previous_id(&self, id: &str) -> Option<&str> {
        let before = self.position(id)?.checked_sub(1)?;
        self.items.get(before)?.id()
    }

    /// Inserts an item behind another, at the beginning (`root`), or at the end.
    pub(super) fn insert(
        &mut self,
        item: Item,
        previous: Option<&str>,
    ) -> Result<(), ErrorDetails> {
        if item.id().is_some_and(|id| self.position(id).is_some()) {
            return Err(refuse(
                "item_create_duplicate_item_id",
                "An item of this id is there already.",
            )
            .param("item.id"));
        }
        let at = match previous {
            None => self.items.len(),
            Some("root") => 0,
            Some(previous) => match self.position(previous) {
                Some(at) => at + 1,
                None => {
                    return Err(refuse(
                        "item_create_invalid_previous_item_id",
                        "There is no item of this id.",
                    )
                    .param("previous_item_id"));
                }
            },
        };
        self.items.insert(at, item);
        Ok(())
    }

    /// Replaces the item with the same ID, if it was not deleted.
    pub(super) fn replace(&mut self, item: Item) {
        if let Some(old) = item
            .id()
            .and_then(|id| self.position(id))
            .and_then(|at| self.items.get_mut(at))
        {
            // An item that was deleted meanwhile does not come back.
            *old = item;
        }
    }

    /// Replaces an item that the model said in this format.
    pub(super) fn replace_spoken(&mut self, item: Item, format: SampleFormat) {
        if let Some(id) = item.id() {
            self.formats.insert(id.to_owned(), format);
        }
        self.replace(item);
    }

    /// Returns the format of an item that the model said.
    pub(super) fn format(&self, id: &str) -> Option<SampleFormat> {
        self.formats.get(id).copied()
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Item> {
        self.formats.remove(id);
        self.position(id).map(|at| self.items.remove(at))
    }

    /// Returns true if there is a function call with this ID.
    pub(super) fn has_call(&self, call_id: &str) -> bool {
        self.items
            .iter()
            .any(|item| matches!(item, Item::FunctionCall(call) if call.call_id.as_deref() == Some(call_id)))
    }

    /// Keeps a call until the client answers the request for approval with this ID.
    pub(super) fn await_approval(&mut self, request_id: String, call: PendingMcpCall) {
        self.pending.insert(request_id, call);
    }

    /// Removes and returns the call that waits for the answer to this request.
    pub(super) fn take_pending(&mut self, request_id: &str) -> Option<PendingMcpCall> {
        self.pending.remove(request_id)
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.items.iter().position(|item| item.id() == Some(id))
    }
}

/// Returns the tools that an MCP server has, as far as these items list them.
pub(super) fn listed_tools<'i>(
    items: &'i [Item],
    server_label: &'i str,
) -> impl Iterator<Item = &'i ListedTool> {
    items
        .iter()
        .filter_map(move |item| match item {
            Item::McpListTools(list) if list.server_label == server_label => Some(&list.tools),
            _ => None,
        })
        .flatten()
}

/// Checks an item that a client made, and adds the service's members: ID, `object` and status.
pub(super) fn complete(item: Item, new_id: impl FnOnce() -> String) -> Result<Item, ErrorDetails> {
    let id = item.id().filter(|id| !id.is_empty());
    let id = id.map_or_else(new_id, str::to_owned);
    Ok(match item {
        Item::Message(message) => {
            check_content(&message)?;
            message
                .id(id)
                .object("realtime.item")
                .status(ItemStatus::Completed)
                .into()
        }
        Item::FunctionCall(call) => call
            .id(id)
            .object("realtime.item")
            .status(ItemStatus::Completed)
            .into(),
        Item::FunctionCallOutput(output) => output
            .id(id)
            .object("realtime.item")
            .status(ItemStatus::Completed)
            .into(),
        Item::McpApprovalResponse(approval) => approval.id(id).into(),
        Item::McpApprovalRequest(request) => request.id(id).into(),
        Item::McpListTools(list) => list.id(id).into(),
        Item::McpCall(call) => call.id(id).into(),
        _ => {
            return Err(
                refuse("invalid_value", "No item of this type can be made.").param("item.type")
            );
        }
    })
}

fn check_content(message: &Message) -> Result<(), ErrorDetails> {
    for (index, part) in message.content.iter().enumerate() {
        let param = |field: &str| format!("item.content[{index}].{field}");
        // The table of the reference: each role has its own kinds of content.
        let fits = match message.role {
            Role::User => {
                matches!(
                    part.kind,
                    ContentType::InputText | ContentType::InputAudio | ContentType::InputImage
                )
            }
            Role::System => part.kind == ContentType::InputText,
            Role::Assistant => matches!(
                part.kind,
                ContentType::OutputText | ContentType::OutputAudio
            ),
            _ => {
                return Err(refuse(
                    "invalid_value",
                    "The role is none of user, assistant and system.",
                )
                .param("item.role"));
            }
        };
        if !fits {
            return Err(refuse(
                "invalid_value",
                "Content of this type does not go with the role.",
            )
            .param(param("type")));
        }
        if part
            .audio
            .as_ref()
            .is_some_and(|audio| audio.bytes().is_err())
        {
            return Err(refuse("invalid_value", "The audio is not base64.").param(param("audio")));
        }
    }
    Ok(())
}

/// Returns the item as events show it: without its audio, which `conversation.item.retrieve`
/// returns.
pub(super) fn without_audio(item: &Item) -> Item {
    let mut item = item.clone();
    if let Item::Message(message) = &mut item {
        for part in &mut message.content {
            part.audio = None;
        }
    }
    item
}

/// Returns the text of a message, its parts joined.
pub(super) fn text(message: &Message) -> String {
    let texts: Vec<_> = message
        .content
        .iter()
        .filter_map(|part| part.text.as_deref())
        .collect();
    texts.join(" ")
}

/// Returns the audio of a message, its parts joined.
pub(super) fn audio(message: &Message) -> Vec<u8> {
    let parts = message
        .content
        .iter()
        .filter_map(|part: &ContentPart| part.audio.as_ref());
    parts
        .filter_map(|audio: &Audio| audio.bytes().ok())
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str) -> Item {
        Message::default()
            .id(id)
            .role(Role::User)
            .content([ContentPart::input_text(id)])
            .into()
    }

    fn ids(conversation: &ItemStore) -> Vec<&str> {
        conversation.items().iter().filter_map(Item::id).collect()
    }

    #[test]
    fn items_keep_their_order() {
        let mut conversation = ItemStore::new("conv".to_owned());
        conversation.insert(message("b"), None).unwrap();
        conversation.insert(message("d"), None).unwrap();
        conversation.insert(message("a"), Some("root")).unwrap();
        conversation.insert(message("c"), Some("b")).unwrap();
        assert_eq!(ids(&conversation), ["a", "b", "c", "d"]);
        assert_eq!(conversation.previous_id("c"), Some("b"));
        assert_eq!(conversation.previous_id("a"), None);
        assert_eq!(conversation.last_id(), Some("d"));

        let unknown = conversation.insert(message("e"), Some("x")).unwrap_err();
        assert_eq!(unknown.param.as_deref(), Some("previous_item_id"));
        let twice = conversation.insert(message("a"), None).unwrap_err();
        assert_eq!(twice.param.as_deref(), Some("item.id"));

        assert!(conversation.remove("b").is_some());
        assert!(conversation.remove("b").is_none());
        assert_eq!(ids(&conversation), ["a", "c", "d"]);
    }

    #[test]
    fn content_must_fit_its_role() {
        let check = |role: Role, part: ContentPart| {
            complete(Message::default().role(role).content([part]).into(), || {
                "item_new".to_owned()
            })
            .map(|item| item.id().map(str::to_owned))
            .map_err(|error| error.param.unwrap_or_default())
        };
        let new = Ok(Some("item_new".to_owned()));
        assert_eq!(check(Role::User, ContentPart::input_text("hi")), new);
        assert_eq!(check(Role::Assistant, ContentPart::output_text("hi")), new);
        assert_eq!(
            check(Role::Assistant, ContentPart::input_text("hi")),
            Err("item.content[0].type".to_owned())
        );
        assert_eq!(
            check(Role::User, ContentPart::output_text("hi")),
            Err("item.content[0].type".to_owned())
        );
        assert_eq!(
            check("robot".into(), ContentPart::input_text("hi")),
            Err("item.role".to_owned())
        );
        let no_base64 = ContentPart::input_audio(Audio::from_base64("?"));
        assert_eq!(
            check(Role::User, no_base64),
            Err("item.content[0].audio".to_owned())
        );
        let reference = complete(
            Item::Other(serde_json::json!({"type": "dream"})),
            String::new,
        );
        assert_eq!(reference.unwrap_err().param.as_deref(), Some("item.type"));
    }

    #[test]
    fn events_show_no_audio() {
        let part = ContentPart::input_audio(Audio::from_bytes(&[1, 2])).transcript("hi");
        let item = Item::from(Message::default().role(Role::User).content([part]));
        let Item::Message(shown) = without_audio(&item) else {
            panic!("a message")
        };
        assert_eq!(
            shown.content,
            [ContentPart::default()
                .kind(ContentType::InputAudio)
                .transcript("hi")]
        );
        let Item::Message(kept) = item else {
            panic!("a message")
        };
        assert_eq!(audio(&kept), [1, 2]);
    }
}
