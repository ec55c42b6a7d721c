use proptest::prelude::*;

use super::model::{Input, check};

proptest! {
    #[test]
    fn nothing_is_lost_and_the_end_is_the_end(
        inputs in prop::collection::vec(any::<(u8, u8)>().prop_map(Input::from), 0..120),
        recovers: bool,
        watches: bool,
        seed: u64,
    ) {
        check(inputs, recovers, watches, seed);
    }
}
