//! The request for a response, as a script sees it.

use super::audio::SampleFormat;
use super::items::{audio, text};
use crate::protocol::{Item, Message, ResponseParams, Role};

/// Request for a response.
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
    /// Returns the number of the connection, from 0.
    #[must_use]
    pub fn connection(&self) -> usize {
        self.connection
    }

    /// Returns the number of the response in its session, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns the parameters of the response: those of the request, and otherwise those of the
    /// session.
    #[must_use]
    pub fn params(&self) -> &ResponseParams {
        &self.params
    }

    /// Returns the input of the response: the conversation, or the client's own `input`. Audio is
    /// included.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Returns the text of the user's last message; empty if it has none.
    pub fn user_text(&self) -> String {
        self.last_message().map(text).unwrap_or_default()
    }

    /// Returns the audio of the user's last message, in the session's input format; empty if it has
    /// none.
    pub fn user_audio(&self) -> Vec<u8> {
        self.last_message().map(audio).unwrap_or_default()
    }

    /// Returns the output of a function, if that is the last item.
    #[must_use]
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
