//! The top level of a frame: its members, read where they lie.
//!
//! Most of what a session receives is a flat object of plain strings, one of them long. Finding their ends is most of the
//! work of reading it, and is done here, a vector at a time. Whatever is not that plain is left to `serde_json`.

use std::borrow::Cow;

use memchr::memchr2;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::value::RawValue;
use serde_json::{Error, Result};

/// What is unread of the members of an object that is a whole text.
pub struct Members<'de> {
    rest: &'de str,
    first: bool,
}

impl<'de> Members<'de> {
    /// `None` if the text is no object.
    pub fn of(text: &'de str) -> Option<Self> {
        let rest = skip_space(text).strip_prefix('{')?;
        Some(Self {
            rest: skip_space(rest),
            first: true,
        })
    }

    /// The value at which reading stands, if it is a string.
    pub fn next_string(&mut self) -> Result<Option<Cow<'de, str>>> {
        let token = self.value()?;
        match token.plain {
            Some(Plain::String(string)) => Ok(Some(Cow::Borrowed(string))),
            None if token.json.starts_with('"') => {
                serde_json::from_str(token.json).map(Cow::Owned).map(Some)
            }
            Some(Plain::Number(_)) | None => Ok(None),
        }
    }

    /// Whether another member comes, whose key the rest then begins with. Not if the object, and the text with it, ends.
    fn has_next(&mut self) -> Result<bool> {
        if let Some(behind) = self.rest.strip_prefix('}') {
            return if skip_space(behind).is_empty() {
                Ok(false)
            } else {
                Err(Error::custom("trailing characters"))
            };
        }
        if !self.first {
            self.rest = skip_space(
                self.rest
                    .strip_prefix(',')
                    .ok_or_else(|| Error::custom("expected `,` or `}`"))?,
            );
        }
        self.first = false;
        if self.rest.starts_with('"') {
            Ok(true)
        } else {
            Err(Error::custom("expected a key"))
        }
    }

    fn value(&mut self) -> Result<Token<'de>> {
        let rest = self
            .rest
            .strip_prefix(':')
            .ok_or_else(|| Error::custom("expected `:`"))?;
        self.rest = skip_space(rest);
        self.token()
    }

    /// The token that the rest begins with; the rest is then what stands behind it.
    fn token(&mut self) -> Result<Token<'de>> {
        let plain = plain_string(self.rest).or_else(|| small_number(self.rest));
        let (length, plain) = if let Some((length, plain)) = plain {
            (length, Some(plain))
        } else {
            let mut input = serde_json::Deserializer::from_str(self.rest);
            (<&RawValue>::deserialize(&mut input)?.get().len(), None)
        };
        let (json, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = skip_space(rest);
        Ok(Token { json, plain })
    }
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        if self.has_next()? {
            seed.deserialize(self.token()?).map(Some)
        } else {
            Ok(None)
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(self.value()?)
    }
}

/// A value in the text, known to be valid.
struct Token<'de> {
    json: &'de str,
    plain: Option<Plain<'de>>,
}

/// What a token is, where that takes no parser.
enum Plain<'de> {
    String(&'de str),
    Number(u32),
}

impl<'de> Deserializer<'de> for Token<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.plain {
            Some(Plain::String(string)) => visitor.visit_borrowed_str(string),
            Some(Plain::Number(number)) => visitor.visit_u32(number),
            None => serde_json::Deserializer::from_str(self.json).deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.json == "null" {
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
        serde_json::Deserializer::from_str(self.json).deserialize_newtype_struct(name, visitor)
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
fn skip_space(text: &str) -> &str {
    match text.as_bytes().first() {
        Some(b'!'..) => text,
        _ => text.trim_start_matches([' ', '\n', '\r', '\t']),
    }
}

/// The string that the text begins with, if nothing in it is escaped, and its length in the text.
fn plain_string(text: &str) -> Option<(usize, Plain<'_>)> {
    let text = text.strip_prefix('"')?;
    let (string, rest) = text.split_at_checked(plain_length(text.as_bytes())?)?;
    rest.starts_with('"')
        .then_some((string.len() + 2, Plain::String(string)))
}

/// Where the first quote or backslash stands. If a control character comes before: where that stands, or `None`.
fn plain_length(text: &[u8]) -> Option<usize> {
    const SHORT: usize = 64;
    // A word at a time, by Mycroft's trick: the lowest byte that is marked is one of them.
    const ONES: u64 = u64::MAX / 255;
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
    let (words, _) = text.get(..SHORT).unwrap_or(text).as_chunks();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let marked = (below(word, b' ') | quote | backslash) & (ONES << 7);
        if marked != 0 {
            return Some(index * 8 + marked.trailing_zeros() as usize / 8);
        }
    }
    let known = words.len() * 8;
    let rest = text.get(known..)?;
    let rest = rest.get(..memchr2(b'"', b'\\', rest)?)?;
    (!has_control(rest)).then_some(known + rest.len())
}

/// Whether there is an ASCII control character. It has no early exit, so that it is vectorized.
fn has_control(text: &[u8]) -> bool {
    text.iter().copied().fold(u8::MAX, u8::min) < b' '
}

/// Whether nothing in the text needs to be escaped in JSON.
pub fn is_plain(text: &str) -> bool {
    memchr2(b'"', b'\\', text.as_bytes()).is_none() && !has_control(text.as_bytes())
}

/// The number that the text begins with, if it is an index or the like, and its length in the text.
fn small_number(text: &str) -> Option<(usize, Plain<'_>)> {
    let length = text.bytes().position(|b| !b.is_ascii_digit())?;
    let (digits, rest) = text.split_at_checked(length)?;
    let plain = length == 1 || (length < 10 && !digits.starts_with('0'));
    if plain && rest.starts_with([',', '}']) {
        Some((length, Plain::Number(digits.parse().ok()?)))
    } else {
        None
    }
}
