//! How one field is read and written: the protocol's tolerance in one place.
//!
//! Every field but `type` may be absent or null, a key may come twice (the last one counts), and audio stays in the
//! frame it came in.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use bytestring::ByteString;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::members::Members;
use super::raw::find_type;

/// The frame that is being read, when there is one: what lets [`Audio`](super::Audio) borrow from it.
pub type Frame<'f> = Option<&'f ByteString>;

/// A type that can stand in a record.
pub trait Field: Default + Serialize {
    /// Reads the value; null gives the default.
    fn read<'de, D: Deserializer<'de>>(input: D, frame: Frame<'_>) -> Result<Self, D::Error>;

    /// Reads the next value of a frame's top level: what is plain there needs no way through serde.
    fn read_member(members: &mut Members, frame: Frame<'_>) -> serde_json::Result<Self> {
        members.next_value_seed(Seed::new(frame))
    }

    /// Whether the field is left out when its record is written.
    fn is_absent(&self) -> bool {
        false
    }

    /// Appends the value as JSON.
    fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        // The protocol's types have nothing that JSON could not hold; a caller's own `Value` neither.
        if serde_json::to_writer(&mut *out, self).is_err() {
            out.truncate(start);
            out.extend_from_slice(b"null");
        }
    }
}

/// A struct of the protocol. Made by the `record!` macro.
pub trait Record: Default {
    /// Reads the value of `key` into its field, or says that there is no such field and leaves the value unread.
    fn read_field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut A,
        frame: Frame<'_>,
    ) -> Result<bool, A::Error>;

    /// Reads the members that come in the table's order, as they mostly do. None may be next.
    fn read_in_order(&mut self, members: &mut Members, frame: Frame<'_>) -> serde_json::Result<()>;

    /// The record that a string in its place stands for, if it can.
    fn from_text(_text: &str) -> Option<Self> {
        None
    }

    /// Appends `,"key":value` for every field that is present.
    fn write_fields(&self, out: &mut Vec<u8>);
}

/// Reads a field by way of [`Field::read`], for serde's maps and sequences.
pub struct Seed<'f, T>(Frame<'f>, PhantomData<T>);

impl<'f, T> Seed<'f, T> {
    pub fn new(frame: Frame<'f>) -> Self {
        Self(frame, PhantomData)
    }
}

impl<'de, T: Field> DeserializeSeed<'de> for Seed<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<T, D::Error> {
        T::read(input, self.0)
    }
}

/// Reads the value of a record's field.
pub fn read_value<'de, T: Field, A: MapAccess<'de>>(
    key: &str,
    map: &mut A,
    frame: Frame<'_>,
) -> Result<T, A::Error> {
    map.next_value_seed(Seed::new(frame))
        .map_err(|_| misfit(key))
}

/// Reads the next value of a frame's top level into a record's field.
pub fn read_member<T: Field>(
    key: &str,
    members: &mut Members,
    frame: Frame<'_>,
) -> serde_json::Result<T> {
    T::read_member(members, frame).map_err(|_| misfit(key))
}

/// The reader's own message would quote what was sent.
#[cold]
fn misfit<E: de::Error>(key: &str) -> E {
    E::custom(format_args!("`{key}` does not fit"))
}

/// An object's key, borrowed where it has no escapes.
pub struct Key<'de>(Cow<'de, str>);

impl PartialEq<str> for Key<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }

        input.deserialize_str(KeyVisitor)
    }
}

/// Reads an object, or null, into a record.
pub fn read_record<'de, R: Record, D: Deserializer<'de>>(
    input: D,
    frame: Frame<'_>,
) -> Result<R, D::Error> {
    struct RecordVisitor<'f, R>(Frame<'f>, PhantomData<R>);

    impl<'de, R: Record> Visitor<'de> for RecordVisitor<'_, R> {
        type Value = R;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_unit<E>(self) -> Result<R, E> {
            Ok(R::default())
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<R, E> {
            R::from_text(text)
                .ok_or_else(|| E::invalid_type(de::Unexpected::Other("a string"), &self))
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<R, A::Error> {
            let mut record = R::default();
            while let Some(Key(key)) = map.next_key()? {
                if !record.read_field(&key, &mut map, self.0)? {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(record)
        }
    }

    input.deserialize_any(RecordVisitor(frame, PhantomData))
}

/// Reads the members of a frame into the record of the events of this type, which the last `type` must be.
pub fn read_event<R: Record>(
    event_type: &str,
    mut members: Members,
    frame: &ByteString,
) -> serde_json::Result<R> {
    let mut record = R::default();
    record.read_in_order(&mut members, Some(frame))?;
    let mut fits = true;
    while let Some(Key(key)) = members.next_key()? {
        if key == "type" {
            fits = members.next_string()?.as_deref() == Some(event_type);
        } else if !record.read_field(&key, &mut members, Some(frame))? {
            members.next_value::<IgnoredAny>()?;
        }
    }
    if fits {
        Ok(record)
    } else {
        Err(de::Error::custom("`type` is another"))
    }
}

/// An object that is one of several. Made by the `union!` macro.
pub trait Union: From<Value> {
    /// Reads the one whose `type` this is; `None` if there is none.
    fn read_as<'de, D: Deserializer<'de>>(
        tag: &str,
        input: D,
        frame: Frame<'_>,
    ) -> Option<Result<Self, D::Error>>;
}

/// Reads one of several objects. One that is not known, or does not fit, is kept: it does not cost the event.
pub fn read_union<'de, U: Union, D: Deserializer<'de>>(
    input: D,
    frame: Frame<'_>,
) -> Result<U, D::Error> {
    // Within a frame it is read where it lies. Elsewhere, any format that serde knows may be read from.
    if frame.is_none() {
        let value = Value::deserialize(input)?;
        let tag = value.get("type").and_then(Value::as_str);
        return match tag.and_then(|tag| U::read_as(tag, &value, None)) {
            Some(Ok(read)) => Ok(read),
            _ => Ok(value.into()),
        };
    }
    let text = <&RawValue>::deserialize(input)?.get();
    if let Ok(Some(tag)) = find_type(text)
        && let Some(Ok(read)) =
            U::read_as(&tag, &mut serde_json::Deserializer::from_str(text), frame)
    {
        return Ok(read);
    }
    serde_json::from_str::<Value>(text)
        .map(U::from)
        .map_err(|_| de::Error::custom("does not fit"))
}

/// A leaf that is read by visiting whatever is there.
macro_rules! leaf_visitor {
    ($Visitor:ident => $Leaf:ty, $expecting:literal, $plain:ident, { $($method:item)* }) => {
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
            fn read<'de, D: Deserializer<'de>>(input: D, _: Frame<'_>) -> Result<Self, D::Error> {
                input.deserialize_any($Visitor)
            }

            fn read_member(members: &mut Members, frame: Frame<'_>) -> serde_json::Result<Self> {
                match members.$plain() {
                    Some(value) => value.try_into().map_err(de::Error::custom),
                    None => members.next_value_seed(Seed::new(frame)),
                }
            }
        }
    };
}

// Servers send codes as numbers, too: a scalar is kept as its text.
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
});

// JSON has one kind of number: 12.0 and 12 are the same, and a fraction of a millisecond is rounded.
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
    fn read<'de, D: Deserializer<'de>>(input: D, frame: Frame<'_>) -> Result<Self, D::Error> {
        struct OptionVisitor<'f, T>(Frame<'f>, PhantomData<T>);

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

        input.deserialize_option(OptionVisitor(frame, PhantomData))
    }

    fn read_member(members: &mut Members, frame: Frame<'_>) -> serde_json::Result<Self> {
        if members.take("null") {
            Ok(None)
        } else {
            T::read_member(members, frame).map(Some)
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(input: D, frame: Frame<'_>) -> Result<Self, D::Error> {
        struct VecVisitor<'f, T>(Frame<'f>, PhantomData<T>);

        impl<'de, T: Field> Visitor<'de> for VecVisitor<'_, T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element_seed(Seed::new(self.0))? {
                    values.push(value);
                }
                Ok(values)
            }
        }

        input.deserialize_any(VecVisitor(frame, PhantomData))
    }
}

impl<T: Field> Field for Box<T> {
    fn read<'de, D: Deserializer<'de>>(input: D, frame: Frame<'_>) -> Result<Self, D::Error> {
        T::read(input, frame).map(Box::new)
    }

    fn is_absent(&self) -> bool {
        T::is_absent(self)
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn read<'de, D: Deserializer<'de>>(input: D, frame: Frame<'_>) -> Result<Self, D::Error> {
        struct MapVisitor<'f, T>(Frame<'f>, PhantomData<T>);

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

        input.deserialize_any(MapVisitor(frame, PhantomData))
    }
}

/// Fields that serde reads as they are, null giving the default.
macro_rules! plain_fields {
    ($($Type:ty),* $(,)?) => {$(
        impl $crate::protocol::field::Field for $Type {
            fn read<'de, D: serde::Deserializer<'de>>(
                input: D,
                _: $crate::protocol::field::Frame<'_>,
            ) -> Result<Self, D::Error> {
                Ok(<Option<Self> as serde::Deserialize>::deserialize(input)?.unwrap_or_default())
            }
        }
    )*};
}
pub(crate) use plain_fields;

plain_fields!(bool, f64, Value);
