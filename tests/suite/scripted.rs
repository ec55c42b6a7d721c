//! Rows for servers that can be told to misbehave: on [`BAD_FRAME`] they send a frame that is no
//! event before they answer, on [`HANG_UP`] they close with code 4000.

use openai_realtime_ws::protocol::{ParseErrorKind, ResponseCreate};
use openai_realtime_ws::{CloseFrame, Config, Connector, Error, SendErrorKind, ServerEvent};

use super::suite::{open, reply, say};

/// User text that the server answers with a bad frame.
pub const BAD_FRAME: &str = "Send a bad frame.";
/// User text that the server answers with [`hang_up`].
pub const HANG_UP: &str = "Hang up.";

/// Close frame of a server that hangs up.
pub fn hang_up() -> CloseFrame {
    CloseFrame::new(4000, "enough for today").unwrap()
}

/// Contracts 43 and 46.
pub async fn a_bad_frame_ends_nothing<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config).await;
    say(&mut rt, BAD_FRAME).await;
    let error = loop {
        if let Err(error) = rt.next().await.unwrap() {
            break error;
        }
    };
    assert_eq!(error.to_string(), "could not parse websocket event");
    assert!(
        matches!(
            &error,
            Error::Parse(error) if matches!(error.kind(), ParseErrorKind::NotJson { line: 1, .. })
        ),
        "{error:?}"
    );
    reply(&mut rt).await;
    say(&mut rt, "Still there?").await;
    assert_eq!(reply(&mut rt).await, "You said: Still there?");
}

pub async fn the_servers_close_is_reported<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config).await;
    let sender = rt.sender();
    say(&mut rt, HANG_UP).await;
    let error = loop {
        if let Err(error) = rt.next().await.unwrap() {
            break error;
        }
    };
    assert_eq!(
        error.to_string(),
        "the server closed the connection: 4000 (enough for today)"
    );
    let Error::Closed(reported) = error else {
        panic!("expected the close, got {error:?}");
    };
    assert_eq!(reported.frame, hang_up());
    assert!(rt.next().await.is_none());
    assert_eq!(rt.closed(), Some(&reported));
    assert_eq!(rt.close().await.unwrap(), reported);
    let refused = sender.send(ResponseCreate::default()).await.unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Closed);
}

/// Contract 55.
pub async fn run_ends_with_the_connection<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config).await;
    say(&mut rt, HANG_UP).await;
    let error = rt.run().await.unwrap_err();
    assert!(
        matches!(error, Error::Closed(_)),
        "nobody hears it: {error:?}"
    );
    assert_eq!(rt.run().await.unwrap().frame, hang_up());
}

/// Contract 55.
pub async fn run_goes_on_where_errors_are_heard<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config).await;
    let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&heard);
    rt.on_error(move |error| log.lock().unwrap().push(error.to_string()));
    say(&mut rt, BAD_FRAME).await;
    while !matches!(rt.next().await.unwrap(), Ok(ServerEvent::ResponseDone(_))) {}
    say(&mut rt, HANG_UP).await;
    assert_eq!(rt.run().await.unwrap().frame, hang_up());
    assert_eq!(
        *heard.lock().unwrap(),
        [
            "could not parse websocket event",
            "the server closed the connection: 4000 (enough for today)"
        ]
    );
}
