//! Objects that are one of several, told apart by their `type`: the `union!` macro, and how one is
//! read.

use bytestring::ByteString;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess};
use serde_json::Value;
use serde_json::value::RawValue;

use super::field::{Field, Seed, Source};
use super::members::{Members, find_type, first_type};

/// Object that is one of several. Made by the `union!` macro.
pub(crate) trait Union: Sized {
    /// Reads the variant of this `type`; `None` if there is none.
    fn read_as<'de, D: Deserializer<'de>>(
        tag: &str,
        input: D,
        source: Source<'_>,
    ) -> Option<Result<Self, D::Error>>;

    /// Reads the variant of this `type` in place; `None` if there is none.
    fn read_member_as(
        tag: &str,
        members: &mut Members,
        source: Source<'_>,
    ) -> Option<serde_json::Result<Self>>;

    /// Keeps a value that is none of the variants.
    fn other(value: Value) -> Self;
}

/// Reads the next value, one of several objects. A frame's object is read in place.
pub(crate) fn read_union_member<U: Union + Field>(
    members: &mut Members,
    source: Source<'_>,
) -> serde_json::Result<U> {
    if matches!(source, Source::Frame(_))
        && let Some(tag) = members.enter().and_then(|object| object.find_tag())
        && let Some(read) = U::read_member_as(&tag, members, source)
    {
        return read;
    }
    members.next_value_seed(Seed::new(source))
}

/// Reads one of several objects. One of an unknown `type` is kept as JSON.
pub(crate) fn read_union<'de, U: Union, D: Deserializer<'de>>(
    input: D,
    source: Source<'_>,
) -> Result<U, D::Error> {
    if source.frame().is_none() {
        return Value::deserialize(input).map(from_value);
    }
    let text = <&RawValue>::deserialize(input)?.get();
    read_text(text, source).map_err(de::Error::custom)
}

fn read_text<U: Union>(text: &str, source: Source<'_>) -> serde_json::Result<U> {
    let tag = match source {
        Source::Lenient(_) => find_type(text)?.map(Into::into),
        _ => first_type(text),
    };
    let mut input = serde_json::Deserializer::from_str(text);
    let read = tag.and_then(|tag| U::read_as(&tag, &mut input, source));
    read.unwrap_or_else(|| serde_json::from_str(text).map(U::other))
}

/// Returns what a value of JSON is. A member that does not fit its field is kept beside it.
pub(crate) fn from_value<U: Union>(value: Value) -> U {
    if value.get("type").is_none_or(|tag| !tag.is_string()) {
        return U::other(value);
    }
    let text = ByteString::from(value.to_string());
    read_text(&text, Source::Lenient(&text)).unwrap_or_else(|_| U::other(value))
}

/// Defines an enum of objects that are told apart by their `type`. One of an unknown `type` is kept
/// as JSON.
macro_rules! union {
    (
        $(#[doc = $doc:literal])*
        pub enum $Enum:ident {
            $(
                $(#[doc = $vdoc:literal])*
                $wire:literal => $Variant:ident $(($Struct:ident))? { $($fields:tt)* }
            )*
        }
    ) => {
        $crate::protocol::table::tagged_enum! {
            $(#[doc = $doc])*
            pub enum $Enum (
                /// Value that is none of the others, as it was sent.
                serde_json::Value
            );
            link concat!("\n\n[OpenAI's reference](", reference!(), ")");
            reference [];
            common {};
            $($(#[doc = $vdoc])* $wire => $Variant $(($Struct))? { $($fields)* })*
        }

        // Setters take a variant's struct in the place of the enum.
        $(
            impl From<$crate::protocol::table::struct_name!($Variant $($Struct)?)> for Box<$Enum> {
                fn from(
                    value: $crate::protocol::table::struct_name!($Variant $($Struct)?),
                ) -> Self {
                    Box::new(value.into())
                }
            }

            impl From<$crate::protocol::table::struct_name!($Variant $($Struct)?)>
                for $crate::protocol::Patch<$Enum>
            {
                fn from(
                    value: $crate::protocol::table::struct_name!($Variant $($Struct)?),
                ) -> Self {
                    Self::Set(value.into())
                }
            }
        )*

        impl Default for $Enum {
            fn default() -> Self {
                Self::Other(serde_json::Value::Null)
            }
        }

        /// Reads the value, as `Deserialize` does.
        impl From<serde_json::Value> for $Enum {
            fn from(value: serde_json::Value) -> Self {
                $crate::protocol::union::from_value(value)
            }
        }

        impl $crate::protocol::union::Union for $Enum {
            fn read_as<'de, D: serde::Deserializer<'de>>(
                tag: &str,
                input: D,
                source: $crate::protocol::field::Source<'_>,
            ) -> Option<Result<Self, D::Error>> {
                match tag {
                    $($wire => {
                        let read = $crate::protocol::field::Field::read(input, source);
                        Some(read.map(Self::$Variant))
                    })*
                    _ => None,
                }
            }

            fn read_member_as(
                tag: &str,
                members: &mut $crate::protocol::members::Members,
                source: $crate::protocol::field::Source<'_>,
            ) -> Option<serde_json::Result<Self>> {
                use $crate::protocol::field::Field;

                match tag {
                    $($wire => Some(Field::read_member(members, source).map(Self::$Variant)),)*
                    _ => None,
                }
            }

            fn other(value: serde_json::Value) -> Self {
                Self::Other(value)
            }
        }

        impl $crate::protocol::field::Field for $Enum {
            fn read<'de, D: serde::Deserializer<'de>>(
                input: D,
                source: $crate::protocol::field::Source<'_>,
            ) -> Result<Self, D::Error> {
                $crate::protocol::union::read_union(input, source)
            }

            fn read_member(
                members: &mut $crate::protocol::members::Members,
                source: $crate::protocol::field::Source<'_>,
            ) -> serde_json::Result<Self> {
                $crate::protocol::union::read_union_member(members, source)
            }

            fn visit_unread(
                &self,
                path: &$crate::protocol::unknown::FieldPath<'_>,
                visit: &mut $crate::protocol::unknown::Visit<'_>,
            ) {
                match self {
                    $(Self::$Variant(value) => {
                        $crate::protocol::field::Field::visit_unread(value, path, visit);
                    })*
                    Self::Other(_) => {}
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $Enum {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                $crate::protocol::union::read_union(input, $crate::protocol::field::Source::Serde)
            }
        }
    };
}
pub(crate) use union;
