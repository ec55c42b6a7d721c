// The front page's examples need `native`; its text is always there.
#![cfg_attr(any(feature = "native", not(doctest)), doc = include_str!("front.md"))]
#![deny(clippy::unwrap_used, clippy::expect_used)]
#![warn(unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]

/// Compiles the README's examples.
#[cfg(all(doctest, feature = "native", feature = "rest", feature = "schemars"))]
#[doc = include_str!("../README.md")]
pub struct Readme;

#[macro_use]
mod log;

pub mod audio;
mod config;
mod connection;
pub mod conversation;
#[cfg_attr(
    all(target_family = "wasm", target_os = "unknown"),
    path = "platform/wasm.rs"
)]
#[cfg_attr(
    not(all(target_family = "wasm", target_os = "unknown")),
    path = "platform/native.rs"
)]
mod platform;
pub mod protocol;
#[cfg(feature = "rest")]
pub mod rest;
mod secret;
mod session;
mod transport;
#[cfg_attr(
    all(target_family = "wasm", target_os = "unknown"),
    path = "url/wasm.rs"
)]
#[cfg_attr(
    not(all(target_family = "wasm", target_os = "unknown")),
    path = "url/native.rs"
)]
mod url;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub mod browser;
#[cfg(feature = "emulator")]
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub mod emulator;
#[cfg(any(feature = "native", feature = "rest"))]
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub mod native;

#[doc(no_inline)]
pub use bytes::Bytes;
pub use config::{Config, ConfigError, Credential, CredentialError, Restore, Retry, Target};
pub use connection::{
    Closed, Connection, DroppedAudio, Expiring, Failure, KeepAlive, Limits, NotOpen, Notice,
    Queued, Reconnect, Reconnecting, SendError, SendErrorKind,
};
#[doc(hidden)]
pub use platform::{MaybeSend, MaybeSync};
pub use protocol::{
    ClientEvent, ParseError, Protocol, RawEvent, Realtime, ServerEvent, Translation,
};
pub use secret::Secret;
pub use session::{
    Error, ListenerId, LiveAudio, Lost, Memory, RawEvents, Received, ReceivedEvents, Receiver,
    Reconnected, Restoration, Sender, Session, Update, Updates, WhyLost,
};
pub use transport::{
    CloseFrame, Connector, Frame, Handshake, InvalidClose, Refusal, RefusalKind, Runtime,
    Transport, TransportError,
};

/// A session over tokio-tungstenite and rustls, for servers, desktops and anything else with
/// sockets.
#[cfg(feature = "native")]
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub type OpenAIRealtimeWS = Session<native::Connector>;

/// A live translation over the same transport as [`OpenAIRealtimeWS`].
#[cfg(feature = "native")]
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub type OpenAIRealtimeTranslationWS = Session<native::Connector, Translation>;

/// A session over the runtime's own `WebSocket`: in pages, workers, Node, Deno, Bun and Cloudflare
/// Workers.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub type OpenAIRealtimeWebSocket = Session<browser::Connector>;

/// A live translation over the same transport as [`OpenAIRealtimeWebSocket`].
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub type OpenAIRealtimeTranslationWebSocket = Session<browser::Connector, Translation>;
