//! `GET /api/admin/stats/overview`: how the tenant stands.

use axum::Json;
use billing_proto::v1::GetTenantOverviewRequest;
use serde::Serialize;
use utoipa::ToSchema;

use super::Administrator;
use crate::core::{AdminCore, written};
use crate::problem::{ApiError, Problem};
use crate::usd::Usd;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OverviewResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    overview: Overview,
}

/// Days and months are of UTC.
#[derive(Debug, Serialize, ToSchema)]
struct Overview {
    /// Number of accounts.
    accounts: i64,
    /// Received, less what of it was given back since.
    revenue_today_usd: Usd,
    revenue_month_usd: Usd,
    /// Charges less refunds of charges.
    spent_today_usd: Usd,
    spent_month_usd: Usd,
    /// Payments that somebody is to look at.
    payments_in_review: i64,
    /// Mail that was tried and has not left.
    undelivered_mail: i64,
    /// When this was counted, RFC 3339: up to a minute ago.
    #[schema(format = DateTime)]
    as_of: String,
}

/// How the tenant stands
#[utoipa::path(
    get,
    path = "/api/admin/stats/overview",
    operation_id = "adminGetOverview",
    tag = "admin",
    security(("bearer" = [])),
    responses(
        (status = 200, body = OverviewResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: AdminCore,
    administrator: Administrator,
) -> Result<Json<OverviewResponse>, ApiError> {
    let request = GetTenantOverviewRequest {
        tenant_id: administrator.tenant_id(),
    };
    let answer = core
        .get_tenant_overview(request)
        .await
        .map_err(|error| error.into_api(&[]))?;
    Ok(Json(OverviewResponse {
        success: true,
        overview: Overview {
            accounts: answer.account_count,
            revenue_today_usd: Usd::from_micros(answer.revenue_today_micros),
            revenue_month_usd: Usd::from_micros(answer.revenue_month_micros),
            spent_today_usd: Usd::from_micros(answer.spent_today_micros),
            spent_month_usd: Usd::from_micros(answer.spent_month_micros),
            payments_in_review: answer.payments_in_review,
            undelivered_mail: answer.undelivered_mail,
            as_of: written(answer.as_of.as_ref())?
                .ok_or_else(|| ApiError::fault("an overview has no time"))?,
        },
    }))
}
