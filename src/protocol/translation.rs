//! Live translation: a protocol of its own, at an address of its own. Speech goes in, and speech in another language
//! comes out all the time; there are no turns.

use super::record::record;
use super::table::events;
use super::union::union;
use super::words::open_enum;
use super::{Audio, ErrorDetails, ErrorEvent, NoiseReduction, Protocol, Targets, expiry_of};

/// Live translation: 7 server events, 3 client events.
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
    /// An event from the server in a translation session.
    pub enum TranslationServerEvent;
    reference "https://developers.openai.com/api/reference/resources/realtime/translation-server-events";
    rows {
        /// A piece of the translation's audio.
        "session.output_audio.delta" => SessionOutputAudioDelta {
            /// The audio that comes next, of any length.
            delta: Audio,
            /// Its format.
            format?: TranslationAudioFormat,
            /// Its rate, in hertz.
            sample_rate?: u32,
            /// How many channels it has.
            channels?: u32,
            /// Where it belongs, in milliseconds of the stream; several events may share one.
            elapsed_ms?: u64,
        }

        /// A piece of the translation's text.
        "session.output_transcript.delta" => SessionOutputTranscriptDelta {
            /// The text that comes next, with its own spaces.
            delta: String,
            /// Where it belongs, in milliseconds of the stream; several events may share one.
            elapsed_ms?: u64,
        }

        /// A piece of what was said in the original; only if the session transcribes it.
        "session.input_transcript.delta" => SessionInputTranscriptDelta {
            /// The text that comes next, with its own spaces.
            delta: String,
            /// Where it belongs, in milliseconds of the stream; several events may share one.
            elapsed_ms?: u64,
        }

        /// The server could not do what was asked, or failed. The session goes on.
        "error" => Error(TranslationErrorEvent) {
            /// What went wrong.
            error: ErrorDetails,
        }

        /// The session is open; sent first.
        "session.created" => SessionCreated(TranslationSessionCreated) {
            /// The session's configuration.
            session: Box<TranslationSession>,
        }

        /// The session's configuration changed, as `session.update` asked.
        "session.updated" => SessionUpdated(TranslationSessionUpdated) {
            /// The session's configuration, whole.
            session: Box<TranslationSession>,
        }

        /// The session is over, as `session.close` asked.
        "session.closed" => SessionClosed {
        }
    }
}

events! {
    /// An event from the client in a translation session.
    pub enum TranslationClientEvent;
    reference "https://developers.openai.com/api/reference/resources/realtime/translation-client-events";
    rows {
        /// Adds audio to the input.
        "session.input_audio_buffer.append" => SessionInputAudioBufferAppend {
            /// PCM16, little-endian, one channel, 24,000 Hz.
            audio: Audio,
        }

        /// Changes the session's configuration: what is absent stays as it is.
        "session.update" => SessionUpdate(TranslationSessionUpdate) {
            /// The changes.
            session: TranslationSessionConfig,
        }

        /// Ends the session once what is under way is translated.
        "session.close" => SessionClose {
        }
    }
}

union! {
    /// A translation session as the server reports it.
    pub enum TranslationSession {
        /// A translation session.
        "translation" => Translation(TranslationSessionInfo) {
            /// Its id.
            id: String,
            /// The model.
            model: String,
            /// When it ends, in seconds of Unix time.
            expires_at: u64,
            /// Input and output audio.
            audio: TranslationAudio,
        }
    }
}

record! {
    /// What can be changed in a translation session.
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
        /// The transcription of the original.
        transcription?null: TranslationTranscription,
        /// The suppression of noise.
        noise_reduction?null: NoiseReduction,
    }
}

record! {
    /// The transcription of the original.
    pub struct TranslationTranscription {
        /// The model.
        model: String,
        /// The language spoken, as some servers add it.
        language?: String,
    }
}

record! {
    /// Output audio of a translation session.
    pub struct TranslationAudioOutput {
        /// The language to translate into.
        language?: String,
    }
}

open_enum! {
    /// The format of a translation's audio.
    pub enum TranslationAudioFormat {
        /// PCM16, little-endian.
        Pcm16 = "pcm16",
    }
}

impl TranslationSessionUpdate {
    /// Changes to the session.
    pub fn new(session: TranslationSessionConfig) -> Self {
        Self::default().session(session)
    }
}

impl SessionInputAudioBufferAppend {
    /// Samples of PCM16 at 24,000 Hz, one channel.
    pub fn pcm16(samples: &[i16]) -> Self {
        Self::default().audio(Audio::from_pcm16(samples))
    }

    /// Bytes of PCM16, little-endian, at 24,000 Hz, one channel.
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::default().audio(Audio::from_bytes(bytes))
    }
}
