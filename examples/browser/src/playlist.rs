//! Playback position, so that an interrupted reply can be cut where the user stopped hearing it.

use std::collections::VecDeque;

use crate::sound::RATE;

/// Replies in the order of playback.
#[derive(Default)]
pub struct Playlist {
    /// Replies, with the end of each in the stream of samples.
    ends: VecDeque<(String, u64)>,
    /// Start of the first reply.
    start: u64,
}

impl Playlist {
    /// Adds samples of a reply, after `played` samples of all replies were played.
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

    /// Returns the reply that was added last.
    pub fn last(&self) -> Option<&str> {
        self.ends.back().map(|(item, _)| item.as_str())
    }

    /// Returns the reply under way with the milliseconds of it that were heard, or `None` if all
    /// was played.
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
        // The time before a pause in the reply counts, too.
        list.add("b", 24_000, 48_000);
        assert_eq!(list.at(60_000), Some(("b", 1500)));
    }
}
