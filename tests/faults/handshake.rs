//! Faults before the connection is open.

use std::net::SocketAddr;
use std::time::Duration;

use openai_realtime_ws::native::Connector;
use openai_realtime_ws::protocol::Realtime;
use openai_realtime_ws::{Config, OpenAIRealtimeWS, Runtime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::caller::{describe, list, watch, watch_over};
use crate::deaf::DeafAddress;
use crate::peer::{NOTHING, Then, read};
use crate::raw_server::{acceptance, server};
use crate::{Fault, Seen};

/// Timeout of a caller who waits in vain.
const SOON: Duration = Duration::from_millis(100);

pub fn faults() -> Vec<Fault> {
    let answers = [
        (
            "an answer that is not HTTP",
            "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned(),
        ),
        (
            "an endless head",
            format!("HTTP/1.1 101 X\r\na: {}", "a".repeat(64 * 1024)),
        ),
        (
            "status 200",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_owned(),
        ),
        (
            "status 401",
            refusal("401 Unauthorized", "", "invalid_api_key"),
        ),
        (
            "status 429 with `Retry-After: 7`",
            refusal("429 Slow Down", "Retry-After: 7\r\n", "rate_limit"),
        ),
        (
            "status 502 with a page of HTML, as from a proxy",
            "HTTP/1.1 502 No\r\n\r\n<html><h1>502 Bad Gateway</h1><hr>nginx</html>".to_owned(),
        ),
        (
            "status 503 and the connection cut in its body",
            "HTTP/1.1 503 No\r\nContent-Length: 99\r\n\r\n{\"err".to_owned(),
        ),
    ];
    let acceptances = [
        (
            "an acceptance without `Upgrade`",
            "Upgrade: websocket\r\n",
            "",
        ),
        (
            "an acceptance with a wrong `Sec-WebSocket-Accept`",
            "Sec-WebSocket-Accept: ",
            "Sec-WebSocket-Accept: x",
        ),
        (
            "an acceptance with permessage-deflate, which nobody offered",
            "\r\n\r\n",
            "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
        ),
        (
            "an acceptance with a subprotocol that nobody offered",
            "\r\n\r\n",
            "\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
        ),
    ];
    let mut faults = addresses();
    faults.extend([
        Fault::new(
            "the connection is taken, and nothing answered",
            silence(Connector::new()),
        ),
        Fault::new(
            "the same, with `Connector::handshake_timeout`",
            silence(Connector::new().handshake_timeout(SOON / 4)),
        ),
        Fault::new(
            "a cut at each byte of the acceptance",
            at_each_byte(Then::Cut),
        ),
        Fault::new(
            "a reset at each byte of the acceptance",
            at_each_byte(Then::Reset),
        ),
        Fault::new("the acceptance comes byte by byte", in_pieces()),
        Fault::new("a cut during TLS", during_tls(b"", Then::Cut)),
        Fault::new(
            "a cut in a TLS record",
            during_tls(&[22, 3, 3, 0, 90, 2], Then::Cut),
        ),
        Fault::new("a reset during TLS", during_tls(b"", Then::Reset)),
        Fault::new(
            "a TLS alert",
            during_tls(&[21, 3, 3, 0, 2, 2, 40], Then::Cut),
        ),
        Fault::new(
            "a server without TLS, where TLS is expected",
            during_tls(b"HTTP/1.1 400 Bad Request\r\n\r\n", Then::Cut),
        ),
    ]);
    for status in [301, 302, 303, 307, 308] {
        faults.push(Fault::new(
            format!("a redirect with status {status}"),
            redirected(status),
        ));
    }
    for (name, answer) in answers {
        faults.push(Fault::new(name, answered(move |_| answer)));
    }
    for (name, from, to) in acceptances {
        let answer = move |request: &str| acceptance(request).replace(from, to);
        faults.push(Fault::new(name, answered(answer)));
    }
    faults
}

/// Faults before there is a connection.
fn addresses() -> Vec<Fault> {
    vec![
        Fault::new("nobody listens", unreachable()),
        Fault::new(
            "of two addresses, the first drops every packet",
            two_addresses(FirstAddress::Deaf),
        ),
        Fault::new(
            "of two addresses, the first refuses connections",
            two_addresses(FirstAddress::Closed),
        ),
        Fault::new("a name without an address", no_address()),
    ]
}

fn refusal(status: &str, header: &str, code: &str) -> String {
    let body = format!(r#"{{"error":{{"message":"Not now.","code":"{code}"}}}}"#);
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nx-request-id: req_1\r\n{header}Content-Length: {length}\r\n\r\n{body}"
    )
}

async fn unreachable() -> Seen {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let caller = watch(Config::new("k").model("m").insecure_loopback_url(url)).await;
    Seen {
        caller,
        server: NOTHING.to_owned(),
    }
}

/// Fault of the first of a name's addresses.
enum FirstAddress {
    Deaf,
    Closed,
}

async fn two_addresses(first: FirstAddress) -> Seen {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let deaf = DeafAddress::start().await.unwrap();
    let (config, task) = server(|mut stream, request| async move {
        let mut answer = acceptance(&request).into_bytes();
        answer.extend([0x88, 0]);
        stream.write_all(&answer).await.unwrap();
        read(&mut stream).await
    })
    .await;
    let live = address_of(&config);
    let first = match first {
        FirstAddress::Deaf => deaf.address,
        FirstAddress::Closed => closed,
    };
    let connector = Connector::new().resolve("two.localhost", [first, live]);
    let config = config.insecure_loopback_url("ws://two.localhost/v1");
    let caller = watch_over(connector, config).await;
    Seen::both(caller, task).await
}

/// The address in a configuration's URL.
fn address_of(config: &Config) -> SocketAddr {
    let handshake = config.handshake::<Realtime>(Runtime::Native).unwrap();
    let authority = handshake.url().split('/').nth(2).unwrap();
    authority.parse().unwrap()
}

async fn no_address() -> Seen {
    let connector = Connector::new().resolve("none.localhost", []);
    let config = Config::new("k").model("m");
    let config = config.insecure_loopback_url("ws://none.localhost/v1");
    Seen {
        caller: watch_over(connector, config).await,
        server: NOTHING.to_owned(),
    }
}

async fn silence(connector: Connector) -> Seen {
    let (config, task) = server(|mut stream, _| async move { read(&mut stream).await }).await;
    let caller = watch_over(connector, config.connect_timeout(SOON)).await;
    Seen::both(caller, task).await
}

async fn answered(answer: impl FnOnce(&str) -> String + Send + 'static) -> Seen {
    let (config, task) = server(|mut stream, request| async move {
        // A server that has read enough hangs up in the middle.
        let _ = stream.write_all(answer(&request).as_bytes()).await;
        let _ = stream.shutdown().await;
        read(&mut stream).await
    })
    .await;
    let caller = watch(config).await;
    Seen::both(caller, task).await
}

async fn at_each_byte(then: Then) -> Seen {
    let mut seen = Vec::new();
    // The key, and with it the answer, has always the same length.
    let length = acceptance("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==").len();
    for cut in 0..length {
        let (config, task) = server(move |mut stream, request| async move {
            stream
                .write_all(&acceptance(&request).as_bytes()[..cut])
                .await
                .unwrap();
            then.act(stream).await
        })
        .await;
        let error = OpenAIRealtimeWS::connect(config).await.unwrap_err();
        seen.push(describe(&error));
        task.await.unwrap();
    }
    Seen {
        caller: list(&seen),
        server: NOTHING.to_owned(),
    }
}

async fn in_pieces() -> Seen {
    let (config, task) = server(|mut stream, request| async move {
        stream.set_nodelay(true).unwrap();
        for byte in acceptance(&request).bytes() {
            stream.write_all(&[byte]).await.unwrap();
        }
        stream.write_all(&[0x88, 0]).await.unwrap();
        read(&mut stream).await
    })
    .await;
    let caller = watch(config).await;
    Seen::both(caller, task).await
}

/// A server that answers the first TLS message with these bytes.
async fn during_tls(answer: &'static [u8], then: Then) -> Seen {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // Bytes that stay unread would turn the cut into a reset.
        let hello = stream.read(&mut [0; 4096]).await.unwrap();
        assert!(hello > 0);
        stream.write_all(answer).await.unwrap();
        then.act(stream).await;
    });
    let config = Config::new("k").model("m").base_url(url);
    let caller = watch_over(Connector::new().no_proxy(), config).await;
    task.await.unwrap();
    Seen {
        caller,
        server: NOTHING.to_owned(),
    }
}

/// The place that the redirect names is never asked.
async fn redirected(status: u16) -> Seen {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = elsewhere.local_addr().unwrap();
    let answer = format!(
        "HTTP/1.1 {status} Gone\r\nLocation: ws://{location}/v1\r\nContent-Length: 0\r\n\r\n"
    );
    let seen = answered(move |_| answer).await;
    let asked = futures_util::future::poll_immediate(Box::pin(elsewhere.accept())).await;
    assert!(asked.is_none(), "the redirect was followed");
    seen
}
