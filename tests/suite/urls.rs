//! The URLs that the official Node SDK 7.57 makes, for native (the `url` crate) and wasm (the
//! runtime's `URL`) alike.

use openai_realtime_ws::{Config, ConfigError, Realtime, Runtime, Target};

const BASES: &[(&str, &str)] = &[
    // A base without a path, and with each ending (contract 4).
    (
        "https://example.com",
        "wss://example.com/realtime?model=gpt-realtime",
    ),
    (
        "https://api.openai.com/v1",
        "wss://api.openai.com/v1/realtime?model=gpt-realtime",
    ),
    (
        "https://api.openai.com/v1/",
        "wss://api.openai.com/v1/realtime?model=gpt-realtime",
    ),
    (
        "https://example.com/v1//",
        "wss://example.com/v1//realtime?model=gpt-realtime",
    ),
    (
        "https://example.com/custom/path/",
        "wss://example.com/custom/path/realtime?model=gpt-realtime",
    ),
    // Any scheme becomes wss; its default port goes, others stay (contracts 5 and 6).
    (
        "http://localhost/v1",
        "wss://localhost/v1/realtime?model=gpt-realtime",
    ),
    (
        "http://localhost:8080/v1",
        "wss://localhost:8080/v1/realtime?model=gpt-realtime",
    ),
    (
        "http://localhost:443/v1",
        "wss://localhost/v1/realtime?model=gpt-realtime",
    ),
    (
        "https://example.com:443/v1",
        "wss://example.com/v1/realtime?model=gpt-realtime",
    ),
    (
        "https://[::1]:9000/v1",
        "wss://[::1]:9000/v1/realtime?model=gpt-realtime",
    ),
    (
        "wss://example.com/v1",
        "wss://example.com/v1/realtime?model=gpt-realtime",
    ),
    (
        "ftp://example.com/v1",
        "wss://example.com/v1/realtime?model=gpt-realtime",
    ),
    // The host in lower case and punycode, the path percent-encoded, the user kept (contract 6).
    (
        "https://EXAMPLE.com/V1",
        "wss://example.com/V1/realtime?model=gpt-realtime",
    ),
    (
        "https://bücher.example/v1",
        "wss://xn--bcher-kva.example/v1/realtime?model=gpt-realtime",
    ),
    (
        "https://example.com/a b/v1",
        "wss://example.com/a%20b/v1/realtime?model=gpt-realtime",
    ),
    (
        "https://example.com/a%2Fb/ü",
        "wss://example.com/a%2Fb/%C3%BC/realtime?model=gpt-realtime",
    ),
    (
        "https://user:pass@example.com/v1",
        "wss://user:pass@example.com/v1/realtime?model=gpt-realtime",
    ),
    (
        "foo://EXAMPLE.com:443/v1",
        "wss://example.com/v1/realtime?model=gpt-realtime",
    ),
    // The query stays but for the targets, the hash goes (contract 7).
    (
        "https://example.com/v1?api-version=x",
        "wss://example.com/v1/realtime?api-version=x&model=gpt-realtime",
    ),
    (
        "https://example.com/v1/?a=b&c=d",
        "wss://example.com/v1/realtime?a=b&c=d&model=gpt-realtime",
    ),
    (
        "https://example.com/v1?a=b%20c&d",
        "wss://example.com/v1/realtime?a=b+c&d=&model=gpt-realtime",
    ),
    (
        "https://example.com/v1?model=x&k=1&intent=y&call_id=z&model=w#hash",
        "wss://example.com/v1/realtime?k=1&model=gpt-realtime",
    ),
];

/// Values are form-encoded (contract 6).
const MODELS: &[(&str, &str)] = &[
    ("gpt-realtime", "gpt-realtime"),
    ("a b", "a+b"),
    ("a+b", "a%2Bb"),
    ("a&b=c", "a%26b%3Dc"),
    ("日本", "%E6%97%A5%E6%9C%AC"),
    ("a/b?c#d", "a%2Fb%3Fc%23d"),
    ("!'()~", "%21%27%28%29%7E"),
    ("*-._:", "*-._%3A"),
];

const INVALID: &[&str] = &[
    "",
    "example.com/v1",
    "/v1",
    "https://",
    "mailto:a@b",
    "http://[::1",
    "http://a b/",
    "nonsense",
    "http://a<b/",
    "ws://a b.localhost/v1",
    "http://a%2Fb/",
    "file:///v1",
    "foo:///v1",
];

const LOOPBACK: &[&str] = &[
    "ws://localhost:8080/v1",
    "http://LOCALHOST:8080/v1",
    "http://emulator.localhost:8080/v1",
    "ws://127.0.0.1:8080/v1",
    "ws://127.1:8080/v1",
    "ws://127.8.8.8:8080/v1",
    "ws://[::1]:8080/v1",
    "ws://[0:0::1]:8080/v1",
    "foo://127.1:8080/v1",
];

const ELSEWHERE: &[&str] = &[
    "ws://example.com/v1",
    "ws://0.0.0.0:8080/v1",
    "ws://128.0.0.1:8080/v1",
    "ws://[::2]:8080/v1",
    "ws://127.0.0.1.example.com/v1",
    "ws://localhost.example.com/v1",
    "ws://notlocalhost/v1",
    "ws://localhost:pass@example.com/v1",
];

/// Azure's bases, and the paths that they lead to (contract 13).
const AZURE: &[(&str, &str)] = &[
    ("https://example.com/openai/", "/openai/v1"),
    ("https://example.com/openai", "/openai/v1"),
    ("https://example.com/openai/v1", "/openai/v1"),
    ("https://example.com/openai/v1/", "/openai/v1"),
    ("https://example.com", "/v1"),
    ("https://example.com//openai//", "/openai/v1"),
    ("https://example.com/openai?x=1#h", "/openai/v1"),
    ("https://example.com/openai/V1", "/openai/V1/v1"),
    ("http://example.com/openai", "/openai/v1"),
];

fn azures_are_the_sdks(url: impl Fn(Config) -> Result<String, String>) {
    let targets = [
        (Target::Call("rtc_1".into()), "call_id=rtc_1"),
        (Target::Model("my dep".into()), "model=my+dep"),
        (Target::Transcription, "intent=transcription"),
    ];
    for (target, query) in targets {
        for (base, path) in AZURE {
            let config = Config::azure("https://elsewhere.example", "azk").base_url(*base);
            let made = url(config.target(target.clone()));
            let expected = format!("wss://example.com{path}/realtime?{query}");
            assert_eq!(made, Ok(expected), "{base}");
        }
        for endpoint in [
            "https://example.com/",
            "https://example.com///",
            "https://example.com",
        ] {
            let made = url(Config::azure(endpoint, "azk").target(target.clone()));
            let expected = format!("wss://example.com/openai/v1/realtime?{query}");
            assert_eq!(made, Ok(expected), "{endpoint}");
        }
    }
}

pub fn are_the_sdks() {
    let url = |config: Config| {
        config
            .handshake::<Realtime>(Runtime::Native)
            .map(|handshake| handshake.url().to_owned())
            .map_err(|error| error.to_string())
    };
    azures_are_the_sdks(url);
    let config = || Config::new("sk-test").base_url("https://example.com/v1");
    for (base, expected) in BASES {
        let made = url(config().base_url(*base).model("gpt-realtime"));
        assert_eq!(made.unwrap(), *expected, "{base}");
    }
    for (model, expected) in MODELS {
        let expected = format!("wss://example.com/v1/realtime?model={expected}");
        assert_eq!(url(config().model(*model)), Ok(expected), "{model}");
    }
    for (target, expected) in [
        (
            Target::Call("rtc_123".into()),
            "wss://example.com/v1/realtime?call_id=rtc_123",
        ),
        (
            Target::Transcription,
            "wss://example.com/v1/realtime?intent=transcription",
        ),
    ] {
        assert_eq!(url(config().target(target)).unwrap(), expected);
    }
    for base in INVALID {
        let made = url(config().base_url(*base).model("gpt-realtime"));
        assert_eq!(made, Err(ConfigError::InvalidUrl.to_string()), "{base}");
    }
    for base in LOOPBACK {
        let made = url(config().insecure_loopback_url(*base).model("gpt-realtime"));
        assert!(
            made.as_ref().is_ok_and(|url| url.starts_with("ws://")),
            "{base}: {made:?}"
        );
    }
    for base in ELSEWHERE {
        let made = url(config().insecure_loopback_url(*base).model("gpt-realtime"));
        assert_eq!(made, Err(ConfigError::InsecureUrl.to_string()), "{base}");
    }
}
