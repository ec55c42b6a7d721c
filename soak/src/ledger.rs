//! The accounts of all sessions.

use std::sync::{Mutex, PoisonError};

use crate::account::{Account, Sums};
use crate::way::Way;

/// One account a session, which both ends write to.
#[derive(Debug)]
pub struct Ledger(Vec<Mutex<Account>>);

impl Ledger {
    /// Empty accounts.
    pub fn new(sessions: usize) -> Self {
        let account = |session| Mutex::new(Account::new(Way::of(session).renews()));
        Self((0..sessions).map(account).collect())
    }

    /// Does something with one of them.
    pub fn of<T: Default>(&self, session: usize, act: impl FnOnce(&mut Account) -> T) -> T {
        let account = self.0.get(session);
        account.map_or_else(T::default, |account| {
            act(&mut account.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }

    /// The sums over all.
    pub fn sums(&self) -> Sums {
        (0..self.0.len()).fold(Sums::default(), |mut sums, session| {
            sums += self.of(session, |account| account.sums());
            sums
        })
    }

    /// Faults, by session.
    pub fn violations(&self) -> Vec<String> {
        let of = |session| {
            let found = self.of(session, |account| account.violations());
            found
                .into_iter()
                .map(move |what| format!("session {session}: {what}"))
        };
        (0..self.0.len()).flat_map(of).collect()
    }
}
