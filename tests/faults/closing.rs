//! Ends of connections, in good order and otherwise.

use std::time::Duration;

use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::protocol::Events;
use openai_realtime_ws::{CloseFrame, Config, OpenAIRealtimeWS};
use tokio::io::AsyncWriteExt;

use crate::caller::{describe, end, list, watch};
use crate::peer::{NOTHING, Then, read_and_hold, session};
use crate::raw_server::{accept, frame, server};
use crate::{Fault, Seen};

const SOON: Duration = Duration::from_millis(100);
/// Close frame of a closing caller.
const BYE: &str = "bye";

pub fn faults() -> Vec<Fault> {
    let close = |payload: &[u8]| session(frame(8, payload), Then::Read);
    let reason = |length: usize| [&[0x0F, 0xA0][..], &b"r".repeat(length)].concat();
    let mut faults = vec![
        Fault::new("a close without a code", close(&[])),
        Fault::new("a close of one byte", close(&[0x03])),
        Fault::new("a reason of 123 bytes", close(&reason(123))),
        Fault::new(
            "a reason of 124 bytes, and so a frame of 126",
            close(&reason(124)),
        ),
        Fault::new("a reason of malformed UTF-8", close(&[0x0F, 0xA0, 0xFF])),
    ];
    for code in (1000..=1015).chain([0, 999, 1016, 2999, 3000, 4000, 4999, 5000, 65535]) {
        let name = format!("a close with code {code}");
        let payload = [&u16::to_be_bytes(code)[..], b"why"].concat();
        faults.push(Fault::new(name, close(&payload)));
    }
    let event = frame(1, br#"{"type":"late"}"#);
    let late = [frame(8, &[0x03, 0xE8]), event.clone()].concat();
    faults.extend([
        Fault::new("an event behind the close", session(late, Then::Read)),
        Fault::new("a close, and the connection kept open", kept_open()),
        Fault::new("the session's time is over", expired()),
        Fault::new(
            "the caller closes, and is not answered",
            closing(|_| Vec::new(), Then::Read),
        ),
        Fault::new(
            "the caller closes, and the connection is cut",
            closing(|_| Vec::new(), Then::Cut),
        ),
        Fault::new(
            "the caller closes, and the connection is reset",
            closing(|_| Vec::new(), Then::Reset),
        ),
        Fault::new(
            "the caller closes, and gets two events before the answer",
            closing(
                move |answer| [&event.repeat(2)[..], answer].concat(),
                Then::Cut,
            ),
        ),
        Fault::new(
            "the caller closes, and gets another code",
            closing(|_| frame(8, &[0x0F, 0xA1]), Then::Cut),
        ),
        Fault::new(
            "the caller closes, and gets a bad frame",
            closing(|_| vec![0x83, 0], Then::Read),
        ),
        Fault::new(
            "the caller closes, and the server never stops talking",
            endless(),
        ),
    ]);
    for code in [999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
        let frame = CloseFrame {
            code,
            reason: BYE.into(),
        };
        faults.push(Fault::new(
            format!("the caller closes with code {code}"),
            refused(frame),
        ));
    }
    let long = CloseFrame {
        code: 1000,
        reason: "r".repeat(124).into(),
    };
    faults.push(Fault::new(
        "the caller closes with a reason of 124 bytes",
        refused(long),
    ));
    faults
}

async fn kept_open() -> Seen {
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        stream.write_all(&frame(8, &[0x03, 0xE9])).await.unwrap();
        read_and_hold(stream).await
    })
    .await;
    let caller = watch(config.close_timeout(SOON)).await;
    Seen::both(caller, task).await
}

async fn expired() -> Seen {
    let emulator = Emulator::builder()
        .lifetime(Duration::from_millis(1))
        .start()
        .await
        .unwrap();
    let config = Config::new("k")
        .model("m")
        .insecure_loopback_url(emulator.ws_url());
    let caller = watch(config).await;
    let connections = emulator.until(|all| all[0].has_ended()).await;
    let (code, _) = connections[0].close().unwrap();
    Seen {
        caller,
        server: format!("close {code}"),
    }
}

/// A caller that closes; `answer` makes the server's bytes of the proper answer.
async fn closing(answer: impl FnOnce(&[u8]) -> Vec<u8> + Send + 'static, then: Then) -> Seen {
    let (config, task) = server(move |mut stream, request| async move {
        accept(&mut stream, &request).await;
        // The close frame: masked, a code and a reason.
        let mut close = [0; 2 + 4 + 2 + BYE.len()];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut close)
            .await
            .unwrap();
        assert_eq!(close[..2], [0x88, 0x80 | 5]);
        stream
            .write_all(&answer(&frame(8, &[0x03, 0xE8])))
            .await
            .unwrap();
        then.act(stream).await
    })
    .await;
    let mut rt = OpenAIRealtimeWS::connect(config.close_timeout(SOON))
        .await
        .unwrap();
    Seen {
        caller: close(&mut rt).await,
        server: task.await.unwrap(),
    }
}

async fn endless() -> Seen {
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        let event = frame(
            1,
            format!(r#"{{"type":"x","x":"{}"}}"#, "x".repeat(10_000)).as_bytes(),
        );
        while stream.write_all(&event).await.is_ok() {}
        NOTHING.to_owned()
    })
    .await;
    let mut rt = OpenAIRealtimeWS::connect(config.close_timeout(SOON))
        .await
        .unwrap();
    let closed = rt.close().await.unwrap();
    let mut kept = 0;
    while let Some(event) = rt.next().await {
        kept += event.unwrap().encode().text().len();
    }
    // What was read ahead is bounded, and can still be had.
    assert!((1..=1024 * 1024 + 20_000).contains(&kept), "{kept} bytes");
    drop(rt);
    Seen {
        caller: format!("up to 1 MiB of events, {}", end(&closed)),
        server: task.await.unwrap(),
    }
}

/// Closes as the caller, and says what came of it.
async fn close(rt: &mut OpenAIRealtimeWS) -> String {
    let frame = CloseFrame::new(1000, BYE).unwrap();
    let closed = rt.close_with(frame).await.unwrap();
    let mut seen = Vec::new();
    while let Some(event) = rt.next().await {
        seen.push(match event {
            Ok(event) => format!("`{}`", event.event_type()),
            Err(error) => describe(&error),
        });
    }
    seen.push(end(&closed));
    list(&seen)
}

/// A close that may not be sent; the session goes on.
async fn refused(frame: CloseFrame) -> Seen {
    let emulator = Emulator::start().await.unwrap();
    let config = Config::new("k")
        .model("m")
        .insecure_loopback_url(emulator.ws_url());
    let mut rt = OpenAIRealtimeWS::connect(config).await.unwrap();
    let error = rt.close_with(frame).await.unwrap_err();
    let event = rt.next().await.unwrap().unwrap();
    let seen = [
        describe(&error.into()),
        format!("`{}`", event.event_type()),
        close(&mut rt).await,
    ];
    let connections = emulator.until(|all| all[0].has_ended()).await;
    let (code, reason) = connections[0].close().unwrap();
    Seen {
        caller: list(&seen),
        server: format!("close {code} ({reason})"),
    }
}
