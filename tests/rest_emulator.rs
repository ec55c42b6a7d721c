//! REST and socket together, against the emulator: sessions with minted keys, sockets of created
//! calls.

use std::time::{Duration, SystemTime};

use openai_realtime_ws::emulator::{CallState, Emulator};
use openai_realtime_ws::native::Connector;
use openai_realtime_ws::protocol::{
    ConversationItemCreate, Modality, RealtimeSession, ResponseCreate, SessionConfig,
    SessionUpdate, TranscriptionSession, TranslationServerEvent, TranslationSessionConfig,
};
use openai_realtime_ws::rest::webhook::{IncomingCall, Webhook, WebhookEvent};
use openai_realtime_ws::rest::{Client, Error};
use openai_realtime_ws::{
    Config, OpenAIRealtimeTranslationWS, OpenAIRealtimeWS, Refusal, RefusalKind, ServerEvent,
    Target, TransportError,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

#[cfg(target_os = "linux")]
#[path = "raw_server/deaf.rs"]
mod deaf;

const KEY: &str = "sk-emulator-0123456789";
const WEBHOOK_SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";

async fn emulator() -> Emulator {
    // The status of a refused handshake is what these tests look at.
    let builder = Emulator::builder().api_key(KEY).refuse_handshakes(true);
    builder.start().await.unwrap()
}

fn config(emulator: &Emulator, key: &str) -> Config {
    Config::new(key).insecure_loopback_url(emulator.ws_url())
}

fn client(emulator: &Emulator) -> Client {
    Client::new(config(emulator, KEY)).unwrap()
}

fn session() -> RealtimeSession {
    RealtimeSession::new()
        .model("gpt-realtime")
        .instructions("Be brief.")
        .output_modalities([Modality::Text])
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> Refusal {
    match result.unwrap_err() {
        Error::Refused(refusal) => refusal,
        error => panic!("{error:?}"),
    }
}

/// Opens a session, and returns its first configuration.
async fn opened(config: Config) -> (OpenAIRealtimeWS, SessionConfig) {
    let mut rt = OpenAIRealtimeWS::connect(config).await.unwrap();
    match rt.next().await {
        Some(Ok(ServerEvent::SessionCreated(created))) => (rt, *created.session),
        event => panic!("{event:?}"),
    }
}

fn instructions(session: &SessionConfig) -> Option<&str> {
    match session {
        SessionConfig::Realtime(session) => session.instructions.as_deref(),
        _ => None,
    }
}

/// Sends a text, and returns the text of the reply.
async fn ask(rt: &mut OpenAIRealtimeWS, text: &str) -> String {
    rt.send(ConversationItemCreate::user_text(text))
        .await
        .unwrap();
    rt.send(ResponseCreate::default()).await.unwrap();
    let mut reply = String::new();
    loop {
        match rt.next().await.unwrap().unwrap() {
            ServerEvent::ResponseOutputTextDelta(event) => reply.push_str(&event.delta),
            ServerEvent::ResponseDone(_) => return reply,
            _ => {}
        }
    }
}

/// Waits for the end of the session, without an error.
async fn closed(mut rt: OpenAIRealtimeWS) {
    while let Some(event) = rt.next().await {
        event.unwrap();
    }
}

#[tokio::test]
async fn a_minted_secret_opens_a_session_until_it_expires() {
    let emulator = emulator().await;
    let secret = client(&emulator)
        .client_secrets()
        .create(session(), Duration::from_secs(60))
        .await
        .unwrap();
    assert!(secret.value.expose().starts_with("ek_"));
    assert_eq!(instructions(&secret.session), Some("Be brief."));

    let guest = config(&emulator, secret.value.expose()).model("gpt-realtime");
    let (mut rt, session) = opened(guest.clone()).await;
    assert_eq!(instructions(&session), Some("Be brief."));
    assert!(ask(&mut rt, "Hello there").await.contains("Hello there"));

    // The key cannot mint more secrets.
    let guest_client = Client::new(guest.clone()).unwrap();
    let more = guest_client.client_secrets();
    let refused = refusal(more.create(RealtimeSession::new(), None).await);
    assert_eq!(refused.kind(), RefusalKind::Authentication);

    emulator.expire_client_secrets();
    let refused = OpenAIRealtimeWS::connect(guest).await.unwrap_err();
    let openai_realtime_ws::Error::Connect(TransportError::Refused(refused)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn secrets_are_for_transcription_and_translation_too() {
    let emulator = emulator().await;
    let client = client(&emulator);
    let secrets = client.client_secrets();
    let secret = secrets
        .create(TranscriptionSession::new(), None)
        .await
        .unwrap();
    assert!(matches!(secret.session, SessionConfig::Transcription(_)));
    let guest = config(&emulator, secret.value.expose()).target(Target::Transcription);
    let (_, session) = opened(guest).await;
    assert!(matches!(session, SessionConfig::Transcription(_)));

    let secret = secrets
        .create_translation(
            "gpt-realtime-translate",
            TranslationSessionConfig::default(),
            None,
        )
        .await
        .unwrap();
    let guest = config(&emulator, secret.value.expose()).model("gpt-realtime-translate");
    let mut rt = OpenAIRealtimeTranslationWS::connect(guest).await.unwrap();
    let first = rt.next().await.unwrap().unwrap();
    assert!(
        matches!(first, TranslationServerEvent::SessionCreated(_)),
        "{first:?}"
    );
}

#[tokio::test]
async fn what_the_service_refuses_says_why() {
    let emulator = emulator().await;
    let stranger = Client::new(config(&emulator, "sk-wrong-0123456789")).unwrap();
    let refused = refusal(stranger.client_secrets().create(session(), None).await);
    assert_eq!(refused.kind(), RefusalKind::Authentication);
    assert_eq!(refused.code.as_deref(), Some("invalid_api_key"));
    assert!(refused.message.is_some() && refused.request_id.is_some());

    let client = client(&emulator);
    let too_short = Duration::from_secs(1);
    let refused = refusal(client.client_secrets().create(session(), too_short).await);
    assert_eq!(refused.kind(), RefusalKind::BadRequest);
    let refused = refusal(client.calls().create("no SDP", None).await);
    assert_eq!(refused.code.as_deref(), Some("invalid_offer"));
    let refused = refusal(client.calls().hang_up("rtc_unknown").await);
    assert_eq!(refused.kind(), RefusalKind::NotFound);
}

#[tokio::test]
async fn tls_is_the_connectors_and_an_untrusted_certificate_is_an_error() {
    let emulator = emulator().await;
    let secure = Config::new(KEY).base_url(emulator.wss_url());
    let pem = emulator.certificate_pem().as_bytes();
    let trusting = Connector::new().root_certificate_pem(pem).unwrap();
    let client = Client::with_connector(secure.clone(), trusting).unwrap();
    let secret = client.client_secrets().create(session(), None).await;
    assert!(secret.unwrap().value.expose().starts_with("ek_"));

    let wary = Client::new(secure).unwrap();
    let error = wary.client_secrets().create(session(), None).await;
    let error = error.unwrap_err();
    assert!(
        matches!(error, Error::Transport(TransportError::Tls(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_call_over_tls_takes_the_connectors_proxy_and_one_without_takes_none() {
    let emulator = emulator().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy_url = format!("http://user:pass%20word@{}", listener.local_addr().unwrap());
    let port = emulator.port();
    let proxy = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 \r\n\r\n").await.unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        // The connection is over, with or without an error.
        let _ = copy_bidirectional(&mut stream, &mut server).await;
        String::from_utf8(request).unwrap().to_ascii_lowercase()
    });
    let pem = emulator.certificate_pem().as_bytes();
    let connector = Connector::new().root_certificate_pem(pem).unwrap();
    let connector = connector.proxy(&proxy_url).unwrap();
    let secure = Config::new(KEY).base_url(emulator.wss_url());
    let client = Client::with_connector(secure, connector.clone()).unwrap();
    client
        .client_secrets()
        .create(session(), None)
        .await
        .unwrap();
    // The connection is kept for more calls, until its client goes.
    drop(client);
    let request = proxy.await.unwrap();
    assert!(
        request.starts_with(&format!("connect 127.0.0.1:{port} ")),
        "{request}"
    );
    assert!(
        request.contains("proxy-authorization: basic dxnlcjpwyxnzihdvcmq=\r\n"),
        "{request}"
    );
    assert!(!request.contains("bearer"), "{request}");

    // The proxy is gone by now.
    let plain = Client::with_connector(config(&emulator, KEY), connector).unwrap();
    plain
        .client_secrets()
        .create(session(), None)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_call_is_created_attached_to_steered_and_hung_up() {
    let emulator = emulator().await;
    let client = client(&emulator);
    let call = client.calls().create(OFFER, session()).await.unwrap();
    assert!(call.answer_sdp.starts_with("v=0"));
    assert!(call.answer_sdp.contains("m=audio"));

    let sideband = config(&emulator, KEY).target(Target::Call(call.id.clone()));
    let (mut rt, begun) = opened(sideband).await;
    assert_eq!(instructions(&begun), Some("Be brief."));
    let change = RealtimeSession::new().instructions("Speak like a pirate.");
    rt.send(SessionUpdate::new(change)).await.unwrap();
    match rt.next().await.unwrap().unwrap() {
        ServerEvent::SessionUpdated(updated) => {
            assert_eq!(instructions(&updated.session), Some("Speak like a pirate."));
        }
        event => panic!("{event:?}"),
    }
    assert!(ask(&mut rt, "Ahoy").await.contains("Ahoy"));

    client.calls().hang_up(&call.id).await.unwrap();
    closed(rt).await;
    assert_eq!(emulator.call(&call.id).unwrap().state(), CallState::Ended);
    let refused = refusal(client.calls().hang_up(&call.id).await);
    assert_eq!(refused.kind(), RefusalKind::NotFound);
}

#[tokio::test]
async fn a_browsers_key_creates_the_call_that_it_was_minted_for() {
    let emulator = emulator().await;
    let secret = client(&emulator)
        .client_secrets()
        .create(session(), None)
        .await
        .unwrap();
    let page = Client::new(config(&emulator, secret.value.expose())).unwrap();
    let call = page.calls().create(OFFER, None).await.unwrap();
    let call = emulator.call(&call.id).unwrap();
    assert_eq!(call.state(), CallState::Active);
    assert_eq!(instructions(call.session().unwrap()), Some("Be brief."));
}

/// The announcement of an incoming call, read by the webhook.
fn incoming(emulator: &Emulator) -> IncomingCall {
    let delivery = emulator.incoming_call(WEBHOOK_SECRET);
    let header = |name: &str| {
        let found = delivery
            .headers()
            .iter()
            .find(|(known, _)| *known == name)?;
        Some(found.1.as_str())
    };
    let webhook = Webhook::new(WEBHOOK_SECRET).unwrap();
    let body = delivery.body().as_bytes();
    match webhook.verify(header, body, SystemTime::now()).unwrap() {
        WebhookEvent::IncomingCall(call) => {
            assert_eq!(call.call_id, delivery.call_id());
            call
        }
        event => panic!("{event:?}"),
    }
}

#[tokio::test]
async fn an_announced_call_is_accepted_attached_to_referred_and_hung_up() {
    let emulator = emulator().await;
    let client = client(&emulator);
    let call = incoming(&emulator);
    assert!(call.sip_header("from").unwrap().starts_with("sip:"));
    client
        .calls()
        .accept(&call.call_id, session())
        .await
        .unwrap();
    let again = client.calls().accept(&call.call_id, session()).await;
    assert_eq!(refusal(again).kind(), RefusalKind::Conflict);

    let sideband = config(&emulator, KEY).target(Target::Call(call.call_id.clone()));
    let (mut rt, begun) = opened(sideband).await;
    assert_eq!(instructions(&begun), Some("Be brief."));
    assert!(ask(&mut rt, "Good day").await.contains("Good day"));

    let calls = client.calls();
    calls.refer(&call.call_id, "tel:+15550123").await.unwrap();
    let seen = emulator.call(&call.call_id).unwrap();
    assert_eq!(seen.referred_to(), Some("tel:+15550123"));
    calls.hang_up(&call.call_id).await.unwrap();
    closed(rt).await;
}

#[tokio::test]
async fn an_announced_call_is_rejected_with_a_status() {
    let emulator = emulator().await;
    let client = client(&emulator);
    for (status, expected) in [(None, 603), (Some(486), 486)] {
        let call = incoming(&emulator);
        client.calls().reject(&call.call_id, status).await.unwrap();
        let seen = emulator.call(&call.call_id).unwrap();
        assert_eq!(seen.state(), CallState::Rejected(expected));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_dead_address_is_passed_over() {
    let emulator = emulator().await;
    let deaf = deaf::DeafAddress::start().await.unwrap();
    let live = ([127, 0, 0, 1], emulator.port()).into();
    let connector = Connector::new().resolve("two.localhost", [deaf.address, live]);
    let config = Config::new(KEY).insecure_loopback_url("ws://two.localhost/v1");
    let client = Client::with_connector(config, connector).unwrap();
    let minute = Duration::from_secs(60);
    let secret = client.client_secrets().create(session(), minute).await;
    assert!(secret.unwrap().value.expose().starts_with("ek_"));
}

#[tokio::test]
async fn a_proxy_that_refuses_a_call_is_reported_as_for_a_socket() {
    for status in [407, 403, 502] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://user:hunter2@{}", listener.local_addr().unwrap());
        let proxy = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            let answer = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(request).unwrap()
        });
        let connector = Connector::new().proxy(&url).unwrap();
        let config = Config::new(KEY).base_url("https://api.example.com/v1");
        let client = Client::with_connector(config, connector).unwrap();
        let client = client.max_retries(0);
        let error = client.client_secrets().create(session(), None).await;
        let error = error.unwrap_err();
        assert!(
            matches!(
                error,
                Error::Transport(TransportError::ProxyRefused { status: got, .. }) if got == status
            ),
            "{error:?}"
        );
        assert!(!format!("{error:?}").contains("hunter2"));
        let request = proxy.await.unwrap();
        assert!(request.starts_with("CONNECT api.example.com:443 HTTP/1.1\r\n"));
        assert!(!request.contains(KEY));
    }
}

#[test]
fn a_call_without_a_tokio_runtime_is_an_error() {
    let client = Client::new(Config::new(KEY)).unwrap();
    let minting = async {
        let secrets = client.client_secrets();
        secrets.create(session(), None).await
    };
    let error = futures_util::FutureExt::now_or_never(minting).unwrap();
    let error = error.unwrap_err();
    assert!(
        matches!(error, Error::Transport(TransportError::Unsupported(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_connection_is_used_for_more_than_one_call() {
    let emulator = emulator().await;
    let secure = Config::new(KEY).base_url(emulator.wss_url());
    let pem = emulator.certificate_pem().as_bytes();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy_url = format!("http://{}", listener.local_addr().unwrap());
    let port = emulator.port();
    let connections = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let count = std::sync::Arc::clone(&connections);
    let proxy = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            tokio::spawn(async move {
                let mut last = [0; 4];
                while last != *b"\r\n\r\n" {
                    last.rotate_left(1);
                    last[3] = stream.read_u8().await.unwrap();
                }
                stream.write_all(b"HTTP/1.1 200 \r\n\r\n").await.unwrap();
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    let connector = Connector::new().root_certificate_pem(pem).unwrap();
    let connector = connector.proxy(&proxy_url).unwrap();
    let client = Client::with_connector(secure, connector).unwrap();
    for client in [client.clone(), client] {
        let secret = client.client_secrets().create(session(), None).await;
        assert!(secret.unwrap().value.expose().starts_with("ek_"));
    }
    assert_eq!(connections.load(std::sync::atomic::Ordering::SeqCst), 1);
    proxy.abort();
}
