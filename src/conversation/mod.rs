//! The conversation: responses, history, tools, turns, playback and usage, over a session.

mod history;
mod responses;
mod tools;

pub use history::{Change, EntryKind, EntryStatus, History, HistoryEntry, SeedPlace};
pub use responses::{
    Answer, CancelledBy, IncompleteReason, Outcome, RequestError, ResponseEnd, ResponseFailure,
    ResponseLimits, Responses, RetryAdvice, Ticket,
};
pub use tools::{
    Approval, Background, Json, ToolCall, ToolCallKind, ToolCalls, ToolOutput, ToolResult, Tools,
};
