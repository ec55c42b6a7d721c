use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::field::{Field, Frame};

/// A setting that can be left as it is, cleared, or set.
///
/// `session.update` tells the three apart: a key that is absent changes nothing, `null` switches the setting off, a
/// value replaces it. In what the server sends, [`Keep`](Self::Keep) is an absent key and [`Clear`](Self::Clear) a null.
///
/// ```
/// use openai_realtime_ws::protocol::{AudioInput, Patch, ServerVad};
///
/// let manual = AudioInput::default().turn_detection(Patch::Clear);
/// assert_eq!(serde_json::to_string(&manual)?, r#"{"turn_detection":null}"#);
///
/// let automatic = AudioInput::default().turn_detection(ServerVad::default());
/// assert!(automatic.turn_detection.is_set());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Leave it as it is: the key is not sent.
    #[default]
    Keep,
    /// Switch it off: `null` is sent.
    Clear,
    /// Replace it.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether there is a value.
    pub fn is_set(&self) -> bool {
        matches!(self, Self::Set(_))
    }

    /// The value, if there is one.
    pub fn as_set(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    /// Carries the change out on `target`.
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

impl<T: Field> Field for Patch<T> {
    fn read<'de, D: Deserializer<'de>>(input: D, frame: Frame<'_>) -> Result<Self, D::Error> {
        struct PatchVisitor<'f, T>(Frame<'f>, PhantomData<T>);

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

        input.deserialize_option(PatchVisitor(frame, PhantomData))
    }

    fn is_absent(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.as_set().serialize(out)
    }
}

impl<'de, T: Field> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::read(input, None)
    }
}
