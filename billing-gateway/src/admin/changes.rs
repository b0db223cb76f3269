//! `GET /api/admin/audit`, `GET /api/admin/users/{id}/changes`: who changed what, and why.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use billing_proto::v1::{AdminChange, ListAdminChangesRequest, ListAdminChangesResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::{AdminPagination, Administrator, PAGE_FIELDS, Page, filled, named_user};
use crate::auth::PublicTenants;
use crate::core::{AdminCore, CoreError, written};
use crate::currency::Currency;
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;
use crate::usd::Usd;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangesResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    /// Newest first.
    changes: Vec<Change>,
    pagination: AdminPagination,
}

/// What somebody changed by hand.
#[derive(Debug, Serialize, ToSchema)]
struct Change {
    /// RFC 3339.
    #[schema(format = DateTime)]
    at: String,
    /// Who: an administrator's user id, or an operator's name; null where it was not said, or is erased.
    #[schema(required = true)]
    actor: Option<String>,
    /// `settings`, `suspend`, `resume`, `billing_enabled`, `grant`, `adjustment`, `charge_refund`,
    /// `payment_refund`, `price_set`, `price_cancel` or `switch`; there may come others.
    #[schema(example = "adjustment")]
    action: String,
    /// Whose account; null: the tenant's prices, or the service's switches.
    #[schema(required = true)]
    user_id: Option<String>,
    /// Null as for the actor.
    #[schema(required = true)]
    reason: Option<String>,
    /// What was changed, each value as text; a value that was not there is missing.
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
    /// The transaction, where the change moved money.
    #[schema(required = true)]
    entry_id: Option<String>,
    /// The refund of a payment.
    #[schema(required = true)]
    refund_id: Option<String>,
    #[schema(required = true)]
    payment_id: Option<String>,
}

/// Who changed what of the tenant, newest first
///
/// With the switches of the whole service, where the administrator may see them.
#[utoipa::path(
    get,
    path = "/api/admin/audit",
    operation_id = "adminListChanges",
    tag = "admin",
    security(("bearer" = [])),
    params(
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 200,
         description = "How many changes; absent: 50"),
        ("before" = Option<String>, Query,
         description = "The `next_before` of the page before"),
    ),
    responses(
        (status = 200, body = ChangesResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(tenants): State<PublicTenants>,
    core: AdminCore,
    administrator: Administrator,
    query: QueryText,
) -> Result<Json<ChangesResponse>, ApiError> {
    let page = Page::of(&query)?;
    let of_tenant = request(&administrator, String::new(), &page);
    let with_switches = ListAdminChangesRequest {
        with_switches: tenants.is_single(),
        ..of_tenant.clone()
    };
    let answer = match core.list_admin_changes(with_switches).await {
        Err(error) if error.wants_all_tenants() => core.list_admin_changes(of_tenant).await,
        answer => answer,
    };
    shown(&page, answer).map(Json)
}

/// Who changed what of a user's account, newest first
#[utoipa::path(
    get,
    path = "/api/admin/users/{id}/changes",
    operation_id = "adminListUserChanges",
    tag = "admin",
    security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The user as the tenant names them"),
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 200,
         description = "How many changes; absent: 50"),
        ("before" = Option<String>, Query,
         description = "The `next_before` of the page before"),
    ),
    responses(
        (status = 200, body = ChangesResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn of_user(
    core: AdminCore,
    administrator: Administrator,
    path: Result<Path<String>, PathRejection>,
    query: QueryText,
) -> Result<Json<ChangesResponse>, ApiError> {
    let page = Page::of(&query)?;
    let of_user = request(&administrator, named_user(path)?, &page);
    shown(&page, core.list_admin_changes(of_user).await).map(Json)
}

fn request(administrator: &Administrator, user_id: String, page: &Page) -> ListAdminChangesRequest {
    ListAdminChangesRequest {
        tenant_id: administrator.tenant_id(),
        user_id,
        page_size: page.limit,
        page_token: page.before.clone(),
        with_switches: false,
    }
}

fn shown(
    page: &Page,
    answer: Result<ListAdminChangesResponse, CoreError>,
) -> Result<ChangesResponse, ApiError> {
    let answer = answer.map_err(|error| error.into_api(PAGE_FIELDS))?;
    let changes = answer
        .changes
        .into_iter()
        .map(Change::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(ChangesResponse {
        success: true,
        pagination: AdminPagination::of(page, changes.len(), answer.next_page_token),
        changes,
    })
}

impl TryFrom<AdminChange> for Change {
    type Error = ApiError;

    fn try_from(change: AdminChange) -> Result<Self, ApiError> {
        Ok(Self {
            at: written(change.changed_at.as_ref())?
                .ok_or_else(|| ApiError::fault("a change has no time"))?,
            actor: filled(change.actor),
            action: change.action,
            user_id: change.account.and_then(|account| filled(account.user_id)),
            reason: filled(change.reason),
            before: in_our_units(change.before),
            after: in_our_units(change.after),
            entry_id: filled(change.entry_id),
            refund_id: filled(change.refund_id),
            payment_id: filled(change.payment_id),
        })
    }
}

/// The core's micros as dollars, and its minor units as an amount of their currency.
fn in_our_units(values: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let values: BTreeMap<String, String> = values.into_iter().collect();
    // Terms of support have none beside them: they are in dollars.
    let currency = Currency::of(values.get("currency").map_or("USD", |code| code));
    values
        .iter()
        .map(|(name, value)| {
            if name == "unit_prices" {
                return (name.clone(), units_in_dollars(value));
            }
            if name == "presets_minor" {
                return ("presets".to_owned(), amounts(value, currency));
            }
            let number = value.parse::<i64>().ok();
            let dollars = name.strip_suffix("_micros").zip(number);
            if let Some((name, micros)) = dollars {
                return (format!("{name}_usd"), Usd::from_micros(micros).to_string());
            }
            let minor = name.strip_suffix("_minor").zip(number);
            let amount = minor.and_then(|(name, minor)| Some((name, currency?.amount(minor)?)));
            match amount {
                Some((name, amount)) => (name.to_owned(), amount.to_string()),
                None => (name.clone(), value.clone()),
            }
        })
        .collect()
}

/// Minor units, one beside the other, as amounts.
fn amounts(minors: &str, currency: Option<Currency>) -> String {
    let amount = |minor: &str| Some(currency?.amount(minor.parse().ok()?)?.to_string());
    let minors = minors.split(' ');
    let shown = minors.map(|minor| amount(minor).unwrap_or_else(|| minor.to_owned()));
    shown.collect::<Vec<_>>().join(" ")
}

/// `tokens=150000/1000000`, one beside the other, each with the micros for so many of its unit.
fn units_in_dollars(prices: &str) -> String {
    let dollars = |price: &str| {
        let (unit, price) = price.rsplit_once('=')?;
        let (micros, per) = price.split_once('/')?;
        let amount = Usd::from_micros(micros.parse().ok()?);
        Some(format!("{unit}={amount}/{per}"))
    };
    let prices = prices.split(' ');
    let shown = prices.map(|price| dollars(price).unwrap_or_else(|| price.to_owned()));
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::in_our_units;

    fn told(values: &[(&str, &str)]) -> Vec<(String, String)> {
        let values = values.iter();
        let values = values.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        in_our_units(values).into_iter().collect()
    }

    #[test]
    fn amounts_of_a_change_are_in_the_units_of_the_rest_surface() {
        let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let limits = told(&[("daily_limit_micros", "10500000"), ("suspended", "true")]);
        let expected = [of("daily_limit_usd", "10.5"), of("suspended", "true")];
        assert_eq!(limits, expected);
        let refund = told(&[("amount_minor", "1050"), ("currency", "UAH")]);
        assert_eq!(refund, [of("amount", "10.5"), of("currency", "UAH")]);
        let units = told(&[("unit_prices", "out tokens=150000/1000000 pages=10/1")]);
        let dollars = "out tokens=0.15/1000000 pages=0.00001/1";
        assert_eq!(units, [of("unit_prices", dollars)]);
        // Whatever cannot be said otherwise is said as it came.
        let terms = told(&[("goal_minor", "50000"), ("presets_minor", "1000 2550")]);
        assert_eq!(terms, [of("goal", "500"), of("presets", "10 25.5")]);
        let unknown = told(&[("amount_minor", "many"), ("currency", "XXX")]);
        assert_eq!(unknown, [of("amount_minor", "many"), of("currency", "XXX")]);
    }
}
