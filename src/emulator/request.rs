//! Strict reading of a client's events: mistakes that the service refuses are refused.

use std::collections::HashMap;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::protocol::field::Field;
use crate::protocol::unknown::FieldPath;
use crate::protocol::{
    ClientEvent, ErrorDetails, Events, ParseError, ParseErrorKind, RawEvent,
    TranslationClientEvent, Unread,
};

/// Returns the service's error for a client's mistake.
pub(super) fn refuse(code: &str, message: impl Into<String>) -> ErrorDetails {
    ErrorDetails::default()
        .error_type("invalid_request_error")
        .code(code)
        .message(message)
}

/// Returns the error for a frame that is not an event.
pub(super) fn refuse_frame(error: &ParseError) -> ErrorDetails {
    match error.kind() {
        ParseErrorKind::NotJson { .. } => refuse("invalid_json", "The frame is not valid JSON."),
        _ => refuse(
            "missing_required_parameter",
            "An event is an object with a `type`.",
        )
        .param("type"),
    }
}

/// Returns an error that names the event which caused it, whatever else is wrong with that.
pub(super) fn caused_by(raw: &RawEvent, error: ErrorDetails) -> ErrorDetails {
    // Read apart from the event, which may be the part that does not fit.
    let members = serde_json::from_str::<HashMap<String, Value>>(raw.text());
    let id = members
        .ok()
        .and_then(|mut members| members.remove("event_id"));
    ErrorDetails {
        event_id: id.and_then(|id| id.as_str().map(str::to_owned)),
        ..error
    }
}

/// Client events of one of the protocols.
pub(super) trait ClientEvents: Events {
    /// Returns the raw event, if its type is unknown.
    fn other(&self) -> Option<&RawEvent>;
}

impl ClientEvents for ClientEvent {
    fn other(&self) -> Option<&RawEvent> {
        match self {
            Self::Other(raw) => Some(raw),
            _ => None,
        }
    }
}

impl ClientEvents for TranslationClientEvent {
    fn other(&self) -> Option<&RawEvent> {
        match self {
            Self::Other(raw) => Some(raw),
            _ => None,
        }
    }
}

/// Reads a client's event.
///
/// # Errors
/// The service's error if a member is missing, unknown or of the wrong type.
pub(super) fn read<E: ClientEvents>(raw: &RawEvent) -> Result<E, ErrorDetails> {
    let event: E = raw.clone().decode_as();
    if event.other().is_some() {
        let types = E::TYPES.join("', '");
        let message = format!("The type is none of '{types}'.");
        return Err(refuse("invalid_value", message).param("type"));
    }
    // Null counts as missing here.
    let fields: HashMap<String, Option<IgnoredAny>> =
        serde_json::from_str(raw.text()).unwrap_or_default();
    for name in required(raw.event_type()) {
        if !matches!(fields.get(*name), Some(Some(_))) {
            return Err(missing(name));
        }
    }
    // The service names the first fault only.
    match event.unread().into_iter().next() {
        None => Ok(event),
        Some(member) => Err(refuse_member(member)),
    }
}

/// Reads a part of a request's body as strictly; `path` is its place in the body.
pub(super) fn read_value<T: DeserializeOwned + Field>(
    sent: &Value,
    path: &str,
) -> Result<T, ErrorDetails> {
    let value = T::deserialize(sent).map_err(|why| {
        refuse("invalid_type", format!("The value does not fit: {why}.")).param(path)
    })?;
    let mut unread = Vec::new();
    let root = FieldPath::ROOT;
    let at = if path.is_empty() {
        root
    } else {
        root.member(path)
    };
    value.visit_unread(&at, &mut |member| unread.push(member));
    match unread.into_iter().next() {
        None => Ok(value),
        Some(member) => Err(refuse_member(member)),
    }
}

/// Returns the error for a missing member.
pub(super) fn missing(param: &str) -> ErrorDetails {
    let message = format!("Missing required parameter: '{param}'.");
    refuse("missing_required_parameter", message).param(param)
}

/// Returns the error for a member that was not understood.
fn refuse_member(member: Unread) -> ErrorDetails {
    let path = member.path;
    let (code, message) = if member.misfit {
        ("invalid_type", format!("Invalid type for '{path}'."))
    } else {
        ("unknown_parameter", format!("Unknown parameter: '{path}'."))
    };
    refuse(code, message).param(path)
}

fn required(event_type: &str) -> &'static [&'static str] {
    match event_type {
        "input_audio_buffer.append" | "session.input_audio_buffer.append" => &["audio"],
        "conversation.item.create" => &["item"],
        "conversation.item.retrieve" | "conversation.item.delete" => &["item_id"],
        "conversation.item.truncate" => &["item_id", "content_index", "audio_end_ms"],
        "session.update" => &["session"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the error's code and field; empty if there is none.
    fn refused(text: &str) -> String {
        let error = match RawEvent::parse(text) {
            Ok(raw) => read::<ClientEvent>(&raw).err(),
            Err(error) => Some(refuse_frame(&error)),
        };
        let error = error.unwrap_or_default();
        let (code, param) = (
            error.code.unwrap_or_default(),
            error.param.unwrap_or_default(),
        );
        format!("{code} {param}").trim().to_owned()
    }

    #[test]
    fn what_the_service_takes_is_taken() {
        for text in [
            r#"{"type":"input_audio_buffer.append","audio":""}"#,
            r#"{"type":"conversation.item.truncate","item_id":"i","content_index":0,"audio_end_ms":0}"#,
            r#"{"type":"response.create"}"#,
            r#"{"type":"response.create","event_id":"e","response":{"metadata":{"a":"b"},"max_output_tokens":"inf",
                "input":[{"type":"item_reference","id":"i"}],"tools":[{"type":"function","name":"f",
                "parameters":{"type":"object","properties":{"x":{"type":"string"}}}}]}}"#,
            r#"{"type":"session.update","session":{"type":"realtime","tracing":null,"audio":{"input":{"turn_detection":null}}}}"#,
        ] {
            assert_eq!(refused(text), "", "{text}");
        }
    }

    #[test]
    fn what_the_service_refuses_is_refused() {
        for (text, error) in [
            ("{", "invalid_json"),
            ("[]", "missing_required_parameter type"),
            (r#"{"type":"dance"}"#, "invalid_value type"),
            (
                r#"{"type":"input_audio_buffer.append"}"#,
                "missing_required_parameter audio",
            ),
            (
                r#"{"type":"input_audio_buffer.append","audio":null}"#,
                "missing_required_parameter audio",
            ),
            (
                r#"{"type":"input_audio_buffer.append","audio":[1]}"#,
                "invalid_type audio",
            ),
            (
                r#"{"type":"session.update"}"#,
                "missing_required_parameter session",
            ),
            (
                r#"{"type":"conversation.item.truncate","item_id":"i","content_index":0}"#,
                "missing_required_parameter audio_end_ms",
            ),
            (
                r#"{"type":"session.update","session":{"type":"realtime","modalities":["text"]}}"#,
                "unknown_parameter session.modalities",
            ),
            (
                r#"{"type":"response.create","response":{"tools":[{"type":"function","name":"f","strictly":1}]}}"#,
                "unknown_parameter response.tools[0].strictly",
            ),
        ] {
            assert_eq!(refused(text), error, "{text}");
        }
    }
}
