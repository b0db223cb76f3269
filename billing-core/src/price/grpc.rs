//! `SetPrice`, `CancelPrice`, `ListPrices`, `EstimateCost`.

use billing_proto::v1::{self, ErrorReason};
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use super::terms::{TOOL_BYTES, parse_free_calls, parse_unit_prices};
use super::{
    CancelError, CataloguePulse, Price, PriceError, Stale, Terms, ToolUse, UnpricedTools, Words,
    cost_of,
};
use crate::admin_change::{Said, Subject, Turns};
use crate::database::clock;
use crate::field::{self, FieldError};
use crate::money::Micros;
use crate::rpc::{TENANT_BYTES, call_of, timestamp};
use crate::status::{of_change, with_reason};

pub async fn set_price(
    turns: &Turns,
    pool: &PgPool,
    request: Request<v1::SetPriceRequest>,
) -> Result<Response<v1::SetPriceResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant_id = field::identifier("tenant_id", request.tenant_id, TENANT_BYTES)?;
    call.tenant(&tenant_id)?;
    let tool = field::identifier("tool", request.tool, TOOL_BYTES)?;
    let unit_prices = request.unit_prices.into_iter();
    let unit_prices = unit_prices.map(|price| (price.unit, price.amount_micros, price.per_units));
    let terms = Terms {
        per_call: field::amount("per_call_micros", request.per_call_micros)?,
        unit_prices: parse_unit_prices(unit_prices.collect())?,
        exempt: request.exempt,
        free_calls_per_day: parse_free_calls(request.free_calls_per_day)?,
    };
    let effective_at = field::timestamp("effective_at", request.effective_at)?;
    let said = Said::parse(request.actor, request.reason)?;
    let name = (tenant_id.as_str(), tool.as_str());
    let setting = super::set(pool, name, &terms, effective_at, said);
    let placed = turns.change(&call, subject(name), setting).await?;
    Ok(Response::new(v1::SetPriceResponse {
        price: Some(shown(placed.price)),
        superseded: placed.superseded.map(shown),
        planned: placed.planned.into_iter().map(shown).collect(),
        prices: placed.prices.into_iter().map(shown).collect(),
    }))
}

pub async fn cancel_price(
    turns: &Turns,
    pool: &PgPool,
    request: Request<v1::CancelPriceRequest>,
) -> Result<Response<v1::CancelPriceResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant_id = field::text("tenant_id", request.tenant_id, TENANT_BYTES)?;
    call.tenant(&tenant_id)?;
    let tool = field::text("tool", request.tool, TOOL_BYTES)?;
    let version = field::number("version", request.version, 1, i64::MAX)?;
    let words = Words {
        reason: &field::text("reason", request.reason, 500)?,
        actor: &field::text("actor", request.actor, 255)?,
    };
    let name = (tenant_id.as_str(), tool.as_str());
    let cancelling = super::cancel(pool, name, version, &words, request.or_restore);
    let cancelled = turns.carry_out(&call, subject(name), cancelling).await??;
    Ok(Response::new(v1::CancelPriceResponse {
        price: Some(shown(cancelled.price)),
        restored: cancelled.restored.map(shown),
        prices: cancelled.prices.into_iter().map(shown).collect(),
    }))
}

/// The prices of a tool, by their tenant and its name, are changed one after the other.
fn subject((tenant, tool): (&str, &str)) -> Subject {
    Subject::Tool {
        tenant: tenant.to_owned(),
        tool: tool.to_owned(),
    }
}

impl From<CancelError> for Status {
    fn from(error: CancelError) -> Self {
        let message = error.to_string();
        match error {
            CancelError::NotFound => with_reason(ErrorReason::PriceNotFound, message, []),
            CancelError::Started => with_reason(ErrorReason::PriceStarted, message, []),
            CancelError::Sql(error) => of_change(&error),
        }
    }
}

pub async fn list_prices(
    pool: &PgPool,
    request: Request<v1::ListPricesRequest>,
) -> Result<Response<v1::ListPricesResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant_id = field::text("tenant_id", request.tenant_id, TENANT_BYTES)?;
    call.tenant(&tenant_id)?;
    let tool = field::optional_text("tool", request.tool, TOOL_BYTES)?;
    let prices = call
        .query(super::list(
            pool,
            &tenant_id,
            tool.as_deref(),
            request.include_past,
        ))
        .await?;
    Ok(Response::new(v1::ListPricesResponse {
        prices: prices.into_iter().map(shown).collect(),
    }))
}

pub async fn estimate_cost(
    catalogue: &CataloguePulse,
    pool: &PgPool,
    request: Request<v1::EstimateCostRequest>,
) -> Result<Response<v1::EstimateCostResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant_id = field::text("tenant_id", request.tenant_id, TENANT_BYTES)?;
    call.tenant(&tenant_id)?;
    let usage = request
        .tool
        .ok_or_else(|| FieldError::new("tool", "must be given"))?;
    let tool = parse_tool_use("tool", usage, &tenant_id)?;
    let now = call.query(clock(pool)).await?;
    let catalogue = catalogue.fresh()?;
    let Some(price) = catalogue.price(&tool, now) else {
        return Ok(Response::new(v1::EstimateCostResponse {
            required_micros: 0,
            price_version: None,
            priced: catalogue.unpriced_tools(&tenant_id) == UnpricedTools::Free,
            exempt: false,
        }));
    };
    let cost = cost_of(&price.terms, &tool.quantities)
        .map_err(|error| FieldError::new("tool.quantities", error.to_string()))?;
    Ok(Response::new(v1::EstimateCostResponse {
        required_micros: cost.get(),
        price_version: Some(price.version),
        priced: true,
        exempt: price.terms.exempt,
    }))
}

fn shown(price: Price) -> v1::Price {
    v1::Price {
        tenant_id: price.tenant_id,
        tool: price.tool,
        version: price.version,
        per_call_micros: price.terms.per_call.get(),
        unit_prices: price
            .terms
            .unit_prices
            .into_iter()
            .map(|unit| v1::UnitPrice {
                unit: unit.unit,
                amount_micros: Micros::get(unit.amount),
                per_units: unit.per_units,
            })
            .collect(),
        exempt: price.terms.exempt,
        free_calls_per_day: price.terms.free_calls_per_day.into(),
        effective_at: Some(timestamp(price.effective_at)),
        created_at: Some(timestamp(price.created_at)),
        cancelled_at: price.cancelled_at.map(timestamp),
    }
}

/// A tool's use; `path` is how the request names it.
pub fn parse_tool_use(
    path: &str,
    usage: v1::ToolUsage,
    tenant_id: &str,
) -> Result<ToolUse, FieldError> {
    let quantities = format!("{path}.quantities");
    if usage.quantities.len() > 16 {
        return Err(FieldError::new(quantities, "must have at most 16 units"));
    }
    for (unit, quantity) in &usage.quantities {
        field::text(&quantities, unit.clone(), 64)?;
        field::number(&quantities, *quantity, 0, i64::MAX).map_err(|_| {
            FieldError::new(quantities.clone(), format!("{unit:?} must not be negative"))
        })?;
    }
    Ok(ToolUse {
        tenant_id: tenant_id.to_owned(),
        name: field::identifier(&format!("{path}.name"), usage.name, 128)?,
        quantities: usage.quantities,
    })
}

impl From<Stale> for Status {
    fn from(stale: Stale) -> Self {
        with_reason(ErrorReason::PriceListStale, stale.to_string(), [])
    }
}

impl From<PriceError> for Status {
    fn from(error: PriceError) -> Self {
        FieldError::new("cost.tool.quantities", error.to_string()).into()
    }
}
