//! Top level of a JSON object: its members, read in place.
//!
//! Most received events are a flat object of plain strings, one of them long. Finding the ends of
//! the strings is most of the work of reading such an event, and is done here, a vector at a time.
//! Everything less plain is left to `serde_json`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use memchr::memchr2;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::de::StrRead;
use serde_json::value::RawValue;
use serde_json::{Error, Result};

/// Members of an object that are still unread. The object is a whole text, or stands in another
/// one's.
#[derive(Clone)]
pub struct Members<'de> {
    rest: &'de str,
    first: bool,
    /// True if the `type` was read already, so that another one would replace it.
    behind_type: bool,
    /// True if the text goes on behind the object.
    nested: bool,
}

impl<'de> Members<'de> {
    /// Returns the members of the object in `text`; `None` if the text does not begin one.
    #[inline]
    pub(crate) fn of(text: &'de str) -> Option<Self> {
        Some(Self {
            rest: skip_space(text).strip_prefix('{')?,
            first: true,
            behind_type: false,
            nested: false,
        })
    }

    /// Returns the members of the next value, if it is an object. [`leave`](Self::leave) goes on
    /// behind it.
    #[inline]
    pub(crate) fn enter(&self) -> Option<Self> {
        Some(Self {
            rest: skip_space(self.rest).strip_prefix('{')?,
            first: true,
            behind_type: false,
            nested: true,
        })
    }

    /// Goes on behind the object that was entered, all of whose members were read.
    #[inline]
    pub(crate) fn leave(&mut self, entered: &Self) {
        self.rest = entered.rest;
    }

    /// Skips the object's `type` if it comes first and is `tag`.
    #[inline]
    pub(crate) fn skip_tag(&mut self, tag: &str) {
        let rest = self.rest.strip_prefix("\"type\":\"");
        let rest = rest.and_then(|rest| rest.strip_prefix(tag)?.strip_prefix('"'));
        if let Some(rest) = rest {
            self.rest = rest;
            self.first = false;
        }
    }

    /// Returns the object's first `type`, if it is a string, and leaves the members unread.
    #[inline]
    pub(crate) fn find_tag(&self) -> Option<Cow<'de, str>> {
        let mut members = self.clone();
        if members.take("\"type\":") {
            return members.next_string().ok()?;
        }
        while let Some(key) = members.next_key::<Key>().ok()? {
            if key == *"type" {
                return members.next_string().ok()?;
            }
            members.value().ok()?;
        }
        None
    }

    /// Enters the next value if it is an array, and returns true then. Each of its elements is the
    /// next value once [`has_element`](Self::has_element) has returned true.
    #[inline]
    pub(crate) fn enter_array(&mut self) -> bool {
        self.skip('[')
    }

    /// Returns true if another element comes; `first` says that none was read yet.
    #[inline]
    pub(crate) fn has_element(&mut self, first: bool) -> Result<bool> {
        if self.skip(']') {
            return Ok(false);
        }
        if first || self.skip(',') {
            if self.skip(']') {
                return Err(Error::custom("trailing comma"));
            }
            return Ok(true);
        }
        Err(Error::custom("expected `,` or `]`"))
    }

    /// Skips the next value if it is null, and returns true then.
    #[inline]
    pub(crate) fn take_null(&mut self) -> bool {
        self.rest = skip_space(self.rest);
        self.take("null")
    }

    /// Returns the next value, read in one pass by its own `Deserialize`.
    pub(crate) fn in_place<T: Deserialize<'de>>(&mut self) -> Result<T> {
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter();
        let value = values
            .next()
            .unwrap_or_else(|| Err(Error::custom("expected a value")))?;
        self.rest = self.rest.get(values.byte_offset()..).unwrap_or_default();
        Ok(value)
    }

    /// Returns true if the next value is a string.
    #[inline]
    pub(crate) fn at_string(&self) -> bool {
        self.rest.starts_with('"')
    }

    /// Returns the object's `type`, if it comes first and is a string, and the members behind it.
    #[inline]
    pub(crate) fn behind_type(text: &'de str) -> Option<(Cow<'de, str>, Self)> {
        let mut members = Self {
            rest: text.strip_prefix("{\"type\":")?,
            first: false,
            behind_type: true,
            nested: false,
        };
        Some((members.next_string().ok()??, members))
    }

    /// Returns a reader whose next value is this one.
    pub(crate) fn at(value: &'de RawValue) -> Self {
        Self {
            rest: value.get(),
            first: false,
            behind_type: false,
            nested: false,
        }
    }

    /// Returns true if the `type` came first and was read.
    pub(crate) fn is_behind_type(&self) -> bool {
        self.behind_type
    }

    /// Returns the value of each key. Of a key that comes twice, the last value counts.
    pub(crate) fn into_pieces(mut self) -> Result<BTreeMap<Cow<'de, str>, &'de RawValue>> {
        let mut pieces = BTreeMap::new();
        while let Some(Key(key)) = self.next_key()? {
            pieces.insert(key, self.next_value()?);
        }
        Ok(pieces)
    }

    /// Returns the next value, if it is a string.
    #[inline]
    pub(crate) fn next_string(&mut self) -> Result<Option<Cow<'de, str>>> {
        let value = self.value()?;
        match value.plain {
            Some(Plain::String(text)) => Ok(Some(Cow::Borrowed(text))),
            None if value.text.starts_with('"') => String::deserialize(&mut value.json())
                .map(Cow::Owned)
                .map(Some),
            _ => Ok(None),
        }
    }

    /// Returns the next value, if it is a string without escapes and no space comes before it.
    #[inline]
    pub(crate) fn plain_string(&mut self) -> Option<&'de str> {
        let rest = self.rest.strip_prefix('"')?;
        let (string, rest) = rest.split_at_checked(plain_length(rest.as_bytes())?)?;
        self.rest = rest.strip_prefix('"')?;
        Some(string)
    }

    /// Returns the next value, if it is a whole number below 10⁹ and no space comes before it.
    #[inline]
    pub(crate) fn small_number(&mut self) -> Option<u32> {
        let (number, length) = small_number(self.rest.as_bytes())?;
        self.rest = self.rest.get(length..)?;
        Some(number)
    }

    /// Skips `piece` if it comes next, such as `,"delta":`, and returns true then.
    #[inline]
    pub(crate) fn take(&mut self, piece: &str) -> bool {
        let rest = self.rest.strip_prefix(piece);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Skips white space, then `mark` if it comes next, and returns true then.
    #[inline]
    fn skip(&mut self, mark: char) -> bool {
        self.rest = skip_space(self.rest);
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Returns true if another member comes; its key is then next. At the end of an object that is
    /// a whole text, the text must end, too.
    #[inline]
    fn has_next(&mut self) -> Result<bool> {
        if self.skip('}') {
            return if self.nested || skip_space(self.rest).is_empty() {
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

/// Valid value, with its content if that is plain.
struct JsonValue<'de> {
    /// Text that begins with the value.
    text: &'de str,
    plain: Option<Plain<'de>>,
}

enum Plain<'de> {
    /// String without escapes, without its quotes.
    String(&'de str),
    /// Whole number below 10⁹.
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

    // `RawValue` is read as a newtype of a name of its own.
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
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier
    }
}

/// Returns the text without its leading JSON white space, which is narrower than ASCII's.
#[inline]
fn skip_space(text: &str) -> &str {
    match text.as_bytes().first() {
        Some(b'!'..) => text,
        _ => text.trim_start_matches([' ', '\n', '\r', '\t']),
    }
}

/// Returns the index of the first quote or backslash; if a control character comes before it, that
/// one's, or `None`.
#[inline]
fn plain_length(text: &[u8]) -> Option<usize> {
    // Without vector instructions, words are the fastest way through long texts, too.
    const SHORT: usize = if cfg!(all(target_family = "wasm", not(target_feature = "simd128"))) {
        usize::MAX
    } else {
        64
    };
    // Mycroft's trick finds the bytes in eight at once: the lowest marked byte is one of them. `b ^
    // 2 < 0x21` is true only for control characters and the quote.
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

/// Returns true if there is an ASCII control character. Without an early exit the loop is
/// vectorized.
fn has_control(text: &[u8]) -> bool {
    text.iter().copied().fold(u8::MAX, u8::min) < b' '
}

/// Returns true if nothing in the text needs to be escaped in JSON.
pub(crate) fn is_plain(text: &str) -> bool {
    memchr2(b'"', b'\\', text.as_bytes()).is_none() && !has_control(text.as_bytes())
}

/// Returns the whole number below 10⁹ that the text begins with, and its length.
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

/// Key of an object, borrowed where it has no escapes.
pub(crate) struct Key<'de>(pub(crate) Cow<'de, str>);

impl PartialEq<str> for Key<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> std::result::Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> std::result::Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> std::result::Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }

        input.deserialize_str(KeyVisitor)
    }
}

/// Returns the object's last `type` if it is a string; an error if the text is not JSON.
pub(crate) fn find_type(text: &str) -> Result<Option<String>> {
    struct TypeVisitor;

    impl<'de> Visitor<'de> for TypeVisitor {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(
            self,
            mut map: A,
        ) -> std::result::Result<Self::Value, A::Error> {
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

/// Returns the first `type` of the object in a valid text, without reading on.
pub(crate) fn first_type(text: &str) -> Option<Cow<'_, str>> {
    let mut members = Members::of(text)?;
    while let Some(key) = members.next_key::<Key>().ok()? {
        if key == *"type" {
            return members.next_string().ok()?;
        }
        members.next_value::<IgnoredAny>().ok()?;
    }
    None
}
