//! The emulator, which breaks every connection sooner or later, and notes every event it reads.

use std::sync::Arc;

use openai_realtime_ws::emulator::{Action, Admission, Emulator, Script};
use serde::Deserialize;

use crate::Result;
use crate::ledger::Ledger;
use crate::random::Random;

/// Starts it.
pub async fn start(seed: u64, ledger: Arc<Ledger>) -> Result<Emulator> {
    let script = Script::new()
        .on_connect(move |upgrade| fate(&mut Random::new(seed, upgrade.connection() as u64)))
        .on_event(move |event| {
            note(event.text(), &ledger);
            None
        });
    Ok(Emulator::builder()
        .script(script)
        .record_events(false)
        .start()
        .await?)
}

/// Fate of a connection.
fn fate(random: &mut Random) -> Admission {
    if random.chance(10) {
        return Admission::refuse(503);
    }
    let time = random.millis(500..20_000);
    let admission = if random.chance(10) {
        Admission::accept().after(3, Action::Stall)
    } else {
        Admission::accept()
    };
    let end = match random.of(0..8) {
        0..=3 => Action::Drop,
        4 => Action::CutFrame,
        5 => Action::close(1001, "going away"),
        6 => Action::close(1011, "trouble"),
        _ => Action::close(1012, "restart"),
    };
    admission.after_time(time, end)
}

/// The name of an event: its session, and its number there.
pub fn name(session: usize, number: u64) -> String {
    format!("{session}-{number}")
}

/// Reads a name.
pub fn parse_name(name: &str) -> Option<(usize, u64)> {
    let (session, number) = name.split_once('-')?;
    Some((session.parse().ok()?, number.parse().ok()?))
}

/// The name of an event, in its text.
pub fn name_in(text: &str) -> Option<(usize, u64)> {
    #[derive(Deserialize)]
    struct Named<'a> {
        event_id: &'a str,
    }
    parse_name(serde_json::from_str::<Named>(text).ok()?.event_id)
}

fn note(text: &str, ledger: &Ledger) {
    match name_in(text) {
        Some((session, number)) => ledger.of(session, |account| account.seen(number)),
        None => ledger.of(0, |account| {
            account.violate("an event without a name".to_owned());
        }),
    }
}
