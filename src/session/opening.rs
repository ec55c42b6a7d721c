use std::task::{Context, Poll, ready};

use super::Error;
use crate::config::{Config, CredentialError};
use crate::platform::BoxFuture;
use crate::protocol::Protocol;
use crate::transport::{Connector, TransportError};

/// A socket that is being opened. Dropping it gives the attempt up.
pub(super) struct Opening<T> {
    /// URL without a credential; empty until it is known.
    url: String,
    step: Step<T>,
}

enum Step<T> {
    Resolving(BoxFuture<Result<Config, CredentialError>>),
    Connecting(BoxFuture<Result<T, TransportError>>),
}

/// Reason why a socket did not open.
pub(super) struct NotOpened {
    pub(super) error: Error,
    /// Whether a socket was asked for at all.
    pub(super) asked: bool,
}

impl<T> Opening<T> {
    pub(super) fn new(config: &Config) -> Self {
        let config = config.clone();
        Self {
            url: String::new(),
            step: Step::Resolving(Box::pin(async move { config.resolved().await })),
        }
    }

    /// The socket, and where it is connected to.
    pub(super) fn poll<C: Connector<Transport = T>, P: Protocol>(
        &mut self,
        connector: &C,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(T, String), NotOpened>> {
        loop {
            match &mut self.step {
                Step::Resolving(resolving) => {
                    let resolved = ready!(resolving.as_mut().poll(cx)).map_err(Error::from);
                    let handshake =
                        resolved.and_then(|config| Ok(config.handshake::<P>(connector.runtime())?));
                    match handshake {
                        Ok(handshake) => {
                            handshake.public_url().clone_into(&mut self.url);
                            log_step!(url = self.url, "connecting");
                            let connecting = connector.connect(handshake);
                            self.step = Step::Connecting(Box::pin(connecting));
                        }
                        Err(error) => {
                            let asked = false;
                            return Poll::Ready(Err(NotOpened { error, asked }));
                        }
                    }
                }
                Step::Connecting(connecting) => {
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
