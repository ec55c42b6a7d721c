use std::fmt;
use std::sync::Arc;

use crate::platform::{BoxFuture, Callback, MaybeSend, MaybeSync};
use crate::secret::Secret;
use crate::transport::Source;

/// Credential of the caller. It prints as dots, never as itself, and its memory is wiped when it is
/// dropped.
#[derive(Clone)]
pub struct Credential(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    /// Goes as a bearer token; to Azure as the header `api-key`.
    Key(Secret),
    /// Always goes as a bearer token.
    Token(Secret),
    /// Gives a token for each connection.
    Provider(Arc<Callback<(), BoxFuture<Result<String, Source>>>>),
}

impl Credential {
    /// An API key, `sk-…`, or an ephemeral one, `ek_…`, which is the kind for browsers.
    pub fn api_key(key: impl Into<String>) -> Self {
        Self(Kind::Key(Secret::new(key)))
    }

    /// A bearer token, such as one of Microsoft Entra ID for Azure.
    pub fn bearer(token: impl Into<String>) -> Self {
        Self(Kind::Token(Secret::new(token)))
    }

    /// A function that gives a key or token, called anew for every connection: for tokens that
    /// expire, and for ephemeral keys that a server mints. It is sent as a bearer token.
    ///
    /// ```
    /// # async fn fetch_token() -> Result<String, std::io::Error> { Ok("token".into()) }
    /// use openai_realtime_ws::{Config, Credential};
    ///
    /// let config = Config::new(Credential::provider(|| fetch_token())).model("gpt-realtime");
    /// ```
    pub fn provider<F, E>(provider: impl Fn() -> F + MaybeSend + MaybeSync + 'static) -> Self
    where
        F: Future<Output = Result<String, E>> + MaybeSend + 'static,
        E: Into<Source>,
    {
        let call = move |(): &()| -> BoxFuture<Result<String, Source>> {
            let token = provider();
            Box::pin(async move { token.await.map_err(Into::into) })
        };
        Self(Kind::Provider(Arc::new(call)))
    }

    /// The credential to use for one connection: a provider is asked.
    pub(super) async fn resolve(&self) -> Result<Self, CredentialError> {
        match &self.0 {
            Kind::Key(_) | Kind::Token(_) => Ok(self.clone()),
            Kind::Provider(provider) => {
                let token = Secret::new(provider(&()).await.map_err(CredentialError::Provider)?);
                if token.expose().trim().is_empty() {
                    return Err(CredentialError::Empty);
                }
                Ok(Self(Kind::Token(token)))
            }
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Key(_) => "Key(…)",
            Kind::Token(_) => "Token(…)",
            Kind::Provider(_) => "Provider(…)",
        })
    }
}

impl From<&str> for Credential {
    fn from(key: &str) -> Self {
        Self::api_key(key)
    }
}

impl From<String> for Credential {
    fn from(key: String) -> Self {
        Self::api_key(key)
    }
}

/// Reason why a [provider](Credential::provider) gave no credential.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// It failed.
    #[error("Failed to get token from the credential provider")]
    Provider(#[source] Source),
    /// It gave an empty one.
    #[error("Expected the credential provider to return a token but it returned an empty string")]
    Empty,
}
