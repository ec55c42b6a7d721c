//! Targets and credentials of sessions, and what is refused before anything is opened.

use std::time::Duration;

use openai_realtime_ws::{
    Config, ConfigError, Credential, Handshake, Realtime, Reconnect, Refusal, Restore, Runtime,
    Target, Translation,
};

const NODE: Runtime = Runtime::javascript().with_headers(true);
const WORKERD: Runtime = Runtime::javascript();
const PAGE: Runtime = Runtime::javascript().in_browser(true);

fn native(config: &Config) -> Result<Handshake, ConfigError> {
    config.handshake::<Realtime>(Runtime::Native)
}

fn url(config: &Config) -> String {
    native(config).unwrap().url().to_owned()
}

fn subprotocols(handshake: &Handshake) -> Vec<&str> {
    handshake.subprotocols().collect()
}

fn config() -> Config {
    Config::new("sk-test").model("gpt-realtime")
}

fn header<'h>(handshake: &'h Handshake, name: &str) -> Vec<&'h str> {
    let named = handshake.headers();
    named
        .filter(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect()
}

#[test]
fn natively_the_key_is_a_bearer_token_and_no_subprotocol_is_offered_contract_18() {
    let handshake = native(&config()).unwrap();
    assert_eq!(
        handshake.url(),
        "wss://api.openai.com/v1/realtime?model=gpt-realtime"
    );
    assert_eq!(handshake.public_url(), handshake.url());
    assert_eq!(header(&handshake, "authorization"), ["Bearer sk-test"]);
    assert_eq!(header(&handshake, "openai-beta"), [""; 0]);
    assert_eq!(subprotocols(&handshake), [""; 0]);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        header(&handshake, "user-agent"),
        [format!("openai-realtime-ws/{version}")]
    );
}

#[test]
fn organization_project_and_safety_identifier_are_headers_contract_20() {
    let config = config()
        .organization("org-1")
        .project("proj_1")
        .safety_identifier("hash");
    let handshake = native(&config).unwrap();
    assert_eq!(header(&handshake, "openai-organization"), ["org-1"]);
    assert_eq!(header(&handshake, "openai-project"), ["proj_1"]);
    assert_eq!(header(&handshake, "openai-safety-identifier"), ["hash"]);
}

#[test]
fn the_callers_headers_win_and_can_take_one_away_contract_19() {
    let config = config()
        .header("authorization", "Bearer other")
        .header("X-C", "v")
        .without_header("user-agent");
    let handshake = native(&config).unwrap();
    assert_eq!(header(&handshake, "Authorization"), ["Bearer other"]);
    assert_eq!(header(&handshake, "x-c"), ["v"]);
    assert_eq!(header(&handshake, "User-Agent"), [""; 0]);
}

#[test]
fn in_javascript_the_key_is_a_subprotocol_contract_22() {
    for runtime in [NODE, WORKERD] {
        let plain = config().handshake::<Realtime>(runtime).unwrap();
        assert_eq!(
            subprotocols(&plain),
            ["realtime", "openai-insecure-api-key.sk-test"]
        );
        assert_eq!(plain.headers().count(), 0);
        let routed = config().organization("org-1").project("proj_1");
        assert_eq!(
            subprotocols(&routed.handshake::<Realtime>(runtime).unwrap()),
            [
                "realtime",
                "openai-insecure-api-key.sk-test",
                "openai-organization.org-1",
                "openai-project.proj_1"
            ]
        );
    }
}

#[test]
fn azure_takes_a_key_as_api_key_and_a_token_as_bearer_contracts_24_and_25() {
    let azure = |credential: Credential| {
        let config = Config::azure("https://example.com", credential).model("dep");
        native(&config).unwrap()
    };
    let key = azure("azk".into());
    assert_eq!(key.url(), "wss://example.com/openai/v1/realtime?model=dep");
    assert_eq!(header(&key, "api-key"), ["azk"]);
    assert_eq!(header(&key, "authorization"), [""; 0]);
    let token = azure(Credential::bearer("tok"));
    assert_eq!(header(&token, "authorization"), ["Bearer tok"]);
    assert_eq!(header(&token, "api-key"), [""; 0]);
}

#[test]
fn azures_target_is_one_by_construction_contracts_14_and_15() {
    let azure = || Config::azure("https://example.com", "azk").model("configured");
    for (config, query) in [
        (azure(), "model=configured"),
        (azure().model("other"), "model=other"),
        (
            azure().target(Target::Transcription),
            "intent=transcription",
        ),
        (
            azure().target(Target::Call("rtc_1".into())),
            "call_id=rtc_1",
        ),
    ] {
        let expected = format!("wss://example.com/openai/v1/realtime?{query}");
        assert_eq!(url(&config), expected);
    }
}

#[test]
fn a_provider_is_not_asked_without_connecting_contract_26() {
    let provider =
        Credential::provider(|| async { Err::<String, _>("somebody connects".to_owned()) });
    let error = native(&Config::new(provider).model("m")).unwrap_err();
    assert!(matches!(error, ConfigError::Unresolved), "{error:?}");
}

#[test]
fn azure_in_javascript_wants_headers_contracts_23_30_31() {
    let config = Config::azure("https://example.com", "azk").model("dep");
    let handshake = config.handshake::<Realtime>(NODE).unwrap();
    assert_eq!(subprotocols(&handshake), ["realtime"]);
    assert_eq!(
        handshake.headers().collect::<Vec<_>>(),
        [("api-key", "azk")]
    );
    assert_eq!(
        handshake.url(),
        "wss://example.com/openai/v1/realtime?model=dep"
    );
    assert_eq!(
        handshake.public_url(),
        "wss://example.com/openai/v1/realtime?model=dep&api-key=%3CREDACTED%3E"
    );
    for runtime in [WORKERD, PAGE] {
        let config = config.clone().dangerously_allow_browser(true);
        let error = config.handshake::<Realtime>(runtime).unwrap_err();
        assert!(matches!(error, ConfigError::AzureHeaders), "{error:?}");
        assert!(error.to_string().starts_with(
            "Azure OpenAI Realtime credentials require a WebSocket transport that supports request headers"
        ));
    }
}

#[test]
fn credentials_in_an_azure_url_are_taken_out_and_never_shown_contract_30() {
    let config = Config::azure("https://example.com", Credential::bearer("tok"))
        .model("dep")
        .url_builder(|_| Ok("wss://example.com/x?API-Key=old&keep=1&authorization=older".into()));
    let handshake = config.handshake::<Realtime>(NODE).unwrap();
    assert_eq!(handshake.url(), "wss://example.com/x?keep=1");
    assert_eq!(
        handshake.public_url(),
        "wss://example.com/x?keep=%3CREDACTED%3E&api-key=%3CREDACTED%3E&Authorization=%3CREDACTED%3E"
    );
}

#[test]
fn a_page_takes_ephemeral_keys_only_contracts_35_to_37() {
    let outcome = |key: &str, allow: Option<bool>, runtime| {
        let mut config = Config::new(key).model("m");
        if let Some(allow) = allow {
            config = config.dangerously_allow_browser(allow);
        }
        match config.handshake::<Realtime>(runtime) {
            Ok(_) => true,
            Err(ConfigError::Browser) => false,
            Err(error) => panic!("{error}"),
        }
    };
    for (key, allow, expected) in [
        ("sk-a", None, false),
        ("sk-a", Some(false), false),
        ("sk-a", Some(true), true),
        ("ek_a", None, true),
        ("ek_a", Some(false), false),
        ("ek_a", Some(true), true),
    ] {
        assert_eq!(outcome(key, allow, PAGE), expected, "{key} {allow:?}");
        for elsewhere in [Runtime::Native, NODE, WORKERD] {
            assert!(outcome(key, allow, elsewhere), "{key} {allow:?}");
        }
    }
    // The guard comes first: before the target is looked at.
    let error = Config::new("sk-a").handshake::<Realtime>(PAGE).unwrap_err();
    assert!(matches!(error, ConfigError::Browser), "{error:?}");
    assert!(
        error
            .to_string()
            .starts_with("It looks like you're running in a browser-like environment.")
    );
}

#[test]
fn each_target_has_its_parameter_contracts_1_to_3() {
    let url = |target| {
        url(&Config::new("k")
            .base_url("https://example.com/custom/path/")
            .target(target))
    };
    assert_eq!(
        url(Target::Model("gpt-realtime".into())),
        "wss://example.com/custom/path/realtime?model=gpt-realtime"
    );
    assert_eq!(
        url(Target::Call("rtc_123".into())),
        "wss://example.com/custom/path/realtime?call_id=rtc_123"
    );
    assert_eq!(
        url(Target::Transcription),
        "wss://example.com/custom/path/realtime?intent=transcription"
    );
}

#[test]
fn translation_has_its_own_path_and_wants_a_model_contract_94() {
    let handshake = |config: Config| config.handshake::<Translation>(Runtime::Native);
    assert_eq!(
        handshake(Config::new("k").model("m")).unwrap().url(),
        "wss://api.openai.com/v1/realtime/translations?model=m"
    );
    for target in [
        Target::Transcription,
        Target::Call("c".into()),
        Target::Model(String::new()),
    ] {
        let error = handshake(Config::new("k").target(target)).unwrap_err();
        assert_eq!(error.to_string(), "A translation model is required.");
    }
}

#[test]
fn no_target_or_an_empty_one_is_refused_contract_8() {
    for config in [
        Config::new("k"),
        Config::new("k").model(""),
        Config::new("k").target(Target::Call(String::new())),
        Config::azure("https://example.com", "k").target(Target::Call(String::new())),
    ] {
        let error = native(&config).unwrap_err();
        assert!(
            error.to_string().starts_with("Pass exactly one of `model`"),
            "{error}"
        );
    }
    let error = native(&Config::azure("https://example.com", "k").model("")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "No deployment name provided",
        "contract 16"
    );
}

#[test]
fn a_missing_or_malformed_key_is_refused_contracts_17_and_33() {
    for key in ["", " \n"] {
        for config in [Config::new(key), Config::azure("https://example.com", key)] {
            let error = native(&config.model("m")).unwrap_err();
            assert!(matches!(error, ConfigError::EmptyKey), "{error:?}");
        }
    }
    for key in ["sk-a\nb", "sk a", "sk-ä"] {
        for runtime in [Runtime::Native, NODE] {
            let error = Config::new(key)
                .model("m")
                .handshake::<Realtime>(runtime)
                .unwrap_err();
            assert!(
                matches!(error, ConfigError::MalformedKey),
                "{key:?} {error:?}"
            );
        }
    }
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
        let error = native(&config().base_url(base_url)).unwrap_err();
        assert!(
            matches!(error, ConfigError::InvalidUrl),
            "{base_url} {error:?}"
        );
    }
}

#[test]
fn every_connection_is_secure_but_an_explicit_one_to_this_machine_contract_5() {
    assert_eq!(
        url(&config().base_url("ws://127.0.0.1:8080/v1")),
        "wss://127.0.0.1:8080/v1/realtime?model=gpt-realtime"
    );
    for base in [
        "ws://127.0.0.1:8080/v1",
        "http://localhost:8080/v1",
        "http://[::1]:8080/v1",
    ] {
        let url = url(&config().insecure_loopback_url(base));
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
    ] {
        let error = native(&config().insecure_loopback_url(base)).unwrap_err();
        assert!(
            matches!(error, ConfigError::InsecureUrl),
            "{base} {error:?}"
        );
    }
    let taken_back = config()
        .insecure_loopback_url("ws://127.0.0.1:1/v1")
        .base_url("http://127.0.0.1:1/v1");
    assert!(url(&taken_back).starts_with("wss://"));
}

#[test]
fn a_custom_url_is_used_as_it_is_contracts_10_to_12() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    for custom in ["wss://sap.example.com/x?y=z", "wss://u:p@h/x#f"] {
        let config = config().url_builder(move |_| Ok(custom.into()));
        assert_eq!(url(&config), custom);
    }
    for (custom, expected) in [
        (
            "https://sap.example.com/x",
            "Custom Realtime WebSocket URLs must use the wss: protocol.",
        ),
        (
            "ws://sap.example.com/x",
            "Custom Realtime WebSocket URLs must use the wss: protocol.",
        ),
        (
            "nonsense",
            "invalid base URL: it must be absolute, such as https://api.openai.com/v1",
        ),
    ] {
        let config = config().url_builder(move |_| Ok(custom.into()));
        for runtime in [Runtime::Native, NODE, WORKERD] {
            let refused = config.handshake::<Realtime>(runtime).unwrap_err();
            assert_eq!(refused.to_string(), expected);
        }
    }
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let config = Config::new("k").url_builder(move |target| {
        counted.fetch_add(1, Ordering::Relaxed);
        assert_eq!(*target, Target::Model("m".into()));
        Ok("wss://example.com/".into())
    });
    native(&config).unwrap_err();
    assert_eq!(
        calls.load(Ordering::Relaxed),
        0,
        "not for a target that is refused"
    );
    url(&config.model("m"));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn white_space_around_a_key_is_left_out_and_quotation_marks_are_named() {
    for key in ["sk-test\n", "sk-test\r\n", "  sk-test\t"] {
        let handshake = native(&Config::new(key).model("m")).unwrap();
        assert_eq!(header(&handshake, "authorization"), ["Bearer sk-test"]);
        let handshake = Config::new(key).model("m").handshake::<Realtime>(NODE);
        assert_eq!(
            subprotocols(&handshake.unwrap()),
            ["realtime", "openai-insecure-api-key.sk-test"]
        );
    }
    for key in ["\"sk-a\"", "'sk-a'", "“sk-a”", "\"sk-a", " 'sk-a'\n"] {
        let error = native(&Config::new(key).model("m")).unwrap_err();
        assert!(matches!(error, ConfigError::QuotedKey), "{key} {error:?}");
        assert!(error.to_string().contains("quotation marks"), "{error}");
    }
}

#[test]
fn azure_endpoints_work_as_people_paste_them() {
    let hosts = [
        "https://res.openai.azure.com",
        "https://res.cognitiveservices.azure.com",
        "https://res.services.ai.azure.com",
    ];
    let tails = [
        "",
        "/",
        "/openai",
        "/openai/v1",
        "/openai/v1/",
        "/openai/v1?api-version=preview",
        "?api-version=2024-10-01-preview",
        "/openai/v1/realtime?model=theirs",
        "/openai/realtime?api-version=2024-10-01-preview&deployment=theirs",
        "/openai/deployments/theirs/realtime?api-version=X",
        "/api/projects/my-project",
        "/api/projects/my-project/",
        "/api/projects/my-project/openai/v1/",
    ];
    for host in hosts {
        let socket = host.replace("https:", "wss:");
        for tail in tails {
            for space in ["", " ", "\n"] {
                let endpoint = format!("{host}{tail}{space}");
                let config = Config::azure(&endpoint, "azk").model("dep");
                let expected = format!("{socket}/openai/v1/realtime?model=dep");
                assert_eq!(url(&config), expected, "{endpoint:?}");
            }
        }
    }
    // A gateway's own path stays.
    let gateway = Config::azure("https://gw.example.com/llm/openai/v1", "azk").model("dep");
    let expected = "wss://gw.example.com/llm/openai/v1/realtime?model=dep";
    assert_eq!(url(&gateway), expected);
    for endpoint in ["", "res.openai.azure.com", "/openai/v1", "https://"] {
        let error = native(&Config::azure(endpoint, "azk").model("dep")).unwrap_err();
        assert!(
            matches!(error, ConfigError::InvalidUrl),
            "{endpoint} {error:?}"
        );
    }
}

#[test]
fn credentials_in_a_url_reach_the_server_and_nothing_that_is_shown() {
    let secret = "hunter2-secret";
    let base = format!(
        "https://user:{secret}@gw.example.com/v1?api-key={secret}&{secret}&tenant={secret}"
    );
    let own = format!("wss://{secret}:x@gw.example.com/x?api-version=1&key={secret}#{secret}");
    let configs = [
        config().base_url(&base),
        config().insecure_cleartext_url(&base),
        config().url_builder(move |_| Ok(own.clone())),
        config().base_url(format!("not a URL, but {secret}")),
    ];
    for config in configs {
        let mut printed = vec![format!("{config:?}")];
        for runtime in [Runtime::Native, NODE] {
            let Ok(handshake) = config.handshake::<Realtime>(runtime) else {
                continue;
            };
            assert!(handshake.url().contains(secret));
            printed.push(handshake.public_url().to_owned());
            printed.push(format!("{handshake:?}"));
            let refusal = Refusal::from_response(&handshake, 404, |_| None, b"");
            assert_eq!(refusal.url.as_deref(), Some(handshake.public_url()));
            printed.push(format!("{refusal} {refusal:?}"));
        }
        if let Ok(request) = config.rest_request("/x", Runtime::Native) {
            printed.push(request.public_url().to_owned());
            printed.push(format!("{request:?}"));
        }
        for printed in printed {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
    let handshake = native(&config().base_url(&base)).unwrap();
    assert_eq!(
        handshake.public_url(),
        "wss://gw.example.com/v1/realtime?api-key=%3CREDACTED%3E&%3CREDACTED%3E=\
         &tenant=%3CREDACTED%3E&model=gpt-realtime"
    );
    let request = config().base_url("https://u:p@h.example.com/v1");
    let request = request.rest_request("/x", Runtime::Native).unwrap();
    assert_eq!(request.public_url(), "https://h.example.com/v1/x");
}

#[test]
fn harmless_urls_are_shown_as_they_are() {
    for query in [
        "model=a%20b",
        "intent=transcription&api-version=1",
        "call_id=rtc_1&deployment=d",
    ] {
        let own = format!("wss://example.com/x?{query}");
        let shown = own.clone();
        let config = config().url_builder(move |_| Ok(own.clone()));
        assert_eq!(native(&config).unwrap().public_url(), shown);
    }
}

#[test]
fn a_404_shows_where_it_came_from() {
    let refusal = Refusal::from_response(&native(&config()).unwrap(), 404, |_| None, b"");
    assert_eq!(
        refusal.to_string(),
        "Unexpected server response: 404. Check the base URL and the model. The URL was \
         wss://api.openai.com/v1/realtime?model=gpt-realtime"
    );
}

#[test]
fn restore_without_a_next_connection_is_refused() {
    let restores = || config().restore(Restore::default());
    let error = native(&restores()).unwrap_err();
    assert!(matches!(error, ConfigError::Restore), "{error:?}");
    assert!(error.to_string().contains("`Config::reconnect`"), "{error}");
    native(&restores().reconnect(Reconnect::default())).unwrap();
    native(&restores().renew()).unwrap();
}

#[test]
fn watchdogs_can_be_switched_off() {
    let second = Duration::from_secs(1);
    let on = config()
        .idle_timeout(second)
        .send_timeout(second)
        .expiry_warning(second);
    let off = on.clone().idle_timeout(None).send_timeout(None);
    let off = format!("{:?}", off.expiry_warning(None).keep_alive(None));
    for setting in ["idle_timeout", "send_timeout", "expiry_warning"] {
        assert!(
            format!("{on:?}").contains(&format!("{setting}: Some(1s)")),
            "{on:?}"
        );
        assert!(off.contains(&format!("{setting}: None")), "{off}");
    }
    assert!(off.contains("keep_alive: None"), "{off}");
}

#[test]
fn nothing_prints_the_key() {
    let config = Config::new("sk-very-secret")
        .model("m")
        .header("X-Secret", "sk-very-secret");
    let printed = [
        format!("{config:?}"),
        format!("{:?}", native(&config).unwrap()),
        format!("{:?}", config.handshake::<Realtime>(NODE).unwrap()),
        format!("{:?}", Credential::api_key("sk-very-secret")),
        format!("{:?}", Credential::bearer("sk-very-secret")),
    ];
    for printed in printed {
        assert!(!printed.contains("very-secret"), "{printed}");
    }
}
