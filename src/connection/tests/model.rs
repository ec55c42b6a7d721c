//! Rules that hold for a connection, whatever happens, in whatever order.

use super::{
    CloseFrame, Closed, Connection, Duration, Frame, KeepAlive, Limits, Notice, RawEvent,
    Reconnect, SendErrorKind, close, event, s,
};

#[derive(Debug, Clone)]
pub(super) enum Input {
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
    ExpiresIn(u64),
    NextOpened,
    NextFailed(bool),
    Switch,
    Transmit,
    Poll,
}

/// One of them for every pair of bytes, the frequent ones for several.
impl From<(u8, u8)> for Input {
    fn from((kind, value): (u8, u8)) -> Self {
        match kind % 48 {
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
            44..=45 => Self::ExpiresIn(u64::from(value)),
            _ => Self::Poll,
        }
    }
}

/// Expected state of a connection, kept beside it.
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
    /// Set while there is another socket, or an attempt to open one.
    next: bool,
    /// The moment when that other socket opened.
    next_since: Duration,
    /// The start of the present session, if it replaced another one.
    renewed_since: Option<Duration>,
    now: Duration,
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
        let mut switched = false;
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
                    if !switched {
                        self.renewed_since = None;
                    }
                    if let Notice::Reconnected { generation, .. } = notice {
                        assert!(generation > 1 && generation >= self.opened);
                    }
                }
                Notice::Reconnecting(next) => {
                    assert!(next.attempt <= next.max_attempts);
                    assert!(next.delay <= s(8) && next.retry_after.is_none());
                }
                Notice::SendClose(_) => {
                    assert!(
                        self.due.is_empty() && self.restoring == 0,
                        "the queue goes first"
                    );
                    self.close_frames += 1;
                }
                Notice::Ping => assert!(connection.is_open()),
                Notice::Expiring(soon) => assert!(soon.left <= s(1800)),
                Notice::ConnectNext => {
                    assert!(!self.next, "one at a time");
                    self.next = true;
                    if let Some(since) = self.renewed_since {
                        assert!(self.now >= since + s(60), "a storm of renewals");
                    }
                }
                Notice::AbandonNext => {
                    assert!(self.next, "abandons nothing");
                    self.next = false;
                }
                Notice::Switch => {
                    switched = true;
                    assert!(self.next, "switches to nothing");
                    self.next = false;
                    self.renewed_since = Some(self.next_since);
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

/// A connection, the model beside it, and the time.
struct Run {
    connection: Connection,
    model: Model,
    now: Duration,
    recovers: bool,
}

const MAX_QUEUE_BYTES: usize = 200;

/// Field by field, as the fuzzer, outside the crate, must.
fn limits(recovers: bool, watched: bool) -> Limits {
    let mut limits = Limits::default();
    if watched {
        limits.keep_alive = Some(KeepAlive::default().interval(s(7)).timeout(s(9)));
        limits.idle_timeout = Some(s(40));
        limits.send_timeout = Some(s(5));
        limits.expiry_warning = Some(s(3595));
        limits.renew = true;
    }
    limits.max_queue_bytes = MAX_QUEUE_BYTES;
    limits.reconnect = recovers.then(Reconnect::default);
    limits
}

impl Run {
    fn input(&mut self, input: &Input) {
        let now = self.now;
        let retry = |retry: bool| retry.then_some(Duration::ZERO);
        let connection = &mut self.connection;
        match *input {
            Input::Start => connection.start(now),
            Input::Opened => connection.opened(now),
            Input::Text => {
                let heard = connection.received(now, Frame::Text("{}".into()));
                assert!(heard.is_none() || !connection.is_closed());
            }
            Input::PeerCloses(code) => self.peer_closes(code),
            Input::Ended => connection.ended(now),
            Input::Failed(again) => {
                connection.failed(now, retry(again));
            }
            Input::GivenUp(again) => {
                connection.given_up(now, retry(again));
            }
            Input::Send(padding) => self.send(padding),
            Input::Close => connection.close(now, CloseFrame::NORMAL),
            Input::Abort => connection.abort("aborted"),
            Input::Flush => {
                if connection.flush_pending().is_ok() {
                    self.model.due.append(&mut self.model.held);
                }
            }
            Input::Take => self.take(),
            Input::Restore => {
                let events = [event("restored"), event("restored")];
                if connection.restore(events).is_ok() {
                    self.model.due.append(&mut self.model.held);
                    self.model.restoring += 2;
                }
            }
            Input::Tick(seconds) => {
                self.now += s(seconds);
                self.model.tick(connection, self.now);
            }
            Input::Wake => {
                self.now = connection.wake_at().map_or(now, |at| at.max(now));
                self.model.tick(connection, self.now);
            }
            Input::Stalled => connection.stalled(now),
            Input::ExpiresIn(seconds) => connection.expires_in(now, s(seconds)),
            Input::NextOpened => {
                self.model.next_since = now;
                let generation = connection.generation();
                connection.next_opened(now);
                if connection.generation() > generation {
                    self.model.hold();
                }
            }
            Input::NextFailed(again) => {
                if std::mem::take(&mut self.model.next) {
                    connection.next_failed(now, retry(again));
                }
            }
            Input::Switch => {
                if connection.can_switch() {
                    connection.switch(now);
                    self.model.hold();
                }
                connection.switch(now);
            }
            Input::TimeGoesBack => connection.tick(s(0)),
            Input::Transmit => self.model.transmit(connection),
            Input::Poll => {}
        }
    }

    fn peer_closes(&mut self, code: u16) {
        let recoverable = matches!(code, 1001 | 1005 | 1006 | 1011..=1013);
        if self.connection.is_open() && self.recovers && recoverable {
            self.model.hold();
        }
        let heard = self.connection.received(self.now, close(code, ""));
        assert_eq!(heard, None);
    }

    fn send(&mut self, padding: usize) {
        let number = self.model.taken;
        let event = event(&format!("{number}.{}", "x".repeat(padding)));
        if self.connection.send(event).is_err() {
            return;
        }
        self.model.taken += 1;
        // What comes behind a peer's close waits for the next connection, as in an outage.
        let held = !self.connection.wants_transmit() && self.connection.generation() > 0;
        let model = &mut self.model;
        let queue = if held {
            &mut model.held
        } else {
            &mut model.due
        };
        // Each line has the bound to itself, but an empty one takes any event.
        let bounded = self.connection.queued_bytes() <= 2 * MAX_QUEUE_BYTES;
        assert!(queue.is_empty() || bounded);
        queue.push(number);
    }

    fn take(&mut self) {
        let pending = self.connection.take_pending();
        let taken: Vec<usize> = pending.iter().map(number).collect();
        assert_eq!(&taken, &self.model.held);
        self.model.out += taken.len();
        self.model.held.clear();
    }

    /// Hears what the connection says, and compares.
    fn compare(&mut self) {
        if self.connection.is_reconnecting() {
            self.model.hold();
        }
        self.model.now = self.now;
        self.model.hear(&mut self.connection);
        assert_eq!(self.connection.is_closed(), self.model.closed.is_some());
        let waiting = self.model.taken - self.model.out;
        assert_eq!(waiting, self.model.due.len() + self.model.held.len());
        assert_eq!(self.connection.queued_bytes() == 0, waiting == 0);
    }
}

/// Every event that was taken is sent or given back, once and in order; the end comes once and
/// last; the queue stays within its bound; `close()` always leads to the end.
pub(super) fn check(
    inputs: impl IntoIterator<Item = Input>,
    recovers: bool,
    watched: bool,
    seed: u64,
) {
    let mut run = Run {
        connection: Connection::new(limits(recovers, watched), seed),
        model: Model::default(),
        now: s(0),
        recovers,
    };
    for input in inputs {
        run.input(&input);
        run.compare();
    }
    // Whatever its state, close() brings it to an end, given time.
    run.input(&Input::Close);
    for _ in 0..2 {
        run.model.hear(&mut run.connection);
        run.input(&Input::Wake);
    }
    run.compare();
    assert!(run.connection.is_closed(), "close() ends it");
    assert_eq!(run.model.out, run.model.taken);
    assert_eq!(run.connection.poll_transmit(), None);
    assert_eq!(run.connection.wake_at(), None);
    let refused = run.connection.send(event("late")).unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Closed);
}
