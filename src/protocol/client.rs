//! What the client sends: a row an event.

use super::table::events;
use super::{Audio, Item, ResponseParams, SessionConfig};

events! {
    /// An event from the client.
    pub enum ClientEvent {
        /// Adds audio to the input buffer. The server does not answer.
        "input_audio_buffer.append" => InputAudioBufferAppend {
            /// The audio, in the session's input format; at most 15 MiB an event.
            audio: Audio,
        }

        /// Makes a user message of the input buffer and empties it. With turn detection the server does this by itself.
        "input_audio_buffer.commit" => InputAudioBufferCommit {
        }

        /// Empties the input buffer.
        "input_audio_buffer.clear" => InputAudioBufferClear {
        }

        /// Adds an item to the conversation.
        "conversation.item.create" => ConversationItemCreate {
            /// The item that it goes behind: `root` for the beginning; the end if absent.
            previous_item_id?: String,
            /// The item.
            item: Item,
        }

        /// Asks for an item as the server has it; `conversation.item.retrieved` is the answer.
        "conversation.item.retrieve" => ConversationItemRetrieve {
            /// The item's id.
            item_id: String,
        }

        /// Cuts a spoken reply off where the user stopped listening, so that the model knows what was heard.
        "conversation.item.truncate" => ConversationItemTruncate {
            /// The id of the model's message.
            item_id: String,
            /// The content part's place in the item, which is 0.
            content_index: u32,
            /// How much of the audio stays, in milliseconds; not more than there is.
            audio_end_ms: u64,
        }

        /// Removes an item from the conversation.
        "conversation.item.delete" => ConversationItemDelete {
            /// The item's id.
            item_id: String,
        }

        /// Asks for a response. With turn detection the server begins one by itself.
        "response.create" => ResponseCreate {
            /// What it is to be like, where it differs from the session.
            response?: Box<ResponseParams>,
        }

        /// Ends a response early; `response.done` is the answer.
        "response.cancel" => ResponseCancel {
            /// The response's id; the one under way in the conversation if absent.
            response_id?: String,
        }

        /// Changes the session's configuration: what is absent stays as it is.
        "session.update" => SessionUpdate {
            /// The changes.
            session: Box<SessionConfig>,
        }

        /// Stops the playing of a reply over WebRTC or SIP; after `response.cancel`.
        "output_audio_buffer.clear" => OutputAudioBufferClear {
        }
    }
}

impl SessionUpdate {
    /// Changes to a [`RealtimeSession`](super::RealtimeSession) or a
    /// [`TranscriptionSession`](super::TranscriptionSession).
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
