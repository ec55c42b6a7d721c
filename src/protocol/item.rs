use super::Audio;
use super::table::{open_enum, record, union};

union! {
    /// One entry of the conversation.
    pub enum Item {
        /// What a person, the model or the system said.
        "message" => Message {
            /// The item's id; the server makes one if it is absent.
            id?: String,
            /// Who speaks.
            role: Role,
            /// What is said.
            content: Vec<ContentPart>,
        }
    }
}

open_enum! {
    /// Who speaks.
    pub enum Role {
        User = "user",
        Assistant = "assistant",
        System = "system",
    }
}

record! {
    /// A part of a message.
    pub struct ContentPart {
        /// What kind of part it is.
        kind as "type": ContentType,
        /// The text of a text part.
        text?: String,
        /// The audio of an audio part.
        audio?: Audio,
    }
}

open_enum! {
    /// The kind of a content part.
    pub enum ContentType {
        InputText = "input_text",
        OutputText = "output_text",
    }
}
