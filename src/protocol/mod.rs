//! The protocol as pure data: events and their types, text in, text out. No socket, no time.
//!
//! Every event is one row in one file: `server`, `client`, `translation`. The row gives the struct,
//! the enum's variant, the JSON both ways, the conversion and the dispatch of listeners.
//!
//! Reading is tolerant. Every field but `type` may be absent or null; a name that is not known is
//! kept; an object of an unknown `type` is kept as JSON, and an event as [`RawEvent`]. A value that
//! does not fit leaves its field at the default, and unknown members stay with their record:
//! [`Events::unread`] lists both. Only text that is not an event at all is an error.
//!
//! The [API reference](https://developers.openai.com/api/reference/resources/realtime) describes
//! the protocol.

mod audio;
mod client;
mod error;
pub(crate) mod field;
mod item;
pub(crate) mod members;
mod patch;
pub(crate) mod raw;
pub(crate) mod record;
mod response;
mod server;
mod session;
mod table;
mod tool;
mod translation;
#[cfg(test)]
pub(crate) mod typescript;
mod union;
pub(crate) mod unknown;
pub(crate) mod words;

pub use audio::{Audio, AudioError, AudioFormat, PcmFormat, PcmaFormat, PcmuFormat};
#[doc(no_inline)]
pub use bytestring::ByteString;
pub use client::*;
pub use error::*;
pub use item::*;
pub use patch::Patch;
pub use raw::{Event, EventNames, Events, ParseError, ParseErrorKind, RawEvent};
pub use response::*;
#[doc(no_inline)]
pub use serde_json::Value;
pub use server::*;
pub(crate) use session::merge_settings;
pub use session::*;
pub use tool::*;
pub use translation::*;
pub use unknown::Unread;

/// Events and rules that a session speaks: the main protocol, [`Realtime`], or [`Translation`].
pub trait Protocol: 'static {
    /// Events of the server.
    type Server: Events;
    /// Events of the client.
    type Client: Events;

    /// Path of the protocol's address, below the base URL.
    const PATH: &'static str;

    /// Targets that a session can have.
    const TARGETS: Targets = Targets::Any;

    /// True if a session holds a conversation of items, which a new session can be given again.
    const HAS_CONVERSATION: bool = false;

    /// Returns the event that adds audio to the input.
    fn append(audio: Audio) -> Self::Client;

    /// Returns the failure that a server event reports, if it is the `error` event.
    fn error(event: &Self::Server) -> Option<ErrorEvent>;

    /// Returns the end of the session, in seconds of Unix time, if the event says it.
    fn expires_at(_event: &Self::Server) -> Option<u64> {
        None
    }
}

/// Targets that sessions of a [`Protocol`] can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Targets {
    /// A model, a call or a transcription.
    Any,
    /// A model, by its name.
    Model,
}

/// Returns the end of a session whose kind is not known, in seconds of Unix time.
fn expiry_of(session: &Value) -> Option<u64> {
    session.get("expires_at")?.as_u64()
}

/// Protocol of conversations and transcriptions: 46 server events, 11 client events.
#[derive(Debug, Clone, Copy)]
pub enum Realtime {}

impl Protocol for Realtime {
    type Server = ServerEvent;
    type Client = ClientEvent;

    const PATH: &'static str = "/realtime";
    const HAS_CONVERSATION: bool = true;

    fn append(audio: Audio) -> ClientEvent {
        InputAudioBufferAppend::default().audio(audio).into()
    }

    fn error(event: &ServerEvent) -> Option<ErrorEvent> {
        match event {
            ServerEvent::Error(event) => Some(event.clone()),
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
            SessionConfig::Other(session) => expiry_of(session),
        }
    }
}
