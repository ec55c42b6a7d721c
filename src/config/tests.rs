//! The environment, without touching the process's own.

use super::*;
use crate::transport::Runtime;

fn variables<'v>(pairs: &'v [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'v {
    |name| {
        let found = pairs.iter().find(|(known, _)| *known == name)?;
        Some(found.1.to_owned())
    }
}

#[test]
fn the_environment_gives_key_base_url_organization_and_project_contract_32() {
    let all = [
        ("OPENAI_API_KEY", "sk-env"),
        ("OPENAI_BASE_URL", "https://example.com/v1"),
        ("OPENAI_ORG_ID", "org-1"),
        ("OPENAI_PROJECT_ID", "proj_1"),
    ];
    let config = Config::from_variables(variables(&all)).unwrap().model("m");
    assert_eq!(config.key().unwrap(), "sk-env");
    assert_eq!(config.base_url, "https://example.com/v1");
    assert_eq!(config.organization.as_deref(), Some("org-1"));
    assert_eq!(config.project.as_deref(), Some("proj_1"));

    let some = [("OPENAI_API_KEY", "sk-env"), ("OPENAI_BASE_URL", " ")];
    let config = Config::from_variables(variables(&some)).unwrap();
    assert_eq!(config.base_url, DEFAULT_BASE_URL);
    assert_eq!(config.organization, None);
}

#[test]
fn a_missing_variable_is_named() {
    for none in [&[][..], &[("OPENAI_API_KEY", "")]] {
        let error = Config::from_variables(variables(none)).unwrap_err();
        assert!(error.to_string().contains("OPENAI_API_KEY"), "{error}");
    }
    let error = Config::azure_from_variables(variables(&[])).unwrap_err();
    assert!(
        error.to_string().contains("AZURE_OPENAI_ENDPOINT"),
        "{error}"
    );
    let endpoint = [("AZURE_OPENAI_ENDPOINT", "https://example.com")];
    let error = Config::azure_from_variables(variables(&endpoint)).unwrap_err();
    assert!(
        error.to_string().contains("AZURE_OPENAI_API_KEY"),
        "{error}"
    );
}

#[test]
fn the_environment_gives_azures_endpoint_and_key() {
    let all = [
        ("AZURE_OPENAI_ENDPOINT", "https://example.com/"),
        ("AZURE_OPENAI_API_KEY", "azk"),
        ("OPENAI_API_VERSION", "2024-10-01-preview"),
    ];
    let config = Config::azure_from_variables(variables(&all))
        .unwrap()
        .model("d");
    let handshake = config
        .handshake::<crate::Realtime>(Runtime::Native)
        .unwrap();
    assert_eq!(
        handshake.url(),
        "wss://example.com/openai/v1/realtime?model=d"
    );
    assert!(
        handshake
            .headers()
            .any(|header| header == ("api-key", "azk"))
    );
}

#[test]
fn variables_are_trimmed() {
    let all = [
        ("OPENAI_API_KEY", "sk-env\n"),
        ("OPENAI_BASE_URL", " https://example.com/v1\n"),
        ("OPENAI_ORG_ID", "org-1\r\n"),
        ("OPENAI_PROJECT_ID", "\t"),
    ];
    let config = Config::from_variables(variables(&all)).unwrap();
    assert_eq!(config.key().unwrap(), "sk-env");
    assert_eq!(config.base_url, "https://example.com/v1");
    assert_eq!(config.organization.as_deref(), Some("org-1"));
    assert_eq!(config.project, None);
}
