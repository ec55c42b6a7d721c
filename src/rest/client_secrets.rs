use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::message::{Body, Request};
use super::{Client, Error, Repeat, Secret};
use crate::protocol::{SessionConfig, TranslationSession, TranslationSessionConfig};

/// Short-lived keys that a server mints and hands to browsers: whoever has one can open a session with it, and no more.
#[derive(Debug, Clone, Copy)]
pub struct ClientSecrets<'c> {
    pub(super) client: &'c Client,
}

/// A short-lived key. Its `Debug` shows when it expires, and nothing else.
#[non_exhaustive]
pub struct ClientSecret<S = SessionConfig> {
    /// The key, `ek_…`: what [`Config::new`](crate::Config::new) takes, and a page's client.
    pub value: Secret,
    /// When it expires, in seconds of Unix time. A session that was opened before goes on.
    pub expires_at: u64,
    /// The configuration of the sessions that it opens.
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

/// A translation's session, as it is asked for.
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
    /// A key for sessions with this configuration, which opens conversations or transcriptions, as the session is.
    /// It is valid for `expires_after`, in whole seconds: 10 to 7,200, and 600 without.
    ///
    /// # Errors
    /// [`Error`] says what happened. A call that is made once more mints another key, which harms nothing.
    pub async fn create(
        &self,
        session: impl Into<SessionConfig>,
        expires_after: impl Into<Option<Duration>>,
    ) -> Result<ClientSecret, Error> {
        let order = order(session.into(), expires_after.into());
        self.mint("/realtime/client_secrets", &order).await
    }

    /// A key for live translations by this model.
    ///
    /// # Errors
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
