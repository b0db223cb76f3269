//! `GET /api/billing/payment/{provider}/{payment_id}/status`: where a payment stands.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::Core;
use crate::payment::shown::{ShownPayment, ShownRefund, currency};
use crate::payment::{find, named};
use crate::problem::{ApiError, Problem};
use crate::providers::Providers;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentStatusResponse {
    #[serde(flatten)]
    payment: ShownPayment,
    /// Oldest first.
    refunds: Vec<ShownRefund>,
}

/// Where one of the user's payments stands
#[utoipa::path(
    get,
    path = "/api/billing/payment/{provider}/{payment_id}/status",
    operation_id = "getPaymentStatus",
    tag = "payments",
    security(("bearer" = [])),
    params(
        ("provider" = String, Path, example = "stripe"),
        ("payment_id" = String, Path, description = "Our name of the payment, or the provider's"),
    ),
    responses(
        (status = 200, body = PaymentStatusResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(providers): State<Providers>,
    core: Core,
    caller: Caller,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<PaymentStatusResponse>, ApiError> {
    let (provider, id) = named(path)?;
    let provider = providers
        .find(&provider)
        .ok_or(ApiError::NotFound)?
        .as_ref();
    let (payment, answer) = find(&core, caller.account(), Some(provider), &id).await?;
    if payment.provider != provider.name() {
        return Err(ApiError::NotFound);
    }
    let currency = currency(&payment.currency)?;
    let refunds = answer
        .refunds
        .into_iter()
        .map(|refund| ShownRefund::of(refund, currency))
        .collect::<Result<_, _>>()?;
    Ok(Json(PaymentStatusResponse {
        payment: payment.try_into()?,
        refunds,
    }))
}
