//! REST, and the sockets that come of it: by hand-written requests, so that nothing helps the
//! server.

use openai_realtime_ws::emulator::{CallState, Emulator};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::{Client, TARGET};

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";

/// An answer: status, head and body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = lines.filter_map(|(key, value)| (key == name).then_some(value));
        values.next()
    }

    /// The status, and the code and the field of the error.
    #[track_caller]
    fn error(&self) -> (u16, String, Option<String>) {
        assert!(self.header("x-request-id").unwrap().starts_with("req_"));
        assert_eq!(self.header("content-type"), Some("application/json"));
        let error = &self.json()["error"];
        assert_eq!(error["type"], "invalid_request_error");
        assert!(error["message"].is_string());
        let code = error["code"].as_str().unwrap().to_owned();
        (
            self.status,
            code,
            error["param"].as_str().map(str::to_owned),
        )
    }
}

async fn request(emulator: &Emulator, head: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", emulator.port()))
        .await
        .unwrap();
    let request = format!(
        "{head}\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

async fn post(emulator: &Emulator, path: &str, body: &Value) -> Answer {
    let head = format!("POST /v1/realtime{path} HTTP/1.1\r\nauthorization: Bearer sk-test");
    request(emulator, &head, &body.to_string()).await
}

async fn strict() -> Emulator {
    Emulator::builder()
        .api_key("sk-test")
        .refuse_handshakes(true)
        .start()
        .await
        .unwrap()
}

async fn mint(emulator: &Emulator, path: &str, body: Value) -> String {
    let answer = post(emulator, path, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["value"].as_str().unwrap().to_owned()
}

/// The status with which a socket is refused.
async fn refused(emulator: &Emulator, target: &str, key: &str) -> u16 {
    let headers = [("authorization", &*format!("Bearer {key}"))];
    match Client::open(emulator, target, &headers).await.map(|_| ()) {
        Err(Error::Http(response)) => {
            assert!(response.headers().contains_key("x-request-id"));
            response.status().as_u16()
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

async fn created(emulator: &Emulator, target: &str, key: &str) -> (Client, Value) {
    let headers = [("authorization", &*format!("Bearer {key}"))];
    let (mut client, response) = Client::open(emulator, target, &headers).await.unwrap();
    assert!(response.headers().contains_key("x-request-id"));
    let session = client.next().await["session"].clone();
    (client, session)
}

#[tokio::test]
async fn a_secret_begins_its_session_until_it_expires() {
    let emulator = strict().await;
    let session = json!({"type": "realtime", "model": "own", "instructions": "Hi"});
    let secret = mint(&emulator, "/client_secrets", json!({"session": session})).await;
    for target in [TARGET, "/realtime"] {
        let (_, session) = created(&emulator, target, &secret).await;
        assert_eq!(
            (&session["model"], &session["instructions"]),
            (&json!("own"), &json!("Hi"))
        );
    }
    assert_eq!(
        refused(&emulator, "/realtime/translations?model=m", &secret).await,
        401
    );
    assert_eq!(refused(&emulator, TARGET, "ek_of_nobody").await, 401);
    emulator.expire_client_secrets();
    assert_eq!(refused(&emulator, TARGET, &secret).await, 401);

    let transcription = json!({"session": {"type": "transcription"}});
    let secret = mint(&emulator, "/client_secrets", transcription).await;
    let (_, session) = created(&emulator, "/realtime?intent=transcription", &secret).await;
    assert_eq!(session["type"], "transcription");

    let translation = json!({"session": {"model": "own"}});
    let secret = mint(&emulator, "/translations/client_secrets", translation).await;
    let (_, session) = created(&emulator, "/realtime/translations?model=m", &secret).await;
    assert_eq!(
        (&session["type"], &session["model"]),
        (&json!("translation"), &json!("own"))
    );
    assert_eq!(refused(&emulator, TARGET, &secret).await, 401);
}

#[tokio::test]
async fn a_secret_lasts_as_long_as_asked() {
    let emulator = strict().await;
    for (asked, seconds) in [
        (json!({}), 600),
        (json!({"expires_after": {"seconds": 10}}), 10),
        (
            json!({"expires_after": {"anchor": "created_at", "seconds": 7200}}),
            7200,
        ),
    ] {
        let now = || std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let before = now();
        let answer = post(&emulator, "/client_secrets", &asked).await.json();
        let expires_at = answer["expires_at"].as_u64().unwrap();
        assert!(
            (before + seconds..=now() + seconds).contains(&expires_at),
            "{asked}"
        );
        assert_eq!(answer["session"]["expires_at"], expires_at);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let emulator = strict().await;
    let secret = mint(&emulator, "/client_secrets", json!({})).await;
    let head = |key: &str| {
        format!("POST /v1/realtime/client_secrets HTTP/1.1\r\nauthorization: Bearer {key}")
    };
    for (head, body, status, code) in [
        (head("sk-other"), "{}", 401, "invalid_api_key"),
        // A guest invites nobody.
        (head(&secret), "{}", 401, "invalid_api_key"),
        (head("sk-test"), "{", 400, "invalid_json"),
        (head("sk-test"), "[]", 400, "invalid_type"),
        (
            head("sk-test"),
            &"x".repeat(1024 * 1024 + 1),
            413,
            "request_too_large",
        ),
        (
            "GET /v1/realtime/calls HTTP/1.1".to_owned(),
            "",
            405,
            "method_not_allowed",
        ),
        ("POST /v1/chat HTTP/1.1".to_owned(), "", 404, "not_found"),
        (
            "POST /v1/realtime/calls/rtc/dance HTTP/1.1".to_owned(),
            "",
            404,
            "not_found",
        ),
    ] {
        let (was, its_code, _) = request(&emulator, &head, body).await.error();
        assert_eq!((was, its_code.as_str()), (status, code), "{head}");
    }
    for (body, code, param) in [
        (json!({"sessions": {}}), "unknown_parameter", "sessions"),
        (
            json!({"expires_after": {"seconds": 9}}),
            "invalid_value",
            "expires_after.seconds",
        ),
        (
            json!({"expires_after": {"seconds": 7201}}),
            "invalid_value",
            "expires_after.seconds",
        ),
        (
            json!({"expires_after": {"anchor": "now"}}),
            "invalid_value",
            "expires_after.anchor",
        ),
        (
            json!({"session": {}}),
            "missing_required_parameter",
            "session.type",
        ),
        (
            json!({"session": {"type": "dance"}}),
            "invalid_value",
            "session.type",
        ),
        (
            json!({"session": {"type": "realtime", "output_modalities": ["smell"]}}),
            "invalid_value",
            "session.output_modalities",
        ),
    ] {
        let expected = (400, code.to_owned(), Some(param.to_owned()));
        assert_eq!(
            post(&emulator, "/client_secrets", &body).await.error(),
            expected,
            "{body}"
        );
    }
    let none = post(
        &emulator,
        "/translations/client_secrets",
        &json!({"session": {}}),
    )
    .await;
    assert_eq!(none.error().2.as_deref(), Some("session.model"));
}

#[tokio::test]
async fn the_api_key_header_is_taken_at_azures_paths() {
    let emulator = strict().await;
    let head = "POST /openai/v1/realtime/client_secrets HTTP/1.1\r\napi-key: sk-test";
    assert_eq!(request(&emulator, head, "").await.status, 200);
}

#[tokio::test]
async fn an_offer_makes_a_call_that_sockets_attach_to_and_that_ends_for_all() {
    let emulator = strict().await;
    let head = "POST /v1/realtime/calls HTTP/1.1\r\nauthorization: Bearer sk-test";
    let form = format!(
        "--cut\r\ncontent-disposition: form-data; name=\"sdp\"\r\n\r\n{OFFER}\r\n--cut\r\n\
         content-disposition: form-data; name=\"session\"\r\ncontent-type: application/json\r\n\r\n\
         {{\"type\":\"realtime\",\"instructions\":\"Hi\"}}\r\n--cut--\r\n"
    );
    let head_of_form = format!("{head}\r\ncontent-type: multipart/form-data; boundary=cut");
    let answer = request(&emulator, &head_of_form, &form).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (201, Some("application/sdp"))
    );
    assert!(
        answer.body.starts_with("v=0\r\n") && answer.body.contains("\r\nm=audio 0 RTP/AVP 0\r\n")
    );
    let id = answer
        .header("location")
        .unwrap()
        .strip_prefix("/v1/realtime/calls/")
        .unwrap();
    assert_eq!(emulator.call(id).unwrap().state(), CallState::Active);

    let target = format!("/realtime?call_id={id}");
    let (mut one, first) = created(&emulator, &target, "sk-test").await;
    let (mut two, second) = created(&emulator, &target, "sk-test").await;
    assert_eq!(
        (&first["id"], &first["instructions"]),
        (&second["id"], &json!("Hi"))
    );
    one.say("Hello").await;
    assert_eq!(two.next().await["type"], "conversation.item.added");

    assert_eq!(
        post(&emulator, &format!("/calls/{id}/hangup"), &json!({}))
            .await
            .status,
        200
    );
    two.until("conversation.item.done").await;
    for client in [&mut one, &mut two] {
        let Some(Ok(Message::Close(Some(frame)))) = client.next_message().await else {
            panic!("a close")
        };
        assert_eq!(u16::from(frame.code), 1000);
    }
    assert_eq!(emulator.call(id).unwrap().state(), CallState::Ended);
    assert_eq!(refused(&emulator, &target, "sk-test").await, 404);
    assert_eq!(
        refused(&emulator, "/realtime?call_id=rtc_none", "sk-test").await,
        404
    );

    let sdp = format!("{head}\r\ncontent-type: application/sdp");
    assert_eq!(request(&emulator, &sdp, OFFER).await.status, 201);
    let (status, _, param) = request(&emulator, &sdp, "hello").await.error();
    assert_eq!((status, param.as_deref()), (400, Some("sdp")));
    assert_eq!(request(&emulator, head, OFFER).await.error().0, 415);
}

#[tokio::test]
async fn a_guest_calls_with_the_session_of_the_secret() {
    let emulator = strict().await;
    let session = json!({"type": "realtime", "instructions": "Hi"});
    let secret = mint(&emulator, "/client_secrets", json!({"session": session})).await;
    let head = format!(
        "POST /v1/realtime/calls HTTP/1.1\r\nauthorization: Bearer {secret}\r\ncontent-type: application/sdp"
    );
    let answer = request(&emulator, &head, OFFER).await;
    let id = answer
        .header("location")
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap();
    let call = emulator.call(id).unwrap();
    assert_eq!(serde_json::to_value(call.session()).unwrap(), session);
}

#[tokio::test]
async fn a_page_may_ask_with_any_headers_and_read_the_answer() {
    let emulator = strict().await;
    let head = "OPTIONS /v1/realtime/calls HTTP/1.1\r\norigin: http://localhost:8000\r\n\
        access-control-request-method: POST\r\naccess-control-request-headers: authorization,x-any";
    let asked = request(&emulator, head, "").await;
    assert_eq!((asked.status, &*asked.body), (204, ""));
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "authorization,x-any"),
    ] {
        assert_eq!(asked.header(name), Some(value));
    }

    // An answer and a refusal can both be read.
    for (key, status) in [("sk-test", 200), ("sk-other", 401)] {
        let head = format!(
            "POST /v1/realtime/client_secrets HTTP/1.1\r\norigin: null\r\nauthorization: Bearer {key}"
        );
        let answer = request(&emulator, &head, "{}").await;
        assert_eq!(answer.status, status);
        for header in [
            "access-control-allow-origin",
            "access-control-expose-headers",
        ] {
            assert_eq!(answer.header(header), Some("*"));
        }
    }
    // To others than pages, nothing of it is said.
    let answer = post(&emulator, "/client_secrets", &json!({})).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_page_offers_its_ephemeral_key_as_a_subprotocol() {
    let emulator = strict().await;
    let secret = mint(&emulator, "/client_secrets", json!({})).await;
    for (key, let_in) in [(&*secret, true), ("ek_other", false)] {
        let offers = format!("realtime, openai-insecure-api-key.{key}");
        let headers = [
            ("origin", "http://localhost:8000"),
            ("sec-websocket-protocol", &*offers),
        ];
        match Client::open(&emulator, TARGET, &headers).await {
            Ok((mut client, response)) => {
                assert!(let_in);
                assert_eq!(response.headers()["sec-websocket-protocol"], "realtime");
                assert_eq!(client.next().await["type"], "session.created");
            }
            Err(Error::Http(response)) => {
                assert!(!let_in);
                assert_eq!(response.status(), 401);
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_call_comes_in_and_is_accepted_referred_and_hung_up() {
    let emulator = strict().await;
    let call = emulator.incoming_call("whsec_c2VjcmV0");
    let event: Value = serde_json::from_str(call.body()).unwrap();
    assert_eq!(
        (&event["type"], &event["data"]["call_id"]),
        (&json!("realtime.call.incoming"), &json!(call.call_id()))
    );
    let names: Vec<_> = call.headers().iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "content-type",
            "webhook-id",
            "webhook-timestamp",
            "webhook-signature"
        ]
    );

    let id = call.call_id();
    let path = |verb: &str| format!("/calls/{id}/{verb}");
    let target = format!("/realtime?call_id={id}");
    assert_eq!(refused(&emulator, &target, "sk-test").await, 404);
    let number = json!({"target_uri": "tel:+14155550123"});
    assert_eq!(
        post(&emulator, &path("refer"), &number).await.error().0,
        409
    );
    for (body, param) in [
        (json!({}), "type"),
        (json!({"type": "transcription"}), "type"),
        (json!({"type": "realtime", "modalities": []}), "modalities"),
    ] {
        let (status, _, its_param) = post(&emulator, &path("accept"), &body).await.error();
        assert_eq!((status, its_param.as_deref()), (400, Some(param)));
    }
    let session = json!({"type": "realtime", "model": "m", "instructions": "Hi"});
    let accepted = post(&emulator, &path("accept"), &session).await;
    assert_eq!((accepted.status, accepted.body.as_str()), (200, ""));
    let seen = emulator
        .until_call(id, |call| call.state() == CallState::Active)
        .await;
    assert_eq!(serde_json::to_value(seen.session()).unwrap(), session);
    assert_eq!(
        post(&emulator, &path("accept"), &session).await.error().0,
        409
    );
    assert_eq!(
        post(&emulator, &path("reject"), &json!({})).await.error().0,
        409
    );
    let (_, session) = created(&emulator, &target, "sk-test").await;
    assert_eq!(session["instructions"], "Hi");

    let bad = json!({"target_uri": "https://example.com"});
    assert_eq!(
        post(&emulator, &path("refer"), &bad)
            .await
            .error()
            .2
            .as_deref(),
        Some("target_uri")
    );
    assert_eq!(post(&emulator, &path("refer"), &number).await.status, 200);
    assert_eq!(
        emulator.call(id).unwrap().referred_to(),
        Some("tel:+14155550123")
    );
    assert_eq!(
        post(&emulator, &path("hangup"), &json!({})).await.status,
        200
    );
    assert_eq!(emulator.call(id).unwrap().state(), CallState::Ended);
}

#[tokio::test]
async fn a_call_is_rejected() {
    let emulator = strict().await;
    for (body, status) in [(json!({}), 603), (json!({"status_code": 486}), 486)] {
        let call = emulator.incoming_call("whsec_c2VjcmV0");
        let path = format!("/calls/{}/reject", call.call_id());
        let wrong = post(&emulator, &path, &json!({"status_code": 200}))
            .await
            .error();
        assert_eq!((wrong.0, wrong.2.as_deref()), (400, Some("status_code")));
        assert_eq!(post(&emulator, &path, &body).await.status, 200);
        let call = emulator.call(call.call_id()).unwrap();
        assert_eq!(call.state(), CallState::Rejected(status));
        assert_eq!(post(&emulator, &path, &body).await.error().0, 404);
    }
    for verb in ["accept", "reject", "refer", "hangup"] {
        let body = match verb {
            "accept" => json!({"type": "realtime"}),
            "refer" => json!({"target_uri": "sip:a@example.com"}),
            _ => json!({}),
        };
        let path = format!("/calls/rtc_none/{verb}");
        let (status, code, _) = post(&emulator, &path, &body).await.error();
        assert_eq!((status, code.as_str()), (404, "call_not_found"), "{verb}");
    }
}
