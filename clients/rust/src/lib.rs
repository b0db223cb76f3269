//! Bills the calls of a tool backend: asks the billing core before each call, holds the amount, and
//! captures what the call cost. `README.md` beside this crate says how it behaves.
//!
//! - [`Billing::begin`] by hand, or a [`GuardLayer`] for axum and for tonic's servers;
//! - [`Call`], which its owner ends, and [`BillingCall`], to which its handler reports;
//! - [`Settings`], from the environment or by hand;
//! - [`Refused`] and its [`Answer`]: why a call is not made, and what its caller is told.
//!
//! By hand:
//!
//! ```no_run
//! use billing_client::{Begin, Billing, Refused, Settings};
//!
//! async fn translate(billing: &Billing, user: String, text: &str) -> Result<String, Refused> {
//!     let call = billing.begin(Begin::new(Some(user), "translate")).await?;
//!     let translation = text.to_uppercase();
//!     call.end();
//!     Ok(translation)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let billing = Billing::new(Settings::from_env()?)?;
//! println!("{}", translate(&billing, "user-1".to_owned(), "hello").await?);
//! let left = billing.close(billing_client::CLOSE_WITHIN).await;
//! assert_eq!(left, 0);
//! # Ok(())
//! # }
//! ```

mod answer;
mod backlog;
mod billing;
mod call;
mod cost;
mod denial;
mod end;
#[cfg(feature = "axum")]
mod extract;
mod guard;
mod heartbeat;
mod key;
mod open;
mod quiet;
mod retry;
mod rpc;
mod settings;
mod store;
mod trace;
mod under_way;
mod usd;

pub use answer::{Answer, Refused};
pub use billing::{Begin, Billing, CLOSE_WITHIN};
pub use call::{BillingCall, Call, ReportError};
pub use cost::{Cost, Inexact, IntoCost};
pub use denial::{Denial, Limit, Period};
pub use end::{Charged, End, How};
pub use guard::{Guard, GuardLayer, GuardedBody, RequestBody};
pub use key::{IDEMPOTENCY_KEY, Key};
pub use settings::{Repeats, Settings, SettingsError, Unpriced, WithoutUser};
pub use store::{Store, Stored};
pub use trace::{TRACEPARENT, Trace};
pub use usd::Usd;

/// The programs of the page compile.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../README.md")]
struct Readme;
