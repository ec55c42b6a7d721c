use crate::config::{ConfigError, CredentialError};
use crate::transport::{Refusal, TransportError};

/// Why a REST call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot work. Nothing was sent.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The credential's provider gave none. Nothing was sent.
    #[error("could not get a credential")]
    Credential(#[from] CredentialError),
    /// A call's id is empty, `.` or `..`, which would change the URL. Nothing was sent.
    #[error("the call's id is empty or made of dots: pass the one that the service gave")]
    CallId,
    /// The service answered, and did not do what it was asked for. [`Refusal::kind`] tells why.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The service could not be reached, or the connection broke.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// There was no answer, and the runtime keeps the reason to itself, as `fetch` does. What it threw is named.
    #[error(
        "there was no answer, and the runtime does not say why ({0}): check the base URL and the network, and in a page \
         whether the server lets its origin in"
    )]
    Unexplained(String),
    /// The time was over. Whether the service did what it was asked for is not known.
    #[error(
        "the call was not answered in time: check the network, or allow more with `Client::timeout`"
    )]
    Timeout,
    /// The service did it, and its answer is not what such a call's answer is.
    #[error("the service's answer has no {missing} that can be read")]
    Unreadable {
        /// What was looked for.
        missing: &'static str,
        /// The `x-request-id` header, for the provider's support.
        request_id: Option<String>,
    },
}
