use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::message::{Body, Request};
use super::{Client, Error, Repeat, Secret};
use crate::protocol::{SessionConfig, TranslationSession, TranslationSessionConfig};

/// Short-lived keys that a server mints and hands to browsers. A key can open sessions, and nothing
/// else. See [client secrets](https://platform.openai.com/docs/api-reference/realtime-sessions) in
/// OpenAI's reference.
#[derive(Debug, Clone, Copy)]
pub struct ClientSecrets<'c> {
    pub(super) client: &'c Client,
}

/// Short-lived key. Its `Debug` shows the time of its expiry, and nothing else.
#[non_exhaustive]
pub struct ClientSecret<S = SessionConfig> {
    /// The key, `ek_…`, for [`Config::new`](crate::Config::new) or a page's client.
    pub value: Secret,
    /// Time of expiry, in seconds of Unix time. Sessions that were opened before go on.
    pub expires_at: u64,
    /// Configuration of the sessions that the key opens.
    pub session: S,
}

impl<S> fmt::Debug for ClientSecret<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Order<S> {
    session: S,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_after: Option<Expiry>,
}

#[derive(Serialize)]
struct Expiry {
    anchor: &'static str,
    seconds: u64,
}

/// Session of a translation, as a request.
#[derive(Serialize)]
struct TranslationOrder {
    model: String,
    #[serde(flatten)]
    config: TranslationSessionConfig,
}

#[derive(Deserialize)]
struct Minted<S> {
    value: String,
    expires_at: u64,
    session: S,
}

impl ClientSecrets<'_> {
    /// Mints a key for sessions with this configuration: conversations or transcriptions. It is
    /// valid for `expires_after`, in whole seconds, from 10 to 7,200; 600 by default.
    ///
    /// # Errors
    /// Any [`Error`].
    ///
    /// # Cancel safety
    /// If the future is dropped, the service may have minted a key that nobody uses, which does no
    /// harm.
    pub async fn create(
        &self,
        session: impl Into<SessionConfig>,
        expires_after: impl Into<Option<Duration>>,
    ) -> Result<ClientSecret, Error> {
        let order = order(session.into(), expires_after.into());
        self.mint("/realtime/client_secrets", &order).await
    }

    /// Mints a key for live translations by this model.
    ///
    /// # Errors
    /// Any [`Error`].
    ///
    /// # Cancel safety
    /// As for [`create`](Self::create).
    pub async fn create_translation(
        &self,
        model: impl Into<String>,
        config: TranslationSessionConfig,
        expires_after: impl Into<Option<Duration>>,
    ) -> Result<ClientSecret<TranslationSession>, Error> {
        let model = model.into();
        let order = order(TranslationOrder { model, config }, expires_after.into());
        self.mint("/realtime/translations/client_secrets", &order)
            .await
    }

    async fn mint<S: DeserializeOwned>(
        &self,
        path: &str,
        order: &Order<impl Serialize>,
    ) -> Result<ClientSecret<S>, Error> {
        let request = Request {
            path: path.to_owned(),
            accept: "application/json",
            body: Some(Body::json(order)),
        };
        let response = self.client.call(&request, Repeat::Refused).await?;
        let minted: Option<Minted<S>> = serde_json::from_slice(&response.body).ok();
        // An empty key would fail later, in a page, where nobody sees why.
        let minted = minted.filter(|minted| !minted.value.is_empty());
        let minted = minted.ok_or_else(|| response.unreadable("client secret"))?;
        Ok(ClientSecret {
            value: Secret::new(minted.value),
            expires_at: minted.expires_at,
            session: minted.session,
        })
    }
}

fn order<S>(session: S, expires_after: Option<Duration>) -> Order<S> {
    Order {
        session,
        expires_after: expires_after.map(|after| Expiry {
            anchor: "created_at",
            seconds: after.as_secs(),
        }),
    }
}
