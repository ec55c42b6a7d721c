//! Structs of the protocol: the `record!` macro, and how one is read.

use std::fmt;
use std::marker::PhantomData;

use bytestring::ByteString;
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::field::{Field, FieldAccess, Seed, SerdeAccess, Source};
use super::members::{Key, Members};
use super::unknown::{FieldPath, Unknown, Visit, keep_next};

/// Struct of the protocol. Made by the `record!` macro.
pub(crate) trait Record: Default {
    /// The `type` that the struct is written with, if it is one of several.
    const TAG: Option<&'static str>;

    /// Keys of the fields.
    const KEYS: &'static [&'static str];

    /// False for deltas. They are many and short-lived, and the service adds filling to them
    /// (`obfuscation`): to keep it would cost more than all the rest of reading them.
    const KEEPS_UNKNOWN: bool;

    /// Reads the value of `key` into its field. Returns false, and leaves the value unread, if
    /// there is no such field.
    fn read_field<'de, A: FieldAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut A,
        source: Source<'_>,
    ) -> Result<bool, A::Error>;

    /// Reads the members that come in the table's order, as most do. Other members may be left.
    fn read_in_order(
        &mut self,
        members: &mut Members,
        source: Source<'_>,
    ) -> serde_json::Result<()>;

    /// Returns the record that a string in its place stands for, if it can.
    fn from_text(_text: &str) -> Option<Self> {
        None
    }

    /// Returns the members that are in no field.
    fn unknown_mut(&mut self) -> &mut Unknown;

    /// Returns the text of a field, if it is a string and not empty.
    fn text_of(&self, key: &str) -> Option<&str>;

    /// Appends `,"key":value` for every member.
    fn write_members(&self, out: &mut String);
}

/// Reads an object, or null, into a record.
pub(crate) fn read_record<'de, R: Record, D: Deserializer<'de>>(
    input: D,
    source: Source<'_>,
) -> Result<R, D::Error> {
    if matches!(source, Source::Lenient(_)) {
        let text = <&RawValue>::deserialize(input)?.get();
        return read_leniently(text, source).map_err(de::Error::custom);
    }
    input.deserialize_any(RecordVisitor(source, PhantomData))
}

/// Reads the next value, an object or null, into a record. A frame's object is read in place.
pub(crate) fn read_record_member<R: Record + Field>(
    members: &mut Members,
    source: Source<'_>,
) -> serde_json::Result<R> {
    if !matches!(source, Source::Frame(_)) {
        return members.next_value_seed(Seed::new(source));
    }
    let Some(mut inner) = members.enter() else {
        return members.next_value_seed(Seed::new(source));
    };
    let mut record = R::default();
    match R::TAG {
        Some(tag) => inner.skip_tag(tag),
        // The first member has no comma before it, so it is never in order.
        None => {
            if let Some(Key(key)) = inner.next_key()? {
                read_one(&mut record, &key, &mut inner, source)?;
            } else {
                members.leave(&inner);
                return Ok(record);
            }
        }
    }
    record.read_in_order(&mut inner, source)?;
    while let Some(Key(key)) = inner.next_key()? {
        read_one(&mut record, &key, &mut inner, source)?;
    }
    members.leave(&inner);
    Ok(record)
}

struct RecordVisitor<'f, R>(Source<'f>, PhantomData<R>);

impl<'de, R: Record> Visitor<'de> for RecordVisitor<'_, R> {
    type Value = R;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<R, E> {
        Ok(R::default())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<R, E> {
        R::from_text(text).ok_or_else(|| E::invalid_type(de::Unexpected::Other("a string"), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<R, A::Error> {
        let mut record = R::default();
        let mut map = SerdeAccess(map);
        while let Some(Key(key)) = map.next_key()? {
            read_one(&mut record, &key, &mut map, self.0)?;
        }
        Ok(record)
    }
}

/// Reads one member into its field, or keeps it.
fn read_one<'de, R: Record, A: FieldAccess<'de>>(
    record: &mut R,
    key: &str,
    map: &mut A,
    source: Source<'_>,
) -> Result<(), A::Error> {
    if record.read_field(key, map, source)? {
        Ok(())
    } else if R::TAG.is_some() && key == "type" {
        if matches!(source, Source::Serde) {
            return map.next_value::<IgnoredAny>().map(drop);
        }
        // The first `type` decided what is read. If another one follows, the last counts, and the
        // lenient way knows it.
        let Key(tag) = map.next_value()?;
        if R::TAG == Some(&*tag) {
            Ok(())
        } else {
            Err(de::Error::custom("`type` is another"))
        }
    } else if R::KEEPS_UNKNOWN {
        keep_next(record.unknown_mut(), key, map, source.frame().is_some())
    } else {
        map.next_value::<IgnoredAny>().map(drop)
    }
}

/// Reads the members of a frame into the record of the events of this type. Without `members`,
/// reads the frame leniently: then only a frame that is no object is an error.
pub(crate) fn read_event<R: Record>(
    members: Option<Members>,
    frame: &ByteString,
) -> serde_json::Result<R> {
    let Some(mut members) = members else {
        return read_leniently(frame, Source::Lenient(frame));
    };
    let source = Source::Frame(frame);
    let mut record = R::default();
    record.read_in_order(&mut members, source)?;
    while let Some(Key(key)) = members.next_key()? {
        if key != "type" {
            read_one(&mut record, &key, &mut members, source)?;
        } else if members.is_behind_type() {
            return Err(de::Error::custom("`type` comes twice"));
        } else {
            members.next_value::<IgnoredAny>()?;
        }
    }
    Ok(record)
}

/// Reads a record member by member. A value that does not fit its field is kept, and leaves the
/// field at its default.
fn read_leniently<R: Record>(text: &str, source: Source<'_>) -> serde_json::Result<R> {
    let Some(members) = Members::of(text) else {
        let visitor = RecordVisitor(source, PhantomData);
        return serde_json::Deserializer::from_str(text).deserialize_any(visitor);
    };
    let mut record = R::default();
    for (key, value) in members.into_pieces()? {
        match record.read_field(&key, &mut Members::at(value), source) {
            Ok(true) => {}
            Ok(false) if !R::KEEPS_UNKNOWN || (R::TAG.is_some() && key == "type") => {}
            Ok(false) | Err(_) => record.unknown_mut().keep(&key, value),
        }
    }
    Ok(record)
}

/// Returns false for the types of deltas.
pub(crate) const fn is_no_delta(event_type: &str) -> bool {
    !matches!(
        event_type.as_bytes(),
        [.., b'.', b'd', b'e', b'l', b't', b'a']
    )
}

/// Reports what a record keeps beside its fields.
pub(crate) fn visit_kept<R: Record>(
    unknown: &Unknown,
    path: &FieldPath<'_>,
    visit: &mut Visit<'_>,
) {
    if !unknown.is_empty() {
        super::unknown::visit(unknown, R::KEYS, path, visit);
    }
}

/// The `type` of a struct, as an option.
macro_rules! tag {
    () => {
        None
    };
    ($wire:literal) => {
        Some($wire)
    };
}
pub(crate) use tag;

/// Defines a struct of the protocol. `table` shows what a row becomes.
macro_rules! record {
    // The fields are brought to one form, one at a time:
    // {[docs] name (key) (type) (the setter's argument) (what the setter wraps it in)}
    (@fields $head:tt [$($done:tt)*]) => {
        $crate::protocol::record::record!(@struct $head $($done)*);
    };
    // A literal such as `600` must find one type that it can be: integers are taken as they are,
    // not by `Into`.
    (@fields $head:tt [$($done:tt)*] $(#[doc = $doc:literal])* $f:ident : u32, $($rest:tt)*) => {
        $crate::protocol::record::record!(@fields $head [$($done)* {
            [$($doc)*] $f (stringify!($f)) (u32) (u32) (std::convert::identity)
        }] $($rest)*);
    };
    (@fields $head:tt [$($done:tt)*] $(#[doc = $doc:literal])* $f:ident : u64, $($rest:tt)*) => {
        $crate::protocol::record::record!(@fields $head [$($done)* {
            [$($doc)*] $f (stringify!($f)) (u64) (u64) (std::convert::identity)
        }] $($rest)*);
    };
    (@fields $head:tt [$($done:tt)*] $(#[doc = $doc:literal])* $f:ident ? : u32, $($rest:tt)*) => {
        $crate::protocol::record::record!(@fields $head [$($done)* {
            [$($doc)*] $f (stringify!($f)) (Option<u32>) (u32) (Some)
        }] $($rest)*);
    };
    (@fields $head:tt [$($done:tt)*] $(#[doc = $doc:literal])* $f:ident ? : u64, $($rest:tt)*) => {
        $crate::protocol::record::record!(@fields $head [$($done)* {
            [$($doc)*] $f (stringify!($f)) (Option<u64>) (u64) (Some)
        }] $($rest)*);
    };
    (
        @fields $head:tt [$($done:tt)*]
        $(#[doc = $doc:literal])* $f:ident ? null : $T:ty, $($rest:tt)*
    ) => {
        $crate::protocol::record::record!(@fields $head [$($done)* {
            [$($doc)*] $f (stringify!($f)) ($crate::protocol::Patch<$T>)
                (impl Into<$crate::protocol::Patch<$T>>) (std::convert::identity)
        }] $($rest)*);
    };
    (
        @fields $head:tt [$($done:tt)*]
        $(#[doc = $doc:literal])* $f:ident ? : $T:ty, $($rest:tt)*
    ) => {
        $crate::protocol::record::record!(@fields $head [$($done)* {
            [$($doc)*] $f (stringify!($f)) (Option<$T>) (impl Into<$T>) (Some)
        }] $($rest)*);
    };
    (
        @fields $head:tt [$($done:tt)*]
        $(#[doc = $doc:literal])* $f:ident as $key:literal ? : $T:ty, $($rest:tt)*
    ) => {
        $crate::protocol::record::record!(@fields $head [$($done)* {
            [$($doc)*] $f ($key) (Option<$T>) (impl Into<$T>) (Some)
        }] $($rest)*);
    };
    (
        @fields $head:tt [$($done:tt)*]
        $(#[doc = $doc:literal])* $f:ident as $key:literal : $T:ty, $($rest:tt)*
    ) => {
        $crate::protocol::record::record!(@fields $head [$($done)* {
            [$($doc)*] $f ($key) ($T) (impl Into<$T>) (std::convert::identity)
        }] $($rest)*);
    };
    (@fields $head:tt [$($done:tt)*] $(#[doc = $doc:literal])* $f:ident : $T:ty, $($rest:tt)*) => {
        $crate::protocol::record::record!(@fields $head [$($done)* {
            [$($doc)*] $f (stringify!($f)) ($T) (impl Into<$T>) (std::convert::identity)
        }] $($rest)*);
    };

    (
        @struct
        {[$($doc:literal)*] [$link:expr] [$($wire:literal)?] $Name:ident $(or $text:ident)?}
        $({ [$($fdoc:literal)*] $f:ident ($($key:tt)+) ($Type:ty) ($Arg:ty) ($wrap:expr) })*
    ) => {
        $(#[doc = $doc])*
        #[doc = $link]
        #[derive(Debug, Clone, PartialEq, Default)]
        #[non_exhaustive]
        pub struct $Name {
            $(
                $(#[doc = $fdoc])*
                #[doc = $link]
                pub $f: $Type,
            )*
            pub(crate) unknown: $crate::protocol::unknown::Unknown,
        }

        #[allow(clippy::missing_const_for_fn, clippy::useless_conversion)]
        impl $Name {
            $(
                #[doc = concat!("Sets [`", stringify!($f), "`](field@Self::", stringify!($f), ").")]
                #[must_use]
                pub fn $f(mut self, value: $Arg) -> Self {
                    self.$f = $wrap(value.into());
                    self
                }
            )*

            /// Returns the value of a member that is in no field: one that this version does not
            /// know, or whose value does not fit its field.
            #[must_use]
            pub fn unknown(&self, name: &str) -> Option<&serde_json::Value> {
                self.unknown.get(name)
            }

            /// Adds a member that this version does not know.
            #[must_use]
            pub fn with_unknown(
                mut self,
                name: impl Into<String>,
                value: impl Into<serde_json::Value>,
            ) -> Self {
                self.unknown.insert(name.into(), value.into());
                self
            }

            fn writes(&self, key: &str) -> bool {
                $(
                    if key == $($key)+ {
                        return $crate::protocol::field::is_written(&self.unknown, key, &self.$f);
                    }
                )*
                let _ = key;
                false
            }
        }

        impl $crate::protocol::record::Record for $Name {
            const TAG: Option<&'static str> = $crate::protocol::record::tag!($($wire)?);
            const KEYS: &'static [&'static str] = &[$($($key)+),*];
            const KEEPS_UNKNOWN: bool = match Self::TAG {
                Some(tag) => $crate::protocol::record::is_no_delta(tag),
                None => true,
            };

            #[allow(unused_variables, clippy::match_single_binding)]
            fn read_field<'de, A: $crate::protocol::field::FieldAccess<'de>>(
                &mut self,
                key: &str,
                map: &mut A,
                source: $crate::protocol::field::Source<'_>,
            ) -> Result<bool, A::Error> {
                $(
                    if key == $($key)+ {
                        self.$f = $crate::protocol::field::read_value($($key)+, map, source)?;
                        return Ok(true);
                    }
                )*
                Ok(false)
            }

            #[allow(unused_variables)]
            fn read_in_order(
                &mut self,
                members: &mut $crate::protocol::members::Members,
                source: $crate::protocol::field::Source<'_>,
            ) -> serde_json::Result<()> {
                $(
                    if members.take(concat!(",\"", $($key)+, "\":")) {
                        self.$f = $crate::protocol::field::read_member($($key)+, members, source)?;
                    }
                )*
                Ok(())
            }

            $(
                fn from_text(text: &str) -> Option<Self> {
                    Some(Self::default().$text(text))
                }
            )?

            fn unknown_mut(&mut self) -> &mut $crate::protocol::unknown::Unknown {
                &mut self.unknown
            }

            fn text_of(&self, key: &str) -> Option<&str> {
                $(
                    if key == $($key)+ {
                        return $crate::protocol::field::Field::as_text(&self.$f);
                    }
                )*
                let _ = key;
                None
            }

            fn write_members(&self, out: &mut String) {
                $(
                    if $crate::protocol::field::is_written(&self.unknown, $($key)+, &self.$f) {
                        out.push_str(concat!(",\"", $($key)+, "\":"));
                        $crate::protocol::field::Field::write(&self.$f, out);
                    }
                )*
                if !self.unknown.is_empty() {
                    self.unknown.write(out, &|key| self.writes(key));
                }
            }
        }

        impl $crate::protocol::field::Field for $Name {
            fn read<'de, D: serde::Deserializer<'de>>(
                input: D,
                source: $crate::protocol::field::Source<'_>,
            ) -> Result<Self, D::Error> {
                $crate::protocol::record::read_record(input, source)
            }

            fn read_member(
                members: &mut $crate::protocol::members::Members,
                source: $crate::protocol::field::Source<'_>,
            ) -> serde_json::Result<Self> {
                $crate::protocol::record::read_record_member(members, source)
            }

            fn visit_unread(
                &self,
                path: &$crate::protocol::unknown::FieldPath<'_>,
                visit: &mut $crate::protocol::unknown::Visit<'_>,
            ) {
                $crate::protocol::record::visit_kept::<Self>(&self.unknown, path, visit);
                $(
                    let member = path.member($($key)+);
                    $crate::protocol::field::Field::visit_unread(&self.$f, &member, visit);
                )*
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;

                let mut map = out.serialize_map(None)?;
                $(map.serialize_entry("type", $wire)?;)?
                $(
                    if $crate::protocol::field::is_written(&self.unknown, $($key)+, &self.$f) {
                        map.serialize_entry($($key)+, &self.$f)?;
                    }
                )*
                self.unknown.serialize_into(&mut map, &|key| self.writes(key))?;
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                $crate::protocol::record::read_record(input, $crate::protocol::field::Source::Serde)
            }
        }

        #[cfg(test)]
        impl $crate::protocol::typescript::Described for $Name {
            const NAME: &'static str = stringify!($Name);
            const DOC: &'static [&'static str] = &[$($doc),*];
            const FIELDS: &'static [$crate::protocol::typescript::FieldInfo] = &[
                $($crate::protocol::typescript::FieldInfo {
                    key: $($key)+,
                    doc: &[$($fdoc),*],
                    field: <$Type as $crate::protocol::typescript::Typed>::field,
                },)*
            ];
        }

        #[cfg(test)]
        impl $crate::protocol::typescript::Typed for $Name {
            fn typescript(types: &mut $crate::protocol::typescript::Types) -> String {
                types.object::<Self>(<Self as $crate::protocol::record::Record>::TAG)
            }
        }
    };

    // With a tag, the struct is written with its `type`.
    (
        $(#[doc = $doc:literal])*
        tag $wire:literal [$link:expr] [$Variant:ident] $common:tt $fields:tt
    ) => {
        $crate::protocol::record::record!(
            $(#[doc = $doc])* tag $wire [$link] [$Variant $Variant] $common $fields
        );
    };
    (
        $(#[doc = $doc:literal])*
        tag $wire:literal [$link:expr] [$Variant:ident $Name:ident]
        { $($common:tt)* } { $($fields:tt)* }
    ) => {
        $crate::protocol::record::record!(
            @fields {[$($doc)*] [$link] [$wire] $Name} [] $($common)* $($fields)*
        );
    };
    // `or name`: a string in the struct's place is that field.
    ($(#[doc = $doc:literal])* pub struct $Name:ident { $($fields:tt)* } $(or $text:ident)?) => {
        $crate::protocol::record::record!(
            @fields
            {
                [$($doc)*] [concat!("\n\n[OpenAI's reference](", reference!(), ")")]
                [] $Name $(or $text)?
            }
            [] $($fields)*
        );
    };
}
pub(crate) use record;
