//! `GET /api/billing/balance`: what the user has, may spend and has used.

use axum::Json;
use billing_proto::v1::{Balance, GetBalanceRequest, GetBalanceResponse, LimitPeriod, LimitStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::{Core, written};
use crate::currency::Amount;
use crate::problem::{ApiError, Problem};
use crate::rates::{self, Rate, ShownRate};
use crate::usd::Usd;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BalanceResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    billing: UserBilling,
    /// An operator lets no new payment begin.
    payments_paused: bool,
    /// The operator's text, for payers; null where payments begin.
    #[schema(required = true)]
    payments_paused_reason: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct UserBilling {
    /// Sum of everything booked: what the history's newest entry ends with.
    balance_usd: Usd,
    /// The balance at the current rate, rounded to the kopiyka. Null where no rate is known.
    #[schema(required = true)]
    balance_uah: Option<Amount>,
    /// The rate of `balance_uah`, and how old it is. Null where none is known.
    #[schema(required = true)]
    uah_rate: Option<ShownRate>,
    /// What may be spent: the balance less `held_usd`.
    available_usd: Usd,
    /// Set aside for calls that are under way.
    held_usd: Usd,
    /// What the balance is below 0; 0 where it is not.
    debt_usd: Usd,
    /// The balance is below the threshold of the warning.
    low_balance: bool,
    /// Charges less refunds of charges, since the beginning.
    total_spent_usd: Usd,
    /// Number of charges.
    total_requests: i64,
    limits: Limits,
    limits_reset: Resets,
    usage: Used,
    /// Time of the last charge, RFC 3339; null before the first.
    #[schema(format = DateTime, required = true)]
    last_request_at: Option<String>,
    /// Where false, everything is allowed and costs nothing.
    billing_enabled: bool,
    /// Where true, every call is denied.
    suspended: bool,
    /// IANA name of the zone whose days and months the limits follow.
    time_zone: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Limits {
    /// Null: no limit.
    #[schema(required = true)]
    daily_usd: Option<Usd>,
    /// Null: no limit.
    #[schema(required = true)]
    monthly_usd: Option<Usd>,
}

/// When what counts against the limits begins at 0 again, RFC 3339.
#[derive(Debug, Serialize, ToSchema)]
struct Resets {
    #[schema(format = DateTime)]
    daily_at: String,
    #[schema(format = DateTime)]
    monthly_at: String,
}

/// What counts against the limits, holds included.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Used {
    today_usd: Usd,
    month_usd: Usd,
}

/// The user's balance, limits and use
#[utoipa::path(
    get,
    path = "/api/billing/balance",
    operation_id = "getBalance",
    tag = "billing",
    security(("bearer" = [])),
    responses(
        (status = 200, body = BalanceResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(core: Core, caller: Caller) -> Result<Json<BalanceResponse>, ApiError> {
    let request = GetBalanceRequest {
        account: Some(caller.account()),
    };
    let (answer, rate) = tokio::join!(core.get_balance(request), rates::shown(&core));
    let answer = answer.map_err(|error| error.into_api(&[]))?;
    Ok(Json(BalanceResponse {
        success: true,
        billing: billing(&answer, rate?)?,
        payments_paused: answer.payments_off,
        payments_paused_reason: answer.payments_off.then_some(answer.payments_off_reason),
    }))
}

fn billing(
    answer: &GetBalanceResponse,
    rate: Option<(Rate, ShownRate)>,
) -> Result<UserBilling, ApiError> {
    let Balance {
        settled_micros,
        held_micros,
        available_micros,
        debt_micros,
        ..
    } = answer
        .balance
        .as_ref()
        .ok_or_else(|| ApiError::fault("the core's answer has no balance"))?;
    let balance_uah = rate
        .as_ref()
        .and_then(|(rate, _)| rate.uah(*settled_micros));
    Ok(UserBilling {
        balance_usd: Usd::from_micros(*settled_micros),
        balance_uah,
        uah_rate: rate.map(|(_, shown)| shown),
        available_usd: Usd::from_micros(*available_micros),
        held_usd: Usd::from_micros(*held_micros),
        debt_usd: Usd::from_micros(*debt_micros),
        low_balance: answer.low_balance,
        total_spent_usd: Usd::from_micros(answer.total_spent_micros),
        total_requests: answer.request_count,
        limits: Limits::of(&answer.limits)?,
        limits_reset: Resets {
            daily_at: resets_at(limit(&answer.limits, LimitPeriod::Day)?)?,
            monthly_at: resets_at(limit(&answer.limits, LimitPeriod::Month)?)?,
        },
        usage: Used::of(&answer.limits)?,
        last_request_at: written(answer.last_request_at.as_ref())?,
        billing_enabled: answer.billing_enabled,
        suspended: answer.suspended,
        time_zone: answer.time_zone.clone(),
    })
}

fn resets_at(limit: &LimitStatus) -> Result<String, ApiError> {
    written(limit.resets_at.as_ref())?
        .ok_or_else(|| ApiError::fault("a limit says not when it starts again"))
}

impl Limits {
    pub(crate) fn of(limits: &[LimitStatus]) -> Result<Self, ApiError> {
        let of = |period| {
            let limit_micros = limit(limits, period)?.limit_micros;
            Ok::<_, ApiError>(limit_micros.map(Usd::from_micros))
        };
        Ok(Self {
            daily_usd: of(LimitPeriod::Day)?,
            monthly_usd: of(LimitPeriod::Month)?,
        })
    }
}

impl Used {
    pub(crate) fn of(limits: &[LimitStatus]) -> Result<Self, ApiError> {
        let of = |period| Ok::<_, ApiError>(Usd::from_micros(limit(limits, period)?.used_micros));
        Ok(Self {
            today_usd: of(LimitPeriod::Day)?,
            month_usd: of(LimitPeriod::Month)?,
        })
    }
}

/// The core always answers with both limits.
pub(crate) fn limit(limits: &[LimitStatus], period: LimitPeriod) -> Result<&LimitStatus, ApiError> {
    limits
        .iter()
        .find(|limit| limit.period() == period)
        .ok_or_else(|| ApiError::fault("the core's answer lacks a limit"))
}
