//! Proxies that the tests play: the bytes that they see, and the client's errors for their answers.
#![cfg(feature = "emulator")]

use std::net::SocketAddr;

use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::native::Connector;
use openai_realtime_ws::{Config, Error, OpenAIRealtimeWS, TransportError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[cfg(target_os = "linux")]
#[path = "raw_server/deaf.rs"]
mod deaf;
mod tls_server;

use tls_server::{Authority, KEY, read_head, report};

/// `user:pass word` in base64.
const BASIC: &str = "dXNlcjpwYXNzIHdvcmQ=";

/// A proxy for one connection: it reads the request, writes `answer`, and then carries bytes to the
/// target. Its task returns the request.
async fn proxy(answer: &'static str, target: Option<u16>) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_head(&mut stream).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        if let Some(port) = target {
            assert_eq!(stream.peek(&mut [0; 1]).await.unwrap(), 1);
            let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            // The connection is over, with or without an error.
            let _ = copy_bidirectional(&mut stream, &mut server).await;
        }
        request
    });
    (address, task)
}

async fn emulator() -> (Emulator, Connector, Config) {
    let emulator = Emulator::builder().api_key(KEY).start().await.unwrap();
    let connector = Connector::new()
        .root_certificate_pem(emulator.certificate_pem().as_bytes())
        .unwrap();
    let config = Config::new(KEY).model("m").base_url(emulator.wss_url());
    (emulator, connector, config)
}

#[tokio::test]
async fn a_proxy_sees_connect_with_its_own_credential_and_then_tls() {
    for (user_info, credential) in [("", None), ("user:pass%20word@", Some(BASIC))] {
        let (emulator, connector, config) = emulator().await;
        let port = emulator.port();
        let (address, task) = proxy(
            "HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n",
            Some(port),
        )
        .await;
        let connector = connector
            .proxy(&format!("http://{user_info}{address}"))
            .unwrap();
        let mut rt = OpenAIRealtimeWS::open(connector, config).await.unwrap();
        assert!(rt.next().await.unwrap().is_ok());
        rt.close().await.unwrap();
        let credential = credential.map_or(String::new(), |basic| {
            format!("Proxy-Authorization: Basic {basic}\r\n")
        });
        assert_eq!(
            task.await.unwrap(),
            format!(
                "CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{credential}\r\n"
            )
        );
        let connections = emulator.connections();
        assert_eq!(connections.len(), 1);
        assert_eq!(
            connections[0].upgrade().header("authorization"),
            Some(format!("Bearer {KEY}").as_str())
        );
        assert_eq!(connections[0].upgrade().header("proxy-authorization"), None);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_proxys_dead_address_is_passed_over() {
    let (emulator, connector, config) = emulator().await;
    let established = "HTTP/1.0 200 Connection established\r\n\r\n";
    let (address, task) = proxy(established, Some(emulator.port())).await;
    let deaf = deaf::DeafAddress::start().await.unwrap();
    let connector = connector.resolve("proxy.example", [deaf.address, address]);
    let connector = connector.proxy("http://Proxy.example:3128").unwrap();
    let mut rt = OpenAIRealtimeWS::open(connector, config).await.unwrap();
    rt.close().await.unwrap();
    assert!(task.await.unwrap().starts_with("CONNECT 127.0.0.1:"));
}

#[tokio::test]
async fn a_proxy_behind_tls_is_checked_like_a_server() {
    let authority = Authority::new("proxies");
    let identity = authority.issue("localhost");
    let (emulator, connector, config) = emulator().await;
    let port = emulator.port();
    let serve = move |mut stream: tokio_rustls::server::TlsStream<TcpStream>| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut server).await;
    };
    let proxy = tls_server::Server::start(identity.config(), serve).await;
    let trusting = connector
        .clone()
        .root_certificate_pem(authority.pem().as_bytes())
        .unwrap();
    let url = format!("https://localhost:{}", proxy.address.port());
    let mut rt = OpenAIRealtimeWS::open(trusting.proxy(&url).unwrap(), config.clone())
        .await
        .unwrap();
    assert!(rt.next().await.unwrap().is_ok());
    rt.close().await.unwrap();
    let request = proxy.task.await.unwrap().unwrap();
    assert!(
        request.starts_with("CONNECT ") && !request.contains(KEY),
        "{request}"
    );

    let proxy = tls_server::Server::start(identity.config(), serve).await;
    let url = format!("https://user:hunter2@localhost:{}", proxy.address.port());
    let error = OpenAIRealtimeWS::open(connector.proxy(&url).unwrap(), config)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Connect(TransportError::Proxy(_))),
        "{error:?}"
    );
    assert!(
        report(&error).ends_with("UnknownIssuer"),
        "{}",
        report(&error)
    );
    assert!(proxy.task.await.unwrap().is_err(), "it got no request");
    assert_eq!(emulator.connections().len(), 1);
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_the_server_and_not_to_the_proxy() {
    let authority = Authority::new("ours");
    let identity = authority.issue("localhost");
    let client = authority.issue("client");
    let server = tls_server::Server::start(authority.asking(&identity), |mut stream| async move {
        let shown = stream.get_ref().1.peer_certificates().unwrap().len();
        let answer =
            format!("HTTP/1.1 403 No\r\nx-request-id: {shown}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    })
    .await;
    let port = server.address.port();
    let (tell, seen) = tokio::sync::oneshot::channel();
    let polite = authority.asking_politely(&identity);
    let proxy = tls_server::Server::start(polite, move |mut stream| async move {
        let certificates = stream.get_ref().1.peer_certificates();
        tell.send(certificates.map_or(0, <[_]>::len)).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut server).await;
    })
    .await;
    let connector = tls_server::trusting(&authority)
        .client_certificate_pem(client.certificate_pem.as_bytes(), client.key_pem.as_bytes())
        .unwrap()
        .proxy(&format!("https://localhost:{}", proxy.address.port()))
        .unwrap();
    let error = OpenAIRealtimeWS::open(connector, server.config("localhost"))
        .await
        .unwrap_err();
    let Error::Connect(TransportError::Refused(refusal)) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        refusal.request_id.as_deref(),
        Some("1"),
        "the server saw it"
    );
    assert_eq!(seen.await.unwrap(), 0, "the proxy did not");
    assert!(proxy.task.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_apart_from_the_server() {
    for (answer, status, advice) in [
        (
            "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\n\r\n",
            407,
            " Set the user name and password in its URL.",
        ),
        (
            "HTTP/1.1 403 No\r\n\r\n",
            403,
            " It does not allow this server.",
        ),
        (
            "HTTP/1.0 502 Bad Gateway\r\n\r\n",
            502,
            " It cannot reach the server.",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\n\r\n",
            302,
            "",
        ),
    ] {
        let (address, task) = proxy(answer, None).await;
        let connector = Connector::new()
            .proxy(&format!("http://user:hunter2@{address}"))
            .unwrap();
        let config = Config::new(KEY).model("m");
        let error = OpenAIRealtimeWS::open(connector, config).await.unwrap_err();
        assert!(
            matches!(
                &error,
                Error::Connect(TransportError::ProxyRefused { status: got, .. }) if *got == status
            ),
            "{error:?}"
        );
        assert_eq!(
            report(&error),
            format!("could not connect: the proxy refused the connection: {status}.{advice}")
        );
        let request = task.await.unwrap();
        assert!(
            request.starts_with("CONNECT api.openai.com:443 HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(!request.contains(KEY));
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_server_that_is_not_a_proxy_is_an_error_of_the_proxy() {
    let config = || Config::new(KEY).model("m");
    for answer in ["220 smtp ready\r\n\r\n", ""] {
        let (address, task) = proxy(answer, None).await;
        let connector = Connector::new()
            .proxy(&format!("http://{address}"))
            .unwrap();
        let error = OpenAIRealtimeWS::open(connector, config())
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::Connect(TransportError::Proxy(_))),
            "{error:?}"
        );
        task.await.unwrap();
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for scheme in ["http", "https", "socks5h"] {
        let connector = Connector::new()
            .proxy(&format!("{scheme}://{address}"))
            .unwrap();
        let error = OpenAIRealtimeWS::open(connector, config())
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::Connect(TransportError::Proxy(_))),
            "{scheme}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_without_tls_takes_no_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (emulator, connector, config) = emulator().await;
    let connector = connector
        .proxy(&format!("http://{}", listener.local_addr().unwrap()))
        .unwrap();
    let config = config.insecure_loopback_url(emulator.ws_url());
    let mut rt = OpenAIRealtimeWS::open(connector, config).await.unwrap();
    assert!(rt.next().await.unwrap().is_ok());
    let none = futures_util::future::poll_immediate(Box::pin(listener.accept())).await;
    assert!(none.is_none());
}

/// The other addresses of 127.0.0.0/8 are there on Linux without being set up.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_local_address_is_bound() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = |host: &str| {
        let port = listener.local_addr().unwrap().port();
        Config::new(KEY)
            .model("m")
            .base_url(format!("https://{host}:{port}/v1"))
    };
    let connector = Connector::new().no_proxy();
    let from = |address: &str| connector.clone().local_address(address.parse().unwrap());
    let accept = async {
        let (mut stream, peer) = listener.accept().await.unwrap();
        let _ = stream.read_u8().await;
        peer.ip()
    };
    let open = OpenAIRealtimeWS::open(from("127.0.0.7"), config("127.0.0.1"));
    let (peer, opened) = tokio::join!(accept, open);
    assert_eq!(peer.to_string(), "127.0.0.7");
    assert!(opened.is_err());

    let error = OpenAIRealtimeWS::open(from("::1"), config("127.0.0.1"))
        .await
        .unwrap_err();
    assert!(
        report(&error).ends_with("no address of the right kind"),
        "{}",
        report(&error)
    );
}
