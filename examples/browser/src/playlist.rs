//! What is being played, and how far: so that a reply that is interrupted can be cut off where it
//! was heard.

use std::collections::VecDeque;

use crate::sound::RATE;

/// Pieces of replies in the order in which they are played.
#[derive(Default)]
pub struct Playlist {
    /// The replies, and where each ends in the stream of samples.
    ends: VecDeque<(String, u64)>,
    /// Where the first of them begins.
    start: u64,
}

impl Playlist {
    /// Adds samples of a reply, while so many of all samples have been played.
    pub fn add(&mut self, item: &str, samples: usize, played: u64) {
        while let Some((first, end)) = self.ends.front()
            && *end <= played
            && first != item
        {
            self.start = *end;
            self.ends.pop_front();
        }
        let at = self.ends.back().map_or(self.start, |(_, end)| *end);
        let end = at + samples as u64;
        match self.ends.back_mut() {
            Some((last, last_end)) if last == item => *last_end = end,
            _ => self.ends.push_back((item.to_owned(), end)),
        }
    }

    /// The reply that was added last.
    pub fn last(&self) -> Option<&str> {
        self.ends.back().map(|(item, _)| item.as_str())
    }

    /// The reply that is being played, and how much of it was heard, in milliseconds; none when all
    /// has been played.
    pub fn at(&self, played: u64) -> Option<(&str, u64)> {
        let mut start = self.start;
        for (item, end) in &self.ends {
            if played < *end {
                return Some((item, played.saturating_sub(start) * 1000 / u64::from(RATE)));
            }
            start = *end;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Playlist;

    #[test]
    fn it_knows_what_is_played_and_how_far() {
        let mut list = Playlist::default();
        assert_eq!(list.at(0), None);
        list.add("a", 12_000, 0);
        list.add("a", 12_000, 100);
        list.add("b", 24_000, 200);
        assert_eq!(list.at(0), Some(("a", 0)));
        assert_eq!(list.at(18_000), Some(("a", 750)));
        assert_eq!(list.at(24_000), Some(("b", 0)));
        assert_eq!(list.at(47_999), Some(("b", 999)));
        assert_eq!(list.at(48_000), None);
        assert_eq!(list.last(), Some("b"));
    }

    #[test]
    fn what_was_played_is_forgotten() {
        let mut list = Playlist::default();
        list.add("a", 24_000, 0);
        list.add("b", 24_000, 24_000);
        assert_eq!(list.ends.len(), 1);
        assert_eq!(list.at(36_000), Some(("b", 500)));
        // After a pause in a reply, what was heard of it before counts as well.
        list.add("b", 24_000, 48_000);
        assert_eq!(list.at(60_000), Some(("b", 1500)));
    }
}
