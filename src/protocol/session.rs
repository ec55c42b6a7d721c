use super::table::{open_enum, record, union};

union! {
    /// A session's configuration.
    pub enum SessionConfig {
        /// A conversation with the model.
        "realtime" => Realtime(RealtimeSession) {
            /// In which forms the model replies: text or audio, one of them.
            output_modalities?: Vec<Modality>,
            /// Input and output audio.
            audio?: AudioConfig,
        }
    }
}

open_enum! {
    /// A form of reply.
    pub enum Modality {
        Text = "text",
        Audio = "audio",
    }
}

record! {
    /// Input and output audio.
    pub struct AudioConfig {
        /// Input audio.
        input?: AudioInput,
    }
}

record! {
    /// Input audio.
    pub struct AudioInput {
        /// When the server takes the user's turn to be over.
        turn_detection?null: TurnDetection,
    }
}

union! {
    /// How the end of a turn is found.
    pub enum TurnDetection {
        /// By the loudness of the input.
        "server_vad" => ServerVad {
            /// How loud speech must be, from 0 to 1.
            threshold?: f64,
        }
    }
}

impl RealtimeSession {
    /// A configuration in which nothing is set.
    pub fn new() -> Self {
        Self::default()
    }
}
