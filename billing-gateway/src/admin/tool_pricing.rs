//! `/api/admin/tool-pricing`: what the tenant's tools cost, and a new price of one.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use billing_proto::v1::Price;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::price::{BASE_COST, MARKUP, begin, cancel, per_call, planned, versions};
use super::{Administrator, optional_reason};
use crate::core::{AdminCore, Core, written};
use crate::json_object::JsonObject;
use crate::payment::named;
use crate::prices::{ToolPrice, current};
use crate::problem::{ApiError, Problem};
use crate::usd::Usd;

const IS_ACTIVE: &str = "is_active";

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ToolPricingResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    /// By their names.
    tools: Vec<PricedTool>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PricedToolResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    /// Null: it has no price any more.
    #[schema(required = true)]
    tool: Option<PricedTool>,
}

/// A tool and its price: the one that holds, or, before any does, the first that will.
#[derive(Debug, Serialize, ToSchema)]
struct PricedTool {
    #[serde(flatten)]
    price: ToolPrice,
    /// The price holds now. A tool may have none that does: then the tenant's rule for such tools holds.
    is_active: bool,
    /// What a call costs, beside its units. A markup that was set is part of it.
    base_cost_usd: Usd,
    /// Always 0: see `base_cost_usd`.
    markup_percent: Usd,
    /// Prices that begin later, the first one first.
    planned: Vec<PlannedPrice>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PlannedPrice {
    version: i64,
    per_call_usd: Usd,
    /// RFC 3339.
    #[schema(format = DateTime)]
    valid_from: String,
}

/// A new price of a tool.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct ToolPricingBody {
    /// What a call costs before the markup. Required, unless `is_active` is false. 0: the call itself is free.
    #[schema(required = false, nullable = false)]
    base_cost_usd: Option<Usd>,
    /// A call costs the base and so much of it, rounded up to a millionth of a dollar. Absent: 0.
    #[schema(required = false, nullable = false)]
    markup_percent: Option<Usd>,
    /// False: prices that have not begun yet are taken back. One that begins within seconds holds until the price before it
    /// is set again: `planned` says when.
    #[schema(required = false, nullable = false)]
    is_active: Option<bool>,
    /// Why; at most 500 bytes. Kept with the change.
    #[schema(required = false)]
    reason: Option<String>,
}

/// What the tenant's tools cost
#[utoipa::path(
    get,
    path = "/api/admin/tool-pricing",
    operation_id = "adminListToolPricing",
    tag = "admin",
    security(("bearer" = [])),
    responses(
        (status = 200, body = ToolPricingResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    core: Core,
    administrator: Administrator,
) -> Result<Json<ToolPricingResponse>, ApiError> {
    let mut prices = versions(&core, &administrator, "").await?;
    prices.sort_by(|one, other| one.tool.cmp(&other.tool));
    let now = Timestamp::now();
    let tools = prices
        .chunk_by(|one, other| one.tool == other.tool)
        .filter_map(|versions| priced(versions, now).transpose())
        .collect::<Result<_, _>>()?;
    Ok(Json(ToolPricingResponse {
        success: true,
        tools,
    }))
}

/// Sets what a call of a tool costs, from now on
///
/// It begins some seconds later. The prices of its units, and its free calls, stay. A price that is planned
/// for later still takes over then: `planned` of the answer has those.
#[utoipa::path(
    put,
    path = "/api/admin/tool-pricing/{tool}",
    operation_id = "adminSetToolPricing",
    tag = "admin",
    security(("bearer" = [])),
    params(("tool" = String, Path)),
    request_body = ToolPricingBody,
    responses(
        (status = 200, body = PricedToolResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set(
    core: Core,
    admin_core: AdminCore,
    administrator: Administrator,
    path: Result<Path<String>, PathRejection>,
    body: JsonObject,
) -> Result<Json<PricedToolResponse>, ApiError> {
    body.only(&[BASE_COST, MARKUP, IS_ACTIVE, "reason"])?;
    let tool = named(path)?;
    let reason = optional_reason(&body)?;
    let begins = body.boolean(IS_ACTIVE)?.unwrap_or(true);
    let per_call = per_call(&body)?;
    let versions = if begins {
        let message = "must be given: what a call costs, in US dollars";
        let per_call = per_call.ok_or_else(|| ApiError::invalid(BASE_COST, message))?;
        begin(&core, &admin_core, &administrator, &tool, per_call, reason).await?
    } else {
        cancel(&core, &admin_core, &administrator, &tool, reason).await?
    };
    Ok(Json(PricedToolResponse {
        success: true,
        tool: priced(&versions, Timestamp::now())?,
    }))
}

/// None where no version of the tool's price holds, or will.
fn priced(versions: &[Price], now: Timestamp) -> Result<Option<PricedTool>, ApiError> {
    let held = current(versions.to_vec(), now).next();
    let planned = planned(versions, now);
    let is_active = held.is_some();
    let Some(shown) = held.or_else(|| planned.first().map(|first| (*first).clone())) else {
        return Ok(None);
    };
    Ok(Some(PricedTool {
        is_active,
        base_cost_usd: Usd::from_micros(shown.per_call_micros),
        markup_percent: Usd::from_micros(0),
        price: crate::prices::shown(shown)?,
        planned: planned
            .into_iter()
            .map(PlannedPrice::try_from)
            .collect::<Result<_, _>>()?,
    }))
}

impl TryFrom<&Price> for PlannedPrice {
    type Error = ApiError;

    fn try_from(price: &Price) -> Result<Self, ApiError> {
        Ok(Self {
            version: price.version,
            per_call_usd: Usd::from_micros(price.per_call_micros),
            valid_from: written(price.effective_at.as_ref())?
                .ok_or_else(|| ApiError::fault("a price has no start"))?,
        })
    }
}
