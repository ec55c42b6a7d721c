//! Whatever happens, in whatever order.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Input {
    Start,
    Opened,
    Text,
    PeerCloses(u16),
    Ended,
    Failed(bool),
    GivenUp(bool),
    Send(usize),
    Close,
    Abort,
    Flush,
    Take,
    Restore,
    Tick(u64),
    Wake,
    TimeGoesBack,
    Stalled,
    NextOpened,
    NextFailed(bool),
    Switch,
    Transmit,
    Poll,
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        2 => Just(Input::Start),
        4 => Just(Input::Opened),
        1 => Just(Input::Text),
        2 => (999_u16..1016).prop_map(Input::PeerCloses),
        2 => Just(Input::Ended),
        2 => any::<bool>().prop_map(Input::Failed),
        1 => any::<bool>().prop_map(Input::GivenUp),
        6 => (0_usize..60).prop_map(Input::Send),
        1 => Just(Input::Close),
        1 => Just(Input::Abort),
        2 => Just(Input::Flush),
        1 => Just(Input::Take),
        2 => Just(Input::Restore),
        2 => (0_u64..20).prop_map(Input::Tick),
        4 => Just(Input::Wake),
        1 => Just(Input::TimeGoesBack),
        1 => Just(Input::Stalled),
        2 => Just(Input::NextOpened),
        1 => any::<bool>().prop_map(Input::NextFailed),
        2 => Just(Input::Switch),
        4 => Just(Input::Transmit),
        2 => Just(Input::Poll),
    ]
}

/// What must be true of a connection, kept beside it.
#[derive(Default)]
struct Model {
    /// What was taken, and neither sent nor given back: what is due, and what an outage holds back.
    due: Vec<usize>,
    held: Vec<usize>,
    restoring: usize,
    taken: usize,
    out: usize,
    closed: Option<Closed>,
    close_frames: usize,
    opened: u64,
    /// Whether there is another socket, or an attempt to open one.
    next: bool,
}

impl Model {
    /// There is no socket to write to: what was due is held back.
    fn hold(&mut self) {
        self.held.append(&mut self.due);
        self.restoring = 0;
    }

    fn tick(&mut self, connection: &mut Connection, now: Duration) {
        let generation = connection.generation();
        connection.tick(now);
        if connection.generation() > generation {
            self.hold();
        }
    }

    fn hear(&mut self, connection: &mut Connection) {
        while let Some(notice) = connection.poll() {
            assert!(self.closed.is_none(), "{notice:?} after the end");
            match notice {
                Notice::Closed(end) => {
                    let left: Vec<usize> = end.unsent.iter().map(number).collect();
                    self.held.append(&mut self.due);
                    assert_eq!(left, self.held, "all that was not sent, in order");
                    self.out += self.held.len();
                    self.held.clear();
                    self.closed = Some(end);
                }
                Notice::Opened | Notice::Reconnected { .. } => {
                    self.opened += 1;
                    if let Notice::Reconnected { generation } = notice {
                        assert!(generation > 1 && generation >= self.opened);
                    }
                }
                Notice::Reconnecting(next) => {
                    assert!(next.attempt <= next.max_attempts);
                    assert!(next.delay <= Duration::from_secs(8));
                }
                Notice::SendClose(_) => {
                    assert!(
                        self.due.is_empty() && self.restoring == 0,
                        "the queue goes first"
                    );
                    self.close_frames += 1;
                }
                Notice::Ping => assert!(connection.is_open()),
                Notice::Expiring(soon) => assert!(soon.left <= s(3595)),
                Notice::ConnectNext => {
                    assert!(!self.next, "one at a time");
                    self.next = true;
                }
                Notice::AbandonNext | Notice::Switch => {
                    assert!(self.next, "{notice:?} of nothing");
                    self.next = false;
                }
                Notice::Connect | Notice::Abandon | Notice::Error(_) => {}
            }
        }
    }

    fn transmit(&mut self, connection: &mut Connection) {
        let wanted = connection.wants_transmit();
        let Some(event) = connection.poll_transmit() else {
            assert!(!wanted);
            return;
        };
        assert!(wanted);
        assert_eq!(self.close_frames, 0, "nothing follows the close frame");
        if self.restoring > 0 {
            self.restoring -= 1;
            assert_eq!(event.event_type(), "restored");
        } else {
            assert_eq!(number(&event), self.due.remove(0), "in order, and once");
            self.out += 1;
        }
    }
}

fn number(event: &RawEvent) -> usize {
    event
        .event_type()
        .split('.')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

proptest! {
    /// Every event that was taken is sent or given back, once and in order; the end comes once and last; the queue
    /// stays within its bound; close() always leads to the end.
    #[test]
    fn nothing_is_lost_and_the_end_is_the_end(
        inputs in prop::collection::vec(input(), 0..120),
        recovers: bool,
        watches: bool,
        seed: u64,
    ) {
        let max_queue_bytes = 200;
        let reconnect = recovers.then(Reconnect::default);
        let watched = Limits {
            keep_alive: Some(KeepAlive::new(s(7), s(9))),
            idle_timeout: Some(s(40)),
            send_timeout: Some(s(5)),
            expiry_warning: Some(s(3595)),
            renew: true,
            ..Limits::default()
        };
        let limits = if watches { watched } else { Limits::default() };
        let limits = Limits { max_queue_bytes, reconnect, ..limits };
        let mut connection: Connection = Connection::new(limits, seed);
        let mut model = Model::default();
        let mut now = s(0);
        for input in inputs {
            match input {
                Input::Start => connection.start(now),
                Input::Opened => connection.opened(now),
                Input::Text => {
                    let heard = connection.received(now, Frame::Text("{}".into()));
                    prop_assert!(heard.is_none() || !connection.is_closed());
                }
                Input::PeerCloses(code) => {
                    let recoverable = matches!(code, 1001 | 1005 | 1006 | 1011..=1013);
                    if connection.is_open() && recovers && recoverable {
                        model.hold();
                    }
                    prop_assert_eq!(connection.received(now, close(code, "")), None);
                }
                Input::Ended => connection.ended(now),
                Input::Failed(retry) => {
                    let retry = retry.then_some(Duration::ZERO);
                    connection.failed(now, Error::Transport(lost()), retry);
                }
                Input::GivenUp(retry) => {
                    let retry = retry.then_some(Duration::ZERO);
                    connection.given_up(now, Error::ConnectTimeout, retry);
                }
                Input::Send(padding) => {
                    let was_empty = connection.queued_bytes() == 0;
                    let number = model.taken;
                    if connection.send(event(&format!("{number}.{}", "x".repeat(padding)))).is_ok() {
                        model.taken += 1;
                        // What comes behind a peer's close waits for the next connection, as in an outage.
                        let held = !connection.wants_transmit() && connection.generation() > 0;
                        if held { model.held.push(number) } else { model.due.push(number) }
                        prop_assert!(was_empty || connection.queued_bytes() <= max_queue_bytes);
                    }
                }
                Input::Close => connection.close(now, CloseFrame::NORMAL),
                Input::Abort => connection.abort("aborted"),
                Input::Flush => {
                    if connection.flush_pending().is_ok() {
                        model.due.append(&mut model.held);
                    }
                }
                Input::Take => {
                    let taken: Vec<usize> = connection.take_pending().iter().map(number).collect();
                    prop_assert_eq!(&taken, &model.held);
                    model.out += taken.len();
                    model.held.clear();
                }
                Input::Restore => {
                    if connection.restore([event("restored"), event("restored")]).is_ok() {
                        model.due.append(&mut model.held);
                        model.restoring += 2;
                    }
                }
                Input::Tick(seconds) => {
                    now += s(seconds);
                    model.tick(&mut connection, now);
                }
                Input::Wake => {
                    now = connection.wake_at().map_or(now, |at| at.max(now));
                    model.tick(&mut connection, now);
                }
                Input::Stalled => connection.stalled(now),
                Input::NextOpened => {
                    let generation = connection.generation();
                    connection.next_opened(now);
                    if connection.generation() > generation {
                        model.hold();
                    }
                }
                Input::NextFailed(retry) => {
                    if model.next {
                        connection.next_failed(now, retry.then_some(Duration::ZERO));
                        model.next = false;
                    }
                }
                Input::Switch => {
                    if connection.can_switch() {
                        connection.switch(now);
                        model.hold();
                    }
                    connection.switch(now);
                }
                Input::TimeGoesBack => connection.tick(s(0)),
                Input::Transmit => model.transmit(&mut connection),
                Input::Poll => {}
            }
            if connection.is_reconnecting() {
                model.hold();
            }
            model.hear(&mut connection);
            prop_assert_eq!(connection.is_closed(), model.closed.is_some());
            let waiting = model.taken - model.out;
            prop_assert_eq!(waiting, model.due.len() + model.held.len());
            prop_assert_eq!(connection.queued_bytes() == 0, waiting == 0);
        }
        // Whatever its state, close() brings it to an end, given time.
        connection.close(now, CloseFrame::NORMAL);
        for _ in 0..2 {
            model.hear(&mut connection);
            now = connection.wake_at().map_or(now, |at| at.max(now));
            connection.tick(now);
        }
        model.hear(&mut connection);
        let closed = model.closed.is_some();
        prop_assert!(closed, "close() ends it");
        prop_assert_eq!(model.out, model.taken);
        prop_assert_eq!(connection.poll_transmit(), None);
        prop_assert_eq!(connection.wake_at(), None);
        prop_assert_eq!(connection.send(event("late")).unwrap_err().kind, SendErrorKind::Closed);
    }
}
