//! Properties of the backlog, for any order of what happens.

use std::time::Duration;

use proptest::prelude::*;

use crate::connection::backlog::Backlog;
use crate::connection::{Queued, SendErrorKind};

/// An event: its number, its size, and true for live audio.
type Numbered = (usize, usize, bool);

impl Queued for Numbered {
    fn bytes(&self) -> usize {
        self.1
    }
}

#[derive(Debug, Clone)]
enum Action {
    Push(usize),
    Live { bytes: usize, lasts: u64 },
    Pop,
    Hold,
    Resume,
    Release,
    TakeHeld,
    Close,
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (1..LARGEST).prop_map(Action::Push),
        8 => (1..LARGEST, 0..50u64).prop_map(|(bytes, lasts)| Action::Live { bytes, lasts }),
        6 => Just(Action::Pop),
        2 => Just(Action::Hold),
        2 => Just(Action::Resume),
        2 => Just(Action::Release),
        1 => Just(Action::TakeHeld),
        1 => prop_oneof![9 => Just(Action::Pop), 1 => Just(Action::Close)],
    ]
}

const MAX: usize = 400;
const LARGEST: usize = 200;
const LONGEST: Duration = Duration::from_millis(60);

/// The backlog as two plain lists.
#[derive(Default)]
struct Plain {
    due: Vec<Numbered>,
    held: Vec<Numbered>,
    holds: bool,
    closed: bool,
}

impl Plain {
    fn line(&mut self) -> &mut Vec<Numbered> {
        if self.holds {
            &mut self.held
        } else {
            &mut self.due
        }
    }

    /// The events that are no live audio: those are never dropped.
    fn controls(line: &[Numbered]) -> Vec<Numbered> {
        line.iter().filter(|event| !event.2).copied().collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Against lists in which nothing is clever. Live audio may be missing, nothing else.
    #[test]
    fn nothing_is_lost_but_live_audio(actions in prop::collection::vec(any_action(), 0..80)) {
        let backlog = Backlog::new(MAX);
        let mut plain = Plain::default();
        let (mut popped, mut taken) = (Vec::new(), Vec::new());
        let mut expected = (Vec::new(), Vec::new());
        let (mut live_in, mut outages) = (0, 0);
        for (number, action) in actions.into_iter().enumerate() {
            match action {
                Action::Push(bytes) => {
                    let event = (number, bytes, false);
                    let room = backlog.bytes() + bytes <= MAX;
                    match backlog.push(event) {
                        Ok(_) => {
                            prop_assert!(!plain.closed);
                            plain.line().push(event);
                        }
                        Err((back, kind)) => {
                            prop_assert_eq!(back, event);
                            let full = if plain.closed {
                                SendErrorKind::Closed
                            } else {
                                SendErrorKind::Full
                            };
                            prop_assert_eq!(kind, full);
                            prop_assert!(plain.closed || !room);
                        }
                    }
                }
                Action::Live { bytes, lasts } => {
                    let lasts = Duration::from_millis(lasts);
                    let pushed = backlog.push_live((number, bytes, true), lasts, LONGEST);
                    prop_assert_eq!(pushed.is_err(), plain.closed);
                    live_in += usize::from(pushed.is_ok());
                }
                Action::Pop => {
                    if let Some((event, _)) = backlog.pop() {
                        popped.push(event);
                    }
                    // What is not live audio comes out in the order of the plain list.
                    if let Some(event) = popped.last().filter(|event| !event.2)
                        && plain.due.first() == Some(event)
                    {
                        expected.0.push(plain.due.remove(0));
                    }
                }
                Action::Hold if !plain.closed => {
                    backlog.hold();
                    let mut due = std::mem::take(&mut plain.due);
                    plain.held.append(&mut due);
                    plain.holds = true;
                    outages += 1;
                }
                Action::Resume if !plain.closed => {
                    backlog.resume();
                    plain.holds = false;
                }
                Action::Release => {
                    backlog.release();
                    let mut held = std::mem::take(&mut plain.held);
                    plain.due.append(&mut held);
                }
                Action::TakeHeld => {
                    taken.extend(backlog.take_held());
                    expected.1.append(&mut plain.held);
                }
                Action::Close => {
                    let left = backlog.close();
                    let mut all = std::mem::take(&mut plain.held);
                    all.append(&mut plain.due);
                    prop_assert_eq!(Plain::controls(&left), all);
                    plain.closed = true;
                    live_in -= left.iter().filter(|event| event.2).count();
                }
                Action::Hold | Action::Resume => {}
            }
            // Twice the bound, and for each outage the one event that an empty line always takes.
            prop_assert!(backlog.bytes() <= 2 * MAX + (1 + outages) * LARGEST);
            prop_assert!(backlog.has_due() || plain.due.is_empty());
        }
        prop_assert_eq!(Plain::controls(&popped), expected.0);
        prop_assert_eq!(Plain::controls(&taken), expected.1);
        let left = backlog.close();
        prop_assert_eq!((backlog.bytes(), backlog.live()), (0, Duration::ZERO));
        let out = popped.iter().chain(&taken).chain(&left);
        let live_out = out.filter(|event| event.2).count();
        let dropped = usize::try_from(backlog.dropped().pieces).unwrap();
        prop_assert_eq!(live_in, live_out + dropped);
    }
}

#[test]
fn a_claimed_event_is_not_given_back_until_its_claim_is_dropped() {
    let backlog = Backlog::new(MAX);
    let claim = backlog
        .push_claimed((1, 10, false))
        .unwrap_or_else(|_| panic!("room"));
    backlog.push((2, 10, false)).unwrap();
    assert_eq!(backlog.close(), [(2, 10, false)]);
    drop(claim);
    assert_eq!(backlog.close(), []);

    let backlog = Backlog::new(MAX);
    let claim = backlog
        .push_claimed((1, 10, false))
        .unwrap_or_else(|_| panic!("room"));
    backlog.hold();
    drop(claim);
    assert_eq!(backlog.close(), [(1, 10, false)]);
}

#[test]
fn outages_in_a_row_do_not_pile_events_up() {
    let backlog = Backlog::new(20);
    for _ in 0..100 {
        backlog.hold();
        backlog.resume();
        while backlog.push((1, 4, false)).is_ok() {}
    }
    // Five events in each line, then the one that an empty line takes, for each outage that
    // follows.
    assert_eq!(backlog.bytes(), 40 + 98 * 4);
}

#[test]
fn held_events_take_no_room_from_due_ones() {
    let backlog = Backlog::new(20);
    backlog.hold();
    backlog.push((1, 20, false)).unwrap();
    assert_eq!(
        backlog.push((2, 1, false)),
        Err(((2, 1, false), SendErrorKind::Full))
    );
    backlog.resume();
    backlog.push((3, 20, false)).unwrap();
    assert_eq!(backlog.bytes(), 40);
    backlog.release();
    let order: Vec<usize> = std::iter::from_fn(|| backlog.pop())
        .map(|(event, _)| event.0)
        .collect();
    assert_eq!(order, [3, 1]);
}
