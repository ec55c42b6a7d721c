//! What the client sends: a row an event.

use super::table::events;
use super::{Audio, Item, SessionConfig};

events! {
    /// An event from the client.
    pub enum ClientEvent {
        /// Changes the session's configuration: what is absent stays as it is.
        "session.update" => SessionUpdate {
            /// The changes.
            session: Box<SessionConfig>,
        }

        /// Adds an item to the conversation.
        "conversation.item.create" => ConversationItemCreate {
            /// The item that it goes behind: `root` for the beginning; the end if absent.
            previous_item_id?: String,
            /// The item.
            item: Item,
        }

        /// Adds audio to the input buffer.
        "input_audio_buffer.append" => InputAudioBufferAppend {
            /// The audio, in the session's input format; at most 15 MiB an event.
            audio: Audio,
        }

        /// Asks for a response.
        "response.create" => ResponseCreate {
        }
    }
}

impl SessionUpdate {
    /// Changes to a [`RealtimeSession`](super::RealtimeSession) or a transcription session.
    pub fn new(session: impl Into<SessionConfig>) -> Self {
        Self::default().session(Box::new(session.into()))
    }
}

impl InputAudioBufferAppend {
    /// Samples of PCM16, in the rate of the session's input format (24,000 Hz).
    pub fn pcm16(samples: &[i16]) -> Self {
        Self::default().audio(Audio::from_pcm16(samples))
    }

    /// Bytes in the session's input format.
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::default().audio(Audio::from_bytes(bytes))
    }
}
