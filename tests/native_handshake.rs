//! A TLS server that refuses, redirects and stalls: the caller's errors, and the requests that the
//! server saw.
#![cfg(feature = "emulator")]

use std::time::Duration;

use openai_realtime_ws::native::Connector;
use openai_realtime_ws::{Config, Error, OpenAIRealtimeWS, Refusal, TransportError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

mod tls_server;

use tls_server::{Authority, KEY, Server, report, trusting};

/// Answers a client with these pieces, each in a TLS record of its own.
async fn answered(pieces: Vec<String>) -> (Error, String) {
    let authority = Authority::new("ours");
    let server = Server::start(
        authority.issue("localhost").config(),
        |mut stream| async move {
            for piece in pieces {
                // A client that has read enough hangs up.
                let _ = stream.write_all(piece.as_bytes()).await;
                let _ = stream.flush().await;
                tokio::task::yield_now().await;
            }
            let _ = stream.shutdown().await;
        },
    )
    .await;
    let config = server.config("localhost");
    let error = OpenAIRealtimeWS::open(trusting(&authority), config)
        .await
        .unwrap_err();
    (error, server.task.await.unwrap().unwrap())
}

fn refusal(error: &Error) -> &Refusal {
    match error {
        Error::Connect(TransportError::Refused(refusal)) => refusal,
        error => panic!("{error:?}"),
    }
}

fn json(message: &str) -> String {
    format!(r#"{{"error":{{"message":"{message}","type":"invalid_request_error"}}}}"#)
}

#[tokio::test]
async fn a_refusal_says_what_to_do_contract_54() {
    for (status, headers, message, expected) in [
        (
            401,
            "",
            "Incorrect API key.",
            ": Incorrect API key. (request req_1). Check the API key.",
        ),
        (
            403,
            "",
            "No access.",
            ": No access. (request req_1). The key has no access to this.",
        ),
        (
            404,
            "",
            "No such model.",
            ": No such model. (request req_1). Check the base URL and the model.",
        ),
        (
            429,
            "retry-after: 20\r\n",
            "Slow down.",
            ": Slow down. (request req_1). Too many requests. Try again in 20 s.",
        ),
        (
            429,
            "",
            "Slow down.",
            ": Slow down. (request req_1). Too many requests. Wait, then try again.",
        ),
        (
            500,
            "",
            "Oops.",
            ": Oops. (request req_1). The service is in trouble. Wait, then try again.",
        ),
        (
            503,
            "retry-after-ms: 1500\r\nretry-after: 9\r\n",
            "Later.",
            ": Later. (request req_1). The service is in trouble. Try again in 2 s.",
        ),
        (418, "", "Tea.", ": Tea. (request req_1)"),
    ] {
        let body = json(message);
        let head = format!(
            "HTTP/1.1 {status} No\r\nx-request-id: req_1\r\n{headers}content-length: {}\r\n\r\n",
            body.len()
        );
        let (error, request) = answered(vec![head + &body]).await;
        let expected = format!("could not connect: Unexpected server response: {status}{expected}");
        let report = report(&error);
        let refusal = refusal(&error);
        let (said, url) = report.split_once(" The URL was ").unzip();
        assert_eq!(said.unwrap_or(&report), expected);
        assert_eq!(url, refusal.url.as_deref());
        assert_eq!(url.is_some(), status == 404);
        assert_eq!(
            (refusal.status, refusal.message.as_deref()),
            (status, Some(message))
        );
        let wait = match headers.len() {
            0 => None,
            17 => Some(Duration::from_secs(20)),
            _ => Some(Duration::from_millis(1500)),
        };
        assert_eq!(refusal.retry_after, wait);
        assert!(
            request.starts_with("GET /v1/realtime?model=m HTTP/1.1\r\n"),
            "{request}"
        );
        assert_eq!(request.matches(KEY).count(), 1);
    }
}

#[tokio::test]
async fn a_body_is_read_however_it_comes() {
    let body = json("Not you.");
    let (half, rest) = body.split_at(20);
    let length = format!("HTTP/1.1 401 No\r\ncontent-length: {}\r\n\r\n", body.len());
    let chunked = "HTTP/1.1 401 No\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let plain = "HTTP/1.1 401 No\r\n\r\n".to_owned();
    for pieces in [
        vec![length.clone(), half.to_owned(), rest.to_owned()],
        vec![chunked, chunk(half), chunk(rest), "0\r\n\r\n".to_owned()],
        vec![plain, half.to_owned(), rest.to_owned()],
    ] {
        let (error, _) = answered(pieces).await;
        assert_eq!(refusal(&error).message.as_deref(), Some("Not you."));
    }
    // JSON that is cut off says nothing; of a long text, the beginning is kept.
    let (error, _) = answered(vec![length, half.to_owned()]).await;
    assert_eq!(
        (refusal(&error).status, refusal(&error).message.as_deref()),
        (401, None)
    );
    let head = "HTTP/1.1 401 No\r\n\r\n".to_owned();
    let (error, _) = answered(vec![head, "x".repeat(1 << 20)]).await;
    assert_eq!(
        (refusal(&error).status, refusal(&error).message.as_deref()),
        (401, Some(&*"x".repeat(300)))
    );
    let (error, _) = answered(vec![
        "HTTP/1.1 401 No\r\n\r\n".to_owned(),
        json(&"long ".repeat(100)),
    ])
    .await;
    assert_eq!(
        refusal(&error).message.as_ref().unwrap().chars().count(),
        300
    );
    let (error, _) = answered(vec![
        "HTTP/1.1 401 No\r\n\r\n".to_owned(),
        json(r"two\nlines"),
    ])
    .await;
    assert_eq!(refusal(&error).message.as_deref(), Some("two lines"));
}

#[tokio::test]
async fn the_key_is_cut_out_of_a_refusal_that_repeats_it() {
    let body = json(&format!("bad key {KEY}, sir"));
    let head = format!("HTTP/1.1 401 No\r\nx-request-id: req-{KEY}\r\n\r\n");
    let (error, _) = answered(vec![head, body]).await;
    assert_eq!(
        (
            refusal(&error).message.as_deref(),
            refusal(&error).request_id.as_deref()
        ),
        (Some("bad key <REDACTED>, sir"), Some("req-<REDACTED>"))
    );
    let printed = format!("{error:?} {}", report(&error));
    assert!(!printed.contains(KEY), "{printed}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_contracts_38_39() {
    for status in [301, 302, 307, 308] {
        let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = elsewhere.local_addr().unwrap();
        for location in [
            format!("wss://{address}/{KEY}"),
            "/v1/realtime?model=other".to_owned(),
        ] {
            // The server asserts that it gets a single request.
            let (error, request) = answered(vec![format!(
                "HTTP/1.1 {status} There\r\nlocation: {location}\r\n\r\n"
            )])
            .await;
            assert_eq!(request.matches(KEY).count(), 1);
            assert_eq!(
                report(&error),
                format!(
                    "could not connect: Unexpected server response: {status}. Redirects are not followed: set the base \
                     URL to where the service is."
                )
            );
            assert!(!format!("{error:?}").contains(KEY));
        }
        // The attempt is over, and nobody connected to the other server.
        let none = futures_util::future::poll_immediate(Box::pin(elsewhere.accept())).await;
        assert!(none.is_none());
    }
}

#[tokio::test]
async fn what_is_no_handshake_is_a_protocol_error() {
    let switching = "HTTP/1.1 101 Switching\r\n";
    let upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n";
    for (answer, reason) in [
        ("SSH-2.0-OpenSSH\r\n\r\n".to_owned(), "invalid HTTP version"),
        (format!("{switching}\r\n"), "did not switch"),
        (format!("{switching}{upgrade}\r\n"), "Sec-WebSocket-Accept"),
        (
            format!(
                "{switching}{upgrade}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
            ),
            "Sec-WebSocket-Accept",
        ),
        (
            "HTTP/1.1 200 OK\r\nx: ".to_owned() + &"y".repeat(20_000),
            "too long",
        ),
    ] {
        let (error, _) = answered(vec![answer]).await;
        assert!(
            matches!(&error, Error::Connect(TransportError::Protocol(_))),
            "{error:?}"
        );
        let report = report(&error);
        assert!(report.contains(reason), "{report}");
    }
    let (error, _) = answered(vec![]).await;
    assert!(
        matches!(&error, Error::Connect(TransportError::Lost(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_that_stalls_before_tls_is_given_up() {
    // The server accepts the connection, and sends nothing until the client hangs up.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config::new(KEY)
        .model("m")
        .base_url(format!("https://{}/v1", listener.local_addr().unwrap()));
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        stream.read_to_end(&mut seen).await.unwrap();
        seen
    });
    let connector = Connector::new()
        .no_proxy()
        .handshake_timeout(Duration::from_millis(50));
    let error = OpenAIRealtimeWS::open(connector, config).await.unwrap_err();
    assert!(
        matches!(&error, Error::Connect(TransportError::HandshakeTimeout)),
        "{error:?}"
    );
    let seen = task.await.unwrap();
    assert_eq!(seen[0], 0x16, "a TLS handshake's record, and no more");
    assert!(!String::from_utf8_lossy(&seen).contains(KEY));
}

/// A server that reads the request, and sends nothing until the client hangs up.
async fn stalling() -> (Server, Connector, Config) {
    let authority = Authority::new("ours");
    let server = Server::start(
        authority.issue("localhost").config(),
        |mut stream| async move {
            let mut rest = Vec::new();
            // The client ends TLS without `close_notify`.
            let _ = stream.read_to_end(&mut rest).await;
            assert!(rest.is_empty());
        },
    )
    .await;
    let config = server.config("localhost");
    (server, trusting(&authority), config)
}

#[tokio::test]
async fn a_server_that_stalls_after_the_request_is_given_up() {
    let (server, connector, config) = stalling().await;
    let connector = connector.handshake_timeout(Duration::from_secs(1));
    let error = OpenAIRealtimeWS::open(connector, config).await.unwrap_err();
    assert!(
        matches!(&error, Error::Connect(TransportError::HandshakeTimeout)),
        "{error:?}"
    );
    assert!(server.task.await.unwrap().is_ok());
}

#[tokio::test]
async fn the_time_to_connect_includes_the_handshake() {
    let (server, connector, config) = stalling().await;
    let config = config.connect_timeout(Duration::from_secs(1));
    let error = OpenAIRealtimeWS::open(connector, config).await.unwrap_err();
    assert!(matches!(&error, Error::ConnectTimeout), "{error:?}");
    assert!(server.task.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_stalled_body_does_not_keep_the_refusal_back() {
    let authority = Authority::new("ours");
    let server = Server::start(
        authority.issue("localhost").config(),
        |mut stream| async move {
            stream
                .write_all(b"HTTP/1.1 503 No\r\ncontent-length: 10\r\n\r\n{")
                .await
                .unwrap();
            let _ = stream.read_u8().await;
        },
    )
    .await;
    let error = OpenAIRealtimeWS::open(trusting(&authority), server.config("localhost"))
        .await
        .unwrap_err();
    assert_eq!(
        (refusal(&error).status, refusal(&error).message.as_deref()),
        (503, None)
    );
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_callers_headers_are_sent_but_not_in_place_of_the_handshakes_own_contract_19() {
    let authority = Authority::new("ours");
    let server = Server::start(
        authority.issue("localhost").config(),
        |mut stream| async move {
            stream.shutdown().await.unwrap();
        },
    )
    .await;
    let config = server
        .config("localhost")
        .header("Host", "front.example")
        .header("X-Twice", "one")
        .header("x-twice", "two")
        .header("sec-websocket-key", "mine")
        .header("Upgrade", "h2c");
    OpenAIRealtimeWS::open(trusting(&authority), config)
        .await
        .unwrap_err();
    let request = server.task.await.unwrap().unwrap();
    let line = |name: &str| -> Vec<&str> {
        let lines = request.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    };
    assert_eq!(line("host"), ["front.example"]);
    assert_eq!(line("x-twice"), ["two"]);
    assert_eq!(line("upgrade"), ["websocket"]);
    assert_eq!(line("connection"), ["Upgrade"]);
    assert_eq!(line("sec-websocket-version"), ["13"]);
    assert!(matches!(line("sec-websocket-key")[..], [key] if key.len() == 24));
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_named_before_anything_is_opened() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    for (name, value) in [("X-Bad", "a\r\nb"), ("X-Bad", "ü"), ("X Bad", "a")] {
        let config = Config::new(KEY)
            .model("m")
            .base_url(&url)
            .header(name, value);
        let error = OpenAIRealtimeWS::open(Connector::new().no_proxy(), config)
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::Connect(TransportError::Unsupported(_))),
            "{error:?}"
        );
        assert!(report(&error).contains(name), "{}", report(&error));
    }
    let none = futures_util::future::poll_immediate(Box::pin(listener.accept())).await;
    assert!(none.is_none());
}
