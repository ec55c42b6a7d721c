//! Faults that a client asks for by the name of its model, so that tests in pages and other
//! processes can have them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use openai_realtime_ws::emulator::{Action, Admission, Reply, Script, UpgradeRequest};

use crate::replies::Replies;

/// Text of `--help`.
pub const HELP: &str = "\
Faults on request: a client that asks for the model

  faults:NAME/CONNECTION/CONNECTION…

gets the first connection's faults on its first connection, and so on; connections beyond the last
are as without faults, or like the last if that ends in '*'. NAME is any text without '/': a test's
own, so that it has its own count. A connection is one of, or some of these with commas between:

  ok               no fault
  refuse=STATUS    this HTTP status in place of a WebSocket
  ignore           the handshake is never answered
  drop@WHEN        the connection ends, without a close frame
  cut@WHEN         the connection ends in the middle of a frame
  close=CODE@WHEN  the connection is closed with this code and the reason 'as requested'
  close@WHEN       it is closed without a code
  bad@WHEN         a message that is no event
  bytes=HEX@WHEN   these bytes on the wire, such as 8300 for a frame with a reserved opcode
  stall@WHEN       nothing is sent any more

And to any client, whatever its model: the user's text \"Pull the plug.\" is answered with drop,
\"Restart.\" with close=1012 and the reason 'service restart'.

WHEN is a number of events that were sent (0 is before session.created), or a time since
the connection was let in, such as 250ms or 2s. For example faults:t1/drop@3/refuse=503/ok";

const PREFIX: &str = "faults:";

/// A script that does what models' names ask for.
pub fn script() -> Script {
    // How many connections each name has had.
    let seen = Mutex::new(HashMap::<String, usize>::new());
    let replies = Replies::default();
    let script = Script::new().on_response(move |turn| match turn.user_text().as_str() {
        "Pull the plug." => Some(Reply::new().act(Action::Drop)),
        "Restart." => Some(Reply::new().close(1012, "service restart")),
        _ => replies.reply(turn),
    });
    script.on_connect(move |upgrade: &UpgradeRequest| {
        let model = upgrade.query("model").unwrap_or_default();
        let Some(wanted) = model.strip_prefix(PREFIX) else {
            return Admission::accept();
        };
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let count = seen.entry(model.clone()).or_default();
        let admission = admission(wanted, *count).unwrap_or_else(|| Admission::refuse(400));
        *count += 1;
        admission
    })
}

/// The faults of the connection of this number; `None` if they cannot be understood.
fn admission(wanted: &str, number: usize) -> Option<Admission> {
    let (_name, connections) = wanted.split_once('/')?;
    let (connections, repeats) = match connections.strip_suffix('*') {
        Some(connections) => (connections, true),
        None => (connections, false),
    };
    let connections: Vec<_> = connections
        .split('/')
        .map(connection)
        .collect::<Option<_>>()?;
    let last = connections.last().filter(|_| repeats);
    let admission = connections.get(number).or(last);
    Some(admission.cloned().unwrap_or_else(Admission::accept))
}

fn connection(faults: &str) -> Option<Admission> {
    if faults == "ignore" {
        return Some(Admission::ignore());
    }
    if let Some(status) = faults.strip_prefix("refuse=") {
        return Some(Admission::refuse(status.parse().ok()?));
    }
    if faults == "ok" {
        return Some(Admission::accept());
    }
    faults
        .split(',')
        .try_fold(Admission::accept(), |admission, fault| {
            let (what, when) = fault.split_once('@')?;
            let action = action(what)?;
            Some(match when.parse() {
                Ok(events) => admission.after(events, action),
                Err(_) => admission.after_time(time(when)?, action),
            })
        })
}

fn action(what: &str) -> Option<Action> {
    Some(match what.split_once('=') {
        None => match what {
            "drop" => Action::Drop,
            "cut" => Action::CutFrame,
            "close" => Action::Bytes(vec![0x88, 0].into()),
            "bad" => Action::Raw("no event".to_owned()),
            "stall" => Action::Stall,
            _ => return None,
        },
        Some(("close", code)) => Action::close(code.parse().ok()?, "as requested"),
        Some(("bytes", hex)) => Action::Bytes(bytes(hex)?.into()),
        Some(_) => return None,
    })
}

fn time(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(millis) => Some(Duration::from_millis(millis.parse().ok()?)),
        None => Some(Duration::from_secs(text.strip_suffix('s')?.parse().ok()?)),
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_can_be_had() {
        let accept = Admission::accept;
        for (text, expected) in [
            ("ok", accept()),
            ("refuse=503", Admission::refuse(503)),
            ("ignore", Admission::ignore()),
            ("drop@3", accept().after(3, Action::Drop)),
            (
                "drop@2s",
                accept().after_time(Duration::from_secs(2), Action::Drop),
            ),
            (
                "stall@0,cut@250ms",
                accept()
                    .after(0, Action::Stall)
                    .after_time(Duration::from_millis(250), Action::CutFrame),
            ),
            (
                "bad@1,close=1011@2",
                accept()
                    .after(1, Action::Raw("no event".to_owned()))
                    .after(2, Action::close(1011, "as requested")),
            ),
            (
                "close@1",
                accept().after(1, Action::Bytes(vec![0x88, 0].into())),
            ),
            (
                "bytes=83fF@1",
                accept().after(1, Action::Bytes(vec![0x83, 0xFF].into())),
            ),
        ] {
            assert_eq!(connection(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_no_fault() {
        for text in [
            "",
            "drop",
            "drop@",
            "drop@x",
            "drop@-1",
            "drop@1.5s",
            "close=x@1",
            "close=70000@1",
            "refuse=",
            "bytes=8@1",
            "bytes=xy@1",
            "jump@1",
            "drop@1,",
            "ok,drop@1",
        ] {
            assert_eq!(connection(text), None, "{text}");
        }
        assert_eq!(admission("no connection", 0), None);
    }

    #[test]
    fn connections_have_their_faults_one_after_the_other() {
        let (first, accept) = (Admission::refuse(503), Admission::accept());
        let drop = Admission::accept().after(1, Action::Drop);
        for (text, expected) in [
            ("a/refuse=503/drop@1", [&first, &drop, &accept, &accept]),
            ("a/refuse=503/drop@1*", [&first, &drop, &drop, &drop]),
            ("/refuse=503", [&first, &accept, &accept, &accept]),
        ] {
            let given: Vec<_> = (0..4).filter_map(|n| admission(text, n)).collect();
            assert_eq!(given.iter().collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[tokio::test]
    async fn a_model_has_its_faults_on_a_running_emulator() {
        use openai_realtime_ws::emulator::Emulator;
        use openai_realtime_ws::{Config, OpenAIRealtimeWS};

        let emulator = Emulator::builder().script(script()).start().await.unwrap();
        let mut reports = Vec::new();
        for model in ["faults:a/refuse=503/drop@0", "faults:b/close=4000@0", "m"].repeat(3) {
            let config = Config::new("k").insecure_loopback_url(emulator.ws_url());
            let opened = OpenAIRealtimeWS::connect(config.model(model)).await;
            reports.push(match opened {
                Err(_) => "refused",
                Ok(mut rt) => match rt.next().await {
                    Some(Ok(_)) => "event",
                    _ => "ended",
                },
            });
        }
        assert_eq!(
            reports,
            [
                "refused", "ended", "event", "ended", "event", "event", "event", "event", "event"
            ]
        );
    }
}
