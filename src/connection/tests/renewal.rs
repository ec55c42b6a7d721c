//! A new connection before the old one's session expires.

use super::*;

const HOUR: u64 = 3600;

/// Open since the first second, and warned 300 s before the hour is over.
fn expiring() -> Driven {
    let mut driven = Driven::open_with(Limits {
        expiry_warning: Some(s(300)),
        renew: true,
        reconnect: Some(Reconnect::default()),
        ..Limits::default()
    });
    driven.connection.tick(s(1 + HOUR - 300));
    assert_eq!(driven.told(), ["expiring in 300s", "connect next"]);
    driven
}

#[test]
fn the_next_connection_is_made_and_then_taken_when_its_driver_says_so() {
    let mut driven = expiring();
    driven.connection.send(event("sent before")).unwrap();
    assert_eq!(driven.transmitted(), ["sent before"]);
    assert!(!driven.connection.can_switch());
    driven.connection.switch(s(3310));
    assert_eq!(driven.told(), [""; 0], "not yet");
    driven.connection.next_opened(s(3310));
    assert!(driven.connection.can_switch());
    assert_eq!(driven.told(), [""; 0], "the present one serves on");
    driven.receive(s(3311), Frame::Text("{}".into()));
    assert_eq!(driven.told(), ["message {}"]);
    driven.connection.send(event("queued")).unwrap();
    driven.connection.switch(s(3320));
    assert_eq!(driven.told(), ["switch", "reconnected 2"]);
    assert_eq!(driven.transmitted(), [""; 0]);
    driven.connection.restore([event("r")]).unwrap();
    assert_eq!(driven.transmitted(), ["r", "queued"]);
    assert!(!driven.connection.can_switch());
    let warning = driven.connection.wake_at();
    assert_eq!(warning, Some(s(3310 + HOUR - 300)), "its own hour");
}

#[test]
fn shortly_before_the_end_it_is_taken_in_any_case() {
    let mut driven = expiring();
    driven.connection.next_opened(s(3310));
    assert_eq!(driven.connection.wake_at(), Some(s(1 + HOUR - 10)));
    driven.connection.tick(s(1 + HOUR - 10));
    assert_eq!(driven.told(), ["switch", "reconnected 2"]);

    let mut driven = expiring();
    driven.connection.tick(s(3320));
    driven.connection.tick(s(3325));
    driven.connection.next_failed(s(3325), NO_TIME);
    driven.connection.tick(s(1 + HOUR - 10));
    assert_eq!(driven.told(), ["connect next"]);
    driven.connection.next_opened(s(1 + HOUR - 8));
    assert_eq!(driven.told(), ["switch", "reconnected 2"], "it came late");
}

#[test]
fn an_attempt_that_fails_is_followed_by_another() {
    let mut driven = expiring();
    driven.connection.next_failed(s(3302), NO_TIME);
    assert_eq!(driven.connection.wake_at(), Some(s(3312)));
    driven.connection.tick(s(3312));
    assert_eq!(driven.told(), ["connect next"]);
    driven.connection.next_failed(s(3313), Some(s(60)));
    assert_eq!(driven.connection.wake_at(), Some(s(3373)));
    driven.connection.tick(s(3373));
    driven.connection.tick(s(3403));
    assert_eq!(driven.told(), ["connect next", "abandon next"], "too slow");
    assert_eq!(driven.connection.wake_at(), Some(s(3413)));
    driven.connection.tick(s(3413));
    driven.connection.next_opened(s(3414));
    driven.connection.next_failed(s(3420), NO_TIME);
    assert!(!driven.connection.can_switch(), "it ended before its turn");
    driven.connection.tick(s(3430));
    assert_eq!(driven.told(), ["connect next", "connect next"]);
    driven.connection.next_failed(s(3431), None);
    driven.connection.tick(s(1 + HOUR - 10));
    assert_eq!(driven.told(), [""; 0], "what no attempt mends is left");
    assert!(driven.connection.is_open());
}

#[test]
fn whatever_ends_the_present_connection_ends_the_next() {
    let mut driven = expiring();
    driven.connection.ended(s(3302));
    assert_eq!(
        driven.told(),
        ["abandon next", "reconnecting 1/5 after 1006"]
    );
    driven.connection.next_opened(s(3303));
    assert!(!driven.connection.can_switch());

    let mut driven = expiring();
    driven.connection.next_opened(s(3302));
    driven.connection.close(s(3303), CloseFrame::NORMAL);
    assert_eq!(driven.told(), ["abandon next", "send close 1000 (OK)"]);

    let mut driven = expiring();
    driven.connection.next_opened(s(3302));
    driven.receive(s(3303), close(1001, ""));
    assert_eq!(driven.told(), ["abandon next"]);
    driven.connection.switch(s(3303));
    assert_eq!(driven.connection.generation(), 1);
}

/// Switches as soon as it can, for an hour. Every session is said to last for `lifetime`, and
/// lasts.
fn renewals(lifetime: Duration) -> (usize, usize) {
    let mut driven = Driven::open_with(Limits {
        expiry_warning: Some(s(300)),
        renew: true,
        ..Limits::default()
    });
    driven.connection.expires_in(s(1), lifetime);
    let (mut connections, mut warnings) = (0, 0);
    while let Some(at) = driven.connection.wake_at().filter(|at| *at < s(HOUR)) {
        driven.connection.tick(at);
        for told in driven.told() {
            match told.split(' ').next() {
                Some("connect") => {
                    connections += 1;
                    driven.connection.next_opened(at);
                    driven.connection.switch(at);
                    driven.connection.expires_in(at, lifetime);
                }
                Some("failed:") => {
                    assert!(told.starts_with("failed: ExpiresTooSoon"), "{told}");
                    warnings += 1;
                }
                _ => {}
            }
        }
    }
    (connections, warnings)
}

#[test]
fn short_sessions_and_a_wrong_clock_lead_to_no_storm_of_connections() {
    // A session of ten minutes is warned of after five.
    assert_eq!(renewals(s(600)), (11, 0));
    assert_eq!(renewals(s(200)), (35, 0));
    // The server's sessions outlive their announced end: the second renewal is that of the usual
    // hour.
    for wrong in [Duration::from_millis(1), s(1), s(20)] {
        assert_eq!(renewals(wrong), (2, 1), "{wrong:?}");
    }
}

#[test]
fn a_session_of_a_minute_and_a_half_is_renewed_after_a_minute() {
    let mut driven = expiring();
    driven.connection.next_opened(s(3310));
    driven.connection.switch(s(3310));
    driven.connection.expires_in(s(3310), s(90));
    driven.told();
    driven.connection.tick(s(3355));
    assert_eq!(
        driven.told(),
        ["expiring in 45s", "failed: ExpiresTooSoon { left: 45s }"]
    );
    assert_eq!(driven.connection.wake_at(), Some(s(3370)));
    driven.connection.tick(s(3370));
    assert_eq!(driven.told(), ["connect next"]);
}

#[test]
fn nothing_is_renewed_unless_asked_for() {
    let mut driven = Driven::open_with(Limits {
        expiry_warning: Some(s(300)),
        ..Limits::default()
    });
    driven.connection.tick(s(3400));
    assert_eq!(driven.told(), ["expiring in 201s"]);
    assert_eq!(driven.connection.wake_at(), None);
}
