//! Kind and first configuration of a session, as a URL, a client secret or a call sets them.

use std::sync::Arc;

use super::machine::SessionMachine;
use super::output::IdSource;
use super::realtime::RealtimeMachine;
use super::script::Script;
use super::settings::SessionSettings;
use super::translation::TranslationMachine;
use crate::protocol::{
    ErrorDetails, RealtimeSession, SessionConfig, TranscriptionSession, TranslationSessionInfo,
};

/// Kind and first configuration of a session.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SessionPlan {
    /// A conversation, or transcription alone.
    Realtime(Box<SessionConfig>),
    /// A conversation with a deployment on Azure, by its name.
    Deployment(String),
    /// Live translation.
    Translation(TranslationSessionInfo),
}

impl SessionPlan {
    /// Returns the plan of a session with this configuration.
    pub(super) fn realtime(config: impl Into<SessionConfig>) -> Self {
        Self::Realtime(Box::new(config.into()))
    }

    /// Returns the plan of a conversation with a model.
    pub(super) fn conversation(model: impl Into<String>) -> Self {
        Self::realtime(RealtimeSession::new().model(model))
    }

    /// Returns the plan of a transcription.
    pub(super) fn transcription() -> Self {
        Self::realtime(TranscriptionSession::new())
    }

    /// Returns the plan of a live translation by a model.
    pub(super) fn translation(model: impl Into<String>) -> Self {
        Self::Translation(TranslationSessionInfo::default().model(model))
    }

    /// Returns the model or deployment, if one is named.
    pub(super) fn model(&self) -> Option<&str> {
        match self {
            Self::Realtime(config) => match &**config {
                SessionConfig::Realtime(session) => session.model.as_deref(),
                _ => None,
            },
            Self::Deployment(name) => Some(name),
            Self::Translation(session) => Some(&session.model),
        }
    }

    /// Begins a session.
    ///
    /// # Errors
    /// The service's error for a configuration that it refuses.
    pub(super) fn begin(
        &self,
        mut ids: IdSource,
        expires_at: u64,
        script: &Arc<Script>,
    ) -> Result<Box<dyn SessionMachine>, ErrorDetails> {
        let id = ids.next("sess");
        Ok(match self {
            Self::Realtime(config) => {
                let settings = SessionSettings::new(config, false, id, expires_at)?;
                Box::new(RealtimeMachine::open(ids, settings, Arc::clone(script)))
            }
            Self::Deployment(name) => {
                let config = RealtimeSession::new().model(name).into();
                let settings = SessionSettings::new(&config, true, id, expires_at)?;
                Box::new(RealtimeMachine::open(ids, settings, Arc::clone(script)))
            }
            Self::Translation(session) => {
                let session = session.clone().id(id).expires_at(expires_at);
                Box::new(TranslationMachine::open(ids, session, Arc::clone(script)))
            }
        })
    }
}
