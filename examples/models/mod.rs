//! Names of models, in one place for all examples.

// Each example uses some of them.
#![allow(dead_code)]

/// Speaks, listens and writes.
pub const REALTIME: &str = "gpt-realtime-2.1";

/// Transcribes speech while it is spoken, beside a conversation or a translation.
pub const LIVE_TRANSCRIBER: &str = "gpt-realtime-whisper";

/// Transcribes a recording, or one turn after the other.
pub const TRANSCRIBER: &str = "gpt-transcribe";

/// Translates speech into speech.
pub const TRANSLATOR: &str = "gpt-realtime-translate";
