use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::field::{Field, Source};
use super::members::Members;
use super::unknown::{FieldPath, Visit};

/// Change of a setting: leave it as it is, switch it off, or replace it.
///
/// `session.update` tells the three apart: an absent key changes nothing, `null` switches the
/// setting off, and a value replaces it. In events of the server, [`Keep`](Self::Keep) is an absent
/// key and [`Clear`](Self::Clear) a null.
///
/// Setters take a value, `None` for [`Clear`](Self::Clear), or a `Patch`:
///
/// ```
/// use openai_realtime_ws::protocol::{AudioInput, ServerVad};
///
/// let manual = AudioInput::default().turn_detection(None);
/// assert_eq!(serde_json::to_string(&manual)?, r#"{"turn_detection":null}"#);
///
/// let automatic = AudioInput::default().turn_detection(ServerVad::default());
/// assert!(automatic.turn_detection.is_set());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Leaves the setting as it is: the key is not sent.
    #[default]
    Keep,
    /// Switches the setting off: `null` is sent.
    Clear,
    /// Replaces the setting.
    Set(T),
}

impl<T> Patch<T> {
    /// Returns true if there is a value.
    #[must_use]
    pub fn is_set(&self) -> bool {
        matches!(self, Self::Set(_))
    }

    /// Returns the value, if there is one.
    #[must_use]
    pub fn as_set(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    /// Applies the change to `target`.
    pub fn apply(self, target: &mut Self) {
        if !matches!(self, Self::Keep) {
            *target = self;
        }
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl From<&str> for Patch<String> {
    fn from(value: &str) -> Self {
        Self::Set(value.to_owned())
    }
}

/// `None` switches the setting off.
impl<T> From<Option<T>> for Patch<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }
}

impl<T: Field> Field for Patch<T> {
    fn read<'de, D: Deserializer<'de>>(input: D, source: Source<'_>) -> Result<Self, D::Error> {
        struct PatchVisitor<'f, T>(Source<'f>, PhantomData<T>);

        impl<'de, T: Field> Visitor<'de> for PatchVisitor<'_, T> {
            type Value = Patch<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or null")
            }

            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(Patch::Clear)
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Patch::Clear)
            }

            fn visit_some<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
                T::read(input, self.0).map(Patch::Set)
            }
        }

        input.deserialize_option(PatchVisitor(source, PhantomData))
    }

    fn read_member(members: &mut Members, source: Source<'_>) -> serde_json::Result<Self> {
        if members.take_null() {
            Ok(Self::Clear)
        } else {
            T::read_member(members, source).map(Self::Set)
        }
    }

    fn is_absent(&self) -> bool {
        matches!(self, Self::Keep)
    }

    fn visit_unread(&self, path: &FieldPath<'_>, visit: &mut Visit<'_>) {
        if let Some(value) = self.as_set() {
            value.visit_unread(path, visit);
        }
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.as_set().serialize(out)
    }
}

impl<'de, T: Field> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::read(input, Source::Serde)
    }
}
