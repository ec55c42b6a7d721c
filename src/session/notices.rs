//! The connection's notices, as a session acts on them.

use super::Session;
use super::drive::{Socket, Step};
use super::error::Error;
use super::interlude::Interlude;
use super::opening::Opening;
use crate::connection::Notice;
use crate::protocol::Protocol;
use crate::transport::Connector;

impl<C: Connector, P: Protocol> Session<C, P> {
    /// Does what the connection says. Returns what there is to tell of it.
    pub(super) fn heed(&mut self, notice: Notice) -> Option<Step> {
        match notice {
            Notice::Opened => {
                log_step!("open");
                return Some(Step::Opened);
            }
            Notice::Reconnecting(next) => {
                self.socket = Socket::None;
                log_step!(
                    attempt = next.attempt,
                    code = next.close.code,
                    "reconnecting"
                );
                // The application's own handler has the last word on every attempt.
                if self.config.retries(&next) {
                    return Some(Step::Interlude(Interlude::Reconnecting(next)));
                }
                self.connection.abort("reconnect aborted by handler");
            }
            Notice::Reconnected { generation } => {
                let reconnected = self.restore(generation);
                log_step!(
                    generation,
                    restored = reconnected.restored,
                    lost = reconnected.lost.len(),
                    "reconnected"
                );
                return Some(Step::Interlude(Interlude::Reconnected(reconnected)));
            }
            Notice::Expiring(soon) => return Some(Step::Interlude(Interlude::Expiring(soon))),
            Notice::Failed(failure) => {
                let error = Error::from_failure(failure, &mut self.cause);
                return Some(Step::Error(error));
            }
            Notice::Ping => {
                if let Some(socket) = self.socket.as_open() {
                    socket.ping = true;
                }
            }
            Notice::SendClose(frame) => {
                log_step!(code = frame.code, "closing");
                if let Some(socket) = self.socket.as_open() {
                    socket.close = Some(frame);
                }
            }
            Notice::Connect => self.socket = Socket::Opening(Opening::new(&self.config)),
            Notice::Abandon => self.socket = Socket::None,
            Notice::ConnectNext => {
                if let Some(renewal) = &mut self.renewal {
                    renewal.open_next(&self.config);
                }
            }
            Notice::AbandonNext => {
                if let Some(renewal) = &mut self.renewal {
                    renewal.abandon_next();
                }
            }
            Notice::Switch => self.switch_sockets(),
            Notice::Closed(closed) => {
                log_step!(
                    code = closed.frame.code,
                    unsent = closed.unsent.len(),
                    "closed"
                );
                self.closed = Some(closed);
                self.socket = Socket::None;
                // A timer that is left running would wake a session that has nothing to do.
                self.timer = None;
            }
        }
        None
    }
}
