//! `GET /api/v1/stripe/portal`: where a giver changes their card, at the provider.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use billing_proto::v1::GetCustomerRequest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::Core;
use crate::payment::create::PROVIDER_TIMEOUT;
use crate::payment::named;
use crate::problem::{ApiError, PaymentError, Problem};
use crate::providers::{ProviderError, Providers};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PortalResponse {
    /// The provider's page. It is of the user alone, and for a few minutes: asked for when they go there.
    url: String,
}

/// A page of the provider's for its customer
///
/// There the user changes the card, reads invoices, and ends a subscription. 404 where they never gave or paid
/// anything by that provider.
#[utoipa::path(
    get,
    path = "/api/v1/{provider}/portal",
    operation_id = "getPortal",
    tag = "sponsorship",
    security(("bearer" = [])),
    params(("provider" = String, Path, example = "stripe")),
    responses(
        (status = 200, body = PortalResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(providers): State<Providers>,
    core: Core,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<PortalResponse>, ApiError> {
    let provider = providers.find(&named(path)?).ok_or(ApiError::NotFound)?;
    let Some(subscriptions) = provider.subscriptions() else {
        let reason = "this provider has no page for its customers".to_owned();
        return Err(PaymentError::Off { reason }.into());
    };
    let request = GetCustomerRequest {
        account: Some(caller.account()),
        provider: provider.name().to_owned(),
        livemode: provider.livemode(),
    };
    let answer = core.get_customer(request).await;
    let customer = answer
        .map_err(|error| error.into_api(&[]))?
        .customer_reference;
    if customer.is_empty() {
        return Err(ApiError::NotFound);
    }
    let portal = subscriptions.portal(&customer);
    match tokio::time::timeout(PROVIDER_TIMEOUT, portal).await {
        Ok(Ok(url)) => Ok(Json(PortalResponse { url })),
        Ok(Err(ProviderError::CustomerLost)) => Err(ApiError::NotFound),
        Ok(Err(error)) => Err(PaymentError::from(error).into()),
        Err(_elapsed) => Err(PaymentError::ProviderLate.into()),
    }
}
