//! Lines of the log, and content that must not be in them.
#![cfg(all(feature = "tracing", feature = "native", feature = "emulator"))]

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use openai_realtime_ws::emulator::{Emulator, Reply, Script};
use openai_realtime_ws::protocol::{
    ConversationItemCreate, EventNames, ResponseCreate, ResponseDone,
};
use openai_realtime_ws::{Config, OpenAIRealtimeWS};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps every line, of every library, with all its fields.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn names_of_the_beta_protocol_are_logged_once_unless_they_are_read() {
    let delta = r#"{"type":"response.audio.delta","delta":"AAAA"}"#;
    let script = Script::new().on_response(move |_| Reply::new().raw(delta).raw(delta));
    let emulator = Emulator::builder().script(script).start().await.unwrap();
    for (names, logged) in [(EventNames::Present, 1), (EventNames::Older, 0)] {
        let lines = Lines::default();
        let guard = tracing::subscriber::set_default(lines.clone());
        let config = Config::new("sk-very-secret").model("gpt-realtime");
        let config = config.insecure_loopback_url(emulator.ws_url());
        let mut rt = OpenAIRealtimeWS::connect(config.event_names(names))
            .await
            .unwrap();
        rt.send(ResponseCreate::default()).await.unwrap();
        rt.emitted::<ResponseDone>().await.unwrap();
        drop(guard);
        let lines = lines.0.lock().unwrap();
        let warning = "openai_realtime_ws message=the server uses event names of the beta protocol, \
                       which are not typed: set `Config::event_names` to `EventNames::Older` \
                       event_type=\"response.audio.delta\"";
        let count = lines.iter().filter(|line| *line == warning).count();
        assert_eq!(count, logged, "{lines:#?}");
    }
}

#[tokio::test]
async fn types_and_sizes_are_logged_and_neither_contents_nor_the_key() {
    let lines = Lines::default();
    let guard = tracing::subscriber::set_default(lines.clone());
    let script =
        Script::new().on_response(|_| Reply::new().raw("[no event]").text("A private answer"));
    let emulator = Emulator::builder().script(script).start().await.unwrap();
    let config = Config::new("sk-very-secret").model("gpt-realtime");
    let config = config.insecure_loopback_url(emulator.ws_url());
    let mut rt = OpenAIRealtimeWS::connect(config).await.unwrap();
    rt.send(ConversationItemCreate::user_text("A private question"))
        .await
        .unwrap();
    rt.send(ResponseCreate::default()).await.unwrap();
    rt.on_error(|_| {});
    while rt.emitted::<ResponseDone>().await.is_err() {}
    rt.close().await.unwrap();
    drop(guard);

    let lines = lines.0.lock().unwrap();
    let ours: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("openai_realtime_ws "))
        .collect();
    let url = format!("{}/realtime?model=gpt-realtime", emulator.ws_url());
    for expected in [
        &format!("message=connecting url={url:?}"),
        "message=open",
        "message=sent event_type=\"response.create\" bytes=26",
        "message=event event_type=\"response.output_text.delta\"",
        "message=event event_type=\"not an event\"",
        "message=closing code=1000",
        "message=closed code=1000 unsent=0",
    ] {
        assert!(ours.contains(&expected), "no {expected:?} in {ours:#?}");
    }
    for line in lines.iter() {
        for secret in ["very-secret", "private", "no event]"] {
            assert!(!line.contains(secret), "{line}");
        }
    }
}
