//! A new price of a tool, by what a call costs the tenant and a markup; and one that is taken back before it
//! begins.

use billing_proto::v1::{
    CancelPriceRequest, ErrorReason, ListPricesRequest, Price, SetPriceRequest,
};
use jiff::{SignedDuration, Timestamp};

use super::Administrator;
use crate::core::{AdminCore, Core, CoreError, FieldNames};
use crate::json_object::{AmountMember, JsonObject};
use crate::prices::current;
use crate::problem::ApiError;

pub(super) const BASE_COST: &str = "base_cost_usd";
pub(super) const MARKUP: &str = "markup_percent";

const FIELDS: FieldNames<'static> = &[
    ("per_call_micros", BASE_COST),
    ("tool", "tool"),
    ("reason", "reason"),
];

/// What a cancelled version says where nobody says more.
const SET_INACTIVE: &str = "set inactive";

/// A version that is set without a start begins within this.
const BEGINS_WITHIN: SignedDuration = SignedDuration::from_secs(10);

/// 100 %, with the six decimals that amounts have.
const WHOLE: i128 = 100_000_000;

/// Every version of the price of a tool, or of all where it is empty; cancelled ones are left out.
pub(super) async fn versions(
    core: &Core,
    administrator: &Administrator,
    tool: &str,
) -> Result<Vec<Price>, ApiError> {
    let request = ListPricesRequest {
        tenant_id: administrator.tenant_id(),
        tool: tool.to_owned(),
        include_past: false,
    };
    let answer = core.list_prices(request).await;
    let mut prices = answer.map_err(|error| error.into_api(FIELDS))?.prices;
    prices.retain(|price| price.cancelled_at.is_none());
    Ok(prices)
}

/// Those that have not begun, the first one first.
pub(super) fn planned(versions: &[Price], now: Timestamp) -> Vec<&Price> {
    let mut planned: Vec<&Price> = versions
        .iter()
        .filter(|price| starts(price).is_some_and(|at| at > now))
        .collect();
    planned.sort_by_key(|price| (starts(price), price.version));
    planned
}

fn starts(price: &Price) -> Option<Timestamp> {
    let at = price.effective_at.as_ref()?;
    Timestamp::new(at.seconds, at.nanos).ok()
}

/// What a call is to cost, in micros, by the base and the markup of a body; none where it has no base.
pub(super) fn per_call(body: &JsonObject) -> Result<Option<i64>, ApiError> {
    let markup_micros = match body.amount(MARKUP)? {
        AmountMember::Absent | AmountMember::Null => 0,
        AmountMember::Amount(percent) => percent.micros(),
    };
    let base_micros = match body.amount(BASE_COST)? {
        AmountMember::Absent => return Ok(None),
        AmountMember::Null => return Err(ApiError::invalid(BASE_COST, "must be a JSON number")),
        AmountMember::Amount(base) => base.micros(),
    };
    let marked_up = marked_up(base_micros, markup_micros);
    let micros = marked_up.ok_or_else(|| ApiError::invalid(BASE_COST, "is too large"))?;
    Ok(Some(micros))
}

/// Rounded up: a part of a micro is not given away.
fn marked_up(base_micros: i64, markup_micros: i64) -> Option<i64> {
    let share = WHOLE.checked_add(markup_micros.into())?;
    let whole = i128::from(base_micros).checked_mul(share)?;
    let rounded_up = whole
        .checked_add(WHOLE.checked_sub(1)?)?
        .checked_div(WHOLE)?;
    i64::try_from(rounded_up).ok()
}

/// Sets a price of each call as soon as one can begin. What its units cost, and how many calls are free, stays
/// as it then is. Answers with the tool's prices as that left them.
pub(super) async fn begin(
    core: &Core,
    admin_core: &AdminCore,
    administrator: &Administrator,
    tool: &str,
    per_call_micros: i64,
    reason: String,
) -> Result<Vec<Price>, ApiError> {
    let before = versions(core, administrator, tool).await?;
    let begins = Timestamp::now().saturating_add(BEGINS_WITHIN);
    let begins = begins.map_err(ApiError::fault)?;
    let before = current(before, begins).next().unwrap_or_default();
    let request = SetPriceRequest {
        tenant_id: administrator.tenant_id(),
        tool: tool.to_owned(),
        per_call_micros,
        unit_prices: before.unit_prices,
        exempt: false,
        free_calls_per_day: before.free_calls_per_day,
        effective_at: None,
        reason,
        actor: administrator.actor(),
    };
    let answer = admin_core.set_price(request).await;
    answer
        .map(|set| set.prices)
        .map_err(|error| error.into_api(FIELDS))
}

/// Cancels whatever has not begun, and sets again what holds where it is too late for that. A price that holds is taken
/// away by nobody: another one takes its place. Answers with the tool's prices as that left them.
pub(super) async fn cancel(
    core: &Core,
    admin_core: &AdminCore,
    administrator: &Administrator,
    tool: &str,
    reason: String,
) -> Result<Vec<Price>, ApiError> {
    let versions = versions(core, administrator, tool).await?;
    let planned = planned(&versions, Timestamp::now());
    if planned.is_empty() {
        return Err(if versions.is_empty() {
            ApiError::NotFound
        } else {
            ApiError::PriceHolds
        });
    }
    let reason = if reason.is_empty() {
        SET_INACTIVE.to_owned()
    } else {
        reason
    };
    let mut left = Vec::new();
    // The last one first: each is what would hold without those behind it.
    for price in planned.into_iter().rev() {
        let request = CancelPriceRequest {
            tenant_id: administrator.tenant_id(),
            tool: tool.to_owned(),
            version: price.version,
            reason: reason.clone(),
            actor: administrator.actor(),
            or_restore: true,
        };
        let answer = admin_core.cancel_price(request).await.map_err(refusal)?;
        left = answer.prices;
    }
    Ok(left)
}

fn refusal(error: CoreError) -> ApiError {
    match error {
        CoreError::Refused(refusal) if refusal.reason == ErrorReason::PriceStarted => {
            ApiError::PriceHolds
        }
        error => error.into_api(FIELDS),
    }
}

#[cfg(test)]
mod tests {
    use super::{marked_up, per_call};

    #[test]
    fn a_markup_is_exact_and_rounds_up_to_a_micro() {
        let percent = |percent: i64| percent * 1_000_000;
        assert_eq!(marked_up(100_000, percent(25)), Some(125_000));
        assert_eq!(marked_up(100_000, 0), Some(100_000));
        assert_eq!(marked_up(1, percent(1)), Some(2));
        assert_eq!(marked_up(0, percent(300)), Some(0));
        // A third of a percent of a micro.
        assert_eq!(marked_up(10, 333_333), Some(11));
        assert_eq!(marked_up(i64::MAX, percent(1)), None);
    }

    #[test]
    fn a_base_of_a_body_is_read_exactly() {
        let of = |json: &str| per_call(&serde_json::from_str(json).unwrap());
        assert_eq!(of("{}").unwrap(), None);
        let marked = of(r#"{"base_cost_usd": 0.0333, "markup_percent": 12.5}"#);
        assert_eq!(marked.unwrap(), Some(37_463));
        for refused in [
            r#"{"base_cost_usd": null}"#,
            r#"{"base_cost_usd": -1}"#,
            r#"{"base_cost_usd": 1e-3}"#,
            r#"{"base_cost_usd": 1, "markup_percent": "10"}"#,
            r#"{"base_cost_usd": 1, "markup_percent": -10}"#,
        ] {
            assert!(of(refused).is_err(), "{refused}");
        }
    }
}
