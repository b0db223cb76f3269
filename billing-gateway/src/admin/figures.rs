//! `GET /api/admin/stats/…`: what the tenant took in and what its users spent, by day, tool and user.

use axum::Json;
use billing_proto::v1::{
    DayRevenue, GetRevenueRequest, GetTenantUsageRequest, GetTenantUsageResponse, UserUsageSum,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Administrator, LIMIT_DEFAULT, LIMIT_MAX};
use crate::core::{AdminCore, FieldNames};
use crate::currency::Amount;
use crate::payment::shown::{amount, currency};
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;
use crate::usage::UsageOfTool;
use crate::usd::Usd;

const DAYS_DEFAULT: i32 = 30;
const DAYS_MAX: i32 = 90;

const FIELDS: FieldNames<'static> = &[("days", "days"), ("users_max", "limit")];

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevenueResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    days: i32,
    /// Oldest first; a day without a payment is left out.
    chart: Vec<RevenueOfDay>,
}

/// What was paid on a day by one provider in one currency, and what of that was given back since.
#[derive(Debug, Serialize, ToSchema)]
struct RevenueOfDay {
    /// Of UTC.
    #[schema(format = Date)]
    date: String,
    provider: String,
    /// ISO 4217, of `received`, `refunded` and `disputed`.
    currency: String,
    received: Amount,
    /// Of what was received on this day, whenever it was given back.
    refunded: Amount,
    disputed: Amount,
    /// Credited to accounts, less what was taken back. A contribution credits none.
    credited_usd: Usd,
    /// Received, less what was refunded and disputed, at each payment's own rate.
    net_usd: Usd,
    /// Number of payments.
    payments: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CostBreakdownResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    days: i32,
    /// The most spent first.
    tools: Vec<UsageOfTool>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsersCostsResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    days: i32,
    /// The most spent first.
    users: Vec<UsageOfUser>,
}

#[derive(Debug, Serialize, ToSchema)]
struct UsageOfUser {
    user_id: String,
    /// Charges less refunds.
    spent_usd: Usd,
    /// Number of charges.
    requests: i64,
}

/// What the tenant took in, by day, provider and currency
#[utoipa::path(
    get,
    path = "/api/admin/stats/revenue-chart",
    operation_id = "adminGetRevenue",
    tag = "admin",
    security(("bearer" = [])),
    params(
        ("days" = Option<i32>, Query, minimum = 1, maximum = 90,
         description = "How many days of UTC, with today; absent: 30"),
    ),
    responses(
        (status = 200, body = RevenueResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn revenue(
    core: AdminCore,
    administrator: Administrator,
    query: QueryText,
) -> Result<Json<RevenueResponse>, ApiError> {
    let days = days(&query)?;
    let request = GetRevenueRequest {
        tenant_id: administrator.tenant_id(),
        days,
    };
    let answer = core
        .get_revenue(request)
        .await
        .map_err(|error| error.into_api(FIELDS))?;
    let chart = answer.days.into_iter().map(RevenueOfDay::try_from);
    Ok(Json(RevenueResponse {
        success: true,
        days,
        chart: chart.collect::<Result<_, _>>()?,
    }))
}

/// What the tenant's users spent, by tool
#[utoipa::path(
    get,
    path = "/api/admin/stats/cost-breakdown",
    operation_id = "adminGetCostBreakdown",
    tag = "admin",
    security(("bearer" = [])),
    params(
        ("days" = Option<i32>, Query, minimum = 1, maximum = 90,
         description = "How many days of UTC, with today; absent: 30"),
    ),
    responses(
        (status = 200, body = CostBreakdownResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn by_tool(
    core: AdminCore,
    administrator: Administrator,
    query: QueryText,
) -> Result<Json<CostBreakdownResponse>, ApiError> {
    let days = days(&query)?;
    let answer = usage(&core, &administrator, days, 1).await?;
    Ok(Json(CostBreakdownResponse {
        success: true,
        days,
        tools: answer.tools.into_iter().map(UsageOfTool::from).collect(),
    }))
}

/// What the tenant's users spent, by user
#[utoipa::path(
    get,
    path = "/api/admin/stats/users-costs",
    operation_id = "adminGetUsersCosts",
    tag = "admin",
    security(("bearer" = [])),
    params(
        ("days" = Option<i32>, Query, minimum = 1, maximum = 90,
         description = "How many days of UTC, with today; absent: 30"),
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 200,
         description = "How many users; absent: 50"),
    ),
    responses(
        (status = 200, body = UsersCostsResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn by_user(
    core: AdminCore,
    administrator: Administrator,
    query: QueryText,
) -> Result<Json<UsersCostsResponse>, ApiError> {
    let days = days(&query)?;
    let most = query.whole("limit", 1..=LIMIT_MAX, LIMIT_DEFAULT)?;
    let answer = usage(&core, &administrator, days, most).await?;
    Ok(Json(UsersCostsResponse {
        success: true,
        days,
        users: answer.users.into_iter().map(UsageOfUser::from).collect(),
    }))
}

fn days(query: &QueryText) -> Result<i32, ApiError> {
    query.whole("days", 1..=DAYS_MAX, DAYS_DEFAULT)
}

async fn usage(
    core: &AdminCore,
    administrator: &Administrator,
    days: i32,
    users_max: i32,
) -> Result<GetTenantUsageResponse, ApiError> {
    let request = GetTenantUsageRequest {
        tenant_id: administrator.tenant_id(),
        days,
        users_max,
    };
    let answer = core.get_tenant_usage(request).await;
    answer.map_err(|error| error.into_api(FIELDS))
}

impl TryFrom<DayRevenue> for RevenueOfDay {
    type Error = ApiError;

    fn try_from(day: DayRevenue) -> Result<Self, ApiError> {
        let currency = currency(&day.currency)?;
        Ok(Self {
            date: day.date,
            provider: day.provider,
            received: amount(currency, day.received_minor)?,
            refunded: amount(currency, day.refunded_minor)?,
            disputed: amount(currency, day.disputed_minor)?,
            currency: day.currency,
            credited_usd: Usd::from_micros(day.credited_micros),
            net_usd: Usd::from_micros(day.net_micros),
            payments: day.payment_count,
        })
    }
}

impl From<UserUsageSum> for UsageOfUser {
    fn from(sum: UserUsageSum) -> Self {
        Self {
            user_id: sum.user_id,
            spent_usd: Usd::from_micros(sum.spent_micros),
            requests: sum.charge_count,
        }
    }
}
