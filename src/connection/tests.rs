//! The state machine under a virtual clock.

use bytes::Bytes;

mod backlog;
mod diagram;
mod model;
mod properties;
mod recovery;
mod renewal;
mod watch;

use super::*;
use crate::NotOpen;
use crate::transport::TransportError;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const NO_TIME: Option<Duration> = Some(Duration::ZERO);

/// A connection, and what it has told so far, in short.
struct Driven {
    connection: Connection,
    told: Vec<String>,
    /// Wait before the next attempt.
    delay: Duration,
    closed: Option<Closed>,
}

impl Driven {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        Self {
            connection: Connection::new(limits, 7),
            told: Vec::new(),
            delay: Duration::ZERO,
            closed: None,
        }
    }

    fn open() -> Self {
        Self::open_with(Limits::default())
    }

    fn open_with(limits: Limits) -> Self {
        let mut driven = Self::with(limits);
        driven.connection.start(s(0));
        driven.connection.opened(s(1));
        assert_eq!(driven.told(), ["connect", "opened"]);
        driven
    }

    fn told(&mut self) -> Vec<String> {
        while let Some(notice) = self.connection.poll() {
            self.told.push(match notice {
                Notice::Connect => "connect".into(),
                Notice::Opened => "opened".into(),
                Notice::Reconnecting(next) => {
                    self.delay = next.delay;
                    let Reconnecting {
                        attempt,
                        max_attempts,
                        close,
                        ..
                    } = next;
                    format!("reconnecting {attempt}/{max_attempts} after {close}")
                }
                Notice::Reconnected { generation } => format!("reconnected {generation}"),
                Notice::Failed(Failure::Closed(closed)) => {
                    format!("failed: closed {}", closed.frame)
                }
                Notice::Failed(Failure::ReconnectFailed { attempts, code, .. }) => {
                    format!("failed: {attempts} attempts, last {code}")
                }
                Notice::Failed(Failure::ReconnectAborted { code, .. }) => {
                    format!("failed: aborted after {code}")
                }
                Notice::Failed(failure) => format!("failed: {failure:?}"),
                Notice::Ping => "ping".into(),
                Notice::ConnectNext => "connect next".into(),
                Notice::AbandonNext => "abandon next".into(),
                Notice::Switch => "switch".into(),
                Notice::Expiring(soon) => format!("expiring in {:?}", soon.left),
                Notice::SendClose(frame) => format!("send close {frame}"),
                Notice::Abandon => "abandon".into(),
                Notice::Closed(closed) => {
                    assert!(self.closed.is_none(), "the end comes once");
                    let told = format!("closed {}", closed.frame);
                    self.closed = Some(closed);
                    told
                }
            });
        }
        std::mem::take(&mut self.told)
    }

    fn receive(&mut self, now: Duration, frame: Frame) {
        if let Some(text) = self.connection.received(now, frame) {
            self.told.push(format!("message {text}"));
        }
    }

    fn transmitted(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.connection.poll_transmit())
            .map(|event| event.event_type().to_owned())
            .collect()
    }

    fn unsent(&self) -> Vec<&str> {
        let closed = self.closed.as_ref().unwrap();
        closed.unsent.iter().map(RawEvent::event_type).collect()
    }
}

fn event(event_type: &str) -> RawEvent {
    RawEvent::parse(format!(r#"{{"type":"{event_type}"}}"#)).unwrap()
}

fn close(code: u16, reason: &'static str) -> Frame {
    Frame::Close(CloseFrame {
        code,
        reason: reason.into(),
    })
}

fn lost() -> TransportError {
    TransportError::Lost("cut".into())
}

#[test]
fn begins_once() {
    let mut driven = Driven::new();
    driven.connection.start(s(0));
    driven.connection.start(s(1));
    assert_eq!(driven.told(), ["connect"]);
    assert_eq!(driven.connection.wake_at(), Some(s(30)));
}

#[test]
fn events_sent_while_connecting_go_out_when_open_in_order() {
    let mut driven = Driven::new();
    driven.connection.start(s(0));
    driven.connection.send(event("a")).unwrap();
    driven.connection.send(event("b")).unwrap();
    assert!(!driven.connection.wants_transmit());
    assert_eq!(driven.transmitted(), [""; 0]);
    driven.connection.opened(s(1));
    assert!(driven.connection.wants_transmit());
    assert_eq!(driven.transmitted(), ["a", "b"]);
    assert_eq!(driven.connection.queued_bytes(), 0);
}

#[test]
fn text_and_binary_messages_are_both_text_contract_41() {
    let mut driven = Driven::open();
    driven.receive(s(1), Frame::Text("one".into()));
    driven.receive(s(1), Frame::Binary(Bytes::from_static("zwei ✓".as_bytes())));
    driven.receive(s(1), Frame::Binary(Bytes::from_static(b"dr\xffi")));
    driven.receive(s(1), Frame::Ping(Bytes::from_static(b"?")));
    driven.receive(s(1), Frame::Pong(Bytes::from_static(b"!")));
    assert_eq!(
        driven.told(),
        ["message one", "message zwei ✓", "message dr\u{fffd}i"]
    );
}

#[test]
fn connecting_times_out() {
    let mut driven = Driven::new();
    driven.connection.start(s(10));
    driven.connection.send(event("a")).unwrap();
    driven.told();
    driven.connection.tick(s(39));
    assert_eq!(driven.told(), [""; 0]);
    driven.connection.tick(s(40));
    assert_eq!(
        driven.told(),
        [
            "abandon".to_owned(),
            "failed: ConnectTimeout".to_owned(),
            "closed 1006".to_owned()
        ]
    );
    assert_eq!(driven.unsent(), ["a"]);
    assert_eq!(driven.connection.wake_at(), None);
}

#[test]
fn a_refused_handshake_is_a_failure_and_the_end_contract_54() {
    let mut driven = Driven::new();
    driven.connection.start(s(0));
    driven.told();
    driven.connection.failed(s(1), None);
    assert_eq!(driven.told(), ["failed: Socket", "closed 1006"]);
}

#[test]
fn closing_sends_the_queue_then_the_frame_then_waits_contract_67() {
    let mut driven = Driven::open();
    driven.connection.send(event("a")).unwrap();
    driven.connection.close(s(1), CloseFrame::NORMAL);
    assert_eq!(driven.told(), [""; 0], "the queue goes first");
    let refused = driven.connection.send(event("late")).unwrap_err();
    assert_eq!(
        (refused.kind, refused.event.event_type()),
        (SendErrorKind::Closed, "late")
    );
    assert_eq!(driven.transmitted(), ["a"]);
    assert_eq!(driven.told(), ["send close 1000 (OK)"]);
    assert_eq!(driven.told(), [""; 0], "the frame goes once");
    driven.receive(s(1), Frame::Text("still".into()));
    driven.receive(s(2), close(1000, "OK"));
    assert_eq!(driven.told(), ["message still"]);
    driven.connection.ended(s(1));
    assert_eq!(driven.told(), ["closed 1000 (OK)"]);
    assert_eq!(driven.unsent(), [""; 0]);
}

#[test]
fn the_first_close_counts_and_later_ones_do_nothing_contract_68() {
    let mut driven = Driven::open();
    let done = CloseFrame::new(4001, "done").unwrap();
    driven.connection.close(s(1), done);
    driven.connection.close(s(3), CloseFrame::NORMAL);
    assert_eq!(driven.told(), ["send close 4001 (done)"]);
    assert_eq!(driven.connection.wake_at(), Some(s(6)));
    driven.receive(s(3), close(4001, "done"));
    driven.connection.ended(s(1));
    assert_eq!(driven.told(), ["closed 4001 (done)"]);
    driven.connection.close(s(4), CloseFrame::NORMAL);
    assert_eq!(driven.told(), [""; 0]);
}

#[test]
fn a_peer_that_never_answers_the_close_does_not_hang_it() {
    let mut driven = Driven::open();
    driven.connection.send(event("a")).unwrap();
    driven.connection.close(s(1), CloseFrame::NORMAL);
    driven.connection.tick(s(6));
    assert_eq!(driven.told(), ["abandon", "closed 1006"]);
    assert_eq!(driven.unsent(), ["a"]);
}

#[test]
fn a_peer_that_answers_and_does_not_hang_up_is_left() {
    let mut driven = Driven::open();
    driven.connection.close(s(1), CloseFrame::NORMAL);
    driven.told();
    driven.receive(s(2), close(1000, "OK"));
    driven.connection.tick(s(6));
    assert_eq!(driven.told(), ["abandon", "closed 1000 (OK)"]);
}

#[test]
fn closing_while_connecting_gives_up_contract_68() {
    let mut driven = Driven::new();
    driven.connection.start(s(0));
    driven.connection.send(event("a")).unwrap();
    driven.told();
    driven.connection.close(s(1), CloseFrame::NORMAL);
    assert_eq!(driven.told(), ["abandon", "closed 1006"]);
    assert_eq!(driven.unsent(), ["a"]);
    driven.connection.opened(s(1));
    assert_eq!(driven.told(), [""; 0]);
}

#[test]
fn a_peer_that_closes_normally_is_no_error() {
    let mut driven = Driven::open();
    driven.receive(s(1), close(1000, ""));
    assert_eq!(driven.told(), [""; 0], "its transport answers first");
    driven.connection.ended(s(1));
    assert_eq!(driven.told(), ["closed 1000"]);
}

#[test]
fn a_peer_that_closes_with_another_code_is_an_error_and_gives_back_what_was_not_sent() {
    let mut driven = Driven::open();
    driven.connection.send(event("a")).unwrap();
    driven.receive(s(1), close(1001, "maximum duration"));
    let refused = driven.connection.send(event("b")).unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Closed);
    assert_eq!(driven.transmitted(), [""; 0]);
    driven.connection.ended(s(1));
    assert_eq!(
        driven.told(),
        [
            "failed: closed 1001 (maximum duration)",
            "closed 1001 (maximum duration)"
        ]
    );
    assert_eq!(driven.unsent(), ["a"]);
}

#[test]
fn a_lost_connection_is_a_failure_that_its_driver_knows_the_cause_of() {
    let mut driven = Driven::open();
    driven.connection.send(event("a")).unwrap();
    driven.connection.failed(s(1), NO_TIME);
    assert_eq!(driven.told(), ["failed: Socket", "closed 1006"]);
    assert_eq!(driven.unsent(), ["a"]);
}

#[test]
fn a_stream_that_ends_without_a_close_frame_is_1006() {
    let mut driven = Driven::open();
    driven.connection.ended(s(1));
    assert_eq!(driven.told(), ["failed: closed 1006", "closed 1006"]);
}

#[test]
fn a_socket_that_breaks_while_closing_is_no_error() {
    let mut driven = Driven::open();
    driven.connection.close(s(1), CloseFrame::NORMAL);
    driven.told();
    driven.receive(s(1), close(1000, "OK"));
    driven.connection.failed(s(1), NO_TIME);
    assert_eq!(driven.told(), ["closed 1000 (OK)"]);
}

#[test]
fn a_full_queue_refuses_and_one_oversized_first_event_is_taken_contract_69() {
    let bytes = event("abc").text().len();
    let mut driven = Driven::with(Limits {
        max_queue_bytes: 2 * bytes,
        ..Limits::default()
    });
    driven.connection.start(s(0));
    driven.connection.send(event("abc")).unwrap();
    driven.connection.send(event("abd")).unwrap();
    let refused = driven.connection.send(event("abe")).unwrap_err();
    assert_eq!(
        (refused.kind, refused.event.event_type()),
        (SendErrorKind::Full, "abe")
    );
    assert_eq!(driven.connection.queued_bytes(), 2 * bytes);
    driven.connection.opened(s(1));
    assert_eq!(driven.transmitted(), ["abc", "abd"]);

    let large = event(&"x".repeat(10 * bytes));
    driven.connection.send(large).unwrap();
    assert_eq!(
        driven.connection.send(event("a")).unwrap_err().kind,
        SendErrorKind::Full
    );
    driven.transmitted();
    driven.connection.send(event("a")).unwrap();
}

#[test]
fn only_codes_that_may_be_sent_make_a_close_frame_contract_67() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
        assert_eq!(
            CloseFrame::new(code, ""),
            Err(crate::InvalidClose::Code(code))
        );
    }
    for code in [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999] {
        assert_eq!(CloseFrame::new(code, "r").unwrap().code, code);
    }
    assert!(CloseFrame::new(1000, "x".repeat(123)).is_ok());
    assert_eq!(
        CloseFrame::new(1000, "é".repeat(62)),
        Err(crate::InvalidClose::Reason { bytes: 124 })
    );
}
