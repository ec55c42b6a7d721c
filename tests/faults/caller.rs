//! The caller's outcome, in words.

use std::fmt::Write;

use openai_realtime_ws::native::Connector;
use openai_realtime_ws::{Closed, Config, Error, OpenAIRealtimeWS, TransportError, Update};

use crate::raw_server::report;

/// Opens a session, reads it to its end, and says what came.
pub async fn watch(config: Config) -> String {
    watch_over(Connector::new(), config).await
}

pub async fn watch_over(connector: Connector, config: Config) -> String {
    match OpenAIRealtimeWS::open(connector, config).await {
        Ok(mut session) => read(&mut session).await,
        Err(error) => describe(&error),
    }
}

/// Reads a session to its end.
pub async fn read(session: &mut OpenAIRealtimeWS) -> String {
    let mut seen: Vec<String> = Vec::new();
    while let Some(event) = session.next().await {
        seen.push(match event {
            Ok(event) => format!("`{}`", event.event_type()),
            Err(error) => describe(&error),
        });
    }
    assert!(
        session.next().await.is_none(),
        "something came after the end"
    );
    seen.push(end(session.closed().unwrap()));
    list(&seen)
}

/// Reads a session that reconnects to its end, with what becomes of its connection.
pub async fn read_updates(session: &mut OpenAIRealtimeWS) -> String {
    let mut seen: Vec<String> = Vec::new();
    while let Some(update) = session.next_update().await {
        seen.push(match update {
            Ok(Update::Event(event)) => format!("`{}`", event.event_type()),
            Ok(Update::Reconnecting(next)) => format!(
                "`Reconnecting` {} of {} after {}",
                next.attempt, next.max_attempts, next.close
            ),
            Ok(Update::Reconnected(now)) => format!("`Reconnected` as {}", now.generation),
            Ok(update) => panic!("{update:?}"),
            Err(error) => describe(&error),
        });
    }
    seen.push(end(session.closed().unwrap()));
    list(&seen)
}

/// One after the other; what repeats is counted.
pub fn list(seen: &[String]) -> String {
    let runs = seen.chunk_by(|one, next| one == next);
    let runs: Vec<_> = runs
        .filter_map(|run| match run {
            [] => None,
            [one] => Some(one.clone()),
            [one, ..] => Some(format!("{one} {} times", run.len())),
        })
        .collect();
    runs.join(", ")
}

/// An error's name, with its words and those of its causes.
pub fn describe(error: &Error) -> String {
    let words = report(error);
    // The system's number says nothing more.
    let words = words.split(" (os error").next().unwrap_or_default();
    // A table's cells end with a bar.
    format!("`{}` “{}”", name(error), words.replace('|', "/"))
}

pub fn end(closed: &Closed) -> String {
    let mut end = format!("end {}", closed.frame);
    if !closed.unsent.is_empty() {
        let _ = write!(end, " with {} unsent", closed.unsent.len());
    }
    end
}

fn name(error: &Error) -> String {
    let name = match error {
        Error::Connect(error) => return format!("Connect({})", transport(error)),
        Error::Transport(error) => return format!("Transport({})", transport(error)),
        Error::ConnectTimeout => "ConnectTimeout",
        Error::Parse(_) => "Parse",
        Error::Server(_) => "Server",
        Error::Send(_) => "Send",
        Error::Closed(_) => "Closed",
        Error::Unanswered => "Unanswered",
        Error::Idle => "Idle",
        Error::SendTimeout => "SendTimeout",
        Error::Close(_) => "Close",
        Error::ReconnectFailed { .. } => "ReconnectFailed",
        Error::ReconnectAborted { .. } => "ReconnectAborted",
        _ => panic!("a name for {error:?}"),
    };
    name.to_owned()
}

fn transport(error: &TransportError) -> &'static str {
    match error {
        TransportError::Refused(_) => "Refused",
        TransportError::Unreachable(_) => "Unreachable",
        TransportError::Tls(_) => "Tls",
        TransportError::NoTls => "NoTls",
        TransportError::HandshakeTimeout => "HandshakeTimeout",
        TransportError::Lost(_) => "Lost",
        TransportError::Protocol(_) => "Protocol",
        TransportError::TooLarge(_) => "TooLarge",
        _ => panic!("a name for {error:?}"),
    }
}
