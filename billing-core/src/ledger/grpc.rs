//! The ledger's words as the contract writes them; the slices' answers share them.

use billing_proto::v1::{self, ErrorReason};
use tonic::Status;
use tracing::error;

use super::batcher::LedgerError;
use super::command::{Cost, Note, Opening, Overage};
use super::decide::{Answer, Decision, HoldView, Limits, Refusal, Retry, standing};
use super::joint_reads::ReadError;
use super::local_time::LocalTime;
use super::state::{AccountState, Balance, HoldState};
use crate::field::{self, FieldError};
use crate::id::{AccountId, EntryId, EntrySeq};
use crate::money::Micros;
use crate::price::grpc::parse_tool_use;
use crate::rpc::{Call, TENANT_BYTES, timestamp};
use crate::status::{
    Doubt, deadline_exceeded, internal, outcome_unknown, overloaded, unavailable, with_reason,
};

/// The account that a request names, if it is one of the caller's.
pub fn parse_account(
    call: &Call,
    account: Option<v1::AccountRef>,
) -> Result<(AccountId, Opening), Status> {
    let account = account.ok_or_else(|| FieldError::new("account", "must be given"))?;
    let name = Opening {
        tenant_id: field::text("account.tenant_id", account.tenant_id, TENANT_BYTES)?,
        user_id: field::text("account.user_id", account.user_id, 255)?,
    };
    let id = call.account(&name.tenant_id, &name.user_id)?;
    Ok((id, name))
}

/// The account of a request that may open it. One that was opened under a blank name by an earlier version
/// is still read, and settled by administrators.
pub fn parse_opening(
    call: &Call,
    account: Option<v1::AccountRef>,
) -> Result<(AccountId, Opening), Status> {
    let (id, name) = parse_account(call, account)?;
    field::name("account.tenant_id", &name.tenant_id)?;
    field::name("account.user_id", &name.user_id)?;
    Ok((id, name))
}

/// An entry as callers name it; empty where there is none.
pub fn entry_id(account: AccountId, seq: Option<EntrySeq>) -> String {
    seq.map(|seq| EntryId { account, seq }.to_string())
        .unwrap_or_default()
}

pub fn balance(balance: Balance) -> v1::Balance {
    v1::Balance {
        currency: "USD".to_owned(),
        settled_micros: balance.settled.get(),
        held_micros: balance.held.get(),
        available_micros: balance.available().get(),
        debt_micros: balance.debt().get(),
    }
}

pub fn limits(limits: &Limits) -> Vec<v1::LimitStatus> {
    let status =
        |period: v1::LimitPeriod, limit: Option<Micros>, used: Micros, ends_at| v1::LimitStatus {
            period: period.into(),
            limit_micros: limit.map(Micros::get),
            used_micros: used.get(),
            remaining_micros: limit
                .map(|limit| limit.minus(used).unwrap_or_default().or_zero().get()),
            resets_at: Some(timestamp(ends_at)),
        };
    vec![
        status(
            v1::LimitPeriod::Day,
            limits.daily_limit,
            limits.day_used,
            limits.day_ends_at,
        ),
        status(
            v1::LimitPeriod::Month,
            limits.monthly_limit,
            limits.month_used,
            limits.month_ends_at,
        ),
    ]
}

/// How the account stands at a moment, its day and month begun anew where they have ended.
pub fn standing_at(account: &mut AccountState, now: jiff::Timestamp) -> Answer {
    let mut time = LocalTime::new(now);
    account.roll(time.day_in(&account.time_zone).date);
    standing(account, &mut time)
}

/// An account as answers show it, without what belongs to its person.
pub fn account(
    id: AccountId,
    name: Opening,
    state: &AccountState,
    now: &Answer,
    exists: bool,
) -> v1::Account {
    v1::Account {
        account: Some(v1::AccountRef {
            tenant_id: name.tenant_id,
            user_id: name.user_id,
        }),
        account_id: id.to_string(),
        balance: Some(balance(now.balance)),
        limits: limits(&now.limits),
        time_zone: state.time_zone.to_string(),
        billing_enabled: state.billing_enabled,
        suspended: state.suspended,
        low_balance_threshold_micros: state.low_balance_threshold.map(Micros::get),
        total_spent_micros: state.total_spent.get(),
        request_count: state.request_count,
        last_request_at: state.last_request_at.map(timestamp),
        exists,
        preferences: None,
        has_email: false,
        low_balance: state.is_low(),
    }
}

pub fn decision(decision: Decision) -> v1::Decision {
    match decision {
        Decision::Allowed => v1::Decision::Allowed,
        Decision::ToolNotPriced => v1::Decision::ToolNotPriced,
        Decision::AccountSuspended => v1::Decision::AccountSuspended,
        Decision::InsufficientBalance => v1::Decision::InsufficientBalance,
        Decision::DailyLimitExceeded => v1::Decision::DailyLimitExceeded,
        Decision::MonthlyLimitExceeded => v1::Decision::MonthlyLimitExceeded,
    }
}

pub fn hold(hold: HoldView) -> v1::Hold {
    let state = match hold.state {
        HoldState::Placed => v1::HoldState::Placed,
        HoldState::Captured => v1::HoldState::Captured,
        HoldState::Released => v1::HoldState::Released,
        HoldState::Expired => v1::HoldState::Expired,
    };
    v1::Hold {
        hold_id: hold.id.to_string(),
        amount_micros: hold.amount.get(),
        expires_at: Some(timestamp(hold.expires_at)),
        state: state.into(),
    }
}

/// What a denied caller needs to know besides the figures: what is missing, and how long to wait.
pub fn shortfall(answer: &Answer) -> i64 {
    if answer.decision == Decision::Allowed {
        return 0;
    }
    let available = answer.balance.available();
    answer
        .required
        .minus(available)
        .unwrap_or_default()
        .or_zero()
        .get()
}

/// How long until the limit that denied starts again, from the moment of the decision, by the database's
/// clock; at least a second.
pub fn retry_after(answer: &Answer) -> Option<prost_types::Duration> {
    let Some(Retry::At(at)) = answer.retry else {
        return None;
    };
    let wait = at.duration_since(answer.decided_at?);
    Some(prost_types::Duration {
        seconds: wait.as_secs().max(0) + 1,
        nanos: 0,
    })
}

/// Whether no waiting helps.
pub fn above_limit(answer: &Answer) -> bool {
    answer.retry == Some(Retry::Never)
}

/// Whether a cost may be 0.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Zero {
    Allowed,
    Refused,
}

pub fn parse_cost(cost: Option<v1::Cost>, tenant_id: &str, zero: Zero) -> Result<Cost, FieldError> {
    match cost.and_then(|cost| cost.cost) {
        None => Err(FieldError::new("cost", "must name an amount or a tool")),
        Some(v1::cost::Cost::AmountMicros(micros)) => match zero {
            Zero::Allowed => field::amount("cost.amount_micros", micros).map(Cost::Amount),
            Zero::Refused => field::positive_amount("cost.amount_micros", micros).map(Cost::Amount),
        },
        Some(v1::cost::Cost::Tool(usage)) => {
            parse_tool_use("cost.tool", usage, tenant_id).map(Cost::Tool)
        }
    }
}

pub fn parse_overage(policy: i32, default: Overage) -> Result<Overage, FieldError> {
    match v1::OveragePolicy::try_from(policy) {
        Ok(v1::OveragePolicy::Unspecified) => Ok(default),
        Ok(v1::OveragePolicy::Reject) => Ok(Overage::Reject),
        Ok(v1::OveragePolicy::UpToAvailable) => Ok(Overage::UpToAvailable),
        Ok(v1::OveragePolicy::AllowDebt) => Ok(Overage::AllowDebt),
        Err(_) => Err(FieldError::new(
            "overage_policy",
            "must be a policy that the contract names",
        )),
    }
}

/// Description and metadata, none where both are empty.
pub fn parse_note(
    description: String,
    metadata: std::collections::BTreeMap<String, String>,
) -> Result<Option<Note>, FieldError> {
    let note = Note {
        description: field::optional_text("description", description, 500)?,
        metadata: field::metadata("metadata", metadata)?,
        reason: None,
        actor: None,
    };
    Ok((note != Note::default()).then_some(note))
}

impl From<LedgerError> for Status {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Refused(refusal) => refusal.into(),
            LedgerError::Overloaded => overloaded(),
            LedgerError::DeadlineExceeded => deadline_exceeded(),
            LedgerError::Unavailable => outcome_unknown(Doubt::Unreachable),
            LedgerError::Locked => outcome_unknown(Doubt::Locked),
            LedgerError::OutcomeUnknown => outcome_unknown(Doubt::LostAtCommit),
            LedgerError::Internal => internal(),
        }
    }
}

impl From<ReadError> for Status {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Overloaded => overloaded(),
            ReadError::DeadlineExceeded => deadline_exceeded(),
            ReadError::Unavailable => unavailable(),
            ReadError::Internal => internal(),
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::KeyReused => with_reason(ErrorReason::IdempotencyKeyReused, message, []),
            Refusal::HoldNotFound => with_reason(ErrorReason::HoldNotFound, message, []),
            Refusal::HoldEnded(state) => {
                let state = state.name().to_ascii_uppercase();
                with_reason(ErrorReason::HoldEnded, message, [("state", state)])
            }
            Refusal::OverageRejected(over) => with_reason(
                ErrorReason::OverageRejected,
                message,
                [("overage_micros", over.get().to_string())],
            ),
            Refusal::NotTheHoldsTool => FieldError::new("cost.tool.name", message).into(),
            Refusal::ChargeNotFound => with_reason(ErrorReason::EntryNotFound, message, []),
            Refusal::RefundExceedsCharge { left } => with_reason(
                ErrorReason::RefundExceedsCharge,
                message,
                [("refundable_micros", left.get().to_string())],
            ),
            Refusal::Price(error) => error.into(),
            Refusal::PriceListStale => with_reason(ErrorReason::PriceListStale, message, []),
            Refusal::Overflow(_) => FieldError::new("amount_micros", message).into(),
            Refusal::ClockIsRight => with_reason(ErrorReason::ClockIsRight, message, []),
            Refusal::StoredAnswer => {
                error!("{message}");
                internal()
            }
        }
    }
}
