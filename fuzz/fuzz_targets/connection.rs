//! Inputs of a connection in any order: a byte of settings, then two for each thing that
//! happens.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use openai_realtime_ws::{
    CloseFrame, Closed, Connection, Frame, KeepAlive, Limits, Notice, RawEvent, Reconnect,
    SendErrorKind,
};

#[path = "../../src/connection/tests/model.rs"]
mod model;

fuzz_target!(|bytes: &[u8]| {
    let Some((settings, bytes)) = bytes.split_first() else {
        return;
    };
    let (pairs, _) = bytes.as_chunks();
    let inputs = pairs.iter().map(|[kind, value]| (*kind, *value).into());
    let (recovers, watches) = (settings & 1 == 1, settings & 2 == 2);
    model::check(inputs, recovers, watches, u64::from(settings >> 2));
});

// What the crate's own tests have for the model.

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn event(event_type: &str) -> RawEvent {
    RawEvent::parse(format!(r#"{{"type":"{event_type}"}}"#)).unwrap()
}

fn close(code: u16, reason: &'static str) -> Frame {
    let reason = reason.into();
    Frame::Close(CloseFrame { code, reason })
}
