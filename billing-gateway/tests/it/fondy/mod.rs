//! Payments in hryvnia from end to end: the real core on a database of its own, the gateway before
//! it, and a sandbox in Fondy's place.

mod callbacks;
mod outages;
mod reversals;
mod said;
mod stage;
mod top_up;
mod unordered;

pub(crate) use stage::Fondy;
