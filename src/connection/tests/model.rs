//! What must be true of a connection, whatever happens, in whatever order.

use super::{
    CloseFrame, Closed, Connection, Duration, Error, Frame, KeepAlive, Limits, Notice, RawEvent,
    Reconnect, SendErrorKind, close, event, lost, s,
};

#[derive(Debug, Clone)]
pub enum Input {
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

/// One of them for every pair of bytes, the frequent ones for several.
impl From<(u8, u8)> for Input {
    fn from((kind, value): (u8, u8)) -> Self {
        match kind % 46 {
            0..=1 => Self::Start,
            2..=5 => Self::Opened,
            6 => Self::Text,
            7..=8 => Self::PeerCloses(999 + u16::from(value % 17)),
            9..=10 => Self::Ended,
            11..=12 => Self::Failed(value % 2 == 1),
            13 => Self::GivenUp(value % 2 == 1),
            14..=19 => Self::Send(usize::from(value % 60)),
            20 => Self::Close,
            21 => Self::Abort,
            22..=23 => Self::Flush,
            24 => Self::Take,
            25..=26 => Self::Restore,
            27..=28 => Self::Tick(u64::from(value % 20)),
            29..=32 => Self::Wake,
            33 => Self::TimeGoesBack,
            34 => Self::Stalled,
            35..=36 => Self::NextOpened,
            37 => Self::NextFailed(value % 2 == 1),
            38..=39 => Self::Switch,
            40..=43 => Self::Transmit,
            _ => Self::Poll,
        }
    }
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
                _ => {}
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

/// Every event that was taken is sent or given back, once and in order; the end comes once and last; the queue stays
/// within its bound; `close()` always leads to the end.
pub fn check(inputs: impl IntoIterator<Item = Input>, recovers: bool, watches: bool, seed: u64) {
    let max_queue_bytes = 200;
    // Field by field, as the fuzzer, outside the crate, must.
    let mut limits = Limits::default();
    if watches {
        limits.keep_alive = Some(KeepAlive::new(s(7), s(9)));
        limits.idle_timeout = Some(s(40));
        limits.send_timeout = Some(s(5));
        limits.expiry_warning = Some(s(3595));
        limits.renew = true;
    }
    limits.max_queue_bytes = max_queue_bytes;
    limits.reconnect = recovers.then(Reconnect::default);
    let mut connection: Connection = Connection::new(limits, seed);
    let mut model = Model::default();
    let mut now = s(0);
    for input in inputs {
        match input {
            Input::Start => connection.start(now),
            Input::Opened => connection.opened(now),
            Input::Text => {
                let heard = connection.received(now, Frame::Text("{}".into()));
                assert!(heard.is_none() || !connection.is_closed());
            }
            Input::PeerCloses(code) => {
                let recoverable = matches!(code, 1001 | 1005 | 1006 | 1011..=1013);
                if connection.is_open() && recovers && recoverable {
                    model.hold();
                }
                assert_eq!(connection.received(now, close(code, "")), None);
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
                if connection
                    .send(event(&format!("{number}.{}", "x".repeat(padding))))
                    .is_ok()
                {
                    model.taken += 1;
                    // What comes behind a peer's close waits for the next connection, as in an outage.
                    let held = !connection.wants_transmit() && connection.generation() > 0;
                    if held {
                        model.held.push(number)
                    } else {
                        model.due.push(number)
                    }
                    assert!(was_empty || connection.queued_bytes() <= max_queue_bytes);
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
                assert_eq!(&taken, &model.held);
                model.out += taken.len();
                model.held.clear();
            }
            Input::Restore => {
                if connection
                    .restore([event("restored"), event("restored")])
                    .is_ok()
                {
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
        assert_eq!(connection.is_closed(), model.closed.is_some());
        let waiting = model.taken - model.out;
        assert_eq!(waiting, model.due.len() + model.held.len());
        assert_eq!(connection.queued_bytes() == 0, waiting == 0);
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
    assert!(closed, "close() ends it");
    assert_eq!(model.out, model.taken);
    assert_eq!(connection.poll_transmit(), None);
    assert_eq!(connection.wake_at(), None);
    assert_eq!(
        connection.send(event("late")).unwrap_err().kind,
        SendErrorKind::Closed
    );
}
