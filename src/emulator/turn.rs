//! The request for a response, as a script sees it.

use super::audio::SampleFormat;
use super::items::{audio, text};
use crate::protocol::{Item, Message, ResponseParams, Role};

/// What a response is asked to answer.
#[derive(Debug, Clone)]
pub struct TurnRequest {
    pub(super) connection: usize,
    pub(super) index: usize,
    pub(super) params: ResponseParams,
    pub(super) items: Vec<Item>,
    pub(super) input_format: SampleFormat,
    pub(super) output_format: SampleFormat,
}

impl TurnRequest {
    /// Which of the emulator's connections it is on, from 0.
    pub fn connection(&self) -> usize {
        self.connection
    }

    /// Which of its connection's responses it is, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// What the response is to be like: as the client asked, and otherwise as the session says.
    pub fn params(&self) -> &ResponseParams {
        &self.params
    }

    /// What stands before the response: the conversation, or the client's own `input`. Audio is included.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The text of the last message of the user; empty if it has none.
    pub fn user_text(&self) -> String {
        self.last_message().map(text).unwrap_or_default()
    }

    /// The audio of the last message of the user, in the session's input format; empty if it has none.
    pub fn user_audio(&self) -> Vec<u8> {
        self.last_message().map(audio).unwrap_or_default()
    }

    /// What a function gave, if that is the last item.
    pub fn function_output(&self) -> Option<&str> {
        match self.items.last()? {
            Item::FunctionCallOutput(output) => Some(&output.output),
            _ => None,
        }
    }

    fn last_message(&self) -> Option<&Message> {
        self.items.iter().rev().find_map(|item| match item {
            Item::Message(message) if message.role == Role::User => Some(message),
            _ => None,
        })
    }
}
