//! The conversation: responses, history, tools, turns, playback and usage, over a session.

mod responses;

pub use responses::{
    Answer, CancelledBy, IncompleteReason, Outcome, RequestError, ResponseEnd, ResponseFailure,
    ResponseLimits, Responses, RetryAdvice, Ticket,
};
