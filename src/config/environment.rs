//! Configuration from environment variables.

use super::{Config, ConfigError};

/// # From the environment
impl Config {
    /// Reads `OPENAI_API_KEY` and, where they are set, `OPENAI_BASE_URL`, `OPENAI_ORG_ID` and
    /// `OPENAI_PROJECT_ID`.
    ///
    /// # Errors
    /// [`ConfigError::MissingKey`] if there is no key. Browsers have no environment: there it
    /// always fails.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Reads `AZURE_OPENAI_ENDPOINT` and `AZURE_OPENAI_API_KEY`. `OPENAI_API_VERSION` is ignored:
    /// the GA API does not use it.
    ///
    /// # Errors
    /// [`ConfigError::MissingEndpoint`] and [`ConfigError::MissingKey`].
    pub fn azure_from_env() -> Result<Self, ConfigError> {
        Self::azure_from_variables(|name| std::env::var(name).ok())
    }

    pub(super) fn from_variables(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let variable = |name| trimmed(&lookup(name)?);
        let key = variable("OPENAI_API_KEY").ok_or(ConfigError::MissingKey("OPENAI_API_KEY"))?;
        let mut config = Self::new(key);
        if let Some(base_url) = variable("OPENAI_BASE_URL") {
            config.base_url = base_url;
        }
        config.organization = variable("OPENAI_ORG_ID");
        config.project = variable("OPENAI_PROJECT_ID");
        Ok(config)
    }

    pub(super) fn azure_from_variables(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let variable = |name| trimmed(&lookup(name)?);
        let endpoint = variable("AZURE_OPENAI_ENDPOINT").ok_or(ConfigError::MissingEndpoint)?;
        let missing_key = ConfigError::MissingKey("AZURE_OPENAI_API_KEY");
        let key = variable("AZURE_OPENAI_API_KEY").ok_or(missing_key)?;
        Ok(Self::azure(endpoint, key))
    }
}

/// Returns a value without white space around it, such as the line end of a file; `None` for an
/// empty one.
fn trimmed(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}
