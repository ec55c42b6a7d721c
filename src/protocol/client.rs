//! Events of the client: a row an event.

use super::table::events;
use super::{Audio, ContentPart, FunctionCallOutput, Item, Message, ResponseParams, SessionConfig};

events! {
    /// Event from the client.
    pub enum ClientEvent;
    reference "https://developers.openai.com/api/reference/resources/realtime/client-events";
    rows {
        /// Adds audio to the input buffer. The server does not answer.
        "input_audio_buffer.append" => InputAudioBufferAppend {
            /// Audio in the session's input format, at most 15 MiB per event.
            audio: Audio,
        }

        /// Makes a message of the user from the input buffer, and empties it. With turn detection,
        /// the server does this on its own.
        "input_audio_buffer.commit" => InputAudioBufferCommit {
        }

        /// Empties the input buffer.
        "input_audio_buffer.clear" => InputAudioBufferClear {
        }

        /// Adds an item to the conversation.
        "conversation.item.create" => ConversationItemCreate {
            /// ID of the item to insert it after: `root` for the front of the conversation. If
            /// absent, the end.
            previous_item_id?: String,
            /// Item.
            item: Item,
        }

        /// Asks for an item as the server has it. The server answers with
        /// `conversation.item.retrieved`.
        "conversation.item.retrieve" => ConversationItemRetrieve {
            /// ID of the item.
            item_id: String,
        }

        /// Cuts a spoken reply off where the user stopped listening, so that the model knows which
        /// part was heard.
        "conversation.item.truncate" => ConversationItemTruncate {
            /// ID of the model's message.
            item_id: String,
            /// Index of the content part in the item's content: 0.
            content_index: u32,
            /// Length of the audio that stays, in milliseconds: at most all of it.
            audio_end_ms: u64,
        }

        /// Removes an item from the conversation.
        "conversation.item.delete" => ConversationItemDelete {
            /// ID of the item.
            item_id: String,
        }

        /// Asks for a response. With turn detection, the server begins one on its own.
        "response.create" => ResponseCreate {
            /// Settings of the response, where they differ from the session's.
            response?: Box<ResponseParams>,
        }

        /// Ends a response early. The server answers with `response.done`.
        "response.cancel" => ResponseCancel {
            /// ID of the response. If absent, the conversation's response that is under way.
            response_id?: String,
        }

        /// Changes the session's configuration. Absent fields stay as they are.
        "session.update" => SessionUpdate {
            /// Changes of the configuration.
            session: Box<SessionConfig>,
        }

        /// Stops the playback of a reply over WebRTC or SIP. Send it after `response.cancel`.
        "output_audio_buffer.clear" => OutputAudioBufferClear {
        }
    }
}

impl InputAudioBufferAppend {
    /// Appends samples of PCM16 at the rate of the session's input format, 24,000 Hz by default.
    ///
    /// ```
    /// use openai_realtime_ws::protocol::InputAudioBufferAppend;
    ///
    /// let samples = [0, 1000, -1000];
    /// assert_eq!(InputAudioBufferAppend::pcm16(&samples).audio.to_pcm16()?, samples);
    /// # Ok::<(), openai_realtime_ws::protocol::AudioError>(())
    /// ```
    #[must_use]
    pub fn pcm16(samples: &[i16]) -> Self {
        Self::default().audio(Audio::from_pcm16(samples))
    }

    /// Appends bytes in the session's input format.
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::default().audio(Audio::from_bytes(bytes))
    }
}

impl ConversationItemCreate {
    /// Adds any item.
    #[must_use]
    pub fn new(item: impl Into<Item>) -> Self {
        Self::default().item(item)
    }

    /// Adds text of the user.
    ///
    /// ```
    /// use openai_realtime_ws::protocol::{ConversationItemCreate, Item, Role};
    ///
    /// let event = ConversationItemCreate::user_text("Hello!").previous_item_id("root");
    /// let Item::Message(message) = &event.item else { unreachable!() };
    /// assert_eq!((&message.role, message.text().as_str()), (&Role::User, "Hello!"));
    /// ```
    #[must_use]
    pub fn user_text(text: impl Into<String>) -> Self {
        Self::new(Message::user(ContentPart::input_text(text)))
    }

    /// Adds a whole utterance of the user, in the session's input format. Live speech goes through
    /// [`InputAudioBufferAppend`].
    #[must_use]
    pub fn user_audio(audio: Audio) -> Self {
        Self::new(Message::user(ContentPart::input_audio(audio)))
    }

    /// Adds an image of the user, PNG or JPEG, as a data URI.
    #[must_use]
    pub fn user_image(data_uri: impl Into<String>) -> Self {
        Self::new(Message::user(ContentPart::input_image(data_uri)))
    }

    /// Adds text of the system for the model.
    #[must_use]
    pub fn system_text(text: impl Into<String>) -> Self {
        Self::new(Message::system(ContentPart::input_text(text)))
    }

    /// Adds text of an earlier reply of the model.
    #[must_use]
    pub fn assistant_text(text: impl Into<String>) -> Self {
        Self::new(Message::assistant(ContentPart::output_text(text)))
    }

    /// Adds the output of a function call. A [`ResponseCreate`] then lets the model go on.
    ///
    /// ```
    /// use openai_realtime_ws::protocol::{
    ///     ConversationItemCreate, ResponseFunctionCallArgumentsDone,
    /// };
    ///
    /// # let call = ResponseFunctionCallArgumentsDone::default().call_id("call_1");
    /// let answer = ConversationItemCreate::function_output(call.call_id, r#"{"celsius":21}"#);
    /// # assert_eq!(answer.item.id(), None);
    /// ```
    #[must_use]
    pub fn function_output(call_id: impl Into<String>, output: impl Into<String>) -> Self {
        Self::new(
            FunctionCallOutput::default()
                .call_id(call_id)
                .output(output),
        )
    }
}

impl ConversationItemRetrieve {
    /// Asks for the item with this ID.
    #[must_use]
    pub fn new(item_id: impl Into<String>) -> Self {
        Self::default().item_id(item_id)
    }
}

impl ConversationItemTruncate {
    /// Keeps the first `audio_end_ms` milliseconds of this message's audio.
    #[must_use]
    pub fn new(item_id: impl Into<String>, audio_end_ms: u64) -> Self {
        Self::default().item_id(item_id).audio_end_ms(audio_end_ms)
    }
}

impl ConversationItemDelete {
    /// Removes the item with this ID.
    #[must_use]
    pub fn new(item_id: impl Into<String>) -> Self {
        Self::default().item_id(item_id)
    }
}

impl ResponseCreate {
    /// Asks for a response that differs from the session. `ResponseCreate::default()` asks for one
    /// that does not.
    ///
    /// ```
    /// use openai_realtime_ws::protocol::{
    ///     Modality, ResponseConversation, ResponseCreate, ResponseParams,
    /// };
    ///
    /// let aside = ResponseCreate::new(
    ///     ResponseParams::default()
    ///         .conversation(ResponseConversation::None)
    ///         .output_modalities([Modality::Text])
    ///         .instructions("Summarize the conversation in a sentence."),
    /// );
    /// # assert!(aside.response.is_some());
    /// ```
    #[must_use]
    pub fn new(params: ResponseParams) -> Self {
        Self::default().response(params)
    }
}

impl SessionUpdate {
    /// Changes a [`RealtimeSession`](super::RealtimeSession) or a
    /// [`TranscriptionSession`](super::TranscriptionSession).
    ///
    /// ```
    /// use openai_realtime_ws::protocol::{
    ///     AudioConfig, AudioInput, AudioOutput, RealtimeSession, SemanticVad, SessionUpdate, Tool,
    /// };
    /// use serde_json::json;
    ///
    /// let update = SessionUpdate::new(
    ///     RealtimeSession::new()
    ///         .instructions("Be brief.")
    ///         .audio(
    ///             AudioConfig::default()
    ///                 .input(AudioInput::default().turn_detection(SemanticVad::default()))
    ///                 .output(AudioOutput::default().voice("marin")),
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
    #[must_use]
    pub fn new(session: impl Into<SessionConfig>) -> Self {
        Self::default().session(session.into())
    }
}
