//! Outputs of tools.

use std::fmt::Display;

use serde::Serialize;
use serde_json::{Value, json};

/// Result of a call, as the model is told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolResult {
    /// Output for the model.
    pub output: String,
    /// Set if the call failed.
    pub failed: bool,
    /// Set if no reply shall follow the output.
    pub background: bool,
    /// Set if the call was not approved.
    pub denied: bool,
}

impl ToolResult {
    /// Returns the result of a call that succeeded.
    pub fn new(output: impl Into<String>) -> Self {
        Self {
            output: output.into(),
            failed: false,
            background: false,
            denied: false,
        }
    }

    /// Returns the result of a call that failed: the model gets `{"error":"…"}`.
    pub fn error(message: impl Display) -> Self {
        Self {
            failed: true,
            ..Self::new(json!({"error": message.to_string()}).to_string())
        }
    }

    pub(super) fn denied(reason: &str) -> Self {
        let reason = if reason.is_empty() {
            "the call was not approved"
        } else {
            reason
        };
        Self {
            denied: true,
            ..Self::error(reason)
        }
    }
}

/// Value that a tool's function may return.
pub trait ToolOutput {
    /// Returns the output for the model.
    fn into_result(self) -> ToolResult;
}

impl ToolOutput for ToolResult {
    fn into_result(self) -> ToolResult {
        self
    }
}

impl ToolOutput for String {
    fn into_result(self) -> ToolResult {
        ToolResult::new(self)
    }
}

impl ToolOutput for &str {
    fn into_result(self) -> ToolResult {
        ToolResult::new(self)
    }
}

/// The model is told that the call is done.
impl ToolOutput for () {
    fn into_result(self) -> ToolResult {
        ToolResult::new("done")
    }
}

impl ToolOutput for Value {
    fn into_result(self) -> ToolResult {
        ToolResult::new(self.to_string())
    }
}

/// The error's message is told to the model.
impl<T: ToolOutput, E: Display> ToolOutput for Result<T, E> {
    fn into_result(self) -> ToolResult {
        match self {
            Ok(output) => output.into_result(),
            Err(error) => ToolResult::error(error),
        }
    }
}

/// Output that is a value, written as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize> ToolOutput for Json<T> {
    fn into_result(self) -> ToolResult {
        serde_json::to_string(&self.0).map_or_else(ToolResult::error, ToolResult::new)
    }
}

/// Output that goes into the conversation without a reply: for what the model shall know, and need
/// not speak about. A reply follows if another call of the same response wants one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Background<T>(pub T);

impl<T: ToolOutput> ToolOutput for Background<T> {
    fn into_result(self) -> ToolResult {
        ToolResult {
            background: true,
            ..self.0.into_result()
        }
    }
}
