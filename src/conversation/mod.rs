//! The conversation: responses, history, tools, turns, playback and usage, over a session.

mod history;
mod responses;

pub use history::{Change, EntryKind, EntryStatus, History, HistoryEntry, SeedPlace};
pub use responses::{
    Answer, CancelledBy, IncompleteReason, Outcome, RequestError, ResponseEnd, ResponseFailure,
    ResponseLimits, Responses, RetryAdvice, Ticket,
};
