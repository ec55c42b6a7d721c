//! Connections that break under a session that reconnects.

use std::net::SocketAddr;
use std::time::Duration;

use openai_realtime_ws::emulator::{Action, Admission, ConnectionRecord, Emulator, Script};
use openai_realtime_ws::native::Connector;
use openai_realtime_ws::protocol::ConversationItemCreate;
use openai_realtime_ws::{CloseFrame, Config, OpenAIRealtimeWS, Reconnect, Update};
use tokio::io::{AsyncReadExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::caller::{describe, end, read_updates};
use crate::peer::Then;
use crate::{Fault, Seen};

pub fn faults() -> Vec<Fault> {
    let refused = Admission::refuse;
    let mut rows = vec![
        ("a cut", vec![drop_at(1), enough()]),
        ("a cut before the first event", vec![drop_at(0), enough()]),
        (
            "a cut in the middle of a frame",
            vec![first(Action::CutFrame), enough()],
        ),
        (
            "a frame that breaks the protocol",
            vec![first(Action::Bytes(b"\x83\x00"[..].into())), enough()],
        ),
        (
            "a first connection that is refused with 503",
            vec![refused(503)],
        ),
        (
            "a cut, and four attempts refused with 503",
            vec![
                drop_at(1),
                refused(503),
                refused(503),
                refused(503),
                refused(503),
                enough(),
            ],
        ),
        (
            "a cut, and every attempt refused with 503",
            vec![drop_at(1), refused(503)],
        ),
        (
            "a cut, and attempts refused with 409, 425, 501, 520 and 529",
            vec![
                drop_at(1),
                refused(409),
                refused(425),
                refused(501),
                refused(520),
                refused(529),
            ],
        ),
        (
            "a cut, and an attempt refused with 503 and `Retry-After: 86400`",
            vec![
                drop_at(1),
                refused(503).retry_after(Duration::from_secs(86_400)),
                enough(),
            ],
        ),
        (
            "a cut, and an attempt refused with 401",
            vec![drop_at(1), refused(401)],
        ),
        (
            "a cut, and an attempt that meets a redirect",
            vec![drop_at(1), refused(307)],
        ),
        (
            "a cut, and an attempt that is not answered",
            vec![drop_at(1), Admission::ignore(), enough()],
        ),
        (
            "connections that are taken and dropped, time and again",
            vec![drop_at(1)],
        ),
    ];
    let names = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 4000,
    ]
    .map(|code| (code, format!("a close with code {code}")));
    for (code, name) in &names {
        rows.push((name, vec![first(Action::close(*code, "why")), enough()]));
    }
    let mut faults: Vec<_> = rows
        .into_iter()
        .map(|(name, connections)| Fault::new(name, story(connections)))
        .collect();
    for (name, then) in [
        ("a cut, and an attempt that ends during TLS", Then::Cut),
        (
            "a cut, and an attempt that is reset during TLS",
            Then::Reset,
        ),
    ] {
        faults.push(Fault::new(name, second_ends_during_tls(then)));
    }
    faults.push(Fault::new(
        "a cut, and the caller closes before the attempt, with an event waiting",
        closed_in_an_outage(),
    ));
    faults
}

/// Does something behind the first event.
fn first(action: Action) -> Admission {
    Admission::accept().after(1, action)
}

fn drop_at(events: usize) -> Admission {
    Admission::accept().after(events, Action::Drop)
}

/// A good end.
fn enough() -> Admission {
    first(Action::close(1000, "enough"))
}

/// Fates of the connections in order; those beyond the last are like it.
async fn story(connections: Vec<Admission>) -> Seen {
    let (emulator, config) = emulator(connections).await;
    let soon = Duration::from_millis(1);
    let config = config
        .reconnect(
            Reconnect::default()
                .initial_delay(soon)
                .max_retry_after(soon),
        )
        // Long for a connection that is answered, bearable for one that is not.
        .connect_timeout(Duration::from_secs(3));
    let caller = match OpenAIRealtimeWS::connect(config).await {
        Ok(mut session) => read_updates(&mut session).await,
        Err(error) => describe(&error),
    };
    seen(&emulator, caller).await
}

/// A TLS server behind a relay, which ends the second connection when the client has spoken.
async fn second_ends_during_tls(then: Then) -> Seen {
    let (emulator, config) = emulator(vec![drop_at(1), enough()]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let relay = listener.local_addr().unwrap();
    let server = SocketAddr::from(([127, 0, 0, 1], emulator.port()));
    let relaying = tokio::spawn(async move {
        for connection in 0..3 {
            let (mut client, _) = listener.accept().await.unwrap();
            if connection == 1 {
                assert!(client.read(&mut [0; 4096]).await.unwrap() > 0);
                then.act(client).await;
                continue;
            }
            let mut server = TcpStream::connect(server).await.unwrap();
            // How the connection goes down is the caller's to tell.
            let _ = copy_bidirectional(&mut client, &mut server).await;
        }
    });
    let connector = Connector::new().no_proxy();
    let connector = connector
        .root_certificate_pem(emulator.certificate_pem().as_bytes())
        .unwrap();
    let config = config
        .base_url(format!("https://{relay}/v1"))
        .reconnect(Reconnect::default().initial_delay(Duration::from_millis(1)));
    let mut session = OpenAIRealtimeWS::open(connector, config).await.unwrap();
    let caller = read_updates(&mut session).await;
    drop(session);
    relaying.await.unwrap();
    seen(&emulator, caller).await
}

/// An outage of hours, unless somebody closes.
async fn closed_in_an_outage() -> Seen {
    let (emulator, config) = emulator(vec![drop_at(1)]).await;
    let hours = Duration::from_secs(7200);
    let reconnect = Reconnect::default().initial_delay(hours).max_delay(hours);
    let mut session = OpenAIRealtimeWS::connect(config.reconnect(reconnect))
        .await
        .unwrap();
    while !matches!(
        session.next_update().await,
        Some(Ok(Update::Reconnecting(_)))
    ) {}
    session
        .send(ConversationItemCreate::user_text("Hi"))
        .await
        .unwrap();
    let frame = CloseFrame::new(4001, "enough").unwrap();
    let closed = session.close_with(frame).await.unwrap();
    seen(
        &emulator,
        format!("`close_with` returns at once: {}", end(&closed)),
    )
    .await
}

async fn emulator(connections: Vec<Admission>) -> (Emulator, Config) {
    let script = Script::new().on_connect(move |upgrade| {
        let connection = connections.get(upgrade.connection());
        connection.or(connections.last()).cloned().unwrap()
    });
    let emulator = Emulator::builder().script(script).start().await.unwrap();
    let config = Config::new("k")
        .model("m")
        .insecure_loopback_url(emulator.ws_url());
    (emulator, config)
}

async fn seen(emulator: &Emulator, caller: String) -> Seen {
    let connections = emulator
        .until(|all| all.iter().all(ConnectionRecord::has_ended))
        .await;
    let server = match connections.len() {
        1 => "one connection".to_owned(),
        number => format!("{number} connections"),
    };
    Seen { caller, server }
}
