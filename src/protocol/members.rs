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
    #[inline]
    pub fn of(text: &'de str) -> Option<Self> {
        let rest = skip_space(text).strip_prefix('{')?;
        Some(Self {
            rest: skip_space(rest),
            first: true,
        })
    }

    /// The value at which reading stands, if it is a string.
    #[inline]
    pub fn next_string(&mut self) -> Result<Option<Cow<'de, str>>> {
        match self.value()? {
            Token::String(quoted) => Ok(Some(Cow::Borrowed(unquoted(quoted)))),
            Token::Other(json) if json.starts_with('"') => {
                serde_json::from_str(json).map(Cow::Owned).map(Some)
            }
            Token::Number(_) | Token::Other(_) => Ok(None),
        }
    }

    /// Takes the next key if it is this one, and not the first, without having to look for its end.
    #[inline]
    pub fn next_key_is(&mut self, key: &str) -> bool {
        let rest = self
            .rest
            .strip_prefix(",\"")
            .and_then(|rest| rest.strip_prefix(key));
        match rest.and_then(|rest| rest.strip_prefix('"')) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Whether another member comes, whose key the rest then begins with. Not if the object, and the text with it, ends.
    #[inline]
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

    #[inline]
    fn value(&mut self) -> Result<Token<'de>> {
        let rest = self
            .rest
            .strip_prefix(':')
            .ok_or_else(|| Error::custom("expected `:`"))?;
        self.rest = skip_space(rest);
        self.token()
    }

    /// The token that the rest begins with; the rest is then what stands behind it.
    #[inline]
    fn token(&mut self) -> Result<Token<'de>> {
        if let Some(length) = plain_string(self.rest) {
            return Ok(Token::String(self.take(length)));
        }
        if let Some(length) = small_number(self.rest) {
            return Ok(Token::Number(self.take(length)));
        }
        let mut input = serde_json::Deserializer::from_str(self.rest);
        let length = <&RawValue>::deserialize(&mut input)?.get().len();
        Ok(Token::Other(self.take(length)))
    }

    #[inline]
    fn take(&mut self, length: usize) -> &'de str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = skip_space(rest);
        taken
    }
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        if self.has_next()? {
            seed.deserialize(self.token()?).map(Some)
        } else {
            Ok(None)
        }
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(self.value()?)
    }
}

/// A value in the text, known to be valid.
enum Token<'de> {
    /// A string in which nothing is escaped.
    String(&'de str),
    /// An index or the like.
    Number(&'de str),
    Other(&'de str),
}

impl<'de> Deserializer<'de> for Token<'de> {
    type Error = Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self {
            Self::String(quoted) => visitor.visit_borrowed_str(unquoted(quoted)),
            Self::Number(digits) => visitor.visit_u32(digits.parse().map_err(Error::custom)?),
            Self::Other(json) => serde_json::Deserializer::from_str(json).deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self {
            Self::Other("null") => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }

    // As which a `RawValue` is read.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        let (Self::String(json) | Self::Number(json) | Self::Other(json)) = self;
        serde_json::Deserializer::from_str(json).deserialize_newtype_struct(name, visitor)
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

/// The length of the string that the text begins with, if nothing in it is escaped; with its quotes.
#[inline]
fn plain_string(text: &str) -> Option<usize> {
    let text = text.strip_prefix('"')?.as_bytes();
    let length = plain_length(text)?;
    (text.get(length) == Some(&b'"')).then_some(length + 2)
}

/// What stands between the quotes of a string.
#[inline]
fn unquoted(string: &str) -> &str {
    string.get(1..string.len() - 1).unwrap_or_default()
}

/// Where the first quote or backslash stands. If a control character comes before: where that stands, or `None`.
#[inline]
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

/// The length of the number that the text begins with, if it is an index or the like.
#[inline]
fn small_number(text: &str) -> Option<usize> {
    let text = text.as_bytes();
    let length = text.iter().position(|b| !b.is_ascii_digit())?;
    let plain = length == 1 || (length > 1 && length < 10 && text.first() != Some(&b'0'));
    (plain && matches!(text.get(length), Some(b',' | b'}'))).then_some(length)
}
