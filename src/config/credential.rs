use std::fmt;
use std::sync::Arc;

use crate::platform::{BoxFuture, Callback, MaybeSend, MaybeSync};
use crate::secret::Secret;
use crate::transport::Source;

/// Key or token of the caller. It prints as dots, and is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Credential(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    /// Sent as a bearer token, and to Azure as the header `api-key`.
    Key(Secret),
    /// Always sent as a bearer token.
    Token(Secret),
    /// Returns a token for each connection.
    Provider(Arc<Callback<(), BoxFuture<Result<String, Source>>>>),
}

impl Credential {
    /// Takes an API key, `sk-…`, or an ephemeral key, `ek_…`, which is the kind for browsers. White
    /// space around it is left out.
    pub fn api_key(key: impl Into<String>) -> Self {
        Self(Kind::Key(Secret::new(key)))
    }

    /// Takes a bearer token, such as one of Microsoft Entra ID for Azure.
    pub fn bearer(token: impl Into<String>) -> Self {
        Self(Kind::Token(Secret::new(token)))
    }

    /// Takes a function that returns a key or token, and is called for each connection: for tokens
    /// that expire, and for ephemeral keys that a server mints. The result is sent as a bearer
    /// token.
    ///
    /// ```
    /// # async fn fetch_token() -> Result<String, std::io::Error> { Ok("token".into()) }
    /// use openai_realtime_ws::{Config, Credential};
    ///
    /// let config = Config::new(Credential::provider(|| fetch_token())).model("gpt-realtime-2.1");
    /// ```
    // Contracts 24 and 28.
    pub fn provider<F, E>(provider: impl Fn() -> F + MaybeSend + MaybeSync + 'static) -> Self
    where
        F: Future<Output = Result<String, E>> + MaybeSend + 'static,
        E: Into<Source>,
    {
        let call = move |(): &()| -> BoxFuture<Result<String, Source>> {
            // Called before the future is made, so that the provider need not outlive it.
            let token = provider();
            Box::pin(async move { token.await.map_err(Into::into) })
        };
        Self(Kind::Provider(Arc::new(call)))
    }

    /// Returns the credential for one connection: a provider is called.
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

/// Failure of a [provider](Credential::provider).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The provider failed.
    #[error("Failed to get token from the credential provider")]
    Provider(#[source] Source),
    /// The provider returned an empty credential.
    #[error("Expected the credential provider to return a token but it returned an empty string")]
    Empty,
}
