//! Wasm in a JavaScript runtime: one thread, whose objects stay on it.

/// `Send` where there are threads, and no bound in wasm, where JavaScript objects stay on their
/// thread.
pub trait MaybeSend {}
impl<T: ?Sized> MaybeSend for T {}

/// `Sync` where there are threads, and no bound in wasm.
pub trait MaybeSync {}
impl<T: ?Sized> MaybeSync for T {}

pub(crate) type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T>>>;
pub(crate) type Listener<T> = dyn FnMut(&T);
pub(crate) type Callback<A, T> = dyn Fn(&A) -> T;

#[cfg(feature = "rest")]
/// Returns a number from 0 to 1.
pub(crate) fn random() -> f64 {
    js_sys::Math::random()
}
