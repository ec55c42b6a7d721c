use std::fmt;

/// Part of a conversation that was not restored after a reconnect.
///
/// Its `Display` is a sentence with ids and sizes, and nothing of what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost {
    /// An item of the conversation was not restored.
    #[non_exhaustive]
    Item {
        /// Id of the item; `None` for an item that the client sent without one and that the server
        /// had not answered.
        item_id: Option<String>,
        /// Reason why it was not restored.
        why: WhyLost,
    },
    /// Further items, the oldest of the conversation, did not fit the bound, and their ids were
    /// dropped as well.
    #[non_exhaustive]
    OldItems {
        /// Number of items.
        items: u64,
    },
    /// A response was under way or asked for. Ask for another with `response.create`, if it is
    /// still wanted.
    #[non_exhaustive]
    Response {
        /// Id of the response; `None` if the server had not begun it.
        response_id: Option<String>,
    },
    /// Input audio was sent, and the server had not made a message of it.
    #[non_exhaustive]
    InputAudio {
        /// Size of the audio, in bytes of the session's input format.
        bytes: usize,
    },
}

/// Reason why an item was not restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyLost {
    /// Its response was under way, or left it incomplete.
    HalfResponse,
    /// It has audio without a transcript. Audio itself is not recorded: switch the session's
    /// transcription on. The other parts of the item were restored.
    NoText,
    /// It was truncated where the user stopped listening, and the length of its audio is unknown,
    /// so that nothing says which of its words were heard.
    Truncated,
    /// It did not fit the bound: the oldest items are dropped first.
    OverBound,
    /// It answers a call or a request that was not restored.
    NothingToAnswer,
    /// Only the server makes items of its kind.
    ServerOnly,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item {
                item_id: Some(id),
                why,
            } => write!(f, "item {id}: {why}"),
            Self::Item { item_id: None, why } => write!(f, "an item without an id: {why}"),
            Self::OldItems { items } => {
                write!(f, "the oldest {items} items: {}", WhyLost::OverBound)
            }
            Self::Response {
                response_id: Some(id),
            } => write!(f, "response {id} was under way"),
            Self::Response { response_id: None } => {
                f.write_str("a response was asked for and had not begun")
            }
            Self::InputAudio { bytes } => {
                write!(f, "{bytes} bytes of input audio were not committed")
            }
        }
    }
}

impl fmt::Display for WhyLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HalfResponse => "its response was not complete",
            Self::NoText => "there is no text of its audio",
            Self::Truncated => "it was truncated, and which words were heard is unknown",
            Self::OverBound => "it did not fit the bound",
            Self::NothingToAnswer => "what it answers was not restored",
            Self::ServerOnly => "only the server makes items of its kind",
        })
    }
}
