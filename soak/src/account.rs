//! Account of every event that a session was given.

use std::collections::BTreeSet;
use std::ops::{AddAssign, Range};

/// The account of one session's events, which are numbered in the order they are given. Its size is
/// that of what went missing, not of what was sent.
#[derive(Debug, Default)]
pub struct Account {
    given: u64,
    /// Behind the last that the server saw.
    next: u64,
    /// Events that the server has not seen, though it saw later ones.
    skipped: Vec<Range<u64>>,
    returned: BTreeSet<u64>,
    breaks: u64,
    /// Number of events given until the last break.
    given_at_break: u64,
    renewals: u64,
    /// Set if two connections may deliver at the same time: the events of a renewed one may then
    /// be seen behind those of its successor.
    overlaps: bool,
    violations: Vec<String>,
}

/// Sums over events.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    pub given: u64,
    pub seen: u64,
    pub returned: u64,
    /// Written to a connection that broke before the server read them.
    pub lost: u64,
    pub breaks: u64,
    /// Connections that were replaced before their session expired.
    pub renewals: u64,
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.given += other.given;
        self.seen += other.seen;
        self.returned += other.returned;
        self.lost += other.lost;
        self.breaks += other.breaks;
        self.renewals += other.renewals;
    }
}

impl Account {
    /// Empty account; `overlaps` if connections are renewed.
    pub fn new(overlaps: bool) -> Self {
        Self {
            overlaps,
            ..Self::default()
        }
    }

    /// The number of the next event, which is given now.
    pub fn give(&mut self) -> u64 {
        self.given += 1;
        self.given - 1
    }

    /// The server has read an event.
    pub fn seen(&mut self, number: u64) {
        if number < self.next {
            if !(self.overlaps && self.fill(number)) {
                self.violate(format!(
                    "event {number} was seen twice, or behind a later one"
                ));
            }
            return;
        }
        if number > self.next {
            self.skipped.push(self.next..number);
        }
        self.next = number + 1;
        if self.returned.contains(&number) {
            self.violate(format!("event {number} was seen after it was returned"));
        }
    }

    /// Takes an event out of the skipped ones. Returns false if it is none of them.
    fn fill(&mut self, number: u64) -> bool {
        let Some(at) = self
            .skipped
            .iter()
            .position(|range| range.contains(&number))
        else {
            return false;
        };
        let range = self.skipped.remove(at);
        let rest = [range.start..number, number + 1..range.end];
        let rest = rest.into_iter().filter(|range| !range.is_empty());
        self.skipped.splice(at..at, rest);
        true
    }

    /// The caller has got an event back.
    pub fn returned(&mut self, number: u64) {
        if !self.returned.insert(number) {
            self.violate(format!("event {number} was returned twice"));
        }
        if number < self.next && !self.skipped.iter().any(|range| range.contains(&number)) {
            self.violate(format!("event {number} was returned after it was seen"));
        }
    }

    /// A connection ended, and not in good order.
    pub fn broke(&mut self) {
        self.breaks += 1;
        self.given_at_break = self.given;
    }

    /// A connection was replaced before its session expired.
    pub fn renewed(&mut self) {
        self.renewals += 1;
    }

    /// The number of events that were neither seen nor returned, but for what an earlier break took
    /// along.
    pub fn unseen(&self) -> u64 {
        let since = self.given_at_break;
        let ranges = self.unseen_ranges();
        let ranges = ranges.map(|range| range.start.max(since)..range.end.max(since));
        ranges.map(|range| self.lost_in(range)).sum()
    }

    /// A connection ended in good order: no event is unseen.
    pub fn closed(&mut self) {
        let unseen = self.unseen();
        if unseen > 0 {
            self.violate(format!(
                "{unseen} events were not seen before a close in good order"
            ));
        }
    }

    /// Something that must not happen.
    pub fn violate(&mut self, what: String) {
        // The first few tell as much as all.
        if self.violations.len() < 3 {
            self.violations.push(what);
        }
    }

    /// The sums so far.
    pub fn sums(&self) -> Sums {
        let lost = self.unseen_ranges().map(|range| self.lost_in(range)).sum();
        let returned = self.returned.len() as u64;
        Sums {
            given: self.given,
            seen: self.given - returned - lost,
            returned,
            lost,
            breaks: self.breaks,
            renewals: self.renewals,
        }
    }

    /// Returns the violations, with the account closed: a break takes along what was written to one
    /// connection, which is one run of events.
    pub fn violations(&self) -> Vec<String> {
        let mut violations = self.violations.clone();
        let runs = self.lost_runs();
        if runs > self.breaks {
            violations.push(format!(
                "{runs} runs of events were lost in {} breaks",
                self.breaks
            ));
        }
        violations
    }

    fn unseen_ranges(&self) -> impl Iterator<Item = Range<u64>> {
        let tail = self.next..self.given;
        self.skipped.iter().cloned().chain([tail])
    }

    fn lost_in(&self, range: Range<u64>) -> u64 {
        let returned = self.returned.range(range.clone()).count() as u64;
        (range.end - range.start) - returned
    }

    fn lost_runs(&self) -> u64 {
        let mut runs = 0;
        for range in self.unseen_ranges() {
            let mut in_run = false;
            for number in range {
                let lost = !self.returned.contains(&number);
                runs += u64::from(lost && !in_run);
                in_run = lost;
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::{Account, Sums};

    fn account(given: u64, seen: &[u64], returned: &[u64], breaks: u64) -> Account {
        let mut account = Account::default();
        for _ in 0..given {
            account.give();
        }
        for number in seen {
            account.seen(*number);
        }
        for number in returned {
            account.returned(*number);
        }
        for _ in 0..breaks {
            account.broke();
        }
        account
    }

    #[test]
    fn every_event_is_seen_returned_or_lost_with_a_connection() {
        let mut account = account(8, &[0, 1, 4, 5], &[3, 7], 2);
        assert_eq!(
            account.sums(),
            Sums {
                given: 8,
                seen: 4,
                returned: 2,
                lost: 2,
                breaks: 2,
                renewals: 0
            }
        );
        assert!(account.violations().is_empty());
        account.seen(6);
        account.closed();
        assert!(account.violations().is_empty());
    }

    #[test]
    fn events_of_a_renewed_connection_may_be_seen_late_but_once() {
        let mut account = Account::new(true);
        for _ in 0..5 {
            account.give();
        }
        for number in [0, 4, 2, 1] {
            account.seen(number);
        }
        account.renewed();
        assert_eq!((account.unseen(), account.sums().renewals), (1, 1));
        account.seen(3);
        account.closed();
        assert!(account.violations().is_empty());
        account.seen(3);
        assert_eq!(
            account.violations(),
            ["event 3 was seen twice, or behind a later one"]
        );
    }

    #[test]
    fn what_must_not_happen_is_found() {
        for (account, found) in [
            (
                account(2, &[0, 0], &[], 1),
                "event 0 was seen twice, or behind a later one",
            ),
            (
                account(2, &[1, 0], &[], 1),
                "event 0 was seen twice, or behind a later one",
            ),
            (
                account(1, &[0], &[0], 1),
                "event 0 was returned after it was seen",
            ),
            (account(2, &[], &[1, 1], 1), "event 1 was returned twice"),
            (
                account(3, &[0, 2], &[], 0),
                "1 runs of events were lost in 0 breaks",
            ),
            (
                account(5, &[0, 2, 4], &[], 1),
                "2 runs of events were lost in 1 breaks",
            ),
        ] {
            assert_eq!(account.violations(), [found]);
        }
        let mut returned_first = account(1, &[], &[0], 1);
        returned_first.seen(0);
        assert_eq!(
            returned_first.violations(),
            ["event 0 was seen after it was returned"]
        );
        let mut unseen = account(2, &[0], &[], 1);
        unseen.closed();
        assert!(unseen.violations().is_empty(), "a break took it along");
        unseen.give();
        unseen.closed();
        assert_eq!(
            unseen.violations(),
            ["1 events were not seen before a close in good order"]
        );
    }
}
