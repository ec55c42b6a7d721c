//! Members of records that were not read into a field, and where in an event they stand.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::de::MapAccess;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Member of an event that was received and not read into a field.
///
/// Its value is kept in its record, and written again when the event is encoded.
///
/// ```
/// use openai_realtime_ws::ServerEvent;
/// use openai_realtime_ws::protocol::Events;
///
/// let event = ServerEvent::parse(
///     r#"{"type":"response.done","response":{"id":"resp_1","usage":"none","voice":"marin"}}"#,
/// )?;
/// let unread: Vec<_> = event.unread().into_iter().map(|u| (u.path, u.misfit)).collect();
/// assert_eq!(unread, [("response.usage".to_owned(), true), ("response.voice".to_owned(), false)]);
/// # Ok::<(), openai_realtime_ws::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unread {
    /// Path of the member in the event, such as `response.output[0].voice`.
    pub path: String,
    /// True if the field is known and the value does not fit it: the field is at its default. False
    /// if this version of the crate does not know the field.
    pub misfit: bool,
}

/// Members of a record that are in none of its fields: unknown ones, and values that do not fit.
#[derive(Clone, PartialEq, Default)]
#[expect(
    clippy::box_collection,
    reason = "most records have none: a pointer is a third of the size"
)]
pub(crate) struct Unknown(Option<Box<BTreeMap<String, Kept>>>);

/// Value of a member that is in no field.
#[derive(Clone)]
enum Kept {
    Value(Value),
    /// JSON that `Value` cannot hold: a number beyond a double's range, a lone surrogate, or more
    /// than 128 levels.
    Text(Box<RawValue>),
}

impl Unknown {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.0
            .as_ref()
            .is_some_and(|members| members.contains_key(key))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        match self.0.as_ref()?.get(key)? {
            Kept::Value(value) => Some(value),
            Kept::Text(_) => None,
        }
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .flat_map(|members| members.keys().map(String::as_str))
    }

    pub(crate) fn insert(&mut self, key: String, value: Value) {
        self.0
            .get_or_insert_default()
            .insert(key, Kept::Value(value));
    }

    /// Keeps a value of a text that is being read.
    #[cold]
    pub(crate) fn keep(&mut self, key: &str, value: &RawValue) {
        // A lone surrogate in it: kept as text, so that it can be written as it came.
        let kept = match serde_json::from_str(value.get()) {
            Ok(value) => Kept::Value(value),
            Err(_) => Kept::Text(value.to_owned()),
        };
        self.0.get_or_insert_default().insert(key.to_owned(), kept);
    }

    /// Appends `,"key":value` for every member but those that `is_written` names.
    #[cold]
    pub(crate) fn write(&self, out: &mut String, is_written: &dyn Fn(&str) -> bool) {
        for (key, kept) in self.members().filter(|(key, _)| !is_written(key)) {
            if let (Ok(key), Ok(kept)) = (serde_json::to_string(key), serde_json::to_string(kept)) {
                out.extend([",", &key, ":", &kept]);
            }
        }
    }

    /// Adds every member to a map that is being written, but those that `is_written` names.
    pub(crate) fn serialize_into<M: SerializeMap>(
        &self,
        map: &mut M,
        is_written: &dyn Fn(&str) -> bool,
    ) -> Result<(), M::Error> {
        self.members()
            .filter(|(key, _)| !is_written(key))
            .try_for_each(|(key, kept)| map.serialize_entry(key, kept))
    }

    fn members(&self) -> impl Iterator<Item = (&str, &Kept)> {
        let members = self.0.iter().flat_map(|members| members.iter());
        members.map(|(key, kept)| (key.as_str(), kept))
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.members().map(|(key, kept)| match kept {
            Kept::Value(value) => (key, value.to_string()),
            Kept::Text(text) => (key, text.get().to_owned()),
        });
        f.debug_map().entries(members).finish()
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(one), Self::Value(other)) => one == other,
            (Self::Text(one), Self::Text(other)) => one.get() == other.get(),
            _ => false,
        }
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(out),
            Self::Text(text) => text.serialize(out),
        }
    }
}

/// Path of a value in an event, as a list of steps from the value up to the event.
#[derive(Clone, Copy)]
pub struct FieldPath<'a>(Option<(&'a FieldPath<'a>, PathStep<'a>)>);

#[derive(Clone, Copy)]
enum PathStep<'a> {
    Member(&'a str),
    Index(usize),
}

impl FieldPath<'_> {
    /// The event itself.
    pub(crate) const ROOT: Self = Self(None);

    pub(crate) fn member<'b>(&'b self, key: &'b str) -> FieldPath<'b> {
        FieldPath(Some((self, PathStep::Member(key))))
    }

    pub(crate) fn index(&self, index: usize) -> FieldPath<'_> {
        FieldPath(Some((self, PathStep::Index(index))))
    }
}

impl fmt::Display for FieldPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((parent, step)) = self.0 else {
            return Ok(());
        };
        parent.fmt(f)?;
        match step {
            PathStep::Member(key) if parent.0.is_none() => f.write_str(key),
            PathStep::Member(key) => write!(f, ".{key}"),
            PathStep::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// Receives the members that were not read.
pub(crate) type Visit<'v> = dyn FnMut(Unread) + 'v;

/// Reports the members that a record keeps.
pub(crate) fn visit(unknown: &Unknown, keys: &[&str], path: &FieldPath<'_>, visit: &mut Visit<'_>) {
    for key in unknown.keys() {
        visit(Unread {
            path: path.member(key).to_string(),
            misfit: keys.contains(&key),
        });
    }
}

/// A value is kept as it was sent, whatever is read from: in a format other than JSON's text, as a
/// `Value`.
pub(crate) fn keep_next<'de, A: MapAccess<'de>>(
    unknown: &mut Unknown,
    key: &str,
    map: &mut A,
    is_text: bool,
) -> Result<(), A::Error> {
    if is_text {
        unknown.keep(key, map.next_value::<&RawValue>()?);
    } else {
        unknown.insert(key.to_owned(), map.next_value()?);
    }
    Ok(())
}
