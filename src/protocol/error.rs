use std::fmt;

use super::record::record;
use super::server::ErrorEvent;

record! {
    /// What the server says went wrong.
    pub struct ErrorDetails {
        /// The class of the failure, such as `invalid_request_error`.
        kind as "type": String,
        /// The failure's name, such as `invalid_value`.
        code?: String,
        /// What happened, for a person.
        message: String,
        /// The field at fault, as a path.
        param?: String,
        /// The `event_id` of the client event that caused it.
        event_id?: String,
    } or message
}

record! {
    /// Why speech could not be transcribed.
    pub struct TranscriptionError {
        /// The class of the failure.
        kind as "type"?: String,
        /// The failure's name.
        code?: String,
        /// What happened, for a person.
        message?: String,
        /// The field at fault, as a path.
        param?: String,
    }
}

/// The message, then what else is known.
impl fmt::Display for ErrorDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.message.is_empty() {
            "unknown error"
        } else {
            &self.message
        })?;
        let details = [
            ("code", self.code.as_deref()),
            ("param", self.param.as_deref()),
            (
                "type",
                Some(self.kind.as_str()).filter(|kind| !kind.is_empty()),
            ),
            ("event_id", self.event_id.as_deref()),
        ];
        for (name, value) in details {
            if let Some(value) = value {
                write!(f, " {name}={value}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for ErrorEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for ErrorEvent {}
