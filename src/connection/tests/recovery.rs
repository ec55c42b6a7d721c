//! Connections that break, and the attempts that follow.

use super::*;
use crate::Refusal;

fn recovering() -> Limits {
    Limits {
        reconnect: Some(Reconnect::default()),
        ..Limits::default()
    }
}

impl Driven {
    /// An open connection that recovers.
    fn recovering() -> Self {
        Self::open_with(recovering())
    }

    /// One whose connection just broke.
    fn broken() -> Self {
        let mut driven = Self::recovering();
        driven.connection.failed(s(10), NO_TIME);
        assert_eq!(driven.told(), ["reconnecting 1/5 after 1006"]);
        driven
    }

    /// Waits for the next attempt, and no longer.
    fn attempt(&mut self) {
        let at = self.connection.wake_at().unwrap();
        let before = at.saturating_sub(Duration::from_nanos(1));
        self.connection.tick(before);
        assert_eq!(self.told(), [""; 0], "not yet");
        self.connection.tick(at);
        assert_eq!(self.told(), ["connect"]);
    }

    fn reconnect(&mut self) {
        self.attempt();
        self.connection.opened(s(0));
    }

    fn refuse(&mut self, status: u16) {
        let error = TransportError::from(Refusal::new(status));
        let retry = error.retry();
        self.connection.failed(s(0), retry);
    }
}

#[test]
fn the_closes_that_pass_are_recovered_from_contract_73() {
    let recoverable = [1001, 1005, 1006, 1011, 1012, 1013];
    for code in (1000..1016).chain([3000, 4000, 4999]) {
        let mut driven = Driven::recovering();
        driven.receive(s(1), close(code, "why"));
        driven.connection.ended(s(2));
        let told = driven.told();
        if recoverable.contains(&code) {
            assert_eq!(told, [format!("reconnecting 1/5 after {code} (why)")]);
            assert!(driven.connection.is_reconnecting());
        } else {
            assert_eq!(told.last().unwrap(), &format!("closed {code} (why)"));
        }
    }
}

#[test]
fn nothing_is_recovered_unless_asked_for_contract_77() {
    for reconnect in [None, Some(Reconnect::default().max_attempts(0))] {
        let mut driven = Driven::open_with(Limits {
            reconnect,
            ..Limits::default()
        });
        driven.connection.ended(s(1));
        assert_eq!(driven.told().last().unwrap(), "closed 1006");
    }
}

#[test]
fn delays_double_up_to_the_longest_and_jitter_contract_78() {
    let reconnect = Reconnect::default().max_attempts(40);
    let limits = Limits {
        reconnect: Some(reconnect),
        ..Limits::default()
    };
    let mut driven = Driven::open_with(limits);
    driven.connection.ended(s(1));
    let mut delays = Vec::new();
    for _ in 0..40 {
        driven.told();
        delays.push(driven.delay);
        driven.connection.tick(driven.connection.wake_at().unwrap());
        driven.connection.failed(s(0), NO_TIME);
    }
    for (nth, delay) in delays.iter().enumerate() {
        let full = [500, 1000, 2000, 4000, 8000][nth.min(4)];
        let delay = u64::try_from(delay.as_micros()).unwrap();
        assert_eq!(delay % 1000, 0, "whole milliseconds");
        assert!(
            (full * 750..=full * 1000).contains(&delay),
            "{nth}: {delay}"
        );
    }
    delays.sort_unstable();
    delays.dedup();
    assert!(delays.len() > 30, "they differ");
}

#[test]
fn clients_with_different_seeds_come_back_at_different_times() {
    let delays: Vec<_> = (0..1000)
        .map(|seed| {
            let mut retries = Retries::new(Some(Reconnect::default()), seed);
            retries.next(1, Duration::ZERO).unwrap().delay
        })
        .collect();
    let millis = |n| Duration::from_millis(n);
    assert!(*delays.iter().min().unwrap() < millis(380));
    assert!(*delays.iter().max().unwrap() > millis(495));
    assert!(
        delays
            .iter()
            .all(|delay| (millis(375)..=millis(500)).contains(delay))
    );
}

#[test]
fn endless_delays_overflow_nothing() {
    let policy = Reconnect::default()
        .initial_delay(Duration::MAX)
        .max_delay(Duration::MAX)
        .spread(Duration::MAX)
        .max_attempts(u32::MAX);
    let mut retries = Retries::new(Some(policy), 7);
    for nth in [1, 31, 32, 33, u32::MAX] {
        let next = retries.next(nth, Duration::ZERO).unwrap();
        assert!(next.delay > Duration::MAX / 2);
    }
    let mut driven = Driven::open_with(Limits {
        reconnect: Some(policy),
        ..Limits::default()
    });
    driven.connection.ended(s(1));
    assert!(driven.connection.wake_at().unwrap() > Duration::MAX / 2);
}

#[test]
fn the_budget_is_the_lifes_and_the_delay_the_outages_contract_89() {
    let mut driven = Driven::broken();
    driven.attempt();
    driven.refuse(503);
    assert_eq!(driven.told(), ["reconnecting 2/5 after 1006"]);
    assert!(driven.delay >= Duration::from_millis(750));
    driven.reconnect();
    assert_eq!(driven.told(), ["reconnected 2"]);
    for attempt in 3..6 {
        driven.receive(s(0), close(1012, "restart"));
        driven.connection.ended(s(0));
        assert_eq!(
            driven.told(),
            [format!("reconnecting {attempt}/5 after 1012 (restart)")]
        );
        assert!(driven.delay <= Duration::from_millis(500));
        driven.reconnect();
        assert_eq!(driven.told(), [format!("reconnected {attempt}")]);
        assert_eq!(driven.connection.generation(), attempt);
    }
    driven.connection.ended(s(0));
    assert_eq!(
        driven.told(),
        [
            "failed: 5 attempts, last 1006",
            "closed 1006 (reconnect failed after 5 attempts)"
        ]
    );
}

#[test]
fn an_outage_that_outlasts_the_attempts_is_the_end_contract_80() {
    let mut driven = Driven::broken();
    for attempt in 2..6 {
        driven.attempt();
        driven.refuse(503);
        assert_eq!(
            driven.told(),
            [format!("reconnecting {attempt}/5 after 1006")]
        );
    }
    driven.connection.send(event("a")).unwrap();
    driven.attempt();
    driven.refuse(500);
    let expected = Failure::ReconnectFailed {
        attempts: 5,
        code: 1006,
        cause: Some(Box::new(Failure::Socket)),
    };
    let Some(Notice::Failed(failure)) = driven.connection.poll() else {
        panic!("no failure")
    };
    assert_eq!(failure, expected);
    assert_eq!(
        driven.told(),
        ["closed 1006 (reconnect failed after 5 attempts)"]
    );
    assert_eq!(driven.unsent(), ["a"]);
    assert!(!driven.connection.is_reconnecting());
}

#[test]
fn some_refusals_are_worth_another_attempt_and_others_are_not_contract_91() {
    let passing = [408, 409, 425, 429, 529, 530];
    for status in passing.into_iter().chain(500..=504).chain(520..=526) {
        let mut driven = Driven::broken();
        driven.attempt();
        driven.refuse(status);
        assert_eq!(driven.told(), ["reconnecting 2/5 after 1006"], "{status}");
    }
    for status in [301, 400, 401, 403, 404, 505, 511, 519, 527, 528, 599] {
        let mut driven = Driven::broken();
        driven.attempt();
        driven.refuse(status);
        assert_eq!(
            driven.told(),
            [
                "failed: aborted after 1006",
                "closed 1006 (reconnect aborted)"
            ],
            "{status}"
        );
    }
    let mut spent = Refusal::new(429);
    spent.code = Some("insufficient_quota".into());
    assert_eq!(TransportError::from(spent).retry(), None);
    let source = || "why".into();
    for (error, expected) in [
        (TransportError::Tls(source()), None),
        (TransportError::Unsupported(source()), None),
        (TransportError::TooLarge(source()), None),
        (TransportError::Unread { limit: 1 }, None),
        (TransportError::Protocol(source()), NO_TIME),
        (TransportError::ProxyRefused { status: 401 }, None),
        (TransportError::ProxyRefused { status: 403 }, None),
        (TransportError::ProxyRefused { status: 407 }, None),
        (TransportError::ProxyRefused { status: 502 }, NO_TIME),
        (TransportError::Proxy(source()), NO_TIME),
        (TransportError::Unreachable(source()), NO_TIME),
        (TransportError::HandshakeTimeout, NO_TIME),
        (TransportError::Unexplained, NO_TIME),
        (lost(), NO_TIME),
    ] {
        assert_eq!(error.retry(), expected, "{error}");
    }
}

#[test]
fn a_server_may_ask_for_a_longer_wait() {
    let mut refusal = Refusal::new(429);
    refusal.retry_after = Some(s(20));
    let mut driven = Driven::broken();
    driven.attempt();
    let error = TransportError::from(refusal);
    let retry = error.retry();
    assert_eq!(retry, Some(s(20)));
    driven.connection.failed(s(30), retry);
    assert_eq!(driven.told(), ["reconnecting 2/5 after 1006"]);
    assert_eq!(driven.delay, s(20));
    assert_eq!(driven.connection.wake_at(), Some(s(50)));
}

#[test]
fn the_longer_wait_is_bounded_and_both_are_reported() {
    for (reconnect, wait) in [
        (Reconnect::default(), s(60)),
        (Reconnect::default().max_retry_after(s(7)), s(7)),
    ] {
        let mut driven = Driven::open_with(Limits {
            reconnect: Some(reconnect),
            ..Limits::default()
        });
        driven.connection.failed(s(10), NO_TIME);
        driven.told();
        driven.attempt();
        driven.connection.failed(s(30), Some(s(86_400)));
        let Some(Notice::Reconnecting(next)) = driven.connection.poll() else {
            panic!("no attempt")
        };
        assert_eq!((next.delay, next.retry_after), (wait, Some(s(86_400))));
        assert_eq!(driven.connection.wake_at(), Some(s(30) + wait));
        driven.connection.tick(s(30) + wait);
        driven.connection.failed(s(100), NO_TIME);
        driven.connection.poll();
        let Some(Notice::Reconnecting(next)) = driven.connection.poll() else {
            panic!("no attempt")
        };
        assert_eq!(next.retry_after, None);
    }
}

#[test]
fn a_connection_that_stayed_open_brings_the_attempts_back() {
    let drops = |reconnect: Reconnect, uptime: Duration| {
        let mut driven = Driven::open_with(Limits {
            reconnect: Some(reconnect),
            ..Limits::default()
        });
        let mut now = s(1);
        let mut attempts = Vec::new();
        while attempts.len() < 12 {
            now += uptime;
            driven.connection.ended(now);
            match driven.connection.poll() {
                Some(Notice::Reconnecting(next)) => attempts.push(next.attempt),
                _ => break,
            }
            now = driven.connection.wake_at().unwrap();
            driven.connection.tick(now);
            driven.connection.opened(now);
            driven.told();
        }
        attempts
    };
    let reconnect = Reconnect::default();
    assert_eq!(drops(reconnect, s(60)), [1; 12]);
    assert_eq!(drops(reconnect, s(59)), [1, 2, 3, 4, 5]);
    assert_eq!(drops(reconnect.reset_after(s(5)), s(59)), [1; 12]);
    let lifetime = reconnect.reset_after(None);
    assert_eq!(drops(lifetime, s(86_400)), [1, 2, 3, 4, 5]);
}

#[test]
fn a_spread_keeps_clients_that_were_cut_off_together_apart() {
    let policy = Reconnect::default().spread(s(30));
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for seed in 0..3000 {
        let mut retries = Retries::new(Some(policy), seed);
        first.push(retries.next(1, Duration::ZERO).unwrap().delay);
        second.push(retries.next(2, Duration::ZERO).unwrap().delay);
    }
    for second in 1..30 {
        let window = s(second)..s(second + 1);
        let clients = first.iter().filter(|delay| window.contains(*delay)).count();
        assert!((50..150).contains(&clients), "{clients} in second {second}");
    }
    assert!(
        second.iter().all(|delay| *delay <= s(1)),
        "only the first attempt"
    );
}

#[test]
fn an_attempt_that_closes_without_opening_counts_by_its_code_contract_80() {
    let mut driven = Driven::broken();
    driven.attempt();
    driven.receive(s(11), close(1012, ""));
    assert_eq!(driven.told(), ["reconnecting 2/5 after 1012"]);
    driven.attempt();
    driven.receive(s(20), close(1015, ""));
    assert_eq!(
        driven.told(),
        [
            "failed: aborted after 1015",
            "closed 1015 (reconnect aborted)"
        ]
    );
}

#[test]
fn an_attempt_without_a_socket_leaves_the_close_as_it_was() {
    let mut driven = Driven::recovering();
    driven.receive(s(1), close(1012, ""));
    driven.connection.ended(s(1));
    driven.told();
    driven.attempt();
    driven.connection.given_up(s(2), NO_TIME);
    assert_eq!(driven.told(), ["reconnecting 2/5 after 1012"]);
    driven.attempt();
    driven.connection.given_up(s(5), None);
    assert_eq!(
        driven.told(),
        [
            "failed: aborted after 1012",
            "closed 1012 (reconnect aborted)"
        ]
    );
}

#[test]
fn an_attempt_that_takes_too_long_is_followed_by_another() {
    let mut driven = Driven::broken();
    driven.attempt();
    driven.connection.tick(driven.connection.wake_at().unwrap());
    assert_eq!(driven.told(), ["abandon", "reconnecting 2/5 after 1006"]);
}

#[test]
fn the_first_connection_is_not_retried() {
    let mut driven = Driven::with(recovering());
    driven.connection.start(s(0));
    driven.told();
    driven.refuse(503);
    assert_eq!(driven.told(), ["failed: Socket", "closed 1006"]);
}

#[test]
fn close_wins_while_waiting_contract_80() {
    let mut driven = Driven::broken();
    driven.connection.send(event("a")).unwrap();
    driven
        .connection
        .close(s(11), CloseFrame::new(4001, "enough").unwrap());
    assert_eq!(driven.told(), ["closed 4001 (enough)"]);
    assert_eq!(driven.unsent(), ["a"]);
    driven.connection.tick(s(100));
    driven.connection.opened(s(100));
    driven.connection.close(s(101), CloseFrame::NORMAL);
    assert_eq!(driven.told(), [""; 0]);
}

#[test]
fn close_wins_over_an_attempt_contract_80() {
    let mut driven = Driven::broken();
    driven.connection.send(event("a")).unwrap();
    driven.attempt();
    driven.connection.close(s(11), CloseFrame::NORMAL);
    assert_eq!(driven.told(), ["abandon", "closed 1000 (OK)"]);
    assert_eq!(driven.unsent(), ["a"]);
    driven.connection.opened(s(12));
    assert_eq!(driven.told(), [""; 0]);
}

#[test]
fn close_wins_over_the_peers_close() {
    let mut driven = Driven::recovering();
    driven.receive(s(1), close(1012, ""));
    driven.connection.send(event("a")).unwrap();
    driven.connection.close(s(1), CloseFrame::NORMAL);
    let refused = driven.connection.send(event("b")).unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Closed);
    driven.connection.ended(s(1));
    assert_eq!(driven.told().last().unwrap(), "closed 1012");
    assert_eq!(driven.unsent(), ["a"]);
}

#[test]
fn a_driver_may_abort_contract_79() {
    let mut driven = Driven::recovering();
    driven.receive(s(1), close(1012, "restart"));
    driven.connection.ended(s(1));
    driven.told();
    driven.connection.abort("reconnect aborted by handler");
    assert_eq!(
        driven.told(),
        ["closed 1012 (reconnect aborted by handler)"]
    );
    driven.connection.abort("again");
    assert_eq!(driven.told(), [""; 0]);
}

#[test]
fn what_was_not_written_waits_until_it_is_flushed_contract_90() {
    let mut driven = Driven::recovering();
    driven.connection.send(event("a")).unwrap();
    driven.connection.send(event("b")).unwrap();
    assert_eq!(driven.connection.poll_transmit(), Some(event("a")));
    driven.connection.ended(s(1));
    assert_eq!(driven.transmitted(), [""; 0]);
    driven.connection.send(event("c")).unwrap();
    assert_eq!(driven.connection.flush_pending(), Err(NotOpen));
    assert_eq!(
        NotOpen.to_string(),
        "cannot flush before the WebSocket is open"
    );
    driven.told();
    driven.attempt();
    driven.connection.send(event("d")).unwrap();
    driven.connection.opened(s(2));
    assert_eq!(driven.told(), ["reconnected 2"]);
    assert_eq!(driven.transmitted(), [""; 0]);
    driven.connection.send(event("new")).unwrap();
    assert_eq!(driven.transmitted(), ["new"]);
    driven.connection.send(event("newer")).unwrap();
    driven.connection.flush_pending().unwrap();
    assert_eq!(driven.transmitted(), ["newer", "b", "c", "d"]);
    assert_eq!(driven.connection.queued_bytes(), 0);
}

#[test]
fn what_is_sent_behind_the_peers_close_waits_in_order() {
    let mut driven = Driven::recovering();
    driven.connection.send(event("a")).unwrap();
    driven.receive(s(1), close(1012, ""));
    driven.connection.send(event("b")).unwrap();
    assert_eq!(driven.transmitted(), [""; 0]);
    driven.connection.ended(s(2));
    driven.connection.send(event("c")).unwrap();
    assert_eq!(
        driven.connection.take_pending(),
        [event("a"), event("b"), event("c")]
    );
}

#[test]
fn what_waits_can_be_taken_contract_90() {
    let mut driven = Driven::broken();
    driven.connection.send(event("a")).unwrap();
    driven.connection.send(event("b")).unwrap();
    assert_eq!(driven.connection.take_pending(), [event("a"), event("b")]);
    assert_eq!(driven.connection.queued_bytes(), 0);
    assert_eq!(driven.connection.take_pending(), []);
    driven.reconnect();
    driven.connection.flush_pending().unwrap();
    assert_eq!(driven.transmitted(), [""; 0]);
}

#[test]
fn what_is_held_back_is_bounded_apart_from_what_is_due_contracts_69_and_75() {
    let bytes = event("a").text().len();
    let mut driven = Driven::open_with(Limits {
        max_queue_bytes: 2 * bytes,
        ..recovering()
    });
    driven.connection.send(event("a")).unwrap();
    driven.connection.ended(s(1));
    driven.connection.send(event("b")).unwrap();
    let refused = driven.connection.send(event("c")).unwrap_err();
    assert_eq!(
        (refused.kind, refused.event),
        (SendErrorKind::Full, event("c"))
    );
    driven.told();
    driven.reconnect();
    // The new session can be set up, however much the outage holds back.
    driven.connection.send(event("d")).unwrap();
    driven.connection.send(event("e")).unwrap();
    let refused = driven.connection.send(event("f")).unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Full);
    assert_eq!(driven.connection.queued_bytes(), 4 * bytes);
    driven.told();
    driven.connection.close(s(2), CloseFrame::NORMAL);
    assert_eq!(
        driven.transmitted(),
        ["d", "e"],
        "what is held was not released"
    );
    driven.connection.ended(s(3));
    driven.told();
    assert_eq!(driven.unsent(), ["a", "b"]);
}

#[test]
fn what_restores_goes_first_and_what_waited_behind_it() {
    let mut driven = Driven::broken();
    driven.connection.send(event("waited")).unwrap();
    assert_eq!(driven.connection.restore([event("early")]), Err(NotOpen));
    driven.reconnect();
    driven
        .connection
        .restore([event("r1"), event("r2")])
        .unwrap();
    driven.connection.send(event("new")).unwrap();
    assert_eq!(driven.transmitted(), ["r1", "r2", "waited", "new"]);
}

#[test]
fn what_restores_is_no_part_of_what_is_given_back() {
    let mut driven = Driven::broken();
    driven.connection.send(event("waited")).unwrap();
    driven.reconnect();
    driven
        .connection
        .restore([event("r1"), event("r2")])
        .unwrap();
    assert_eq!(driven.connection.poll_transmit(), Some(event("r1")));
    driven.connection.ended(s(20));
    assert_eq!(
        driven.connection.queued_bytes(),
        event("waited").text().len()
    );
    driven.connection.close(s(20), CloseFrame::NORMAL);
    driven.told();
    assert_eq!(driven.unsent(), ["waited"]);
}

#[test]
fn what_no_other_connection_would_mend_is_the_end() {
    let mut driven = Driven::recovering();
    driven.connection.failed(s(1), None);
    assert_eq!(driven.told(), ["failed: Socket", "closed 1006"]);
}

#[test]
fn messages_of_a_broken_connection_are_not_heard() {
    let mut driven = Driven::broken();
    driven.receive(s(10), Frame::Text("late".into()));
    driven.connection.ended(s(10));
    driven.connection.failed(s(10), NO_TIME);
    assert_eq!(driven.told(), [""; 0]);
    driven.reconnect();
    assert_eq!(driven.told(), ["reconnected 2"]);
    driven.receive(s(10), Frame::Text("new".into()));
    assert_eq!(driven.told(), ["message new"]);
}

#[test]
fn time_does_not_go_back() {
    let mut driven = Driven::broken();
    let at = driven.connection.wake_at().unwrap();
    assert!(at > s(10));
    driven.connection.tick(s(3));
    assert_eq!(driven.told(), [""; 0]);
    driven.connection.tick(at);
    assert_eq!(driven.told(), ["connect"]);
    driven.connection.failed(s(0), NO_TIME);
    driven.told();
    assert_eq!(driven.connection.wake_at(), Some(at + driven.delay));
}

#[test]
fn after_a_long_sleep_the_next_attempt_is_due_at_once() {
    let mut driven = Driven::broken();
    driven.connection.tick(s(100_000));
    assert_eq!(driven.told(), ["connect"]);
    assert_eq!(driven.connection.wake_at(), Some(s(100_030)));
}

#[test]
fn a_connection_that_may_not_reconnect_ends_with_its_loss() {
    let mut driven = Driven::recovering();
    driven.connection.stop_reconnecting();
    assert_eq!(driven.told(), [""; 0], "the open connection goes on");
    driven.connection.send(event("a")).unwrap();
    driven.connection.ended(s(1));
    assert_eq!(driven.told(), ["failed: closed 1006", "closed 1006"]);
    assert_eq!(driven.unsent(), ["a"]);
}
