//! The servers, which break every connection sooner or later, and note every event they read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use openai_realtime_ws::Config;
use openai_realtime_ws::emulator::{Action, Admission, Emulator, EmulatorBuilder, Script};
use openai_realtime_ws::native::Connector;
use serde::Deserialize;

use crate::Result;
use crate::deaf::DeafAddress;
use crate::ledger::Ledger;
use crate::random::Random;
use crate::relay::Relay;
use crate::way::Way;

/// Lifetime of the sessions that are renewed, each after half of it.
pub const LIFETIME: Duration = Duration::from_secs(20);

/// Time in which those of their connections that break have broken. Later ones, whose sessions are
/// renewed, lose nothing.
const BREAKING: std::ops::Range<u64> = 200..5_000;

/// All servers of a run.
pub struct Servers {
    breaking: Emulator,
    expiring: Emulator,
    relay: Relay,
    deaf: DeafAddress,
}

impl Servers {
    /// Starts them.
    pub async fn start(seed: u64, ledger: &Arc<Ledger>) -> Result<Self> {
        let breaking = start(seed, ledger, Emulator::builder(), fate).await?;
        let expiring = Emulator::builder().lifetime(LIFETIME);
        let expiring = start(!seed, ledger, expiring, short_fate).await?;
        let address = SocketAddr::from(([127, 0, 0, 1], breaking.port()));
        Ok(Self {
            relay: Relay::start(seed, address).await?,
            deaf: DeafAddress::start().await?,
            breaking,
            expiring,
        })
    }

    /// Returns what a session needs to go a way.
    pub fn reach(&self, way: Way) -> Result<(Connector, Config)> {
        let connector = Connector::new().no_proxy();
        let config = Config::new("sk-soak").model("gpt-realtime");
        Ok(match way {
            Way::Clear => {
                let url = self.breaking.ws_url();
                (connector, config.insecure_loopback_url(url))
            }
            Way::DeadAddress => {
                let live = SocketAddr::from(([127, 0, 0, 1], self.breaking.port()));
                let connector = connector.resolve("two.localhost", [self.deaf.address, live]);
                let url = "ws://two.localhost/v1";
                (connector, config.insecure_loopback_url(url))
            }
            Way::Tls => {
                let certificate = self.breaking.certificate_pem().as_bytes();
                let url = format!("https://{}/v1", self.relay.address);
                let connector = connector.root_certificate_pem(certificate)?;
                (connector, config.base_url(url))
            }
            Way::Renewing => {
                let url = self.expiring.ws_url();
                (connector, config.insecure_loopback_url(url).renew())
            }
        })
    }

    /// Number of TLS handshakes that were reset or ended.
    pub fn failed_tls(&self) -> u64 {
        self.relay.failed()
    }
}

async fn start(
    seed: u64,
    ledger: &Arc<Ledger>,
    emulator: EmulatorBuilder,
    fate: fn(&mut Random) -> Admission,
) -> Result<Emulator> {
    let ledger = Arc::clone(ledger);
    let script = Script::new()
        .on_connect(move |upgrade| fate(&mut Random::new(seed, upgrade.connection() as u64)))
        .on_event(move |event| {
            note(event.text(), &ledger);
            None
        });
    let emulator = emulator.script(script).record_events(false);
    Ok(emulator.start().await?)
}

/// Fate of a connection.
fn fate(random: &mut Random) -> Admission {
    if let Some(refused) = refusal(random) {
        return refused;
    }
    let time = random.millis(500..20_000);
    let admission = if random.chance(10) {
        Admission::accept().after(3, Action::Stall)
    } else {
        Admission::accept()
    };
    admission.after_time(time, end(random))
}

/// Fate of a connection whose session expires soon.
fn short_fate(random: &mut Random) -> Admission {
    if let Some(refused) = refusal(random) {
        return refused;
    }
    let time = random.millis(BREAKING);
    if random.chance(30) {
        Admission::accept().after_time(time, end(random))
    } else {
        Admission::accept()
    }
}

fn refusal(random: &mut Random) -> Option<Admission> {
    Some(match random.of(0..100) {
        0..=4 => Admission::refuse(503),
        5 => Admission::refuse(503).retry_after(Duration::from_secs(86_400)),
        6 => Admission::refuse(429).retry_after(Duration::from_secs(1)),
        7 | 8 => Admission::refuse(409),
        9 => Admission::refuse(529),
        // The client gives up by its own timeout.
        10 => Admission::ignore(),
        _ => return None,
    })
}

fn end(random: &mut Random) -> Action {
    match random.of(0..8) {
        0..=3 => Action::Drop,
        4 => Action::CutFrame,
        5 => Action::close(1001, "going away"),
        6 => Action::close(1011, "trouble"),
        _ => Action::close(1012, "restart"),
    }
}

/// The name of an event: its session, and its number there.
pub fn name(session: usize, number: u64) -> String {
    format!("{session}-{number}")
}

/// Name in an event's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventName {
    Given {
        session: usize,
        number: u64,
    },
    /// The event restores a session, and repeats what was sent before.
    Restores,
}

/// Reads the name of an event from its text.
pub fn name_in(text: &str) -> Option<EventName> {
    #[derive(Deserialize)]
    struct Named<'a> {
        event_id: &'a str,
    }
    let Named { event_id } = serde_json::from_str(text).ok()?;
    if event_id.starts_with("restore_") {
        return Some(EventName::Restores);
    }
    let (session, number) = event_id.split_once('-')?;
    let (session, number) = (session.parse().ok()?, number.parse().ok()?);
    Some(EventName::Given { session, number })
}

fn note(text: &str, ledger: &Ledger) {
    match name_in(text) {
        Some(EventName::Given { session, number }) => {
            ledger.of(session, |account| account.seen(number));
        }
        Some(EventName::Restores) => {}
        None => ledger.of(0, |account| {
            account.violate("an event without a name".to_owned());
        }),
    }
}
