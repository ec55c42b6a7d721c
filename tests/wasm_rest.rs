//! REST calls by the runtime's own `fetch`, against the emulator. The environment of the test
//! runner chooses the runtime: Node and the like, a page, or a worker.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

use std::time::{Duration, UNIX_EPOCH};

use js_sys::{Function, Reflect};
use openai_realtime_ws::protocol::{RealtimeSession, SessionConfig};
use openai_realtime_ws::rest::webhook::{Webhook, WebhookEvent};
use openai_realtime_ws::rest::{Client, Error};
use openai_realtime_ws::{
    Config, ConfigError, OpenAIRealtimeWebSocket, RefusalKind, ServerEvent, Target, TransportError,
};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";

fn config(key: &str) -> Config {
    // Pages must have ephemeral keys only; these tests use others in pages, too.
    let allowed = Config::new(key).dangerously_allow_browser(true);
    allowed.insecure_loopback_url(emulator())
}

fn emulator() -> &'static str {
    let url = option_env!("EMULATOR_WS_URL");
    url.expect("EMULATOR_WS_URL names the emulator")
}

fn session() -> RealtimeSession {
    RealtimeSession::new()
        .model("gpt-realtime")
        .instructions("Be brief.")
}

/// Opens a session, and returns its instructions.
async fn instructions(config: Config) -> Option<String> {
    let mut rt = OpenAIRealtimeWebSocket::connect(config).await.unwrap();
    let Some(Ok(ServerEvent::SessionCreated(created))) = rt.next().await else {
        panic!("no session");
    };
    match *created.session {
        SessionConfig::Realtime(session) => session.instructions,
        _ => None,
    }
}

#[wasm_bindgen_test]
async fn a_minted_secret_opens_a_session() {
    let client = Client::new(config("sk-test")).unwrap();
    let secret = client
        .client_secrets()
        .create(session(), Duration::from_secs(60))
        .await
        .unwrap();
    assert!(secret.value.expose().starts_with("ek_"));
    let guest = config(secret.value.expose()).model("gpt-realtime");
    assert_eq!(instructions(guest).await.as_deref(), Some("Be brief."));
}

/// Contracts 35 to 37: everybody can read what a page holds, so its key must be ephemeral.
#[wasm_bindgen_test]
async fn a_page_calls_with_an_ephemeral_key() {
    let client =
        |key: &str| Client::new(Config::new(key).insecure_loopback_url(emulator())).unwrap();
    let in_browser = Reflect::get(&js_sys::global(), &"process".into()).unwrap();
    if in_browser.is_undefined() {
        let error = client("sk-test")
            .calls()
            .create(OFFER, session())
            .await
            .unwrap_err();
        assert!(
            matches!(error, Error::Config(ConfigError::Browser)),
            "{error:?}"
        );
    }
    let owner = Client::new(config("sk-test")).unwrap();
    let secret = owner
        .client_secrets()
        .create(session(), None)
        .await
        .unwrap();
    let guest = client(secret.value.expose());
    let call = guest.calls().create(OFFER, session()).await.unwrap();
    assert!(call.answer_sdp.starts_with("v=0"));
    owner.calls().hang_up(&call.id).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_call_is_created_attached_to_and_hung_up() {
    let client = Client::new(config("sk-test")).unwrap();
    let call = client.calls().create(OFFER, session()).await.unwrap();
    assert!(call.answer_sdp.starts_with("v=0"));
    let sideband = config("sk-test").target(Target::Call(call.id.clone()));
    assert_eq!(instructions(sideband).await.as_deref(), Some("Be brief."));
    client.calls().hang_up(&call.id).await.unwrap();
    match client.calls().hang_up(&call.id).await.unwrap_err() {
        Error::Refused(refusal) => {
            assert_eq!(refusal.kind(), RefusalKind::NotFound);
            assert!(refusal.message.is_some() && refusal.request_id.is_some());
        }
        error => panic!("{error:?}"),
    }
}

#[wasm_bindgen_test]
async fn a_server_that_is_not_there_is_an_error_without_a_reason() {
    // Browsers block this port.
    let config = config("sk-test").insecure_loopback_url("http://127.0.0.1:1/v1");
    let client = Client::new(config).unwrap();
    let error = client.calls().hang_up("rtc_1").await.unwrap_err();
    assert!(matches!(error, Error::Unexplained(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("sk-test"));
}

/// Replaces `fetch` by one that misbehaves for some base URLs.
fn misbehaving_fetch() {
    let install = Function::new_no_args(
        r"
        if (globalThis.wellBehavedFetch) return;
        const fetch = (globalThis.wellBehavedFetch = globalThis.fetch);
        const headers = new Headers({ 'x-request-id': 'req_1' });
        const response = (arrayBuffer) => ({ status: 200, headers, arrayBuffer });
        const faults = {
          'throws-text': () => { throw 'text'; },
          'rejects-text': () => Promise.reject('text'),
          'rejects-undefined': () => Promise.reject(undefined),
          'rejects-object': () => Promise.reject({ name: 'Odd' }),
          'returns-undefined': () => undefined,
          'returns-text': () => Promise.resolve('text'),
          'returns-no-headers': () => Promise.resolve({ status: 200 }),
          'body-rejects-text': async () => response(() => Promise.reject('text')),
          'body-throws-text': async () => response(() => { throw 'text'; }),
          'body-is-text': async () => response(async () => 'text'),
          'other-class': async () => response(async () => new TextEncoder().encode('{}').buffer),
        };
        globalThis.fetch = (request, init) => {
          const fault = faults[new URL(request.url ?? request).pathname.split('/')[1]];
          return fault ? fault() : fetch(request, init);
        };",
    );
    install.call0(&JsValue::UNDEFINED).unwrap();
}

#[wasm_bindgen_test]
async fn a_fetch_that_misbehaves_is_an_error_and_no_panic() {
    misbehaving_fetch();
    let call = async |fault: &str| {
        let config = config("sk-test").insecure_loopback_url(format!("http://127.0.0.1:9/{fault}"));
        Client::new(config).unwrap().calls().hang_up("rtc_1").await
    };
    for (fault, name) in [
        ("rejects-text", "an exception without a name"),
        ("rejects-undefined", "an exception without a name"),
        ("rejects-object", "Odd"),
        ("body-rejects-text", "an exception without a name"),
        ("body-throws-text", "an exception without a name"),
        ("body-is-text", "an exception without a name"),
    ] {
        let error = call(fault).await.unwrap_err();
        assert!(
            matches!(&error, Error::Unexplained(thrown) if thrown == name),
            "{fault}: {error:?}"
        );
    }
    for fault in [
        "throws-text",
        "returns-undefined",
        "returns-text",
        "returns-no-headers",
    ] {
        let error = call(fault).await.unwrap_err();
        assert!(
            matches!(error, Error::Transport(TransportError::Unsupported(_))),
            "{fault}: {error:?}"
        );
    }
    call("other-class").await.unwrap();
}

#[wasm_bindgen_test]
async fn a_header_that_http_forbids_is_an_error() {
    for (name, value) in [("X-Own", "two\r\nlines"), ("no name", "x")] {
        let client = Client::new(config("sk-test").header(name, value)).unwrap();
        let error = client.calls().hang_up("rtc_1").await.unwrap_err();
        assert!(
            matches!(error, Error::Transport(TransportError::Unsupported(_))),
            "{error:?}"
        );
    }
}

#[wasm_bindgen_test]
async fn a_call_has_a_time_limit() {
    let client = Client::new(config("sk-test")).unwrap();
    let client = client.timeout(Duration::ZERO);
    let error = client.calls().hang_up("rtc_1").await.unwrap_err();
    assert!(matches!(error, Error::Timeout), "{error:?}");
}

#[wasm_bindgen_test]
fn a_webhook_is_verified() {
    let webhook = Webhook::new("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    let header = |name: &str| match name {
        "webhook-id" => Some("wh_1"),
        "webhook-timestamp" => Some("1750287000"),
        "webhook-signature" => Some("v1,04TTrbE5TW9ttWkWjlTChYvcB6COpJsxYwzKsGtxUD0="),
        _ => None,
    };
    let now = UNIX_EPOCH + Duration::from_secs(1_750_287_000);
    let body = br#"{"type":"batch.completed","data":{"id":"b"}}"#;
    let event = webhook.verify(header, body, now).unwrap();
    assert!(matches!(event, WebhookEvent::Other(_)), "{event:?}");
    assert!(webhook.verify(header, b"{}", now).is_err());
}
