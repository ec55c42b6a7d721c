//! Errors that the server reports, and what they mean for a session.

use std::fmt;

use super::record::record;
use super::response::StatusError;
use super::server::ErrorEvent;

/// Entry of OpenAI's reference that shows the types of this file.
macro_rules! reference {
    () => {
        "https://developers.openai.com/api/reference/resources/realtime/server-events#error"
    };
}

record! {
    /// Details of an `error` event.
    pub struct ErrorDetails {
        /// Class of the error, such as `invalid_request_error`.
        error_type as "type": String,
        /// Name of the error, such as `invalid_value`.
        code?: String,
        /// Description for a person.
        message: String,
        /// Path of the field at fault.
        param?: String,
        /// `event_id` of the client event that caused the error. Some errors name none although the
        /// event had one.
        event_id?: String,
    } or message
}

record! {
    /// Reason why speech could not be transcribed.
    pub struct TranscriptionError {
        /// Class of the error.
        error_type as "type"?: String,
        /// Name of the error.
        code?: String,
        /// Description for a person.
        message?: String,
        /// Path of the field at fault.
        param?: String,
    }
}

/// Meaning of an error for the session.
///
/// | kind | codes |
/// | --- | --- |
/// | `Harmless` | `response_cancel_not_active`, `input_audio_buffer_commit_empty`; a truncation after the end |
/// | `Deferred` | `conversation_already_has_active_response` |
/// | `Fatal` | `insufficient_quota`, `credit_balance_exhausted`, `billing_hard_limit_reached` |
/// | | `billing_not_active`, `invalid_api_key`, `account_deactivated` |
/// | | `organization_deactivated`, `beta_api_shape_disabled` |
/// | `Request` | all others |
///
/// ```
/// use openai_realtime_ws::protocol::{ErrorDetails, ErrorKind};
///
/// let details = ErrorDetails::default().code("response_cancel_not_active");
/// assert_eq!(details.kind(), ErrorKind::Harmless);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client asked for what had happened already, or for nothing. Nothing is lost, and nobody
    /// need be told.
    Harmless,
    /// The request came while a response was under way. It succeeds once that response has ended.
    Deferred,
    /// The request is at fault, or the service failed to carry it out. The session goes on.
    Request,
    /// The account, its quota or its key is at fault. Every further attempt fails until a person
    /// mends that.
    Fatal,
}

impl ErrorKind {
    fn of(error_type: &str, code: &str, message: &str) -> Self {
        match code {
            "response_cancel_not_active" | "input_audio_buffer_commit_empty" => Self::Harmless,
            "conversation_already_has_active_response" => Self::Deferred,
            "account_deactivated"
            | "beta_api_shape_disabled"
            | "billing_hard_limit_reached"
            | "billing_not_active"
            | "credit_balance_exhausted"
            | "insufficient_quota"
            | "invalid_api_key"
            | "organization_deactivated" => Self::Fatal,
            // Such a truncation is carried out up to the end, and its error has a general code.
            _ if message.contains("is already shorter than") => Self::Harmless,
            // Older servers report these without a code.
            _ if message.starts_with("Cancellation failed") => Self::Harmless,
            _ if error_type == "insufficient_quota" => Self::Fatal,
            _ => Self::Request,
        }
    }
}

impl ErrorDetails {
    /// Returns the meaning of the error for the session.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        let code = self.code.as_deref().unwrap_or_default();
        ErrorKind::of(&self.error_type, code, &self.message)
    }
}

impl StatusError {
    /// Returns the meaning of the failure for the session.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        let [error_type, code, message] = [&self.error_type, &self.code, &self.message]
            .map(|text| text.as_deref().unwrap_or_default());
        ErrorKind::of(error_type, code, message)
    }
}

/// Prints the message, then the details that are known.
impl fmt::Display for ErrorDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.message.is_empty() {
            "unknown error"
        } else {
            &self.message
        })?;
        let error_type = Some(self.error_type.as_str()).filter(|name| !name.is_empty());
        let details = [
            ("code", self.code.as_deref()),
            ("param", self.param.as_deref()),
            ("type", error_type),
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
