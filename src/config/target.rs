/// Target of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// A new conversation with this model; with Azure, with this deployment.
    Model(String),
    /// A call over WebRTC or SIP that is under way, by its id.
    Call(String),
    /// A new session that only transcribes.
    Transcription,
}

impl Target {
    /// Returns the parameter of the URL, unless the target is empty.
    pub(super) fn parameter(&self) -> Option<(&'static str, &str)> {
        let parameter = match self {
            Self::Model(model) => ("model", model.as_str()),
            Self::Call(id) => ("call_id", id.as_str()),
            Self::Transcription => ("intent", "transcription"),
        };
        (!parameter.1.is_empty()).then_some(parameter)
    }
}
