//! What holds for any order of what happens.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Push(usize),
    Live { bytes: usize, lasts: u64 },
    Take,
    Write,
    Close,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..200usize).prop_map(Step::Push),
        4 => (1..200usize, 0..50u64).prop_map(|(bytes, lasts)| Step::Live { bytes, lasts }),
        3 => Just(Step::Take),
        3 => Just(Step::Write),
        1 => prop_oneof![9 => Just(Step::Take), 1 => Just(Step::Close)],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Against a list in which nothing is clever.
    #[test]
    fn nothing_is_lost_but_live_audio(steps in prop::collection::vec(any_step(), 0..60)) {
        const MAX: usize = 400;
        let longest = Duration::from_millis(60);
        let queue = Queue::new(MAX);
        let mut cx = Context::from_waker(Waker::noop());
        // What must come out, in order, and what may.
        let mut given = Vec::new();
        let (mut got, mut taken, mut written, mut pieces) = (Vec::new(), Vec::new(), 0, 0);
        let mut closed = false;
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Push(bytes) => {
                    let room = queue.bytes() == 0 || queue.bytes() + bytes <= MAX;
                    let pushed = queue.push((number, bytes, false), bytes);
                    prop_assert_eq!(pushed, match (closed, room) {
                        (true, _) => Err(SendErrorKind::Closed),
                        (_, true) => Ok(()),
                        (_, false) => Err(SendErrorKind::Full),
                    });
                    if pushed.is_ok() {
                        given.push((number, bytes, false));
                    }
                }
                Step::Live { bytes, lasts } => {
                    let pushed = queue.push_live((number, bytes, true), bytes, Duration::from_millis(lasts), longest);
                    prop_assert_eq!(pushed.is_ok(), !closed);
                    if pushed.is_ok() {
                        given.push((number, bytes, true));
                        pieces += 1;
                        prop_assert!(queue.live() <= longest.max(Duration::from_millis(lasts)));
                    }
                }
                Step::Take => {
                    if let Poll::Ready(Some(item)) = queue.poll_pop(&mut cx) {
                        got.push(item);
                        taken.push(item);
                    }
                }
                Step::Write => {
                    if written < taken.len() {
                        queue.release(taken[written].1);
                        written += 1;
                    }
                }
                Step::Close => {
                    let left = queue.close();
                    got.extend(&left);
                    taken.extend(&left);
                    closed = true;
                }
            }
            prop_assert!(queue.bytes() <= MAX || queue.bytes() <= 200);
        }
        let left = queue.close();
        got.extend(&left);
        taken.extend(&left);
        for (_, bytes, _) in &taken[written..] {
            queue.release(*bytes);
        }
        prop_assert_eq!(queue.bytes(), 0);
        prop_assert_eq!(queue.live(), Duration::ZERO);
        let controls = |items: &[(usize, usize, bool)]| -> Vec<_> {
            items.iter().filter(|item| !item.2).copied().collect()
        };
        prop_assert_eq!(controls(&got), controls(&given));
        prop_assert!(got.is_sorted());
        let sent = got.iter().filter(|item| item.2).count() as u64;
        prop_assert_eq!(sent + queue.dropped().pieces, pieces);
    }
}
