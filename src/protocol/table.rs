//! The macros behind the protocol's tables: from one row come a struct, its setters, its JSON both ways, the variant,
//! the conversion and the dispatch.
//!
//! A row's fields are written as in the protocol's own description:
//!
//! | written | type | when absent | when null |
//! | --- | --- | --- | --- |
//! | `name: T` | `T` | the default | the default |
//! | `name?: T` | `Option<T>` | `None` | `None` |
//! | `name?null: T` | `Patch<T>` | `Keep` | `Clear` |
//!
//! `name as "key"` gives the key where it is not the name.

/// A struct of the protocol.
macro_rules! record {
    // The fields are brought to one form: [attributes] name (key) (type) (setter's argument) (how it is wrapped).
    (@fields $head:tt [$($done:tt)*]) => {
        $crate::protocol::table::record!(@struct $head $($done)*);
    };
    (@fields $head:tt [$($done:tt)*] $(#[$m:meta])* $f:ident ? null : $T:ty, $($rest:tt)*) => {
        $crate::protocol::table::record!(@fields $head [$($done)* {
            [$(#[$m])*] $f (stringify!($f)) ($crate::protocol::Patch<$T>) ($crate::protocol::Patch<$T>) (std::convert::identity)
        }] $($rest)*);
    };
    (@fields $head:tt [$($done:tt)*] $(#[$m:meta])* $f:ident ? : $T:ty, $($rest:tt)*) => {
        $crate::protocol::table::record!(@fields $head [$($done)* {
            [$(#[$m])*] $f (stringify!($f)) (Option<$T>) ($T) (Some)
        }] $($rest)*);
    };
    (@fields $head:tt [$($done:tt)*] $(#[$m:meta])* $f:ident as $key:literal ? : $T:ty, $($rest:tt)*) => {
        $crate::protocol::table::record!(@fields $head [$($done)* {
            [$(#[$m])* #[serde(rename = $key)]] $f ($key) (Option<$T>) ($T) (Some)
        }] $($rest)*);
    };
    (@fields $head:tt [$($done:tt)*] $(#[$m:meta])* $f:ident as $key:literal : $T:ty, $($rest:tt)*) => {
        $crate::protocol::table::record!(@fields $head [$($done)* {
            [$(#[$m])* #[serde(rename = $key)]] $f ($key) ($T) ($T) (std::convert::identity)
        }] $($rest)*);
    };
    (@fields $head:tt [$($done:tt)*] $(#[$m:meta])* $f:ident : $T:ty, $($rest:tt)*) => {
        $crate::protocol::table::record!(@fields $head [$($done)* {
            [$(#[$m])*] $f (stringify!($f)) ($T) ($T) (std::convert::identity)
        }] $($rest)*);
    };

    (@struct {[$($head:tt)*] $Name:ident $(or $text:ident)?}
        $({ [$($attr:tt)*] $f:ident ($($key:tt)+) ($Type:ty) ($Arg:ty) ($wrap:expr) })*
    ) => {
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
        $($head)*
        #[non_exhaustive]
        pub struct $Name {
            $(
                $($attr)*
                #[serde(skip_serializing_if = "crate::protocol::field::Field::is_absent")]
                pub $f: $Type,
            )*
        }

        #[allow(clippy::missing_const_for_fn)]
        impl $Name {
            $(
                #[doc = concat!("Sets [`", stringify!($f), "`](Self::", stringify!($f), ").")]
                pub fn $f(mut self, value: impl Into<$Arg>) -> Self {
                    self.$f = $wrap(value.into());
                    self
                }
            )*
        }

        impl $crate::protocol::field::Record for $Name {
            #[allow(unused_variables, clippy::match_single_binding)]
            fn read_field<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                key: &str,
                map: &mut A,
                frame: $crate::protocol::field::Frame<'_>,
            ) -> Result<bool, A::Error> {
                $(
                    if key == $($key)+ {
                        self.$f = $crate::protocol::field::read_value($($key)+, map, frame)?;
                        return Ok(true);
                    }
                )*
                Ok(false)
            }

            #[allow(unused_variables)]
            fn read_in_order(
                &mut self,
                members: &mut $crate::protocol::members::Members,
                frame: $crate::protocol::field::Frame<'_>,
            ) -> serde_json::Result<()> {
                $(
                    if members.take(concat!(",\"", $($key)+, "\":")) {
                        self.$f = $crate::protocol::field::read_member($($key)+, members, frame)?;
                    }
                )*
                Ok(())
            }

            $(
                fn from_text(text: &str) -> Option<Self> {
                    Some(Self::default().$text(text))
                }
            )?

            #[allow(unused_variables)]
            fn write_fields(&self, out: &mut Vec<u8>) {
                $(
                    if !$crate::protocol::field::Field::is_absent(&self.$f) {
                        out.extend_from_slice(concat!(",\"", $($key)+, "\":").as_bytes());
                        $crate::protocol::field::Field::write(&self.$f, out);
                    }
                )*
            }
        }

        impl $crate::protocol::field::Field for $Name {
            fn read<'de, D: serde::Deserializer<'de>>(
                input: D,
                frame: $crate::protocol::field::Frame<'_>,
            ) -> Result<Self, D::Error> {
                $crate::protocol::field::read_record(input, frame)
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                $crate::protocol::field::read_record(input, None)
            }
        }

        #[cfg(test)]
        impl $crate::protocol::typescript::Typed for $Name {
            fn typescript(types: &mut $crate::protocol::typescript::Types) -> String {
                let fields: &[$crate::protocol::typescript::Row] = &[
                    $((stringify!($($attr)*), $($key)+, <$Type as $crate::protocol::typescript::Typed>::field),)*
                ];
                types.object(stringify!($Name), stringify!($($head)*), fields)
            }
        }
    };

    // With a tag, the struct writes its `type`, too.
    ($(#[$m:meta])* tag $wire:literal [$Variant:ident] $common:tt $fields:tt) => {
        $crate::protocol::table::record!($(#[$m])* tag $wire [$Variant $Variant] $common $fields);
    };
    ($(#[$m:meta])* tag $wire:literal [$Variant:ident $Name:ident] { $($common:tt)* } { $($fields:tt)* }) => {
        $crate::protocol::table::record!(
            @fields {[$(#[$m])* #[serde(tag = "type", rename = $wire)]] $Name} [] $($common)* $($fields)*
        );
    };
    // `or name`: a string in the struct's place is that field.
    ($(#[$m:meta])* pub struct $Name:ident { $($fields:tt)* } $(or $text:ident)?) => {
        $crate::protocol::table::record!(@fields {[$(#[$m])*] $Name $(or $text)?} [] $($fields)*);
    };
}
pub(crate) use record;

/// Strings from an open list: one that is not known is kept as it is.
macro_rules! open_enum {
    ($(#[$m:meta])* pub enum $Name:ident { $($(#[$vm:meta])* $Variant:ident = $wire:literal,)* }) => {
        $(#[$m])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $Name {
            $(#[doc = concat!("`", $wire, "`.")] $(#[$vm])* $Variant,)*
            /// One that this version does not know, as it was sent.
            Other(String),
        }

        impl $Name {
            /// The name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$Variant => $wire,)*
                    Self::Other(name) => name,
                }
            }
        }

        impl Default for $Name {
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl From<&str> for $Name {
            fn from(name: &str) -> Self {
                match name {
                    $($wire => Self::$Variant,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl From<String> for $Name {
            fn from(name: String) -> Self {
                Self::from(name.as_str())
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                String::deserialize(input).map(Self::from)
            }
        }

        $crate::protocol::field::plain_fields!($Name);

        #[cfg(test)]
        impl $crate::protocol::typescript::Typed for $Name {
            fn typescript(types: &mut $crate::protocol::typescript::Types) -> String {
                types.one_of(stringify!($Name), stringify!($(#[$m])*), |_| vec![$(format!("'{}'", $wire)),*])
            }
        }
    };
}
pub(crate) use open_enum;

/// The struct's name of a row: the second where there are two.
macro_rules! struct_name {
    ($Variant:ident) => {
        $Variant
    };
    ($Variant:ident $Struct:ident) => {
        $Struct
    };
}
pub(crate) use struct_name;

/// What events and unions share: an enum with a struct for each `type`, and the structs.
macro_rules! tagged_enum {
    (
        $(#[$m:meta])*
        pub enum $Enum:ident ($(#[$om:meta])* $Other:ty);
        common $common:tt;
        $($(#[$vm:meta])* $wire:literal => $Variant:ident $(($Struct:ident))? { $($fields:tt)* })*
    ) => {
        $($crate::protocol::table::record! {
            $(#[$vm])*
            tag $wire [$Variant $($Struct)?] $common { $($fields)* }
        })*

        $(#[$m])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        // The rows box what is big and frequent.
        #[allow(clippy::large_enum_variant)]
        pub enum $Enum {
            $(
                #[doc = concat!("`", $wire, "`.")]
                $Variant($crate::protocol::table::struct_name!($Variant $($Struct)?)),
            )*
            $(#[$om])*
            Other($Other),
        }

        $(
            impl From<$crate::protocol::table::struct_name!($Variant $($Struct)?)> for $Enum {
                fn from(value: $crate::protocol::table::struct_name!($Variant $($Struct)?)) -> Self {
                    Self::$Variant(value)
                }
            }
        )*

        #[cfg(test)]
        impl $crate::protocol::typescript::Typed for $Enum {
            fn typescript(types: &mut $crate::protocol::typescript::Types) -> String {
                types.one_of(stringify!($Enum), stringify!($(#[$m])*), |types| vec![
                    $(<$crate::protocol::table::struct_name!($Variant $($Struct)?) as $crate::protocol::typescript::Typed>
                        ::typescript(types)),*
                ])
            }
        }
    };
}
pub(crate) use tagged_enum;

/// An object that is one of several, told apart by its `type`. One that is not known is kept as JSON.
macro_rules! union {
    (
        $(#[$m:meta])*
        pub enum $Enum:ident {
            $($(#[$vm:meta])* $wire:literal => $Variant:ident $(($Struct:ident))? { $($fields:tt)* })*
        }
    ) => {
        $crate::protocol::table::tagged_enum! {
            $(#[$m])*
            pub enum $Enum (
                /// One that this version does not know, as it was sent.
                serde_json::Value
            );
            common {};
            $($(#[$vm])* $wire => $Variant $(($Struct))? { $($fields)* })*
        }

        // What a setter takes in the place of the enum.
        $(
            impl From<$crate::protocol::table::struct_name!($Variant $($Struct)?)> for Box<$Enum> {
                fn from(value: $crate::protocol::table::struct_name!($Variant $($Struct)?)) -> Self {
                    Box::new(value.into())
                }
            }

            impl From<$crate::protocol::table::struct_name!($Variant $($Struct)?)> for $crate::protocol::Patch<$Enum> {
                fn from(value: $crate::protocol::table::struct_name!($Variant $($Struct)?)) -> Self {
                    Self::Set(value.into())
                }
            }
        )*

        impl Default for $Enum {
            fn default() -> Self {
                Self::Other(serde_json::Value::Null)
            }
        }

        impl From<serde_json::Value> for $Enum {
            fn from(value: serde_json::Value) -> Self {
                Self::Other(value)
            }
        }

        impl $crate::protocol::field::Union for $Enum {
            fn read_as<'de, D: serde::Deserializer<'de>>(
                tag: &str,
                input: D,
                frame: $crate::protocol::field::Frame<'_>,
            ) -> Option<Result<Self, D::Error>> {
                match tag {
                    $($wire => Some($crate::protocol::field::Field::read(input, frame).map(Self::$Variant)),)*
                    _ => None,
                }
            }
        }

        impl $crate::protocol::field::Field for $Enum {
            fn read<'de, D: serde::Deserializer<'de>>(
                input: D,
                frame: $crate::protocol::field::Frame<'_>,
            ) -> Result<Self, D::Error> {
                $crate::protocol::field::read_union(input, frame)
            }
        }

        impl<'de> serde::Deserialize<'de> for $Enum {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                $crate::protocol::field::read_union(input, None)
            }
        }
    };
}
pub(crate) use union;

/// A value that may be a word, or one of several shapes of JSON. What is neither is kept as JSON.
macro_rules! choice {
    ($(#[$m:meta])* pub enum $Enum:ident {
        $($(#[$vm:meta])* $Variant:ident $(($Type:ty) = $Shape:ident)? $(= $word:literal)?,)*
    }) => {
        $(#[$m])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum $Enum {
            $($(#[$vm])* $Variant $(($Type))?,)*
            /// One that this version does not know, as it was sent.
            Other(serde_json::Value),
        }

        impl Default for $Enum {
            fn default() -> Self {
                Self::Other(serde_json::Value::Null)
            }
        }

        $($(
            impl From<$Type> for $Enum {
                fn from(value: $Type) -> Self {
                    Self::$Variant(value)
                }
            }
        )?)*

        impl serde::Serialize for $Enum {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                match self {
                    $($(Self::$Variant => out.serialize_str($word),)?)*
                    $($(Self::$Variant(value) => <$Type as serde::Serialize>::serialize(value, out),)?)*
                    Self::Other(value) => value.serialize(out),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $Enum {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let value = serde_json::Value::deserialize(input)?;
                $($(
                    if value == $word {
                        return Ok(Self::$Variant);
                    }
                )?)*
                let read = match &value {
                    $($(serde_json::Value::$Shape(_) => {
                        <$Type as $crate::protocol::field::Field>::read(&value, None).map(Self::$Variant)
                    })?)*
                    _ => return Ok(Self::Other(value)),
                };
                Ok(read.unwrap_or(Self::Other(value)))
            }
        }

        $crate::protocol::field::plain_fields!($Enum);

        #[cfg(test)]
        impl $crate::protocol::typescript::Typed for $Enum {
            fn typescript(types: &mut $crate::protocol::typescript::Types) -> String {
                types.one_of(stringify!($Enum), stringify!($(#[$m])*), |types| vec![$(
                    $(format!("'{}'", $word))?
                    $({
                        let _ = serde_json::Value::$Shape;
                        <$Type as $crate::protocol::typescript::Typed>::typescript(types)
                    })?
                ),*])
            }
        }
    };
}
pub(crate) use choice;

/// The events of one direction of a protocol: a row each.
macro_rules! events {
    (
        $(#[$m:meta])*
        pub enum $Enum:ident {
            $($(#[$vm:meta])* $wire:literal => $Variant:ident $(($Struct:ident))? { $($fields:tt)* })*
        }
    ) => {
        $crate::protocol::table::tagged_enum! {
            $(#[$m])*
            pub enum $Enum (
                /// An event that this version does not know, or one whose content does not fit; its text says all,
                /// and [`RawEvent::why`](crate::RawEvent::why) tells which.
                $crate::protocol::RawEvent
            );
            common {
                /// The event's own id.
                event_id?: String,
            };
            $($(#[$vm])* $wire => $Variant $(($Struct))? { $($fields)* })*
        }

        $(
            impl $crate::protocol::Event for $crate::protocol::table::struct_name!($Variant $($Struct)?) {
                type Events = $Enum;
                const TYPE: &'static str = $wire;

                fn from_events(events: &$Enum) -> Option<&Self> {
                    match events {
                        $Enum::$Variant(event) => Some(event),
                        _ => None,
                    }
                }
            }
        )*

        impl $crate::protocol::Events for $Enum {
            const TYPES: &'static [&'static str] = &[$($wire),*];

            fn event_type(&self) -> &str {
                match self {
                    $(Self::$Variant(_) => $wire,)*
                    Self::Other(raw) => raw.event_type(),
                }
            }

            fn event_id(&self) -> Option<&str> {
                match self {
                    $(Self::$Variant(event) => event.event_id.as_deref(),)*
                    Self::Other(_) => None,
                }
            }

            fn with_event_id(self, id: impl Into<String>) -> Self {
                match self {
                    $(Self::$Variant(event) => Self::$Variant(event.event_id(id)),)*
                    Self::Other(raw) => Self::Other(raw),
                }
            }

            fn encode(&self) -> $crate::protocol::RawEvent {
                match self {
                    $(Self::$Variant(event) => $crate::protocol::RawEvent::encode($wire, event),)*
                    Self::Other(raw) => raw.clone(),
                }
            }
        }

        impl $crate::protocol::raw::ReadEvents for $Enum {
            fn read(
                event_type: &str,
                members: $crate::protocol::members::Members,
                frame: &bytestring::ByteString,
            ) -> Option<serde_json::Result<Self>> {
                Some(match event_type {
                    $($wire => $crate::protocol::field::read_event($wire, members, frame).map(Self::$Variant),)*
                    _ => return None,
                })
            }
        }

        impl From<$crate::protocol::RawEvent> for $Enum {
            fn from(raw: $crate::protocol::RawEvent) -> Self {
                Self::Other(raw)
            }
        }

        impl<'de> serde::Deserialize<'de> for $Enum {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let value = serde_json::Value::deserialize(input)?;
                $crate::protocol::RawEvent::parse(value.to_string())
                    .map($crate::protocol::RawEvent::decode_as)
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use events;
