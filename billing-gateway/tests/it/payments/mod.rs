//! Payments from end to end: the real core on a database of its own, the gateway before it, and a
//! sandbox in Stripe's place.

mod checkout;
mod contributions;
mod hosted;
mod outages;
mod proxies;
mod reconciliation;
mod replays;
mod reversals;
mod stage;
mod top_up;
mod webhooks;

pub(crate) use stage::{SECRET_KEY, Stage as StripeStage, Stripe};
