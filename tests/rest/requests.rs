//! The requests that the service sees.

use std::time::Duration;

use openai_realtime_ws::protocol::{
    RealtimeSession, SessionConfig, TranscriptionSession, TranslationAudio, TranslationAudioOutput,
    TranslationSession, TranslationSessionConfig,
};
use openai_realtime_ws::rest::{Client, Error};
use openai_realtime_ws::{Config, ConfigError, Credential, CredentialError, Runtime};
use serde_json::json;

use super::server::{Server, answer};
use super::{KEY, client, config, mint, minted};

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n";
const ANSWER: &str = "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=-\r\n";

fn set_up() -> String {
    answer(
        201,
        "Location: /v1/realtime/calls/rtc_1\r\nContent-Type: application/sdp\r\n",
        ANSWER,
    )
}

#[tokio::test]
async fn a_client_secret_is_minted() {
    let server = Server::start([minted(), minted()]).await;
    let client = client(&server);
    let session = RealtimeSession::new().model("gpt-realtime");
    let secret = client
        .client_secrets()
        .create(session, Duration::from_secs(90))
        .await
        .unwrap();
    assert_eq!(secret.value.expose(), "ek_0123456789");
    assert_eq!(secret.expires_at, 1_750_287_600);
    let SessionConfig::Realtime(session) = &secret.session else {
        panic!("another session");
    };
    assert_eq!(session.id.as_deref(), Some("sess_1"));
    let debug = format!("{secret:?} {:?}", secret.value);
    assert!(
        debug.contains("1750287600") && !debug.contains("0123456789"),
        "{debug}"
    );

    client
        .client_secrets()
        .create(TranscriptionSession::new(), None)
        .await
        .unwrap();
    let [first, second] = server.seen().try_into().unwrap();
    assert_eq!(first.line, "POST /v1/realtime/client_secrets HTTP/1.1");
    assert_eq!(first.header("authorization"), format!("Bearer {KEY}"));
    assert_eq!(first.header("accept"), "application/json");
    let agent = concat!("openai-realtime-ws/", env!("CARGO_PKG_VERSION"));
    assert_eq!(first.header("user-agent"), agent);
    assert_eq!(
        first.json(),
        json!({
            "session": {"type": "realtime", "model": "gpt-realtime"},
            "expires_after": {"anchor": "created_at", "seconds": 90},
        })
    );
    assert_eq!(second.json(), json!({"session": {"type": "transcription"}}));
}

#[tokio::test]
async fn a_client_secret_for_translation_is_minted() {
    let body = json!({"value": "ek_1", "expires_at": 5, "session":
        {"type": "translation", "id": "sess_1", "model": "m", "expires_at": 6, "audio": {"output": {"language": "es"}}}});
    let server = Server::start([answer(200, "", &body.to_string())]).await;
    let output = TranslationAudioOutput::default().language("es");
    let audio = TranslationAudio::default().output(output);
    let config = TranslationSessionConfig::default().audio(audio);
    let client = client(&server);
    let secrets = client.client_secrets();
    let secret = secrets
        .create_translation("m", config, Duration::from_secs(60))
        .await
        .unwrap();
    let TranslationSession::Translation(session) = secret.session else {
        panic!("another session");
    };
    assert_eq!((session.model.as_str(), session.expires_at), ("m", 6));
    let [seen] = server.seen().try_into().unwrap();
    assert_eq!(seen.path(), "/v1/realtime/translations/client_secrets");
    assert_eq!(
        seen.json(),
        json!({
            "session": {"model": "m", "audio": {"output": {"language": "es"}}},
            "expires_after": {"anchor": "created_at", "seconds": 60},
        })
    );
}

#[tokio::test]
async fn a_call_is_created_from_an_offer() {
    let server = Server::start([set_up(), set_up()]).await;
    let client = client(&server);
    let session = RealtimeSession::new().model("gpt-realtime");
    let call = client.calls().create(OFFER, session).await.unwrap();
    assert_eq!(call.id, "rtc_1");
    assert_eq!(call.answer_sdp, ANSWER);
    client.calls().create(OFFER, None).await.unwrap();

    let [with_session, without] = server.seen().try_into().unwrap();
    assert_eq!(with_session.line, "POST /v1/realtime/calls HTTP/1.1");
    assert_eq!(with_session.header("accept"), "application/sdp");
    assert_eq!(
        with_session.header("authorization"),
        format!("Bearer {KEY}")
    );
    let session = (
        "session",
        "application/json",
        r#"{"type":"realtime","model":"gpt-realtime"}"#,
    );
    let sdp = ("sdp", "application/sdp", OFFER);
    for (seen, parts) in [(&with_session, &[sdp, session][..]), (&without, &[sdp])] {
        let content_type = seen.header("content-type");
        let boundary = content_type
            .strip_prefix("multipart/form-data; boundary=")
            .unwrap();
        let mut expected = String::new();
        for (name, kind, content) in parts {
            let disposition = format!("Content-Disposition: form-data; name=\"{name}\"");
            let head = format!("--{boundary}\r\n{disposition}\r\nContent-Type: {kind}\r\n\r\n");
            expected += &(head + content + "\r\n");
        }
        assert_eq!(seen.body, expected + "--" + boundary + "--\r\n");
    }
}

#[tokio::test]
async fn a_call_is_accepted_rejected_referred_and_hung_up() {
    let server = Server::start((0..5).map(|_| answer(200, "", ""))).await;
    let client = client(&server);
    let calls = client.calls();
    let session = RealtimeSession::new().model("gpt-realtime");
    calls.accept("rtc_1", session).await.unwrap();
    calls.reject("rtc_1", None).await.unwrap();
    calls.reject("rtc_1", 486).await.unwrap();
    calls.refer("rtc_1", "tel:+15550100").await.unwrap();
    calls.hang_up("rtc 1/2").await.unwrap();

    let seen = server.seen();
    let (hang_up, with_body) = seen.split_last().unwrap();
    let asked: Vec<_> = with_body
        .iter()
        .map(|seen| (seen.path(), seen.json()))
        .collect();
    assert_eq!(
        asked,
        [
            (
                "/v1/realtime/calls/rtc_1/accept",
                json!({"type": "realtime", "model": "gpt-realtime"})
            ),
            ("/v1/realtime/calls/rtc_1/reject", json!({})),
            (
                "/v1/realtime/calls/rtc_1/reject",
                json!({"status_code": 486})
            ),
            (
                "/v1/realtime/calls/rtc_1/refer",
                json!({"target_uri": "tel:+15550100"})
            ),
        ]
    );
    assert_eq!(hang_up.path(), "/v1/realtime/calls/rtc%201%2F2/hangup");
    assert_eq!(hang_up.body, "");
    assert_eq!(hang_up.all("content-type"), [""; 0]);
}

#[tokio::test]
async fn an_id_that_would_change_the_url_is_refused() {
    let server = Server::start([]).await;
    let client = client(&server);
    let calls = client.calls();
    for id in ["", ".", ".."] {
        let failures = [
            calls.accept(id, RealtimeSession::new()).await,
            calls.reject(id, None).await,
            calls.refer(id, "tel:+15550100").await,
            calls.hang_up(id).await,
        ];
        for failure in failures {
            assert!(matches!(failure, Err(Error::CallId)), "{failure:?}");
        }
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn the_configurations_headers_go_along_but_never_in_place_of_the_calls_own() {
    let server = Server::start([minted()]).await;
    let config = config(&server)
        .organization("org-1")
        .project("proj_1")
        .safety_identifier("hash")
        .header("X-Own", "1")
        .header("content-type", "text/plain")
        .without_header("user-agent");
    mint(&Client::new(config).unwrap()).await.unwrap();
    let [seen] = server.seen().try_into().unwrap();
    assert_eq!(seen.header("openai-organization"), "org-1");
    assert_eq!(seen.header("openai-project"), "proj_1");
    assert_eq!(seen.header("openai-safety-identifier"), "hash");
    assert_eq!(seen.header("x-own"), "1");
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.all("user-agent"), [""; 0]);
}

#[tokio::test]
async fn azure_has_its_own_path_and_header() {
    let server = Server::start([minted(), minted()]).await;
    let base = format!("http://127.0.0.1:{}/openai?old=1", server.port);
    let key = Config::azure("https://example.com", "azure-key").insecure_loopback_url(&base);
    mint(&Client::new(key).unwrap()).await.unwrap();
    let token = Credential::bearer("entra-token");
    let token = Config::azure("https://example.com", token).insecure_loopback_url(&base);
    mint(&Client::new(token).unwrap()).await.unwrap();

    let [with_key, with_token] = server.seen().try_into().unwrap();
    assert_eq!(with_key.path(), "/openai/v1/realtime/client_secrets");
    assert_eq!(with_key.header("api-key"), "azure-key");
    assert_eq!(with_key.all("authorization"), [""; 0]);
    assert_eq!(with_token.header("authorization"), "Bearer entra-token");
    assert_eq!(with_token.all("api-key"), [""; 0]);
}

#[tokio::test]
async fn a_provider_is_asked_for_every_call() {
    let server = Server::start([minted(), minted()]).await;
    let tokens = std::sync::atomic::AtomicU32::new(0);
    let provider = Credential::provider(move || {
        let count = tokens.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move { Ok::<_, std::io::Error>(format!("token-{count}")) }
    });
    let client = Client::new(Config::new(provider).insecure_loopback_url(server.url())).unwrap();
    mint(&client).await.unwrap();
    mint(&client).await.unwrap();
    let seen = server.seen();
    let tokens: Vec<_> = seen
        .iter()
        .map(|seen| seen.header("authorization"))
        .collect();
    assert_eq!(tokens, ["Bearer token-0", "Bearer token-1"]);
}

#[tokio::test]
async fn without_a_credential_nothing_is_sent() {
    let server = Server::start([]).await;
    let mint_with = async |credential: Credential| {
        let config = Config::new(credential).insecure_loopback_url(server.url());
        mint(&Client::new(config).unwrap()).await.unwrap_err()
    };
    let error = mint_with(" ".into()).await;
    assert!(
        matches!(error, Error::Config(ConfigError::EmptyKey)),
        "{error:?}"
    );
    let error = mint_with(Credential::provider(|| async {
        Ok::<_, std::io::Error>(String::new())
    }))
    .await;
    assert!(
        matches!(error, Error::Credential(CredentialError::Empty)),
        "{error:?}"
    );
    assert!(server.seen().is_empty());
}

#[test]
fn rest_urls_follow_the_sockets_rules() {
    for (base, expected) in [
        (
            "https://example.com/custom/",
            "https://example.com/custom/x",
        ),
        ("http://example.com/v1", "https://example.com/v1/x"),
        ("wss://example.com:443/v1", "https://example.com/v1/x"),
        ("http://localhost:8080/v1", "https://localhost:8080/v1/x"),
        (
            "https://example.com/v1?a=1&model=m#f",
            "https://example.com/v1/x?a=1",
        ),
        ("https://example.com/v1//", "https://example.com/v1//x"),
    ] {
        let request = Config::new("k")
            .base_url(base)
            .rest_request("/x", Runtime::Native);
        assert_eq!(request.unwrap().url(), expected);
    }
    let plain = |base| {
        let config = Config::new("k").insecure_loopback_url(base);
        let request = config.rest_request("/x", Runtime::Native);
        request.map(|request| request.url().to_owned())
    };
    assert_eq!(plain("ws://[::1]:80/v1").unwrap(), "http://[::1]/v1/x");
    assert!(matches!(
        plain("http://example.com/v1"),
        Err(ConfigError::InsecureUrl)
    ));
    assert!(matches!(plain("v1"), Err(ConfigError::InvalidUrl)));
    let azure = Config::azure("https://example.com/", "k").rest_request("/x", Runtime::Native);
    assert_eq!(azure.unwrap().url(), "https://example.com/openai/v1/x");
}

#[test]
fn a_page_may_have_an_ephemeral_key_only_contracts_35_36() {
    let page = Runtime::javascript().in_browser(true);
    let request = |config: Config| config.rest_request("/x", page);
    assert!(matches!(
        request(Config::new("sk-1")),
        Err(ConfigError::Browser)
    ));
    let refused = Config::new("ek_1").dangerously_allow_browser(false);
    assert!(matches!(request(refused), Err(ConfigError::Browser)));
    request(Config::new("sk-1").dangerously_allow_browser(true)).unwrap();

    let ephemeral = request(Config::new("ek_1").project("proj_1")).unwrap();
    let headers: Vec<_> = ephemeral.headers().collect();
    assert_eq!(
        headers,
        [
            ("Authorization", "Bearer ek_1"),
            ("OpenAI-Project", "proj_1")
        ]
    );
    assert_eq!(ephemeral.subprotocols().count(), 0);
}

#[test]
fn calls_may_move_between_threads() {
    fn assert_send<T: Send>(_: &T) {}
    let client = Client::new(Config::new("k")).unwrap();
    assert_send(&client);
    assert_send(&mint(&client));
    assert_send(&client.calls().create(OFFER, RealtimeSession::new()));
    assert_send(&client.calls().accept("rtc_1", RealtimeSession::new()));
}
