//! The protocol as pure data: events and their types, text in, text out. No socket, no time.
//!
//! An event is one row in one file: [`server`], [`client`], [`translation`]. From the row come the struct, the enum's
//! variant, its JSON both ways, the conversion and the listeners' dispatch.
//!
//! Reading is tolerant. Every field but `type` may be absent or null; an enumeration keeps a name that it does not know;
//! an object of an unknown `type` is kept as JSON, and an event as [`RawEvent`]. Nothing that arrives makes reading an
//! event fail, save text that is no event at all.

use std::fmt::Debug;

use bytestring::ByteString;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::{ConfigError, Target};

mod audio;
pub mod client;
mod error;
pub(crate) mod field;
mod item;
pub(crate) mod members;
mod patch;
pub(crate) mod raw;
mod response;
pub mod server;
mod session;
pub(crate) mod table;
mod tool;
pub mod translation;
#[cfg(test)]
pub(crate) mod typescript;

pub use audio::{Audio, AudioError, AudioFormat, PcmFormat, PcmaFormat, PcmuFormat};
pub use client::*;
pub use error::*;
pub use item::*;
pub use patch::Patch;
pub use raw::{ParseError, RawEvent};
pub use response::*;
pub use server::*;
pub(crate) use session::merge_settings;
pub use session::*;
pub use tool::*;
pub use translation::*;

/// The events of one direction of a protocol, such as [`ServerEvent`]: an enum with a variant for each type and
/// `Other` for the rest. Made by this crate's tables only.
pub trait Events:
    raw::ReadEvents
    + From<RawEvent>
    + Serialize
    + DeserializeOwned
    + Clone
    + Debug
    + PartialEq
    + 'static
{
    /// The types in the table.
    const TYPES: &'static [&'static str];

    /// The event's `type`.
    fn event_type(&self) -> &str;

    /// The event's own id, where it has one.
    fn event_id(&self) -> Option<&str>;

    /// The event with this id. A client event's id comes back as [`ErrorDetails::event_id`] in an error that it
    /// caused. An event that is kept as text stays as it is.
    fn with_event_id(self, id: impl Into<String>) -> Self;

    /// The event as it goes out: its text, with its `type`.
    fn encode(&self) -> RawEvent;

    /// Reads one frame's text. Like [`RawEvent::parse`] and [`RawEvent::decode_as`] in one, and faster.
    ///
    /// # Errors
    /// [`ParseError`] when the text is no event. Anything else becomes an event.
    #[inline]
    fn parse(text: impl Into<ByteString>) -> Result<Self, ParseError> {
        raw::parse(text.into())
    }
}

/// One typed event, such as [`ResponseOutputTextDelta`]. Made by this crate's tables only.
pub trait Event: Sized + 'static {
    /// The events that it is one of.
    type Events: Events + From<Self>;

    /// Its `type`.
    const TYPE: &'static str;

    /// The event, if it is of this type.
    fn from_events(events: &Self::Events) -> Option<&Self>;
}

/// The events that a session speaks: the main protocol, [`Realtime`], or [`Translation`].
pub trait Protocol: 'static {
    /// What the server sends.
    type Server: Events;
    /// What the client sends.
    type Client: Events;

    /// Where it is spoken, below the base URL.
    const PATH: &'static str;

    /// Whether its sessions can be attached to `target`.
    ///
    /// # Errors
    /// [`ConfigError`] says what they can be attached to.
    fn check_target(_target: &Target) -> Result<(), ConfigError> {
        Ok(())
    }

    /// The event that adds audio to the input.
    fn append(audio: Audio) -> Self::Client;

    /// The failure that a server event reports, if it is the `error` event.
    fn error(event: &Self::Server) -> Option<ErrorEvent>;

    /// When the session ends, in seconds of Unix time, if the event says so.
    fn expires_at(_event: &Self::Server) -> Option<u64> {
        None
    }
}

/// Conversations and transcriptions: 46 server events, 11 client events.
#[derive(Debug, Clone, Copy)]
pub enum Realtime {}

impl Protocol for Realtime {
    type Server = ServerEvent;
    type Client = ClientEvent;

    const PATH: &'static str = "/realtime";

    fn append(audio: Audio) -> ClientEvent {
        InputAudioBufferAppend::default().audio(audio).into()
    }

    fn error(event: &ServerEvent) -> Option<ErrorEvent> {
        match event {
            ServerEvent::Error(event) => Some(event.clone()),
            ServerEvent::Other(raw) => ErrorEvent::of_misfit(raw),
            _ => None,
        }
    }

    #[inline]
    fn expires_at(event: &ServerEvent) -> Option<u64> {
        let session = match event {
            ServerEvent::SessionCreated(event) => &event.session,
            ServerEvent::SessionUpdated(event) => &event.session,
            _ => return None,
        };
        match &**session {
            SessionConfig::Realtime(session) => session.expires_at,
            SessionConfig::Transcription(session) => session.expires_at,
            SessionConfig::Other(_) => None,
        }
    }
}
