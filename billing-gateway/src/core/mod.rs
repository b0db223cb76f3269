//! The core: the calls, their times and errors, and how it is reached.

mod administration;
mod calls;
mod client;
mod error;
mod health;
pub(crate) mod settings;
mod time;

pub(crate) use administration::{AdminClient, AdminCore};
pub(crate) use client::{Core, CoreClient};
pub(crate) use error::{CoreError, FieldNames};
pub(crate) use health::CoreHealth;
pub(crate) use time::{Bound, sent, written};
