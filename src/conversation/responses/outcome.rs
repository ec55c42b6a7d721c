//! Ends of responses, typed.

use std::time::Duration;

use super::ResponseTicket;
use crate::protocol::{
    ErrorDetails, ErrorKind, Response, ResponseStatus, StatusDetails, StatusReason,
};

/// End of a response, or of a request that no response answers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ResponseEnd {
    /// Request that it answers; `None` for a response that the server began on its own.
    pub ticket: Option<ResponseTicket>,
    /// Id of the response, if one began.
    pub response_id: Option<String>,
    /// The response, or the reason why there is none.
    pub result: Result<FinishedResponse, RequestError>,
}

/// A response that has ended, whether complete or not.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FinishedResponse {
    /// The response, without its audio.
    pub response: Response,
    /// Outcome.
    pub outcome: Outcome,
}

impl FinishedResponse {
    pub(super) fn new(response: Response) -> Self {
        Self {
            outcome: Outcome::of(&response),
            response,
        }
    }

    /// Returns what the model wrote or said.
    #[must_use]
    pub fn text(&self) -> String {
        self.response.text()
    }
}

/// Outcome of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The model finished.
    Completed,
    /// It was cut short.
    Cancelled(CancelledBy),
    /// The model had to stop.
    Incomplete(IncompleteReason),
    /// The service failed.
    Failed(ResponseFailure),
}

/// Cause of a cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelledBy {
    /// The user began to speak, and the server's turn detection interrupted the response.
    Speech,
    /// The client sent `response.cancel`.
    Client,
    /// Another reason, as the server named it; empty if it named none.
    Other(String),
}

/// Cause of an incomplete response.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum IncompleteReason {
    /// It reached the limit of output tokens.
    MaxOutputTokens,
    /// The provider's filter stopped it.
    ContentFilter,
    /// Another reason, as the server named it; empty if it named none.
    Other(String),
}

/// Failure of a response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ResponseFailure {
    /// Code of the failure, such as `server_error`; empty if the server named none.
    pub code: String,
    /// Description for a person, in the server's words.
    pub message: String,
    /// Advice for the next step.
    pub advice: RetryAdvice,
}

/// Advice after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RetryAdvice {
    /// Ask again.
    #[default]
    Retry,
    /// Ask again after a while: as long as the server says, if it says how long.
    Wait(Option<Duration>),
    /// Do not ask again: the account, the key or the request itself is at fault.
    GiveUp,
}

/// Reason why a request is not answered, or why the end of its response is not known.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The server refused the request.
    #[error("the server refused the request: {0}")]
    Refused(ErrorDetails),
    /// Other responses were under way each time that the request was sent.
    #[error("another response was under way at each of {attempts} attempts: ask again later")]
    #[non_exhaustive]
    Busy {
        /// Number of times that the request was sent.
        attempts: u32,
    },
    /// The server did not answer in time. A response did not begin, or a cancelled one did not end,
    /// within [`ResponseLimits`](super::ResponseLimits).
    #[error("the server did not answer in time: ask again, or allow more with `ResponseLimits`")]
    TimedOut,
    /// The request was cancelled before its response began.
    #[error("the request was cancelled before its response began")]
    Withdrawn,
    /// The connection broke before the server answered, or while the response was under way.
    #[error("the connection broke before the answer: ask again if it is still wanted")]
    ConnectionLost,
    /// Nobody has polled the conversation for 30 seconds. The request stands: it is sent once the
    /// conversation is polled, in another task or beside this future, for example with `join!`.
    #[error(
        "nobody polls the conversation: await its events meanwhile, in another task or by `join!`"
    )]
    NotPolled,
    /// The session is closed.
    #[error("the session is closed")]
    Closed,
}

impl Outcome {
    /// Returns how a response ended, as its status says.
    #[must_use]
    pub fn of(response: &Response) -> Self {
        let details = response.status_details.as_ref();
        let reason = details.and_then(|details| details.reason.as_ref());
        let named = || reason.map_or_else(String::new, |reason| reason.as_str().to_owned());
        match response.status {
            Some(ResponseStatus::Cancelled) => Self::Cancelled(match reason {
                Some(StatusReason::TurnDetected) => CancelledBy::Speech,
                Some(StatusReason::ClientCancelled) => CancelledBy::Client,
                _ => CancelledBy::Other(named()),
            }),
            Some(ResponseStatus::Incomplete) => Self::Incomplete(match reason {
                Some(StatusReason::MaxOutputTokens) => IncompleteReason::MaxOutputTokens,
                Some(StatusReason::ContentFilter) => IncompleteReason::ContentFilter,
                _ => IncompleteReason::Other(named()),
            }),
            Some(ResponseStatus::Failed) => Self::Failed(ResponseFailure::of(details)),
            _ => Self::Completed,
        }
    }

    /// Returns true if the model finished.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        matches!(self, Self::Completed)
    }
}

impl ResponseFailure {
    fn of(details: Option<&StatusDetails>) -> Self {
        let error = details.and_then(|details| details.error.clone());
        let error = error.unwrap_or_default();
        let is_fatal = error.kind() == ErrorKind::Fatal;
        let code = error.code.or(error.error_type).unwrap_or_default();
        let message = error.message.unwrap_or_default();
        Self {
            advice: if is_fatal {
                RetryAdvice::GiveUp
            } else {
                RetryAdvice::of(&code, &message)
            },
            code,
            message,
        }
    }
}

impl RetryAdvice {
    fn of(code: &str, message: &str) -> Self {
        match code {
            "rate_limit_exceeded" | "rate_limit_error" | "server_overloaded" => {
                Self::Wait(named_wait(message))
            }
            "model_not_found" | "invalid_request_error" => Self::GiveUp,
            _ => Self::Retry,
        }
    }
}

/// Returns the wait that the service's message names, as in "Please try again in 1.5s".
fn named_wait(message: &str) -> Option<Duration> {
    // The service names the time in its sentence only.
    let (_, wait) = message.split_once("try again in ")?;
    let digits = wait.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = wait.split_at_checked(digits)?;
    let number: f64 = number.parse().ok()?;
    let seconds = if unit.starts_with("ms") {
        number / 1000.0
    } else if unit.starts_with('s') {
        number
    } else {
        return None;
    };
    Duration::try_from_secs_f64(seconds).ok()
}
