//! The conversation: responses, history, tools, turns, playback and usage, over a session.

mod driver;
mod event;
mod handle;
mod history;
mod playback;
mod requests;
mod responses;
mod tools;
mod transcription;
mod transcripts;
mod turns;
mod usage;

pub use driver::Conversation;
pub use event::ConversationEvent;
pub use handle::{ConversationHandle, PendingResponse};
pub use history::{Change, EntryKind, EntryStatus, History, HistoryEntry, SeedPlace};
pub use playback::{Heard, Interruption, Playback};
#[cfg(feature = "audio")]
pub use playback::{Speaker, SpeakerMonitor};
pub use requests::{Acknowledged, PendingRequest};
pub use responses::{
    CancelledBy, FinishedResponse, FollowUp, IncompleteReason, Outcome, RequestError, ResponseEnd,
    ResponseFailure, ResponseLimits, ResponseTicket, Responses, RetryAdvice,
};
pub use tools::{
    Approval, Background, Json, ToolCall, ToolCallKind, ToolCalls, ToolOutput, ToolResult, Tools,
};
pub use transcription::{Transcription, TranscriptionHandle};
pub use transcripts::{Transcript, TranscriptError, Transcripts};
pub use turns::{ModelTurn, TurnEvent, Turns};
pub use usage::{InputTokens, OutputTokens, Tokens, TranscriptionTokens, Usage};
