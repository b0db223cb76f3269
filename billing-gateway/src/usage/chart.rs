//! `GET /api/billing/usage-chart`: what was spent on each of the last days, none left out.

use std::collections::BTreeMap;

use axum::Json;
use billing_proto::v1::GetUsageRequest;
use serde::Serialize;
use utoipa::ToSchema;

use super::UsageOfDay;
use super::last_days::LastDays;
use crate::auth::Caller;
use crate::core::{Core, sent};
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;
use crate::usd::Usd;

const DAYS_DEFAULT: i32 = 30;
const DAYS_MAX: i32 = 90;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageChartResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    days: i32,
    /// IANA name of the zone of the days.
    time_zone: String,
    /// Every day, oldest first.
    chart: Vec<UsageOfDay>,
}

/// What the user spent on each of the last days
#[utoipa::path(
    get,
    path = "/api/billing/usage-chart",
    operation_id = "getUsageChart",
    tag = "billing",
    security(("bearer" = [])),
    params(
        ("days" = Option<i32>, Query, minimum = 1, maximum = 90,
         description = "How many of the account's days, today included; absent: 30"),
    ),
    responses(
        (status = 200, body = UsageChartResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    caller: Caller,
    query: QueryText,
) -> Result<Json<UsageChartResponse>, ApiError> {
    let days = query.whole("days", 1..=DAYS_MAX, DAYS_DEFAULT)?;
    let last = LastDays::of(&core, &caller, days).await?;
    let request = GetUsageRequest {
        account: Some(caller.account()),
        from: Some(sent(last.from)),
        to: None,
    };
    let answer = core.get_usage(request).await;
    let answer = answer.map_err(|error| error.into_api(&[]))?;
    let mut chart: BTreeMap<String, UsageOfDay> = last
        .dates
        .iter()
        .map(|date| (date.to_string(), UsageOfDay::without_any(date.to_string())))
        .collect();
    // A day that has begun by the core's clock alone comes besides: nothing that was spent is left out.
    let spent = answer.days.into_iter().map(UsageOfDay::from);
    chart.extend(spent.map(|day| (day.date.clone(), day)));
    Ok(Json(UsageChartResponse {
        success: true,
        days,
        time_zone: answer.time_zone,
        chart: chart.into_values().collect(),
    }))
}

impl UsageOfDay {
    fn without_any(date: String) -> Self {
        Self {
            date,
            spent_usd: Usd::from_micros(0),
            requests: 0,
        }
    }
}
