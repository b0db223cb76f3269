//! A hook that keeps ends durably, where a backend has a place for them.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;

use crate::end::End;

/// What a [`Store`] answers with.
pub type Stored<'a, T> =
    Pin<Box<dyn Future<Output = Result<T, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// Keeps ends that were not delivered, so that they outlive this process. Its errors are logged; the
/// end stays in memory. An end may be saved or delivered twice: each is charged once. It is sent again
/// only after it was saved, so that a store that does not answer must give up by itself.
pub trait Store: Send + Sync + 'static {
    /// Keeps an end under [`End::id`], in the place of what is kept there: an end that was `Open` may
    /// have become a `Charge`.
    fn save<'a>(&'a self, end: &'a End) -> Stored<'a, ()>;

    /// The end was delivered, or is lost for good. It need not have been saved.
    fn remove<'a>(&'a self, id: &'a str) -> Stored<'a, ()>;

    /// All that is kept; asked once, at the start.
    fn load(&self) -> Stored<'_, Vec<End>>;
}
