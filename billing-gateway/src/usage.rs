//! `GET /api/billing/usage`: what was spent, by day and by tool.

pub(crate) mod chart;
mod last_days;
pub(crate) mod statistics;

use axum::Json;
use billing_proto::v1::{DayUsage, GetBalanceRequest, GetUsageRequest, ToolUsageSum};
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::{Bound, Core, FieldNames, sent};
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;
use crate::usd::Usd;

const FIELDS: FieldNames<'static> = &[("from", "from"), ("to", "to")];

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    usage: Usage,
}

#[derive(Debug, Serialize, ToSchema)]
struct Usage {
    /// Oldest first; days without a charge or refund are left out.
    by_day: Vec<UsageOfDay>,
    /// The most spent first.
    by_tool: Vec<UsageOfTool>,
    /// IANA name of the zone of the days.
    time_zone: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct UsageOfDay {
    /// The account's local day.
    #[schema(format = Date)]
    date: String,
    /// Charges less refunds booked on this day.
    spent_usd: Usd,
    /// Number of charges.
    requests: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageOfTool {
    /// Null: charges by amount.
    #[schema(required = true)]
    tool: Option<String>,
    /// Charges less refunds.
    spent_usd: Usd,
    /// Number of charges.
    requests: i64,
}

/// What the user spent, by day and by tool
#[utoipa::path(
    get,
    path = "/api/billing/usage",
    operation_id = "getUsage",
    tag = "billing",
    security(("bearer" = [])),
    params(
        ("from" = Option<String>, Query,
         description = "From this time on: RFC 3339, or YYYY-MM-DD for the beginning of a day of \
                        the account's time zone. Absent: 30 days before `to`; at most 366 days \
                        before it"),
        ("to" = Option<String>, Query,
         description = "Up to this time, which is not included; written as `from`. Absent: now"),
    ),
    responses(
        (status = 200, body = UsageResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    caller: Caller,
    query: QueryText,
) -> Result<Json<UsageResponse>, ApiError> {
    let Bounds { from, to } = bounds(&core, &caller, &query).await?;
    let request = GetUsageRequest {
        account: Some(caller.account()),
        from,
        to,
    };
    let answer = core
        .get_usage(request)
        .await
        .map_err(|error| error.into_api(FIELDS))?;
    Ok(Json(UsageResponse {
        success: true,
        usage: Usage {
            by_day: answer.days.into_iter().map(UsageOfDay::from).collect(),
            by_tool: answer.tools.into_iter().map(UsageOfTool::from).collect(),
            time_zone: answer.time_zone,
        },
    }))
}

/// From when to when, as the core takes it.
pub(crate) struct Bounds {
    pub from: Option<prost_types::Timestamp>,
    pub to: Option<prost_types::Timestamp>,
}

/// The parameters `from` and `to` of a query.
pub(crate) async fn bounds(
    core: &Core,
    caller: &Caller,
    query: &QueryText,
) -> Result<Bounds, ApiError> {
    let bound = |field| {
        query
            .text(field)
            .map(|text| Bound::parse(field, text))
            .transpose()
    };
    let (from, to) = (bound("from")?, bound("to")?);
    let days_are_named = [from, to].into_iter().flatten().any(Bound::is_day);
    let zone = if days_are_named {
        time_zone(core, caller).await?
    } else {
        TimeZone::UTC
    };
    let resolved = |field, bound: Option<Bound>| {
        bound
            .map(|bound| bound.resolve(field, &zone).map(sent))
            .transpose()
    };
    Ok(Bounds {
        from: resolved("from", from)?,
        to: resolved("to", to)?,
    })
}

/// A day in a request is one of the account's, as the days of the answer are.
async fn time_zone(core: &Core, caller: &Caller) -> Result<TimeZone, ApiError> {
    let request = GetBalanceRequest {
        account: Some(caller.account()),
    };
    let answer = core
        .get_balance(request)
        .await
        .map_err(|error| error.into_api(&[]))?;
    TimeZone::get(&answer.time_zone).map_err(ApiError::fault)
}

impl From<DayUsage> for UsageOfDay {
    fn from(day: DayUsage) -> Self {
        Self {
            date: day.date,
            spent_usd: Usd::from_micros(day.spent_micros),
            requests: day.charge_count,
        }
    }
}

impl From<ToolUsageSum> for UsageOfTool {
    fn from(sum: ToolUsageSum) -> Self {
        Self {
            tool: (!sum.tool.is_empty()).then_some(sum.tool),
            spent_usd: Usd::from_micros(sum.spent_micros),
            requests: sum.charge_count,
        }
    }
}
