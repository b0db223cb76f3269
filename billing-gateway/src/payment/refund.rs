//! `POST /api/billing/payments/{id}/refund`: an administrator gives money back.

mod attempt;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use billing_proto::text::is_blank;
use billing_proto::v1::{RefundState, StartRefundRequest};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::Core;
use crate::currency::{Amount, Currency};
use crate::json_object::{AmountMember, JsonObject};
use crate::payment::shown::{RefundStatus, amount, currency, refund_status};
use crate::payment::{fields, find, idempotency_key, named, present};
use crate::problem::{ApiError, PaymentError, Problem};
use crate::providers::Providers;
use crate::usd::Usd;
use attempt::ask_again;
pub(crate) use attempt::{Refunded, carry_out};

const REASON_BYTES_MAX: usize = 500;

/// What to give back.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct RefundBody {
    /// Absent: all that is left of the payment.
    #[schema(required = false, nullable = false)]
    amount_usd: Option<Usd>,
    /// The same, of a payment in hryvnias.
    #[schema(required = false, nullable = false)]
    amount_uah: Option<Usd>,
    /// Why; 1 to 500 bytes. The user sees it in their history.
    reason: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefundResponse {
    pub refund_id: String,
    pub payment_id: String,
    /// `requested`: the provider has not answered; it is asked again until it does.
    pub status: RefundStatus,
    pub amount: Amount,
    /// ISO 4217.
    pub currency: String,
}

impl RefundResponse {
    pub(crate) fn code(&self) -> StatusCode {
        match self.status {
            RefundStatus::Requested => StatusCode::ACCEPTED,
            _ => StatusCode::OK,
        }
    }
}

/// Gives a payment of the tenant back, in whole or in part
///
/// For administrators. The balance falls when the provider has taken the refund on. The same
/// `Idempotency-Key` and body are the same refund, and tell where it stands now.
#[utoipa::path(
    post,
    path = "/api/billing/payments/{id}/refund",
    operation_id = "refundPayment",
    tag = "payments",
    security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "Our name of the payment, or the provider's"),
        ("Idempotency-Key" = Option<String>, Header, max_length = 255,
         description = "Makes the request repeatable; visible ASCII"),
    ),
    request_body = RefundBody,
    responses(
        (status = 200, body = RefundResponse),
        (status = 202, body = RefundResponse,
         description = "The provider has not answered yet; it is asked again"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn post(
    State(providers): State<Providers>,
    core: Core,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: JsonObject,
) -> Result<(StatusCode, Json<RefundResponse>), ApiError> {
    caller.administered()?;
    body.only(&["amount_usd", "amount_uah", "reason"])?;
    let id = named(path)?;
    let response = give_back(&core, &providers, &caller, &id, &headers, &body).await?;
    Ok((response.code(), Json(response)))
}

/// For an administrator's request: gives back, as its body says, of the payment that `id` names.
pub(crate) async fn give_back(
    core: &Core,
    providers: &Providers,
    caller: &Caller,
    id: &str,
    headers: &HeaderMap,
    body: &JsonObject,
) -> Result<RefundResponse, ApiError> {
    let tenant = caller.administered()?;
    let by_reference = providers.iter().find(|known| known.is_reference(id));
    let (payment, _) = find(core, tenant, by_reference.map(AsRef::as_ref), id).await?;
    let provider = providers
        .find(&payment.provider)
        .ok_or(ApiError::NotFound)?
        .as_ref();
    let currency = currency(&payment.currency)?;
    let request = StartRefundRequest {
        tenant_id: caller.tenant_id().to_owned(),
        payment_id: payment.payment_id,
        idempotency_key: idempotency_key(headers)?,
        amount_minor: amount_minor(body, currency)?,
        reason: reason(body)?,
        actor: caller.user_id().to_owned(),
    };
    let answer = core
        .start_refund(request)
        .await
        .map_err(|error| error.into_api(&fields(currency)))?;
    let refund = answer
        .refund
        .ok_or_else(|| ApiError::fault("the core's answer has no refund"))?;
    let payment = present(answer.payment)?;
    let refunded = match refund.state() {
        RefundState::Requested if answer.replayed => {
            ask_again(core, provider, &payment, &refund).await?
        }
        RefundState::Requested => carry_out(core, provider, &payment, &refund).await?,
        // The provider never took it on: as the first answer was, or would have been.
        RefundState::Failed if refund.provider_reference.is_empty() => Refunded::Rejected,
        state => Refunded::Booked(state),
    };
    let state = match refunded {
        Refunded::Booked(state) => state,
        Refunded::Rejected => return Err(PaymentError::RefundRefused.into()),
        Refunded::Unknown => RefundState::Requested,
    };
    Ok(RefundResponse {
        refund_id: refund.refund_id,
        payment_id: refund.payment_id,
        status: refund_status(state)?,
        amount: amount(currency, refund.amount_minor)?,
        currency: payment.currency,
    })
}

/// None: all that is left.
fn amount_minor(body: &JsonObject, currency: Currency) -> Result<Option<i64>, ApiError> {
    let field = currency.amount_field;
    // Else it would be passed over, and everything given back.
    for other in Currency::ALL.map(|known| known.amount_field) {
        if other != field && !matches!(body.amount(other), Ok(AmountMember::Absent)) {
            return Err(ApiError::invalid(
                other,
                format!(
                    "does not fit: the payment is in {}; use {field}",
                    currency.code
                ),
            ));
        }
    }
    let given = match body.amount(field)? {
        AmountMember::Absent => return Ok(None),
        AmountMember::Null => return Err(ApiError::invalid(field, "must be a JSON number")),
        AmountMember::Amount(given) => given,
    };
    let minor = currency
        .minor(given.micros())
        .ok_or_else(|| ApiError::invalid(field, "must have at most two decimals"))?;
    if minor == 0 {
        return Err(ApiError::invalid(field, "must be more than 0"));
    }
    Ok(Some(minor))
}

/// Why an administrator does it.
pub(crate) fn reason(body: &JsonObject) -> Result<String, ApiError> {
    body.text("reason")?
        .filter(|reason| !is_blank(reason) && reason.len() <= REASON_BYTES_MAX)
        .ok_or_else(|| ApiError::invalid("reason", "must be 1 to 500 bytes of text"))
}
