// The front page's examples need `native`; its text is always there.
#![cfg_attr(any(feature = "native", not(doctest)), doc = include_str!("front.md"))]
#![deny(clippy::unwrap_used, clippy::expect_used)]
#![cfg_attr(docsrs, feature(doc_cfg))]

/// Compiles the README's examples.
#[cfg(all(doctest, feature = "native", feature = "rest"))]
#[doc = include_str!("../README.md")]
pub struct Readme;

#[macro_use]
mod log;

pub mod audio;
mod connection;
pub mod conversation;
mod emitter;
mod endpoint;
mod error;
pub mod protocol;
mod refusal;
#[cfg(feature = "rest")]
pub mod rest;
mod secret;
mod session;
mod transport;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub mod browser;
#[cfg(feature = "emulator")]
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub mod emulator;
#[cfg(feature = "native")]
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub mod native;

pub use connection::{
    Closed, Connection, Expiring, Failure, KeepAlive, Limits, Notice, Queued, Reconnect,
    Reconnecting,
};
pub use emitter::ListenerId;
pub use endpoint::{
    Config, ConfigError, Credential, CredentialError, Handshake, Restore, Retry, Runtime, Target,
};
pub use error::{Error, NotOpen, SendError, SendErrorKind};
pub use protocol::{
    ClientEvent, ParseError, Protocol, RawEvent, Realtime, ServerEvent, Translation,
};
pub use refusal::RefusalKind;
pub use secret::Secret;
pub use session::{
    DroppedAudio, LiveAudio, Lost, Memory, Receiver, Reconnected, Restoration, Sender, Session,
    Update, Updates, WhyLost,
};
pub use transport::{
    CloseFrame, Connector, Frame, InvalidClose, Refusal, Transport, TransportError,
};

/// A session over tokio-tungstenite and rustls, for servers, desktops and anything else with sockets.
#[cfg(feature = "native")]
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub type OpenAIRealtimeWS = Session<native::Connector>;

/// A live translation over the same transport as [`OpenAIRealtimeWS`] (contract 94).
#[cfg(feature = "native")]
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub type OpenAIRealtimeTranslationWS = Session<native::Connector, Translation>;

/// A session over the runtime's own `WebSocket`: in pages, workers, Node, Deno, Bun and Cloudflare Workers.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub type OpenAIRealtimeWebSocket = Session<browser::Connector>;

/// A live translation over the same transport as [`OpenAIRealtimeWebSocket`].
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub type OpenAIRealtimeTranslationWebSocket = Session<browser::Connector, Translation>;

cfg_if::cfg_if! {
    if #[cfg(all(target_family = "wasm", target_os = "unknown"))] {
        use browser::url;
        #[cfg(feature = "rest")]
        use browser as platform;

        /// `Send` where there are threads; nothing in wasm, where JavaScript's objects stay on theirs.
        pub trait MaybeSend {}
        impl<T: ?Sized> MaybeSend for T {}

        /// `Sync` where there are threads; nothing in wasm.
        pub trait MaybeSync {}
        impl<T: ?Sized> MaybeSync for T {}

        type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T>>>;
        type Listener<T> = dyn FnMut(&T);
        type Callback<A, T> = dyn Fn(&A) -> T;
    } else {
        mod url;
        #[cfg(feature = "rest")]
        use native as platform;

        /// `Send` where there are threads; nothing in wasm, where JavaScript's objects stay on theirs.
        pub trait MaybeSend: Send {}
        impl<T: Send + ?Sized> MaybeSend for T {}

        /// `Sync` where there are threads; nothing in wasm.
        pub trait MaybeSync: Sync {}
        impl<T: Sync + ?Sized> MaybeSync for T {}

        type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;
        type Listener<T> = dyn FnMut(&T) + Send;
        type Callback<A, T> = dyn Fn(&A) -> T + Send + Sync;
    }
}
