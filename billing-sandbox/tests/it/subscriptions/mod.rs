//! Subscriptions: begun on a session's page, renewed by the clock, failing, changed and ended.

mod begin;
mod clock;
mod ending;
mod life;
mod renewal;
