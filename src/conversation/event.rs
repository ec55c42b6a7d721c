//! Events of a conversation, from all of its pieces.

use super::{Change, Interruption, ResponseEnd, ToolCall, ToolResult, TurnEvent};
use crate::connection::{Expiring, Reconnecting};
use crate::protocol::{
    ConversationItemInputAudioTranscriptionCompleted, ErrorEvent, ResponseOutputAudioDelta,
    ResponseOutputAudioTranscriptDelta, ResponseOutputTextDelta, ServerEvent,
};
use crate::session::Reconnected;

/// Event of a [`Conversation`](super::Conversation).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
// The frequent ones are not boxed.
#[allow(clippy::large_enum_variant)]
pub enum ConversationEvent {
    /// Piece of a reply's text.
    Text(ResponseOutputTextDelta),
    /// Piece of a reply's transcript: what its audio says.
    Transcript(ResponseOutputAudioTranscriptDelta),
    /// Piece of a reply's audio, to be played. Audio of an interrupted response is left out.
    Audio(ResponseOutputAudioDelta),
    /// Transcript of something that the user said.
    UserTranscript(ConversationItemInputAudioTranscriptionCompleted),
    /// The model was interrupted: players must fall silent at once. The server has been told how
    /// much was heard.
    Interrupted(Interruption),
    /// Beginning or end of a turn.
    Turn(TurnEvent),
    /// A response, or a request for one, has ended.
    Response(ResponseEnd),
    /// A call of a tool has begun.
    ToolStarted(ToolCall),
    /// A call of a tool was answered.
    #[non_exhaustive]
    ToolDone {
        /// The call.
        call: ToolCall,
        /// Result that the model was told.
        result: ToolResult,
    },
    /// A call of a tool cannot be answered, as the connection broke and the new session does not
    /// know it.
    ToolLost(ToolCall),
    /// The history has changed.
    History(Change),
    /// The connection broke, and an attempt to reconnect follows.
    Reconnecting(Reconnecting),
    /// The connection is open again.
    Reconnected(Reconnected),
    /// The session ends soon.
    Expiring(Expiring),
    /// The server reported an error. Harmless errors and collisions, which the conversation deals
    /// with, are left out.
    ServerError(ErrorEvent),
    /// Any other event of the server.
    Other(Box<ServerEvent>),
}
