//! Reading and writing of one field: the protocol's tolerance in one place.
//!
//! Every field but `type` may be absent or null, a key may come twice (the last value counts), and
//! audio stays in the frame that it came in.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use bytestring::ByteString;
use serde::Serialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::members::{Members, is_plain};
use super::unknown::{FieldPath, Unknown, Visit};
use crate::secret::Secret;

/// Origin of the value that is being read.
#[derive(Clone, Copy)]
pub enum Source<'f> {
    /// Any format that serde reads. A value that does not fit is an error.
    Serde,
    /// A frame's text, from which [`Audio`](super::Audio) borrows. A value that does not fit is an
    /// error: this is the fast way, which nearly every frame passes.
    Frame(&'f ByteString),
    /// A frame's text that the fast way refused. A value that does not fit is kept beside the
    /// fields of its record.
    Lenient(&'f ByteString),
}

impl<'f> Source<'f> {
    pub(crate) fn frame(self) -> Option<&'f ByteString> {
        match self {
            Self::Serde => None,
            Self::Frame(frame) | Self::Lenient(frame) => Some(frame),
        }
    }
}

/// Type of a record's field.
pub trait Field: Default + PartialEq + Serialize {
    /// Reads the value; null gives the default.
    fn read<'de, D: Deserializer<'de>>(input: D, source: Source<'_>) -> Result<Self, D::Error>;

    /// Reads the next member's value of an object. Plain values need no way through serde, and a
    /// frame's objects and arrays are read in place.
    fn read_member(members: &mut Members, source: Source<'_>) -> serde_json::Result<Self> {
        members.next_value_seed(Seed::new(source))
    }

    /// Returns true if the field is left out when its record is written.
    fn is_absent(&self) -> bool {
        false
    }

    /// Appends the value as JSON.
    fn write(&self, out: &mut String) {
        // The protocol's types hold nothing that JSON cannot, and neither does a caller's own
        // `Value`.
        match serde_json::to_string(self) {
            Ok(text) => out.push_str(&text),
            Err(_) => out.push_str("null"),
        }
    }

    /// Returns the text, if the field is a string and not empty.
    fn as_text(&self) -> Option<&str> {
        None
    }

    /// Reports the members below this value that were not read into a field.
    fn visit_unread(&self, _path: &FieldPath<'_>, _visit: &mut Visit<'_>) {}
}

/// Returns true if the record writes this field: it is present, and no kept value stands in its
/// place.
#[inline]
pub(crate) fn is_written<T: Field>(unknown: &Unknown, key: &str, value: &T) -> bool {
    !value.is_absent() && (unknown.is_empty() || is_own(unknown, key, value))
}

/// A kept value gives way to one that was set later.
#[cold]
fn is_own<T: Field>(unknown: &Unknown, key: &str, value: &T) -> bool {
    !unknown.contains(key) || *value != T::default()
}

/// Appends a string that needs no escapes.
pub(crate) fn push_quoted(out: &mut String, plain: &str) {
    // Room for the quotes, and for the end of the event.
    out.reserve(plain.len() + 3);
    out.push('"');
    out.push_str(plain);
    out.push('"');
}

/// Reads a value by way of [`Field::read`], for serde's maps and sequences.
pub(crate) struct Seed<'f, T>(Source<'f>, PhantomData<T>);

impl<'f, T> Seed<'f, T> {
    pub(crate) fn new(source: Source<'f>) -> Self {
        Self(source, PhantomData)
    }
}

impl<'de, T: Field> DeserializeSeed<'de> for Seed<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<T, D::Error> {
        T::read(input, self.0)
    }
}

/// Members of an object, from any format, whose values are read into fields.
pub(crate) trait FieldAccess<'de>: MapAccess<'de> {
    /// Reads the next value.
    fn next_field<T: Field>(&mut self, source: Source<'_>) -> Result<T, Self::Error>;
}

impl<'de> FieldAccess<'de> for Members<'de> {
    fn next_field<T: Field>(&mut self, source: Source<'_>) -> serde_json::Result<T> {
        T::read_member(self, source)
    }
}

/// Members of an object that serde reads.
pub(crate) struct SerdeAccess<A>(pub(crate) A);

impl<'de, A: MapAccess<'de>> MapAccess<'de> for SerdeAccess<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.0.next_value_seed(seed)
    }
}

impl<'de, A: MapAccess<'de>> FieldAccess<'de> for SerdeAccess<A> {
    fn next_field<T: Field>(&mut self, source: Source<'_>) -> Result<T, A::Error> {
        self.next_value_seed(Seed::new(source))
    }
}

/// Reads the value of a record's field.
pub(crate) fn read_value<'de, T: Field, A: FieldAccess<'de>>(
    key: &str,
    map: &mut A,
    source: Source<'_>,
) -> Result<T, A::Error> {
    map.next_field(source).map_err(|_| misfit(key))
}

/// Reads the next member's value of an object into a record's field.
pub(crate) fn read_member<T: Field>(
    key: &str,
    members: &mut Members,
    source: Source<'_>,
) -> serde_json::Result<T> {
    T::read_member(members, source).map_err(|_| misfit(key))
}

/// Returns an error that names the field. The reader's own message would quote the value.
#[cold]
fn misfit<E: de::Error>(key: &str) -> E {
    E::custom(format_args!("`{key}` does not fit"))
}

/// A leaf that accepts several kinds of JSON values. `$plain` reads the kind that is usual, fast.
macro_rules! leaf_visitor {
    (
        $Visitor:ident => $Leaf:ty, $expecting:literal, $plain:ident,
        { $($method:item)* } $($own:item)*
    ) => {
        struct $Visitor;

        impl<'de> Visitor<'de> for $Visitor {
            type Value = $Leaf;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($expecting)
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Self::Value::default())
            }

            $($method)*
        }

        impl Field for $Leaf {
            fn read<'de, D: Deserializer<'de>>(input: D, _: Source<'_>) -> Result<Self, D::Error> {
                input.deserialize_any($Visitor)
            }

            fn read_member(members: &mut Members, source: Source<'_>) -> serde_json::Result<Self> {
                match members.$plain() {
                    Some(value) => value.try_into().map_err(de::Error::custom),
                    None if members.at_string() => {
                        members.in_place::<String>().and_then(|text| $Visitor.visit_string(text))
                    }
                    // Fractions and other kinds take the slow way, with the same result.
                    None => members.next_value_seed(Seed::new(source)),
                }
            }

            $($own)*
        }
    };
}

// Some servers send codes as numbers: a scalar is read as its text.
leaf_visitor!(StringVisitor => String, "a string", plain_string, {
    fn visit_str<E>(self, value: &str) -> Result<String, E> {
        Ok(value.to_owned())
    }

    fn visit_string<E>(self, value: String) -> Result<String, E> {
        Ok(value)
    }

    fn visit_bool<E>(self, value: bool) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_u64<E>(self, value: u64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_f64<E>(self, value: f64) -> Result<String, E> {
        Ok(value.to_string())
    }
}
    fn write(&self, out: &mut String) {
        if is_plain(self) {
            push_quoted(out, self);
        } else if let Ok(text) = serde_json::to_string(self) {
            out.push_str(&text);
        }
    }

    fn as_text(&self) -> Option<&str> {
        Some(self.as_str()).filter(|text| !text.is_empty())
    }
);

// JSON has one kind of number: 12.0 and 12 are the same, and a fraction of a millisecond is
// rounded.
macro_rules! integer {
    ($Visitor:ident => $Int:ty) => {
        leaf_visitor!($Visitor => $Int, "a whole number", small_number, {
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<$Int, E> {
                value.try_into().map_err(|_| E::custom("number out of range"))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<$Int, E> {
                value.try_into().map_err(|_| E::custom("number out of range"))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<$Int, E> {
                #[allow(clippy::cast_possible_truncation)]
                // Casts to integers saturate, and an `i128` is wider than all of these.
                let rounded = value.round() as i128;
                rounded.try_into().map_err(|_| E::custom("number out of range"))
            }
        });
    };
}

integer!(U8Visitor => u8);
integer!(U32Visitor => u32);
integer!(U64Visitor => u64);
integer!(I64Visitor => i64);

impl<T: Field> Field for Option<T> {
    fn read<'de, D: Deserializer<'de>>(input: D, source: Source<'_>) -> Result<Self, D::Error> {
        struct OptionVisitor<'f, T>(Source<'f>, PhantomData<T>);

        impl<'de, T: Field> Visitor<'de> for OptionVisitor<'_, T> {
            type Value = Option<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or null")
            }

            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_some<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
                T::read(input, self.0).map(Some)
            }
        }

        input.deserialize_option(OptionVisitor(source, PhantomData))
    }

    fn read_member(members: &mut Members, source: Source<'_>) -> serde_json::Result<Self> {
        if members.take_null() {
            Ok(None)
        } else {
            T::read_member(members, source).map(Some)
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }

    fn as_text(&self) -> Option<&str> {
        self.as_ref().and_then(T::as_text)
    }

    fn visit_unread(&self, path: &FieldPath<'_>, visit: &mut Visit<'_>) {
        if let Some(value) = self {
            value.visit_unread(path, visit);
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(input: D, source: Source<'_>) -> Result<Self, D::Error> {
        struct VecVisitor<'f, T>(Source<'f>, PhantomData<T>);

        impl<'de, T: Field> Visitor<'de> for VecVisitor<'_, T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                // No capacity is taken from the input: a server could ask for any amount.
                let mut values = Vec::new();
                while let Some(value) = seq.next_element_seed(Seed::new(self.0))? {
                    values.push(value);
                }
                Ok(values)
            }
        }

        input.deserialize_any(VecVisitor(source, PhantomData))
    }

    fn read_member(members: &mut Members, source: Source<'_>) -> serde_json::Result<Self> {
        if !matches!(source, Source::Frame(_)) || !members.enter_array() {
            return members.next_value_seed(Seed::new(source));
        }
        let mut values = Self::new();
        while members.has_element(values.is_empty())? {
            values.push(T::read_member(members, source)?);
        }
        Ok(values)
    }

    fn visit_unread(&self, path: &FieldPath<'_>, visit: &mut Visit<'_>) {
        for (index, value) in self.iter().enumerate() {
            value.visit_unread(&path.index(index), visit);
        }
    }
}

impl<T: Field> Field for Box<T> {
    fn read<'de, D: Deserializer<'de>>(input: D, source: Source<'_>) -> Result<Self, D::Error> {
        T::read(input, source).map(Box::new)
    }

    fn read_member(members: &mut Members, source: Source<'_>) -> serde_json::Result<Self> {
        T::read_member(members, source).map(Box::new)
    }

    fn is_absent(&self) -> bool {
        T::is_absent(self)
    }

    fn visit_unread(&self, path: &FieldPath<'_>, visit: &mut Visit<'_>) {
        T::visit_unread(self, path, visit);
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn read<'de, D: Deserializer<'de>>(input: D, source: Source<'_>) -> Result<Self, D::Error> {
        struct MapVisitor<'f, T>(Source<'f>, PhantomData<T>);

        impl<'de, T: Field> Visitor<'de> for MapVisitor<'_, T> {
            type Value = BTreeMap<String, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(BTreeMap::new())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut values = BTreeMap::new();
                while let Some(key) = map.next_key()? {
                    values.insert(key, map.next_value_seed(Seed::new(self.0))?);
                }
                Ok(values)
            }
        }

        input.deserialize_any(MapVisitor(source, PhantomData))
    }

    fn visit_unread(&self, path: &FieldPath<'_>, visit: &mut Visit<'_>) {
        for (key, value) in self {
            value.visit_unread(&path.member(key), visit);
        }
    }
}

/// Fields that serde reads as they are; null gives the default.
macro_rules! plain_fields {
    ($($Type:ty),* $(,)?) => {$(
        impl $crate::protocol::field::Field for $Type {
            fn read<'de, D: serde::Deserializer<'de>>(
                input: D,
                _: $crate::protocol::field::Source<'_>,
            ) -> Result<Self, D::Error> {
                Ok(<Option<Self> as serde::Deserialize>::deserialize(input)?.unwrap_or_default())
            }

            fn read_member(
                members: &mut $crate::protocol::members::Members,
                _: $crate::protocol::field::Source<'_>,
            ) -> serde_json::Result<Self> {
                members.in_place::<Option<Self>>().map(Option::unwrap_or_default)
            }
        }
    )*};
}

plain_fields!(bool, f64, Value, Secret);
