//! Connections that break under a session that reconnects.

use std::time::Duration;

use openai_realtime_ws::emulator::{Action, Admission, Connection, Emulator, Script};
use openai_realtime_ws::protocol::ConversationItemCreate;
use openai_realtime_ws::{Config, OpenAIRealtimeWS, Reconnect, Update};

use crate::caller::{describe, end, read_updates};
use crate::peer::NOTHING;
use crate::{Fault, Seen};

pub fn faults() -> Vec<Fault> {
    let mut faults = vec![
        Fault::new("a cut", outage(|_| drop_at(1))),
        Fault::new("a cut before the first event", outage(|_| drop_at(0))),
        Fault::new("a cut in the middle of a frame", outage(|_| accept(1, Action::CutFrame))),
        Fault::new("a frame that breaks the protocol", outage(|_| accept(1, Action::Bytes(b"\x83\x00"[..].into())))),
        Fault::new(
            "a cut, and four attempts refused with 503",
            outage(|number| match number {
                0 => drop_at(1),
                5.. => enough(),
                _ => Admission::refuse(503),
            }),
        ),
        Fault::new("a cut, and every attempt refused with 503", always(|_| Admission::refuse(503))),
        Fault::new("a cut, and an attempt refused with 401", always(|_| Admission::refuse(401))),
        Fault::new("a cut, and an attempt that is never answered", ignored()),
        Fault::new("connections that are taken and dropped, time and again", always(|_| drop_at(1))),
        Fault::new("a first connection that is refused", first_refused()),
        Fault::new("the caller closes in an outage, with an event waiting", closed_in_an_outage()),
    ];
    for code in (1000..=1003).chain(1007..=1013).chain([3000, 4000]) {
        let close = outage(move |_| accept(1, Action::close(code, "why")));
        faults.push(Fault::new(format!("a close with code {code}"), close));
    }
    faults
}

fn accept(events: usize, action: Action) -> Admission {
    Admission::accept().after(events, action)
}

fn drop_at(events: usize) -> Admission {
    accept(events, Action::Drop)
}

/// What a connection does that the story ends with.
fn enough() -> Admission {
    accept(1, Action::close(1000, "enough"))
}

async fn emulator(admit: impl Fn(usize) -> Admission + Send + Sync + 'static) -> Emulator {
    let script = Script::new().on_connect(move |upgrade| admit(upgrade.connection()));
    Emulator::builder().script(script).start().await.unwrap()
}

/// With hardly a wait between attempts.
fn config(emulator: &Emulator) -> Config {
    let config = Config::new("k").model("m").insecure_loopback_url(emulator.ws_url());
    config.reconnect(Reconnect::default().initial_delay(Duration::from_millis(1)))
}

async fn watch(emulator: &Emulator, config: Config) -> Seen {
    let caller = match OpenAIRealtimeWS::connect(config).await {
        Ok(mut session) => read_updates(&mut session).await,
        Err(error) => describe(&error),
    };
    seen(emulator, caller).await
}

async fn seen(emulator: &Emulator, caller: String) -> Seen {
    let connections = emulator.until(|all| all.iter().all(Connection::has_ended)).await;
    let server = match connections.len() {
        1 => "one connection".to_owned(),
        number => format!("{number} connections"),
    };
    Seen { caller, server }
}

/// The first connections have a fault; the second, unless it has one, too, ends the story.
async fn outage(fault: impl Fn(usize) -> Admission + Send + Sync + 'static) -> Seen {
    let emulator = emulator(move |number| match number {
        0 => fault(0),
        number => match fault(number) {
            refusal if refusal == Admission::refuse(503) => refusal,
            _ => enough(),
        },
    })
    .await;
    watch(&emulator, config(&emulator)).await
}
