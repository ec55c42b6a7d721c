//! The seam between the core and the world: what an open socket is, and what opens one.

use std::future::Future;
use std::time::Duration;

use futures_core::Stream;
use futures_sink::Sink;

use crate::platform::{MaybeSend, MaybeSync};

mod error;
mod frame;
mod handshake;
mod refusal;
mod refusal_body;
mod runtime;

pub(crate) use error::Source;
pub use error::TransportError;
pub use frame::{CloseFrame, Frame, InvalidClose};
pub use handshake::Handshake;
pub use refusal::{Refusal, RefusalKind};
pub use runtime::Runtime;

/// One open socket: a stream of what arrives, a sink for what goes out.
///
/// A transport ends the stream after the peer's [`Frame::Close`], or after an error. Sending a
/// [`Frame::Close`] starts the closing handshake (RFC 6455, section 7); the peer's answer comes in
/// by the stream. Pings are answered by the transport itself; it may pass them on. One task polls
/// both the stream and the sink.
///
/// Implemented for every type that fits, so a tunnel or a pair of queues in a test is one as it
/// stands.
pub trait Transport:
    Stream<Item = Result<Frame, TransportError>>
    + Sink<Frame, Error = TransportError>
    + Unpin
    + MaybeSend
    + 'static
{
}

impl<T> Transport for T where
    T: Stream<Item = Result<Frame, TransportError>>
        + Sink<Frame, Error = TransportError>
        + Unpin
        + MaybeSend
        + 'static
{
}

/// Opens transports, and tells the time: all that a [`Session`](crate::Session) wants of its
/// surroundings. A session shares it with its [`Sender`](crate::Sender)s.
pub trait Connector: MaybeSend + MaybeSync + Unpin + 'static {
    /// Socket that it opens.
    type Transport: Transport;

    /// Returns the runtime, which decides what its handshakes may carry.
    fn runtime(&self) -> Runtime;

    /// Returns true if a close frame may carry this code: RFC 6455 decides, unless the sockets
    /// allow less, as in browsers.
    #[must_use]
    fn may_close_with(code: u16) -> bool {
        CloseFrame::may_have(code)
    }

    /// Opens a socket. Dropping the future gives the attempt up.
    fn connect(
        &self,
        handshake: Handshake,
    ) -> impl Future<Output = Result<Self::Transport, TransportError>> + MaybeSend + 'static;

    /// The time that has passed since some moment of the connector's choice. It never goes back.
    fn now(&self) -> Duration;

    /// The time of day, as the time since 1970 began, where it is known. By it the service says
    /// when a session ends.
    fn unix_time(&self) -> Option<Duration> {
        None
    }

    /// A random number. It spreads the attempts of many clients to reconnect, and need be no
    /// secret.
    fn seed(&self) -> u64 {
        u64::from(self.now().subsec_nanos())
    }

    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + MaybeSend + 'static;
}
