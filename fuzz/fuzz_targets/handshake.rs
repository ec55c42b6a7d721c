//! Settings of any kind: the handshake is a WebSocket's, is encrypted unless it stays on this
//! machine or the settings ask for clear text, and shows the key to the server only.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use openai_realtime_ws::{Config, Credential, Realtime, Runtime, Target, Translation};
use url::{Host, Url};

// Of both cases, so that no host name in a URL can become it.
const KEY: &str = "sk-The-Key-That-Nobody-May-See";

#[derive(Arbitrary, Debug)]
struct Settings<'a> {
    is_token: bool,
    azure: Option<&'a str>,
    base_url: Option<&'a str>,
    loopback_url: Option<&'a str>,
    cleartext_url: Option<&'a str>,
    model: Option<&'a str>,
    call: Option<&'a str>,
    transcription: bool,
    organization: Option<&'a str>,
    project: Option<&'a str>,
    headers: Vec<(&'a str, &'a str)>,
    without: Option<&'a str>,
    allow_browser: Option<bool>,
    javascript: Option<(bool, bool)>,
    rest_path: &'a str,
}

fuzz_target!(|settings: Settings| {
    // libFuzzer learns the key from the search for it.
    if format!("{settings:?}").contains(KEY) {
        return;
    }
    let config = config(&settings);
    let runtime = match settings.javascript {
        None => Runtime::Native,
        Some((headers, browser)) => Runtime::javascript()
            .with_headers(headers)
            .in_browser(browser),
    };
    let may_be_plain = |url: &Url| {
        settings.cleartext_url.is_some() || settings.loopback_url.is_some() && is_loopback(url)
    };
    for handshake in [
        config.handshake::<Realtime>(runtime),
        config.handshake::<Translation>(runtime),
    ]
    .into_iter()
    .flatten()
    {
        let url = Url::parse(handshake.url()).unwrap();
        match url.scheme() {
            "wss" => {}
            "ws" => assert!(may_be_plain(&url), "{url}"),
            _ => panic!("{url}"),
        }
        assert!(!handshake.public_url().contains(KEY));
        assert!(!format!("{handshake:?}").contains(KEY));
    }
    if let Ok(request) = config.rest_request(settings.rest_path, runtime) {
        let url = Url::parse(request.url()).unwrap();
        assert!(url.scheme() == "https" || may_be_plain(&url), "{url}");
    }
    assert!(!format!("{config:?}").contains(KEY));
});

fn config(settings: &Settings) -> Config {
    let credential = if settings.is_token {
        Credential::bearer(KEY)
    } else {
        Credential::api_key(KEY)
    };
    let mut config = match settings.azure {
        None => Config::new(credential),
        Some(endpoint) => Config::azure(endpoint, credential),
    };
    if let Some(url) = settings.base_url {
        config = config.base_url(url);
    }
    if let Some(url) = settings.loopback_url {
        config = config.insecure_loopback_url(url);
    }
    if let Some(url) = settings.cleartext_url {
        config = config.insecure_cleartext_url(url);
    }
    if let Some(model) = settings.model {
        config = config.model(model);
    }
    if let Some(call) = settings.call {
        config = config.target(Target::Call(call.to_owned()));
    }
    if settings.transcription {
        config = config.target(Target::Transcription);
    }
    if let Some(id) = settings.organization {
        config = config.organization(id);
    }
    if let Some(id) = settings.project {
        config = config.project(id);
    }
    for (name, value) in &settings.headers {
        config = config.header(*name, *value);
    }
    if let Some(name) = settings.without {
        config = config.without_header(name);
    }
    if let Some(allow) = settings.allow_browser {
        config = config.dangerously_allow_browser(allow);
    }
    config
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
