//! Money that comes in by a payment provider, and what the provider takes back.
//!
//! One state machine for every provider. The gateway translates what a provider reports; here it is
//! stored, compared with the payment's record, and booked: event, payment, ledger and outbox in one
//! transaction, once, in whatever order the reports come. What a payment's success and reversal do is not
//! decided here: see `purpose`.

mod books;
pub mod counted;
mod create;
mod dispute;
mod event;
pub mod grpc;
mod purpose;
mod queries;
mod rate;
mod refund;
pub mod review;
mod stale;
mod told;

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use metrics::counter;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use crate::database::{is_rolled_back, is_unreachable};
use crate::id::{AccountId, PaymentId};
use crate::ledger::{ApplyError, Refusal};
use crate::money::Micros;
use crate::price::{CataloguePulse, Stale};

pub use books::RefundReport;
pub use create::{Breaker, Limits, NewPayment};
pub use dispute::{Dispute, DisputeReport};
pub use event::{Applied, EventBatcher, Outcome, Pace, PaymentReport, ProviderEvent, Report};
pub use purpose::Purpose;
pub use queries::ask_again_in_time;
pub(crate) use queries::newest_rate;
pub(crate) use rate::Currency;
pub use refund::{NewRefund, RefundTerms};

/// The largest amount in minor units, as the schema has it.
const MINOR_MAX: i64 = 1_000_000_000_000;

/// What payments work with: connections of their own, so that a storm of a provider's events
/// starves nobody else, and nobody them.
#[derive(Clone)]
pub struct Payments {
    pub pool: PgPool,
    /// For what is only looked up; the calls of prices and tenants share it.
    pub reads: PgPool,
    pub catalogue: CataloguePulse,
    /// What providers report, on a connection of its own.
    pub events: EventBatcher,
    pub limits: Limits,
    pub refund_terms: RefundTerms,
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Created,
    Pending,
    RequiresAction,
    Succeeded,
    Failed,
    Canceled,
    Expired,
}

impl State {
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Pending,
        Self::RequiresAction,
        Self::Succeeded,
        Self::Failed,
        Self::Canceled,
        Self::Expired,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Pending => "pending",
            Self::RequiresAction => "requires_action",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Nothing more is expected of the payer.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Created | Self::Pending | Self::RequiresAction => false,
            Self::Succeeded | Self::Failed | Self::Canceled | Self::Expired => true,
        }
    }
}

/// A payment's row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
pub struct Payment {
    pub id: PaymentId,
    pub tenant_id: String,
    pub user_id: String,
    pub provider: Arc<str>,
    /// Which of the provider's accounts it is made for; empty: the platform's own.
    pub provider_account: String,
    pub livemode: bool,
    pub purpose: Purpose,
    pub state: State,
    /// The provider's time of the report that brought the state.
    pub state_at: Option<Timestamp>,
    pub content_hash: Vec<u8>,
    pub amount_minor: i64,
    pub currency: String,
    /// A decimal number.
    pub rate: String,
    pub credit: Micros,
    pub reference: Option<String>,
    /// None until it is paid; and where a version has noted that which did not know it: as ordered.
    pub received_minor: Option<i64>,
    pub credited: Micros,
    pub reversed: Micros,
    pub bookings: i32,
    pub refunded_minor: i64,
    pub refund_requested_minor: i64,
    /// What a provider says that tells no single refunds.
    pub given_back_minor: i64,
    pub disputed_minor: i64,
    pub decline_code: Option<String>,
    pub needs_review: bool,
    /// Its payer has done their part, and the money is on its way. Of an open one alone.
    pub processing: bool,
    pub created_at: Timestamp,
    pub succeeded_at: Option<Timestamp>,
    /// Its payer's personal data was erased, and none that its provider still sends is kept.
    pub is_erased: bool,
    /// Of a monthly contribution: the number of the first payment of its subscription.
    pub subscription: Option<Uuid>,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    Requested,
    Pending,
    Succeeded,
    Failed,
    Canceled,
}

impl RefundState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [
            Self::Requested,
            Self::Pending,
            Self::Succeeded,
            Self::Failed,
            Self::Canceled,
        ]
        .into_iter()
        .find(|state| state.name() == name)
    }
}

/// A refund's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    pub id: Uuid,
    pub reference: Option<String>,
    pub idempotency_key: Option<String>,
    pub content_hash: Option<Vec<u8>>,
    pub amount_minor: i64,
    pub state: RefundState,
    pub created_at: Timestamp,
}

/// Why something that was asked of payments was not done. It changed nothing, where that is known.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    #[error("there is no such payment")]
    NotFound,
    #[error("the payment has no such refund")]
    RefundNotFound,
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error("another payment has this reference")]
    ReferenceTaken,
    #[error("so much cannot be credited")]
    AmountOutOfRange,
    #[error("no rate of {0} is new enough")]
    RateTooOld(&'static str),
    #[error("{0}")]
    SwitchedOff(String),
    #[error("the account is suspended")]
    Suspended,
    /// Whether payments and webhooks are on is not known.
    #[error(transparent)]
    Stale(#[from] Stale),
    #[error("the tenant's payments are paused, since too many were declined")]
    Paused,
    #[error(
        "{most} contributions of the user are open: one of them has to be paid or to end first"
    )]
    TooManyOpen { most: usize },
    #[error("the user supports monthly already, by subscription {ulid}")]
    SubscriptionExists { ulid: String },
    #[error("a payment that is {} cannot be refunded", .0.name())]
    NotRefundable(State),
    #[error("of the payment, {left_minor} minor units of {currency} can still be refunded")]
    RefundExceedsPayment { left_minor: i64, currency: String },
    #[error("the payment is older than {days} days")]
    RefundTooLate { days: i64 },
    /// The connection was lost while the database committed.
    #[error("the outcome is unknown")]
    OutcomeUnknown,
    /// This attempt did nothing; of an earlier one nothing is known.
    #[error("the database cannot be reached")]
    Unavailable,
    #[error("too many wait")]
    Overloaded,
    #[error("the ledger refused: {0}")]
    Ledger(#[from] Refusal),
    #[error("a row cannot be read: {0}")]
    Row(&'static str),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

impl PaymentError {
    /// Of COMMIT.
    fn at_commit(error: sqlx::Error) -> Self {
        if is_rolled_back(&error) {
            Self::Sql(error)
        } else {
            Self::OutcomeUnknown
        }
    }

    /// Of a statement that commits by itself: refused by the database, or lost on the way.
    fn at_statement(error: sqlx::Error) -> Self {
        if is_unreachable(&error) {
            Self::OutcomeUnknown
        } else {
            Self::Sql(error)
        }
    }

    /// Before COMMIT was asked for: a statement that took longer than it may says that the server cannot
    /// keep up.
    fn before_commit(self) -> Self {
        if self.sqlstate().is_some_and(|code| code == "57014") {
            return Self::Unavailable;
        }
        self
    }

    /// Rolled back for a reason that may not hold the next time.
    fn may_pass(&self) -> bool {
        self.sqlstate()
            .is_some_and(|code| ["40001", "40P01", "23505"].contains(&code.as_ref()))
    }

    /// The connection is of no use any more.
    fn is_lost(&self) -> bool {
        self.of_all().is_some() || self.sql().is_some_and(is_unreachable)
    }

    /// The same for whoever else has waited, where it is the database's fault whatever was asked of it.
    const fn of_all(&self) -> Option<Self> {
        match self {
            Self::Unavailable => Some(Self::Unavailable),
            Self::OutcomeUnknown => Some(Self::OutcomeUnknown),
            Self::Stale(stale) => Some(Self::Stale(*stale)),
            _ => None,
        }
    }

    fn sqlstate(&self) -> Option<Cow<'_, str>> {
        self.sql()?.as_database_error()?.code()
    }

    const fn sql(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Sql(error) | Self::Apply(ApplyError::Sql(error)) => Some(error),
            _ => None,
        }
    }
}

/// Commits, or says what is known: an error here is no proof that nothing was done.
async fn commit(transaction: Transaction<'_, Postgres>) -> Result<(), PaymentError> {
    transaction.commit().await.map_err(PaymentError::at_commit)
}

/// An account's payments, newest first.
pub async fn find_newest(
    pool: &PgPool,
    account: AccountId,
    most: i64,
) -> Result<Vec<Payment>, PaymentError> {
    let ids = queries::list_payments(pool, account, None, most).await?;
    queries::find_payments(pool, &ids).await
}

/// How often something is tried that met a deadlock, or another who wrote the same first.
const ATTEMPTS: u32 = 3;

/// What operators watch: successes, failures and what is taken back, by provider.
fn count(name: &'static str, provider: &str, amount: u64) {
    counter!(name, "provider" => provider.to_owned()).increment(amount);
}
