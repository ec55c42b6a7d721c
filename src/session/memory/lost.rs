use std::fmt;

/// Something that was not put back after a reconnect.
///
/// Printed, it is a sentence with ids and sizes, and nothing of what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost {
    /// An item of the conversation.
    Item {
        /// Its id; `None` for an item that the client made without one, and that the server had not
        /// answered.
        item_id: Option<String>,
        /// Reason why it was not restored.
        why: WhyLost,
    },
    /// Further items, the oldest of the conversation: so many did not fit the bound that their ids
    /// are gone as well.
    OldItems {
        /// Number of items.
        items: u64,
    },
    /// A response that was under way. Ask for another with `response.create`, if it is still
    /// wanted.
    Response {
        /// Its id; `None` for one that the client asked for, and that the server had not begun.
        response_id: Option<String>,
    },
    /// Input audio that was sent, and of which the server had not made a message.
    InputAudio {
        /// Length, in bytes of the session's input format.
        bytes: usize,
    },
}

/// Reason why an item was not restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyLost {
    /// Its response was under way, or it was left half-finished by one.
    HalfResponse,
    /// It is audio, or a part of it is, and nobody wrote down what is said. Audio itself is not
    /// remembered: switch the session's transcription on. What else the item says was put back.
    NoText,
    /// It was cut off where the user stopped listening. The service keeps no text of such a
    /// message, as nobody knows which words were heard, and neither does this.
    Truncated,
    /// It did not fit the bound: the oldest go first.
    OverBound,
    /// It answers a call, or a request, that was not put back.
    NothingToAnswer,
    /// It is of a kind that only the server makes.
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
                f.write_str("a response was asked for, and had not begun")
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
            Self::NothingToAnswer => "what it answers was not put back",
            Self::ServerOnly => "only the server makes items of its kind",
        })
    }
}
