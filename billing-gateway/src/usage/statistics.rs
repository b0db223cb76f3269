//! `GET /api/billing/statistics`: what was spent and topped up in the last days, in few figures.

use axum::Json;
use billing_proto::v1::{EntryKind, GetUsageRequest, GetUsageResponse, ListEntriesRequest};
use serde::Serialize;
use utoipa::ToSchema;

use super::UsageOfTool;
use super::last_days::LastDays;
use crate::auth::Caller;
use crate::core::{Core, sent};
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;
use crate::usd::Usd;

const PERIODS: [(&str, i32); 3] = [("7d", 7), ("30d", 30), ("90d", 90)];
const PERIOD_DEFAULT: &str = "30d";
const TOOLS_MAX: usize = 10;
const PAGE: i32 = 500;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatisticsResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    #[schema(example = "30d")]
    period: &'static str,
    /// The beginning of the first of the account's days, RFC 3339.
    #[schema(format = DateTime)]
    from: String,
    /// Now, RFC 3339.
    #[schema(format = DateTime)]
    to: String,
    /// IANA name of the zone of the days.
    time_zone: String,
    statistics: Statistics,
}

#[derive(Debug, Serialize, ToSchema)]
struct Statistics {
    /// Charges less refunds.
    spent_usd: Usd,
    /// Number of charges.
    requests: i64,
    /// `spent_usd` for each of them, rounded down; null where there were none.
    #[schema(required = true)]
    average_usd: Option<Usd>,
    /// The most spent first, ten at most.
    top_tools: Vec<UsageOfTool>,
    /// What the history calls `topup`.
    topped_up_usd: Usd,
}

/// What the user spent and topped up lately
#[utoipa::path(
    get,
    path = "/api/billing/statistics",
    operation_id = "getStatistics",
    tag = "billing",
    security(("bearer" = [])),
    params(
        ("period" = Option<String>, Query,
         description = "`7d`, `30d` or `90d`: so many of the account's days, today included; absent: 30d"),
    ),
    responses(
        (status = 200, body = StatisticsResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    caller: Caller,
    query: QueryText,
) -> Result<Json<StatisticsResponse>, ApiError> {
    let given = query.text("period").unwrap_or(PERIOD_DEFAULT);
    let (period, days) = PERIODS
        .into_iter()
        .find(|(name, _)| *name == given)
        .ok_or_else(|| ApiError::invalid("period", "must be 7d, 30d or 90d"))?;
    let last = LastDays::of(&core, &caller, days).await?;
    let request = GetUsageRequest {
        account: Some(caller.account()),
        from: Some(sent(last.from)),
        to: None,
    };
    let usage = async {
        let answer = core.get_usage(request).await;
        answer.map_err(|error| error.into_api(&[]))
    };
    let (usage, topped_up_micros) = tokio::try_join!(usage, topped_up(&core, &caller, &last))?;
    let time_zone = usage.time_zone.clone();
    Ok(Json(StatisticsResponse {
        success: true,
        period,
        from: last.from.to_string(),
        to: last.to.to_string(),
        time_zone,
        statistics: Statistics::of(usage, topped_up_micros)?,
    }))
}

/// In micros. Users top up seldom: it is one page as a rule.
async fn topped_up(core: &Core, caller: &Caller, last: &LastDays) -> Result<i64, ApiError> {
    let mut request = ListEntriesRequest {
        account: Some(caller.account()),
        page_size: PAGE,
        kinds: vec![EntryKind::TopUp.into(), EntryKind::DisputeWon.into()],
        from: Some(sent(last.from)),
        ..ListEntriesRequest::default()
    };
    let mut micros = Some(0_i64);
    loop {
        let page = core.list_entries(request.clone()).await;
        let page = page.map_err(|error| error.into_api(&[]))?;
        for entry in &page.entries {
            micros = micros.and_then(|sum| sum.checked_add(entry.amount_micros));
        }
        if page.next_page_token.is_empty() {
            return micros.ok_or_else(out_of_range);
        }
        request.page_token = page.next_page_token;
    }
}

impl Statistics {
    fn of(usage: GetUsageResponse, topped_up_micros: i64) -> Result<Self, ApiError> {
        let (mut spent, mut requests) = (Some(0_i64), Some(0_i64));
        for day in &usage.days {
            spent = spent.and_then(|sum| sum.checked_add(day.spent_micros));
            requests = requests.and_then(|sum| sum.checked_add(day.charge_count));
        }
        let spent = spent.ok_or_else(out_of_range)?;
        let requests = requests.ok_or_else(out_of_range)?;
        let tools = usage.tools.into_iter().take(TOOLS_MAX);
        Ok(Self {
            spent_usd: Usd::from_micros(spent),
            requests,
            average_usd: spent.checked_div_euclid(requests).map(Usd::from_micros),
            top_tools: tools.map(UsageOfTool::from).collect(),
            topped_up_usd: Usd::from_micros(topped_up_micros),
        })
    }
}

fn out_of_range() -> ApiError {
    ApiError::fault("a sum is out of range")
}
