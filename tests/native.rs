//! The native transport against servers that misbehave byte by byte.
#![cfg(feature = "native")]

use std::time::Duration;

use openai_realtime_ws::native::Connector;
use openai_realtime_ws::protocol::{InputAudioBufferAppend, ResponseCreate};
use openai_realtime_ws::{
    Config, ConfigError, Error, OpenAIRealtimeWS, RawEvent, Realtime, Runtime, SendErrorKind,
    ServerEvent, TransportError,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

mod raw_server;

use raw_server::{accept, frame, report, server};

async fn refused(response: &'static str) -> (Error, String) {
    let (config, task) = server(move |mut stream, request| async move {
        stream.write_all(response.as_bytes()).await.unwrap();
        request
    })
    .await;
    let error = OpenAIRealtimeWS::connect(config).await.unwrap_err();
    (error, task.await.unwrap())
}

#[tokio::test]
async fn the_request_is_what_the_sdk_sends_contracts_18_21() {
    let (_, request) = refused("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").await;
    let (line, headers) = request.split_once("\r\n").unwrap();
    assert_eq!(line, "GET /v1/realtime?model=gpt-realtime HTTP/1.1");
    let mut names: Vec<String> = headers
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "authorization",
            "connection",
            "host",
            "sec-websocket-key",
            "sec-websocket-version",
            "upgrade",
            "user-agent"
        ],
        "no subprotocol, no compression, no beta header"
    );
    assert!(
        headers
            .to_ascii_lowercase()
            .contains("authorization: bearer sk-secret-key\r\n")
    );
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let config = Config::new("k").model("m").insecure_loopback_url(url);
    let error = OpenAIRealtimeWS::connect(config).await.unwrap_err();
    assert!(
        matches!(&error, Error::Connect(TransportError::Unreachable(_))),
        "{error:?}"
    );
    assert!(report(&error).starts_with(
        "could not connect: could not reach the server: check the base URL and the network"
    ));
}

#[tokio::test]
async fn a_host_without_an_address_is_named() {
    let config = Config::new("k").model("m");
    let config = config.base_url("https://nowhere.invalid/v1");
    let connector = Connector::new().no_proxy();
    let error = OpenAIRealtimeWS::open(connector, config).await.unwrap_err();
    assert!(
        report(&error).starts_with(
            "could not connect: could not reach the server: check the base URL and the network: \
             no address of the host \"nowhere.invalid\" is known: "
        ),
        "{}",
        report(&error)
    );
}

/// Linux connects 0.0.0.0 to this machine, though it is not a loopback address.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_without_tls_on_another_host_is_reached_if_asked_for() {
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        let close = frame(8, &1000_u16.to_be_bytes());
        stream.write_all(&close).await.unwrap();
        let _ = stream.read_u8().await;
        request
    })
    .await;
    let handshake = config.handshake::<Realtime>(Runtime::Native).unwrap();
    let url = handshake.url().replace("127.0.0.1", "0.0.0.0");
    let url = url.split("/realtime").next().unwrap();
    let refused = config.clone().insecure_loopback_url(url);
    let error = OpenAIRealtimeWS::connect(refused).await.unwrap_err();
    assert!(
        matches!(error, Error::Config(ConfigError::InsecureUrl)),
        "{error:?}"
    );
    let config = config.insecure_cleartext_url(url);
    let mut rt = OpenAIRealtimeWS::connect(config).await.unwrap();
    assert!(rt.next().await.is_none());
    assert_eq!(rt.closed().unwrap().frame.code, 1000);
    let request = task.await.unwrap().to_ascii_lowercase();
    assert!(request.contains("host: 0.0.0.0:"), "{request}");
}

#[test]
fn a_page_refuses_to_send_its_credential_in_clear() {
    let runtime = |browser| Runtime::javascript().in_browser(browser);
    let config = Config::new("ek_1").model("m");
    let config = config.insecure_cleartext_url("http://litellm:4000/v1");
    let url = |runtime| {
        let handshake = config.handshake::<Realtime>(runtime);
        handshake.map(|handshake| handshake.url().to_owned())
    };
    assert!(matches!(url(runtime(true)), Err(ConfigError::Cleartext)));
    let request = config.rest_request("/x", runtime(true));
    assert!(matches!(request, Err(ConfigError::Cleartext)));
    for elsewhere in [Runtime::Native, runtime(false)] {
        let expected = "ws://litellm:4000/v1/realtime?model=m";
        assert_eq!(url(elsewhere).unwrap(), expected);
        let request = config.rest_request("/x", elsewhere).unwrap();
        assert_eq!(request.url(), "http://litellm:4000/v1/x");
    }
    // The last call about the base URL counts.
    let config = config.base_url("http://litellm:4000/v1");
    let handshake = config.handshake::<Realtime>(Runtime::Native).unwrap();
    assert_eq!(handshake.url(), "wss://litellm:4000/v1/realtime?model=m");
    assert!(!handshake.allows_cleartext());
}

#[tokio::test]
async fn frames_in_any_pieces_are_read_and_bad_ones_end_nothing_contract_46() {
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        let mut bytes = frame(1, b"no json");
        bytes.extend(frame(1, b"[]"));
        bytes.extend(frame(2, br#"{"type":"binary.works"}"#));
        // One message in two fragments, with a ping between them (RFC 6455, section 5.4).
        bytes.extend([0x01, 8]);
        bytes.extend(br#"{"type":"#);
        bytes.extend(frame(9, b"are you there"));
        bytes.extend([0x80, 15]);
        bytes.extend(br#""in.fragments"}"#);
        for byte in bytes {
            stream.write_all(&[byte]).await.unwrap();
        }
        // The pong: masked, with the ping's bytes.
        let mut pong = [0; 2 + 4 + 13];
        stream.read_exact(&mut pong).await.unwrap();
        assert_eq!(pong[..2], [0x8A, 0x80 + 13]);
        let unmasked: Vec<u8> = (0..13).map(|i| pong[6 + i] ^ pong[2 + i % 4]).collect();
        assert_eq!(unmasked, b"are you there");
        stream
            .write_all(&frame(8, &1000_u16.to_be_bytes()))
            .await
            .unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest[..2], [0x88, 0x80 + 2], "the close is answered");
    })
    .await;
    let mut rt = OpenAIRealtimeWS::connect(config).await.unwrap();
    let mut seen = Vec::new();
    while let Some(event) = rt.next().await {
        seen.push(match event {
            Ok(ServerEvent::Other(raw)) => raw.event_type().to_owned(),
            Ok(event) => panic!("{event:?}"),
            Err(error) => report(&error),
        });
    }
    assert_eq!(
        seen,
        [
            "could not parse websocket event: Could not parse Realtime WebSocket event data as JSON (line 1, column 2).",
            "could not parse websocket event: Realtime WebSocket event must be an object with a string type.",
            "binary.works",
            "in.fragments",
        ]
    );
    assert_eq!(rt.closed().unwrap().frame.code, 1000);
    task.await.unwrap();
}

#[tokio::test]
async fn a_broken_frame_fails_the_session_with_its_cause() {
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        // A reserved opcode (RFC 6455, section 5.2).
        stream.write_all(&frame(3, b"")).await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    let mut rt = OpenAIRealtimeWS::connect(config).await.unwrap();
    let error = rt.next().await.unwrap().unwrap_err();
    assert!(
        matches!(&error, Error::Transport(TransportError::Protocol(_))),
        "{error:?}"
    );
    assert!(rt.next().await.is_none());
    assert_eq!(rt.closed().unwrap().frame.code, 1006);
    drop(rt);
    task.await.unwrap();
}

#[tokio::test]
async fn a_cut_in_the_middle_of_a_frame_is_a_lost_connection_and_gives_back_what_was_not_sent() {
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        let bytes = frame(1, br#"{"type":"x"}"#);
        stream.write_all(&bytes[..5]).await.unwrap();
    })
    .await;
    let mut rt = OpenAIRealtimeWS::connect(config).await.unwrap();
    task.await.unwrap();
    let error = rt.next().await.unwrap().unwrap_err();
    assert!(
        matches!(&error, Error::Transport(TransportError::Lost(_))),
        "{error:?}"
    );
    let refused = rt.send(ResponseCreate::default()).await.unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Closed);
    assert_eq!(refused.event, ResponseCreate::default().into());
    assert!(rt.next().await.is_none());
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_and_without_one_any_size_is_read_contract_21() {
    const SIZE: usize = 20 * 1024 * 1024;
    let serve = |mut stream: TcpStream, request: String| async move {
        accept(&mut stream, &request).await;
        let text = format!(r#"{{"type":"large","x":"{}"}}"#, "y".repeat(SIZE));
        // The client that refuses the message hangs up in the middle.
        let _ = stream.write_all(&frame(1, text.as_bytes())).await;
    };
    let (config, task) = server(serve).await;
    let mut rt = OpenAIRealtimeWS::connect(config).await.unwrap();
    let Some(Ok(ServerEvent::Other(raw))) = rt.next().await else {
        panic!("no event")
    };
    assert_eq!((raw.event_type(), raw.text().len()), ("large", SIZE + 23));
    task.await.unwrap();

    let (config, task) = server(serve).await;
    let connector = Connector::new().max_message_bytes(1024 * 1024);
    let mut rt = OpenAIRealtimeWS::open(connector, config).await.unwrap();
    let error = rt.next().await.unwrap().unwrap_err();
    assert!(
        matches!(&error, Error::Transport(TransportError::TooLarge(_))),
        "{error:?}"
    );
    drop(rt);
    task.await.unwrap();
}

#[tokio::test]
async fn a_reader_that_stalls_holds_the_sender_back_and_closing_gives_back_the_rest() {
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        // Keeps the connection, and reads nothing.
        std::future::pending::<()>().await;
    })
    .await;
    let config = config
        .max_queue_bytes(1024 * 1024)
        .close_timeout(Duration::from_millis(50));
    let mut rt = OpenAIRealtimeWS::connect(config).await.unwrap();
    let sender = rt.sender();
    let audio = vec![0; 300_000];
    // The kernel's buffers fill first, then the queue.
    let mut sent: usize = 0;
    let full = loop {
        match sender.try_send(InputAudioBufferAppend::bytes(&audio)) {
            Ok(()) => sent += 1,
            Err(refused) => {
                // Polling writes what the kernel takes.
                if futures_util::future::poll_immediate(rt.next())
                    .await
                    .is_some()
                {
                    panic!("the server sends nothing");
                }
                match sender.try_send(refused.event) {
                    Ok(()) => sent += 1,
                    Err(refused) => break refused,
                }
            }
        }
        assert!(sent < 10_000, "nothing holds the sender back");
    };
    assert_eq!(full.kind, SendErrorKind::Full);
    let waiting = sender.buffered_amount();
    assert!(waiting > 600_000 && waiting <= 1024 * 1024, "{waiting}");
    let closed = rt.close().await.unwrap();
    assert_eq!(closed.frame.code, 1006, "the peer never answered");
    assert_eq!(
        closed
            .unsent
            .iter()
            .map(|event| event.text().len())
            .sum::<usize>(),
        waiting
    );
    assert!(
        closed
            .unsent
            .iter()
            .all(|event| event.event_type() == "input_audio_buffer.append")
    );
    assert_eq!(
        sender.try_send(ResponseCreate::default()).unwrap_err().kind,
        SendErrorKind::Closed
    );
    task.abort();
    let _ = task.await;
}

#[tokio::test]
async fn dropping_a_session_closes_its_socket_and_ends_its_senders() {
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty(), "{rest:?}");
    })
    .await;
    let rt = OpenAIRealtimeWS::connect(config).await.unwrap();
    let sender = rt.sender();
    assert!(!sender.is_closed());
    drop(rt);
    task.await.unwrap();
    assert!(sender.is_closed());
    let refused = sender.send(ResponseCreate::default()).await.unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Closed);
}

#[test]
fn a_session_can_move_between_threads() {
    fn is_send<T: Send>(_: fn() -> T) {}
    fn is_sync<T: Sync>(_: fn() -> T) {}
    is_send::<OpenAIRealtimeWS>(|| unreachable!());
    is_send::<RawEvent>(|| unreachable!());
    is_send::<Error>(|| unreachable!());
    is_sync::<openai_realtime_ws::Sender>(|| unreachable!());
    is_send::<ServerEvent>(|| unreachable!());
}
