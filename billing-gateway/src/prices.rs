//! `GET /api/billing/pricing-info`: what the tools of the user's tenant cost at present.

use std::collections::BTreeMap;

use axum::Json;
use billing_proto::v1::{ListPricesRequest, Price};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::{Core, written};
use crate::problem::{ApiError, Problem};
use crate::usd::Usd;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PricingResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    /// By their names. A tool that is not among them has no price.
    tools: Vec<ToolPrice>,
}

/// A use costs `fixed_usd` and what its units cost, rounded up once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ToolPrice {
    tool: String,
    /// It costs nothing.
    free: bool,
    /// How many calls are free on each of the account's days.
    free_calls_per_day: i64,
    units: Vec<UnitPrice>,
    /// For each call; null where only units cost something.
    #[schema(required = true)]
    fixed_usd: Option<Usd>,
    version: i64,
    /// RFC 3339.
    #[schema(format = DateTime)]
    valid_from: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct UnitPrice {
    unit: String,
    /// For each `per_units` of them.
    price_usd: Usd,
    per_units: i64,
}

/// What the tools cost at present
#[utoipa::path(
    get,
    path = "/api/billing/pricing-info",
    operation_id = "getPricingInfo",
    tag = "billing",
    security(("bearer" = [])),
    responses(
        (status = 200, body = PricingResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(core: Core, caller: Caller) -> Result<Json<PricingResponse>, ApiError> {
    let request = ListPricesRequest {
        tenant_id: caller.tenant_id().to_owned(),
        ..ListPricesRequest::default()
    };
    let answer = core.list_prices(request).await;
    let answer = answer.map_err(|error| error.into_api(&[]))?;
    let tools = current(answer.prices, Timestamp::now())
        .map(shown)
        .collect::<Result<_, _>>()?;
    Ok(Json(PricingResponse {
        success: true,
        tools,
    }))
}

/// Of each tool the version with the latest start, of those that have started; of one start the one that was set
/// last: as the contract has it.
pub(crate) fn current(prices: Vec<Price>, now: Timestamp) -> impl Iterator<Item = Price> {
    let start = |price: &Price| {
        let at = price.effective_at.as_ref();
        at.map(|at| (at.seconds, at.nanos))
    };
    let now = (now.as_second(), now.subsec_nanosecond());
    let mut by_tool: BTreeMap<String, Price> = BTreeMap::new();
    for price in prices {
        if price.cancelled_at.is_some() || start(&price) > Some(now) {
            continue;
        }
        let rank = |price: &Price| (start(price), price.version);
        match by_tool.get(&price.tool) {
            Some(other) if rank(other) >= rank(&price) => {}
            Some(_) | None => {
                by_tool.insert(price.tool.clone(), price);
            }
        }
    }
    by_tool.into_values()
}

pub(crate) fn shown(price: Price) -> Result<ToolPrice, ApiError> {
    let costs = price.unit_prices.iter().any(|unit| unit.amount_micros > 0);
    let units = price.unit_prices.into_iter().map(|unit| UnitPrice {
        unit: unit.unit,
        price_usd: Usd::from_micros(unit.amount_micros),
        per_units: unit.per_units,
    });
    Ok(ToolPrice {
        free: price.exempt || (price.per_call_micros == 0 && !costs),
        free_calls_per_day: price.free_calls_per_day,
        units: units.collect(),
        fixed_usd: (price.per_call_micros > 0).then_some(Usd::from_micros(price.per_call_micros)),
        version: price.version,
        valid_from: written(price.effective_at.as_ref())?
            .ok_or_else(|| ApiError::fault("a price has no start"))?,
        tool: price.tool,
    })
}

#[cfg(test)]
mod tests {
    use billing_proto::v1::Price;
    use jiff::Timestamp;

    use super::current;

    #[test]
    fn of_each_tool_the_version_that_holds_now_is_told() {
        let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let price = |tool: &str, version, start| Price {
            tool: tool.to_owned(),
            version,
            effective_at: at(start),
            ..Price::default()
        };
        let cancelled = Price {
            cancelled_at: at(1),
            ..price("a", 5, 90)
        };
        let listed = vec![
            price("b", 1, 200),
            price("a", 4, 101),
            cancelled,
            price("a", 3, 80),
            price("a", 2, 80),
            price("a", 1, 50),
        ];
        let now = Timestamp::from_second(100).unwrap();
        let held: Vec<_> = current(listed, now)
            .map(|price| (price.tool, price.version))
            .collect();
        assert_eq!(held, [("a".to_owned(), 3)]);
    }
}
