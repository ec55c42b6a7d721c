//! The errors of calls that the service refuses, breaks off or answers wrongly.

use std::time::Duration;

use openai_realtime_ws::rest::{Client, Error};
use openai_realtime_ws::{Config, RefusalKind, TransportError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::server::{Server, answer, read};
use super::{KEY, client, config, mint, print};

fn refused(error: Error) -> openai_realtime_ws::Refusal {
    match error {
        Error::Refused(refusal) => refusal,
        error => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_refusal_is_typed_by_its_status() {
    for (status, kind) in [
        (301, RefusalKind::Redirect),
        (400, RefusalKind::BadRequest),
        (401, RefusalKind::Authentication),
        (402, RefusalKind::Other),
        (403, RefusalKind::PermissionDenied),
        (404, RefusalKind::NotFound),
        (408, RefusalKind::Other),
        (409, RefusalKind::Conflict),
        (422, RefusalKind::UnprocessableEntity),
        (429, RefusalKind::RateLimit),
        (500, RefusalKind::Server),
        (503, RefusalKind::Server),
        (599, RefusalKind::Server),
    ] {
        let headers = "x-request-id: req_1\r\nRetry-After: 7\r\n";
        let body = r#"{"error":{"message":"No.","type":"t","code":"c","param":null}}"#;
        let server = Server::start([answer(status, headers, body)]).await;
        let client = client(&server).max_retries(0);
        let refusal = refused(mint(&client).await.unwrap_err());
        assert_eq!((refusal.status, refusal.kind()), (status, kind));
        assert_eq!(refusal.message.as_deref(), Some("No."));
        assert_eq!(refusal.code.as_deref(), Some("c"));
        assert_eq!(refusal.request_id.as_deref(), Some("req_1"));
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(7)));
        let shown = refusal.to_string();
        assert!(
            shown.contains(&status.to_string()) && shown.contains("No.") && shown.contains("req_1"),
            "{shown}"
        );
        assert_eq!(server.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_server_that_repeats_the_key_does_not_bring_it_into_the_error() {
    let headers = format!("x-request-id: {KEY}\r\nLocation: /{KEY}\r\n");
    let body = format!(r#"{{"error":{{"message":"wrong: {KEY}","code":"{KEY}"}}}}"#);
    let server = Server::start([
        answer(401, &headers, &body),
        answer(200, &headers, &body),
        answer(200, &headers, ""),
    ])
    .await;
    let client = client(&server);
    let errors = [
        mint(&client).await.unwrap_err(),
        mint(&client).await.unwrap_err(),
        client.calls().create("v=0", None).await.unwrap_err(),
    ];
    for error in errors {
        let shown = print(&error);
        assert!(!shown.contains(KEY), "{shown}");
    }
    assert!(!format!("{client:?}").contains(KEY));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_redirect_is_not_followed_contracts_38_39() {
    for status in [301, 302, 303, 307, 308] {
        let destination = Server::start([]).await;
        let location = format!(
            "Location: {}/realtime/client_secrets\r\n",
            destination.url()
        );
        let server = Server::start([answer(status, &location, "")]).await;
        let refusal = refused(mint(&client(&server)).await.unwrap_err());
        assert_eq!(
            (refusal.status, refusal.kind()),
            (status, RefusalKind::Redirect)
        );
        let [seen] = server.seen().try_into().unwrap();
        assert_eq!(seen.header("authorization"), format!("Bearer {KEY}"));
        assert!(destination.seen().is_empty(), "{status}");
    }
}

#[tokio::test]
async fn an_unreadable_answer_is_an_error() {
    let id = "x-request-id: req_1\r\n";
    for (body, missing) in [
        ("", "client secret"),
        ("{", "client secret"),
        ("[]", "client secret"),
        (
            r#"{"value":"","expires_at":1,"session":{}}"#,
            "client secret",
        ),
        (r#"{"value":"ek_1","session":{}}"#, "client secret"),
    ] {
        let server = Server::start([answer(200, id, body)]).await;
        let error = mint(&client(&server)).await.unwrap_err();
        let Error::Unreadable {
            missing: found,
            request_id,
            ..
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!((*found, request_id.as_deref()), (missing, Some("req_1")));
    }
    for (headers, body, missing) in [
        ("", "v=0", "call id"),
        ("Location: /\r\n", "v=0", "call id"),
        ("Location: /calls/rtc_1\r\n", " \r\n", "SDP"),
    ] {
        let server = Server::start([answer(201, headers, body)]).await;
        let error = client(&server).calls().create("v=0", None).await;
        let error = error.unwrap_err();
        assert!(error.to_string().contains(missing), "{error}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn an_answer_has_a_largest_size() {
    let huge = "x".repeat(4 * 1024 * 1024 + 1);
    let server = Server::start([answer(200, "", &huge), answer(400, "", &huge)]).await;
    let client = client(&server);
    let error = mint(&client).await.unwrap_err();
    assert!(
        matches!(error, Error::Transport(TransportError::TooLarge(_))),
        "{error:?}"
    );
    // The status of a refusal is enough.
    assert_eq!(refused(mint(&client).await.unwrap_err()).status, 400);
}

#[tokio::test]
async fn a_connection_that_breaks_is_an_error_and_the_call_is_not_repeated() {
    let cut = "HTTP/1.1 200 \r\nContent-Length: 100\r\n\r\n{".to_owned();
    for answers in [vec![], vec![cut]] {
        let server = Server::start(answers).await;
        let error = mint(&client(&server)).await.unwrap_err();
        assert!(
            matches!(error, Error::Transport(TransportError::Lost(_))),
            "{error:?}"
        );
        assert!(!print(&error).contains("127.0.0.1"), "{}", print(&error));
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_runs_into_the_timeout() {
    for half in ["", "HTTP/1.1 200 \r\nContent-Length: 100\r\n\r\n{"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let stalled = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read(&mut stream).await.unwrap();
            stream.write_all(half.as_bytes()).await.unwrap();
            // The client hangs up when it gives the call up.
            stream.read(&mut [0]).await.unwrap_or(0)
        });
        let config = Config::new(KEY).insecure_loopback_url(url);
        let client = Client::new(config).unwrap();
        let client = client.timeout(Duration::from_millis(100));
        let error = mint(&client).await.unwrap_err();
        assert!(matches!(error, Error::Timeout), "{error:?}");
        assert_eq!(stalled.await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let client = Client::new(Config::new(KEY).insecure_loopback_url(url)).unwrap();
    let mut stream = tokio::select! {
        minted = mint(&client) => panic!("{minted:?}"),
        stream = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read(&mut stream).await.unwrap();
            stream
        } => stream,
    };
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_header_that_http_forbids_is_not_sent() {
    let server = Server::start([]).await;
    let config = config(&server).header("X-Own", "two\r\nlines");
    let error = mint(&Client::new(config).unwrap()).await.unwrap_err();
    assert!(
        matches!(error, Error::Transport(TransportError::Unsupported(_))),
        "{error:?}"
    );
    assert!(server.seen().is_empty());
}
