//! Events as they came: the text, its `type`, and the way to a typed event.

use std::fmt;

use bytestring::ByteString;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::field::{Key, Record};
use super::members::Members;
use super::{Events, ServerEvent};

/// An event as it stands on the wire: JSON text that is known to be an object with a string `type`.
///
/// Nothing of the frame is lost: [`text`](Self::text) is what arrived, undeclared fields and all. Cloning is cheap; the
/// clones share the text.
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
    why: Option<Box<str>>,
}

impl RawEvent {
    /// Takes the text of one frame.
    ///
    /// What counts as an event is what the Node SDK accepts (contracts 41 to 47): valid JSON, an object, its own
    /// `type` a string, be it empty or unknown; where a key comes twice, the last one counts. Two inputs that
    /// JavaScript's parser accepts and most others refuse are events here, too: numbers beyond a double's range
    /// (`1e400`), and lone surrogates (`"\ud800"`), which read as U+FFFD where they are decoded. The text itself
    /// keeps them as they are.
    ///
    /// # Errors
    /// [`ParseError`] when the text is not JSON, or not an object with a string `type`. It quotes nothing of the text.
    pub fn parse(text: impl Into<ByteString>) -> Result<Self, ParseError> {
        let text = text.into();
        let event_type = match find_type(&text) {
            Err(_) if has_surrogates(&text) => find_type(&without_lone_surrogates(&text)),
            found => found,
        };
        match event_type {
            Ok(Some(event_type)) => Ok(Self {
                event_type: event_type.into(),
                text,
                why: None,
            }),
            Ok(None) => Err(ParseError::NotAnEvent),
            Err(error) => Err(ParseError::NotJson {
                line: error.line(),
                column: error.column(),
            }),
        }
    }

    /// Writes an event.
    pub(crate) fn encode(event_type: &'static str, event: &impl Record) -> Self {
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(event_type.as_bytes());
        out.push(b'"');
        event.write_fields(&mut out);
        out.push(b'}');
        let text = String::from_utf8(out).unwrap_or_default().into();
        Self {
            text,
            event_type: ByteString::from_static(event_type),
            why: None,
        }
    }

    /// The event's `type`.
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// The frame's text.
    pub fn text(&self) -> &ByteString {
        &self.text
    }

    /// Why this event is not a typed one, when its type is known and its content does not fit: the field. `None` for a
    /// type that this version does not know.
    pub fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// The typed event of the main protocol. Never fails: what does not fit becomes [`ServerEvent::Other`].
    pub fn decode(self) -> ServerEvent {
        self.decode_as()
    }

    /// The typed event of any set of events, such as [`ClientEvent`](super::ClientEvent) or
    /// [`TranslationServerEvent`](super::TranslationServerEvent). Never fails.
    pub fn decode_as<E: Events>(mut self) -> E {
        let read = |text: &ByteString| E::read(&self.event_type, Members::of(text)?, text);
        let read = match read(&self.text) {
            Some(Err(_)) if has_surrogates(&self.text) => {
                read(&without_lone_surrogates(&self.text).into())
            }
            read => read,
        };
        match read {
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                self.why = Some(error.to_string().into());
                self.into()
            }
            None => self.into(),
        }
    }
}

/// Types and sizes only: an event's text is the user's.
impl fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawEvent")
            .field("event_type", &self.event_type())
            .field("bytes", &self.text.len())
            .field("why", &self.why())
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

/// Why a frame's text is not an event. It says where, and quotes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The text is not JSON (contract 43).
    #[error(
        "Could not parse Realtime WebSocket event data as JSON (line {line}, column {column})."
    )]
    NotJson {
        /// The line on which reading stopped, from 1.
        line: usize,
        /// The column, in bytes, from 1.
        column: usize,
    },
    /// The text is JSON, and not an object with a string `type` of its own (contract 42).
    #[error("Realtime WebSocket event must be an object with a string type.")]
    NotAnEvent,
}

/// Reading the typed event of a known type. Made by the `events!` macro.
pub trait ReadEvents: Sized {
    /// `None` for a type that is not in the table.
    fn read(
        event_type: &str,
        members: Members,
        frame: &ByteString,
    ) -> Option<serde_json::Result<Self>>;
}

/// Reads a frame's text, in one pass where its `type` comes first, as it does in the service's own.
#[inline]
pub fn parse<E: Events, X: From<ParseError>>(text: ByteString) -> Result<E, X> {
    match read_in_order(&text) {
        Some(Ok(event)) => Ok(event),
        _ => Ok(RawEvent::parse(text)?.decode_as()),
    }
}

#[inline]
fn read_in_order<E: Events>(text: &ByteString) -> Option<serde_json::Result<E>> {
    let (event_type, members) = Members::behind_type(text)?;
    E::read(&event_type, members, text)
}

/// The object's last `type` if it is a string; an error if the text is not JSON.
pub fn find_type(text: &str) -> serde_json::Result<Option<String>> {
    struct TypeVisitor;

    impl<'de> Visitor<'de> for TypeVisitor {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<Key>()? {
                if key == *"type" {
                    found = Some(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }

    if !text.trim_ascii_start().starts_with('{') {
        return serde_json::from_str::<IgnoredAny>(text).map(|_| None);
    }
    let mut input = serde_json::Deserializer::from_str(text);
    let found = input.deserialize_map(TypeVisitor)?;
    input.end()?;
    match found.map(RawValue::get) {
        Some(string) if string.starts_with('"') => serde_json::from_str(string).map(Some),
        _ => Ok(None),
    }
}

/// Whether a `\u` escape in the text may be half of a surrogate pair.
fn has_surrogates(text: &str) -> bool {
    text.contains("\\ud") || text.contains("\\uD")
}

/// The text with U+FFFD for every escaped surrogate that has no partner.
fn without_lone_surrogates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = &rest[at..];
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

/// The UTF-16 code unit that a text's leading `\uXXXX` stands for.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits
        .bytes()
        .all(|b| b.is_ascii_hexdigit())
        .then(|| u16::from_str_radix(digits, 16).ok())?
}
