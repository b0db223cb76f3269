//! The price list of every scenario, as `cargo xtask up` has it, without free calls.

use anyhow::{Context, Result};
use billing_proto::v1::price_service_client::PriceServiceClient;
use billing_proto::v1::{EstimateCostRequest, SetPriceRequest, ToolUsage, UnitPrice};

use super::Way;
use crate::patience::Patience;

const CENT: i64 = 10_000;

/// Sets them, and waits until they hold: some seconds.
pub(super) async fn set(prices: &mut PriceServiceClient<Way>, tenant_id: &str) -> Result<()> {
    for price in list(tenant_id) {
        let tool = price.tool.clone();
        let set = prices.set_price(price).await;
        set.with_context(|| format!("cannot price {tool}"))?;
    }
    for price in list(tenant_id) {
        let patience = Patience::new();
        while !holds(prices, &price).await? {
            let late = anyhow::anyhow!("the price of {} does not hold", price.tool);
            patience.or(late).await?;
        }
    }
    Ok(())
}

async fn holds(prices: &mut PriceServiceClient<Way>, price: &SetPriceRequest) -> Result<bool> {
    let units = price
        .unit_prices
        .iter()
        .map(|price| (price.unit.clone(), 1));
    let request = EstimateCostRequest {
        tenant_id: price.tenant_id.clone(),
        tool: Some(ToolUsage {
            name: price.tool.clone(),
            quantities: units.collect(),
        }),
    };
    Ok(prices.estimate_cost(request).await?.into_inner().priced)
}

/// `unpriced_tool` has none.
fn list(tenant_id: &str) -> [SetPriceRequest; 3] {
    let price = |tool: &str, per_call_micros| SetPriceRequest {
        tenant_id: tenant_id.to_owned(),
        tool: tool.to_owned(),
        per_call_micros,
        ..SetPriceRequest::default()
    };
    let unit = |unit: &str, amount_micros, per_units| UnitPrice {
        unit: unit.to_owned(),
        amount_micros,
        per_units,
    };
    [
        price("search", 2 * CENT),
        SetPriceRequest {
            unit_prices: vec![
                unit("query_tokens", 15 * CENT, 1_000_000),
                unit("budget_quick", CENT, 1),
                unit("budget_standard", 5 * CENT, 1),
                unit("budget_deep", 25 * CENT, 1),
            ],
            ..price("summarize", 0)
        },
        SetPriceRequest {
            exempt: true,
            ..price("ping", 0)
        },
    ]
}
