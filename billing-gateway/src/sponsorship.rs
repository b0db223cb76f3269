//! `GET /api/v1/sponsorship`: how a tenant is supported, for the pages that ask for it.

use axum::http::HeaderMap;
use axum::response::Response;
use billing_proto::v1::GetSponsorshipRequest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::core::Core;
use crate::currency::USD;
use crate::entity_tag::{self, ASKED_EACH_TIME};
use crate::problem::{ApiError, Problem};
use crate::public_tenant::PublicTenant;

/// What the core takes of a contribution.
const LEAST_CENTS: i64 = 500;
const MOST_CENTS: i64 = 1_000_000;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SponsorshipResponse {
    /// ISO 4217: of contributions, and of all amounts here.
    #[schema(example = "USD")]
    currency: &'static str,
    /// The least and the most that can be given at once.
    min_amount_cents: i64,
    max_amount_cents: i64,
    /// What a form offers.
    presets_cents: Vec<i64>,
    /// A month's; 0: no goal.
    goal_cents: i64,
    thresholds_cents: Thresholds,
    /// IANA name of the zone whose months count.
    time_zone: String,
    /// Whether anybody may read supporters' totals, counts and first dates.
    shows_totals: bool,
    /// The words by which people consent to be named; empty: those of the page.
    wording: String,
    /// Which words these are: kept with each consent.
    wording_version: String,
    /// An operator lets no new payment begin.
    payments_paused: bool,
    /// The operator's text, for payers; null where payments begin.
    #[schema(required = true)]
    payments_paused_reason: Option<String>,
}

/// From which lifetime total on a badge is had.
#[derive(Debug, Serialize, ToSchema)]
struct Thresholds {
    bronze: i64,
    silver: i64,
    gold: i64,
    platinum: i64,
}

/// How a tenant is supported
///
/// What a form for contributions needs. A tenant that set nothing has the defaults.
#[utoipa::path(
    get,
    path = "/api/v1/sponsorship",
    operation_id = "getSponsorship",
    tag = "sponsorship",
    security((), ("bearer" = [])),
    params(
        ("tenant" = Option<String>, Query, description = "Else `X-Tenant-Id`, else the default tenant"),
        ("X-Tenant-Id" = Option<String>, Header, description = "Where the query names no `tenant`"),
    ),
    responses(
        (status = 200, body = SponsorshipResponse),
        (status = 304, description = "The client has it: `If-None-Match` names its `ETag`"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    PublicTenant { tenant_id, .. }: PublicTenant,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = core
        .get_sponsorship(GetSponsorshipRequest { tenant_id })
        .await
        .map_err(|error| error.into_api(&[]))?;
    let reason = answer.payments_off_reason;
    let terms = answer
        .sponsorship
        .ok_or_else(|| ApiError::fault("the core's answer has no sponsorship"))?;
    let body = SponsorshipResponse {
        currency: USD.code,
        min_amount_cents: LEAST_CENTS,
        max_amount_cents: MOST_CENTS,
        presets_cents: terms.presets_minor,
        goal_cents: terms.goal_minor,
        thresholds_cents: Thresholds {
            bronze: terms.bronze_minor,
            silver: terms.silver_minor,
            gold: terms.gold_minor,
            platinum: terms.platinum_minor,
        },
        time_zone: terms.time_zone,
        shows_totals: terms.shows_totals,
        wording: terms.wording,
        wording_version: terms.wording_version,
        payments_paused: answer.payments_off,
        payments_paused_reason: answer.payments_off.then_some(reason),
    };
    entity_tag::json(&headers, ASKED_EACH_TIME, &body)
}
