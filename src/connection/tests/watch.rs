//! Keep-alive, the idle watchdog, the send timeout, and the session's expiry.

use super::*;

fn pinging(interval: u64, timeout: u64) -> Driven {
    Driven::open_with(Limits {
        keep_alive: Some(
            KeepAlive::default()
                .interval(s(interval))
                .timeout(s(timeout)),
        ),
        ..Limits::default()
    })
}

impl Driven {
    /// Moves on to the next deadline, and returns when that is.
    fn wake(&mut self) -> Duration {
        let at = self.connection.wake_at().unwrap();
        self.connection.tick(at);
        at
    }
}

// `Driven::open_with` opens at one second.

#[test]
fn a_ping_goes_out_each_interval_and_any_arrival_answers_it() {
    let mut driven = pinging(30, 10);
    let signs = [
        Frame::Pong(Bytes::new()),
        Frame::Ping(Bytes::new()),
        Frame::Text("{}".into()),
        Frame::Binary(Bytes::from_static(b"{}")),
    ];
    for (nth, sign) in (1..).zip(signs) {
        assert_eq!(driven.wake(), s(1 + 30 * nth));
        assert_eq!(driven.told(), ["ping"]);
        driven.receive(s(2 + 30 * nth), sign);
        assert_eq!(driven.wake(), s(11 + 30 * nth), "looks for the answer");
        driven.told();
        assert!(driven.connection.is_open());
    }
}

#[test]
fn a_peer_that_answers_no_ping_is_dead() {
    let mut driven = pinging(30, 10);
    driven.receive(s(30), Frame::Text("{}".into()));
    driven.told();
    driven.connection.send(event("a")).unwrap();
    assert_eq!(driven.wake(), s(31));
    assert_eq!(driven.told(), ["ping"]);
    assert_eq!(driven.wake(), s(41));
    assert_eq!(
        driven.told(),
        ["abandon", "failed: Unanswered", "closed 1006"]
    );
    assert_eq!(driven.unsent(), ["a"]);
}

#[test]
fn a_dead_peer_is_an_outage_where_that_is_asked_for() {
    let mut driven = Driven::open_with(Limits {
        keep_alive: Some(KeepAlive::default()),
        reconnect: Some(Reconnect::default()),
        ..Limits::default()
    });
    driven.wake();
    driven.wake();
    assert_eq!(
        driven.told(),
        ["ping", "abandon", "reconnecting 1/5 after 1006"]
    );
    driven.wake();
    driven.connection.opened(s(100));
    assert_eq!(driven.told(), ["connect", "reconnected 2"]);
    assert_eq!(driven.wake(), s(130), "the new one has its own deadline");
    assert_eq!(driven.told(), ["ping"]);
}

#[test]
fn who_was_not_polled_for_long_looks_at_what_arrived_first() {
    let mut driven = pinging(30, 10);
    driven.wake();
    // The pong lay in the socket all the while.
    driven.receive(s(500), Frame::Pong(Bytes::new()));
    driven.connection.tick(s(500));
    assert_eq!(driven.told(), ["ping", "ping"]);
    assert!(driven.connection.is_open());
}

#[test]
fn a_deadline_that_was_slept_through_gives_a_second_chance_and_no_third() {
    let mut driven = pinging(30, 10);
    driven.wake();
    driven.connection.tick(s(5000));
    assert_eq!(driven.told(), ["ping", "ping"]);
    assert_eq!(driven.connection.wake_at(), Some(s(5010)));
    driven.connection.tick(s(9000));
    assert_eq!(driven.told().last().unwrap(), "closed 1006");
}

#[test]
fn what_is_left_unread_may_be_the_answer() {
    let mut driven = pinging(30, 10);
    driven.wake();
    driven.connection.leaves_unread();
    assert_eq!(driven.wake(), s(41));
    assert_eq!(driven.told(), ["ping"]);
    assert!(driven.connection.is_open());
}

#[test]
fn one_ping_is_out_at_a_time() {
    let mut driven = pinging(10, 35);
    for at in [11, 21, 31, 41] {
        assert_eq!(driven.wake(), s(at));
    }
    assert_eq!(driven.told(), ["ping"]);
    assert_eq!(driven.wake(), s(46));
    assert_eq!(driven.told().last().unwrap(), "closed 1006");
}

#[test]
fn there_are_no_pings_unless_asked_for_nor_while_closing() {
    assert_eq!(Driven::open().connection.wake_at(), None);
    let mut driven = pinging(2, 2);
    driven.connection.close(s(2), CloseFrame::NORMAL);
    assert_eq!(driven.connection.wake_at(), Some(s(7)));
}

fn watched(timeout: u64) -> Driven {
    Driven::open_with(Limits {
        idle_timeout: Some(s(timeout)),
        ..Limits::default()
    })
}

#[test]
fn silence_for_the_idle_timeout_is_the_end() {
    let mut driven = watched(40);
    driven.receive(s(2), Frame::Text("{}".into()));
    driven.told();
    for at in [11, 21, 31, 41] {
        assert_eq!(driven.wake(), s(at));
        assert!(driven.connection.is_open(), "{at}");
    }
    driven.wake();
    assert_eq!(driven.told(), ["abandon", "failed: Idle", "closed 1006"]);
}

#[test]
fn messages_keep_the_idle_watchdog_quiet() {
    let mut driven = watched(40);
    for nth in 0..20 {
        driven.receive(s(30 * nth), Frame::Text("{}".into()));
        while driven.connection.wake_at().unwrap() <= s(30 * (nth + 1)) {
            driven.wake();
        }
    }
    assert!(driven.connection.is_open());
}

#[test]
fn sleep_is_not_silence() {
    let mut driven = watched(40);
    driven.wake();
    driven.wake();
    driven.connection.tick(s(10_000));
    assert!(driven.connection.is_open());
    assert_eq!(driven.connection.wake_at(), Some(s(10_010)));
    driven.wake();
    assert!(driven.connection.is_closed());
}

#[test]
fn a_socket_that_takes_nothing_for_the_send_timeout_is_the_end() {
    let mut driven = Driven::open_with(Limits {
        send_timeout: Some(s(10)),
        ..Limits::default()
    });
    assert!(driven.connection.minds_stalls());
    driven.connection.stalled(s(2));
    assert!(!driven.connection.minds_stalls());
    driven.connection.stalled(s(8));
    assert_eq!(driven.connection.wake_at(), Some(s(12)), "the first counts");
    driven.connection.flowed();
    assert_eq!(driven.connection.wake_at(), None);
    driven.connection.stalled(s(20));
    driven.connection.send(event("a")).unwrap();
    assert_eq!(driven.wake(), s(30));
    assert_eq!(
        driven.told(),
        ["abandon", "failed: SendTimeout", "closed 1006"]
    );
    assert_eq!(driven.unsent(), ["a"]);
}

#[test]
fn without_a_send_timeout_stalls_go_unnoticed() {
    let mut driven = Driven::open();
    assert!(!driven.connection.minds_stalls());
    driven.connection.stalled(s(2));
    assert_eq!(driven.connection.wake_at(), None);
}

fn expiring(lead: u64) -> Driven {
    Driven::open_with(Limits {
        expiry_warning: Some(s(lead)),
        ..Limits::default()
    })
}

#[test]
fn a_session_expires_after_60_minutes_unless_the_server_says_otherwise() {
    let mut driven = expiring(300);
    assert_eq!(driven.wake(), s(1 + 3300));
    assert_eq!(driven.told(), ["expiring in 300s"]);
    assert_eq!(driven.connection.wake_at(), None, "once");

    let mut driven = expiring(300);
    driven.connection.expires_in(s(100), s(1000));
    assert_eq!(driven.wake(), s(800));
    assert_eq!(driven.told(), ["expiring in 300s"]);
    driven.connection.expires_in(s(800), s(300));
    assert_eq!(driven.connection.wake_at(), None, "no news");
    driven.connection.expires_in(s(800), s(2000));
    assert_eq!(driven.wake(), s(2500), "it was made longer");
    assert_eq!(driven.told(), ["expiring in 300s"]);
}

#[test]
fn one_end_is_reported_once_however_often_it_is_announced() {
    let mut driven = expiring(300);
    driven.connection.expires_in(s(100), s(1000));
    driven.wake();
    assert_eq!(driven.told(), ["expiring in 300s"]);
    for millis in [1, 999, 20, 3000, 59_000] {
        let left = s(250) + Duration::from_millis(millis);
        driven.connection.expires_in(s(850), left);
        assert_eq!(driven.connection.wake_at(), None);
        driven.connection.tick(s(851));
    }
    assert_eq!(driven.told(), [""; 0]);
}

#[test]
fn a_warning_that_was_slept_through_says_what_is_left() {
    let mut driven = expiring(300);
    driven.connection.tick(s(3500));
    assert_eq!(driven.told(), ["expiring in 101s"]);
    let mut driven = expiring(300);
    driven.connection.tick(s(10_000));
    assert_eq!(driven.told(), ["expiring in 0ns"]);
    let mut driven = expiring(300);
    driven.connection.expires_in(s(5), s(100));
    assert_eq!(driven.connection.wake_at(), Some(s(53)), "half of its life");
    driven.connection.tick(s(53));
    assert_eq!(driven.told(), ["expiring in 52s"]);
}

#[test]
fn endless_times_overflow_nothing() {
    let mut driven = Driven::open_with(Limits {
        keep_alive: Some(
            KeepAlive::default()
                .interval(Duration::MAX)
                .timeout(Duration::MAX),
        ),
        idle_timeout: Some(Duration::MAX),
        send_timeout: Some(Duration::MAX),
        expiry_warning: Some(Duration::MAX),
        connect_timeout: Duration::MAX,
        ..Limits::default()
    });
    driven.connection.stalled(s(2));
    driven.connection.expires_in(s(2), Duration::MAX);
    driven.connection.tick(s(3));
    assert!(driven.connection.is_open());
    let mut driven = Driven::open_with(Limits {
        keep_alive: Some(
            KeepAlive::default()
                .interval(Duration::ZERO)
                .timeout(Duration::ZERO),
        ),
        ..Limits::default()
    });
    driven.wake();
    assert_eq!(driven.told().last().unwrap(), "closed 1006");
}
