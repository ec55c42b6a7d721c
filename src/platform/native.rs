//! Targets with threads: futures and callbacks can move between them.

/// `Send` where there are threads, and no bound in wasm, where JavaScript objects stay on their
/// thread.
pub trait MaybeSend: Send {}
impl<T: Send + ?Sized> MaybeSend for T {}

/// `Sync` where there are threads, and no bound in wasm.
pub trait MaybeSync: Sync {}
impl<T: Sync + ?Sized> MaybeSync for T {}

pub(crate) type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;
pub(crate) type Listener<T> = dyn FnMut(&T) + Send;
pub(crate) type Callback<A, T> = dyn Fn(&A) -> T + Send + Sync;
