use crate::config::{ConfigError, CredentialError};
use crate::transport::{Refusal, TransportError};

/// Failure of a REST call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot work. Nothing was sent.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The credential's provider failed. Nothing was sent.
    #[error("could not get a credential")]
    Credential(#[from] CredentialError),
    /// The call id is empty, `.` or `..`, which would change the URL. Nothing was sent.
    #[error("the call id is empty or made of dots: pass the id that the service gave")]
    CallId,
    /// The service refused the call. [`Refusal::kind`] is the reason.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The service could not be reached, or the connection broke.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// There was no response, and the runtime does not tell scripts why, as with `fetch`. The text
    /// is the name of the exception.
    #[error(
        "there was no response, and the runtime does not say why ({0}): check the base URL and the \
         network, and in a page whether the server allows the page's origin"
    )]
    Unexplained(String),
    /// The timeout passed. The service may have carried the call out.
    #[error(
        "the call was not answered in time: check the network, or allow more with `Client::timeout`"
    )]
    Timeout,
    /// The service carried the call out, but its response lacks the value that the call is for.
    #[error("the service's response has no readable {missing}")]
    #[non_exhaustive]
    Unreadable {
        /// The missing value.
        missing: &'static str,
        /// The `x-request-id` header, for the provider's support.
        request_id: Option<String>,
    },
}
