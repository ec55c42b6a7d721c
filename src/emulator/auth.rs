//! API key and client secrets, which expire.

use std::sync::{Mutex, PoisonError};

use super::plan::SessionPlan;
use super::refusal::HttpRefusal;

/// Number of secrets that are kept.
const MOST_SECRETS: usize = 1_000;

/// Rights that a credential gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Access {
    /// Everything: it is the API key.
    ApiKey,
    /// Sessions as the client secret was minted for.
    ClientSecret(SessionPlan),
}

/// Credentials that are accepted.
#[derive(Default)]
pub(super) struct KeyRing {
    /// If absent, any credential is accepted, and requests without one are, too.
    api_key: Option<String>,
    secrets: Mutex<Vec<MintedSecret>>,
}

struct MintedSecret {
    value: String,
    expires_at: u64,
    plan: SessionPlan,
}

impl KeyRing {
    pub(super) fn new(api_key: Option<String>) -> Self {
        let secrets = Mutex::default();
        Self { api_key, secrets }
    }

    /// Mints a secret that expires at this time, in seconds of Unix time.
    pub(super) fn mint(&self, plan: SessionPlan, id: &str, expires_at: u64) -> String {
        let value = format!("ek_{id}");
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if secrets.len() == MOST_SECRETS {
            // The oldest one: it is the nearest to its end.
            secrets.remove(0);
        }
        secrets.push(MintedSecret {
            value: value.clone(),
            expires_at,
            plan,
        });
        value
    }

    /// Expires all secrets now.
    pub(super) fn expire(&self) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in &mut *secrets {
            secret.expires_at = 0;
        }
    }

    /// Returns the rights of a credential at this time, in seconds of Unix time.
    ///
    /// # Errors
    /// A refusal with the code `invalid_api_key` for a wrong or missing credential.
    pub(super) fn identify(
        &self,
        credential: Option<&str>,
        now: u64,
    ) -> Result<Access, HttpRefusal> {
        let wrong = |message| Err(HttpRefusal::new(401, "invalid_api_key", message));
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let secret = secrets
            .iter()
            .find(|secret| credential == Some(&secret.value));
        // Secrets are told apart from keys even where any key will do: an expired one must fail.
        match (secret, &self.api_key, credential) {
            (Some(secret), ..) if secret.expires_at > now => {
                Ok(Access::ClientSecret(secret.plan.clone()))
            }
            (Some(_), ..) => wrong("The client secret has expired."),
            (None, Some(_), None) => wrong("You didn't provide an API key."),
            (None, Some(key), Some(given)) if key != given => wrong("Incorrect API key provided."),
            _ => Ok(Access::ApiKey),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(keys: &KeyRing, credential: Option<&str>, now: u64) -> Result<Access, u16> {
        keys.identify(credential, now)
            .map_err(|refusal| refusal.status())
    }

    #[test]
    fn only_the_right_key_or_any() {
        let keys = KeyRing::new(Some("sk-test".to_owned()));
        assert_eq!(status(&keys, Some("sk-test"), 0), Ok(Access::ApiKey));
        assert_eq!(status(&keys, Some("sk-other"), 0), Err(401));
        assert_eq!(status(&keys, None, 0), Err(401));
        let keys = KeyRing::default();
        assert_eq!(status(&keys, Some("sk-other"), 0), Ok(Access::ApiKey));
        assert_eq!(status(&keys, None, 0), Ok(Access::ApiKey));
    }

    #[test]
    fn a_secret_lasts_until_it_expires() {
        for keys in [KeyRing::default(), KeyRing::new(Some("sk-test".to_owned()))] {
            let plan = SessionPlan::conversation("m");
            let secret = keys.mint(plan.clone(), "1", 600);
            assert_eq!(secret, "ek_1");
            assert_eq!(
                status(&keys, Some(&secret), 599),
                Ok(Access::ClientSecret(plan))
            );
            assert_eq!(status(&keys, Some(&secret), 600), Err(401));
            keys.expire();
            assert_eq!(status(&keys, Some(&secret), 0), Err(401));
        }
    }

    #[test]
    fn secrets_do_not_pile_up() {
        let keys = KeyRing::new(Some("sk-test".to_owned()));
        for n in 0..=MOST_SECRETS {
            keys.mint(SessionPlan::transcription(), &n.to_string(), 600);
        }
        assert_eq!(status(&keys, Some("ek_0"), 0), Err(401));
        assert!(status(&keys, Some("ek_1"), 0).is_ok());
    }
}
