//! The top level of a frame: its members, read where they lie.
//!
//! Most of what a session receives is a flat object of plain strings, one of them long. Finding their ends is most of the
//! work of reading it, and is done here, a vector at a time. Whatever is not that plain is left to `serde_json`.

use std::borrow::Cow;

use memchr::memchr2;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::de::StrRead;
use serde_json::value::RawValue;
use serde_json::{Error, Result};

/// What is unread of the members of an object that is a whole text.
pub struct Members<'de> {
    rest: &'de str,
    first: bool,
}

impl<'de> Members<'de> {
    /// `None` if the text is no object.
    #[inline]
    pub fn of(text: &'de str) -> Option<Self> {
        Some(Self {
            rest: skip_space(text).strip_prefix('{')?,
            first: true,
        })
    }

    /// The object's `type`, if it comes first and is a string, and the members behind it.
    #[inline]
    pub fn behind_type(text: &'de str) -> Option<(Cow<'de, str>, Self)> {
        let mut members = Self {
            rest: text.strip_prefix("{\"type\":")?,
            first: false,
        };
        Some((members.next_string().ok()??, members))
    }

    /// The next value, if it is a string.
    #[inline]
    pub fn next_string(&mut self) -> Result<Option<Cow<'de, str>>> {
        let value = self.value()?;
        match value.plain {
            Some(Plain::String(text)) => Ok(Some(Cow::Borrowed(text))),
            None if value.text.starts_with('"') => String::deserialize(&mut value.json())
                .map(Cow::Owned)
                .map(Some),
            _ => Ok(None),
        }
    }

    /// The next value, if it is a string that stands here and in which nothing is escaped.
    #[inline]
    pub fn plain_string(&mut self) -> Option<&'de str> {
        let rest = self.rest.strip_prefix('"')?;
        let (string, rest) = rest.split_at_checked(plain_length(rest.as_bytes())?)?;
        self.rest = rest.strip_prefix('"')?;
        Some(string)
    }

    /// The next value, if it is a number that stands here, an index or the like.
    #[inline]
    pub fn small_number(&mut self) -> Option<u32> {
        let (number, length) = small_number(self.rest.as_bytes())?;
        self.rest = self.rest.get(length..)?;
        Some(number)
    }

    /// Takes this piece of the text if it comes next, such as `,"delta":`.
    #[inline]
    pub fn take(&mut self, piece: &str) -> bool {
        let rest = self.rest.strip_prefix(piece);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Takes this punctuation mark if it comes next, behind space perhaps.
    #[inline]
    fn skip(&mut self, mark: char) -> bool {
        self.rest = skip_space(self.rest);
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Whether another member comes, whose key is then next. Not if the object, and the text with it, ends.
    #[inline]
    fn has_next(&mut self) -> Result<bool> {
        if self.skip('}') {
            return if skip_space(self.rest).is_empty() {
                Ok(false)
            } else {
                Err(Error::custom("trailing characters"))
            };
        }
        if !self.first && !self.skip(',') {
            return Err(Error::custom("expected `,` or `}`"));
        }
        self.first = false;
        self.rest = skip_space(self.rest);
        if self.rest.starts_with('"') {
            Ok(true)
        } else {
            Err(Error::custom("expected a key"))
        }
    }

    #[inline]
    fn value(&mut self) -> Result<JsonValue<'de>> {
        self.rest = skip_space(self.rest);
        let text = self.rest;
        let plain = match self.plain_string() {
            Some(string) => Some(Plain::String(string)),
            None => self.small_number().map(Plain::Number),
        };
        let value = JsonValue { text, plain };
        if value.plain.is_none() {
            let length = <&RawValue>::deserialize(&mut value.json())?.get().len();
            self.rest = text.get(length..).unwrap_or_default();
        }
        Ok(value)
    }
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        if !self.has_next()? {
            return Ok(None);
        }
        let key = self.value()?;
        if !self.skip(':') {
            return Err(Error::custom("expected `:`"));
        }
        seed.deserialize(key).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(self.value()?)
    }
}

/// A valid value, and what it is if that is plain to see.
struct JsonValue<'de> {
    /// It stands at the beginning.
    text: &'de str,
    plain: Option<Plain<'de>>,
}

enum Plain<'de> {
    /// A string in which nothing is escaped, without its quotes.
    String(&'de str),
    /// An index or the like.
    Number(u32),
}

impl<'de> JsonValue<'de> {
    fn json(&self) -> serde_json::Deserializer<StrRead<'de>> {
        serde_json::Deserializer::from_str(self.text)
    }
}

impl<'de> Deserializer<'de> for JsonValue<'de> {
    type Error = Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.plain {
            Some(Plain::String(text)) => visitor.visit_borrowed_str(text),
            Some(Plain::Number(number)) => visitor.visit_u32(number),
            None => self.json().deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.text.starts_with("null") {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    // As which a `RawValue` is read.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.json().deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier
    }
}

/// JSON's white space is narrower than ASCII's.
#[inline]
fn skip_space(text: &str) -> &str {
    match text.as_bytes().first() {
        Some(b'!'..) => text,
        _ => text.trim_start_matches([' ', '\n', '\r', '\t']),
    }
}

/// Where the first quote or backslash stands. If a control character comes before: where that stands, or `None`.
#[inline]
fn plain_length(text: &[u8]) -> Option<usize> {
    // Where there are no vectors, words are the fastest for the longest texts, too.
    const SHORT: usize = if cfg!(all(target_family = "wasm", not(target_feature = "simd128"))) {
        usize::MAX
    } else {
        64
    };
    // A word at a time, by Mycroft's trick: the lowest byte that is marked is one of them. Of all bytes, those below space
    // and the quote alone are at most space when their second bit is turned.
    const ONES: u64 = u64::MAX / 255;
    let each = |byte: u8| ONES * u64::from(byte);
    let (words, _) = text.get(..SHORT).unwrap_or(text).as_chunks();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let low = (word ^ each(2)).wrapping_sub(each(b' ' + 1));
        let backslash = (word ^ each(b'\\')).wrapping_sub(each(1));
        let marked = (low | backslash) & !word & each(0x80);
        if marked != 0 {
            return Some(index * 8 + marked.trailing_zeros() as usize / 8);
        }
    }
    let known = words.len() * 8;
    let rest = text.get(known..)?;
    let length = if rest.len() < 8 {
        rest.iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | ..b' '))
    } else {
        long_length(rest)
    };
    Some(known + length?)
}

#[inline(never)]
fn long_length(text: &[u8]) -> Option<usize> {
    let text = text.get(..memchr2(b'"', b'\\', text)?)?;
    (!has_control(text)).then_some(text.len())
}

/// Whether there is an ASCII control character. It has no early exit, so that it is vectorized.
fn has_control(text: &[u8]) -> bool {
    text.iter().copied().fold(u8::MAX, u8::min) < b' '
}

/// Whether nothing in the text needs to be escaped in JSON.
pub fn is_plain(text: &str) -> bool {
    memchr2(b'"', b'\\', text.as_bytes()).is_none() && !has_control(text.as_bytes())
}

/// The number that the text begins with, if it is an index or the like, and its length.
#[inline]
fn small_number(text: &[u8]) -> Option<(u32, usize)> {
    let mut number = 0;
    for (length, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' if length < 9 => number = number * 10 + u32::from(byte - b'0'),
            b',' | b'}' if length == 1 || (length > 1 && text.first() != Some(&b'0')) => {
                return Some((number, length));
            }
            _ => return None,
        }
    }
    None
}
