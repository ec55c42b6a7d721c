//! Rows for servers that break connections when they are told to: on [`PULL_THE_PLUG`] without a
//! close frame, on [`RESTART`] with code 1012.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use openai_realtime_ws::protocol::{ConversationItemCreate, ResponseCreate, SessionCreated};
use openai_realtime_ws::{
    ClientEvent, CloseFrame, Config, Connector, NotOpen, RawEvent, Reconnect, Reconnecting,
    Restore, Retry, ServerEvent, Session, Update,
};

use super::suite::{open, reply, say, set_up};

/// A test of each row over one transport: see [`session_tests`](super::suite::session_tests).
macro_rules! recovery_tests {
    (#[$test:meta] $server:path) => {
        suite::session_tests!(#[$test] $server, recovery: a_broken_connection_is_made_anew,
            the_plain_stream_shows_events_only, what_is_sent_in_an_outage_waits_to_be_flushed,
            what_waits_can_be_taken_back, close_wins_over_an_outage, the_application_may_abort,
            an_attempt_may_go_elsewhere, a_restored_session_goes_on);
    };
}
pub(crate) use recovery_tests;

/// User text that the server answers by breaking the connection.
pub const PULL_THE_PLUG: &str = "Pull the plug.";
/// User text that the server answers with [`restart`].
pub const RESTART: &str = "Restart.";

/// Close frame of a server that restarts.
pub fn restart() -> CloseFrame {
    CloseFrame::new(1012, "service restart").unwrap()
}

fn soon() -> Reconnect {
    Reconnect::default().initial_delay(Duration::from_millis(10))
}

/// Longer than any test runs.
fn late() -> Reconnect {
    let hour = Duration::from_secs(3600);
    Reconnect::default().initial_delay(hour).max_delay(hour)
}

/// Has the server break the connection, and returns what is told of it.
async fn breaks<C: Connector>(rt: &mut Session<C>, how: &str) -> Reconnecting {
    say(rt, how).await;
    loop {
        match rt.next_update().await.unwrap().unwrap() {
            Update::Reconnecting(next) => return next,
            Update::Event(event) => assert!(!matches!(event, ServerEvent::Error(_)), "{event:?}"),
            update => panic!("{update:?}"),
        }
    }
}

/// Waits for the new connection; returns which it is.
async fn reconnected<C: Connector>(rt: &mut Session<C>) -> u64 {
    match rt.next_update().await.unwrap().unwrap() {
        Update::Reconnected(now) => now.generation,
        update => panic!("{update:?}"),
    }
}

/// Contracts 81 and 90.
pub async fn a_broken_connection_is_made_anew<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config.reconnect(soon())).await;
    let log = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&log);
    rt.on_reconnecting(move |next| heard.lock().unwrap().push(format!("{}", next.attempt)));
    let heard = Arc::clone(&log);
    rt.on_reconnected(move |now| heard.lock().unwrap().push(format!("g{}", now.generation)));
    assert_eq!(rt.generation(), 1);
    for (how, close) in [(PULL_THE_PLUG, CloseFrame::ABNORMAL), (RESTART, restart())] {
        let before = rt.generation();
        let next = breaks(&mut rt, how).await;
        assert_eq!(next.close, close);
        assert_eq!((u64::from(next.attempt), next.max_attempts), (before, 5));
        assert!(next.delay <= Duration::from_millis(10), "{next:?}");
        assert_eq!(rt.generation(), before);
        assert_eq!(reconnected(&mut rt).await, before + 1);
        assert_eq!(rt.generation(), before + 1);
        let first = rt.next_update().await.unwrap().unwrap();
        assert!(
            matches!(first, Update::Event(ServerEvent::SessionCreated(_))),
            "{first:?}"
        );
        set_up(&mut rt).await;
        say(&mut rt, "Hi").await;
        assert_eq!(reply(&mut rt).await, "You said: Hi");
    }
    assert_eq!(*log.lock().unwrap(), ["1", "g2", "2", "g3"]);
    assert_eq!(rt.close().await.unwrap().frame, CloseFrame::NORMAL);
}

/// A reader of events only does not see the reconnect.
pub async fn the_plain_stream_shows_events_only<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config.reconnect(soon())).await;
    say(&mut rt, PULL_THE_PLUG).await;
    rt.emitted::<SessionCreated>().await.unwrap();
    set_up(&mut rt).await;
    say(&mut rt, "Hi").await;
    assert_eq!(reply(&mut rt).await, "You said: Hi");
    assert_eq!(rt.generation(), 2);
}

fn message(text: &str) -> ClientEvent {
    ConversationItemCreate::user_text(text).into()
}

fn raw(event: &ClientEvent) -> RawEvent {
    RawEvent::parse(serde_json::to_string(event).unwrap()).unwrap()
}

/// Contract 90.
pub async fn what_is_sent_in_an_outage_waits_to_be_flushed<C: Connector>(
    connector: C,
    config: Config,
) {
    let mut rt = open(connector, config.reconnect(soon())).await;
    breaks(&mut rt, PULL_THE_PLUG).await;
    let (first, second) = (message("Remember me"), ResponseCreate::default());
    let bytes = raw(&first).text().len() + raw(&second.clone().into()).text().len();
    rt.send(first).await.unwrap();
    rt.sender().try_send(second).unwrap();
    assert_eq!(rt.buffered_amount(), bytes);
    assert_eq!(rt.flush_pending(), Err(NotOpen));
    reconnected(&mut rt).await;
    set_up(&mut rt).await;
    say(&mut rt, "Hi").await;
    assert_eq!(reply(&mut rt).await, "You said: Hi", "it went straight out");
    assert_eq!(rt.buffered_amount(), bytes);
    rt.flush_pending().unwrap();
    assert_eq!(reply(&mut rt).await, "You said: Remember me");
    assert_eq!(rt.buffered_amount(), 0);
}

/// Contract 90.
pub async fn what_waits_can_be_taken_back<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config.reconnect(soon())).await;
    breaks(&mut rt, PULL_THE_PLUG).await;
    let events = [message("One"), message("Two"), message("Three")];
    rt.send(events[0].clone()).await.unwrap();
    rt.sender().try_send(events[1].clone()).unwrap();
    assert_eq!(rt.take_pending(), [raw(&events[0]), raw(&events[1])]);
    assert_eq!(rt.buffered_amount(), 0);
    rt.send(events[2].clone()).await.unwrap();
    reconnected(&mut rt).await;
    assert_eq!(rt.take_pending(), [raw(&events[2])]);
    rt.flush_pending().unwrap();
    set_up(&mut rt).await;
    say(&mut rt, "Hi").await;
    assert_eq!(reply(&mut rt).await, "You said: Hi");
}

/// Contracts 80 and 82.
pub async fn close_wins_over_an_outage<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config.reconnect(late())).await;
    let log = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&log);
    rt.on_close(move |closed| heard.lock().unwrap().push(closed.clone()));
    breaks(&mut rt, PULL_THE_PLUG).await;
    let event = message("Too late");
    rt.send(event.clone()).await.unwrap();
    let frame = CloseFrame::new(4001, "that is all").unwrap();
    let closed = rt.close_with(frame.clone()).await.unwrap();
    assert_eq!(closed.frame, frame);
    assert_eq!(closed.unsent, [raw(&event)]);
    assert!(rt.next_update().await.is_none());
    assert!(rt.next_update().await.is_none());
    assert_eq!(*log.lock().unwrap(), [closed], "once");
}

/// Contract 79.
pub async fn the_application_may_abort<C: Connector>(connector: C, config: Config) {
    let config = config
        .reconnect(soon())
        .on_reconnecting(|next| match next.close.code {
            1012 => Retry::Abort,
            _ => Retry::Go,
        });
    let mut rt = open(connector, config).await;
    say(&mut rt, RESTART).await;
    while let Some(update) = rt.next_update().await {
        assert!(matches!(update, Ok(Update::Event(_))), "{update:?}");
    }
    let closed = rt.closed().unwrap();
    assert_eq!(
        closed.frame.to_string(),
        "1012 (reconnect aborted by handler)"
    );
}

/// Contract 79.
pub async fn an_attempt_may_go_elsewhere<C: Connector>(connector: C, config: Config) {
    let next = config.clone().model("gpt-realtime-next").reconnect(late());
    let config = config
        .reconnect(soon())
        .on_reconnecting(move |_| Retry::With(Box::new(next.clone())));
    let mut rt = open(connector, config).await;
    for _ in 0..2 {
        let next = breaks(&mut rt, PULL_THE_PLUG).await;
        assert!(next.delay < Duration::from_secs(1), "the policy stays");
        reconnected(&mut rt).await;
        assert!(rt.url().contains("gpt-realtime-next"), "{}", rt.url());
    }
}

pub async fn a_restored_session_goes_on<C: Connector>(connector: C, config: Config) {
    let config = config.reconnect(soon()).restore(Restore::default());
    let mut rt = open(connector, config).await;
    say(&mut rt, "Hi").await;
    assert_eq!(reply(&mut rt).await, "You said: Hi");
    for question in ["Are you there?", "And now?"] {
        breaks(&mut rt, PULL_THE_PLUG).await;
        say(&mut rt, question).await;
        let now = match rt.next_update().await.unwrap().unwrap() {
            Update::Reconnected(now) => now,
            update => panic!("{update:?}"),
        };
        assert!(now.restored >= 2, "the settings and an item: {now:?}");
        // It replies in text, as it was told once; and what waited went out by itself.
        assert_eq!(reply(&mut rt).await, format!("You said: {question}"));
        assert_eq!(rt.buffered_amount(), 0);
    }
}
