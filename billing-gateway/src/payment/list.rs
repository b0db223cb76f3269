//! `GET /api/billing/payments`: the user's payments, newest first.

use axum::Json;
use billing_proto::v1::ListPaymentsRequest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::{Core, FieldNames};
use crate::payment::shown::ShownPayment;
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;

const LIMIT_DEFAULT: i32 = 50;
const LIMIT_MAX: i32 = 200;

const FIELDS: FieldNames = &[("page_size", "limit"), ("page_token", "before")];

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentsResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    payments: Vec<ShownPayment>,
    pagination: PaymentsPagination,
}

#[derive(Debug, Serialize, ToSchema)]
struct PaymentsPagination {
    limit: i32,
    /// Number of payments in this answer.
    count: usize,
    /// `before` of the next page; null on the last one.
    #[schema(required = true)]
    next_before: Option<String>,
}

/// The user's payments, newest first
#[utoipa::path(
    get,
    path = "/api/billing/payments",
    operation_id = "listPayments",
    tag = "payments",
    security(("bearer" = [])),
    params(
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 200,
         description = "How many payments; absent: 50"),
        ("before" = Option<String>, Query,
         description = "The `next_before` of the page before"),
    ),
    responses(
        (status = 200, body = PaymentsResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    caller: Caller,
    query: QueryText,
) -> Result<Json<PaymentsResponse>, ApiError> {
    let limit = query.whole("limit", 1..=LIMIT_MAX, LIMIT_DEFAULT)?;
    let request = ListPaymentsRequest {
        account: Some(caller.account()),
        page_size: limit,
        page_token: query.text("before").unwrap_or_default().to_owned(),
    };
    let answer = core
        .list_payments(request)
        .await
        .map_err(|error| error.into_api(FIELDS))?;
    let payments = answer
        .payments
        .into_iter()
        .map(ShownPayment::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Json(PaymentsResponse {
        success: true,
        pagination: PaymentsPagination {
            limit,
            count: payments.len(),
            next_before: Some(answer.next_page_token).filter(|token| !token.is_empty()),
        },
        payments,
    }))
}
