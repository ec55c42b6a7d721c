//! The handshakes that the official Node SDK 7.57 makes, for native and wasm alike: its `WS` class
//! beside [`Runtime::Native`], its other beside JavaScript.

use openai_realtime_ws::{Config, Credential, Realtime, Runtime, Target};

const NODE: Runtime = Runtime::javascript().with_headers(true);

struct Row {
    label: &'static str,
    config: Config,
    runtime: Runtime,
    url: &'static str,
    /// Public URL, if it differs.
    public_url: Option<&'static str>,
    /// All but `User-Agent`, which names the client.
    headers: &'static [(&'static str, &'static str)],
    subprotocols: &'static [&'static str],
}

fn rows() -> Vec<Row> {
    const MODEL: &str = "wss://127.0.0.1:9/v1/realtime?model=gpt-realtime";
    const AZURE: &str = "wss://127.0.0.1:9/openai/v1/realtime?model=dep";
    let at = |config: Config| config.base_url("https://127.0.0.1:9/v1");
    let openai = |key: &str| at(Config::new(key)).model("gpt-realtime");
    let routed = || openai("sk-test").organization("org-1").project("proj_1");
    let azure =
        |credential: Credential| Config::azure("https://127.0.0.1:9", credential).model("dep");
    let native = |label, config, url, headers| Row {
        label,
        config,
        runtime: Runtime::Native,
        url,
        public_url: None,
        headers,
        subprotocols: &[],
    };
    let script = |label, config, subprotocols| Row {
        label,
        config,
        runtime: NODE,
        url: MODEL,
        public_url: None,
        headers: &[],
        subprotocols,
    };
    vec![
        native(
            "static key",
            openai("sk-test"),
            MODEL,
            &[("authorization", "Bearer sk-test")],
        ),
        native(
            "organization and project",
            routed(),
            MODEL,
            &[
                ("authorization", "Bearer sk-test"),
                ("openai-organization", "org-1"),
                ("openai-project", "proj_1"),
            ],
        ),
        native(
            "the caller's Authorization",
            openai("sk-test")
                .header("Authorization", "Bearer other")
                .header("x-c", "v"),
            MODEL,
            &[("authorization", "Bearer other"), ("x-c", "v")],
        ),
        native(
            "Azure, static key",
            azure("azk".into()),
            AZURE,
            &[("api-key", "azk")],
        ),
        native(
            "Azure, token",
            azure(Credential::bearer("tok")),
            AZURE,
            &[("authorization", "Bearer tok")],
        ),
        native(
            "transcription",
            at(Config::new("sk-test")).target(Target::Transcription),
            "wss://127.0.0.1:9/v1/realtime?intent=transcription",
            &[("authorization", "Bearer sk-test")],
        ),
        script(
            "static key",
            openai("sk-test"),
            &["realtime", "openai-insecure-api-key.sk-test"],
        ),
        script(
            "organization and project",
            routed(),
            &[
                "realtime",
                "openai-insecure-api-key.sk-test",
                "openai-organization.org-1",
                "openai-project.proj_1",
            ],
        ),
        Row {
            label: "Azure, static key",
            config: azure("azk".into()),
            runtime: NODE,
            url: AZURE,
            public_url: Some(
                "wss://127.0.0.1:9/openai/v1/realtime?model=dep&api-key=%3CREDACTED%3E",
            ),
            headers: &[("api-key", "azk")],
            subprotocols: &["realtime"],
        },
    ]
}

pub fn are_the_sdks() {
    for row in rows() {
        let label = format!("{:?}: {}", row.runtime, row.label);
        let made = row.config.handshake::<Realtime>(row.runtime).unwrap();
        assert_eq!(made.url(), row.url, "{label}");
        assert_eq!(
            made.public_url(),
            row.public_url.unwrap_or(row.url),
            "{label}"
        );
        let mut headers: Vec<(String, &str)> = made
            .headers()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        headers.retain(|(name, _)| name != "user-agent");
        headers.sort();
        let expected: Vec<_> = row
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect();
        assert_eq!(headers, expected, "{label}");
        assert_eq!(
            made.subprotocols().collect::<Vec<_>>(),
            row.subprotocols,
            "{label}"
        );
    }
}
