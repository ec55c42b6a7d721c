//! Faults of the connection under an open session.

use std::pin::pin;
use std::time::Duration;

use futures_util::{FutureExt, future::poll_immediate};
use openai_realtime_ws::emulator::{Action, Admission, ConnectionRecord, Emulator, Script};
use openai_realtime_ws::native::Connector;
use openai_realtime_ws::protocol::{InputAudioBufferAppend, ResponseCreate};
use openai_realtime_ws::{Config, KeepAlive, OpenAIRealtimeWS, SendErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::caller::{describe, end, list, read, watch, watch_over};
use crate::peer::{self, NOTHING, Then, among_others, session};
use crate::raw_server::{accept, frame, server};
use crate::{Fault, Seen};

const SOON: Duration = Duration::from_millis(100);

pub fn faults() -> Vec<Fault> {
    let event = || frame(1, br#"{"type":"x"}"#);
    vec![
        Fault::new(
            "the connection is cut between two frames",
            session(event(), Then::Cut),
        ),
        Fault::new(
            "the connection is reset between two frames",
            session(event(), Then::Reset),
        ),
        Fault::new("a cut at each byte of a frame", at_each_byte(Then::Cut)),
        Fault::new("a reset at each byte of a frame", at_each_byte(Then::Reset)),
        Fault::new(
            "a cut over TLS, without its farewell",
            over_tls(Action::Drop),
        ),
        Fault::new(
            "a cut over TLS in the middle of a frame",
            over_tls(Action::CutFrame),
        ),
        Fault::new(
            "the server takes connections and drops them, five times",
            flapping(),
        ),
        Fault::new("the server falls silent", silence()),
        Fault::new(
            "the server falls silent, and does not answer pings (`keep_alive`)",
            dead(|config| config.keep_alive(KeepAlive::default().interval(SOON).timeout(SOON))),
        ),
        Fault::new(
            "the server falls silent for longer than `idle_timeout`",
            dead(|config| config.keep_alive(None).idle_timeout(SOON)),
        ),
        Fault::new(
            "the server reads nothing for longer than `send_timeout`",
            unread(),
        ),
        Fault::new("the server reads nothing", stall(false)),
        Fault::new("the server reads nothing, then resets", stall(true)),
        Fault::new(
            "the server hangs up while a large event is written",
            cut_in_an_event(),
        ),
        Fault::new("the server reads byte by byte", slow_reader()),
        Fault::new("the server writes byte by byte", slow_writer()),
        Fault::new("the caller drops the session", dropped()),
        Fault::new(
            "bytes that are no frame at all",
            among_others(b"HTTP/1.1 400 Bad Request\r\n\r\n".repeat(10)),
        ),
    ]
}

async fn at_each_byte(then: Then) -> Seen {
    let frame = frame(1, format!(r#"{{"type":"{}"}}"#, "x".repeat(300)).as_bytes());
    let mut seen = Vec::new();
    for cut in 1..frame.len() {
        seen.push(session(frame[..cut].to_vec(), then).await.caller);
    }
    Seen {
        caller: list(&seen),
        server: NOTHING.to_owned(),
    }
}

fn config(emulator: &Emulator) -> Config {
    Config::new("k")
        .model("m")
        .insecure_loopback_url(emulator.ws_url())
}

async fn over_tls(action: Action) -> Seen {
    let emulator = Emulator::builder()
        .script(Script::new().on_connect(move |_| Admission::accept().after(1, action.clone())))
        .start()
        .await
        .unwrap();
    let connector = Connector::new()
        .root_certificate_pem(emulator.certificate_pem().as_bytes())
        .unwrap();
    let config = Config::new("k").model("m").base_url(emulator.wss_url());
    let caller = watch_over(connector, config).await;
    emulator.until(|all| all[0].has_ended()).await;
    Seen {
        caller,
        server: NOTHING.to_owned(),
    }
}

async fn flapping() -> Seen {
    let emulator = Emulator::builder()
        .script(Script::new().on_connect(|_| Admission::accept().after(0, Action::Drop)))
        .start()
        .await
        .unwrap();
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(watch(config(&emulator)).await);
    }
    emulator
        .until(|all| all.iter().all(ConnectionRecord::has_ended))
        .await;
    Seen {
        caller: list(&seen),
        server: NOTHING.to_owned(),
    }
}

/// The caller waits; what it may do is close.
async fn silence() -> Seen {
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        peer::read_and_hold(stream).await
    })
    .await;
    let mut rt = OpenAIRealtimeWS::connect(config.close_timeout(SOON))
        .await
        .unwrap();
    assert!(poll_immediate(rt.next()).await.is_none());
    let closed = rt.close().await.unwrap();
    Seen {
        caller: format!(
            "nothing; when it closes, {} after `close_timeout`",
            end(&closed)
        ),
        server: task.await.unwrap(),
    }
}

/// A server that is gone without a word.
async fn dead(notice: impl FnOnce(Config) -> Config) -> Seen {
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        peer::read(&mut stream).await
    })
    .await;
    let caller = watch(notice(config)).await;
    let server = task.await.unwrap();
    Seen { caller, server }
}

/// The system's buffers take no more.
async fn unread() -> Seen {
    let (tell, told) = oneshot::channel();
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        let _: Result<(), _> = told.await;
    })
    .await;
    let mut rt = OpenAIRealtimeWS::connect(config.send_timeout(SOON))
        .await
        .unwrap();
    let large = InputAudioBufferAppend::bytes(&vec![0; 20 * 1024 * 1024]);
    let refused = rt.send(large).await.unwrap_err();
    let rest = read(&mut rt).await;
    tell.send(()).unwrap();
    task.await.unwrap();
    Seen {
        caller: format!("`send` gives the event back (`{:?}`), {rest}", refused.kind),
        server: "a part of it".to_owned(),
    }
}

/// Events wait in the queue once nothing can be written, and come back.
async fn stall(resets: bool) -> Seen {
    let (tell, told) = oneshot::channel();
    let (config, task) = server(move |mut stream, request| async move {
        accept(&mut stream, &request).await;
        // It reads nothing meanwhile.
        let _ = told.await;
        if resets {
            stream.set_zero_linger().unwrap();
        }
    })
    .await;
    let config = config.max_queue_bytes(1024 * 1024).close_timeout(SOON);
    let mut rt = OpenAIRealtimeWS::connect(config).await.unwrap();
    let sender = rt.sender();
    let event = || InputAudioBufferAppend::bytes(&vec![0; 30_000]);
    // The system's buffers fill first, then the queue.
    let mut given = 0;
    let full = loop {
        match sender.try_send(event()) {
            Ok(()) => given += 1,
            Err(refused) => {
                let before = sender.buffered_amount();
                assert!(poll_immediate(rt.next()).await.is_none());
                if sender.buffered_amount() == before {
                    break refused.kind;
                }
            }
        }
    };
    assert_eq!(full, SendErrorKind::Full);
    let waits = pin!(rt.send(event())).now_or_never().is_none();
    assert!(waits, "there is no room");
    let waiting = sender.buffered_amount();
    let (mut seen, closed) = if resets {
        tell.send(()).unwrap();
        let error = rt.next().await.unwrap().unwrap_err();
        assert!(rt.next().await.is_none());
        (vec![describe(&error)], rt.closed().unwrap().clone())
    } else {
        let closed = rt.close().await.unwrap();
        tell.send(()).unwrap();
        (
            vec!["when it closes, after `close_timeout`".to_owned()],
            closed,
        )
    };
    let unsent: usize = closed.unsent.iter().map(|event| event.text().len()).sum();
    assert_eq!(unsent, waiting);
    assert!((20..given).contains(&closed.unsent.len()));
    seen.push(format!("end {} with all unsent that waited", closed.frame));
    task.await.unwrap();
    Seen {
        caller: format!("`send` waits, `try_send` is `Full`; {}", list(&seen)),
        server: NOTHING.to_owned(),
    }
}

async fn cut_in_an_event() -> Seen {
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        stream.read_u8().await.unwrap();
        stream.set_zero_linger().unwrap();
    })
    .await;
    let mut rt = OpenAIRealtimeWS::connect(config).await.unwrap();
    // More than the system's buffers take.
    let large = InputAudioBufferAppend::bytes(&vec![0; 20 * 1024 * 1024]);
    let refused = rt.send(large).await.unwrap_err();
    let rest = read(&mut rt).await;
    task.await.unwrap();
    Seen {
        caller: format!("`send` gives it back (`{:?}`), {rest}", refused.kind),
        server: "a part of it".to_owned(),
    }
}

/// Every event arrives whole.
async fn slow_reader() -> Seen {
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        let (mut whole, mut pieces) = tokio::io::duplex(1024);
        let forward = async {
            // The close frame is the last that comes.
            while let Ok(byte) = stream.read_u8().await {
                let _ = pieces.write_all(&[byte]).await;
            }
            drop(pieces);
        };
        let (seen, ()) = tokio::join!(peer::read(&mut whole), forward);
        seen
    })
    .await;
    let mut rt = OpenAIRealtimeWS::connect(config.close_timeout(SOON))
        .await
        .unwrap();
    for _ in 0..3 {
        rt.send(InputAudioBufferAppend::bytes(&vec![0; 100_000]))
            .await
            .unwrap();
    }
    rt.send(ResponseCreate::default()).await.unwrap();
    let closed = rt.close().await.unwrap();
    Seen {
        caller: format!(
            "no difference, but for the close that is not answered: {}",
            end(&closed)
        ),
        server: task.await.unwrap(),
    }
}

async fn slow_writer() -> Seen {
    async fn write(stream: &mut TcpStream, bytes: &[u8]) {
        for byte in bytes {
            stream.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
    }
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        stream.set_nodelay(true).unwrap();
        write(&mut stream, &frame(1, br#"{"type":"x"}"#).repeat(3)).await;
        write(&mut stream, &frame(8, &[0x03, 0xE8])).await;
        peer::read(&mut stream).await
    })
    .await;
    let caller = watch(config).await;
    Seen::both(caller, task).await
}

async fn dropped() -> Seen {
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        peer::read(&mut stream).await
    })
    .await;
    let rt = OpenAIRealtimeWS::connect(config).await.unwrap();
    let sender = rt.sender();
    drop(rt);
    let server = task.await.unwrap();
    let refused = sender.send(ResponseCreate::default()).await.unwrap_err();
    Seen {
        caller: format!("its `Sender`s give events back (`{:?}`)", refused.kind),
        server,
    }
}
