//! `/api/billing/payment/{provider}/return`: leads a payer's browser that comes back from a provider's page on to the
//! dashboard. Some providers bring it by a form, which a page that is a file does not take.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::payment::named;
use crate::payment::settings::PaymentConfig;
use crate::payment_id::is_payment_id;
use crate::problem::{ApiError, Problem};
use crate::providers::Providers;
use crate::query::QueryText;

/// Leads a browser on to the dashboard
///
/// What the browser brings is not read: whether it was paid, the payment's status says.
#[utoipa::path(
    get,
    path = "/api/billing/payment/{provider}/return",
    operation_id = "returnFromPage",
    tag = "payments",
    params(
        ("provider" = String, Path, example = "fondy"),
        ("payment" = String, Query, description = "Our name of the payment"),
    ),
    responses(
        (status = 303, description = "To the page that waits for the credit"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(providers): State<Providers>,
    State(config): State<PaymentConfig>,
    path: Result<Path<String>, PathRejection>,
    query: QueryText,
) -> Result<Response, ApiError> {
    providers.find(&named(path)?).ok_or(ApiError::NotFound)?;
    let pages = config.return_pages.ok_or(ApiError::NotFound)?;
    // Nobody else's text gets into the address.
    let payment_id = query.text("payment").filter(|id| is_payment_id(id));
    let page = pages.paid(payment_id.ok_or(ApiError::NotFound)?);
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, page.as_str())]).into_response())
}

/// Leads a browser on to the dashboard that was brought by a form
#[utoipa::path(
    post,
    path = "/api/billing/payment/{provider}/return",
    operation_id = "returnFromPageByForm",
    tag = "payments",
    params(
        ("provider" = String, Path, example = "fondy"),
        ("payment" = String, Query, description = "Our name of the payment"),
    ),
    responses(
        (status = 303, description = "To the page that waits for the credit"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn post(
    providers: State<Providers>,
    config: State<PaymentConfig>,
    path: Result<Path<String>, PathRejection>,
    query: QueryText,
) -> Result<Response, ApiError> {
    get(providers, config, path, query).await
}
