//! What the client sends: a row an event.

use super::table::events;
use super::{Audio, ContentPart, FunctionCallOutput, Item, Message, ResponseParams, SessionConfig};

events! {
    /// An event from the client.
    pub enum ClientEvent;
    reference "https://developers.openai.com/api/reference/resources/realtime/client-events";
    rows {
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

impl InputAudioBufferAppend {
    /// Samples of PCM16, in the rate of the session's input format (24,000 Hz).
    ///
    /// ```
    /// use openai_realtime_ws::protocol::InputAudioBufferAppend;
    ///
    /// let samples = [0, 1000, -1000];
    /// assert_eq!(InputAudioBufferAppend::pcm16(&samples).audio.to_pcm16()?, samples);
    /// # Ok::<(), openai_realtime_ws::protocol::AudioError>(())
    /// ```
    pub fn pcm16(samples: &[i16]) -> Self {
        Self::default().audio(Audio::from_pcm16(samples))
    }

    /// Bytes in the session's input format.
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::default().audio(Audio::from_bytes(bytes))
    }
}

impl ConversationItemCreate {
    /// Adds any item.
    pub fn new(item: impl Into<Item>) -> Self {
        Self::default().item(item)
    }

    /// Adds what the user writes.
    ///
    /// ```
    /// use openai_realtime_ws::protocol::{ConversationItemCreate, Item, Role};
    ///
    /// let event = ConversationItemCreate::user_text("Hello!").previous_item_id("root");
    /// let Item::Message(message) = &event.item else { unreachable!() };
    /// assert_eq!((&message.role, message.text().as_str()), (&Role::User, "Hello!"));
    /// ```
    pub fn user_text(text: impl Into<String>) -> Self {
        Self::new(Message::user(ContentPart::input_text(text)))
    }

    /// Adds what the user says, whole, in the session's input format. Live speech goes through
    /// [`InputAudioBufferAppend`].
    pub fn user_audio(audio: Audio) -> Self {
        Self::new(Message::user(ContentPart::input_audio(audio)))
    }

    /// Adds a picture of the user's, PNG or JPEG, as a data URI.
    pub fn user_image(data_uri: impl Into<String>) -> Self {
        Self::new(Message::user(ContentPart::input_image(data_uri)))
    }

    /// Adds what the system says to the model.
    pub fn system_text(text: impl Into<String>) -> Self {
        Self::new(Message::system(ContentPart::input_text(text)))
    }

    /// Adds an earlier reply of the model.
    pub fn assistant_text(text: impl Into<String>) -> Self {
        Self::new(Message::assistant(ContentPart::output_text(text)))
    }

    /// Answers a function call. A [`ResponseCreate`] then lets the model go on.
    ///
    /// ```
    /// use openai_realtime_ws::protocol::{ConversationItemCreate, ResponseFunctionCallArgumentsDone};
    ///
    /// # let call = ResponseFunctionCallArgumentsDone::default().call_id("call_1");
    /// let answer = ConversationItemCreate::function_output(call.call_id, r#"{"celsius":21}"#);
    /// # assert_eq!(answer.item.id(), None);
    /// ```
    pub fn function_output(call_id: impl Into<String>, output: impl Into<String>) -> Self {
        Self::new(
            FunctionCallOutput::default()
                .call_id(call_id)
                .output(output),
        )
    }
}

impl ConversationItemRetrieve {
    /// Asks for this item.
    pub fn new(item_id: impl Into<String>) -> Self {
        Self::default().item_id(item_id)
    }
}

impl ConversationItemTruncate {
    /// Leaves so many milliseconds of this message's audio.
    pub fn new(item_id: impl Into<String>, audio_end_ms: u64) -> Self {
        Self::default().item_id(item_id).audio_end_ms(audio_end_ms)
    }
}

impl ConversationItemDelete {
    /// Removes this item.
    pub fn new(item_id: impl Into<String>) -> Self {
        Self::default().item_id(item_id)
    }
}

impl ResponseCreate {
    /// Asks for a response that differs from the session. One that does not is `ResponseCreate::default()`.
    ///
    /// ```
    /// use openai_realtime_ws::protocol::{Modality, ResponseConversation, ResponseCreate, ResponseParams};
    ///
    /// let aside = ResponseCreate::new(
    ///     ResponseParams::default()
    ///         .conversation(ResponseConversation::None)
    ///         .output_modalities([Modality::Text])
    ///         .instructions("Summarize the conversation in a sentence."),
    /// );
    /// # assert!(aside.response.is_some());
    /// ```
    pub fn new(params: ResponseParams) -> Self {
        Self::default().response(params)
    }
}

impl SessionUpdate {
    /// Changes to a [`RealtimeSession`](super::RealtimeSession) or a
    /// [`TranscriptionSession`](super::TranscriptionSession).
    ///
    /// ```
    /// use openai_realtime_ws::protocol::{
    ///     AudioConfig, AudioFormat, AudioInput, AudioOutput, RealtimeSession, SemanticVad, SessionUpdate, Tool,
    /// };
    /// use serde_json::json;
    ///
    /// let update = SessionUpdate::new(
    ///     RealtimeSession::new()
    ///         .instructions("Be brief.")
    ///         .audio(
    ///             AudioConfig::default()
    ///                 .input(AudioInput::default().turn_detection(SemanticVad::default()))
    ///                 .output(AudioOutput::default().format(AudioFormat::pcm(24_000)).voice("marin")),
    ///         )
    ///         .tools([Tool::function(
    ///             "weather",
    ///             "The weather at a place.",
    ///             json!({"type": "object", "properties": {"place": {"type": "string"}}}),
    ///         )]),
    /// );
    /// # assert!(serde_json::to_string(&update)?.contains(r#""voice":"marin""#));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn new(session: impl Into<SessionConfig>) -> Self {
        Self::default().session(session.into())
    }
}
