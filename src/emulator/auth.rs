//! Keys: where requests carry them, which of them are right, and client secrets, which last for a while.

use std::sync::{Mutex, PoisonError};

use super::dialogue::Plan;
use super::refusal::Refusal;

/// How many secrets are kept.
const MOST_SECRETS: usize = 1_000;

/// The API key, wherever the client put it: `Authorization`, `api-key` or a subprotocol.
pub fn credential<'h>(
    header: impl Fn(&str) -> Option<&'h str>,
    mut subprotocols: impl Iterator<Item = &'h str>,
) -> Option<&'h str> {
    header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .or_else(|| header("api-key"))
        .or_else(|| subprotocols.find_map(|offer| offer.strip_prefix("openai-insecure-api-key.")))
}

/// Who comes with a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Identity {
    /// Somebody who may do everything.
    Owner,
    /// Somebody who may begin one session after another, as this was said beforehand.
    Guest(Plan),
}

/// The keys that are right.
#[derive(Default)]
pub struct Keys {
    /// With none, any credential will do, and none.
    api_key: Option<String>,
    secrets: Mutex<Vec<ClientSecret>>,
}

struct ClientSecret {
    value: String,
    expires_at: u64,
    plan: Plan,
}

impl Keys {
    pub fn new(api_key: Option<String>) -> Self {
        let secrets = Mutex::default();
        Self { api_key, secrets }
    }

    /// Makes a secret that lasts until a time, in seconds of Unix time.
    pub fn mint(&self, plan: Plan, id: &str, expires_at: u64) -> String {
        let value = format!("ek_{id}");
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if secrets.len() == MOST_SECRETS {
            secrets.remove(0);
        }
        secrets.push(ClientSecret {
            value: value.clone(),
            expires_at,
            plan,
        });
        value
    }

    /// Ends all secrets, as time would.
    pub fn expire(&self) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in &mut *secrets {
            secret.expires_at = 0;
        }
    }

    /// Who somebody with this credential is at that time.
    pub fn identify(&self, credential: Option<&str>, now: u64) -> Result<Identity, Refusal> {
        let wrong = |message| Err(Refusal::new(401, "invalid_api_key", message));
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let secret = secrets
            .iter()
            .find(|secret| credential == Some(&secret.value));
        match (secret, &self.api_key, credential) {
            (Some(secret), ..) if secret.expires_at > now => {
                Ok(Identity::Guest(secret.plan.clone()))
            }
            (Some(_), ..) => wrong("The client secret has expired."),
            (None, Some(_), None) => wrong("You didn't provide an API key."),
            (None, Some(key), Some(given)) if key != given => wrong("Incorrect API key provided."),
            _ => Ok(Identity::Owner),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(keys: &Keys, credential: Option<&str>, now: u64) -> Result<Identity, u16> {
        keys.identify(credential, now)
            .map_err(|refusal| refusal.status())
    }

    #[test]
    fn only_the_right_key_or_any() {
        let keys = Keys::new(Some("sk-test".to_owned()));
        assert_eq!(status(&keys, Some("sk-test"), 0), Ok(Identity::Owner));
        assert_eq!(status(&keys, Some("sk-other"), 0), Err(401));
        assert_eq!(status(&keys, None, 0), Err(401));
        let keys = Keys::default();
        assert_eq!(status(&keys, Some("sk-other"), 0), Ok(Identity::Owner));
        assert_eq!(status(&keys, None, 0), Ok(Identity::Owner));
    }

    #[test]
    fn a_secret_lasts_until_it_expires() {
        for keys in [Keys::default(), Keys::new(Some("sk-test".to_owned()))] {
            let plan = Plan::conversation("m");
            let secret = keys.mint(plan.clone(), "1", 600);
            assert_eq!(secret, "ek_1");
            assert_eq!(status(&keys, Some(&secret), 599), Ok(Identity::Guest(plan)));
            assert_eq!(status(&keys, Some(&secret), 600), Err(401));
            keys.expire();
            assert_eq!(status(&keys, Some(&secret), 0), Err(401));
        }
    }

    #[test]
    fn secrets_do_not_pile_up() {
        let keys = Keys::new(Some("sk-test".to_owned()));
        for n in 0..=MOST_SECRETS {
            keys.mint(Plan::transcription(), &n.to_string(), 600);
        }
        assert_eq!(status(&keys, Some("ek_0"), 0), Err(401));
        assert!(status(&keys, Some("ek_1"), 0).is_ok());
    }
}
