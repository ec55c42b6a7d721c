//! Events as rows: the macros that make an enum of events from its table.
//!
//! A row's fields are written as in the protocol's own description:
//!
//! | written | type | when absent | when null |
//! | --- | --- | --- | --- |
//! | `name: T` | `T` | the default | the default |
//! | `name?: T` | `Option<T>` | `None` | `None` |
//! | `name?null: T` | `Patch<T>` | `Keep` | `Clear` |
//!
//! `name as "key"` gives the key where it is not the name. `record!`, in `record`, is for structs
//! that are no events, `union!` for objects that are told apart by their `type`, and `open_enum!`
//! and `choice!`, in `words`, for names.
//!
//! One row, and what it becomes:
//!
//! ```text
//! events! {
//!     /// Event from the client.
//!     pub enum ClientEvent;
//!     reference "https://…/client-events";
//!     rows {
//!         /// Ends a response early.
//!         "response.cancel" => ResponseCancel {
//!             /// ID of the response; the conversation's current one if absent.
//!             response_id?: String,
//!         }
//!     }
//! }
//!
//! /// Ends a response early.
//! ///
//! /// [OpenAI's reference](https://…/client-events#response.cancel)
//! #[derive(Debug, Clone, PartialEq, Default)]
//! #[non_exhaustive]
//! pub struct ResponseCancel {
//!     /// ID that the sender gave the event.
//!     pub event_id: Option<String>,
//!     /// ID of the response; the conversation's current one if absent.
//!     pub response_id: Option<String>,
//!     pub(crate) unknown: Unknown,        // members that are in no field
//! }
//!
//! impl ResponseCancel {
//!     /// Sets [`event_id`](field@Self::event_id).
//!     pub fn event_id(mut self, value: impl Into<String>) -> Self { … }
//!     /// Sets [`response_id`](field@Self::response_id).
//!     pub fn response_id(mut self, value: impl Into<String>) -> Self { … }
//!     pub fn unknown(&self, name: &str) -> Option<&Value> { … }
//!     pub fn with_unknown(mut self, name: impl Into<String>, value: …) -> Self { … }
//! }
//!
//! // Its JSON, by hand: events are read and written all the time.
//! impl Record for ResponseCancel {
//!     const TAG: Option<&'static str> = Some("response.cancel");
//!     const KEYS: &'static [&'static str] = &["event_id", "response_id"];
//!     const KEEPS_UNKNOWN: bool = true;   // false for deltas
//!     fn read_field(…) { if key == "event_id" { self.event_id = read_value(…)?; … } … }
//!     fn read_in_order(…) { if members.take(",\"event_id\":") { self.event_id = … } … }
//!     fn text_of(&self, key: &str) -> Option<&str> { … }
//!     fn unknown_mut(&mut self) -> &mut Unknown { … }
//!     fn write_members(&self, out: &mut String) { … }
//! }
//! impl Field for ResponseCancel { … }     // so that it can stand in another record
//! impl Serialize for ResponseCancel { … }
//! impl<'de> Deserialize<'de> for ResponseCancel { … }
//! impl Described for ResponseCancel { … } // for the npm package's declarations, in tests only
//! impl Typed for ResponseCancel { … }
//!
//! /// Event from the client.
//! #[non_exhaustive]
//! pub enum ClientEvent {
//!     /// `response.cancel`.
//!     ResponseCancel(ResponseCancel),
//!     /// Event of a type that this version does not know, as it was sent.
//!     Other(RawEvent),
//! }
//!
//! impl From<ResponseCancel> for ClientEvent { … }
//! impl Event for ResponseCancel { const TYPE: &'static str = "response.cancel"; … }
//! // `event_type`, `event_id`, `encode`, …: a `match` with an arm for the row.
//! impl Events for ClientEvent { … }
//! // "response.cancel" => read_event(…).map(Self::ResponseCancel)
//! impl ReadEvents for ClientEvent { … }
//! impl<'de> Deserialize<'de> for ClientEvent { … }
//! ```

/// Name of a row's struct: the second where there are two.
macro_rules! struct_name {
    ($Variant:ident) => {
        $Variant
    };
    ($Variant:ident $Struct:ident) => {
        $Struct
    };
}
pub(crate) use struct_name;

/// Defines what events and unions share: an enum with a struct for each `type`, and the structs.
macro_rules! tagged_enum {
    (
        $(#[doc = $doc:literal])*
        pub enum $Enum:ident ($(#[doc = $odoc:literal])* $Other:ty);
        link $link:expr;
        reference $reference:tt;
        common $common:tt;
        $(
            $(#[doc = $vdoc:literal])*
            $wire:literal => $Variant:ident $(($Struct:ident))? { $($fields:tt)* }
        )*
    ) => {
        $($crate::protocol::table::tagged_struct! {
            $(#[doc = $vdoc])*
            $reference $wire [$Variant $($Struct)?] $common { $($fields)* }
        })*

        $(#[doc = $doc])*
        #[doc = $link]
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
            $(#[doc = $odoc])*
            Other($Other),
        }

        $(
            impl From<$crate::protocol::table::struct_name!($Variant $($Struct)?)> for $Enum {
                fn from(
                    value: $crate::protocol::table::struct_name!($Variant $($Struct)?),
                ) -> Self {
                    Self::$Variant(value)
                }
            }
        )*

        #[cfg(test)]
        impl $crate::protocol::typescript::Typed for $Enum {
            fn typescript(types: &mut $crate::protocol::typescript::Types) -> String {
                types.one_of(stringify!($Enum), &[$($doc),*], |types| vec![
                    $(<
                        $crate::protocol::table::struct_name!($Variant $($Struct)?)
                        as $crate::protocol::typescript::Typed
                    >::typescript(types)),*
                ])
            }
        }
    };
}
pub(crate) use tagged_enum;

/// Defines the struct of a row, with a link to OpenAI's reference: to the row's own entry if the
/// table has a page, otherwise to the file's `reference!`.
macro_rules! tagged_struct {
    (
        $(#[doc = $doc:literal])*
        [] $wire:literal $names:tt $common:tt $fields:tt
    ) => {
        $crate::protocol::record::record! {
            $(#[doc = $doc])*
            tag $wire [concat!("\n\n[OpenAI's reference](", reference!(), ")")]
            $names $common $fields
        }
    };
    (
        $(#[doc = $doc:literal])*
        [$reference:literal] $wire:literal $names:tt $common:tt $fields:tt
    ) => {
        $crate::protocol::record::record! {
            $(#[doc = $doc])*
            tag $wire [concat!("\n\n[OpenAI's reference](", $reference, "#", $wire, ")")]
            $names $common $fields
        }
    };
}
pub(crate) use tagged_struct;

/// Defines the events of one direction of a protocol: a row each. `reference` is the page of
/// OpenAI's reference that describes them; `older` are the names that servers of the beta protocol
/// use, each with the present one.
macro_rules! events {
    (
        $(#[doc = $doc:literal])*
        pub enum $Enum:ident;
        reference $reference:literal;
        $(older { $($older:literal => $present:literal,)* })?
        rows {
            $(
                $(#[doc = $vdoc:literal])*
                $wire:literal => $Variant:ident $(($Struct:ident))? { $($fields:tt)* }
            )*
        }
    ) => {
        $crate::protocol::table::tagged_enum! {
            $(#[doc = $doc])*
            pub enum $Enum (
                /// Event of a type that this version does not know, as it was sent.
                $crate::protocol::RawEvent
            );
            link concat!("\n\n[OpenAI's reference](", $reference, ")");
            reference [$reference];
            common {
                /// ID that the sender gave the event.
                event_id?: String,
            };
            $($(#[doc = $vdoc])* $wire => $Variant $(($Struct))? { $($fields)* })*
        }

        $(
            impl $crate::protocol::Event
                for $crate::protocol::table::struct_name!($Variant $($Struct)?)
            {
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

        impl $Enum {
            /// Returns the event's `type`.
            #[must_use]
            pub fn event_type(&self) -> &str {
                match self {
                    Self::Other(raw) => raw.event_type(),
                    known => {
                        $crate::protocol::raw::ReadEvents::known_type(known).unwrap_or_default()
                    }
                }
            }

            /// Returns the event's own ID, if it has one.
            #[must_use]
            pub fn event_id(&self) -> Option<&str> {
                match self {
                    $(Self::$Variant(event) => event.event_id.as_deref(),)*
                    Self::Other(_) => None,
                }
            }
        }

        impl $crate::protocol::Events for $Enum {
            const TYPES: &'static [&'static str] = &[$($wire),*];

            fn event_type(&self) -> &str {
                self.event_type()
            }

            fn event_id(&self) -> Option<&str> {
                self.event_id()
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

            $(
                fn present_name(name: &str) -> Option<&'static str> {
                    match name {
                        $($older => Some($present),)*
                        _ => None,
                    }
                }
            )?
        }

        impl $crate::protocol::raw::ReadEvents for $Enum {
            fn read_typed(
                event_type: &str,
                members: Option<$crate::protocol::members::Members>,
                frame: &bytestring::ByteString,
            ) -> Option<serde_json::Result<Self>> {
                Some(match event_type {
                    $($wire => {
                        $crate::protocol::record::read_event(members, frame).map(Self::$Variant)
                    })*
                    _ => return None,
                })
            }

            fn known_type(&self) -> Option<&'static str> {
                match self {
                    $(Self::$Variant(_) => Some($wire),)*
                    Self::Other(_) => None,
                }
            }

            fn text_of(&self, key: &str) -> Option<&str> {
                match self {
                    $(Self::$Variant(event) => {
                        $crate::protocol::record::Record::text_of(event, key)
                    })*
                    Self::Other(_) => None,
                }
            }

            fn visit_unread(&self, visit: &mut $crate::protocol::unknown::Visit<'_>) {
                let path = $crate::protocol::unknown::FieldPath::ROOT;
                match self {
                    $(Self::$Variant(event) => {
                        $crate::protocol::field::Field::visit_unread(event, &path, visit);
                    })*
                    Self::Other(_) => {}
                }
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
