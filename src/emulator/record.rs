//! Record of connections, for tests.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use super::upgrade::UpgradeRequest;
use crate::protocol::RawEvent;

/// Connection as the emulator saw it.
#[derive(Clone)]
pub struct ConnectionRecord {
    upgrade: UpgradeRequest,
    refused: Option<u16>,
    events: Vec<RawEvent>,
    sent: usize,
    ended: bool,
    close: Option<(u16, String)>,
}

impl ConnectionRecord {
    /// Returns the request that opened it.
    #[must_use]
    pub fn upgrade(&self) -> &UpgradeRequest {
        &self.upgrade
    }

    /// Returns the HTTP status if the handshake was refused.
    #[must_use]
    pub fn refused(&self) -> Option<u16> {
        self.refused
    }

    /// Returns the events that the client sent, in order. Empty if the emulator does not record
    /// them.
    #[must_use]
    pub fn events(&self) -> &[RawEvent] {
        &self.events
    }

    /// Returns the types of [`events`](Self::events).
    pub fn event_types(&self) -> Vec<&str> {
        self.events.iter().map(RawEvent::event_type).collect()
    }

    /// Returns the number of events that were sent to the client.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// Returns true if the connection has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Returns the code and the reason with which the client closed it, or answered the emulator's
    /// close; 1005 stands for a close without a code. `None` while it is open, and if it ended
    /// without a close.
    #[must_use]
    pub fn close(&self) -> Option<(u16, &str)> {
        self.close
            .as_ref()
            .map(|(code, reason)| (*code, reason.as_str()))
    }
}

/// Sizes only: events and reasons are the client's.
impl fmt::Debug for ConnectionRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionRecord")
            .field("upgrade", &self.upgrade)
            .field("refused", &self.refused)
            .field("events", &self.event_types())
            .field("sent", &self.sent)
            .field("ended", &self.ended)
            .field("close", &self.close.as_ref().map(|(code, _)| code))
            .finish()
    }
}

/// Connections by their numbers, and the tasks that wait for them.
#[derive(Clone)]
pub(super) struct ConnectionLog {
    connections: watch::Sender<Vec<ConnectionRecord>>,
    opened: Arc<AtomicUsize>,
    /// Set if events are kept, and connections that have ended.
    keeps: bool,
}

impl ConnectionLog {
    pub(super) fn new(keeps: bool) -> Self {
        Self {
            connections: watch::Sender::new(Vec::new()),
            opened: Arc::default(),
            keeps,
        }
    }

    pub(super) fn all(&self) -> Vec<ConnectionRecord> {
        self.connections.borrow().clone()
    }

    /// Waits until the connections fulfil a condition.
    pub(super) async fn until(
        &self,
        mut fulfilled: impl FnMut(&[ConnectionRecord]) -> bool,
    ) -> Vec<ConnectionRecord> {
        let mut connections = self.connections.subscribe();
        // It fails when the sender is gone, and this is one.
        connections
            .wait_for(|connections| fulfilled(connections))
            .await
            .map(|found| found.clone())
            .unwrap_or_default()
    }

    /// Records a connection under the next number.
    pub(super) fn open(&self, mut upgrade: UpgradeRequest) -> ConnectionEntry {
        self.connections.send_modify(|connections| {
            upgrade.connection = self.opened.fetch_add(1, Ordering::Relaxed);
            connections.push(ConnectionRecord {
                upgrade: upgrade.clone(),
                refused: None,
                events: Vec::new(),
                sent: 0,
                ended: false,
                close: None,
            });
        });
        ConnectionEntry {
            record: self.clone(),
            upgrade,
        }
    }
}

/// Entry of one connection. Dropping it records the connection's end.
pub(super) struct ConnectionEntry {
    record: ConnectionLog,
    upgrade: UpgradeRequest,
}

impl ConnectionEntry {
    pub(super) fn upgrade(&self) -> &UpgradeRequest {
        &self.upgrade
    }

    pub(super) fn refused(&self, status: u16) {
        self.note(|connection| connection.refused = Some(status));
    }

    pub(super) fn received(&self, event: &RawEvent) {
        if self.record.keeps {
            self.note(|connection| connection.events.push(event.clone()));
        }
    }

    pub(super) fn sent(&self) {
        self.note(|connection| connection.sent += 1);
    }

    pub(super) fn closed(&self, code: u16, reason: &str) {
        self.note(|connection| connection.close = Some((code, reason.to_owned())));
    }

    fn note(&self, change: impl FnOnce(&mut ConnectionRecord)) {
        self.change(|connections, place| change(&mut connections[place]));
    }

    fn change(&self, change: impl FnOnce(&mut Vec<ConnectionRecord>, usize)) {
        self.record.connections.send_modify(|connections| {
            let number = self.upgrade.connection;
            let place = connections.binary_search_by_key(&number, |known| known.upgrade.connection);
            if let Ok(place) = place {
                change(connections, place);
            }
        });
    }
}

impl Drop for ConnectionEntry {
    fn drop(&mut self) {
        if self.record.keeps {
            self.note(|connection| connection.ended = true);
        } else {
            self.change(|connections, place| drop(connections.remove(place)));
        }
    }
}
