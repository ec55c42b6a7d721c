//! Targets with threads: futures and callbacks can move between them.

#[cfg(feature = "rest")]
use std::hash::{BuildHasher, RandomState};

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

#[cfg(feature = "rest")]
/// Returns a number from 0 to 1. The system seeds the standard library's hash tables.
pub(crate) fn random() -> f64 {
    let random = RandomState::new().hash_one(()) >> 32;
    f64::from(u32::try_from(random).unwrap_or_default()) / f64::from(u32::MAX)
}
