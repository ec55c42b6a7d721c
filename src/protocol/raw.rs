//! Events as text, and the way to a typed event and back.

use std::fmt;
use std::fmt::Debug;

use bytestring::ByteString;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use super::members::{Members, find_type};
use super::record::Record;
use super::unknown::{Unread, Visit};

/// Events of one direction of a protocol, such as [`ServerEvent`](super::ServerEvent): an enum with
/// a variant for each type, and `Other` for the rest.
///
/// Implemented by this crate's tables only.
pub trait Events:
    ReadEvents + From<RawEvent> + Serialize + DeserializeOwned + Clone + Debug + PartialEq + 'static
{
    /// Types that have a variant.
    const TYPES: &'static [&'static str];

    /// Returns the event's `type`.
    fn event_type(&self) -> &str;

    /// Returns the event's own ID, if it has one.
    fn event_id(&self) -> Option<&str>;

    /// Sets the event's ID. An error that a client event causes names it, in
    /// [`ErrorDetails::event_id`](super::ErrorDetails::event_id). An event that is kept as text
    /// does not change.
    #[must_use]
    fn with_event_id(self, id: impl Into<String>) -> Self;

    /// Writes the event: its text, with its `type`.
    fn encode(&self) -> RawEvent;

    /// Returns the present name of the events that servers of the beta protocol call `name`.
    ///
    /// ```
    /// use openai_realtime_ws::ServerEvent;
    /// use openai_realtime_ws::protocol::Events;
    ///
    /// assert_eq!(ServerEvent::present_name("response.audio.delta"), Some("response.output_audio.delta"));
    /// assert_eq!(ServerEvent::present_name("response.output_audio.delta"), None);
    /// ```
    #[must_use]
    fn present_name(_name: &str) -> Option<&'static str> {
        None
    }

    /// Returns the members that were received and not read into a field: unknown ones, and values
    /// that do not fit. They are kept, and written again by [`encode`](Self::encode). Deltas do not
    /// keep unknown members, for speed.
    #[must_use]
    fn unread(&self) -> Vec<Unread> {
        let mut unread = Vec::new();
        self.visit_unread(&mut |member| unread.push(member));
        unread
    }

    /// Reads the text of one frame. Does the same as [`RawEvent::parse`] and
    /// [`RawEvent::decode_as`], faster.
    ///
    /// # Errors
    /// [`ParseError`] when the text is not an event. Everything else becomes an event.
    #[inline]
    fn parse(text: impl Into<ByteString>) -> Result<Self, ParseError> {
        parse_text(&text.into(), EventNames::Present)
    }

    /// Reads the text of one frame, as [`parse`](Self::parse) does, and leaves the text to the
    /// caller.
    ///
    /// # Errors
    /// [`ParseError`] when the text is not an event. Everything else becomes an event.
    #[inline]
    fn parse_text(text: &ByteString, names: EventNames) -> Result<Self, ParseError> {
        parse_text(text, names)
    }
}

/// Typed event, such as [`ResponseOutputTextDelta`](super::ResponseOutputTextDelta).
///
/// Implemented by this crate's tables only.
pub trait Event: Sized + 'static {
    /// Enum that has a variant for the event.
    type Events: Events + From<Self>;

    /// Type of the event, on the wire.
    const TYPE: &'static str;

    /// Returns the event, if it is of this type.
    fn from_events(events: &Self::Events) -> Option<&Self>;
}

/// Names by which events are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum EventNames {
    /// Names of the present protocol. An event of the beta protocol becomes `Other`.
    #[default]
    Present,
    /// Names of the beta protocol, too, such as `response.audio.delta`: these events are read as
    /// the ones of the [present name](Events::present_name). For servers that have not followed the
    /// protocol.
    Older,
}

/// Event as it stands on the wire: JSON text that is known to be an object with a string `type`.
///
/// Nothing of the frame is lost: [`text`](Self::text) is exactly what arrived. Cloning is cheap;
/// the clones share the text.
///
/// ```
/// use openai_realtime_ws::{RawEvent, ServerEvent};
///
/// let raw = RawEvent::parse(r#"{"type":"response.output_text.delta","delta":"Hi","obfuscation":"x9"}"#)?;
/// assert_eq!(raw.event_type(), "response.output_text.delta");
/// let ServerEvent::ResponseOutputTextDelta(event) = raw.decode() else { unreachable!() };
/// assert_eq!(event.delta, "Hi");
/// # Ok::<(), openai_realtime_ws::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RawEvent {
    text: ByteString,
    event_type: ByteString,
}

impl RawEvent {
    /// Takes the text of one frame.
    ///
    /// An event is valid JSON, an object, and its own `type` is a string, which may be empty or
    /// unknown. Where a key comes twice, the last value counts. Two inputs that JavaScript's parser
    /// accepts and most others refuse are events, too: numbers beyond a double's range (`1e400`),
    /// and lone surrogates (`"\ud800"`), which are read as U+FFFD. The text itself keeps them.
    ///
    /// # Errors
    /// [`ParseError`] when the text is not JSON, or not an object with a string `type`.
    // These are the rules of contracts 41 to 47.
    pub fn parse(text: impl Into<ByteString>) -> Result<Self, ParseError> {
        let text = text.into();
        let event_type = match find_type(&text) {
            Err(_) if has_surrogates(&text) => find_type(&without_lone_surrogates(&text)),
            found => found,
        };
        let kind = match event_type {
            Ok(Some(event_type)) => {
                let event_type = event_type.into();
                return Ok(Self { text, event_type });
            }
            Ok(None) => ParseErrorKind::NotAnEvent,
            Err(error) => ParseErrorKind::NotJson {
                line: error.line(),
                column: error.column(),
            },
        };
        Err(ParseError { kind, text })
    }

    /// Writes an event.
    pub(crate) fn encode(event_type: &'static str, event: &impl Record) -> Self {
        // Most events without audio fit.
        let mut out = String::with_capacity(256);
        out.push_str("{\"type\":\"");
        out.push_str(event_type);
        out.push('"');
        event.write_members(&mut out);
        out.push('}');
        Self {
            text: out.into(),
            event_type: ByteString::from_static(event_type),
        }
    }

    /// Returns the raw event that `event` was read from, without reading `text` again.
    #[allow(dead_code, reason = "for sessions that hand out both")]
    pub(crate) fn beside<E: Events>(event: &E, text: ByteString) -> Self {
        let event_type = match event.known_type() {
            Some(event_type) => ByteString::from_static(event_type),
            None => event.event_type().into(),
        };
        Self { text, event_type }
    }

    /// Returns the event's `type`.
    #[must_use]
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// Returns the frame's text.
    #[must_use]
    pub fn text(&self) -> &ByteString {
        &self.text
    }

    /// Reads the typed event of any set of events, such as [`ServerEvent`](super::ServerEvent) or
    /// [`TranslationServerEvent`](super::TranslationServerEvent). Never fails: an unknown type
    /// becomes `Other`, and a member that does not fit leaves its field at the default, and is in
    /// [`Events::unread`].
    #[must_use]
    pub fn decode_as<E: Events>(self) -> E {
        self.decode_by_name(EventNames::Present)
    }

    fn decode_by_name<E: Events>(self, names: EventNames) -> E {
        let event_type = named::<E>(&self.event_type, names);
        let text = &self.text;
        let read = match E::read_typed(event_type, Members::of(text), text) {
            // JavaScript can send half of a pair, which no Rust string holds.
            Some(Err(_)) if has_surrogates(text) => {
                E::read_typed(event_type, None, &without_lone_surrogates(text).into())
            }
            // Read again with tolerance: a member that does not fit is left at its default.
            Some(Err(_)) => E::read_typed(event_type, None, text),
            read => read,
        };
        match read {
            Some(Ok(event)) => event,
            _ => self.into(),
        }
    }
}

/// Types and sizes only: an event's text is the user's.
impl Debug for RawEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawEvent")
            .field("event_type", &self.event_type())
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

impl Serialize for RawEvent {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let value: serde_json::Value =
            serde_json::from_str(&self.text).map_err(serde::ser::Error::custom)?;
        value.serialize(out)
    }
}

/// Error of a frame whose text is not an event. It prints no part of the text.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ParseError {
    kind: ParseErrorKind,
    text: ByteString,
}

impl ParseError {
    #[allow(dead_code, reason = "for the emulator")]
    pub(crate) fn new(kind: ParseErrorKind, text: ByteString) -> Self {
        Self { kind, text }
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> &ParseErrorKind {
        &self.kind
    }

    /// Returns the frame's text, such as a proxy's `overloaded`. It may hold what a person said: it
    /// is the caller's to keep from logs.
    #[must_use]
    pub fn text(&self) -> &ByteString {
        &self.text
    }
}

/// Kind and size only: the text is the user's.
impl Debug for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParseError")
            .field("kind", &self.kind)
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

/// Kind of a [`ParseError`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The text is not JSON.
    // The message is the SDK's (contract 43).
    #[error(
        "Could not parse Realtime WebSocket event data as JSON (line {line}, column {column})."
    )]
    #[non_exhaustive]
    NotJson {
        /// Line on which reading stopped, from 1.
        line: usize,
        /// Column, in bytes, from 1.
        column: usize,
    },
    /// The text is JSON, and not an object with a string `type` of its own.
    // The message is the SDK's (contract 42).
    #[error("Realtime WebSocket event must be an object with a string type.")]
    NotAnEvent,
}

/// Reading of typed events. Made by the `events!` macro.
pub trait ReadEvents: Sized {
    /// Reads the event of this type; `None` if the type is not in the table. Without `members`,
    /// reads the frame leniently.
    fn read_typed(
        event_type: &str,
        members: Option<Members>,
        frame: &ByteString,
    ) -> Option<serde_json::Result<Self>>;

    /// Returns the type, if it is in the table.
    fn known_type(&self) -> Option<&'static str>;

    /// Returns the text of one of the event's own fields, if it is a string and not empty.
    fn text_of(&self, key: &str) -> Option<&str>;

    /// Reports the members that were not read into a field.
    fn visit_unread(&self, visit: &mut Visit<'_>);
}

/// Reads a frame's text, in one pass where its `type` comes first, as in the service's own frames.
#[inline]
pub(crate) fn parse_text<E: Events, X: From<ParseError>>(
    text: &ByteString,
    names: EventNames,
) -> Result<E, X> {
    if let Some((event_type, members)) = Members::behind_type(text)
        && let Some(Ok(event)) = E::read_typed(named::<E>(&event_type, names), Some(members), text)
    {
        return Ok(event);
    }
    Ok(RawEvent::parse(text.clone())?.decode_by_name(names))
}

/// Returns the name by which an event's struct is found.
#[inline]
fn named<E: Events>(event_type: &str, names: EventNames) -> &str {
    match names {
        EventNames::Present => event_type,
        EventNames::Older => E::present_name(event_type).unwrap_or(event_type),
    }
}

/// Returns true if a `\u` escape in the text may be half of a surrogate pair.
fn has_surrogates(text: &str) -> bool {
    text.contains("\\ud") || text.contains("\\uD")
}

/// Returns the text with U+FFFD for every escaped surrogate that has no partner.
fn without_lone_surrogates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = &rest[at..];
        // Pairs stay, halves become U+FFFD, and every other escape is copied.
        let (kept, len) = match (code_unit(escape), escape.get(6..).and_then(code_unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (&escape[..12], 12),
            (Some(0xD800..=0xDFFF), _) => ("\\ufffd", 6),
            (Some(_), _) => (&escape[..6], 6),
            // Any other escape is a backslash and one character.
            (None, _) => {
                let len = escape
                    .char_indices()
                    .nth(2)
                    .map_or(escape.len(), |(index, _)| index);
                (&escape[..len], len)
            }
        };
        out.push_str(kept);
        rest = &escape[len..];
    }
    out.push_str(rest);
    out
}

/// Returns the UTF-16 code unit that a text's leading `\uXXXX` stands for.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits
        .bytes()
        .all(|b| b.is_ascii_hexdigit())
        .then(|| u16::from_str_radix(digits, 16).ok())?
}
