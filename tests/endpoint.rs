//! Where a session connects, with what, and what is refused before anything is opened.

use openai_realtime_ws::{Config, ConfigError, Credential, Target};

fn config() -> Config {
    Config::new("sk-test").model("gpt-realtime")
}

fn header<'h>(handshake: &'h openai_realtime_ws::Handshake, name: &str) -> Vec<&'h str> {
    let named = handshake.headers().iter();
    named
        .filter(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
        .collect()
}

#[test]
fn with_headers_the_key_is_a_bearer_token_and_no_subprotocol_is_offered_contract_18() {
    let handshake = config().handshake(true).unwrap();
    assert_eq!(
        handshake.url(),
        "wss://api.openai.com/v1/realtime?model=gpt-realtime"
    );
    assert_eq!(header(&handshake, "authorization"), ["Bearer sk-test"]);
    assert_eq!(header(&handshake, "openai-beta"), [""; 0]);
    assert_eq!(handshake.subprotocols(), [""; 0]);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        header(&handshake, "user-agent"),
        [format!("openai-realtime-ws/{version}")]
    );
}

#[test]
fn organization_and_project_are_headers_contract_20() {
    let config = config().organization("org-1").project("proj_1");
    let handshake = config.handshake(true).unwrap();
    assert_eq!(header(&handshake, "openai-organization"), ["org-1"]);
    assert_eq!(header(&handshake, "openai-project"), ["proj_1"]);
}

#[test]
fn the_callers_headers_win_contract_19() {
    let config = config()
        .header("authorization", "Bearer other")
        .header("X-C", "v");
    let handshake = config.handshake(true).unwrap();
    assert_eq!(header(&handshake, "Authorization"), ["Bearer other"]);
    assert_eq!(header(&handshake, "x-c"), ["v"]);
}

#[test]
fn without_headers_the_key_is_a_subprotocol_contract_22() {
    let plain = config().handshake(false).unwrap();
    assert_eq!(
        plain.subprotocols(),
        ["realtime", "openai-insecure-api-key.sk-test"]
    );
    assert_eq!(plain.headers(), []);
    let routed = config().organization("org-1").project("proj_1");
    assert_eq!(
        routed.handshake(false).unwrap().subprotocols(),
        [
            "realtime",
            "openai-insecure-api-key.sk-test",
            "openai-organization.org-1",
            "openai-project.proj_1"
        ]
    );
}

#[test]
fn each_target_has_its_parameter_contracts_1_to_3() {
    let url = |target| {
        let config = Config::new("k")
            .base_url("https://example.com/v1")
            .target(target);
        config.handshake(true).unwrap().url().to_owned()
    };
    assert_eq!(
        url(Target::Model("a b".into())),
        "wss://example.com/v1/realtime?model=a+b"
    );
    assert_eq!(
        url(Target::Call("rtc_1".into())),
        "wss://example.com/v1/realtime?call_id=rtc_1"
    );
    assert_eq!(
        url(Target::Transcription),
        "wss://example.com/v1/realtime?intent=transcription"
    );
}

#[test]
fn no_target_or_an_empty_one_is_refused_contract_8() {
    for config in [
        Config::new("k"),
        Config::new("k").model(""),
        Config::new("k").target(Target::Call(String::new())),
    ] {
        let error = config.handshake(true).unwrap_err();
        assert_eq!(error, ConfigError::Target);
        assert!(error.to_string().starts_with("Pass exactly one of `model`"));
    }
}

#[test]
fn a_missing_or_malformed_key_is_refused_contract_33() {
    for (key, expected) in [
        ("", ConfigError::MissingKey),
        (" \n", ConfigError::MissingKey),
        ("sk-a\n", ConfigError::MalformedKey),
        ("sk a", ConfigError::MalformedKey),
        ("sk-ä", ConfigError::MalformedKey),
    ] {
        for headers in [true, false] {
            let error = Config::new(key).model("m").handshake(headers).unwrap_err();
            assert_eq!(error, expected, "{key:?}");
        }
    }
    assert!(
        ConfigError::MissingKey
            .to_string()
            .contains("OPENAI_API_KEY")
    );
}

#[test]
fn a_base_url_that_is_none_is_refused_contract_9() {
    for base_url in [
        "",
        "example.com/v1",
        "/v1",
        "https://",
        "mailto:a@b",
        "http://[::1",
    ] {
        let error = config().base_url(base_url).handshake(true).unwrap_err();
        assert_eq!(error, ConfigError::InvalidUrl, "{base_url}");
    }
}

#[test]
fn every_connection_is_secure_but_an_explicit_one_to_this_machine_contract_5() {
    let url = |config: Config| {
        config
            .handshake(true)
            .map(|handshake| handshake.url().to_owned())
    };
    assert_eq!(
        url(config().base_url("ws://127.0.0.1:8080/v1")).unwrap(),
        "wss://127.0.0.1:8080/v1/realtime?model=gpt-realtime"
    );
    for base in [
        "ws://127.0.0.1:8080/v1",
        "http://localhost:8080/v1",
        "http://[::1]:8080/v1",
    ] {
        let url = url(config().insecure_loopback_url(base)).unwrap();
        assert!(url.starts_with("ws://"), "{url}");
        assert!(
            url.ends_with(":8080/v1/realtime?model=gpt-realtime"),
            "{url}"
        );
    }
    for base in [
        "ws://example.com/v1",
        "ws://127.0.0.1.example.com/v1",
        "ws://localhost.example.com/v1",
        "ws://user:127.0.0.1@example.com/v1",
        "nonsense",
    ] {
        assert_eq!(
            url(config().insecure_loopback_url(base)),
            Err(ConfigError::InsecureUrl),
            "{base}"
        );
    }
    let taken_back = config()
        .insecure_loopback_url("ws://127.0.0.1:1/v1")
        .base_url("http://127.0.0.1:1/v1");
    assert!(url(taken_back).unwrap().starts_with("wss://"));
}

#[test]
fn nothing_prints_the_key() {
    let config = Config::new("sk-very-secret")
        .model("m")
        .header("X-Secret", "sk-very-secret");
    let printed = [
        format!("{config:?}"),
        format!("{:?}", config.handshake(true).unwrap()),
        format!("{:?}", config.handshake(false).unwrap()),
        format!("{:?}", Credential::api_key("sk-very-secret")),
    ];
    for printed in printed {
        assert!(!printed.contains("very-secret"), "{printed}");
    }
}
