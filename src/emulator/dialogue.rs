//! What the two kinds of session have in common, and how one begins.

use std::sync::Arc;

use std::task::Context;

use serde_json::Value;
use tokio::time::Instant;

use super::outbox::{Ids, Output};
use super::script::{Action, Script};
use super::session::Session;
use super::settings::Settings;
use super::translator::Translator;
use crate::protocol::{
    ErrorDetails, ParseError, RawEvent, RealtimeSession, SessionConfig, TranscriptionSession,
    TranslationSessionInfo,
};

/// A session as a state machine: frames in, outputs out. It knows no socket, and is told the time.
pub trait Dialogue: Send {
    /// Takes one frame that came on a connection.
    fn receive(&mut self, connection: usize, frame: Result<&RawEvent, &ParseError>, now: Instant);

    /// The next output; `None` until something is received, [`wake_at`](Self::wake_at), or the task is woken.
    fn poll(&mut self, now: Instant, cx: &mut Context<'_>) -> Option<Output>;

    /// The time at which it has more to say, if it is known and in the future.
    fn wake_at(&self) -> Option<Instant>;

    /// The first event on every connection.
    fn created(&mut self) -> Output;

    /// What an action does here.
    fn perform(&mut self, action: Action) -> Output;

    /// The whole configuration, as the service shows it.
    fn config(&self) -> Value;
}

/// What a session begins as.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// A conversation, or transcription alone.
    Realtime(Box<SessionConfig>),
    /// Live translation.
    Translation(TranslationSessionInfo),
}

impl Plan {
    /// A session with this configuration.
    pub fn realtime(config: impl Into<SessionConfig>) -> Self {
        Self::Realtime(Box::new(config.into()))
    }

    /// A conversation with a model.
    pub fn conversation(model: impl Into<String>) -> Self {
        Self::realtime(RealtimeSession::new().model(model))
    }

    /// Transcription alone.
    pub fn transcription() -> Self {
        Self::realtime(TranscriptionSession::new())
    }

    /// Live translation by a model.
    pub fn translation(model: impl Into<String>) -> Self {
        Self::Translation(TranslationSessionInfo::default().model(model))
    }

    /// Begins a session, unless the service would refuse to.
    pub fn begin(
        &self,
        mut ids: Ids,
        expires_at: u64,
        script: &Arc<Script>,
    ) -> Result<Box<dyn Dialogue>, ErrorDetails> {
        let id = ids.next("sess");
        Ok(match self {
            Self::Realtime(config) => {
                let settings = Settings::new(config, id, expires_at)?;
                Box::new(Session::open(ids, settings, Arc::clone(script)))
            }
            Self::Translation(session) => {
                let session = session.clone().id(id).expires_at(expires_at);
                Box::new(Translator::open(ids, session, Arc::clone(script)))
            }
        })
    }
}
