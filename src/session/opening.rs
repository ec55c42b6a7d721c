//! The way from a configuration to an open socket.

use std::task::{Context, Poll, ready};

use super::Error;
use crate::config::{Config, CredentialError};
use crate::platform::BoxFuture;
use crate::protocol::Protocol;
use crate::transport::{Connector, TransportError};

/// Attempt to open a socket. Dropping it gives up the attempt.
pub(super) struct Opening<T> {
    /// URL without a credential; empty until it is known.
    url: String,
    phase: OpeningPhase<T>,
}

enum OpeningPhase<T> {
    Resolving(BoxFuture<Result<Config, CredentialError>>),
    Connecting(BoxFuture<Result<T, TransportError>>),
}

/// Failed attempt to open a socket.
pub(super) struct NotOpened {
    pub(super) error: Error,
    /// Set if the connector was asked for a socket.
    pub(super) asked: bool,
}

impl<T> Opening<T> {
    pub(super) fn new(config: &Config) -> Self {
        let config = config.clone();
        Self {
            url: String::new(),
            // For each attempt: a provider may have a new credential since the last one.
            phase: OpeningPhase::Resolving(Box::pin(async move { config.resolved().await })),
        }
    }

    /// Returns the socket and its URL.
    pub(super) fn poll<C: Connector<Transport = T>, P: Protocol>(
        &mut self,
        connector: &C,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(T, String), NotOpened>> {
        loop {
            match &mut self.phase {
                OpeningPhase::Resolving(resolving) => {
                    let resolved = ready!(resolving.as_mut().poll(cx)).map_err(Error::from);
                    let handshake =
                        resolved.and_then(|config| Ok(config.handshake::<P>(connector.runtime())?));
                    match handshake {
                        Ok(handshake) => {
                            handshake.public_url().clone_into(&mut self.url);
                            log_step!(url = self.url, "connecting");
                            let connecting = connector.connect(handshake);
                            self.phase = OpeningPhase::Connecting(Box::pin(connecting));
                        }
                        Err(error) => {
                            // Nothing was sent anywhere.
                            let asked = false;
                            return Poll::Ready(Err(NotOpened { error, asked }));
                        }
                    }
                }
                OpeningPhase::Connecting(connecting) => {
                    let opened = ready!(connecting.as_mut().poll(cx));
                    return Poll::Ready(match opened {
                        Ok(transport) => Ok((transport, std::mem::take(&mut self.url))),
                        Err(error) => Err(NotOpened {
                            error: Error::Connect(error),
                            asked: true,
                        }),
                    });
                }
            }
        }
    }
}
