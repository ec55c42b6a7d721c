//! The calls that are repeated, their pauses and their number. The clock is paused and jumps ahead
//! when every task waits for it. The clients have no timeout, so that only the pauses take time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use openai_realtime_ws::protocol::RealtimeSession;
use openai_realtime_ws::rest::{Client, Error};
use openai_realtime_ws::{Config, Credential, TransportError};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::server::{Server, answer};
use super::{KEY, client, mint, minted};

fn unhurried(server: &Server) -> Client {
    client(server).timeout(Duration::MAX)
}

fn status(error: &Error) -> Option<u16> {
    match error {
        Error::Refused(refusal) => Some(refusal.status),
        _ => None,
    }
}

/// A closed port.
async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_heeded() {
    for (headers, pause) in [
        ("Retry-After: 20\r\n", Duration::from_secs(20)),
        ("retry-after-ms: 1500\r\n", Duration::from_millis(1500)),
    ] {
        for status in [429, 503] {
            let server = Server::start([answer(status, headers, ""), minted()]).await;
            let start = Instant::now();
            mint(&unhurried(&server)).await.unwrap();
            let took = start.elapsed();
            // Timers count in milliseconds.
            assert!(
                took >= pause && took <= pause + Duration::from_millis(2),
                "{took:?}"
            );
            assert_eq!(server.seen().len(), 2);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_retry_after_the_pauses_grow_and_end() {
    let server = Server::start((0..5).map(|_| answer(503, "", ""))).await;
    let start = Instant::now();
    let error = mint(&unhurried(&server)).await.unwrap_err();
    assert_eq!(status(&error), Some(503));
    assert_eq!(server.seen().len(), 3);
    // Half a second and a second, or up to a quarter less.
    let took = start.elapsed();
    let (least, most) = (Duration::from_millis(1125), Duration::from_millis(1504));
    assert!(least <= took && took <= most, "{took:?}");

    let server = Server::start((0..5).map(|_| answer(429, "", ""))).await;
    let client = unhurried(&server).max_retries(0);
    assert_eq!(status(&mint(&client).await.unwrap_err()), Some(429));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_have_been_carried_out_is_not_repeated() {
    for failure in [408, 409, 500, 502, 504] {
        let server = Server::start([answer(failure, "Retry-After: 1\r\n", ""), minted()]).await;
        let error = mint(&unhurried(&server)).await.unwrap_err();
        assert_eq!(status(&error), Some(failure));
        assert_eq!(server.seen().len(), 1, "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_never_created_twice() {
    for failure in [429, 503] {
        let server = Server::start((0..2).map(|_| answer(failure, "Retry-After: 1\r\n", ""))).await;
        let client = unhurried(&server);
        let error = client.calls().create("v=0", None).await.unwrap_err();
        assert_eq!(status(&error), Some(failure));
        assert_eq!(server.seen().len(), 1, "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_action_on_a_call_is_repeated_when_it_was_refused() {
    let server = Server::start([answer(429, "Retry-After: 1\r\n", ""), answer(200, "", "")]).await;
    let client = unhurried(&server);
    let session = RealtimeSession::new().model("gpt-realtime");
    client.calls().accept("rtc_1", session).await.unwrap();
    let [first, second] = server.seen().try_into().unwrap();
    assert_eq!(first.line, second.line);
    assert_eq!(first.body, second.body);
}

#[tokio::test(start_paused = true)]
async fn an_unsent_call_is_repeated_with_a_fresh_credential() {
    let port = closed_port().await;
    let server = Arc::<Mutex<Option<Server>>>::default();
    let asked = Arc::<Mutex<u32>>::default();
    let (start, count) = (Arc::clone(&server), Arc::clone(&asked));
    // Nobody listens until the credential is asked for the second time.
    let provider = Credential::provider(move || {
        let (start, count) = (Arc::clone(&start), Arc::clone(&count));
        async move {
            let attempt = {
                let mut count = count.lock().unwrap();
                *count += 1;
                *count
            };
            if attempt == 2 {
                let listener = TcpListener::bind(("127.0.0.1", port)).await?;
                let set_up = answer(201, "Location: /calls/rtc_1\r\n", "v=0");
                *start.lock().unwrap() = Some(Server::on(listener, [set_up]));
            }
            Ok::<_, std::io::Error>(format!("token-{attempt}"))
        }
    });
    let config = Config::new(provider).insecure_loopback_url(format!("http://127.0.0.1:{port}/v1"));
    let client = Client::new(config).unwrap().timeout(Duration::MAX);
    let call = client.calls().create("v=0", None).await.unwrap();
    assert_eq!(call.id, "rtc_1");
    assert_eq!(*asked.lock().unwrap(), 2);
    let server = server.lock().unwrap().take().unwrap();
    let [seen] = server.seen().try_into().unwrap();
    assert_eq!(seen.header("authorization"), "Bearer token-2");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there_is_tried_three_times() {
    let port = closed_port().await;
    let url = format!("http://127.0.0.1:{port}/v1");
    let client = Client::new(Config::new(KEY).insecure_loopback_url(url)).unwrap();
    let start = Instant::now();
    let error = mint(&client.timeout(Duration::MAX)).await.unwrap_err();
    assert!(
        matches!(error, Error::Transport(TransportError::Unreachable(_))),
        "{error:?}"
    );
    assert!(start.elapsed() >= Duration::from_millis(1125));
}

#[tokio::test]
async fn a_pause_beyond_the_timeout_is_not_waited_for() {
    let server = Server::start([answer(429, "Retry-After: 60\r\n", "")]).await;
    let start = std::time::Instant::now();
    let error = mint(&client(&server).timeout(Duration::from_secs(60)))
        .await
        .unwrap_err();
    assert_eq!(status(&error), Some(429));
    assert!(start.elapsed() < Duration::from_secs(30));
    assert_eq!(server.seen().len(), 1);
}
