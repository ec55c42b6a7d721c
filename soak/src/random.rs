//! Random numbers that a seed repeats.

use std::ops::Range;
use std::time::Duration;

/// The generator splitmix64.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of one of many who share a seed.
    pub fn new(seed: u64, who: u64) -> Self {
        let mut random = Self(seed ^ who.wrapping_mul(0xD134_2543_DE82_EF95));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number of a range that is not empty.
    pub fn of(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    /// A time in milliseconds.
    pub fn millis(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.of(range))
    }

    /// True in this share of calls, in percent.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.of(0..100) < percent
    }
}
