//! What the server sends: a row an event.

use super::table::events;
use super::{Audio, ErrorDetails, Item, SessionConfig};

events! {
    /// An event from the server.
    ///
    /// The variants are named after the `type`; new ones may come, so a `match` needs a `_` arm. Ids and indexes that the
    /// server left out are empty and 0.
    pub enum ServerEvent {
        /// A piece of the reply's text.
        "response.output_text.delta" => ResponseOutputTextDelta {
            /// The response that it is part of.
            response_id: String,
            /// The message item that it is part of.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The content part's place in the item.
            content_index: u32,
            /// The text that comes next.
            delta: String,
        }

        /// A piece of the reply's audio.
        "response.output_audio.delta" => ResponseOutputAudioDelta {
            /// The response that it is part of.
            response_id: String,
            /// The message item that it is part of.
            item_id: String,
            /// The item's place in the response.
            output_index: u32,
            /// The content part's place in the item.
            content_index: u32,
            /// The audio that comes next, in the session's output format.
            delta: Audio,
        }

        /// The server could not do what was asked, or failed. The session goes on.
        "error" => Error(ErrorEvent) {
            /// What went wrong.
            error: ErrorDetails,
        }

        /// The session is open; sent first.
        "session.created" => SessionCreated {
            /// The session's configuration.
            session: Box<SessionConfig>,
        }

        /// An item was added to the conversation; its content may still be growing.
        "conversation.item.added" => ConversationItemAdded {
            /// The item that it stands behind.
            previous_item_id?: String,
            /// The item.
            item: Item,
        }
    }
}
