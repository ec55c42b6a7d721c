//! Live translation: a protocol of its own, at an address of its own. Speech goes in, and speech in
//! another language comes out all the time; there are no turns.

use super::record::record;
use super::table::events;
use super::union::union;
use super::words::open_enum;
use super::{Audio, ErrorDetails, ErrorEvent, NoiseReduction, Protocol, Targets, expiry_of};

/// Protocol of live translation: 7 server events, 3 client events.
#[derive(Debug, Clone, Copy)]
pub enum Translation {}

impl Protocol for Translation {
    type Server = TranslationServerEvent;
    type Client = TranslationClientEvent;

    const PATH: &'static str = "/realtime/translations";
    const TARGETS: Targets = Targets::Model;

    fn append(audio: Audio) -> TranslationClientEvent {
        SessionInputAudioBufferAppend::default().audio(audio).into()
    }

    fn error(event: &TranslationServerEvent) -> Option<ErrorEvent> {
        match event {
            TranslationServerEvent::Error(event) => Some(ErrorEvent {
                event_id: event.event_id.clone(),
                error: event.error.clone(),
                unknown: event.unknown.clone(),
            }),
            _ => None,
        }
    }

    #[inline]
    fn expires_at(event: &TranslationServerEvent) -> Option<u64> {
        let session = match event {
            TranslationServerEvent::SessionCreated(event) => &event.session,
            TranslationServerEvent::SessionUpdated(event) => &event.session,
            _ => return None,
        };
        match &**session {
            TranslationSession::Translation(session) => Some(session.expires_at),
            TranslationSession::Other(session) => expiry_of(session),
        }
    }
}

events! {
    /// Event from the server in a translation session.
    pub enum TranslationServerEvent;
    reference "https://developers.openai.com/api/reference/resources/realtime/translation-server-events";
    rows {
        /// Piece of the translation's audio.
        "session.output_audio.delta" => SessionOutputAudioDelta {
            /// Next piece of the audio, of any length.
            delta: Audio,
            /// Format.
            format?: TranslationAudioFormat,
            /// Sample rate in Hz.
            sample_rate?: u32,
            /// Number of channels.
            channels?: u32,
            /// Position in the stream, in milliseconds. Several events may have the same one.
            elapsed_ms?: u64,
        }

        /// Piece of the translation's text.
        "session.output_transcript.delta" => SessionOutputTranscriptDelta {
            /// Next piece of the text, with its own spaces.
            delta: String,
            /// Position in the stream, in milliseconds. Several events may have the same one.
            elapsed_ms?: u64,
        }

        /// Piece of the original's transcript, if the session transcribes it.
        "session.input_transcript.delta" => SessionInputTranscriptDelta {
            /// Next piece of the text, with its own spaces.
            delta: String,
            /// Position in the stream, in milliseconds. Several events may have the same one.
            elapsed_ms?: u64,
        }

        /// Error: a request could not be carried out, or the server failed. The session goes on.
        "error" => Error(TranslationErrorEvent) {
            /// Details of the error.
            error: ErrorDetails,
        }

        /// First event of a session: it is open.
        "session.created" => SessionCreated(TranslationSessionCreated) {
            /// Configuration of the session.
            session: Box<TranslationSession>,
        }

        /// Confirmation of `session.update`: the session's configuration has changed.
        "session.updated" => SessionUpdated(TranslationSessionUpdated) {
            /// Whole configuration of the session.
            session: Box<TranslationSession>,
        }

        /// End of the session, as `session.close` asked.
        "session.closed" => SessionClosed {
        }
    }
}

events! {
    /// Event from the client in a translation session.
    pub enum TranslationClientEvent;
    reference "https://developers.openai.com/api/reference/resources/realtime/translation-client-events";
    rows {
        /// Adds audio to the input.
        "session.input_audio_buffer.append" => SessionInputAudioBufferAppend {
            /// PCM16, little-endian, one channel, 24,000 Hz.
            audio: Audio,
        }

        /// Changes the session's configuration. Absent fields stay as they are.
        "session.update" => SessionUpdate(TranslationSessionUpdate) {
            /// Changes of the configuration.
            session: TranslationSessionConfig,
        }

        /// Ends the session once all audio so far is translated.
        "session.close" => SessionClose {
        }
    }
}

/// Entry of OpenAI's reference that shows the types of this file.
macro_rules! reference {
    () => {
        "https://developers.openai.com/api/reference/resources/realtime/translation-client-events#session.update"
    };
}

union! {
    /// Translation session as the server reports it.
    pub enum TranslationSession {
        /// Translation session.
        "translation" => Translation(TranslationSessionInfo) {
            /// ID.
            id: String,
            /// Name of the model.
            model: String,
            /// End of the session, in seconds of Unix time.
            expires_at: u64,
            /// Input and output audio.
            audio: TranslationAudio,
        }
    }
}

record! {
    /// Configuration of a translation session that a client can change.
    pub struct TranslationSessionConfig {
        /// Input and output audio.
        audio?: TranslationAudio,
    }
}

record! {
    /// Input and output audio of a translation session.
    pub struct TranslationAudio {
        /// Input audio.
        input?: TranslationAudioInput,
        /// Output audio.
        output?: TranslationAudioOutput,
    }
}

record! {
    /// Input audio of a translation session.
    pub struct TranslationAudioInput {
        /// Transcription of the original speech.
        transcription?null: TranslationTranscription,
        /// Noise reduction.
        noise_reduction?null: NoiseReduction,
    }
}

record! {
    /// Transcription of the original speech.
    pub struct TranslationTranscription {
        /// Name of the model.
        model: String,
        /// Spoken language. Some servers add it.
        language?: String,
    }
}

record! {
    /// Output audio of a translation session.
    pub struct TranslationAudioOutput {
        /// Language to translate into.
        language?: String,
    }
}

open_enum! {
    /// Format of a translation's audio.
    pub enum TranslationAudioFormat {
        /// PCM16, little-endian.
        Pcm16 = "pcm16",
    }
}

impl TranslationSessionUpdate {
    /// Changes a translation session.
    #[must_use]
    pub fn new(session: TranslationSessionConfig) -> Self {
        Self::default().session(session)
    }
}

impl SessionInputAudioBufferAppend {
    /// Appends samples of PCM16 at 24,000 Hz, one channel.
    #[must_use]
    pub fn pcm16(samples: &[i16]) -> Self {
        Self::default().audio(Audio::from_pcm16(samples))
    }

    /// Appends bytes of PCM16, little-endian, at 24,000 Hz, one channel.
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::default().audio(Audio::from_bytes(bytes))
    }
}
