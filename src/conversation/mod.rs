//! The conversation: responses, history, tools, turns, playback and usage, over a session.

mod history;
mod playback;
mod responses;
mod tools;
mod usage;

pub use history::{Change, EntryKind, EntryStatus, History, HistoryEntry, SeedPlace};
pub use playback::{Heard, Interruption, Playback};
#[cfg(feature = "audio")]
pub use playback::{Speaker, SpeakerMonitor};
pub use responses::{
    Answer, CancelledBy, IncompleteReason, Outcome, RequestError, ResponseEnd, ResponseFailure,
    ResponseLimits, Responses, RetryAdvice, Ticket,
};
pub use tools::{
    Approval, Background, Json, ToolCall, ToolCallKind, ToolCalls, ToolOutput, ToolResult, Tools,
};
pub use usage::{InputTokens, OutputTokens, Tokens, TranscriptionTokens, Usage};
