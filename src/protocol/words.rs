//! Values that are words: open lists of names, and values that may be a word or another shape of
//! JSON.

/// Defines an enum of names from an open list. A name that is not known is kept as it is.
macro_rules! open_enum {
    (
        $(#[doc = $doc:literal])*
        pub enum $Name:ident {
            $($(#[doc = $vdoc:literal])* $Variant:ident = $wire:literal,)*
        }
    ) => {
        $(#[doc = $doc])*
        ///
        /// The list is open: [`as_str`](Self::as_str) gives a name that this version does not know,
        /// too.
        #[doc = concat!("\n\n[OpenAI's reference](", reference!(), ")")]
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $Name {
            $(#[doc = concat!("`", $wire, "`.")] $(#[doc = $vdoc])* $Variant,)*
            // Its value cannot be matched, so that a later version can give the name a variant of
            // its own.
            #[doc(hidden)]
            Unknown($crate::protocol::words::UnknownName),
        }

        impl $Name {
            /// Returns the name on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$Variant => $wire,)*
                    Self::Unknown(name) => name.as_str(),
                }
            }

            /// Returns true if this version of the crate has a variant for the name.
            #[must_use]
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::Unknown(_))
            }
        }

        impl Default for $Name {
            fn default() -> Self {
                Self::Unknown(Default::default())
            }
        }

        impl From<&str> for $Name {
            fn from(name: &str) -> Self {
                match name {
                    $($wire => Self::$Variant,)*
                    other => Self::Unknown($crate::protocol::words::UnknownName::new(other)),
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

        impl $crate::protocol::field::Field for $Name {
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
                match members.plain_string() {
                    Some(name) => Ok(Self::from(name)),
                    None => members.in_place::<Option<Self>>().map(Option::unwrap_or_default),
                }
            }
        }

        #[cfg(test)]
        impl $crate::protocol::typescript::Typed for $Name {
            fn typescript(types: &mut $crate::protocol::typescript::Types) -> String {
                types.one_of(stringify!($Name), &[$($doc),*], |_| vec![$(format!("'{}'", $wire)),*])
            }
        }
    };
}
pub(crate) use open_enum;

/// Name that is in no list of this version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct UnknownName(Box<str>);

impl UnknownName {
    pub(crate) fn new(name: &str) -> Self {
        Self(name.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Defines an enum of a value that may be a word, or one of several shapes of JSON. Any other value
/// is kept as JSON.
macro_rules! choice {
    (
        $(#[doc = $doc:literal])*
        pub enum $Enum:ident {
            $(
                $(#[doc = $vdoc:literal])*
                $Variant:ident $(($Type:ty) = $Shape:ident)? $(= $word:literal)?,
            )*
        }
    ) => {
        $(#[doc = $doc])*
        #[doc = concat!("\n\n[OpenAI's reference](", reference!(), ")")]
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum $Enum {
            $($(#[doc = $vdoc])* $Variant $(($Type))?,)*
            /// Value that is none of the others, as it was sent.
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

        /// Reads the word, as `Deserialize` does.
        impl From<&str> for $Enum {
            fn from(word: &str) -> Self {
                Self::from(serde_json::Value::from(word))
            }
        }

        /// Reads the value, as `Deserialize` does.
        impl From<serde_json::Value> for $Enum {
            fn from(value: serde_json::Value) -> Self {
                $($(
                    if value == $word {
                        return Self::$Variant;
                    }
                )?)*
                let source = $crate::protocol::field::Source::Serde;
                let read = match &value {
                    $($(serde_json::Value::$Shape(_) => {
                        <$Type as $crate::protocol::field::Field>::read(&value, source)
                            .map(Self::$Variant)
                    })?)*
                    _ => return Self::Other(value),
                };
                read.unwrap_or(Self::Other(value))
            }
        }

        impl serde::Serialize for $Enum {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                match self {
                    $($(Self::$Variant => out.serialize_str($word),)?)*
                    $($(Self::$Variant(value) => {
                        <$Type as serde::Serialize>::serialize(value, out)
                    })?)*
                    Self::Other(value) => value.serialize(out),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $Enum {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                serde_json::Value::deserialize(input).map(Self::from)
            }
        }

        impl $crate::protocol::field::Field for $Enum {
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
                match members.plain_string() {
                    $($(Some(word) if word == $word => Ok(Self::$Variant),)?)*
                    Some(word) => Ok(Self::from(word)),
                    None => members.in_place::<Option<Self>>().map(Option::unwrap_or_default),
                }
            }

            #[allow(unused_variables, clippy::match_single_binding)]
            fn visit_unread(
                &self,
                path: &$crate::protocol::unknown::FieldPath<'_>,
                visit: &mut $crate::protocol::unknown::Visit<'_>,
            ) {
                match self {
                    $($(Self::$Variant(value) => {
                        <$Type as $crate::protocol::field::Field>::visit_unread(value, path, visit);
                    })?)*
                    _ => {}
                }
            }
        }

        #[cfg(test)]
        impl $crate::protocol::typescript::Typed for $Enum {
            fn typescript(types: &mut $crate::protocol::typescript::Types) -> String {
                types.one_of(stringify!($Enum), &[$($doc),*], |types| vec![$(
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
