//! Replies that a client asks for by its session's instructions, so that tests in pages and other
//! processes can have them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openai_realtime_ws::emulator::{Action, Reply, TurnRequest};
use openai_realtime_ws::protocol::{Item, RealtimeSession, SessionUpdated};

/// Text of `--help`.
pub const HELP: &str = "\
Replies on request: a session with the instructions

  replies:NAME / REPLY / REPLY …

gets the first reply to its first request for a response, and so on; those beyond the last are as
without instructions. NAME is a test's own, so that it has its own count, over all of its
connections. A reply is one of, or some of these with ' | ' between:

  say TEXT              this text
  speak MS TEXT         a tone of this length, with this transcript
  item                  the next text or speech begins another item
  call NAME ARGUMENTS   a call of a function
  outputs               says the outputs of functions that the model knows
  messages              says the texts of the messages that the model knows
  wait MS               nothing for a while
  pace FACTOR           the rest at this multiple of the pace of speech
  expires SECONDS       tells that the session ends then, which it does not
  stall                 nothing until the response is cancelled
  drop                  the connection ends, without a close frame";

const PREFIX: &str = "replies:";

/// Replies that were asked for, by the name of their list.
#[derive(Default)]
pub struct Replies {
    given: Mutex<HashMap<String, usize>>,
}

impl Replies {
    /// Returns the reply whose turn it is; `None` if the session asks for none.
    pub fn reply(&self, turn: &TurnRequest) -> Option<Reply> {
        let instructions = turn.params().instructions.as_deref()?;
        let mut replies = instructions.strip_prefix(PREFIX)?.split(" / ");
        let name = replies.next()?;
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let count = given.entry(name.to_owned()).or_default();
        let reply = replies.nth(*count)?;
        *count += 1;
        let steps = reply.split(" | ");
        Some(steps.fold(Reply::new(), |reply, text| {
            step(reply, text, turn.items())
                .unwrap_or_else(|| Reply::new().fail("invalid_value", format!("no step: {text}")))
        }))
    }
}

fn step(reply: Reply, text: &str, items: &[Item]) -> Option<Reply> {
    let (what, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    Some(match what {
        "say" => reply.text(rest),
        "speak" => {
            let (length, transcript) = rest.split_once(' ')?;
            reply.pcm16(tone(length.parse().ok()?), transcript)
        }
        "item" => reply.next_item(),
        "call" => {
            let (name, arguments) = rest.split_once(' ')?;
            reply.call(name, arguments)
        }
        "outputs" => reply.text(outputs(items).join(" and ")),
        "messages" => reply.text(messages(items).join(" · ")),
        "wait" => reply.wait(Duration::from_millis(rest.parse().ok()?)),
        "pace" => reply.pace(rest.parse::<f64>().ok()?),
        "expires" => reply.send(ends_in(rest.parse().ok()?)),
        "stall" => reply.stall(),
        "drop" => reply.act(Action::Drop),
        _ => return None,
    })
}

fn ends_in(seconds: u64) -> SessionUpdated {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs());
    let session = RealtimeSession::new().expires_at(now + seconds);
    SessionUpdated::default().session(Box::new(session.into()))
}

/// A quiet tone of 600 Hz.
fn tone(millis: usize) -> Vec<i16> {
    (0..millis * 24)
        .map(|n| if n % 40 < 20 { 1_000 } else { -1_000 })
        .collect()
}

fn outputs(items: &[Item]) -> Vec<String> {
    let outputs = items.iter().filter_map(|item| match item {
        Item::FunctionCallOutput(output) => Some(output.output.clone()),
        _ => None,
    });
    outputs.collect()
}

fn messages(items: &[Item]) -> Vec<String> {
    let messages = items.iter().filter_map(|item| match item {
        Item::Message(message) => Some(message.text()),
        _ => None,
    });
    messages.filter(|text| !text.is_empty()).collect()
}
